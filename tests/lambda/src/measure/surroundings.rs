//! Everything that a function talks to, on loopback: the table, the secret and both simulators, without DingTalk's limits.

use std::collections::HashMap;

use bridge::sandbox::{Sandbox, SandboxSettings};
use serde_json::Value;
use shared::{store::Store, world::World};
use simulators::dingtalk::{Filter, PushOptions, Rule};
use tokio::sync::mpsc;

use crate::installation::Installation;

/// What the operator's page asks for.
pub(super) const OPERATOR_TOKEN: &str = "the-operator-token-of-a-measurement";

/// Table, secret and simulators.
pub(super) struct Surroundings {
    /// The simulators.
    pub sandbox: Sandbox,
    /// The store that the functions work on.
    pub store: Store,
    /// What is written to approvals, in order.
    pub stream: mpsc::UnboundedReceiver<Value>,
    /// The environment of a function.
    pub environment: HashMap<String, String>,
}

impl Surroundings {
    pub async fn start() -> Self {
        let mut settings = SandboxSettings::default();
        (settings.dingtalk.qps, settings.dingtalk.api_quota, settings.dingtalk.push_quota) =
            (None, None, None);
        // DingTalk pushes nothing itself: the events are sent from here.
        let nothing = Rule { event_type: Some("none".into()), kind: None, process_code: None };
        settings.pushes = PushOptions { filter: Filter(vec![nothing]), ..PushOptions::default() };
        let mut sandbox = Sandbox::start(&World::real(), settings).await.expect("the simulators start");
        sandbox.set("DINGTALK_CALLS_PER_SECOND", "0");
        sandbox.set("BRIDGE_OPERATOR_TOKEN", OPERATOR_TOKEN);
        let installation = Installation::between(&sandbox, &World::real()).await;
        let Installation { store, stream, environment, .. } = installation;
        Self { sandbox, store, stream, environment }
    }
}
