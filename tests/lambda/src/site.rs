//! A whole installation of function binaries between the two simulators.

use std::time::Duration;

use bridge::sandbox::{Sandbox, SandboxSettings};
use serde_json::json;
use shared::{store::Store, world::World};

use crate::{Failures, Function, Secret, Table, gateway, installation::Installation, stream};

/// `sweep` runs each minute on AWS; here several times a second.
const SWEEP_EVERY: Duration = Duration::from_millis(300);

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
        // DingTalk's console waits 1.5 seconds, like its pushes: many sites that start at once take longer.
        site.callback.started().await;
        site.sandbox.connect(&site.bridge).await.expect("DingTalk accepts the callback address");
        site
    }

    /// One between simulators that do not know it yet, in their world, with these variables besides.
    pub async fn between(sandbox: Sandbox, world: &World, variables: &[(&'static str, String)]) -> Self {
        let installation = Installation::between(&sandbox, world).await;
        let Installation { table, store, stream, secret, mut environment } = installation;
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
