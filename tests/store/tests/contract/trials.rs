//! What is remembered of a try of a template, for a day.

use serde_json::json;
use shared::{
    approval::{HintResult, InstanceId},
    template::Trial,
};
use store_contract::{Fixture, at, hint};

const DAY: i64 = 24 * 3600;

#[tokio::test]
async fn a_trial_is_expected_until_its_time_is_over() {
    let f = Fixture::new().await;
    assert!(!f.store.trial_expected(at(0)).await.expect("an answer"));
    f.store.expect_trial(at(60)).await.expect("a write");
    assert!(f.store.trial_expected(at(59)).await.expect("an answer"));
    assert!(!f.store.trial_expected(at(60)).await.expect("an answer"));
}

#[tokio::test]
async fn what_was_reported_of_a_trial_is_found() {
    let (f, id) = (Fixture::new().await, InstanceId::new("i"));
    assert_eq!(f.store.start_noted(&id).await.expect("an answer"), None);
    assert_eq!(f.store.early(&id).await.expect("an answer"), None);
    f.store.note_start(&id, at(1)).await.expect("a write");
    f.store.keep_early(&id, None, &hint(HintResult::Terminated)).await.expect("a write");
    assert_eq!(f.store.start_noted(&id).await.expect("an answer"), Some(at(1)));
    assert_eq!(f.store.early(&id).await.expect("an answer"), Some(hint(HintResult::Terminated)));
    let (left, _) = f.everything(at(DAY + 1)).await;
    assert_eq!(left.len(), 1, "the start is kept for a day");
}

#[tokio::test]
async fn how_far_a_trial_has_come_is_kept_for_a_day() {
    let (f, id) = (Fixture::new().await, InstanceId::new("i"));
    assert_eq!(f.store.trial(&id).await.expect("an answer"), None);
    let mut trial: Trial = serde_json::from_value(json!({
        "instance": "i", "processCode": "PROC-1", "template": "模板", "person": "u",
        "beganAt": at(0), "createdAt": at(1), "seenAt": null, "startReportedAt": null, "withdrawnAt": null,
        "endReportedAt": null, "failures": [], "givenUp": false, "read": true, "withdrawals": 2,
        "withdrawNotBefore": at(17),
    }))
    .expect("a trial");
    f.store.keep_trial(&trial).await.expect("a write");
    assert_eq!(f.store.trial(&id).await.expect("an answer").as_ref(), Some(&trial));
    trial.failures.push("Grund “with” everything\u{1F600}".into());
    f.store.keep_trial(&trial).await.expect("a write");
    assert_eq!(f.store.trial(&id).await.expect("an answer"), Some(trial));
    assert_eq!(f.everything(at(DAY)).await.0.len(), 1);
    assert_eq!(f.everything(at(DAY + 1)).await.0, []);
}
