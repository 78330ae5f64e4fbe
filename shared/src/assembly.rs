//! Puts the parts together, the same for every function and for the one-machine host.

use std::time::Duration;

use crate::{
    config::{Config, DataphinConfig},
    dataphin::Dataphin,
    dingtalk::DingTalk,
    engine::{Engine, EngineSettings},
    http::{Http, client::HttpSetupError},
    store::Store,
    world::World,
};

/// Dataphin is on the customer's own network; it answers soon or not at all.
const DATAPHIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Dataphin as a configuration describes it.
pub fn dataphin(config: &DataphinConfig, world: World) -> Result<Dataphin, HttpSetupError> {
    let http = match &config.authority {
        Some(pem) => Http::trusting(DATAPHIN_TIMEOUT, pem)?,
        None => Http::new(DATAPHIN_TIMEOUT)?,
    };
    Ok(Dataphin::new(config.settings.clone(), http, world))
}

/// Dataphin, over the client that there is already, where its certificate needs no other.
fn dataphin_over(http: &Http, config: &DataphinConfig, world: World) -> Result<Dataphin, HttpSetupError> {
    match config.authority {
        Some(_) => dataphin(config, world),
        None => Ok(Dataphin::new(config.settings.clone(), http.within(DATAPHIN_TIMEOUT), world)),
    }
}

/// The engine that a configuration describes, over a store. `works_after_answer`: see [`EngineSettings`].
pub fn engine(
    config: &Config,
    store: Store,
    world: World,
    works_after_answer: bool,
) -> Result<Engine, HttpSetupError> {
    let to_dingtalk = Http::new(config.dingtalk.timeout)?;
    let dataphin = dataphin_over(&to_dingtalk, &config.dataphin, world.clone())?;
    let dingtalk = DingTalk::new(config.dingtalk.settings.clone(), to_dingtalk, world.clone());
    let settings = EngineSettings {
        submit_wait: config.bridge.submit_wait,
        account_kind: config.dataphin.account_kind,
        works_after_answer,
    };
    Ok(Engine::new(store, dingtalk, dataphin, settings, world))
}
