//! `adopt` and `create-again`: what an operator decides where the bridge must not.

use anyhow::{Result, bail};
use clap::Args;
use shared::{
    approval::{Approval, InstanceId},
    assembly,
    config::Config,
    engine::Engine,
    world::World,
};

use super::show;

#[derive(Args)]
struct Which {
    /// The request's id in Dataphin (applyId), or the approval's own (ap-…)
    id: String,
    /// The tenant in Dataphin; needed where several have a request with this id
    #[arg(long)]
    tenant: Option<String>,
}

#[derive(Args)]
pub(super) struct Adopt {
    #[command(flatten)]
    which: Which,
    /// The instance's id in DingTalk
    instance: String,
}

#[derive(Args)]
pub(super) struct CreateAgain {
    #[command(flatten)]
    which: Which,
}

impl Adopt {
    pub(super) async fn run(self) -> Result<()> {
        let (engine, approval) = self.which.open().await?;
        engine.adopt_for_operator(&approval.record.id, &InstanceId::new(self.instance.trim())).await?;
        say!("adopted: its outcome in DingTalk is this request's");
        Ok(())
    }
}

impl CreateAgain {
    pub(super) async fn run(self) -> Result<()> {
        let (engine, approval) = self.which.open().await?;
        engine.create_again_for_operator(&approval.record.id).await?;
        say!("due now: a running bridge creates it within a second");
        Ok(())
    }
}

impl Which {
    /// An engine beside the running bridge, and the one approval that is meant.
    async fn open(&self) -> Result<(Engine, Approval)> {
        let config = Config::from_env()?;
        let store = show::open(&config.bridge)?;
        let mut found = show::load(&store, &self.id, self.tenant.as_deref()).await?;
        let (Some(approval), true) = (found.pop(), found.is_empty()) else {
            bail!("several tenants have a request {}: name one with --tenant", self.id.trim());
        };
        Ok((assembly::engine(&config, store, World::real(), false)?, approval))
    }
}
