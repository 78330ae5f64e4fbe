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
    sync::{Mutex as Turn, SetOnce, mpsc, oneshot},
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
    /// First: it is killed before its runtime API goes away.
    process: Process,
    name: &'static str,
    invocations: mpsc::Sender<Invocation>,
    inner: Arc<Inner>,
    lines: Lines,
    spawned: Instant,
}

struct Invocation {
    id: String,
    event: Value,
}

struct Inner {
    waiting: Turn<mpsc::Receiver<Invocation>>,
    replies: Mutex<HashMap<String, oneshot::Sender<Reply>>>,
    first_poll: SetOnce<Instant>,
    handed_over: Mutex<Option<Instant>>,
    times: Mutex<Vec<Duration>>,
    ids: AtomicU64,
}

/// What a function has written to its log.
type Lines = Arc<Mutex<Vec<String>>>;

struct Process(Mutex<Child>);

impl Process {
    fn end(&self) {
        let mut child = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

impl Function {
    /// Starts a function with this environment, and nothing else of ours.
    pub async fn start(name: &'static str, environment: &HashMap<String, String>) -> Self {
        Self::run(name, Command::new(binary(name)), environment).await
    }

    /// The same, of whatever program.
    pub async fn run(
        name: &'static str,
        mut program: Command,
        environment: &HashMap<String, String>,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let (invocations, waiting) = mpsc::channel(1024);
        let inner = Arc::new(Inner {
            waiting: Turn::new(waiting),
            replies: Mutex::default(),
            first_poll: SetOnce::new(),
            handed_over: Mutex::default(),
            times: Mutex::default(),
            ids: AtomicU64::new(1),
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(inner.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let program = program
            .env_clear()
            .envs(environment)
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/test")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "test")
            .stdout(Stdio::piped());
        let spawned = Instant::now();
        let mut child = program.spawn().expect("the function starts");
        let lines = Lines::default();
        let (kept, stdout) = (lines.clone(), child.stdout.take().expect("a log"));
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        let process = Process(Mutex::new(child));
        Self(Arc::new(Running { process, name, invocations, inner, lines, spawned }))
    }

    /// How long it took from its process's start until it asked for the first invocation.
    pub async fn started(&self) -> Duration {
        let first_poll = tokio::time::timeout(LONGEST, self.0.inner.first_poll.wait()).await.ok();
        let first_poll = first_poll.unwrap_or_else(|| panic!("{} did not start in time", self.0.name));
        first_poll.duration_since(self.0.spawned)
    }

    /// Ends its process, whoever else has a clone.
    pub fn stop(&self) {
        self.0.process.end();
    }

    /// How long each invocation took, from its handing over to its answer.
    pub fn times(&self) -> Vec<Duration> {
        self.0.inner.times.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Its process.
    pub fn process_id(&self) -> u32 {
        self.0.process.0.lock().unwrap_or_else(PoisonError::into_inner).id()
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
    // Every poll but the first finds it set.
    let _ = inner.first_poll.set(Instant::now());
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
    let event = event.to_string();
    *inner.handed_over.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    (headers, event).into_response()
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
    let handed_over = inner.handed_over.lock().unwrap_or_else(PoisonError::into_inner).take();
    let took = handed_over.map(|handed_over| handed_over.elapsed());
    inner.times.lock().unwrap_or_else(PoisonError::into_inner).extend(took);
    let waiting = inner.replies.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    waiting.map(|waiting| waiting.send(reply));
    StatusCode::ACCEPTED
}
