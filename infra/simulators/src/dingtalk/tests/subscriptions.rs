//! A subscription that is removed, or changed behind its receiver's back.

use serde_json::{Value, json};

use super::{
    Stage,
    receiver::{AES_KEY, Receiver, TOKEN},
};
use crate::dingtalk::{PushOutcome, Rejection, Subscribed};

const SUBSCRIPTION: &str = "/simulator/subscription";
const OTHER_KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

async fn subscribed() -> (Stage, Receiver) {
    let stage = Stage::new().await;
    let mut receiver = Receiver::start().await;
    stage.simulator.save_subscription(&receiver.url, TOKEN, AES_KEY).await.unwrap();
    receiver.next().await;
    (stage, receiver)
}

impl Stage {
    async fn force(&self, change: Value) -> u16 {
        let mut order = change;
        order["force"] = json!(true);
        self.client.post(self.at(SUBSCRIPTION)).json(&order).send().await.unwrap().status().as_u16()
    }

    /// The outcomes of all pushes so far.
    async fn outcomes(&self) -> Vec<PushOutcome> {
        self.simulator.pushes_settled().await;
        self.simulator.pushes().into_iter().map(|push| push.outcome).collect()
    }
}

#[tokio::test]
async fn what_is_set_is_shown_without_its_secrets() {
    let stage = Stage::new().await;
    assert_eq!(stage.get(SUBSCRIPTION).await.1["subscription"], Value::Null);
    assert_eq!(stage.simulator.subscription(), None);
    let (stage, receiver) = subscribed().await;
    let shown = stage.get(SUBSCRIPTION).await.1;
    assert_eq!(shown["subscription"], json!({"url": receiver.url, "checked": true}));
    assert_eq!(shown["options"]["owner_key"], "app_key");
    let shown = shown.to_string();
    assert!(!shown.contains(TOKEN) && !shown.contains(AES_KEY));
}

#[tokio::test]
async fn without_a_subscription_nothing_is_pushed_again() {
    let (stage, mut receiver) = subscribed().await;
    stage.create_for_boss().await;
    let pushed = stage.outcomes().await.len();
    assert!(pushed > 0);
    while receiver.arrived().is_some() {}
    let removed = stage.client.delete(stage.at(SUBSCRIPTION)).send().await.unwrap();
    assert_eq!((removed.status().as_u16(), stage.simulator.subscription()), (204, None));
    stage.create_for_boss().await;
    assert_eq!(stage.outcomes().await.len(), pushed);
    assert!(receiver.arrived().is_none());
    assert_eq!(stage.force(json!({"token": "abc"})).await, 400, "there is nothing to change");
    stage.simulator.save_subscription(&receiver.url, TOKEN, AES_KEY).await.unwrap();
    stage.simulator.remove_subscription();
    assert_eq!(stage.simulator.subscription(), None);
}

#[tokio::test]
async fn a_subscription_that_is_mistyped_later_fails_at_the_pushes() {
    for change in [
        json!({"url": "http://127.0.0.1:1/callback"}),
        json!({"token": "0therT0ken"}),
        json!({"aesKey": OTHER_KEY}),
    ] {
        let (stage, receiver) = subscribed().await;
        assert_eq!(stage.force(change.clone()).await, 204);
        stage.create_for_boss().await;
        let outcomes = stage.outcomes().await;
        let all_failed = outcomes.iter().all(|outcome| matches!(outcome, PushOutcome::Rejected(_)));
        assert!(all_failed && !outcomes.is_empty(), "{change}: {outcomes:?}");
        let url = change["url"].as_str().unwrap_or(&receiver.url).to_owned();
        assert_eq!(stage.simulator.subscription(), Some(Subscribed { url, checked: false }));
    }
}

#[tokio::test]
async fn what_is_put_right_again_is_pushed_again() {
    let (stage, mut receiver) = subscribed().await;
    stage.simulator.force_subscription(None, None, Some(OTHER_KEY)).unwrap();
    stage.simulator.force_subscription(None, None, Some(AES_KEY)).unwrap();
    assert!(receiver.arrived().is_none(), "nothing is asked of the address");
    stage.create_for_boss().await;
    assert!(stage.outcomes().await.iter().all(|outcome| *outcome == PushOutcome::Delivered));
}

#[tokio::test]
async fn even_without_the_check_the_console_takes_only_its_form() {
    let (stage, _receiver) = subscribed().await;
    for (url, token, aes_key) in
        [(Some("ftp://a"), None, None), (None, Some("a b"), None), (None, None, Some("short"))]
    {
        let refused = stage.simulator.force_subscription(url, token, aes_key);
        assert!(matches!(refused, Err(Rejection::BadForm(_))));
    }
    assert!(stage.simulator.subscription().is_some_and(|subscribed| subscribed.checked));
}
