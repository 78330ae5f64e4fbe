//! The data file is deleted, replaced, damaged or cannot grow while the bridge runs: nothing is accepted that would not last.

#![allow(clippy::expect_used, clippy::panic)]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use bridge::sandbox::{Sandbox, SandboxSettings};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::{Value, json};
use shared::world::{SystemRandom, World};
use simulators::dataphin::{Kind, Operator, Request};

/// Nothing that is bound to happen takes longer, however slow the machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// `bridge serve` over a file, between two simulators.
struct Site {
    sandbox: Sandbox,
    address: String,
    process: Child,
    folder: PathBuf,
    client: reqwest::Client,
}

impl Site {
    async fn start() -> Self {
        let mut sandbox =
            Sandbox::start(&World::real(), SandboxSettings::default()).await.expect("the simulators start");
        let random: &dyn shared::world::Random = &SystemRandom;
        let folder = std::env::temp_dir().join(format!("bridge-file-{}", random.letters_and_digits(12)));
        fs::create_dir(&folder).expect("a new folder");
        sandbox.set("BRIDGE_FILE", folder.join("bridge.db").to_string_lossy());
        sandbox.set("BRIDGE_LISTEN", "127.0.0.1:0");
        let (process, address) = serve(&sandbox);
        let address = address.expect("an address");
        sandbox.connect(&address).await.expect("both ends know the bridge");
        Self { sandbox, address, process, folder, client: reqwest::Client::new() }
    }

    fn file(&self) -> PathBuf {
        self.folder.join("bridge.db")
    }

    /// `/health`: the status, and the code of what is wrong.
    async fn health(&self) -> (u16, String) {
        let answer = self.client.get(format!("{}/health", self.address)).send().await.expect("an answer");
        (answer.status().as_u16(), code(&answer.text().await.expect("a body")))
    }

    /// Waits until `/health` says so.
    async fn until(&self, expected: (u16, &str)) {
        let began = Instant::now();
        loop {
            let (status, code) = self.health().await;
            if (status, code.as_str()) == expected {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{status} {code}, not {expected:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn post(&self, path: &str) -> (u16, String) {
        let answer = self.client.post(format!("{}{path}", self.address)).body("{}").send().await;
        let answer = answer.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    }

    /// Files a request; whether the bridge took it.
    async fn file_request(&self) -> bool {
        let people = self.sandbox.dataphin.settings().people;
        let request = Request::of(Kind::TablePermission).asked_by(people[0].clone());
        self.sandbox.dataphin.file(request.then(Operator::Or, [people[1].clone()])).await.answer.accepted()
    }

    /// Every door that hands something over is closed, and says why to whoever reads.
    async fn refuses(&self, expected: &str) {
        let instances = self.sandbox.dingtalk.instances().len();
        for path in ["/dataphin/bpms/processinstance/create", "/dingtalk/callback"] {
            let (status, body) = self.post(path).await;
            assert_eq!((status, code(&body).as_str()), (503, expected), "{path}: {body}");
            assert!(body.contains("审批桥"), "in Chinese, too: {body}");
        }
        let (_, body) = self.post("/dataphin/bpms/check/connect").await;
        let shown: Value = serde_json::from_str(&body).expect("JSON");
        assert!(shown["checkResult"].as_str().is_some_and(|it| it.contains(expected)), "{body}");
        assert!(!self.file_request().await);
        assert_eq!(self.sandbox.dingtalk.instances().len(), instances, "DingTalk is not asked");
    }

    /// What `bridge doctor`, run beside, finds wrong: check, code and fix of each failure.
    async fn doctor(&self, arguments: &[&str]) -> Vec<(String, String, String)> {
        let listen = self.address.trim_start_matches("http://");
        let mut command = Command::new(env!("CARGO_BIN_EXE_bridge"));
        command.arg("doctor").args(arguments).arg("--json").envs(self.sandbox.variables());
        command.env("BRIDGE_LISTEN", listen).env_remove("BRIDGE_PUBLIC_URL");
        let output = tokio::task::spawn_blocking(move || command.output().expect("it runs")).await;
        let said: Value = serde_json::from_slice(&output.expect("it ends").stdout).expect("JSON");
        let findings = said["findings"].as_array().expect("findings").clone();
        let failed = findings.into_iter().filter(|finding| finding["outcome"] == "failed");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        failed.map(|it| (text(&it["id"]), text(&it["code"]), text(&it["mend"]["en"]))).collect()
    }

    /// The doctor names this, in the full list and in the quick one, and nothing else.
    async fn is_named(&self, code: &str, fix: &str) {
        for arguments in [["--quick"].as_slice(), &[]] {
            let failed = self.doctor(arguments).await;
            let [(check, found, said)] = &failed[..] else { panic!("not one failure: {failed:?}") };
            assert_eq!((check.as_str(), found.as_str()), ("store", code), "{failed:?}");
            assert!(said.contains(fix), "{said}");
        }
    }

    /// So many bytes a file may have from now on.
    fn limit(&self, bytes: Option<u64>) {
        let pid = Pid::from_child(&self.process);
        prlimit(Some(pid), Resource::Fsize, Rlimit { current: bytes, maximum: None }).expect("a limit");
    }

    fn marks(&self) -> i64 {
        let file = rusqlite::Connection::open(self.file()).expect("the file");
        file.query_row("SELECT mark FROM bridge_check", [], |row| row.get(0)).expect("a mark")
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Starts it; gives its address, if it comes up.
fn serve(sandbox: &Sandbox) -> (Child, Option<String>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bridge"));
    command.arg("serve").envs(sandbox.variables()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().expect("the bridge starts");
    let mut first = String::new();
    let output = process.stdout.take().expect("an output");
    BufReader::new(output).read_line(&mut first).expect("a first line");
    let address = first.trim().rsplit(' ').next().filter(|address| !address.is_empty());
    (process, address.map(str::to_owned))
}

fn code(body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap_or_else(|_| json!({"code": body.trim()}));
    body["code"].as_str().expect("a code").to_owned()
}

/// Zeros instead of all but the first page.
fn zero(path: &Path) {
    let mut file = fs::OpenOptions::new().write(true).open(path).expect("the file");
    let length = file.metadata().expect("a length").len();
    let page = 4096;
    file.seek(SeekFrom::Start(page)).expect("a place");
    let zeros = usize::try_from(length.saturating_sub(page)).expect("a small file");
    file.write_all(&vec![0; zeros]).expect("zeros");
}

/// Moves what is in the log into the file.
fn checkpoint(path: &Path) {
    let file = rusqlite::Connection::open(path).expect("the file");
    file.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("a checkpoint");
}

#[tokio::test]
async fn a_file_that_is_taken_away_closes_the_doors_until_it_is_back() {
    let site = Site::start().await;
    assert!(site.file_request().await);
    site.until((200, "ok")).await;
    let away = site.folder.join("away.db");
    fs::rename(site.file(), &away).expect("it is moved");
    site.refuses("data-file-deleted").await;
    site.until((503, "data-file-deleted")).await;
    site.is_named("data-file-deleted", "back, or restore the backup").await;
    assert!(!site.file().exists(), "the doctor makes none");
    fs::rename(&away, site.file()).expect("it is moved back");
    site.until((200, "ok")).await;
    assert!(site.file_request().await, "and the bridge goes on");
    assert_eq!(site.doctor(&[]).await, [], "a healthy file is no alarm");
}

#[tokio::test]
async fn a_log_that_is_deleted_closes_the_doors_too() {
    let site = Site::start().await;
    fs::remove_file(site.folder.join("bridge.db-wal")).expect("it is deleted");
    site.refuses("data-file-deleted").await;
}

#[tokio::test]
async fn another_file_in_its_place_closes_the_doors() {
    let site = Site::start().await;
    let other = site.folder.join("other.db");
    fs::copy(site.file(), &other).expect("a copy");
    fs::rename(&other, site.file()).expect("the copy takes its place");
    site.refuses("data-file-replaced").await;
    site.until((503, "data-file-replaced")).await;
    site.is_named("data-file-replaced", "put the right file in place").await;
}

#[tokio::test]
async fn zeros_in_the_file_close_the_doors_and_a_restart_refuses_it() {
    let mut site = Site::start().await;
    assert!(site.file_request().await);
    checkpoint(&site.file());
    zero(&site.file());
    site.until((503, "data-file-damaged")).await;
    site.is_named("data-file-damaged", "restore the last backup").await;
    site.refuses("data-file-damaged").await;
    site.process.kill().expect("it ends");
    site.process.wait().expect("it has ended");
    let (mut again, address) = serve(&site.sandbox);
    assert_eq!(address, None, "it does not serve a damaged file");
    let mut said = String::new();
    again.stderr.take().expect("a log").read_to_string(&mut said).expect("text");
    assert!(!again.wait().expect("it ends").success());
    assert!(said.contains("bridge.db"), "{said}");
}

#[tokio::test]
async fn an_older_copy_written_over_the_file_closes_the_doors() {
    let site = Site::start().await;
    checkpoint(&site.file());
    let older = site.folder.join("older.db");
    fs::copy(site.file(), &older).expect("a copy");
    assert!(site.file_request().await);
    site.until((200, "ok")).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    site.until((200, "ok")).await;
    checkpoint(&site.file());
    let bytes = fs::read(&older).expect("the copy");
    let mut file = fs::OpenOptions::new().write(true).truncate(true).open(site.file()).expect("the file");
    file.write_all(&bytes).expect("it is written over");
    let began = Instant::now();
    while site.health().await.0 == 200 {
        assert!(began.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(!site.file_request().await);
}

#[tokio::test]
async fn a_full_disk_closes_the_doors_until_there_is_room() {
    let site = Site::start().await;
    assert!(site.file_request().await);
    site.limit(Some(4096));
    site.until((503, "disk-full")).await;
    site.is_named("disk-full", "free space").await;
    site.refuses("disk-full").await;
    site.limit(None);
    site.until((200, "ok")).await;
    assert!(site.file_request().await, "and the bridge goes on");
}

#[tokio::test]
async fn a_flood_of_health_checks_is_no_flood_of_writes() {
    let site = Site::start().await;
    let (began, before) = (Instant::now(), site.marks());
    for _ in 0..20 {
        let asked = (0..25).map(|_| site.client.get(format!("{}/health", site.address)).send());
        for answer in asked.collect::<Vec<_>>() {
            assert!(answer.await.expect("an answer").status().is_success());
        }
    }
    let allowed = i64::try_from(began.elapsed().as_secs()).expect("a short time") + 2;
    assert!(site.marks() - before <= allowed, "{} marks", site.marks() - before);
}
