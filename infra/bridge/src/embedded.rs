//! The DynamoDB engine inside the process: SQLite in one file, behind the same client that talks to AWS.
//!
//! The client's requests are handed over inside the process, not over a port: an engine that asks for no credentials
//! must not be within reach of anyone else on the machine.

use std::{fmt, fs::File, path::Path, sync::Arc};

use anyhow::{Context, Result, anyhow};
use aws_smithy_runtime_api::{
    client::{
        http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use dynoxide::{Database, DynoxideError};
use serde::{Serialize, de::DeserializeOwned};

use crate::private;

/// What SQLite keeps beside a file while it is open, or after a crash.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// A running engine. Cheap to clone; it ends with its last clone.
#[derive(Clone)]
pub struct Embedded {
    database: Database,
    _lock: Option<Arc<File>>,
}

impl Embedded {
    /// Opens (or makes) a data file for this process alone. What was committed to it survives the end of the process,
    /// however it ends.
    pub fn open(file: &str) -> Result<Self> {
        let lock = private::open_or_create(Path::new(&format!("{file}.lock")))?;
        lock.try_lock()
            .map_err(|_| anyhow!("another `bridge serve` uses the data file {file}: stop it first"))?;
        Ok(Self { _lock: Some(Arc::new(lock)), ..Self::beside(file)? })
    }

    /// Opens a data file that another process may be serving: to look at it, or to change an approval by its version.
    pub fn beside(file: &str) -> Result<Self> {
        // SQLite gives the files that it makes beside this one its mode.
        drop(private::open_or_create(Path::new(file))?);
        for ending in COMPANIONS {
            private::protect(Path::new(&format!("{file}{ending}")))?;
        }
        let database = Database::new(file).map_err(|error| anyhow!("{error}"));
        let database = database.with_context(|| format!("{file} is not a data file of the bridge"))?;
        Ok(Self { database, _lock: None })
    }

    /// An engine that forgets everything when it ends: for the demo and for tests.
    pub fn in_memory() -> Result<Self> {
        Ok(Self { database: Database::memory().map_err(|error| anyhow!("{error}"))?, _lock: None })
    }

    /// Carries an operation out: the status and the JSON that DynamoDB would answer.
    pub fn answer(&self, operation: &str, body: &[u8]) -> (u16, String) {
        answer(&self.database, operation, body)
    }

    /// Removes items whose time is over; the engine does not do so by itself.
    pub fn remove_expired(&self) -> Result<usize> {
        self.database.sweep_ttl().map_err(|error| anyhow!("{error}"))
    }
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Embedded")
    }
}

impl HttpClient for Embedded {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Embedded {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let engine = self.clone();
        HttpConnectorFuture::new(async move {
            let target = request.headers().get("x-amz-target").unwrap_or_default();
            let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
            let body = request.body().bytes().unwrap_or_default().to_vec();
            let answered = tokio::task::spawn_blocking(move || engine.answer(&operation, &body)).await;
            let (status, body) = answered.map_err(|error| ConnectorError::other(error.into(), None))?;
            let status =
                StatusCode::try_from(status).map_err(|error| ConnectorError::other(error.into(), None))?;
            Ok(HttpResponse::new(status, SdkBody::from(body)))
        })
    }
}

fn answer(database: &Database, operation: &str, body: &[u8]) -> (u16, String) {
    let answered = match operation {
        "CreateTable" => carry_out(body, |request| database.create_table(request)),
        "DescribeTable" => carry_out(body, |request| database.describe_table(request)),
        "DescribeTimeToLive" => carry_out(body, |request| database.describe_time_to_live(request)),
        "UpdateTimeToLive" => carry_out(body, |request| database.update_time_to_live(request)),
        "GetItem" => carry_out(body, |request| database.get_item(request)),
        "PutItem" => carry_out(body, |request| database.put_item(request)),
        "UpdateItem" => carry_out(body, |request| database.update_item(request)),
        "TransactWriteItems" => carry_out(body, |request| database.transact_write_items(request)),
        "Scan" => carry_out(body, |request| database.scan(request)),
        "Query" => carry_out(body, |request| database.query(request)),
        _ => Err(DynoxideError::ValidationException(format!("the store does not use {operation}"))),
    };
    match answered {
        Ok(answer) => (200, answer),
        Err(error) => (error.status_code(), error.to_json()),
    }
}

fn carry_out<Q: DeserializeOwned, A: Serialize>(
    body: &[u8],
    operation: impl FnOnce(Q) -> dynoxide::Result<A>,
) -> dynoxide::Result<String> {
    let unreadable = |error: serde_json::Error| DynoxideError::SerializationException(error.to_string());
    let answer = operation(serde_json::from_slice(body).map_err(unreadable)?)?;
    serde_json::to_string(&answer).map_err(unreadable)
}
