//! `resend`: an operator wants parked outcomes sent again.

use anyhow::{Result, bail};
use clap::Args;
use shared::{
    approval::{Approval, State, Status},
    config::BridgeConfig,
    store::Store,
    world::World,
};

use super::show;

#[derive(Args)]
pub(super) struct Resend {
    /// The request's id in Dataphin (applyId), or the approval's own (ap-…)
    #[arg(required_unless_present = "all")]
    id: Option<String>,
    /// The tenant in Dataphin; without it every tenant is looked through
    #[arg(long)]
    tenant: Option<String>,
    /// Every outcome that is parked
    #[arg(long, conflicts_with_all = ["id", "tenant"])]
    all: bool,
}

impl Resend {
    pub(super) async fn run(self) -> Result<()> {
        let store = show::open(&BridgeConfig::from_env()?)?;
        let (world, mut resent) = (World::real(), 0);
        match &self.id {
            Some(id) => {
                for approval in show::load(&store, id, self.tenant.as_deref()).await? {
                    resend(&store, approval, &world).await?;
                    resent += 1;
                }
            }
            None => {
                for id in store.find(None, &[Status::Parked]).await? {
                    if let Some(approval) = store.load(&id).await? {
                        resend(&store, approval, &world).await?;
                        resent += 1;
                    }
                }
            }
        }
        match resent {
            0 => say!("nothing is parked"),
            _ => say!("{resent} due again: a running bridge sends within a second"),
        }
        Ok(())
    }
}

/// Makes a parked outcome due now.
async fn resend(store: &Store, approval: Approval, world: &World) -> Result<()> {
    let Approval { record, state } = approval;
    match state {
        State::Parked(state) => {
            store.commit(Approval { record, state }.resend(world.now())).await?;
            Ok(())
        }
        state => bail!(
            "request {} is {}: only a parked outcome is sent again",
            record.key.apply_id,
            state.status().name()
        ),
    }
}
