//! A secret or a parameter that cannot be used is named where the administrator looks.

use std::time::Instant;

use lambda_functions::{Function, Mood, Reply, Site};
use serde_json::{Value, json};

use crate::scene::{OPERATOR, PATIENCE, answered, check_result, errors, operator, token, until_logged};

/// It works again, in the same process.
async fn until_it_passes(function: &Function, token: &str) {
    let began = Instant::now();
    loop {
        let said = check_result(function, token).await;
        if said == "success" {
            return assert_eq!(function.starts(), 1, "nobody started it again");
        }
        assert!(began.elapsed() < PATIENCE, "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_not_handed_out_is_named_to_dataphin_and_to_the_operator_and_in_the_log() {
    let site = Site::start().await;
    for (mood, word) in [
        (Mood::Denied, "does not hand out BRIDGE_SECRET_ID (AccessDeniedException)"),
        (Mood::Prose, "the secret BRIDGE_SECRET_ID is no JSON object"),
        (Mood::Silent, "does not hand out BRIDGE_SECRET_ID now (no answer)"),
    ] {
        site.secret.set_mood(mood);
        let function = site.submit.beside("test-connection", &[]).await;
        let said = check_result(&function, &token(&site)).await;
        assert!(said.contains(word) && said.contains("[configuration, reference "), "{said}");
        until_logged(&function, word).await;
        let (status, said) = answered(&function, operator("doctor", OPERATOR)).await;
        assert!(status == 503 && said.contains(word), "nobody's token is known: {status} {said}");

        let known = site.submit.beside("test-connection", &[("BRIDGE_OPERATOR_TOKEN", OPERATOR)]).await;
        assert_eq!(answered(&known, operator("doctor", "another-token-of-81")).await.0, 401);
        let (status, said) = answered(&known, operator("doctor", OPERATOR)).await;
        let diagnosis: Value = serde_json::from_str(&said).expect("JSON");
        let failed: Vec<&Value> = diagnosis["findings"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|it| it["outcome"] == "failed")
            .collect();
        assert_eq!((status, failed.len()), (200, 1), "{diagnosis:#}");
        assert!(failed[0]["cause"]["en"].as_str().is_some_and(|cause| cause.contains(word)), "{}", failed[0]);
        assert!(
            failed[0]["mend"]["en"].as_str().is_some_and(|mend| mend.contains("SecretArn")),
            "{}",
            failed[0]
        );

        site.secret.set_mood(Mood::Well);
        until_it_passes(&function, &token(&site)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_is_missing_in_the_secret_is_named_to_whoever_knows_the_access_token() {
    let site = Site::start().await;
    let secret = site.secret.value()["DINGTALK_APP_SECRET"].as_str().expect("a text").to_owned();
    site.secret.rotate(&[("DINGTALK_APP_SECRET", "")]);
    let test = site.submit.beside("test-connection", &[]).await;
    let said = check_result(&test, &token(&site)).await;
    assert!(said.contains("DINGTALK_APP_SECRET is missing"), "{said}");
    assert!(said.contains("DINGTALK_APP_SECRET in the stack's secret"), "{said}");
    let said = check_result(&test, "somebody-elses").await;
    assert!(said.contains("[access-token,") && !said.contains("DINGTALK_APP_SECRET"), "{said}");

    let submit = site.submit.beside("submit", &[]).await;
    let Reply::Failed(failed) = submit.invoke(json!({})).await else { panic!("it has no secret") };
    assert_eq!(failed["errorType"], "Runtime.ExitError");
    let logged = errors(&submit);
    assert!(logged.iter().all(|error| error.contains("DINGTALK_APP_SECRET is missing")), "{logged:?}");
    assert_eq!(logged.len() as u64, submit.starts(), "one line for each start");

    site.secret.rotate(&[("DINGTALK_APP_SECRET", &secret)]);
    until_it_passes(&test, &token(&site)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_is_missing_is_named_as_the_stack_names_it() {
    let site = Site::start().await;
    let test = site.submit.beside("test-connection", &[("DINGTALK_APP_KEY", "")]).await;
    let said = check_result(&test, &token(&site)).await;
    assert!(said.contains("DINGTALK_APP_KEY is missing"), "{said}");
    assert!(said.contains("the AWS stack's parameter DingTalkAppKey"), "{said}");
    assert!(!said.contains("bridge serve") && !said.contains("BRIDGE_FILE"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_was_spoilt_is_told_while_the_others_work_on_with_the_one_before() {
    let site = Site::with(<_>::default(), &[("BRIDGE_SECRET_KEEP_SECONDS", "1")]).await;
    site.submit.started().await;
    let test = site.submit.beside("test-connection", &[]).await;
    assert_eq!(check_result(&test, &token(&site)).await, "success");
    site.secret.rotate(&[("DATAPHIN_CALLBACK_AES_KEY", "too-short")]);
    let began = Instant::now();
    loop {
        let said = check_result(&test, &token(&site)).await;
        if said.contains("DATAPHIN_CALLBACK_AES_KEY") {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "{said}");
    }
    let people = site.sandbox.dataphin.settings().people;
    let request = simulators::dataphin::Request::of(simulators::dataphin::Kind::TablePermission);
    let request = request.asked_by(people[0].clone());
    let request = request.then(simulators::dataphin::Operator::Or, [people[1].clone()]);
    assert!(site.sandbox.dataphin.file(request).await.answer.accepted());
}
