//! The `bridge` binary as an operator meets it.

#![allow(clippy::expect_used, clippy::panic)]

use std::{
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use bridge::sandbox::{Sandbox, SandboxSettings};
use serde_json::Value;
use shared::{
    dingtalk::crypto::AesKey,
    world::{SystemRandom, World},
};
use simulators::dataphin::{Kind, Operator, Request};

const BRIDGE: &str = env!("CARGO_BIN_EXE_bridge");

/// A process that ends with its test at the latest, however that ends.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `bridge serve` between two simulators, with everything it logs kept.
struct Serve {
    sandbox: Sandbox,
    address: String,
    process: Process,
    log: std::thread::JoinHandle<String>,
    folder: PathBuf,
}

impl Serve {
    async fn start() -> Self {
        let mut sandbox =
            Sandbox::start(&World::real(), SandboxSettings::default()).await.expect("the simulators start");
        let random: &dyn shared::world::Random = &SystemRandom;
        let folder = std::env::temp_dir().join(format!("bridge-serve-{}", random.letters_and_digits(12)));
        std::fs::create_dir(&folder).expect("a new folder");
        sandbox.set("BRIDGE_FILE", folder.join("bridge.db").to_string_lossy());
        sandbox.set("BRIDGE_LISTEN", "127.0.0.1:0");
        sandbox.set("BRIDGE_LOG", "trace");
        let child = Command::new(BRIDGE)
            .arg("serve")
            .envs(sandbox.variables())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the bridge starts");
        let mut process = Process(child);
        let mut stderr = process.0.stderr.take().expect("a log");
        let log = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).expect("the log is text");
            text
        });
        let mut first = String::new();
        let mut stdout = BufReader::new(process.0.stdout.take().expect("an output"));
        stdout.read_line(&mut first).expect("a first line");
        let address = first.trim().rsplit(' ').next().expect("an address");
        sandbox.connect(address).await.expect("both ends know the bridge");
        Self { sandbox, address: address.to_owned(), process, log, folder }
    }

    /// One round trip; gives the request's id.
    async fn round_trip(&self) -> String {
        let people = self.sandbox.dataphin.settings().people;
        let request =
            Request::of(Kind::TablePermission).titled("a telling title").because("a telling reason");
        let filed = self.sandbox.dataphin.file(request.then(Operator::Or, [people[1].clone()])).await;
        assert!(filed.answer.accepted(), "{}", filed.body());
        let todo = self.sandbox.dingtalk.todos(&people[1].user_source_id).pop().expect("a to-do");
        self.sandbox.dingtalk.agree(todo.task, "a telling comment").expect("they may agree");
        let told =
            tokio::time::timeout(Duration::from_mins(1), self.sandbox.dataphin.told(&filed.apply_id)).await;
        told.expect("Dataphin is told in time").expect("an outcome");
        filed.apply_id
    }

    /// The command line, beside the running bridge.
    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(BRIDGE).args(arguments).envs(self.sandbox.variables()).output().expect("it runs")
    }

    /// Asks it to stop as a service manager does; gives whether it ended well, and its log.
    fn stop(mut self) -> (bool, String) {
        let pid = self.process.0.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().expect("a signal");
        let ended = self.process.0.wait().expect("it ends");
        let log = self.log.join().expect("the log");
        let _ = std::fs::remove_dir_all(self.folder);
        (ended.success(), log)
    }
}

#[tokio::test]
async fn a_full_run_logs_no_secret_and_no_content() {
    let serve = Serve::start().await;
    let apply_id = serve.round_trip().await;
    let approval =
        serve.sandbox.dataphin.request(&apply_id).and_then(|request| request.process_instance_id());
    let variables = serve.sandbox.variables().clone();
    let token = dingtalk_token(&serve.sandbox).await;
    let (ended_well, log) = serve.stop();
    assert!(ended_well, "{log}");
    assert!(log.contains(&approval.expect("an approval")), "the log names the approval: {log}");
    let secrets = [
        "DINGTALK_APP_SECRET",
        "DINGTALK_CALLBACK_TOKEN",
        "DINGTALK_CALLBACK_AES_KEY",
        "DATAPHIN_ACCESS_TOKEN",
        "DATAPHIN_CALLBACK_AES_KEY",
    ];
    for secret in
        secrets.map(|name| variables[name].as_str()).into_iter().chain([token.as_str(), "a telling"])
    {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

/// Somebody has put the token where nobody looks for one.
#[tokio::test]
async fn a_token_in_a_wrong_place_does_not_reach_the_log() {
    let serve = Serve::start().await;
    let token = serve.sandbox.variables()["DATAPHIN_ACCESS_TOKEN"].clone();
    let encoded = token.bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat();
    let address = serve.address.clone();
    let client = reqwest::Client::new();
    for target in [
        format!("/dataphin/bpms/{token}"),
        format!("/dataphin/bpms/{encoded}/x"),
        format!("/dataphin/bpms/list?{token}"),
        format!("/dataphin/bpms/list?{token}=1&accessToken={token}"),
        format!("/dataphin/bpms/list?accessToken={token}&{encoded}"),
        format!("/{token}/operator/doctor"),
        format!("/operator/{token}"),
        format!("/operator/templates/try/{token}"),
        format!("/x/{token}/dingtalk/callback?{token}"),
    ] {
        let body = serde_json::json!({&token: "x", "applyId": token}).to_string();
        let answer = client.post(format!("{address}{target}")).body(body).send().await.expect("an answer");
        assert!(!answer.status().is_success(), "{target}");
    }
    let (ended_well, log) = serve.stop();
    assert!(ended_well, "{log}");
    assert!(log.contains("an undocumented call") && log.contains("wrong credentials"), "{log}");
    for spelling in [token.as_str(), encoded.as_str()] {
        assert!(!log.contains(spelling), "{log}");
    }
}

#[tokio::test]
async fn refusals_are_logged_by_their_number() {
    let serve = Serve::start().await;
    let client = reqwest::Client::new();
    for n in 0..10 {
        let url = format!("{}/dataphin/bpms/check/connect?accessToken=guess{n}", serve.address);
        client.post(url).send().await.expect("an answer");
    }
    let (_, log) = serve.stop();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("wrong credentials since")).collect();
    assert_eq!(lines.len(), 1, "the rest is for the next interval: {log}");
    assert!(lines[0].contains("address=\"127.0.0.1\" dataphin=1"), "{log}");
    assert!(!log.contains("connection test failed") && !log.contains("guess"), "{log}");
}

/// What a terminal would obey: to set its title, to clear it, to write backwards, to begin a line of its own.
const HOSTILE: &str = "a telling\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e} title\r\nstatus    delivered";

#[tokio::test]
async fn what_people_wrote_is_shown_harmlessly() {
    let serve = Serve::start().await;
    let person = serve.sandbox.dataphin.settings().people.swap_remove(0);
    let body = serde_json::json!({
        "applyId": "forged", "tenantId": "1", "title": HOSTILE, "content": HOSTILE, "applyReason": HOSTILE,
        "applyUserInfo": {"userSourceId": person.user_source_id, "userName": HOSTILE},
        "approveNodes": [{"approveUsers": [{"userSourceId": "nobody", "userName": HOSTILE}]}],
    });
    let token = &serve.sandbox.variables()["DATAPHIN_ACCESS_TOKEN"];
    let now = jiff::Timestamp::now().as_millisecond();
    let url =
        format!("{}/dataphin/bpms/processinstance/create?accessToken={token}&timestamp={now}", serve.address);
    let answer = reqwest::Client::new().post(url).body(body.to_string()).send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 422, "its approver is not in DingTalk");
    let mut printed = Vec::new();
    for arguments in [
        &["show", "forged"][..],
        &["show", "forged", "--json"],
        &["list", "refused"],
        &["doctor"],
        &["doctor", "--json"],
        &["template", "list"],
        &["template", "adopt", HOSTILE],
        &["show", HOSTILE],
    ] {
        let output = serve.run(arguments);
        printed.push([output.stdout, output.stderr].concat());
    }
    let json: Value = serde_json::from_slice(&printed[1]).expect("JSON");
    assert!(json[0]["title"].as_str().is_some_and(|title| title.contains("telling")), "{json}");
    let shown = String::from_utf8(printed[0].clone()).expect("text");
    assert!(shown.contains("telling"), "{shown}");
    assert!(!shown.lines().any(|line| line.starts_with("status    delivered")), "{shown}");
    let (_, log) = serve.stop();
    for text in printed.into_iter().map(|bytes| String::from_utf8(bytes).expect("text")).chain([log]) {
        let obeyed = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!text.contains(obeyed), "{text:?}");
    }
}

#[tokio::test]
async fn an_existing_data_file_is_closed_to_others_and_a_link_is_not_followed() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let serve = Serve::start().await;
    let (file, mode) = (serve.folder.join("bridge.db"), |path: &std::path::Path| {
        std::fs::metadata(path).expect("a file").permissions().mode() & 0o777
    });
    serve.round_trip().await;
    for name in ["bridge.db", "bridge.db-wal", "bridge.db-shm"] {
        let path = serve.folder.join(name);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("a mode");
        assert!(serve.run(&["list", "delivered"]).status.success());
        assert_eq!(mode(&path), 0o600, "{name}");
    }
    let link = serve.folder.join("link.db");
    symlink(&file, &link).expect("a link");
    let refused = Command::new(BRIDGE)
        .args(["list", "delivered"])
        .envs(serve.sandbox.variables())
        .env("BRIDGE_FILE", &link)
        .output();
    let refused = refused.expect("it runs");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("is a symbolic link"), "{said}");
    serve.stop();
}

#[tokio::test]
async fn a_short_operator_token_is_refused_and_other_short_tokens_are_warned_about() {
    let mut sandbox =
        Sandbox::start(&World::real(), SandboxSettings::default()).await.expect("the simulators start");
    sandbox.set("BRIDGE_FILE", "/nowhere/bridge.db");
    sandbox.set("BRIDGE_LISTEN", "127.0.0.1:0");
    sandbox.set("DATAPHIN_ACCESS_TOKEN", "short-1");
    sandbox.set("BRIDGE_OPERATOR_TOKEN", "fifteen-letters");
    let serve = |sandbox: &Sandbox| {
        let output = Command::new(BRIDGE).arg("serve").envs(sandbox.variables()).output().expect("it runs");
        assert!(!output.status.success(), "nor has it a data file");
        String::from_utf8(output.stderr).expect("text")
    };
    let said = serve(&sandbox);
    assert!(said.contains("BRIDGE_OPERATOR_TOKEN is too short") && said.contains("keygen"), "{said}");
    sandbox.set("BRIDGE_OPERATOR_TOKEN", "sixteen-letters-");
    let said = serve(&sandbox);
    assert!(said.contains("DATAPHIN_ACCESS_TOKEN has 7 characters") && !said.contains("short-1"), "{said}");
}

/// The token that the bridge has: asked for again, DingTalk gives the same.
async fn dingtalk_token(sandbox: &Sandbox) -> String {
    let variables = sandbox.variables();
    let body = serde_json::json!({"appKey": variables["DINGTALK_APP_KEY"], "appSecret": variables["DINGTALK_APP_SECRET"]});
    let url = format!("{}/v1.0/oauth2/accessToken", sandbox.dingtalk.url());
    let answer = reqwest::Client::new().post(url).json(&body).send().await.expect("an answer");
    let answer: Value = answer.json().await.expect("JSON");
    answer["accessToken"].as_str().expect("a token").to_owned()
}

#[tokio::test]
async fn show_tells_where_a_request_stands_while_the_bridge_runs() {
    let serve = Serve::start().await;
    let apply_id = serve.round_trip().await;
    let output = serve.run(&["show", &apply_id]);
    let text = String::from_utf8(output.stdout).expect("text");
    for part in
        ["a telling title", "decision  approved by Wang Wei: “a telling comment”", "asked DingTalk to create"]
    {
        assert!(text.contains(part), "{text}");
    }
    let output = serve.run(&["show", &apply_id, "--tenant", "100000001", "--json"]);
    let shown: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        (&shown[0]["applyId"], &shown[0]["decision"]["outcome"]),
        (&apply_id.into(), &"approved".into())
    );
    let unknown = serve.run(&["show", "nobody-knows"]);
    assert!(!unknown.status.success());
    assert_eq!(String::from_utf8_lossy(&unknown.stderr), "bridge: no request nobody-knows\n");
    serve.stop();
}

#[test]
fn without_configuration_every_missing_variable_is_named_at_once() {
    let output =
        Command::new(BRIDGE).arg("serve").env_clear().env("DINGTALK_CALLBACK_AES_KEY", "short").output();
    let output = output.expect("it runs");
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).expect("text");
    let required = [
        "DINGTALK_APP_KEY",
        "DINGTALK_APP_SECRET",
        "DINGTALK_CALLBACK_TOKEN",
        "DATAPHIN_ACCESS_TOKEN",
        "DATAPHIN_CALLBACK_URL",
        "DATAPHIN_CALLBACK_AES_KEY",
    ];
    for name in required {
        assert!(text.contains(&format!("{name} is missing")), "{name}: {text}");
    }
    assert!(text.contains("DINGTALK_CALLBACK_AES_KEY is wrong: expected 43"), "{text}");
    assert!(!text.contains("short"), "a value may be a secret");
}

#[test]
fn keygen_makes_a_token_and_a_key_that_the_console_takes() {
    let output = Command::new(BRIDGE).arg("keygen").output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("text");
    let [token, key, operator] = text.trim().lines().collect::<Vec<_>>()[..] else {
        panic!("three lines: {text}")
    };
    assert!(operator.strip_prefix("BRIDGE_OPERATOR_TOKEN=").is_some_and(|token| token.len() == 32));
    let token = token.strip_prefix("DINGTALK_CALLBACK_TOKEN=").expect("the token");
    assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let key = key.strip_prefix("DINGTALK_CALLBACK_AES_KEY=").expect("the key");
    assert!(key.parse::<AesKey>().is_ok() && key.bytes().all(|byte| byte.is_ascii_alphanumeric()));
}
