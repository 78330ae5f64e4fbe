//! Everything that a function talks to, on loopback: the table, the secret and both simulators, without DingTalk's limits.

use std::collections::HashMap;

use bridge::sandbox::{Sandbox, SandboxSettings};
use serde_json::{Value, json};
use shared::{store::Store, world::World};
use simulators::dingtalk::{Filter, PushOptions, Rule};
use tokio::sync::mpsc;

use crate::{Secret, Table, table::NAME};

/// What the operator's page asks for.
pub(super) const OPERATOR_TOKEN: &str = "the-operator-token-of-a-measurement";

/// What is in the secret; everything else is in the functions' environment.
const SECRETS: [&str; 6] = [
    "DINGTALK_APP_SECRET",
    "DINGTALK_CALLBACK_TOKEN",
    "DINGTALK_CALLBACK_AES_KEY",
    "DATAPHIN_ACCESS_TOKEN",
    "DATAPHIN_CALLBACK_AES_KEY",
    "BRIDGE_OPERATOR_TOKEN",
];

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
        let (table, stream) = Table::serve().await;
        let store = Store::local(&table.endpoint, NAME, World::real());
        let (secrets, plain): (Vec<_>, Vec<_>) =
            sandbox.variables().iter().partition(|(name, _)| SECRETS.contains(name));
        let members = secrets.into_iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let (_, secrets_manager) = Secret::serve(members).await;
        let aws = [
            ("AWS_REGION", "eu-west-1"),
            ("AWS_DEFAULT_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_ENDPOINT_URL", &secrets_manager),
            ("BRIDGE_SECRET_ID", "bridge"),
            ("BRIDGE_TABLE", NAME),
            ("BRIDGE_DYNAMODB_ENDPOINT", &table.endpoint),
        ];
        let plain = plain.into_iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let aws = aws.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let environment = plain.chain(aws).collect();
        Self { sandbox, store, stream, environment }
    }
}
