//! The Lambda runtime API for one function: it asks for the next invocation, and answers it. One process handles one
//! invocation at a time, as on Lambda; a process that ends is started again.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{Mutex as Turn, mpsc, oneshot},
};

use crate::binary;

const LONGEST: Duration = Duration::from_mins(1);

/// What came of an invocation.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// The function's answer.
    Answered(Value),
    /// The function failed, or did not answer in time.
    Failed(Value),
}

/// A function: a process under its own runtime API. It is killed with the last clone.
#[derive(Clone)]
pub struct Function(Arc<Running>);

struct Running {
    name: &'static str,
    invocations: mpsc::Sender<Invocation>,
    inner: Arc<Inner>,
    lines: Lines,
    _process: Arc<Process>,
}

struct Invocation {
    id: String,
    event: Value,
}

struct Inner {
    waiting: Turn<mpsc::Receiver<Invocation>>,
    replies: Mutex<HashMap<String, oneshot::Sender<Reply>>>,
    first_poll: Mutex<Option<Instant>>,
    ids: AtomicU64,
}

/// What a function has written to its log.
type Lines = Arc<Mutex<Vec<String>>>;

struct Process(Mutex<Child>);

impl Drop for Process {
    fn drop(&mut self) {
        let mut child = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Function {
    /// Starts a function with this environment, and nothing else of ours.
    pub async fn start(name: &'static str, environment: &HashMap<String, String>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let (invocations, waiting) = mpsc::channel(1024);
        let inner = Arc::new(Inner {
            waiting: Turn::new(waiting),
            replies: Mutex::default(),
            first_poll: Mutex::default(),
            ids: AtomicU64::new(1),
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(inner.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let mut child = Command::new(binary(name))
            .env_clear()
            .envs(environment)
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/test")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "test")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the function starts");
        let lines = Lines::default();
        let (kept, stdout) = (lines.clone(), child.stdout.take().expect("a log"));
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        let process = Arc::new(Process(Mutex::new(child)));
        Self(Arc::new(Running { name, invocations, inner, lines, _process: process }))
    }

    /// The sum of a metric that it has written so far.
    pub fn metric(&self, name: &str) -> f64 {
        let lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let written = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        written.filter(|line| line.get("_aws").is_some()).filter_map(|line| line[name].as_f64()).sum()
    }

    /// Everything that it has written to its log.
    pub fn log(&self) -> String {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    /// Invokes it and waits for what comes of it.
    pub async fn invoke(&self, event: Value) -> Reply {
        let id = self.0.inner.ids.fetch_add(1, Ordering::Relaxed).to_string();
        let (reply, replied) = oneshot::channel();
        self.0.inner.replies.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), reply);
        self.0.invocations.send(Invocation { id, event }).await.expect("the function is there");
        match tokio::time::timeout(LONGEST, replied).await {
            Ok(Ok(reply)) => reply,
            _ => panic!("{} did not answer within {LONGEST:?}", self.0.name),
        }
    }
}

async fn next(State(inner): State<Arc<Inner>>) -> Response {
    inner.first_poll.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(Instant::now);
    let Some(Invocation { id, event }) = inner.waiting.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let deadline = jiff::Timestamp::now().as_millisecond() + 30_000;
    let headers = [
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:1:function:f".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, event.to_string()).into_response()
}

async fn response(State(inner): State<Arc<Inner>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    let value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    settle(&inner, &id, Reply::Answered(value))
}

async fn error(State(inner): State<Arc<Inner>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    let value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    settle(&inner, &id, Reply::Failed(value))
}

async fn init_error(body: Bytes) -> StatusCode {
    eprintln!("a function did not start: {}", String::from_utf8_lossy(&body));
    StatusCode::ACCEPTED
}

fn settle(inner: &Inner, id: &str, reply: Reply) -> StatusCode {
    let waiting = inner.replies.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    waiting.map(|waiting| waiting.send(reply));
    StatusCode::ACCEPTED
}
