//! What is told to the outside, and what happens when nobody listens.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    Stage,
    receiver::{AES_KEY, Manner, Receiver, TOKEN},
};
use crate::dingtalk::{
    EventShape, Fault, Filter, INSTANCE_CHANGE, OwnerKey, PushOptions, PushOutcome, Rejection, Settings,
    TASK_CHANGE, Trouble,
};

const FAILED: &str = "/call_back/get_call_back_failed_result";

async fn subscribed(settings: Settings) -> (Stage, Receiver) {
    let stage = Stage::with(settings).await;
    let mut receiver = Receiver::start().await;
    stage.simulator.save_subscription(&receiver.url, TOKEN, AES_KEY).await.unwrap();
    assert_eq!(receiver.next().await["EventType"], "check_url");
    (stage, receiver)
}

async fn instance_ends_only() -> (Stage, Receiver) {
    let (stage, receiver) = subscribed(Settings { qps: None, ..Settings::default() }).await;
    let options = PushOptions { filter: Filter::recommended(), ..PushOptions::default() };
    stage.simulator.set_push_options(options);
    (stage, receiver)
}

/// Everything that has arrived, as (event type, type, result, staff), in no particular order.
async fn arrived(stage: &Stage, receiver: &mut Receiver) -> Vec<(String, String, String, String)> {
    stage.simulator.pushes_settled().await;
    let text = |event: &Value, field: &str| event[field].as_str().unwrap_or_default().to_owned();
    let mut events: Vec<_> = std::iter::from_fn(|| receiver.arrived())
        .map(|it| (text(&it, "EventType"), text(&it, "type"), text(&it, "result"), text(&it, "staffId")))
        .collect();
    events.sort();
    events
}

fn of(event_type: &str, kind: &str, result: &str, staff: &str) -> (String, String, String, String) {
    (event_type.into(), kind.into(), result.into(), staff.into())
}

#[tokio::test]
async fn every_step_is_told() {
    let (stage, mut receiver) = subscribed(Settings::default()).await;
    let id = stage.create(&json!([{"actionType": "OR", "userIds": ["boss", "lead"]}])).await;
    assert_eq!(
        arrived(&stage, &mut receiver).await,
        [
            of(INSTANCE_CHANGE, "start", "", "asker"),
            of(TASK_CHANGE, "start", "", "boss"),
            of(TASK_CHANGE, "start", "", "lead"),
        ]
    );
    stage.simulator.transfer(stage.task_of("boss"), "head", "").unwrap();
    stage.simulator.comment(&id, "root", "hm").unwrap();
    assert_eq!(
        arrived(&stage, &mut receiver).await,
        [
            of(TASK_CHANGE, "comment", "", "root"),
            of(TASK_CHANGE, "finish", "redirect", "boss"),
            of(TASK_CHANGE, "start", "", "head"),
        ]
    );
    stage.simulator.agree(stage.task_of("head"), "").unwrap();
    assert_eq!(
        arrived(&stage, &mut receiver).await,
        [
            of(INSTANCE_CHANGE, "finish", "agree", "asker"),
            of(TASK_CHANGE, "cancel", "", "lead"),
            of(TASK_CHANGE, "finish", "agree", "head"),
        ]
    );
    let (id, _) = stage.create_for_boss().await;
    stage.pass(15);
    stage.simulator.revoke(&id, "").unwrap();
    let told = arrived(&stage, &mut receiver).await;
    assert!(told.contains(&of(INSTANCE_CHANGE, "terminate", "", "asker")), "{told:?}");
    let (id, _) = stage.create_for_boss().await;
    stage.simulator.delete(&id).unwrap();
    assert!(arrived(&stage, &mut receiver).await.contains(&of(INSTANCE_CHANGE, "delete", "", "asker")));
}

#[tokio::test]
async fn an_event_has_todays_shape_or_the_captured_one() {
    let (stage, mut receiver) = instance_ends_only().await;
    let (id, task) = stage.create_for_boss().await;
    stage.simulator.agree(task, "").unwrap();
    let event = receiver.next().await;
    let keys = Settings::default();
    assert_eq!((&event["CorpId"], &event["ownerKey"]), (&json!(keys.corp_id), &json!(keys.app_key)));
    assert_eq!((&event["processInstanceId"], &event["processCode"]), (&json!(id), &json!(stage.template)));
    assert_eq!(
        (&event["EventTime"], &event["finishTime"]),
        (&json!(1_776_324_877_000_i64), &event["createTime"])
    );
    assert_eq!(event["eventId"].as_str().unwrap().len(), 32);
    assert!(event["url"].as_str().unwrap().contains(id.as_str()));

    let options = PushOptions {
        owner_key: OwnerKey::CorpId,
        shape: EventShape::Captured,
        filter: Filter::recommended(),
    };
    stage.simulator.set_push_options(options);
    stage.create_for_boss().await;
    stage.simulator.refuse(stage.task_of("boss"), "").unwrap();
    let event = receiver.next().await;
    assert_eq!((&event["corpId"], &event["ownerKey"]), (&json!(keys.corp_id), &json!(keys.corp_id)));
    assert!(event.get("eventId").is_none() && event.get("EventTime").is_none());
    assert_eq!(event["result"], "refuse");
    assert!(receiver.arrived().is_none(), "nothing but the ends is pushed");
}

#[tokio::test]
async fn a_subscription_is_saved_only_when_the_reply_to_its_check_is_right() {
    let stage = Stage::new().await;
    let receiver = Receiver::start().await;
    let save =
        async |token: &str, key: &str| stage.simulator.save_subscription(&receiver.url, token, key).await;
    for (manner, expected) in [
        (Manner::Plain, Rejection::WrongKeys),
        (Manner::LowerCaseKeys, Rejection::WrongKeys),
        (Manner::ExtraKey, Rejection::WrongKeys),
        (Manner::WrongOwner, Rejection::WrongOwnerKey),
        (Manner::WrongSignature, Rejection::Unverified),
        (Manner::NotSuccess, Rejection::NotSuccess),
        (Manner::Broken, Rejection::Status(500)),
        (Manner::Redirect, Rejection::Status(307)),
    ] {
        receiver.behave(manner);
        assert_eq!(save(TOKEN, AES_KEY).await, Err(expected), "{manner:?}");
    }
    assert_eq!(Rejection::WrongKeys.words(), "HTTP请求结果校验返回字段值失败");
    assert_eq!(Rejection::Status(307).words(), "URL地址在安全黑名单中");
    assert!(matches!(save("t", AES_KEY).await, Err(Rejection::BadForm(_))));
    assert!(matches!(save(TOKEN, "short").await, Err(Rejection::BadForm(_))));
    let nobody = stage.simulator.save_subscription("http://127.0.0.1:1/", TOKEN, AES_KEY).await;
    assert_eq!(nobody, Err(Rejection::Unreachable));
    stage.create_for_boss().await;
    assert!(stage.simulator.pushes().is_empty(), "nothing was saved");
}

#[tokio::test]
async fn a_failed_push_is_repeated_after_10_and_30_seconds_and_then_listed() {
    let (stage, mut receiver) = instance_ends_only().await;
    let (id, task) = stage.create_for_boss().await;
    receiver.behave(Manner::Broken);
    stage.simulator.agree(task, "").unwrap();
    let first = receiver.next().await;
    stage.simulator.pushes_settled().await;
    stage.pass(9);
    assert_eq!(stage.simulator.pushes().len(), 1);
    stage.pass(1);
    assert_eq!(receiver.next().await["eventId"], first["eventId"]);
    stage.simulator.pushes_settled().await;
    stage.pass(30);
    receiver.next().await;
    stage.simulator.pushes_settled().await;
    let attempts: Vec<u32> = stage.simulator.pushes().iter().map(|push| push.attempt).collect();
    assert_eq!(attempts, [1, 2, 3]);
    let list = format!("{FAILED}?access_token={}", stage.token);
    assert_eq!(stage.get(&list).await.1["failed_list"], json!([]), "not yet");
    stage.pass(180);
    let (_, listed) = stage.get(&list).await;
    assert_eq!((&listed["errcode"], &listed["has_more"]), (&json!(0), &json!(false)));
    let entry = &listed["failed_list"][0];
    assert_eq!(entry["call_back_tag"], INSTANCE_CHANGE);
    assert_eq!(entry[INSTANCE_CHANGE]["bpmsCallBackData"]["processInstanceId"], json!(id));
    assert_eq!(stage.get(&list).await.1["failed_list"], json!([]), "the call before deleted it");
    assert_eq!(stage.simulator.failed_pushes(), 0);
}

#[tokio::test]
async fn a_reply_after_the_deadline_is_none() {
    let (stage, mut receiver) = instance_ends_only().await;
    let (_, task) = stage.create_for_boss().await;
    receiver.behave(Manner::Silent);
    stage.simulator.agree(task, "").unwrap();
    receiver.next().await;
    stage.clock.advance(SignedDuration::from_millis(2_500));
    stage.simulator.pushes_settled().await;
    let pushes = stage.simulator.pushes();
    assert_eq!((&pushes[0].outcome, pushes[0].took_ms), (&PushOutcome::Rejected(Rejection::TooLate), 2_500));
    receiver.behave(Manner::Right);
    stage.pass(10);
    receiver.next().await;
    stage.simulator.pushes_settled().await;
    assert_eq!(stage.simulator.pushes()[1].outcome, PushOutcome::Delivered);
}

#[tokio::test]
async fn pushes_stop_silently_when_the_months_are_used_up() {
    let settings = Settings { push_quota: Some(1), ..Settings::default() };
    let (stage, mut receiver) = subscribed(settings).await;
    stage.create_for_boss().await;
    stage.simulator.pushes_settled().await;
    assert!(receiver.arrived().is_some());
    assert!(receiver.arrived().is_none());
    let over = stage.simulator.pushes().iter().filter(|push| push.outcome == PushOutcome::OverQuota).count();
    assert_eq!((over, stage.simulator.failed_pushes()), (1, 0));
}

#[tokio::test]
async fn pushes_can_be_doubled_dropped_held_back_and_late() {
    let (stage, mut receiver) = instance_ends_only().await;
    let agree = async || {
        let (id, task) = stage.create_for_boss().await;
        stage.simulator.agree(task, "").unwrap();
        json!(id)
    };
    stage.simulator.fault(Fault::everywhere(Trouble::DuplicatePush).once());
    agree().await;
    assert_eq!(receiver.next().await["eventId"], receiver.next().await["eventId"]);
    stage.simulator.fault(Fault::everywhere(Trouble::DropPush).once());
    agree().await;
    stage.simulator.fault(Fault::everywhere(Trouble::HoldPush).once());
    let held = agree().await;
    let next = agree().await;
    assert_eq!(receiver.next().await["processInstanceId"], next);
    assert_eq!(receiver.next().await["processInstanceId"], held);
    stage.simulator.fault(Fault::everywhere(Trouble::DelayPush(1_000)).once());
    let late = agree().await;
    assert!(receiver.arrived().is_none());
    stage.pass(1);
    assert_eq!(receiver.next().await["processInstanceId"], late);
}
