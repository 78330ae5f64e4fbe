//! `bridge export` and `bridge import`: everything to another place and back, the same to the byte.

#![allow(clippy::expect_used)]

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
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
const ITEMS: usize = 500;

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = format!("bridge-transfer-{}", (&SystemRandom as &dyn Random).letters_and_digits(12));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).expect("a new folder");
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_string_lossy().into_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A data file with items of every shape that the bridge writes.
async fn filled(file: &str, items: usize) {
    let store = Store::inside(Embedded::open(file).expect("a data file"), TABLE, World::real());
    store.create_table_if_missing().await.expect("a table");
    for n in 0..items {
        let json = format!(
            r#"{{"n":{{"N":"{n}"}},"pk":{{"S":"A#{:05}"}},"state":{{"M":{{"list":{{"L":[{{"S":"标题 “{n}”"}},{{"NULL":true}},{{"BOOL":false}}]}}}}}}}}"#,
            (n * 7919) % 100_000
        );
        store.put_raw(&RawItem::read(&json).expect("an item")).await.expect("it is put");
    }
}

/// Another store: an endpoint that speaks DynamoDB's API.
async fn endpoint() -> String {
    let engine = Arc::new(Embedded::in_memory().expect("an engine"));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    let answer = async |State(engine): State<Arc<Embedded>>, headers: HeaderMap, body: Bytes| {
        let target = headers["x-amz-target"].to_str().expect("text").to_owned();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let answered = tokio::task::spawn_blocking(move || engine.answer(&operation, &body)).await;
        let (status, text) = answered.expect("an answer");
        (StatusCode::from_u16(status).expect("a status"), text)
    };
    let router = Router::new().route("/", post(answer)).with_state(engine);
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// The command, on the file or on the endpoint.
async fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(BRIDGE);
    command.args(arguments).env_clear().envs([
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ]);
    command.envs(variables.iter().copied());
    tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("it ends")
}

async fn done(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = run(arguments, variables).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn read(path: &str) -> Vec<u8> {
    std::fs::read(Path::new(path)).expect("the file is there")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_to_dynamodb_and_back_the_same_to_the_byte() {
    let folder = Folder::new();
    let (first, second) = (folder.path("first.jsonl"), folder.path("second.jsonl"));
    let (file, back) = (folder.path("bridge.db"), folder.path("back.db"));
    filled(&file, ITEMS).await;
    let endpoint = endpoint().await;
    let said = done(&["export", &first], &[("BRIDGE_FILE", &file)]).await;
    assert!(said.starts_with(&format!("{ITEMS} items")), "{said}");
    let said = done(&["import", &first], &[("BRIDGE_DYNAMODB_ENDPOINT", &endpoint)]).await;
    assert!(said.contains("verified: the store holds the same 500 items"), "{said}");
    done(&["export", &second], &[("BRIDGE_DYNAMODB_ENDPOINT", &endpoint)]).await;
    assert!(read(&first) == read(&second), "the same bytes");
    done(&["import", &second], &[("BRIDGE_FILE", &back)]).await;
    done(&["export", &second], &[("BRIDGE_FILE", &back)]).await;
    assert!(read(&first) == read(&second), "and back");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_was_cut_short_goes_on() {
    let folder = Folder::new();
    let (archive, file, half) =
        (folder.path("archive.jsonl"), folder.path("bridge.db"), folder.path("half.db"));
    filled(&file, ITEMS).await;
    done(&["export", &archive], &[("BRIDGE_FILE", &file)]).await;
    filled(&half, ITEMS / 2).await;
    let said = done(&["import", &archive], &[("BRIDGE_FILE", &half)]).await;
    assert!(said.contains("250 items put, 250 were there already"), "{said}");
    let said = done(&["import", &archive], &[("BRIDGE_FILE", &half)]).await;
    assert!(said.contains("0 items put, 500 were there already"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_whole_or_does_not_fit_is_refused() {
    let folder = Folder::new();
    let (archive, file, other) =
        (folder.path("archive.jsonl"), folder.path("bridge.db"), folder.path("other.db"));
    filled(&file, 20).await;
    done(&["export", &archive], &[("BRIDGE_FILE", &file)]).await;
    let whole = String::from_utf8(read(&archive)).expect("text");
    let cut: String = whole.lines().take(10).flat_map(|line| [line, "\n"]).collect();
    let changed = whole.replacen(r#""N":"0""#, r#""N":"9""#, 1);
    for (damaged, why) in [(cut, "not whole"), (changed, "checksum"), ("nonsense\n".to_owned(), "no item")] {
        std::fs::write(&archive, damaged).expect("it is written");
        let output = run(&["import", &archive], &[("BRIDGE_FILE", &other)]).await;
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(why), "{said}");
    }
    std::fs::write(&archive, &whole).expect("it is written");
    let store = Store::inside(Embedded::open(&other).expect("a data file"), TABLE, World::real());
    let differs = whole.lines().next().expect("an item").replace(r#""N":""#, r#""N":"7"#);
    store.put_raw(&RawItem::read(&differs).expect("an item")).await.expect("it is put");
    drop(store);
    let output = run(&["import", &archive], &[("BRIDGE_FILE", &other)]).await;
    assert!(String::from_utf8_lossy(&output.stderr).contains("is there already, and differs"));
}
