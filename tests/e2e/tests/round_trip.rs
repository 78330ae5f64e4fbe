//! Requests go round: Dataphin, bridge, DingTalk, bridge, Dataphin.

#![allow(clippy::expect_used)]

use e2e::{Rehearsal, Setting};
use jiff::SignedDuration;
use shared::approval::{Basis, Outcome, Status};
use simulators::{
    dataphin::{self, Edition, Kind, Operator, Request, RequestState, Verb},
    dingtalk::{Api, Counts, EventShape, Fault, Filter, OwnerKey, PushOptions, Trouble},
};

#[tokio::test]
async fn an_agreement_comes_back_with_who_when_and_their_comment() {
    let r = Rehearsal::start().await;
    let apply_id = r.accepted(r.request()).await;
    r.agree(&r.approver(), "fine with me").await;
    let told = r.told(&apply_id).await;
    assert_eq!(told.outcome, dataphin::Outcome::Approved);
    assert_eq!(told.comment.as_deref(), Some("fine with me"));
    assert_eq!(told.approve_user.expect("who decided"), r.approver());
    assert_eq!(r.sandbox.dataphin.request(&apply_id).expect("the request").state, RequestState::Approved);
    assert_eq!(r.sandbox.dataphin.ledger(&apply_id).len(), 1);
}

#[tokio::test]
async fn a_refusal_comes_back_with_its_comment() {
    let r = Rehearsal::start().await;
    let apply_id = r.accepted(r.request()).await;
    r.refuse(&r.approver(), "not without a test").await;
    let told = r.told(&apply_id).await;
    assert_eq!(
        (told.outcome, told.comment.as_deref()),
        (dataphin::Outcome::Rejected, Some("not without a test"))
    );
}

#[tokio::test]
async fn nodes_decide_in_order_all_or_any_of_their_people() {
    let r = Rehearsal::start().await;
    let people = r.people();
    let [_, wang, zhang, chen, liu, zhao] = &people[..] else { panic!("six people") };
    let request = Request::of(Kind::Publish)
        .then(Operator::Or, [wang.clone()])
        .then(Operator::And, [zhang.clone(), chen.clone()])
        .then(Operator::Or, [liu.clone(), zhao.clone()]);
    let apply_id = r.accepted(request).await;
    let on_desk = |person: &dataphin::Person| r.sandbox.dingtalk.todos(&person.user_source_id).len();
    assert_eq!((on_desk(wang), on_desk(zhang), on_desk(liu)), (1, 0, 0));
    r.agree(wang, "").await;
    assert_eq!((on_desk(zhang), on_desk(chen), on_desk(liu)), (1, 1, 0));
    r.agree(chen, "").await;
    assert_eq!(on_desk(liu), 0, "both must agree");
    r.agree(zhang, "").await;
    r.agree(zhao, "").await;
    assert_eq!(on_desk(liu), 0, "one was enough");
    assert_eq!(r.told(&apply_id).await.approve_user.expect("who decided"), *zhao);
}

#[tokio::test]
async fn every_edition_and_every_profile_works() {
    for edition in [Edition::First, Edition::Second, Edition::Third] {
        for profile in dataphin::Profile::ALL {
            let setting = Setting::default().simulators(|simulators| {
                (simulators.dataphin.edition, simulators.dataphin.profile) = (edition, profile);
            });
            let r = Rehearsal::with(setting).await;
            let apply_id = r.accepted(r.request()).await;
            // The first edition names no approvers: the template's own flow decides.
            r.agree(&r.approver(), "").await;
            assert_eq!(r.told(&apply_id).await.outcome, dataphin::Outcome::Approved);
        }
    }
}

#[tokio::test]
async fn an_encrypted_confirmation_of_dataphins_counts() {
    for profile in dataphin::Profile::ALL {
        let setting = Setting::default().simulators(|it| {
            (it.dataphin.encrypted_answer, it.dataphin.profile) = (true, profile);
        });
        let r = Rehearsal::with(setting).await;
        let apply_id = r.accepted(r.request()).await;
        r.agree(&r.approver(), "").await;
        r.told(&apply_id).await;
    }
}

#[tokio::test]
async fn old_and_new_events_addressed_to_either_owner_key_are_understood() {
    for shape in [EventShape::default(), EventShape::Captured] {
        for owner_key in [OwnerKey::AppKey, OwnerKey::CorpId] {
            let pushes = PushOptions { owner_key, shape, filter: Filter::default() };
            let r = Rehearsal::with(Setting::default().simulators(|it| it.pushes = pushes)).await;
            let apply_id = r.accepted(r.request()).await;
            r.agree(&r.approver(), "").await;
            assert_eq!(r.told(&apply_id).await.outcome, dataphin::Outcome::Approved);
            assert_eq!(r.sandbox.dingtalk.failed_pushes(), 0);
        }
    }
}

/// Undelivered events are asked for once an hour while anything is pending: no approval costs that.
fn for_all(counts: &Counts) -> u64 {
    counts.of(Api::FailedPushes).paid
}

#[tokio::test]
async fn an_approval_costs_two_paid_calls_one_push_and_five_writes() {
    let r = Rehearsal::start().await;
    let _sweeps = r.hold_sweeps().await;
    let before = r.writes();
    let apply_id = r.accepted(r.request()).await;
    r.agree(&r.approver(), "").await;
    r.told(&apply_id).await;
    let counts = r.sandbox.dingtalk.calls();
    assert_eq!(counts.paid() - for_all(&counts), 2, "{counts:?}");
    assert_eq!(counts.pushes_this_month, 1);
    if let (Some(before), Some(after)) = (before, r.writes()) {
        assert_eq!(after - before, 5);
    }
}

#[tokio::test]
async fn every_event_pushed_costs_no_more_paid_calls_and_tells_the_timeline() {
    let r = Rehearsal::with(Setting::default().simulators(|it| it.pushes = PushOptions::default())).await;
    let _sweeps = r.hold_sweeps().await;
    // A task's event that comes before the create call returns is of no approval yet.
    r.sandbox.dingtalk.fault(Fault::everywhere(Trouble::DelayPush(250)));
    let apply_id = r.accepted(r.request()).await;
    r.pass(SignedDuration::from_secs(1));
    r.sandbox.dingtalk.pushes_settled().await;
    r.agree(&r.approver(), "").await;
    r.told(&apply_id).await;
    let counts = r.sandbox.dingtalk.calls();
    assert_eq!(counts.paid() - for_all(&counts), 2, "{counts:?}");
    let timeline: Vec<String> = r
        .approval(&apply_id)
        .await
        .record
        .timeline
        .entries()
        .iter()
        .map(|entry| entry.what.to_string())
        .collect();
    assert!(
        timeline.iter().any(|line| line == "DingTalk reports: emp1002 has it on their desk"),
        "{timeline:#?}"
    );
}

#[tokio::test]
async fn a_transfer_and_a_countersignature_leave_the_decision_to_dingtalk() {
    let r = Rehearsal::start().await;
    let people = r.people();
    let apply_id = r.accepted(r.request()).await;
    let todo = r.desk(&people[1]).await;
    r.sandbox.dingtalk.transfer(todo.task, "emp1003", "you know this better").expect("a transfer");
    let todo = r.desk(&people[2]).await;
    r.sandbox.dingtalk.countersign(todo.task, &["emp1004"], true, "your view?").expect("a countersignature");
    r.agree(&people[3], "from me too").await;
    r.agree(&people[2], "agreed").await;
    let told = r.told(&apply_id).await;
    let decider = told.approve_user.expect("who decided");
    assert_eq!((decider.user_source_id.as_str(), told.comment.as_deref()), ("emp1003", Some("agreed")));
}

#[tokio::test]
async fn a_request_revoked_in_dingtalk_is_withdrawn() {
    let r = Rehearsal::start().await;
    let apply_id = r.accepted(r.request()).await;
    r.pass(SignedDuration::from_secs(16));
    r.sandbox.dingtalk.revoke(&r.instance(&apply_id).await, "changed my mind").expect("they may revoke");
    assert_eq!(r.told(&apply_id).await.outcome, dataphin::Outcome::Withdrawn);
}

#[tokio::test]
async fn an_instance_deleted_in_dingtalk_fails_the_request() {
    let r = Rehearsal::with(Setting::default().simulators(|it| it.pushes = PushOptions::default())).await;
    let apply_id = r.accepted(r.request()).await;
    r.sandbox.dingtalk.delete(&r.instance(&apply_id).await).expect("an administrator may delete");
    assert_eq!(r.told(&apply_id).await.outcome, dataphin::Outcome::Rejected);
    let approval = r.approval(&apply_id).await;
    assert_eq!(approval.state.decision().expect("a decision").outcome, Outcome::Failed);
}

#[tokio::test]
async fn a_withdrawal_by_any_of_its_names_terminates_the_instance_when_dingtalk_lets_it() {
    for verb in [Verb::Terminate, Verb::Revoke, Verb::Cancel, Verb::Withdraw] {
        let r = Rehearsal::start().await;
        let apply_id = r.accepted(r.request()).await;
        let answer = r.sandbox.dataphin.withdraw(&apply_id, verb).await.expect("a withdrawal");
        assert!(answer.accepted(), "{answer:?}");
        let approval = r.reaches(&apply_id, Status::Delivered).await;
        assert_eq!(approval.state.decision().expect("a decision").outcome, Outcome::Withdrawn);
        let instance =
            r.sandbox.dingtalk.instance(r.instance(&apply_id).await.as_str()).expect("the instance");
        assert_eq!(instance.status, simulators::dingtalk::Status::Terminated);
        assert_eq!(
            r.sandbox.dingtalk.calls().of(Api::TerminateInstance).calls,
            1,
            "not before DingTalk lets it"
        );
    }
}

#[tokio::test]
async fn a_withdrawal_that_comes_after_the_decision_is_told_so() {
    let r = Rehearsal::start().await;
    let apply_id = r.accepted(r.request()).await;
    r.agree(&r.approver(), "").await;
    r.told(&apply_id).await;
    let body = serde_json::json!({"applyId": apply_id, "tenantId": "100000001"}).to_string();
    let (status, answer) = r.post("/dataphin/bpms/processinstance/revoke", body).await;
    assert_eq!((status, answer["code"].as_str()), (409, Some("ended-already")));
    assert_eq!(answer["message"], "the request is approved already");
}

#[tokio::test]
async fn a_decision_rests_on_the_instance_not_on_the_event() {
    let r = Rehearsal::start().await;
    let apply_id = r.accepted(r.request()).await;
    r.agree(&r.approver(), "").await;
    r.told(&apply_id).await;
    assert_eq!(r.approval(&apply_id).await.state.decision().expect("a decision").basis, Basis::Instance);
}
