//! A value that is neither the secret's current nor its previous one opens nothing, however long a function was idle.

use std::time::{Duration, Instant};

use bridge::sandbox::SandboxSettings;
use lambda_functions::{Function, Mood, Secret, Site, call};
use serde_json::Value;
use shared::{config::Config, world::World};

use crate::scene::{OPERATOR, PATIENCE, answered, check_result, creation, operator, token};

/// The shortest that can be set.
const KEEP: (&str, &str) = ("BRIDGE_SECRET_KEEP_SECONDS", "1");

async fn idle() {
    tokio::time::sleep(Duration::from_millis(1_100)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_token_opens_no_door_of_a_function_that_was_idle() {
    let site = Site::with(SandboxSettings::default(), &[KEEP]).await;
    site.secret.rotate(&[("BRIDGE_OPERATOR_TOKEN", OPERATOR)]);
    let leaked = token(&site);
    let submit = site.submit.beside("submit", &[]).await;
    let test = site.submit.beside("test-connection", &[]).await;
    let template = site.submit.beside("template", &[]).await;
    assert_ne!(answered(&submit, creation(&leaked)).await.0, 401);
    assert_eq!(check_result(&test, &leaked).await, "success");
    assert_eq!(answered(&template, operator("templates", OPERATOR)).await.0, 200);
    for new in ["the-second-token", "the-third-token"] {
        let operators = format!("operator-{new}");
        site.secret.rotate(&[("DATAPHIN_ACCESS_TOKEN", new), ("BRIDGE_OPERATOR_TOKEN", &operators)]);
    }
    idle().await;
    assert_eq!(answered(&submit, creation(&leaked)).await.0, 401);
    assert!(check_result(&test, &leaked).await.contains("[access-token,"));
    assert_eq!(answered(&template, operator("templates", OPERATOR)).await.0, 401);
}

/// An event as DingTalk signs it under the keys of the site's start.
fn event(config: &Config) -> Value {
    let verifier = &config.dingtalk.verifier;
    let knock = verifier.knock(&verifier.owner_keys()[0], &World::real());
    let query = knock.query.map(|(name, value)| format!("{name}={value}")).join("&");
    let address = format!("https://bridge.example/dingtalk/callback?{query}");
    let body = serde_json::from_slice(&knock.body).expect("JSON");
    call("POST", &address, &[("content-type", "application/json")], &body)
}

async fn until_noted(site: &Site, version: &str) {
    let began = Instant::now();
    while site.store.secret_version().await.expect("an answer").as_deref() != Some(version) {
        assert!(began.elapsed() < PATIENCE, "{}", site.sweep.log());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The callback of a site, with a Secrets Manager of its own that counts.
async fn callback(site: &Site) -> (Function, Secret) {
    let (secret, address) = Secret::serve(site.secret.value()).await;
    (site.callback.beside("callback", &[("AWS_ENDPOINT_URL", &address)]).await, secret)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_callback_token_is_not_believed_by_a_callback_that_was_idle() {
    let site = Site::with(SandboxSettings::default(), &[KEEP]).await;
    let config = site.sandbox.config().expect("it is complete");
    let (callback, secret) = callback(&site).await;
    assert_eq!(answered(&callback, event(&config)).await.0, 200);
    for new in ["ASecondCallbackToken", "AThirdCallbackToken"] {
        site.secret.rotate(&[("DINGTALK_CALLBACK_TOKEN", new)]);
        secret.rotate(&[("DINGTALK_CALLBACK_TOKEN", new)]);
    }
    until_noted(&site, "version-2 version-1").await;
    idle().await;
    assert_eq!(answered(&callback, event(&config)).await.0, 403, "{}", callback.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_acknowledged_without_a_word_to_secrets_manager() {
    let site = Site::with(SandboxSettings::default(), &[KEEP]).await;
    let config = site.sandbox.config().expect("it is complete");
    let (callback, secret) = callback(&site).await;
    assert_eq!(answered(&callback, event(&config)).await.0, 200);
    until_noted(&site, "version-0 -").await;
    let asked = secret.asked();
    secret.set_mood(Mood::Silent);
    for _ in 0..2 {
        idle().await;
        assert_eq!(answered(&callback, event(&config)).await.0, 200, "{}", callback.log());
    }
    assert_eq!(secret.asked(), asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_is_used_on_while_secrets_manager_is_silent() {
    let site = Site::with(SandboxSettings::default(), &[KEEP]).await;
    let submit = site.submit.beside("submit", &[]).await;
    assert_eq!(answered(&submit, creation("a-guess")).await.0, 401);
    site.secret.set_mood(Mood::Silent);
    idle().await;
    for _ in 0..3 {
        assert_ne!(answered(&submit, creation(&token(&site))).await.0, 401, "what it knows is used on");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_before_whose_label_is_taken_away_opens_nothing_any_more() {
    let site = Site::with(SandboxSettings::default(), &[KEEP]).await;
    let (submit, leaked) = (site.submit.beside("submit", &[]).await, token(&site));
    site.secret.rotate(&[("DATAPHIN_ACCESS_TOKEN", "the-second-token")]);
    idle().await;
    assert_ne!(answered(&submit, creation(&leaked)).await.0, 401, "the one before, for a while");
    site.secret.forget_before();
    idle().await;
    assert_eq!(answered(&submit, creation(&leaked)).await.0, 401);
    assert_ne!(answered(&submit, creation("the-second-token")).await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_before_that_could_not_be_read_at_the_start_is_accepted_later() {
    let site = Site::with(SandboxSettings::default(), &[KEEP]).await;
    let before = token(&site);
    site.secret.rotate(&[("DATAPHIN_ACCESS_TOKEN", "the-second-token")]);
    site.secret.set_mood(Mood::OnlyToday);
    let submit = site.submit.beside("submit", &[]).await;
    assert_ne!(answered(&submit, creation("the-second-token")).await.0, 401, "today's is enough to start");
    site.secret.set_mood(Mood::Well);
    idle().await;
    assert_ne!(answered(&submit, creation(&before)).await.0, 401, "{}", submit.log());
}
