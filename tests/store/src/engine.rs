//! What answers DynamoDB's API: the embedded engine, or another one at `STORE_CONTRACT_ENDPOINT`. Both can be made to do what
//! they are asked and say nothing.

use std::sync::{Arc, Mutex, PoisonError};

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
    silent_about: Arc<Mutex<Option<&'static str>>>,
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
        Self { place, silent_about: Arc::default() }
    }

    /// Does the next operation of this name, and gives no answer.
    pub fn lose_the_answer_to_the_next(&self, operation: &'static str) {
        *self.silent_about() = Some(operation);
    }

    fn silent_about(&self) -> std::sync::MutexGuard<'_, Option<&'static str>> {
        self.silent_about.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_lost(&self, request: &HttpRequest) -> bool {
        let operation = request.headers().get("x-amz-target").unwrap_or_default();
        self.silent_about().take_if(|name| operation.ends_with(*name)).is_some()
    }
}

impl HttpClient for Engine {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Engine {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let is_lost = self.is_lost(&request);
        let answer = match &self.place {
            Place::Inside(engine) => engine.call(request),
            Place::At(client, endpoint) => {
                let sent = send(client, endpoint, &request);
                HttpConnectorFuture::new(async move {
                    sent.await.map_err(|error| ConnectorError::io(error.into()))
                })
            }
        };
        HttpConnectorFuture::new(async move {
            let answer = answer.await;
            if is_lost { Err(ConnectorError::io("the connection is gone".into())) } else { answer }
        })
    }
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
