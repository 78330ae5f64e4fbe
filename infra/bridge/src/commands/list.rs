//! `list`: the requests with a status, newest first.

use anyhow::Result;
use clap::{Args, ValueEnum};
use shared::{approval::Status, config::BridgeConfig};

use super::show;

#[derive(Args)]
pub(super) struct List {
    /// Which requests
    #[arg(value_enum, default_value = "parked")]
    status: Which,
    /// How many at most
    #[arg(long, default_value_t = 50)]
    limit: u16,
}

/// The statuses, in the order in which an operator asks for them.
#[derive(Clone, Copy, ValueEnum)]
enum Which {
    /// Decided, but Dataphin could not be told: `bridge resend`
    Parked,
    /// Accepted, and you must say which DingTalk instance is its: `bridge adopt`, `bridge create-again`
    NeedsOperator,
    /// Not accepted: Dataphin was told why
    Refused,
    /// Accepted; DingTalk has no instance yet
    Received,
    /// On people's desks
    Pending,
    /// Decided; Dataphin is being told
    Decided,
    /// Dataphin knows
    Delivered,
}

impl List {
    pub(super) async fn run(self) -> Result<()> {
        let store = show::open(&BridgeConfig::from_env()?)?;
        let status = match self.status {
            Which::Parked => Status::Parked,
            Which::NeedsOperator => Status::NeedsOperator,
            Which::Refused => Status::Refused,
            Which::Received => Status::Received,
            Which::Pending => Status::Pending,
            Which::Decided => Status::Decided,
            Which::Delivered => Status::Delivered,
        };
        let page = store.list(status, None, self.limit, None).await?;
        for id in &page.ids {
            if let Some(approval) = store.load(id).await? {
                say!("{}", show::line(&approval));
            }
        }
        if page.next.is_some() {
            say!("… and more: --limit");
        }
        Ok(())
    }
}
