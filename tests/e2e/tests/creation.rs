//! A create call without a clear answer: one instance in the end, and never one that the bridge did not ask for.

#![allow(clippy::expect_used, clippy::panic)]

use e2e::{Rehearsal, Setting};
use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::{
    approval::{Approval, Entry, Happening, InstanceId, NeedsOperator, Outcome, State, Status},
    engine::OperatorError,
};
use simulators::{
    dataphin,
    dingtalk::{self, Api, Counts, Fault, Trouble},
};

/// Looks take a minute in all, not ten.
fn quick() -> Setting {
    Setting::default().variable("BRIDGE_LOOK_SECONDS", "60")
}

#[tokio::test]
async fn an_answer_that_is_lost_after_the_instance_was_made_makes_no_second_one() {
    let r = Rehearsal::start().await;
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::CloseAfter).once());
    let apply_id = r.accepted(r.request()).await;
    let approval = r.reaches(&apply_id, Status::Pending).await;
    assert_eq!(r.sandbox.dingtalk.instances().len(), 1);
    let known = approval.state.instance().expect("an instance").id.clone();
    assert_eq!(r.sandbox.dingtalk.instances()[0].id.as_str(), known.as_str());
    r.agree(&r.approver(), "").await;
    assert_eq!(r.told(&apply_id).await.outcome, dataphin::Outcome::Approved);
}

#[tokio::test]
async fn when_many_answers_are_lost_each_instance_is_read_once_to_find_it() {
    let calls = calls_until_forty_are_pending(Trouble::CloseAfter).await;
    assert_eq!(calls.of(Api::GetInstance).calls, 40);
    assert!(calls.of(Api::ListInstanceIds).calls <= 12, "{calls:?}");
}

#[tokio::test]
async fn when_many_calls_fail_one_look_answers_for_all() {
    let calls = calls_until_forty_are_pending(Trouble::ServerError).await;
    // Each of the forty is looked for five times; a look answers for several, the more the slower they come.
    assert!(calls.of(Api::ListInstanceIds).calls <= 40 * 5 / 3, "{calls:?}");
}

/// Forty submits whose create calls all meet the same trouble, and what it takes until each has its one instance.
async fn calls_until_forty_are_pending(trouble: Trouble) -> Counts {
    let r = Rehearsal::with(quick()).await;
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, trouble).next(40));
    let mut accepted = Vec::new();
    for _ in 0..40 {
        accepted.push(r.accepted(r.request()).await);
    }
    for apply_id in &accepted {
        r.reaches(apply_id, Status::Pending).await;
    }
    assert_eq!(r.sandbox.dingtalk.instances().len(), 40);
    r.sandbox.dingtalk.calls()
}

#[tokio::test]
async fn an_answer_that_comes_too_late_makes_no_second_instance() {
    let setting = Setting::default().variable("DINGTALK_TIMEOUT_SECONDS", "1");
    let r = Rehearsal::with(setting).await;
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::HoldAnswer(3_600_000)).once());
    let apply_id = r.accepted(r.request()).await;
    // It was decided before the bridge knew of it.
    r.agree(&r.approver(), "").await;
    assert_eq!(r.told(&apply_id).await.outcome, dataphin::Outcome::Approved);
    assert_eq!(r.sandbox.dingtalk.instances().len(), 1);
}

#[tokio::test]
async fn an_instance_that_shows_late_in_dingtalks_list_is_waited_for() {
    let setting = Setting::default().simulators(|it| it.dingtalk.list_delay = SignedDuration::from_secs(90));
    let Some(r) = Rehearsal::of_much_time(setting).await else { return };
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::CloseAfter).once());
    let apply_id = r.accepted(r.request()).await;
    r.reaches(&apply_id, Status::Pending).await;
    assert_eq!(r.sandbox.dingtalk.instances().len(), 1);
}

#[tokio::test]
async fn a_failure_of_dingtalks_is_looked_into_and_then_tried_again() {
    let r = Rehearsal::with(quick()).await;
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::ServerError).once());
    let apply_id = r.accepted(r.request()).await;
    r.reaches(&apply_id, Status::Pending).await;
    assert_eq!(r.sandbox.dingtalk.instances().len(), 1);
}

#[tokio::test]
async fn instances_of_others_are_not_adopted() {
    let r = Rehearsal::with(quick()).await;
    r.accepted(r.request()).await;
    r.accepted(r.request()).await;
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::ServerError).once());
    let apply_id = r.accepted(r.request()).await;
    r.reaches(&apply_id, Status::Pending).await;
    assert_eq!(r.sandbox.dingtalk.instances().len(), 3);
}

#[tokio::test]
async fn a_withdrawal_while_the_outcome_is_unknown_leaves_nothing_behind() {
    let r = Rehearsal::start().await;
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::CloseAfter).once());
    let apply_id = r.accepted(r.request()).await;
    let answer = r.sandbox.dataphin.withdraw(&apply_id, dataphin::Verb::Cancel).await.expect("a withdrawal");
    assert!(answer.accepted());
    let approval = r.reaches(&apply_id, Status::Delivered).await;
    assert_eq!(approval.state.decision().expect("a decision").outcome, Outcome::Withdrawn);
    let instances = r.sandbox.dingtalk.instances();
    assert!(instances.iter().all(|instance| instance.status == simulators::dingtalk::Status::Terminated));
}

/// Somebody files an instance of the bridge's template by themselves: with these values, for one approver.
async fn file_by_hand(r: &Rehearsal, originator: &str, approver: &str, values: &[(&str, &str)]) -> String {
    let variables = r.sandbox.variables();
    let client = reqwest::Client::new();
    let url = r.sandbox.dingtalk.url();
    let credentials =
        json!({"appKey": variables["DINGTALK_APP_KEY"], "appSecret": variables["DINGTALK_APP_SECRET"]});
    let token = client.post(format!("{url}/v1.0/oauth2/accessToken")).json(&credentials).send().await;
    let token: Value = token.expect("an answer").json().await.expect("JSON");
    let form: Vec<Value> = values.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    let body = json!({
        "processCode": variables["DINGTALK_PROCESS_CODE"],
        "originatorUserId": originator,
        "deptId": -1,
        "approvers": [{"actionType": "NONE", "userIds": [approver]}],
        "formComponentValues": form,
    });
    let create = client.post(format!("{url}/v1.0/workflow/processInstances")).json(&body);
    let create =
        create.header("x-acs-dingtalk-access-token", token["accessToken"].as_str().expect("a token"));
    let answer: Value = create.send().await.expect("an answer").json().await.expect("JSON");
    answer["instanceId"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// The form of an approval, as its own instance would hold it, with another title.
fn form<'a>(reference: &'a str, title: &'a str) -> [(&'static str, &'a str); 5] {
    [
        ("标题 Title", title),
        ("类型 Type", "x"),
        ("申请人 Requester", "x"),
        ("内容 Details", "x"),
        ("单号 Reference", reference),
    ]
}

/// Someone agrees to one certain instance.
fn agree_to(r: &Rehearsal, instance: &str) {
    let instance = r.sandbox.dingtalk.instance(instance).expect("the instance");
    let task = instance.open_tasks().next().expect("an open task").id;
    r.sandbox.dingtalk.agree(task, "by a friend").expect("they may agree");
}

async fn needs_operator(r: &Rehearsal, apply_id: &str) -> NeedsOperator {
    let approval = r.reaches(apply_id, Status::NeedsOperator).await;
    let Approval { state: State::Received(state), .. } = approval else { panic!("received") };
    state.creation.needs_operator().expect("a reason").clone()
}

#[tokio::test]
async fn a_forged_instance_with_the_computable_id_decides_nothing() {
    let r = Rehearsal::with(quick()).await;
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::ServerError).once());
    let apply_id = r.accepted(r.request()).await;
    let approval = r.approval(&apply_id).await;
    let people = r.people();
    let [employee, friend] = [&people[3].user_source_id, &people[4].user_source_id];
    let forged = file_by_hand(&r, employee, friend, &form(approval.record.id.as_str(), "lunch order")).await;
    agree_to(&r, &forged);
    let approval = r.reaches(&apply_id, Status::Pending).await;
    assert_ne!(approval.state.instance().expect("an instance").id.as_str(), forged);
    let note = Happening::ForeignInstance { instance: InstanceId::new(forged) };
    assert!(approval.record.timeline.holds(&note), "it is noted");
    r.refuse(&r.approver(), "no").await;
    assert_eq!(r.told(&apply_id).await.outcome, dataphin::Outcome::Rejected);
}

#[tokio::test]
async fn an_instance_with_the_reference_and_another_content_waits_for_an_operator() {
    let r = Rehearsal::with(quick()).await;
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::ServerError).once());
    let apply_id = r.accepted(r.request()).await;
    let approval = r.approval(&apply_id).await;
    let reference = approval.record.reference().to_string();
    let people = r.people();
    let [employee, friend] = [&people[0].user_source_id, &people[1].user_source_id];
    let other = file_by_hand(&r, employee, friend, &form(&reference, "lunch order")).await;
    agree_to(&r, &other);
    let why = needs_operator(&r, &apply_id).await;
    assert!(matches!(&why, NeedsOperator::Mismatch { instance, .. } if instance.as_str() == other), "{why}");
    assert_eq!(r.sandbox.dataphin.ledger(&apply_id).len(), 0, "Dataphin hears nothing");
    // An operator has looked, and has it created.
    r.engine().create_again_for_operator(&approval.record.id).await.expect("an operator may");
    let approval = r.reaches(&apply_id, Status::Pending).await;
    assert_ne!(approval.state.instance().expect("an instance").id.as_str(), other);
    let twice = r.engine().create_again_for_operator(&approval.record.id).await;
    assert!(matches!(twice, Err(OperatorError::NotWaiting("pending"))));
}

#[tokio::test]
async fn of_two_instances_with_the_reference_an_operator_chooses_one_and_the_other_is_ended() {
    let r = Rehearsal::with(quick()).await;
    let delivered_twice = r.accepted(r.request()).await;
    let approval = r.approval(&delivered_twice).await;
    let own = approval.state.instance().expect("an instance").id.clone();
    // A proxy delivered the call once more.
    let second = again(&r, &own).await;
    agree_to(&r, &second);
    let note = Happening::SecondInstance { instance: InstanceId::new(second.clone()) };
    r.until("the second instance is noticed", async || {
        r.pass(SignedDuration::from_secs(30));
        r.approval(&delivered_twice).await.record.timeline.holds(&note).then_some(())
    })
    .await;
    assert_eq!(r.sandbox.dataphin.ledger(&delivered_twice).len(), 0, "an agreement to it decides nothing");
    r.sandbox.dingtalk.refuse(task_of(&r, own.as_str()), "no").expect("they may refuse");
    assert_eq!(r.told(&delivered_twice).await.outcome, dataphin::Outcome::Rejected);
}

/// The same create call once more.
async fn again(r: &Rehearsal, instance: &InstanceId) -> String {
    let made = r.sandbox.dingtalk.instance(instance.as_str()).expect("the instance");
    let labels = ["标题 Title", "类型 Type", "申请人 Requester", "内容 Details", "单号 Reference"];
    let values: Vec<(&str, &str)> =
        labels.iter().filter_map(|label| Some((*label, made.value(label)?))).collect();
    file_by_hand(r, made.originator.as_str(), &r.approver().user_source_id, &values).await
}

fn task_of(r: &Rehearsal, instance: &str) -> dingtalk::TaskId {
    let instance = r.sandbox.dingtalk.instance(instance).expect("the instance");
    instance.open_tasks().next().expect("an open task").id
}

#[tokio::test]
async fn two_matches_for_one_lost_answer_are_an_operators_choice() {
    let r = Rehearsal::with(quick()).await;
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::CloseAfter).once());
    let apply_id = r.accepted(r.request()).await;
    let first = InstanceId::new(r.sandbox.dingtalk.instances()[0].id.as_str());
    let second = again(&r, &first).await;
    let why = needs_operator(&r, &apply_id).await;
    assert!(matches!(why, NeedsOperator::SeveralInstances { .. }), "{why}");
    let id = r.approval(&apply_id).await.record.id;
    r.engine().adopt_for_operator(&id, &InstanceId::new(second.as_str())).await.expect("an operator may");
    let note = Happening::SecondInstance { instance: first };
    assert!(r.approval(&apply_id).await.record.timeline.holds(&note), "the other one is ended");
    agree_to(&r, &second);
    assert_eq!(r.told(&apply_id).await.outcome, dataphin::Outcome::Approved);
}

#[tokio::test]
async fn a_bridge_whose_clock_is_wrong_makes_no_second_instance() {
    for skew in [90, -150] {
        let Some(r) = Rehearsal::of_much_time(quick()).await else { return };
        r.sandbox.dingtalk.set_clock_skew(SignedDuration::from_secs(skew));
        r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::CloseAfter).once());
        let apply_id = r.accepted(r.request()).await;
        r.reaches(&apply_id, Status::Pending).await;
        assert_eq!(r.sandbox.dingtalk.instances().len(), 1, "{skew}");
    }
}

/// Answers that leave open whether the call was carried out.
const UNCLEAR: [(u16, &str); 9] = [
    (400, r#"{"code":"somethingNew","message":"x"}"#),
    (400, r#"{"code":"internalError","message":"x"}"#),
    (429, ""),
    (404, "<html>nginx</html>"),
    (499, ""),
    (403, "<html>denied</html>"),
    (200, r#"{"status":1111,"wait":5,"source":"x5","punish":"deny"}"#),
    (200, "<html>captcha</html>"),
    (200, r#"{"result":{}}"#),
];

#[tokio::test]
async fn no_unclear_answer_makes_a_second_instance_or_a_refusal() {
    let Some(r) = Rehearsal::of_much_time(quick()).await else { return };
    for (number, (status, body)) in UNCLEAR.into_iter().enumerate() {
        let answer = Trouble::answer_after(status, body);
        r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, answer).once());
        let apply_id = r.accepted(r.request()).await;
        r.reaches(&apply_id, Status::Pending).await;
        assert_eq!(r.sandbox.dingtalk.instances().len(), number + 1, "{status} {body}");
    }
}

#[tokio::test]
async fn the_same_unclear_answer_twice_and_no_instance_is_dingtalks_no_with_its_words() {
    let Some(r) = Rehearsal::of_much_time(quick()).await else { return };
    let answer = Trouble::answer_before(400, r#"{"code":"internalError","message":"流程配置错误"}"#);
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, answer).next(2));
    let apply_id = r.accepted(r.request()).await;
    assert_eq!(r.told(&apply_id).await.outcome, dataphin::Outcome::Rejected);
    let approval = r.approval(&apply_id).await;
    let decision = approval.state.decision().expect("a decision");
    assert_eq!(decision.outcome, Outcome::Failed);
    assert!(decision.comment.as_ref().is_some_and(|words| words.contains("流程配置错误")), "{decision:?}");
    let sent = |entry: &&Entry| matches!(entry.what, Happening::CreateSent { .. });
    assert_eq!(approval.record.timeline.entries().iter().filter(sent).count(), 2);
    assert_eq!(r.sandbox.dingtalk.instances().len(), 0);
}

#[tokio::test]
async fn a_look_that_could_not_see_is_not_a_look_that_found_nothing() {
    let lists = [
        r#"{"success":false,"errorMsg":"系统错误","result":{"list":[]}}"#,
        r#"{"success":true,"result":null}"#,
    ];
    let blind = [
        Fault::of(Api::ListInstanceIds, Trouble::answer_after(200, lists[0])),
        Fault::of(Api::ListInstanceIds, Trouble::answer_after(200, lists[1])),
        Fault::of(Api::GetInstance, Trouble::WithoutFormValues),
    ];
    for fault in blind {
        let Some(r) = Rehearsal::of_much_time(quick()).await else { return };
        r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::CloseAfter).once());
        r.sandbox.dingtalk.fault(fault.clone());
        let apply_id = r.accepted(r.request()).await;
        let why = needs_operator(&r, &apply_id).await;
        assert!(matches!(why, NeedsOperator::CannotLook { .. }), "{why}");
        assert_eq!(r.sandbox.dingtalk.instances().len(), 1, "{fault:?}");
        // Looking goes on, and finds it as soon as it can be seen.
        r.sandbox.dingtalk.clear_faults();
        r.pass_until_due(&apply_id).await;
        r.reaches(&apply_id, Status::Pending).await;
        assert_eq!(r.sandbox.dingtalk.instances().len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_list_that_does_not_advance_costs_one_call_a_look() {
    for token in [json!(0), json!("0"), json!(-1)] {
        let Some(r) = Rehearsal::of_much_time(quick()).await else { return };
        r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::CloseAfter).once());
        r.sandbox.dingtalk.fault(Fault::of(Api::ListInstanceIds, Trouble::StuckToken(token)));
        let apply_id = r.accepted(r.request()).await;
        r.reaches(&apply_id, Status::Pending).await;
        assert_eq!(r.sandbox.dingtalk.calls().of(Api::ListInstanceIds).calls, 1);
    }
}

#[tokio::test]
async fn a_call_that_is_delivered_late_makes_no_second_instance() {
    let setting = quick().variable("BRIDGE_LOOK_SECONDS", "600").variable("DINGTALK_TIMEOUT_SECONDS", "1");
    let Some(r) = Rehearsal::of_much_time(setting).await else { return };
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::DeliverLate(75_000)).once());
    let apply_id = r.accepted(r.request()).await;
    r.reaches(&apply_id, Status::Pending).await;
    assert_eq!(r.sandbox.dingtalk.instances().len(), 1);
}
