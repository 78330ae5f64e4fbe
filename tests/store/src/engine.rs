//! What answers DynamoDB's API: the embedded engine, or another one at `STORE_CONTRACT_ENDPOINT`. Both can be made to go
//! wrong, and to take their time with a new table as AWS does.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
};

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
use bridge::embedded::Embedded;

/// An engine. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Engine {
    place: Place,
    fault: Arc<Mutex<Option<(&'static str, Fault)>>>,
    looks_until_created: Arc<AtomicU8>,
    counts: Arc<Mutex<HashMap<String, usize>>>,
}

/// What goes wrong with an operation.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// It is done, and its answer is lost.
    AnswerLost,
    /// It was asked a moment too early, and found nothing.
    FoundNothing,
}

#[derive(Clone, Debug)]
enum Place {
    Inside(Embedded),
    At(reqwest::Client, String),
}

impl Engine {
    /// The one that the tests are to run on.
    pub fn of_this_run() -> Self {
        let place = match std::env::var("STORE_CONTRACT_ENDPOINT") {
            Ok(endpoint) => Place::At(reqwest::Client::new(), endpoint),
            Err(_) => Place::Inside(Embedded::in_memory().expect("an engine")),
        };
        Self { place, fault: Arc::default(), looks_until_created: Arc::default(), counts: Arc::default() }
    }

    /// The next operation of this name goes wrong.
    pub fn at_the_next(&self, operation: &'static str, fault: Fault) {
        *self.fault() = Some((operation, fault));
    }

    /// Counts operations anew.
    pub fn count_from_here(&self) {
        self.counts().clear();
    }

    /// How many operations of this name there were.
    pub fn count(&self, operation: &str) -> usize {
        self.counts().get(operation).copied().unwrap_or(0)
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its table is still being made at the next `looks` at it, and until then nothing else can be done with it.
    pub fn take_time_to_create(&self, looks: u8) {
        self.looks_until_created.store(looks, Ordering::Relaxed);
    }

    fn fault(&self) -> MutexGuard<'_, Option<(&'static str, Fault)>> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fault_of(&self, operation: &str) -> Option<Fault> {
        self.fault().take_if(|(name, _)| *name == operation).map(|(_, fault)| fault)
    }

    fn is_being_created(&self) -> bool {
        self.looks_until_created.load(Ordering::Relaxed) > 0
    }

    /// What a look at the table shows while it is being made.
    fn looked_at(&self, answer: HttpResponse) -> HttpResponse {
        if !self.is_being_created() || !answer.status().is_success() {
            return answer;
        }
        self.looks_until_created.fetch_sub(1, Ordering::Relaxed);
        let body = String::from_utf8_lossy(answer.body().bytes().unwrap_or_default());
        HttpResponse::new(answer.status(), SdkBody::from(body.replace("\"ACTIVE\"", "\"CREATING\"")))
    }

    fn ask(&self, request: HttpRequest) -> HttpConnectorFuture {
        match &self.place {
            Place::Inside(engine) => engine.call(request),
            Place::At(client, endpoint) => {
                let sent = send(client, endpoint, &request);
                HttpConnectorFuture::new(async move {
                    sent.await.map_err(|error| ConnectorError::io(error.into()))
                })
            }
        }
    }
}

impl HttpClient for Engine {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Engine {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        *self.counts().entry(operation.clone()).or_default() += 1;
        if self.is_being_created() && !matches!(&*operation, "CreateTable" | "DescribeTable") {
            return HttpConnectorFuture::ready(Ok(in_use()));
        }
        let (engine, fault, answer) = (self.clone(), self.fault_of(&operation), self.ask(request));
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            match fault {
                Some(Fault::AnswerLost) => Err(ConnectorError::io("the connection is gone".into())),
                Some(Fault::FoundNothing) => Ok(HttpResponse::new(answer.status(), SdkBody::from("{}"))),
                None if operation == "DescribeTable" => Ok(engine.looked_at(answer)),
                None => Ok(answer),
            }
        })
    }
}

fn in_use() -> HttpResponse {
    let body = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceInUseException"}"#;
    HttpResponse::new(StatusCode::try_from(400).expect("a status"), SdkBody::from(body))
}

fn send(
    client: &reqwest::Client,
    endpoint: &str,
    request: &HttpRequest,
) -> impl Future<Output = reqwest::Result<HttpResponse>> + use<> {
    let body = request.body().bytes().unwrap_or_default().to_vec();
    let mut sent = client.post(endpoint).body(body);
    for (name, value) in request.headers() {
        sent = sent.header(name, value);
    }
    async move {
        let answer = sent.send().await?;
        let status = StatusCode::try_from(answer.status().as_u16()).expect("a status");
        Ok(HttpResponse::new(status, SdkBody::from(answer.bytes().await?)))
    }
}
