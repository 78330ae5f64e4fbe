//! Whether the bridge can do its work: `/health` for whoever watches over the process, and a refusal that says why for whoever
//! calls while the data file fails.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use shared::{dataphin::reply, engine::Engine, http::Problem};
use tokio::{sync::Mutex, time::Instant};

use crate::data_file::{DataFile, Trouble};

/// However many ask, the store is looked at once in such a time, and the others get the same answer.
const KEEP: Duration = Duration::from_secs(1);
/// The file is checked unasked, too.
const CHECK_EVERY: Duration = Duration::from_secs(10);
/// More often while it fails, so that the bridge goes on soon after.
const CHECK_FAILING_EVERY: Duration = Duration::from_secs(2);

/// The connection test is shown to people, in a shape of its own.
const CONNECTION_TEST: &str = "/dataphin/bpms/check/connect";

/// What the process knows of its health. Cheap to clone; clones share the answer.
#[derive(Clone)]
pub struct Health {
    engine: Engine,
    file: Option<DataFile>,
    last: Arc<Mutex<Option<(Instant, Answer)>>>,
}

type Answer = Result<(), Problem>;

impl Health {
    /// Of an engine, and the data file under it if it has one for itself.
    pub fn new(engine: Engine, file: Option<DataFile>) -> Self {
        Self { engine, file, last: Arc::default() }
    }

    /// Checks the data file now and then, for as long as it is polled.
    pub async fn watch(self) {
        let Some(file) = self.file else { return };
        loop {
            let found = check(&file).await;
            tokio::time::sleep(if found.is_some() { CHECK_FAILING_EVERY } else { CHECK_EVERY }).await;
        }
    }

    /// The answer to `GET /health`.
    pub async fn answer(State(health): State<Self>) -> Response {
        let mut last = health.last.lock().await;
        let kept = last.clone().filter(|(at, _)| at.elapsed() < KEEP);
        let answer = match kept {
            // Whether the file is still there is looked at each time.
            Some((_, answer)) => {
                answer.and_then(|()| health.trouble().map_or(Ok(()), |it| Err(it.problem())))
            }
            None => last.insert((Instant::now(), health.look().await)).1.clone(),
        };
        drop(last);
        match answer {
            Ok(()) => (StatusCode::OK, "ok\n").into_response(),
            Err(problem) => problem.into_response(),
        }
    }

    async fn look(&self) -> Answer {
        if let Some(file) = &self.file
            && let Some(trouble) = check(file).await
        {
            return Err(trouble.problem());
        }
        match self.engine.store().table_exists().await {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(self.trouble().map_or_else(Problem::unavailable, Trouble::problem)),
        }
    }

    /// What is wrong with the data file, as far as is known.
    pub fn trouble(&self) -> Option<Trouble> {
        self.file.as_ref()?.trouble()
    }
}

/// The middleware: who hands something over while nothing lasts is refused, and repeats.
pub async fn refuse_while_failing(State(health): State<Health>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let refused = match path {
        CONNECTION_TEST => |problem| reply::check_result(Err(problem)),
        _ if path.starts_with("/dataphin/") || path.starts_with("/dingtalk/") => Problem::into_response,
        _ => return next.run(request).await,
    };
    if let Some(trouble) = health.trouble() {
        return refused(trouble.problem());
    }
    let response = next.run(request).await;
    let is_ours = response.status() == StatusCode::SERVICE_UNAVAILABLE;
    // It failed because of what was found while it was answered.
    health.trouble().filter(|_| is_ours).map_or(response, |trouble| refused(trouble.problem()))
}

async fn check(file: &DataFile) -> Option<Trouble> {
    let (file, since) = (file.clone(), std::time::Instant::now().checked_sub(KEEP));
    let since = since.unwrap_or_else(std::time::Instant::now);
    let checked = tokio::task::spawn_blocking(move || file.check(since)).await;
    checked.unwrap_or(Some(Trouble::NotWritable))
}
