//! Invariants 1, 2 and 4 under SIGKILL: one instance a request, one outcome, none forgotten.

#![allow(clippy::expect_used)]

use std::{
    collections::HashMap,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use bridge::sandbox::{Sandbox, SandboxSettings};
use crash::{FastClock, SINCE};
use jiff::Timestamp;
use shared::{
    approval::Reference,
    world::{Random, SystemRandom, World},
};
use simulators::{
    dataphin::{Kind, Operator, Request, RequestState, Verdict},
    dingtalk::{Outcome, Status},
};
use tokio::task::JoinSet;

const KILLS: usize = 12;
const SUBMITTERS: usize = 6;
const REQUESTS_EACH: usize = 15;
const PATIENCE: Duration = Duration::from_mins(5);

/// A bridge process on a data file of its own; killed when dropped.
struct Process {
    sandbox: Sandbox,
    since: Timestamp,
    child: Child,
}

impl Process {
    fn start(sandbox: &Sandbox, since: Timestamp) -> Self {
        let child = spawn(sandbox, since);
        Self { sandbox: sandbox.clone(), since, child }
    }

    /// SIGKILL, at once; then another process on the same file.
    fn kill_and_restart(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it is gone");
        self.child = spawn(&self.sandbox, self.since);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(sandbox: &Sandbox, since: Timestamp) -> Child {
    Command::new(env!("CARGO_BIN_EXE_crash"))
        .envs(sandbox.variables())
        .env(SINCE, since.to_string())
        .stdout(Stdio::null())
        .spawn()
        .expect("the bridge starts")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_again_and_again_it_delivers_every_request_once() {
    let since = Timestamp::now();
    let world = World { clock: Arc::new(FastClock::since(since)), random: Arc::new(SystemRandom) };
    let folder = Folder::new();
    let mut settings = SandboxSettings::default();
    (settings.dingtalk.qps, settings.dingtalk.api_quota, settings.dingtalk.push_quota) = (None, None, None);
    // In real time a tenth of a second, on a busy machine.
    settings.dingtalk.push_deadline = jiff::SignedDuration::from_mins(1);
    let mut sandbox = Sandbox::start(&world, settings).await.expect("the simulators start");
    let address =
        std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|it| it.local_addr()).expect("a free port");
    sandbox.set("BRIDGE_LISTEN", address.to_string());
    sandbox.set("BRIDGE_FILE", folder.file());
    sandbox.set("DINGTALK_CALLS_PER_SECOND", "0");
    sandbox.set("DINGTALK_TIMEOUT_SECONDS", "1");
    sandbox.set("DATAPHIN_TIMESTAMP_WINDOW_SECONDS", "0");
    let mut process = Process::start(&sandbox, since);
    until("the bridge is up", async || sandbox.connect(&format!("http://{address}")).await.is_ok()).await;

    let mut submitting = JoinSet::new();
    for _ in 0..SUBMITTERS {
        submitting.spawn(submit(sandbox.clone()));
    }
    let deciding = tokio::spawn(decide(sandbox.clone()));
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(60 + (&SystemRandom as &dyn Random).below(500))).await;
        process.kill_and_restart();
    }
    let filed: Vec<String> = submitting.join_all().await.into_iter().flatten().collect();
    assert_eq!(filed.len(), SUBMITTERS * REQUESTS_EACH);
    until("every request is decided and delivered", async || {
        filed.iter().all(|id| sandbox.dataphin.request(id).is_some_and(|request| request.state.is_final()))
    })
    .await;
    deciding.abort();

    let instances = by_reference(&sandbox);
    for apply_id in &filed {
        let request = sandbox.dataphin.request(apply_id).expect("the request");
        let approval = request.process_instance_id().expect("an approval");
        let (count, outcome) = instances[&approval];
        assert_eq!(count, 1, "{apply_id} has {count} instances");
        let expected =
            if outcome == Outcome::Agree { RequestState::Approved } else { RequestState::Rejected };
        assert_eq!(request.state, expected, "{apply_id}");
        let accepted = request.ledger.iter().filter(|told| told.verdict == Verdict::Accepted).count();
        assert_eq!(accepted, 1, "{apply_id}");
    }
    assert_eq!(sandbox.dataphin.contradictions(), 0);
    assert_eq!(instances.len(), filed.len(), "an instance without a request");
}

/// Files requests one after the other; whoever gets no answer submits again, as people do.
async fn submit(sandbox: Sandbox) -> Vec<String> {
    let people = sandbox.dataphin.settings().people;
    let mut filed_ids = Vec::new();
    for _ in 0..REQUESTS_EACH {
        let request = Request::of(Kind::TablePermission).then(Operator::Or, [people[1].clone()]);
        let mut filed = sandbox.dataphin.file(request).await;
        while !filed.answer.accepted() {
            tokio::time::sleep(Duration::from_millis(20)).await;
            filed = sandbox.dataphin.submit_again(&filed.apply_id).await.expect("the request");
        }
        filed_ids.push(filed.apply_id);
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    filed_ids
}

/// Decides whatever comes to the desk: mostly yes.
async fn decide(sandbox: Sandbox) {
    let desk = sandbox.dataphin.settings().people[1].user_source_id.clone();
    let random: &dyn Random = &SystemRandom;
    loop {
        for todo in sandbox.dingtalk.todos(&desk) {
            if random.below(4) == 0 {
                let _ = sandbox.dingtalk.refuse(todo.task, "no");
            } else {
                let _ = sandbox.dingtalk.agree(todo.task, "yes");
            }
        }
        tokio::time::sleep(Duration::from_millis(10 + random.below(30))).await;
    }
}

/// How many instances there are for each approval, and how they ended.
fn by_reference(sandbox: &Sandbox) -> HashMap<String, (usize, Outcome)> {
    let mut instances = HashMap::new();
    for instance in sandbox.dingtalk.instances() {
        assert_eq!(instance.status, Status::Completed);
        let reference = instance.value("单号 Reference").and_then(Reference::parse).expect("a reference");
        let approval = reference.approval.to_string();
        let outcome = instance.outcome.expect("an outcome");
        instances.entry(approval).or_insert((0, outcome)).0 += 1;
    }
    instances
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < PATIENCE, "in vain waited until {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A folder that goes away with the test.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> Self {
        let name = (&SystemRandom as &dyn Random).letters_and_digits(12);
        let path = std::env::temp_dir().join(format!("bridge-crash-{name}"));
        std::fs::create_dir(&path).expect("a new folder");
        Self(path)
    }

    fn file(&self) -> String {
        self.0.join("bridge.db").to_string_lossy().into_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
