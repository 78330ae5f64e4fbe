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
    let http = Http::with(DATAPHIN_TIMEOUT, IDLE, config.authority.as_deref())?;
    Ok(Dataphin::new(config.settings.clone(), http, world).or_previous(config.access.previous.clone()))
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
    let to_dataphin = match config.dataphin.authority.as_deref() {
        Some(pem) => Http::with(DATAPHIN_TIMEOUT, idle, Some(pem))?,
        None => to_dingtalk.within(DATAPHIN_TIMEOUT),
    };
    let dataphin = Dataphin::new(config.dataphin.settings.clone(), to_dataphin, world.clone())
        .or_previous(config.dataphin.access.previous.clone());
    let dingtalk = DingTalk::new(config.dingtalk.settings.clone(), to_dingtalk, world.clone());
    let settings = EngineSettings {
        submit_wait: config.bridge.submit_wait,
        account_kind: config.dataphin.account_kind,
        looks: config.bridge.looks,
        works_after_answer,
        event_may_approve: config.dingtalk.event_may_approve,
        unasked_reads_a_day: config.dingtalk.unasked_reads_a_day,
    };
    Ok(Engine::new(store, dingtalk, dataphin, settings, world))
}
