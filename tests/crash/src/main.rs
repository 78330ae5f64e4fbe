//! `bridge serve` in fast time, to be killed.

use std::sync::Arc;

use anyhow::Result;
use bridge::host::{Host, Storage};
use crash::{FastClock, SINCE};
use shared::{
    config::Config,
    world::{SystemRandom, World},
};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<()> {
    shared::logs::text(tracing::Level::ERROR);
    let since = std::env::var(SINCE)?.parse()?;
    let world = World { clock: Arc::new(FastClock::since(since)), random: Arc::new(SystemRandom) };
    let config = Config::from_env()?;
    let listener = TcpListener::bind(config.bridge.listen).await?;
    let _host = Host::start(&config, Storage::Configured, world, listener).await?;
    std::future::pending().await
}
