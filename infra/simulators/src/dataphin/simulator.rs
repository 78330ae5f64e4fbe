//! The handle of a running Dataphin: what tests and the demo do with it.

use std::{io, sync::Arc};

use axum::{Router, extract::DefaultBodyLimit, routing::post};
use shared::world::World;
use tokio::{net::TcpListener, sync::watch};

use super::{
    answer::{Answer, Connection, Filed, NotWithdrawn, Verb},
    callback::{self, CALLBACK_PATH},
    connection::{CuttableListener, Scissors},
    control,
    faults::{Fault, RawAnswer, Times},
    inner::Dataphin,
    ledger::{Counts, RefusedCall, Told},
    page,
    record::Record,
    request::Request,
    settings::{BadSettings, InForce, Settings},
};

/// A running Dataphin. Clones are handles of the same one; it stops when the last is dropped.
#[derive(Clone)]
pub struct Simulator {
    dataphin: Arc<Dataphin>,
    _running: Arc<watch::Sender<()>>,
}

impl Simulator {
    /// Starts one that listens where the settings say.
    ///
    /// Fails when the address is taken or the settings are bad.
    pub async fn start(world: World, settings: Settings) -> io::Result<Self> {
        let listener = TcpListener::bind(settings.listen).await?;
        Self::start_on(listener, world, settings)
    }

    /// Starts one on a listener that is open already. Must be called inside a Tokio runtime.
    pub fn start_on(listener: TcpListener, world: World, settings: Settings) -> io::Result<Self> {
        let url = format!("http://{}", listener.local_addr()?);
        let in_force = InForce::try_from(settings)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let (running, mut stopped) = watch::channel(());
        let dataphin = Dataphin::new(world, url, in_force, stopped.clone()).map_err(io::Error::other)?;
        let dataphin = Arc::new(dataphin);
        let service = router(Arc::clone(&dataphin)).into_make_service_with_connect_info::<Scissors>();
        let server = axum::serve(CuttableListener(listener), service).with_graceful_shutdown(async move {
            // Nothing is ever sent: this ends when the last handle is gone.
            let _ = stopped.changed().await;
        });
        tokio::spawn(server.into_future());
        Ok(Self { dataphin, _running: Arc::new(running) })
    }

    /// Its base address, where people find its page.
    pub fn url(&self) -> &str {
        &self.dataphin.url
    }

    /// Where the bridge reports: Dataphin's *Callback URL*.
    pub fn callback_url(&self) -> String {
        format!("{}{CALLBACK_PATH}", self.dataphin.url)
    }

    /// Sets the *Submit Approval Request URL*. What is no address is logged, and changes nothing.
    pub fn set_bridge(&self, url: impl Into<String>) {
        let url = url.into();
        if let Err(error) = self.change_settings(|settings| settings.bridge_url = Some(url)) {
            tracing::error!(%error, "the bridge's address was not set");
        }
    }

    /// The settings as of now.
    pub fn settings(&self) -> Settings {
        self.dataphin.in_force().settings.clone()
    }

    /// Changes the settings; running requests follow them at once, as they do in Dataphin.
    pub fn change_settings(&self, change: impl FnOnce(&mut Settings)) -> Result<(), BadSettings> {
        self.dataphin.change_settings(change)
    }

    /// Files a request and submits it to the bridge.
    pub async fn file(&self, request: Request) -> Filed {
        self.dataphin.file(request).await
    }

    /// Submits a request once more, unchanged; `None` when there is none of this id.
    pub async fn submit_again(&self, apply_id: &str) -> Option<Filed> {
        self.dataphin.submit_again(apply_id).await
    }

    /// Withdraws a request and tells the bridge so.
    pub async fn withdraw(&self, apply_id: &str, verb: Verb) -> Result<Answer, NotWithdrawn> {
        let answer = self.dataphin.withdraw(apply_id, Some(verb)).await?;
        answer.ok_or(NotWithdrawn::Unknown)
    }

    /// Withdraws a request and tells nobody: whether Dataphin calls is not published.
    pub async fn withdraw_untold(&self, apply_id: &str) -> Result<(), NotWithdrawn> {
        self.dataphin.withdraw(apply_id, None).await.map(drop)
    }

    /// *Test Connection*.
    pub async fn test_connection(&self) -> Connection {
        self.dataphin.test_connection().await
    }

    /// A request with its state, what the bridge answered, and its ledger.
    pub fn request(&self, apply_id: &str) -> Option<Record> {
        self.dataphin.state().books.record(apply_id).cloned()
    }

    /// All requests, newest first.
    pub fn requests(&self) -> Vec<Record> {
        self.dataphin.state().books.newest_first().cloned().collect()
    }

    /// What Dataphin was told of a request, in order.
    pub fn ledger(&self, apply_id: &str) -> Vec<Told> {
        self.dataphin.state().books.record(apply_id).map(|record| record.ledger.clone()).unwrap_or_default()
    }

    /// Waits until a request has been told a first outcome; `None` when there is no request of this id.
    pub async fn told(&self, apply_id: &str) -> Option<Told> {
        let mut first_told = self.dataphin.state().books.first_told(apply_id)?;
        let told = first_told.wait_for(Option::is_some).await.ok()?;
        told.clone()
    }

    /// How often Dataphin was told another outcome than the first.
    pub fn contradictions(&self) -> usize {
        self.counts().contradictions
    }

    /// How often what happened.
    pub fn counts(&self) -> Counts {
        self.dataphin.state().books.counts()
    }

    /// The newest calls to the callback URL that were refused before they reached a ledger.
    pub fn refused_calls(&self) -> Vec<RefusedCall> {
        self.dataphin.state().books.refused_calls()
    }

    /// Sets a fault.
    pub fn fault(&self, fault: Fault, times: Times) {
        self.dataphin.state().faults.set(fault, times);
    }

    /// Sets what callbacks are answered, byte by byte.
    pub fn answer(&self, answer: RawAnswer, times: Times) {
        self.dataphin.state().faults.set_answer(answer, times);
    }

    /// Clears all faults, and all answers that were set.
    pub fn clear_faults(&self) {
        self.dataphin.state().faults.clear();
    }
}

fn router(dataphin: Arc<Dataphin>) -> Router {
    let callback = Router::new()
        .route(CALLBACK_PATH, post(callback::receive))
        .layer(DefaultBodyLimit::max(callback::BODY_LIMIT));
    callback.merge(page::router()).merge(control::router()).with_state(dataphin)
}
