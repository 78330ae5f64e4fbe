//! What the Lambda binaries have in common: logs, configuration, the engine.

use std::error::Error;

use tracing_subscriber::EnvFilter;

use crate::{
    assembly,
    config::Config,
    engine::Engine,
    store::{Store, StoreSettings},
    world::World,
};

/// Reads the configuration and builds the engine, once for the life of the function.
pub async fn start() -> Result<(Config, Engine, World), Box<dyn Error + Send + Sync>> {
    let filter = EnvFilter::try_from_env("BRIDGE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).without_time().init();
    let config = Config::from_env()?;
    let world = World::real();
    let settings = StoreSettings {
        table: config.bridge.table.clone(),
        endpoint: config.bridge.dynamodb_endpoint.clone(),
    };
    let store = Store::connect(&settings).await;
    let engine = assembly::engine(&config, store, world.clone())?;
    Ok((config, engine, world))
}
