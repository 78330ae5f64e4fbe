//! `bridge doctor` as an operator meets it: beside a running bridge, before the first start, with half a configuration.

#![allow(clippy::expect_used, clippy::panic)]

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::{Command, Output},
};

use bridge::{
    host::{Host, Storage},
    sandbox::{Sandbox, SandboxSettings},
};
use serde_json::Value;
use shared::world::{SystemRandom, World};
use tokio::net::TcpListener;

const BRIDGE: &str = env!("CARGO_BIN_EXE_bridge");
const OPERATOR_TOKEN: &str = "operator-of-the-tests-81";

/// A site whose bridge runs over a data file, and the variables to look at it with.
struct Place {
    sandbox: Sandbox,
    variables: BTreeMap<String, String>,
    folder: PathBuf,
    _host: Option<Host>,
}

impl Place {
    async fn new(started: bool) -> Self {
        let mut sandbox =
            Sandbox::start(&World::real(), SandboxSettings::default()).await.expect("the simulators start");
        let random: &dyn shared::world::Random = &SystemRandom;
        let folder = std::env::temp_dir().join(format!("bridge-doctor-{}", random.letters_and_digits(12)));
        std::fs::create_dir(&folder).expect("a new folder");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        sandbox.set("BRIDGE_FILE", folder.join("bridge.db").to_string_lossy());
        sandbox.set("BRIDGE_OPERATOR_TOKEN", OPERATOR_TOKEN);
        if started {
            sandbox.set("BRIDGE_PUBLIC_URL", &address);
        }
        let host = if started {
            let config = sandbox.config().expect("a configuration");
            let host = Host::start(&config, Storage::Configured, World::real(), listener).await;
            sandbox.connect(&address).await.expect("DingTalk accepts the address");
            Some(host.expect("the bridge starts"))
        } else {
            None
        };
        let variables = sandbox.variables().iter();
        let variables = variables.map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Self { sandbox, variables, folder, _host: host }
    }

    async fn run(&self, arguments: &[&str], changes: &[(&str, &str)]) -> Output {
        let mut command = Command::new(BRIDGE);
        command.args(arguments).env_clear().envs(&self.variables).envs(changes.iter().copied());
        for (name, _) in changes.iter().filter(|(_, value)| value.is_empty()) {
            command.env_remove(name);
        }
        tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("it ends")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn findings(output: &Output) -> Vec<(String, String)> {
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let word = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    let findings = answer["findings"].as_array().expect("findings");
    findings.iter().map(|finding| (word(finding, "id"), word(finding, "outcome"))).collect()
}

#[tokio::test]
async fn a_healthy_bridge_is_looked_at_while_it_runs() {
    let place = Place::new(true).await;
    let output = place.run(&["doctor"], &[]).await;
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("✓ Store:"), "{}", text(&output));
    assert!(text(&output).contains("✓ Callback address:"), "{}", text(&output));
    let output = place.run(&["doctor", "--quick", "--json"], &[]).await;
    assert!(output.status.success() && findings(&output).iter().all(|(_, outcome)| outcome != "failed"));
}

#[tokio::test]
async fn before_the_first_start_nothing_is_made_and_nothing_is_wrong() {
    let place = Place::new(false).await;
    let output = place.run(&["doctor"], &[]).await;
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("is made at the first start"), "{}", text(&output));
    assert_eq!(std::fs::read_dir(&place.folder).expect("a folder").count(), 0, "nothing was made");
    let output = place.run(&["doctor"], &[("BRIDGE_FILE", "/no/such/folder/bridge.db")]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output).contains("✗ Store\n") && text(&output).contains("cannot be made"),
        "{}",
        text(&output)
    );
}

#[tokio::test]
async fn a_file_that_is_no_data_file_is_named() {
    let place = Place::new(false).await;
    let file = place.folder.join("bridge.db");
    std::fs::write(&file, "this is no database, but a text of some length\n".repeat(50)).expect("a file");
    let output = place.run(&["doctor", "--json"], &[]).await;
    assert_eq!(output.status.code(), Some(1));
    let failed: Vec<_> = findings(&output).into_iter().filter(|(_, outcome)| outcome == "failed").collect();
    assert_eq!(failed, [("store".to_owned(), "failed".to_owned())], "{}", text(&output));
}

#[tokio::test]
async fn with_half_a_configuration_the_rest_is_checked_all_the_same() {
    let place = Place::new(true).await;
    let changes = [
        ("DINGTALK_CALLBACK_AES_KEY", "tooShort"),
        ("DATAPHIN_CALLBACK_URL", ""),
        ("DINGTALK_APP_SECRET", "not-the-secret"),
    ];
    let output = place.run(&["doctor", "--json"], &changes).await;
    assert_eq!(output.status.code(), Some(1));
    let failed: Vec<_> =
        findings(&output).into_iter().filter(|(_, outcome)| outcome == "failed").map(|(id, _)| id).collect();
    assert_eq!(failed, ["configuration", "configuration", "credentials"], "{}", text(&output));
    assert!(text(&output).contains("it has 8"), "{}", text(&output));
    let mut none = Command::new(BRIDGE);
    none.arg("doctor").env_clear().current_dir(&place.folder);
    let output = tokio::task::spawn_blocking(move || none.output().expect("it runs")).await.expect("it ends");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output).matches('✗').count(), 1, "{}", text(&output));
    assert!(text(&output).contains("nothing is configured"), "{}", text(&output));
    assert!(text(&output).contains("DINGTALK_APP_KEY"), "{}", text(&output));
}

#[tokio::test]
async fn the_doctor_speaks_the_language_of_its_environment_and_ends_with_what_to_do_first() {
    let place = Place::new(false).await;
    let broken = ("BRIDGE_FILE", "/no/such/folder/bridge.db");
    let output = place.run(&["doctor"], &[broken, ("LANG", "zh_CN.UTF-8")]).await;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(printed.contains("✗ 存储\n") && printed.contains("修复："), "{printed}");
    assert!(printed.lines().last().is_some_and(|last| last.starts_with("请先处理「存储」")), "{printed}");
    assert!(
        !printed.contains("cannot be made") && text(&output).contains("项检查未通过"),
        "{}",
        text(&output)
    );
    let output = place.run(&["doctor"], &[broken, ("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C")]).await;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        printed.lines().last().is_some_and(|last| last.starts_with("Do this first (Store):")),
        "{printed}"
    );
    assert!(!printed.contains('存'), "{printed}");
    let output = place.run(&["doctor"], &[]).await;
    assert!(String::from_utf8_lossy(&output.stdout).ends_with("Nothing to do.\n"), "{}", text(&output));
}

#[tokio::test]
async fn what_keeps_the_bridge_from_starting_is_named_once() {
    let place = Place::new(false).await;
    let nowhere = "http://127.0.0.1:9";
    let failed = async |changes: &[(&str, &str)]| {
        let changes = [changes, &[("BRIDGE_PUBLIC_URL", nowhere)]].concat();
        let output = place.run(&["doctor", "--json"], &changes).await;
        let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let findings = answer["findings"].as_array().expect("findings").clone();
        findings.into_iter().filter(|finding| finding["outcome"] == "failed").collect::<Vec<_>>()
    };
    let ids = |failed: &[Value]| {
        failed.iter().map(|it| it["id"].as_str().unwrap_or("?").to_owned()).collect::<Vec<_>>()
    };
    let stopped = failed(&[]).await;
    assert_eq!(ids(&stopped), ["callback"], "{stopped:#?}");
    assert!(
        stopped[0]["mend"]["en"].as_str().expect("words").starts_with("start `bridge serve`"),
        "{stopped:#?}"
    );
    for changes in [
        ("DATAPHIN_ACCESS_TOKEN", ""),
        ("DATAPHIN_CA_FILE", "/no/such/file.pem"),
        ("BRIDGE_FILE", "/no/such/folder/bridge.db"),
    ] {
        let failed = failed(&[changes]).await;
        assert_eq!(failed.len(), 1, "{changes:?}: {failed:#?}");
        assert!(!failed[0]["cause"].to_string().contains("is the file"), "{failed:#?}");
    }
}

#[tokio::test]
async fn credentials_that_are_missing_for_dynamodb_are_one_sentence() {
    let place = Place::new(false).await;
    let changes = [
        ("BRIDGE_DYNAMODB_ENDPOINT", "http://127.0.0.1:9"),
        ("BRIDGE_PUBLIC_URL", "http://127.0.0.1:9"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    let output = place.run(&["doctor"], &changes).await;
    assert_eq!(text(&output).matches('✗').count(), 1, "{}", text(&output));
    let serve =
        place.run(&["serve"], &[changes.as_slice(), &[("BRIDGE_LISTEN", "127.0.0.1:0")]].concat()).await;
    for output in [&output, &serve] {
        assert!(text(output).contains("there are no AWS credentials"), "{}", text(output));
        assert!(
            text(output).contains("AWS_ACCESS_KEY_ID") && !text(output).contains("Error("),
            "{}",
            text(output)
        );
    }
    assert_eq!(String::from_utf8_lossy(&serve.stderr).lines().count(), 1, "{}", text(&serve));
    let signed = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];
    let output = place.run(&["doctor"], &[changes.as_slice(), &signed].concat()).await;
    assert_eq!(text(&output).matches('✗').count(), 1, "{}", text(&output));
    assert!(
        text(&output).contains("fix: start the DynamoDB that BRIDGE_DYNAMODB_ENDPOINT names"),
        "{}",
        text(&output)
    );
}

#[tokio::test]
async fn no_secret_is_in_any_printed_text() {
    let place = Place::new(true).await;
    let wrong: [&[(&str, &str)]; 7] = [
        &[],
        &[("DINGTALK_APP_SECRET", "a-wrong-secret-of-somebody")],
        &[("DINGTALK_CALLBACK_TOKEN", "“a-wrong-token”")],
        &[("DINGTALK_CALLBACK_AES_KEY", "a-wrong-key-that-is-too-short")],
        &[("DATAPHIN_ACCESS_TOKEN", "your-wrong-access-token")],
        &[("DATAPHIN_CALLBACK_AES_KEY", "Zt4Qm8Wk2Xc6Vb1Nn5Lp9Rs3Ty7Uh0Gj2Fd4Sa6Qe8i")],
        &[("BRIDGE_OPERATOR_TOKEN", "short"), ("DINGTALK_APPSECRET", "a-secret-under-a-wrong-name")],
    ];
    let mut printed = String::new();
    for changes in wrong {
        for arguments in [["doctor", "--json"].as_slice(), &["doctor"]] {
            printed += &text(&place.run(arguments, changes).await);
        }
    }
    place.sandbox.dingtalk.deny(simulators::dingtalk::permissions::INSTANCE_WRITE);
    printed += &place.sandbox.dataphin.test_connection().await.message;
    let names = [
        "DINGTALK_APP_SECRET",
        "DINGTALK_CALLBACK_TOKEN",
        "DINGTALK_CALLBACK_AES_KEY",
        "DATAPHIN_ACCESS_TOKEN",
        "DATAPHIN_CALLBACK_AES_KEY",
        "BRIDGE_OPERATOR_TOKEN",
    ];
    let set = names.map(|name| place.variables[name].as_str());
    let typed = wrong
        .iter()
        .copied()
        .flatten()
        .map(|(_, value)| value.trim_matches(['“', '”']))
        .filter(|it| *it != "short");
    for secret in set.into_iter().chain(typed) {
        assert!(!printed.contains(secret), "{secret} is printed");
    }
    assert!(printed.contains("is wrapped in quotes") && printed.contains("placeholder"), "{printed}");
}
