//! Puts the parts together, the same for every function and for the one-machine host.

use std::time::Duration;

use crate::{
    config::{Config, DataphinConfig},
    dataphin::Dataphin,
    dingtalk::DingTalk,
    engine::{Engine, EngineSettings},
    http::{
        Http,
        client::{HttpSetupError, IDLE},
    },
    store::Store,
    world::World,
};

/// Dataphin is on the customer's own network; it answers soon or not at all.
const DATAPHIN_TIMEOUT: Duration = Duration::from_secs(10);

/// A process that Lambda had frozen does not see that the other end has closed a connection: a create call sent over it would
/// have an unknown outcome.
const IDLE_ON_LAMBDA: Duration = Duration::from_secs(5);

/// Dataphin as a configuration describes it.
pub fn dataphin(config: &DataphinConfig, world: World) -> Result<Dataphin, HttpSetupError> {
    dataphin_apart(config, IDLE, world)
}

fn dataphin_apart(config: &DataphinConfig, idle: Duration, world: World) -> Result<Dataphin, HttpSetupError> {
    let http = Http::with(DATAPHIN_TIMEOUT, idle, config.authority.as_deref())?;
    Ok(Dataphin::new(config.settings.clone(), http, world))
}

/// Dataphin, over the client that there is already, where its certificate needs no other.
fn dataphin_over(
    http: &Http,
    config: &DataphinConfig,
    idle: Duration,
    world: World,
) -> Result<Dataphin, HttpSetupError> {
    match config.authority {
        Some(_) => dataphin_apart(config, idle, world),
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
    let idle = if works_after_answer { IDLE } else { IDLE_ON_LAMBDA };
    let to_dingtalk = Http::with(config.dingtalk.timeout, idle, None)?;
    let dataphin = dataphin_over(&to_dingtalk, &config.dataphin, idle, world.clone())?;
    let dingtalk = DingTalk::new(config.dingtalk.settings.clone(), to_dingtalk, world.clone());
    let settings = EngineSettings {
        submit_wait: config.bridge.submit_wait,
        account_kind: config.dataphin.account_kind,
        works_after_answer,
    };
    Ok(Engine::new(store, dingtalk, dataphin, settings, world))
}
