//! `bridge probe dataphin` as an operator meets it: it finds the profile, and gives no secret away.

#![allow(clippy::expect_used)]

mod stored;

use std::process::{Command, Output};

use serde_json::Value;
use shared::{
    approval::{ApplyId, ApprovalKey, Source, Tenant},
    world::World,
};
use simulators::dataphin::{Profile, Request, RequestState, Settings, Simulator};

const TOKEN: &str = "s3cret+token";
const KEY: &str = "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij";

async fn dataphin(profile: Profile) -> Simulator {
    let settings = Settings {
        access_token: TOKEN.to_owned(),
        aes_key: KEY.to_owned(),
        profile,
        encrypted_answer: true,
        ..Settings::default()
    };
    Simulator::start(World::real(), settings).await.expect("the simulator starts")
}

/// Runs `bridge probe dataphin` with Dataphin's variables only, changed so.
async fn probe(dataphin: &Simulator, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bridge"));
    command.env_clear().args(["probe", "dataphin"]).args(arguments);
    command.env("DATAPHIN_CALLBACK_URL", dataphin.callback_url());
    command.envs([("DATAPHIN_ACCESS_TOKEN", TOKEN), ("DATAPHIN_CALLBACK_AES_KEY", KEY)]);
    // An empty variable is one that is not set.
    command.envs(variables.iter().copied());
    let run = tokio::task::spawn_blocking(move || command.output()).await.expect("it ends");
    let output = run.expect("the bridge runs");
    let (out, error) = texts(&output);
    for secret in [TOKEN, "s3cret", &KEY[..42]] {
        assert!(!out.contains(secret) && !error.contains(secret), "{secret}: {out} {error}");
    }
    output
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (text(&output.stdout), text(&output.stderr))
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The setting that speaks a profile of Dataphin's.
fn setting(profile: Profile) -> &'static str {
    match profile {
        Profile::AesCbcPrefixed => r#"{"base":"aes-cbc","iv":"prefixed"}"#,
        Profile::AesCbcZero => r#"{"base":"aes-cbc","iv":"zero"}"#,
        built_in => built_in.word(),
    }
}

#[tokio::test]
async fn whatever_profile_dataphin_wants_is_found_and_nothing_is_decided() {
    for profile in Profile::ALL {
        let dataphin = dataphin(profile).await;
        dataphin.file(Request::default().with_id("1223")).await;
        let output = probe(&dataphin, &[], &["--json"]).await;
        assert!(output.status.success(), "{profile:?}");
        let found = json(&output);
        assert_eq!(found["set"], setting(profile));
        let tried = found["tried"].as_array().expect("a list");
        let accepted: Vec<&Value> = tried.iter().filter(|one| one["accepted"] == true).collect();
        assert_eq!((tried.len(), accepted.len()), (6, 1), "{profile:?}");
        assert_eq!(accepted[0]["cause"], "closed-already");
        assert_eq!(dataphin.counts().accepted, 0);
    }
}

#[tokio::test]
async fn request_answer_and_advice_are_shown() {
    let dataphin = dataphin(Profile::AesCbcZero).await;
    let output = probe(&dataphin, &[], &[]).await;
    let (out, _) = texts(&output);
    assert_eq!(output.status.code(), Some(0));
    for shown in [
        "=== encrypted\nPOST http://127.0.0.1:",
        "?signature=***&timestamp=1",
        "?accessToken=***&timestamp=1",
        "{\"encrypt\":\"",
        "(encrypted: {\"applyId\":\"bridge-test-",
        "--- HTTP 404 after ",
        "\"code\":\"DPN.OA.ApplyNotExist\"",
        "aes-ecb                             refused   HTTP 400, code DPN.OA.DecryptFailed",
        "{\"base\":\"aes-cbc\",\"iv\":\"zero\"}      ACCEPTED  understood",
        "Set DATAPHIN_CALLBACK_PROFILE='{\"base\":\"aes-cbc\",\"iv\":\"zero\"}'",
    ] {
        assert!(out.contains(shown), "{shown}\n{out}");
    }
}

#[tokio::test]
async fn a_setting_that_is_right_already_is_said_to_be() {
    let dataphin = dataphin(Profile::Plain).await;
    let variables = [("DATAPHIN_CALLBACK_PROFILE", "plain"), ("DATAPHIN_CALLBACK_AES_KEY", "")];
    let output = probe(&dataphin, &variables, &["--profile", "plain"]).await;
    assert!(output.status.success());
    assert!(texts(&output).0.contains("DATAPHIN_CALLBACK_PROFILE is right as it is: plain"));
}

#[tokio::test]
async fn a_request_made_for_the_test_is_decided_as_told() {
    for (word, state) in [
        ("approved", RequestState::Approved),
        ("rejected", RequestState::Rejected),
        ("withdrawn", RequestState::Revoked),
    ] {
        let dataphin = dataphin(Profile::AesEcb).await;
        dataphin.file(Request::default().with_id("1223")).await;
        let arguments = ["--apply-id", "1223", "--result", word, "--tenant", "100000001", "--json"];
        let found = json(&probe(&dataphin, &[], &arguments).await);
        assert_eq!((&found["set"], &found["tried"][5]["cause"]), (&"aes-ecb".into(), &"confirmed".into()));
        assert_eq!(dataphin.request("1223").expect("the request").state, state);
    }
}

#[tokio::test]
async fn a_missing_key_is_reported_and_the_rest_is_tried() {
    let dataphin = dataphin(Profile::Plain).await;
    let output = probe(&dataphin, &[("DATAPHIN_CALLBACK_AES_KEY", "")], &[]).await;
    let (out, _) = texts(&output);
    assert!(output.status.success(), "{out}");
    assert!(out.contains("--- not sent\n--> refused   DATAPHIN_CALLBACK_AES_KEY is missing"), "{out}");
    assert!(out.contains("Set DATAPHIN_CALLBACK_PROFILE=plain"), "{out}");
}

#[tokio::test]
async fn without_any_acceptance_it_fails_and_says_what_to_mend() {
    let right = dataphin(Profile::Encrypted).await;
    let elsewhere = format!("{}/elsewhere", right.url());
    let keyless = ("DATAPHIN_CALLBACK_AES_KEY", "");
    let other_key = "A".repeat(43);
    let gone = {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        format!("http://{}/", listener.local_addr().expect("an address"))
    };
    for (variables, cause, words) in [
        (
            vec![("DATAPHIN_CALLBACK_AES_KEY", other_key.as_str())],
            "not-understood",
            "DATAPHIN_CALLBACK_AES_KEY",
        ),
        (vec![("DATAPHIN_ACCESS_TOKEN", "guessed")], "unauthorized", "DATAPHIN_ACCESS_TOKEN"),
        (vec![("DATAPHIN_CALLBACK_URL", elsewhere.as_str())], "not-found", "Something else answers"),
        (vec![("DATAPHIN_CALLBACK_URL", gone.as_str())], "not-reached", "cannot be reached"),
        (vec![keyless], "not-made", "was not tried: set it"),
    ] {
        let output = probe(&right, &variables, &["--json", "--profile", "encrypted"]).await;
        assert_eq!(output.status.code(), Some(1), "{cause}");
        let found = json(&output);
        assert_eq!((&found["tried"][0]["cause"], &found["set"]), (&cause.into(), &Value::Null), "{cause}");
        assert!(found["advice"].as_str().expect("words").contains(words), "{found}");
    }
}

#[tokio::test]
async fn a_site_that_says_yes_to_anything_is_not_believed() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback("ok")).await });
    let dataphin = dataphin(Profile::Plain).await;
    let variables = [("DATAPHIN_CALLBACK_URL", url.as_str())];
    let found = json(&probe(&dataphin, &variables, &["--json"]).await);
    assert_eq!(found["set"], Value::Null);
    assert!(found["advice"].as_str().expect("words").contains("took several alike: encrypted, plain"));
    let (out, _) = texts(&probe(&dataphin, &variables, &["--profile", "aes-ecb"]).await);
    assert!(out.contains("Set DATAPHIN_CALLBACK_PROFILE=aes-ecb\nIt confirmed a request that cannot exist"));
}

#[tokio::test]
async fn what_is_wrong_with_the_variables_or_a_profile_is_named_before_anything_is_sent() {
    let dataphin = dataphin(Profile::Encrypted).await;
    let output = probe(&dataphin, &[("DATAPHIN_ACCESS_TOKEN", "")], &[]).await;
    let (_, error) = texts(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains("DATAPHIN_ACCESS_TOKEN") && !error.contains("DINGTALK"), "{error}");
    let output = probe(&dataphin, &[], &["--profile", r#"{"base":"aes-ecb","iv":"zero"}"#]).await;
    assert!(texts(&output).1.contains("iv belongs to the cipher aes-cbc"));
    assert_eq!(dataphin.refused_calls(), []);
}

/// Something that answers callbacks like this; gives its address.
async fn answering(answer: fn(&Value) -> (u16, String)) -> String {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let answer = move |body: String| {
        let (status, text) = answer(&serde_json::from_str(&body).unwrap_or_default());
        std::future::ready((axum::http::StatusCode::from_u16(status).expect("a status"), text))
    };
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await });
    url
}

#[tokio::test]
async fn the_profile_whose_answer_differs_is_found_and_so_are_its_words() {
    let url = answering(|message| {
        let no = |text: &str| (200, format!(r#"{{"success":false,"message":"{text}"}}"#));
        match message["result"].as_str() {
            None => no("cannot decrypt"),
            Some("AGREE" | "REJECT" | "REVOKE") => no("no"),
            Some(_) => no("the result has an illegal value"),
        }
    })
    .await;
    let dataphin = dataphin(Profile::Plain).await;
    let found = json(&probe(&dataphin, &[("DATAPHIN_CALLBACK_URL", &url)], &["--json"]).await);
    let set: Value = serde_json::from_str(found["set"].as_str().expect("a setting")).expect("JSON");
    assert_eq!((&set["base"], &set["results"]["rejected"]), (&"plain".into(), &"REJECT".into()), "{found}");
    assert!(found["advice"].as_str().expect("words").contains("differs from all others"), "{found}");
}

#[tokio::test]
async fn a_server_that_is_broken_is_called_broken() {
    let url = answering(|_| (500, r#"{"status":500,"error":"Internal Server Error"}"#.to_owned())).await;
    let dataphin = dataphin(Profile::Plain).await;
    let output = probe(&dataphin, &[("DATAPHIN_CALLBACK_URL", &url)], &["--json"]).await;
    let found = json(&output);
    assert_eq!((output.status.code(), &found["set"]), (Some(1), &Value::Null));
    assert!(found["advice"].as_str().expect("words").contains("it is broken"), "{found}");
}

#[tokio::test]
async fn an_unclear_answer_to_a_real_request_is_proposed_to_be_accepted() {
    let url = answering(|_| (200, String::new())).await;
    let dataphin = dataphin(Profile::Plain).await;
    let variables = [("DATAPHIN_CALLBACK_URL", url.as_str())];
    let output = probe(&dataphin, &variables, &["--profile", "plain", "--apply-id", "1"]).await;
    let (out, _) = texts(&output);
    let setting = r#"DATAPHIN_CALLBACK_PROFILE='{"accepts":[{"body":"","status":200}],"base":"plain"}'"#;
    assert!(out.contains(setting) && out.contains("unclear   answered, but not with a yes"), "{out}");
    let found = json(&probe(&dataphin, &variables, &["--profile", "plain", "--json"]).await);
    assert_eq!(
        (&found["set"], &found["accept"]),
        (&Value::Null, &Value::Null),
        "of a request that cannot exist"
    );
}

#[tokio::test]
async fn no_other_word_follows_one_that_may_have_decided_the_request() {
    let url = answering(|message| match message["result"].as_str() {
        None => (200, r#"{"success":false,"message":"cannot decrypt"}"#.to_owned()),
        Some("refuse") => (200, r#"{"foo":1}"#.to_owned()),
        Some(_) => (200, r#"{"success":false,"message":"the request has already been handled"}"#.to_owned()),
    })
    .await;
    let dataphin = dataphin(Profile::Plain).await;
    let variables = [("DATAPHIN_CALLBACK_URL", url.as_str())];
    let real = ["--apply-id", "1", "--json"];
    let found = json(&probe(&dataphin, &variables, &real).await);
    assert_eq!(found["tried"].as_array().map(Vec::len), Some(6), "no other words: {found}");
    assert_eq!(found["set"], "plain");
    assert!(found["advice"].as_str().expect("words").contains("Look at the request in Dataphin"), "{found}");
    let other = r#"{"base":"plain","results":{"rejected":"REJECT"}}"#;
    let both = ["--profile", "plain", "--profile", other, "--apply-id", "1"];
    let (out, _) = texts(&probe(&dataphin, &variables, &both).await);
    assert!(out.contains("not sent: another word was sent"), "{out}");
}

#[tokio::test]
async fn a_yes_to_anything_of_a_real_request_is_not_answered_with_what_was_just_done() {
    let url = answering(|_| (200, "success".to_owned())).await;
    let dataphin = dataphin(Profile::Plain).await;
    let variables = [("DATAPHIN_CALLBACK_URL", url.as_str())];
    let (out, _) = texts(&probe(&dataphin, &variables, &["--apply-id", "1"]).await);
    assert!(out.contains("its yes proves nothing") && out.contains("make a new request for each"), "{out}");
}

#[tokio::test]
async fn a_real_request_is_told_of_with_our_id_of_it_and_its_approver() {
    let key = ApprovalKey {
        source: Source::Dataphin,
        tenant: Tenant::new("100000001"),
        apply_id: ApplyId::new("1223"),
    };
    for (more, instance) in [(&[][..], key.id().to_string()), (&["--instance-id", "own"], "own".to_owned())] {
        let dataphin = dataphin(Profile::Plain).await;
        dataphin.file(Request::default().with_id("1223")).await;
        let arguments =
            [&["--apply-id", "1223", "--tenant", "100000001", "--approver", "zhang"], more].concat();
        assert!(probe(&dataphin, &[], &arguments).await.status.success());
        let told = dataphin.ledger("1223").swap_remove(0);
        assert_eq!(told.process_instance_id, Some(instance));
        assert_eq!(told.approve_user.expect("an approver").user_source_id, "zhang");
    }
}
