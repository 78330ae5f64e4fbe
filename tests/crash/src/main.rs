//! `bridge serve` in fast time, to be killed.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use bridge::host::{Host, Storage};
use crash::{FastClock, SINCE};
use shared::{
    approval::Status,
    config::Config,
    engine::Engine,
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
    let host = Host::start(&config, Storage::Configured, world, listener).await?;
    operate(host.engine()).await
}

/// An operator: whoever was killed during two create calls of one request has it created again, after looks that found nothing.
async fn operate(engine: &Engine) -> Result<()> {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        for id in engine.store().find(None, &[Status::NeedsOperator]).await? {
            // It may have been found just now.
            let _ = engine.create_again_for_operator(&id).await;
        }
    }
}
