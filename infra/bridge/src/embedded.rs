//! The DynamoDB engine inside the process: SQLite in one file, behind the same client that talks to AWS.
//!
//! The client's requests are handed over inside the process, not over a port: an engine that asks for no credentials
//! must not be within reach of anyone else on the machine.

use std::{fmt, fs::File, path::Path, sync::Arc, time::Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
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
use tokio::sync::Semaphore;

use crate::{
    data_file::{DataFile, Trouble, is_foreign, was_emptied},
    private,
};

/// What SQLite keeps beside a file while it is open, or after a crash.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Operations at the same time. One connection carries them out one after another: more would be threads that wait for it, each
/// with a stack and an arena of the allocator's.
const AT_ONCE: usize = 2;

/// A running engine. Cheap to clone; it ends with its last clone.
#[derive(Clone)]
pub struct Embedded {
    database: Database,
    permits: Arc<Semaphore>,
    file: Option<DataFile>,
    _lock: Option<Arc<File>>,
}

impl Embedded {
    /// Opens (or makes) a data file for this process alone. What was committed to it survives the end of the process,
    /// however it ends.
    pub fn open(file: &str) -> Result<Self> {
        let lock = private::open_or_create(Path::new(&format!("{file}.lock")))?;
        lock.try_lock()
            .map_err(|_| anyhow!("another `bridge serve` uses the data file {file}: stop it first"))?;
        let opened = Self::beside(file)?;
        let watch = DataFile::watch(Path::new(file), lock.try_clone().context("the lock cannot be shared")?);
        if let Some(trouble) = watch.look() {
            bail!("{file}: {}: {} / {}", trouble.code(), trouble.en(), trouble.zh());
        }
        Ok(Self { _lock: Some(Arc::new(lock)), file: Some(watch), ..opened })
    }

    /// Opens a data file that another process may be serving: to look at it, or to change an approval by its version.
    pub fn beside(file: &str) -> Result<Self> {
        ensure!(
            !was_emptied(Path::new(file)),
            "{file} was emptied: its log ({file}-wal) is there, and holds commits"
        );
        ensure!(
            !is_foreign(Path::new(file)),
            "{file} is the database of another program, not a data file of the bridge"
        );
        // SQLite gives the files that it makes beside this one its mode.
        drop(private::open_or_create(Path::new(file))?);
        for ending in COMPANIONS {
            private::protect(Path::new(&format!("{file}{ending}")))?;
        }
        let database = Database::new(file).map_err(|error| anyhow!("{error}"));
        let database = database.with_context(|| format!("{file} is not a data file of the bridge"))?;
        Ok(Self::over(database))
    }

    /// An engine that forgets everything when it ends: for the demo and for tests.
    pub fn in_memory() -> Result<Self> {
        Ok(Self::over(Database::memory().map_err(|error| anyhow!("{error}"))?))
    }

    fn over(database: Database) -> Self {
        Self { database, permits: Arc::new(Semaphore::new(AT_ONCE)), file: None, _lock: None }
    }

    /// The watch over its file, where it has one for itself.
    pub fn file(&self) -> Option<&DataFile> {
        self.file.as_ref()
    }

    /// Carries an operation out: the status and the JSON that DynamoDB would answer.
    pub fn answer(&self, operation: &str, body: &[u8]) -> (u16, String) {
        let Some(file) = &self.file else { return answer(&self.database, operation, body) };
        if let Some(trouble) = file.trouble() {
            return refused(trouble);
        }
        let began = Instant::now();
        let (status, body) = answer(&self.database, operation, body);
        // A commit counts where a restart will find it; a failure may be the file's.
        let trouble = if status >= 500 { file.check(began) } else { file.trouble() };
        trouble.map_or((status, body), refused)
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
            let permit = engine.permits.clone().acquire_owned().await;
            let _permit = permit.map_err(|error| ConnectorError::other(error.into(), None))?;
            let answered = tokio::task::spawn_blocking(move || engine.answer(&operation, &body)).await;
            let (status, body) = answered.map_err(|error| ConnectorError::other(error.into(), None))?;
            let status =
                StatusCode::try_from(status).map_err(|error| ConnectorError::other(error.into(), None))?;
            Ok(HttpResponse::new(status, SdkBody::from(body)))
        })
    }
}

/// An answer that is not repeated by the client: whoever called the bridge repeats.
fn refused(trouble: Trouble) -> (u16, String) {
    (400, serde_json::json!({"__type": trouble.code(), "message": trouble.en()}).to_string())
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
