//! Where a test works: a folder, the command, and a store behind DynamoDB's API.

use std::{
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use bridge::embedded::Embedded;
use shared::{
    store::{RawItem, Store},
    world::{Random, SystemRandom, World},
};
use tokio::net::TcpListener;

const BRIDGE: &str = env!("CARGO_BIN_EXE_bridge");
const TABLE: &str = "approval-bridge";

pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        let name = format!("bridge-transfer-{}", (&SystemRandom as &dyn Random).letters_and_digits(12));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).expect("a new folder");
        Self(folder)
    }

    pub fn path(&self, name: &str) -> String {
        self.0.join(name).to_string_lossy().into_owned()
    }

    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).expect("a folder").map(|entry| entry.expect("an entry"));
        let mut names: Vec<String> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The store in a data file, for as long as it is kept.
pub async fn store_in(file: &str) -> Store {
    store_on(Embedded::open(file).expect("a data file")).await
}

pub async fn store_on(engine: Embedded) -> Store {
    let store = Store::inside(engine, TABLE, World::real());
    store.create_table_if_missing().await.expect("a table");
    store
}

/// What an item is, in DynamoDB's JSON.
pub async fn put(store: &Store, json: &str) {
    store.put_raw(&RawItem::read(json).expect("an item")).await.expect("it is put");
}

/// Looks at the `n`th request for an operation before it is carried out; may answer it.
type Watch = dyn Fn(&str, usize) -> Option<(u16, String)> + Send + Sync;

/// Another store: an endpoint that speaks DynamoDB's API.
pub struct Endpoint {
    pub address: String,
    pub engine: Embedded,
    pub requests: Arc<AtomicUsize>,
}

#[derive(Clone)]
struct Served {
    engine: Embedded,
    requests: Arc<AtomicUsize>,
    watch: Arc<Watch>,
}

impl Endpoint {
    pub async fn new() -> Self {
        Self::watched(Embedded::in_memory().expect("an engine"), |_, _| None).await
    }

    pub async fn watched(
        engine: Embedded,
        watch: impl Fn(&str, usize) -> Option<(u16, String)> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("its address"));
        let requests = Arc::new(AtomicUsize::new(0));
        let served = Served { engine: engine.clone(), requests: requests.clone(), watch: Arc::new(watch) };
        let router = Router::new().route("/", post(answer)).with_state(served);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, engine, requests }
    }

    pub async fn store(&self) -> Store {
        store_on(self.engine.clone()).await
    }
}

async fn answer(State(served): State<Served>, headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    let target = headers["x-amz-target"].to_str().expect("text").to_owned();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let number = served.requests.fetch_add(1, Ordering::Relaxed);
    let work =
        move || (served.watch)(&operation, number).unwrap_or_else(|| served.engine.answer(&operation, &body));
    let (status, text) = tokio::task::spawn_blocking(work).await.expect("an answer");
    (StatusCode::from_u16(status).expect("a status"), text)
}

fn command(arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(BRIDGE);
    command.args(arguments).env_clear().envs([
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ]);
    command.envs(variables.iter().copied());
    command
}

/// The command, on the file or on the endpoint.
pub async fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = command(arguments, variables);
    tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("it ends")
}

/// The command, to be killed.
pub fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Child {
    let mut command = command(arguments, variables);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts")
}

/// What it says when it does what it should.
pub async fn done(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = run(arguments, variables).await;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {told}");
    assert!(!told.contains('\u{1b}') && !told.contains('\r'), "no terminal, no control characters: {told:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What it says when it refuses.
pub async fn refused(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = run(arguments, variables).await;
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn read(path: &str) -> Vec<u8> {
    std::fs::read(path).expect("the file is there")
}

/// The first number before these words.
pub fn number_before(words: &str, said: &str) -> usize {
    let before = said.split(words).next().expect("text");
    before.rsplit(|c: char| !c.is_ascii_digit()).next().and_then(|n| n.parse().ok()).expect("a number")
}
