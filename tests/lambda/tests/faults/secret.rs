//! The secret changes, or does not come.

use std::time::Duration;

use lambda_functions::{Mood, Reply, Site};
use serde_json::json;
use simulators::dataphin::Outcome;

use crate::scene::{accepted, agree, request, told};

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_secret_is_used_at_once_and_the_one_before_is_accepted_meanwhile() {
    let site = Site::start().await;
    accepted(&site).await;
    // First in the secret, as the README says; then at the two ends, one after the other.
    let before = site.sandbox.dataphin.settings().access_token;
    site.secret.rotate(&[
        ("DATAPHIN_ACCESS_TOKEN", "a-new-access-token"),
        ("DINGTALK_CALLBACK_TOKEN", "ANewCallbackToken"),
    ]);
    let apply_id = accepted(&site).await;
    let change = |token: &str| {
        let token = token.to_owned();
        site.sandbox
            .dataphin
            .change_settings(|settings| settings.access_token = token)
            .expect("it is of the form");
    };
    change("a-new-access-token");
    accepted(&site).await;
    site.sandbox
        .dingtalk
        .force_subscription(None, Some("ANewCallbackToken"), None)
        .expect("it is of the form");
    agree(&site);
    assert_eq!(told(&site, &apply_id).await, Outcome::Approved);
    change(&before);
    assert!(
        site.sandbox.dataphin.file(request(&site)).await.answer.accepted(),
        "the one before, for a while"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_gets_no_secret_says_why_and_starts_with_a_later_call() {
    let site = Site::start().await;
    for (mood, word) in [(Mood::Throttled, "ThrottlingException"), (Mood::Silent, "no answer")] {
        site.secret.set_mood(mood);
        let function = site.sweep.another().await;
        let reply = function.invoke(json!({})).await;
        let Reply::Failed(failed) = reply else { panic!("{reply:?}") };
        assert_eq!(failed["errorType"], "Runtime.ExitError", "it ended by itself");
        let starts = function.starts();
        let log = function.log();
        let sentence = format!("Secrets Manager does not hand out BRIDGE_SECRET_ID now ({word})");
        assert!(log.contains(&sentence), "{log}");
        site.secret.set_mood(Mood::Well);
        let reply = function.invoke(json!({})).await;
        assert!(matches!(reply, Reply::Answered(_)), "{reply:?}: {}", function.log());
        assert_eq!(function.starts(), starts + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_whose_time_is_over_is_killed_and_the_next_invocation_gets_a_new_one() {
    let site = Site::start().await;
    let function = site.sweep.another().await;
    function.set_limit(Duration::ZERO);
    let reply = function.invoke(json!({})).await;
    let Reply::Failed(failed) = reply else { panic!("{reply:?}") };
    assert_eq!(failed["errorType"], "Sandbox.Timedout");
    function.set_limit(Duration::from_secs(30));
    assert!(matches!(function.invoke(json!({})).await, Reply::Answered(_)), "{}", function.log());
    assert_eq!(function.starts(), 2);
}
