//! What Dataphin sends: a request, a withdrawal, a connection test.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use super::{
    answer::{Answer, Connection, Filed, NotWithdrawn, Verb},
    body::{submit_body, withdrawal_body},
    content,
    faults::{Fault, MOST_AT_ONCE},
    inner::Dataphin,
    request::Request,
};

const CREATE: &str = "processinstance/create";
const CHECK_CONNECT: &str = "check/connect";
/// How much of an answer is kept.
const ANSWER_LIMIT: usize = 64 * 1024;

impl Dataphin {
    /// Files a request and submits it.
    pub async fn file(self: &Arc<Self>, request: Request) -> Filed {
        let now = self.world.now();
        let apply_id = request.apply_id.clone().unwrap_or_else(|| self.fresh_apply_id());
        let body = submit_body(&request, &apply_id, &self.in_force().settings, now);
        self.state().books.open(&apply_id, body.clone(), now);
        self.submit(apply_id, body).await
    }

    /// Submits a request once more, unchanged; `None` when there is none of this id.
    pub async fn submit_again(self: &Arc<Self>, apply_id: &str) -> Option<Filed> {
        let body = self.state().books.record(apply_id)?.body.clone();
        Some(self.submit(apply_id.to_owned(), body).await)
    }

    /// Withdraws a request, and tells the bridge if a verb says how.
    pub async fn withdraw(&self, apply_id: &str, verb: Option<Verb>) -> Result<Option<Answer>, NotWithdrawn> {
        let body = {
            let mut state = self.state();
            let record = state
                .books
                .withdraw(apply_id, verb, self.world.now())
                .map_err(|state| state.map_or(NotWithdrawn::Unknown, NotWithdrawn::Finished))?;
            withdrawal_body(record)
        };
        let Some(verb) = verb else { return Ok(None) };
        let answer = self.post(&format!("processinstance/{}", verb.word()), &body).await;
        self.state().books.withdrawal_answered(apply_id, answer.clone());
        Ok(Some(answer))
    }

    /// Tests the connection.
    pub async fn test_connection(&self) -> Connection {
        let body = Map::from_iter([("checkEvent".to_owned(), json!("connectivity"))]);
        let answer = self.post(CHECK_CONNECT, &body).await;
        let result = answer.json().and_then(|body| body["checkResult"].as_str().map(str::to_owned));
        let passed = result.as_deref() == Some("success");
        let message = match (result, answer.status) {
            (Some(_), _) if passed => "Connection succeeded".to_owned(),
            (Some(result), _) => result,
            (None, Some(status)) => format!("HTTP {status} without a checkResult"),
            (None, None) => answer.body.clone(),
        };
        let connection = Connection { passed, message, answer };
        self.state().last_connection = Some(connection.clone());
        connection
    }

    async fn submit(self: &Arc<Self>, apply_id: String, body: Map<String, Value>) -> Filed {
        let fault = self.state().faults.next_for_submit();
        let mut repeats = match fault {
            Some(Fault::SubmitTwice) => {
                let first = self.submit_once(&apply_id, &body).await;
                vec![first, self.submit_once(&apply_id, &body).await]
            }
            Some(Fault::SubmitAtOnce { times }) => self.submit_at_once(&apply_id, &body, times).await,
            _ => Vec::new(),
        };
        let answer =
            if repeats.is_empty() { self.submit_once(&apply_id, &body).await } else { repeats.remove(0) };
        Filed { apply_id, answer, repeats }
    }

    async fn submit_at_once(
        self: &Arc<Self>,
        apply_id: &str,
        body: &Map<String, Value>,
        times: u32,
    ) -> Vec<Answer> {
        let mut submits = JoinSet::new();
        for _ in 0..times.min(MOST_AT_ONCE) {
            let (dataphin, apply_id, body) = (Arc::clone(self), apply_id.to_owned(), body.clone());
            submits.spawn(async move { dataphin.submit_once(&apply_id, &body).await });
        }
        submits.join_all().await
    }

    async fn submit_once(&self, apply_id: &str, body: &Map<String, Value>) -> Answer {
        let answer = self.post(CREATE, body).await;
        self.state().books.answered(apply_id, answer.clone());
        answer
    }

    /// Calls the bridge; whatever goes wrong is an answer too.
    async fn post(&self, path: &str, body: &Map<String, Value>) -> Answer {
        let sent_at = self.world.now();
        let (status, body) = match self.try_post(path, body, sent_at).await {
            Ok((status, body)) => (Some(status), body),
            Err(reason) => (None, reason),
        };
        Answer { status, body, sent_at, answered_at: self.world.now() }
    }

    async fn try_post(
        &self,
        path: &str,
        body: &Map<String, Value>,
        now: Timestamp,
    ) -> Result<(u16, String), String> {
        let in_force = self.in_force();
        let settings = &in_force.settings;
        let base = settings.bridge_url.as_deref().ok_or("no Submit Approval Request URL is set")?;
        let url = format!("{}/dataphin/bpms/{path}", base.trim().trim_end_matches('/'));
        let query =
            [("accessToken", settings.access_token.clone()), ("timestamp", now.as_millisecond().to_string())];
        let body = serde_json::to_vec(body).map_err(|error| error.to_string())?;
        let call = self.client.post(url).query(&query);
        let call = call.header("content-type", &settings.content_type).body(body);
        // The address holds the access token.
        let mut response = call.send().await.map_err(|error| reason(&error.without_url()))?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| reason(&error.without_url()))? {
            bytes.extend_from_slice(&chunk[..chunk.len().min(ANSWER_LIMIT - bytes.len())]);
            if bytes.len() == ANSWER_LIMIT {
                break;
            }
        }
        Ok((response.status().as_u16(), String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// An id like `202601070123456789`: it stays free of collisions when a simulator is started anew beside a
    /// bridge that remembers.
    fn fresh_apply_id(&self) -> String {
        let day: String =
            content::local(self.world.now()).chars().take(10).filter(char::is_ascii_digit).collect();
        loop {
            let apply_id = format!("{day}{:010}", self.world.random.below(10_000_000_000));
            if !self.state().books.contains(&apply_id) {
                return apply_id;
            }
        }
    }
}

/// An error with what caused it: reqwest's own text names only the step that failed.
fn reason(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
