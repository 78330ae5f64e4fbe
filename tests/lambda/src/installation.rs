//! What the functions of an installation share: their table, their secret, and an environment that names both.

use std::collections::HashMap;

use bridge::sandbox::Sandbox;
use serde_json::{Value, json};
use shared::{store::Store, world::World};
use tokio::sync::mpsc;

use crate::{Secret, Table, table::NAME};

/// What is in the secret; everything else is in the functions' environment.
const SECRETS: [&str; 6] = [
    "DINGTALK_APP_SECRET",
    "DINGTALK_CALLBACK_TOKEN",
    "DINGTALK_CALLBACK_AES_KEY",
    "DATAPHIN_ACCESS_TOKEN",
    "DATAPHIN_CALLBACK_AES_KEY",
    "BRIDGE_OPERATOR_TOKEN",
];

/// Table, secret and environment, on loopback.
pub(crate) struct Installation {
    pub table: Table,
    /// The store over the table.
    pub store: Store,
    /// What is written to approvals, in order.
    pub stream: mpsc::UnboundedReceiver<Value>,
    pub secret: Secret,
    pub environment: HashMap<String, String>,
}

impl Installation {
    /// One that knows both simulators.
    pub async fn between(sandbox: &Sandbox, world: &World) -> Self {
        let (table, stream) = Table::serve().await;
        let store = Store::local(&table.endpoint, NAME, world.clone());
        let (secrets, plain): (Vec<_>, Vec<_>) =
            sandbox.variables().iter().partition(|(name, _)| SECRETS.contains(name));
        let members = secrets.into_iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let (secret, secrets_manager) = Secret::serve(members).await;
        let aws = [
            ("AWS_REGION", "eu-west-1"),
            // The peers in other languages look for this one.
            ("AWS_DEFAULT_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_ENDPOINT_URL", &secrets_manager),
            ("BRIDGE_SECRET_ID", "bridge"),
            ("BRIDGE_TABLE", NAME),
            ("BRIDGE_DYNAMODB_ENDPOINT", &table.endpoint),
        ];
        let aws = aws.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let plain = plain.into_iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let environment = plain.chain(aws).collect();
        Self { table, store, stream, secret, environment }
    }
}
