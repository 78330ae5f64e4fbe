//! Submits: one request, one approval, one instance, whatever happens while it is created.

#![allow(clippy::expect_used)]

use std::collections::BTreeSet;

use e2e::{Rehearsal, Setting};
use jiff::SignedDuration;
use serde_json::json;
use shared::approval::{Outcome, Status};
use simulators::{
    dataphin::{self, Fault as DataphinFault, Kind, Operator, Person, Request, Times},
    dingtalk::{Api, Fault, Standing, Trouble},
};

#[tokio::test]
async fn the_same_submit_fifty_times_at_once_gives_one_instance_and_equal_answers() {
    let r = Rehearsal::start().await;
    r.sandbox.dataphin.fault(DataphinFault::SubmitAtOnce { times: 50 }, Times::Next(1));
    let filed = r.as_time_passes(r.file(r.request())).await;
    let answers: BTreeSet<&str> =
        filed.repeats.iter().chain([&filed.answer]).map(|answer| answer.body.as_str()).collect();
    assert_eq!((filed.repeats.len(), answers.len()), (49, 1), "{answers:?}");
    assert!(filed.answer.accepted());
    assert_eq!(r.sandbox.dingtalk.instances().len(), 1);
}

#[tokio::test]
async fn fifty_at_once_are_refused_alike() {
    let r = Rehearsal::start().await;
    r.sandbox.dataphin.fault(DataphinFault::SubmitAtOnce { times: 50 }, Times::Next(1));
    let stranger = Person::new("1", "nobody", "No Body");
    let request = Request::of(Kind::Publish).then(Operator::Or, [stranger]);
    let filed = r.as_time_passes(r.file(request)).await;
    let codes: BTreeSet<_> = filed
        .repeats
        .iter()
        .chain([&filed.answer])
        .map(|answer| answer.json().expect("JSON")["code"].clone().to_string())
        .collect();
    assert_eq!(codes, BTreeSet::from(["\"person-not-in-dingtalk\"".to_owned()]));
    assert!(r.sandbox.dingtalk.instances().is_empty());
}

#[tokio::test]
async fn a_repeated_submit_returns_the_first_instance_also_after_the_end() {
    let r = Rehearsal::start().await;
    let apply_id = r.accepted(r.request()).await;
    let first = r.sandbox.dataphin.request(&apply_id).expect("the request").answers[0].body.clone();
    r.agree(&r.approver(), "").await;
    r.told(&apply_id).await;
    let again = r.sandbox.dataphin.submit_again(&apply_id).await.expect("the request");
    assert_eq!((again.status(), again.body()), (Some(200), first.as_str()));
    assert_eq!(r.sandbox.dingtalk.instances().len(), 1);
}

#[tokio::test]
async fn another_request_under_the_same_id_is_a_conflict() {
    let r = Rehearsal::start().await;
    let apply_id = r.accepted(r.request()).await;
    let body = serde_json::json!({"applyId": apply_id, "tenantId": "100000001", "title": "something else"});
    let (status, answer) = r.post("/dataphin/bpms/processinstance/create", body.to_string()).await;
    assert_eq!((status, answer["code"].as_str()), (409, Some("another-request-under-this-id")));
    let other_tenant = serde_json::json!({"applyId": apply_id, "tenantId": "2", "title": "something else",
        "approveNodes": [{"approveUsers": [{"userSourceId": "emp1002"}]}]});
    let (status, _) = r.post("/dataphin/bpms/processinstance/create", other_tenant.to_string()).await;
    assert_eq!(status, 200, "another tenant has ids of its own");
}

#[tokio::test]
async fn a_missing_permission_is_told_at_once_and_a_new_try_works_once_it_is_granted() {
    let r = Rehearsal::start().await;
    r.sandbox.dingtalk.deny("Workflow.Instance.Write");
    let filed = r.file(r.request()).await;
    let answer = filed.answer.json().expect("JSON");
    assert_eq!(filed.status(), Some(422));
    assert_eq!(answer["code"], "Forbidden.AccessDenied.AccessTokenPermissionDenied");
    assert!(answer["message"].as_str().expect("a message").contains("Workflow.Instance.Write"), "{answer}");
    r.sandbox.dingtalk.grant("Workflow.Instance.Write");
    r.sandbox.dingtalk.expire_tokens();
    r.pass(SignedDuration::from_secs(1));
    let again = r.sandbox.dataphin.submit_again(&filed.apply_id).await.expect("the request");
    assert!(again.answer.accepted(), "{}", again.body());
    r.agree(&r.approver(), "").await;
    assert_eq!(r.told(&filed.apply_id).await.outcome, dataphin::Outcome::Approved);
}

#[tokio::test]
async fn whoever_is_not_in_dingtalk_is_named() {
    let r = Rehearsal::start().await;
    let stranger = Person::new("77", "emp9999", "No Body");
    let all = Request::of(Kind::Publish).then(Operator::And, [r.approver(), stranger.clone()]);
    let filed = r.file(all).await;
    let message = filed.answer.json().expect("JSON")["message"].to_string();
    assert!(message.contains("approver emp9999 (No Body) of node 1"), "{message}");
    // Where anyone may decide, one who is missing is left out.
    let any = Request::of(Kind::Publish).then(Operator::Or, [stranger, r.approver()]);
    let apply_id = r.accepted(any).await;
    r.agree(&r.approver(), "").await;
    r.told(&apply_id).await;
}

#[tokio::test]
async fn a_requester_who_left_dingtalk_is_represented_by_the_service_user() {
    let r = Rehearsal::start().await;
    let people = r.people();
    let gone = simulators::dingtalk::Person::new(&people[0].user_source_id, &people[0].user_name);
    r.sandbox.dingtalk.add_person(gone.standing(Standing::Left));
    let apply_id = r.accepted(r.request()).await;
    let instance = r.sandbox.dingtalk.instance(r.instance(&apply_id).await.as_str()).expect("the instance");
    assert_eq!(instance.originator.as_str(), "bridge");
    assert_eq!(instance.value("申请人 Requester"), Some("Li Na"));
}

#[tokio::test]
async fn a_no_found_out_after_the_source_was_told_yes_becomes_an_outcome() {
    let setting = Setting::default().variable("BRIDGE_SUBMIT_WAIT_SECONDS", "1");
    let r = Rehearsal::with(setting).await;
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::Slow(5_000)).once());
    let template = &r.sandbox.variables()["DINGTALK_PROCESS_CODE"];
    r.sandbox.dingtalk.set_status(template, simulators::dingtalk::TemplateStatus::Invalid);
    let filed = r.as_time_passes(r.file(r.request())).await;
    assert!(filed.answer.accepted(), "{}", filed.body());
    let told = r.told(&filed.apply_id).await;
    assert_eq!(told.outcome, dataphin::Outcome::Rejected);
    let approval = r.approval(&filed.apply_id).await;
    assert_eq!(approval.state.decision().expect("a decision").outcome, Outcome::Failed);
}

#[tokio::test]
async fn too_many_calls_are_put_off_and_none_is_lost() {
    let r = Rehearsal::start().await;
    // The token and the people are known from now on: only create calls are too many.
    let mut accepted = vec![r.accepted(r.request()).await];
    r.sandbox.dingtalk.set_qps(Some(0));
    for turned_away in 1..=3 {
        accepted.push(r.accepted(r.request()).await);
        assert!(r.sandbox.dingtalk.calls().of(Api::CreateInstance).turned_away >= turned_away);
    }
    r.sandbox.dingtalk.set_qps(Some(4));
    for _ in 0..12 {
        accepted.push(r.accepted(r.request()).await);
    }
    for apply_id in &accepted {
        r.reaches(apply_id, Status::Pending).await;
    }
    assert_eq!(r.sandbox.dingtalk.instances().len(), accepted.len());
}

#[tokio::test]
async fn a_permission_that_is_granted_while_the_bridge_runs_is_used_without_a_restart() {
    let r = Rehearsal::start().await;
    r.sandbox.dingtalk.deny(simulators::dingtalk::permissions::INSTANCE_WRITE);
    let refused = r.file(r.request()).await;
    assert!(refused.body().contains("Workflow.Instance.Write"), "{}", refused.body());
    r.sandbox.dingtalk.grant(simulators::dingtalk::permissions::INSTANCE_WRITE);
    // A new token is asked for now and then, not for every refusal.
    r.pass(jiff::SignedDuration::from_secs(15));
    r.accepted(r.request()).await;
}

const CREATE: &str = "/dataphin/bpms/processinstance/create";

#[tokio::test]
async fn a_submit_of_a_megabyte_is_taken_and_shown_with_its_reason_and_its_lines() {
    let r = Rehearsal::start().await;
    let code = "-- clean up old rows\nDROP TABLE dwd_user;\n".repeat(22_400);
    let content =
        json!({"resourceType": "Fun", "code": code, "functionName": "f", "applyReason": "month end"});
    let mut body = json!({
        "applyId": "large", "tenantId": "1", "applyUserInfo": {"userSourceId": "emp1001"}, "content": content.to_string(),
        "approveNodes": [{"approveOperator": "XOR", "approveUsers": [{"userSourceId": "emp1002"}]}],
    })
    .to_string();
    assert!(body.len() > 1_000_000 && body.len() < 1 << 20, "{}", body.len());
    body.push_str(&" ".repeat((1 << 20) - body.len()));
    let (status, answer) = r.post(CREATE, body).await;
    assert_eq!(status, 200, "{answer}");
    let instances = r.sandbox.dingtalk.instances();
    let shown: String =
        ["资源 Resources", "内容 Details"].iter().filter_map(|label| instances[0].value(label)).collect();
    for part in [
        "month end",
        "functionName",
        "rows\nDROP TABLE dwd_user;\n",
        "more characters not shown; see Dataphin",
    ] {
        let escaped = part.replace('\n', "\\n");
        assert!(shown.contains(part) || shown.contains(&escaped), "{part}");
    }
}

#[tokio::test]
async fn the_same_apply_id_with_and_without_its_tenant_is_one_request() {
    for (first, second) in [("", "100000001"), ("100000001", "")] {
        let r = Rehearsal::start().await;
        let body = |apply_id: &str, tenant: &str| {
            let mut body = json!({
                "applyId": apply_id, "applyUserInfo": {"userSourceId": "emp1001"}, "title": "t",
                "approveNodes": [{"approveUsers": [{"userSourceId": "emp1002"}]}],
            });
            if !tenant.is_empty() {
                body["tenantId"] = json!(tenant);
            }
            body.to_string()
        };
        let (status, one) = r.post(CREATE, body("7", first)).await;
        let (_, other) = r.post(&format!("{CREATE}/"), body("7", second)).await;
        assert_eq!((status, one), (200, other));
        // Both at once, too.
        let (one, other) = r
            .as_time_passes(async {
                tokio::join!(r.post(CREATE, body("8", first)), r.post(CREATE, body("8", second)))
            })
            .await;
        assert_eq!((one.0, &one), (200, &other));
        assert_eq!(r.sandbox.dingtalk.instances().len(), 2);
        let (status, answer) = r.post("/dataphin/bpms/processinstance/revoke", body("7", second)).await;
        assert_eq!(status, 200, "{answer}");
        // Of several tenants none is guessed.
        for tenant in ["1", "2"] {
            assert_eq!(r.post(CREATE, body("9", tenant)).await.0, 200);
        }
        for path in [CREATE, "/dataphin/bpms/processinstance/revoke"] {
            let (status, answer) = r.post(path, body("9", "")).await;
            assert_eq!((status, answer["code"].as_str()), (400, Some("tenant-missing")));
        }
    }
}

#[tokio::test]
async fn nobody_is_asked_and_nobody_asks_who_was_not_named_by_an_account() {
    let r = Rehearsal::start().await;
    // Dataphin's own ids are those of other people in DingTalk.
    let body = |apply_id: &str, operator: &str| {
        json!({
            "applyId": apply_id, "applyUserInfo": {"userId": "emp1003", "userName": "Somebody"},
            "approveNodes": [{"approveOperator": operator, "approveUsers": [
                {"userId": "emp1004", "userSourceId": "", "userName": "Some One"}, {"userSourceId": "emp1002"}]}],
        })
        .to_string()
    };
    let (status, answer) = r.post(CREATE, body("1", "OR")).await;
    assert_eq!(status, 200, "{answer}");
    let instance = r.sandbox.dingtalk.instances().remove(0);
    assert_eq!(instance.originator.as_str(), "bridge");
    assert_eq!(instance.value("申请人 Requester"), Some("Somebody"));
    assert!(r.sandbox.dingtalk.todos("emp1004").is_empty());
    assert_eq!(r.sandbox.dingtalk.todos("emp1002").len(), 1);
    let (status, answer) = r.post(CREATE, body("2", "AND")).await;
    assert_eq!((status, answer["code"].as_str()), (422, Some("person-not-in-dingtalk")));
    assert!(answer["message"].to_string().contains("Some One (userId emp1004, no userSourceId)"), "{answer}");
    assert_eq!(r.sandbox.dingtalk.instances().len(), 1);
}
