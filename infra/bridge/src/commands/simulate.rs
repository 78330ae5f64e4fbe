//! `simulate`: a DingTalk and a Dataphin for a bridge that runs elsewhere.

use std::{net::SocketAddr, time::Duration};

use anyhow::Result;
use clap::Args;
use shared::world::World;
use simulators::dingtalk::{Filter, PushOptions};

use super::serve::asked_to_stop;
use crate::sandbox::{Sandbox, SandboxSettings};

#[derive(Args)]
pub(super) struct Simulate {
    /// Where DingTalk listens
    #[arg(long, default_value = "127.0.0.1:9001")]
    dingtalk: SocketAddr,
    /// Where Dataphin listens
    #[arg(long, default_value = "127.0.0.1:9002")]
    dataphin: SocketAddr,
    /// The bridge's address, which both ends are told as soon as it answers
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    bridge: String,
    /// Push every event, not only the end of an instance
    #[arg(long)]
    all_events: bool,
}

impl Simulate {
    pub(super) async fn run(self) -> Result<()> {
        let mut settings = SandboxSettings::default();
        settings.dingtalk.listen = self.dingtalk;
        settings.dataphin.listen = self.dataphin;
        if !self.all_events {
            settings.pushes = PushOptions { filter: Filter::recommended(), ..PushOptions::default() };
        }
        let sandbox = Sandbox::start(&World::real(), settings).await?;
        say!("# DingTalk: {}   Dataphin: {}", sandbox.dingtalk.url(), sandbox.dataphin.url());
        say!("# The environment of a bridge between them:");
        for (name, value) in sandbox.variables() {
            say!("export {name}='{value}'");
        }
        if let Some(listen) = self.bridge.strip_prefix("http://") {
            say!("export BRIDGE_LISTEN='{listen}'");
        }
        say!("# waiting for the bridge at {}", self.bridge);
        tokio::select! {
            stop = asked_to_stop() => stop,
            never = connect(&sandbox, &self.bridge) => never,
        }
    }
}

/// Tells both ends as soon as the bridge answers, then goes on for ever.
async fn connect(sandbox: &Sandbox, bridge: &str) -> Result<()> {
    while sandbox.connect(bridge).await.is_err() {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    say!("# connected to {bridge}");
    std::future::pending().await
}
