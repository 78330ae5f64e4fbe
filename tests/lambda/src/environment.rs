//! Lambda's execution environment: one process under its own runtime API, which asks for the next invocation and answers it,
//! one at a time. It ends with its process.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
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
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::world::World;
use tokio::{
    net::TcpListener,
    sync::{Mutex as Turn, SetOnce, mpsc, oneshot},
    task::JoinHandle,
};

use crate::{Reply, end};

/// A process has so long until it asks for its first invocation. Lambda gives it ten seconds, of a machine that starts nothing
/// else; one that ends by itself must have the time to on any.
const INIT_TIME: Duration = Duration::from_mins(1);

/// What a function has written to its log.
pub(crate) type Lines = Arc<Mutex<Vec<String>>>;

/// How long each invocation took, from its handing over to its answer.
pub(crate) type Times = Arc<Mutex<Vec<Duration>>>;

/// A process, and the runtime API that it asks.
pub(crate) struct Environment {
    pub process: Arc<Process>,
    api: Arc<Api>,
    invocations: mpsc::Sender<Invocation>,
    server: JoinHandle<()>,
}

struct Api {
    waiting: Turn<mpsc::Receiver<Invocation>>,
    under_way: Mutex<Option<(String, oneshot::Sender<Reply>)>>,
    first_poll: Arc<SetOnce<Instant>>,
    handed_over: Mutex<Option<Instant>>,
    times: Times,
}

struct Invocation {
    id: String,
    event: Value,
    deadline: Timestamp,
}

impl Environment {
    /// Starts a process.
    pub async fn start(mut command: Command, lines: Lines, times: Times) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let (invocations, waiting) = mpsc::channel(1);
        let api = Arc::new(Api {
            waiting: Turn::new(waiting),
            under_way: Mutex::default(),
            first_poll: Arc::default(),
            handed_over: Mutex::default(),
            times,
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .with_state(api.clone());
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        command.env("AWS_LAMBDA_RUNTIME_API", address.to_string());
        let process = Arc::new(Process::start(command, lines, api.first_poll.clone()));
        Self { process, api, invocations, server }
    }

    /// Hands an event over, and waits for what comes of it: at the `limit` the process is killed, as Lambda does. The
    /// `world` is the process's.
    pub async fn invoke(&self, id: String, event: Value, limit: Duration, world: &World) -> Reply {
        tokio::select! {
            _ = self.api.first_poll.wait() => {}
            () = self.process.ended() => return failed("Runtime.ExitError", "the process ended during INIT"),
            () = tokio::time::sleep(INIT_TIME) => {
                self.process.kill();
                return failed("Sandbox.Timedout", "INIT took too long");
            }
        }
        let (reply, replied) = oneshot::channel();
        *lock(&self.api.under_way) = Some((id.clone(), reply));
        let deadline = world.now() + limit;
        let _ = self.invocations.send(Invocation { id, event, deadline }).await;
        tokio::select! {
            // What comes after the limit comes too late, and what was answered before the end counts.
            biased;
            () = tokio::time::sleep(limit) => {
                self.process.kill();
                failed("Sandbox.Timedout", "the time is over")
            }
            Ok(reply) = replied => reply,
            () = self.process.ended() => failed("Runtime.ExitError", "the process ended"),
        }
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.process.kill();
        self.server.abort();
    }
}

fn failed(kind: &str, message: &str) -> Reply {
    Reply::Failed(json!({"errorType": kind, "errorMessage": message}))
}

/// A running process; it is killed when it is dropped.
pub(crate) struct Process {
    child: Mutex<Child>,
    ended: Arc<SetOnce<()>>,
    spawned: Instant,
    first_poll: Arc<SetOnce<Instant>>,
}

impl Process {
    fn start(mut command: Command, lines: Lines, first_poll: Arc<SetOnce<Instant>>) -> Self {
        let spawned = Instant::now();
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the function starts");
        let stdout = child.stdout.take().expect("a log");
        let ended = Arc::new(SetOnce::new());
        let told = ended.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                lock(&lines).push(line);
            }
            // Nobody else holds its end of the log.
            let _ = told.set(());
        });
        Self { child: Mutex::new(child), ended, spawned, first_poll }
    }

    /// Ends it with SIGKILL.
    pub fn kill(&self) {
        end::kill(&mut lock(&self.child));
        let _ = self.ended.set(());
    }

    /// Waits until it has ended.
    pub async fn ended(&self) {
        self.ended.wait().await;
    }

    /// How long it took until it asked for the first invocation.
    pub async fn started(&self) -> Duration {
        self.first_poll.wait().await.duration_since(self.spawned)
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        lock(&self.child).id()
    }

    pub fn has_ended(&self) -> bool {
        self.ended.initialized()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn next(State(api): State<Arc<Api>>) -> Response {
    let _ = api.first_poll.set(Instant::now());
    let Some(Invocation { id, event, deadline }) = api.waiting.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let headers = [
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline.as_millisecond().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:1:function:f".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    let event = event.to_string();
    *lock(&api.handed_over) = Some(Instant::now());
    (headers, event).into_response()
}

async fn response(State(api): State<Arc<Api>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    settle(&api, &id, Reply::Answered(serde_json::from_slice(&body).unwrap_or(Value::Null)))
}

async fn error(State(api): State<Arc<Api>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    settle(&api, &id, Reply::Failed(serde_json::from_slice(&body).unwrap_or(Value::Null)))
}

fn settle(api: &Api, id: &str, reply: Reply) -> StatusCode {
    let took = lock(&api.handed_over).take().map(|handed_over| handed_over.elapsed());
    lock(&api.times).extend(took);
    if let Some((_, replied)) = lock(&api.under_way).take_if(|(under_way, _)| under_way == id) {
        let _ = replied.send(reply);
    }
    StatusCode::ACCEPTED
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
