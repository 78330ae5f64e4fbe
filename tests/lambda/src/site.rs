//! A whole installation of function binaries between the two simulators.

use std::{collections::HashMap, time::Duration};

use bridge::sandbox::{Sandbox, SandboxSettings};
use serde_json::json;
use shared::{store::Store, world::World};

use crate::{Failures, Function, Secret, Table, gateway, stream, table::NAME};

/// `sweep` runs each minute on AWS; here several times a second.
const SWEEP_EVERY: Duration = Duration::from_millis(300);

/// What is in the secret; everything else is in the functions' environment.
const SECRETS: [&str; 6] = [
    "DINGTALK_APP_SECRET",
    "DINGTALK_CALLBACK_TOKEN",
    "DINGTALK_CALLBACK_AES_KEY",
    "DATAPHIN_ACCESS_TOKEN",
    "DATAPHIN_CALLBACK_AES_KEY",
    "BRIDGE_OPERATOR_TOKEN",
];

/// Functions, front, table and simulators.
pub struct Site {
    /// The simulators.
    pub sandbox: Sandbox,
    /// The front's address.
    pub bridge: String,
    /// The function that the stream wakes.
    pub relay: Function,
    /// The function that the clock wakes.
    pub sweep: Function,
    /// The function that DingTalk calls.
    pub callback: Function,
    /// The functions' secret.
    pub secret: Secret,
    /// The table that the functions work on.
    pub table: Table,
    /// The store over it.
    pub store: Store,
    /// The function that Dataphin calls.
    pub submit: Function,
    /// What of the stream was given up.
    pub failures: Failures,
}

impl Site {
    /// A plain installation.
    pub async fn start() -> Self {
        Self::with(SandboxSettings::default(), &[]).await
    }

    /// One in another setting, with these variables besides.
    pub async fn with(settings: SandboxSettings, variables: &[(&'static str, &str)]) -> Self {
        let sandbox = Sandbox::start(&World::real(), settings).await.expect("the simulators start");
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let site = Self::between(sandbox, &World::real(), &variables).await;
        site.sandbox.connect(&site.bridge).await.expect("DingTalk accepts the callback address");
        site
    }

    /// One between simulators that do not know it yet, in their world, with these variables besides.
    pub async fn between(sandbox: Sandbox, world: &World, variables: &[(&'static str, String)]) -> Self {
        let (table, stream) = Table::serve().await;
        let store = Store::local(&table.endpoint, NAME, world.clone());
        let (secrets, plain): (Vec<_>, Vec<_>) =
            sandbox.variables().iter().partition(|(name, _)| SECRETS.contains(name));
        let members = secrets.into_iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let (secret, secrets_manager) = Secret::serve(members).await;
        let mut environment: HashMap<String, String> =
            plain.into_iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let aws = [
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_ENDPOINT_URL", &secrets_manager),
            ("BRIDGE_SECRET_ID", "bridge"),
            ("BRIDGE_TABLE", NAME),
            ("BRIDGE_DYNAMODB_ENDPOINT", &table.endpoint),
        ];
        environment.extend(aws.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        environment.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let start = async |name| Function::start(name, &environment).await.by(world);
        let (relay, sweep) = (start("relay").await, start("sweep").await);
        let (callback, submit) = (start("callback").await, start("submit").await);
        let routes = gateway::Routes {
            submit: submit.clone(),
            callback: callback.clone(),
            test_connection: start("test-connection").await,
            template: start("template").await,
        };
        let bridge = gateway::serve(routes).await;
        let failures = stream::feed(relay.clone(), stream);
        tokio::spawn(tick(sweep.clone()));
        Self { sandbox, bridge, relay, sweep, callback, secret, table, store, submit, failures }
    }
}

async fn tick(sweep: Function) {
    loop {
        sweep.invoke(json!({"source": "aws.scheduler"})).await;
        tokio::time::sleep(SWEEP_EVERY).await;
    }
}
