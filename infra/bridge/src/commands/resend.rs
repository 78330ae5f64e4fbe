//! `resend`: an operator wants parked outcomes sent again.

use anyhow::{Result, bail};
use clap::Args;
use shared::{
    approval::{Approval, ApprovalId, State, Status},
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
        let store = show::open(&BridgeConfig::from_env()?).await?;
        let world = World::real();
        let ids = match &self.id {
            Some(id) => show::find(&store, id.trim(), self.tenant.as_deref()).await?,
            None => store.find(None, &[Status::Parked]).await?,
        };
        let mut resent = 0;
        for id in &ids {
            resent += u32::from(resend(&store, id, &world).await?);
        }
        if resent == 0 {
            bail!("nothing to send again: only a parked outcome is");
        }
        say!("{resent} due again: the running bridge sends within a second");
        Ok(())
    }
}

/// Makes a parked outcome due now; false: it is not parked.
async fn resend(store: &Store, id: &ApprovalId, world: &World) -> Result<bool> {
    let Some(Approval { record, state: State::Parked(state) }) = store.load(id).await? else {
        return Ok(false);
    };
    store.commit(Approval { record, state }.resend(world.now())).await?;
    Ok(true)
}
