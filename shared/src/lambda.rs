//! What the Lambda binaries have in common: logs, configuration, the engine.

use std::error::Error;

use crate::{
    assembly,
    aws::Aws,
    config::Config,
    engine::Engine,
    logs,
    store::{Store, StoreSettings},
    world::World,
};

/// Reads the configuration and builds the engine, once for the life of the function.
pub async fn start() -> Result<(Config, Engine, World), Box<dyn Error + Send + Sync>> {
    logs::json();
    let config = Config::from_env()?;
    let world = World::real();
    let settings = StoreSettings {
        table: config.bridge.table.clone(),
        endpoint: config.bridge.dynamodb_endpoint.clone(),
    };
    let store = Store::connect(&settings, &Aws::from_env()?, world.clone());
    let engine = assembly::engine(&config, store, world.clone(), false)?;
    Ok((config, engine, world))
}
