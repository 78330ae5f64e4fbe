//! The DynamoDB engine inside the process: SQLite in one file, spoken to over loopback like any other endpoint.

use anyhow::{Context, Result, anyhow};
use dynoxide::{Database, server};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// A running engine.
pub struct Embedded {
    endpoint: String,
    stop: oneshot::Sender<()>,
    stopped: JoinHandle<()>,
}

impl Embedded {
    /// Opens (or makes) a data file. What was committed to it survives the end of the process, however it ends.
    pub async fn open(file: &str) -> Result<Self> {
        let database = Database::new(file).map_err(|error| anyhow!("{error}"));
        Self::serve(database.with_context(|| format!("the data file {file} cannot be opened"))?).await
    }

    /// An engine that forgets everything when it ends: for the demo and for tests.
    pub async fn in_memory() -> Result<Self> {
        Self::serve(Database::memory().map_err(|error| anyhow!("{error}"))?).await
    }

    async fn serve(database: Database) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let (stop, stopping) = oneshot::channel::<()>();
        let stopped = tokio::spawn(async move {
            let stopping = async { drop(stopping.await) };
            if let Err(error) = server::serve_with_shutdown(listener, database, stopping).await {
                tracing::error!(error, "the store has ended");
            }
        });
        Ok(Self { endpoint, stop, stopped })
    }

    /// Its address.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Stops it; whatever is under way is finished.
    pub async fn close(self) {
        let _ = self.stop.send(());
        // A client's idle connection may outlive the wait; nothing is lost with it.
        let _ = tokio::time::timeout(std::time::Duration::from_secs(2), self.stopped).await;
    }
}
