//! Submits: one request, one approval, one instance, whatever happens while it is created.

#![allow(clippy::expect_used)]

use std::collections::BTreeSet;

use e2e::{Rehearsal, Setting};
use jiff::SignedDuration;
use serde_json::json;
use shared::approval::{Outcome, State, Status};
use simulators::{
    dataphin::{self, Fault as DataphinFault, Kind, Operator, Person, Request, Times},
    dingtalk::{Api, Fault, Standing, Trouble},
};
use tokio::task::JoinSet;

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
    // That goes by time that runs evenly, which only passes by itself in processes of their own.
    r.until("a new token is used", async || r.file(r.request()).await.answer.accepted().then_some(())).await;
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

const REVOKE: &str = "/dataphin/bpms/processinstance/revoke";

/// A request of a tenant's (of none where it is empty), which is the same whoever submits it.
fn of_tenant(apply_id: &str, tenant: &str) -> String {
    let mut body = json!({
        "applyId": apply_id, "applyUserInfo": {"userSourceId": "emp1001"}, "title": "t",
        "approveNodes": [{"approveUsers": [{"userSourceId": "emp1002"}]}],
    });
    if !tenant.is_empty() {
        body["tenantId"] = json!(tenant);
    }
    body.to_string()
}

#[tokio::test]
async fn a_request_without_a_tenant_belongs_to_the_first_one_named_and_another_tenants_is_its_own() {
    let r = Rehearsal::start().await;
    let (_, without) = r.post(CREATE, of_tenant("7", "")).await;
    let (_, first) = r.post(CREATE, of_tenant("7", "A")).await;
    let (_, other) = r.post(CREATE, of_tenant("7", "B")).await;
    let id = |answer: &serde_json::Value| answer["processInstanceId"].as_str().expect("an id").to_owned();
    assert_eq!(id(&without), id(&first));
    assert_ne!(id(&first), id(&other));
    assert_eq!(r.sandbox.dingtalk.instances().len(), 2);
    let first = r.load(&id(&first)).await.expect("an approval");
    assert_eq!(first.record.tenant().as_str(), "A", "as Dataphin will be told");
    for path in [CREATE, REVOKE] {
        let (status, answer) = r.post(path, of_tenant("7", "")).await;
        assert_eq!((status, answer["code"].as_str()), (400, Some("tenant-missing")), "{answer}");
    }
    let (status, answer) = r.post(REVOKE, of_tenant("7", "B")).await;
    assert_eq!((status, id(&answer)), (200, id(&other)), "only its own");
    let (status, _) = r.post(REVOKE, of_tenant("7", "C")).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn of_two_tenants_at_once_one_claims_the_request_and_the_other_has_its_own() {
    let r = Rehearsal::start().await;
    let (mut calls, target) = (JoinSet::new(), format!("{}{CREATE}?{}", r.bridge, r.credentials()));
    for n in 0..24 {
        let tenant = ["", "A", "B"][n % 3];
        let call = reqwest::Client::new().post(&target).body(of_tenant("7", tenant)).send();
        calls.spawn(async move {
            let answer = call.await.expect("an answer");
            (tenant, answer.status().as_u16(), answer.json::<serde_json::Value>().await.expect("JSON"))
        });
    }
    let answers = r.as_time_passes(calls.join_all()).await;
    let of = |tenant: &str| {
        let answers = answers.iter().filter(|(whose, status, _)| *whose == tenant && *status == 200);
        answers.map(|(.., answer)| answer["processInstanceId"].to_string()).collect::<BTreeSet<_>>()
    };
    let (a, b) = (of("A"), of("B"));
    assert_eq!((a.len(), b.len()), (1, 1), "{answers:?}");
    assert!(a.is_disjoint(&b) && of("").is_subset(&(&a | &b)), "{answers:?}");
    assert_eq!(r.sandbox.dingtalk.instances().len(), 2);
    let mut refused = answers.iter().filter(|(_, status, _)| *status != 200);
    assert!(refused.all(|(.., answer)| answer["code"] == "tenant-missing"), "{answers:?}");
}

#[tokio::test]
async fn a_withdrawal_that_contradicts_itself_withdraws_nothing() {
    let r = Rehearsal::start().await;
    let mut ids = Vec::new();
    for (apply_id, tenant) in [("1", "A"), ("2", "B")] {
        let (_, answer) = r.post(CREATE, of_tenant(apply_id, tenant)).await;
        ids.push(answer["processInstanceId"].as_str().expect("an id").to_owned());
    }
    for body in [
        json!({"applyId": "1", "processInstanceId": ids[1]}),
        json!({"applyId": "1", "tenantId": "B", "processInstanceId": ids[0]}),
        json!({"tenantId": "B", "processInstanceId": ids[0]}),
        json!({"applyId": "2", "tenantId": "A", "processInstanceId": ids[0]}),
    ] {
        let (status, answer) = r.post(REVOKE, body.to_string()).await;
        assert_eq!((status, answer["code"].as_str()), (409, Some("contradicting-withdrawal")), "{body}");
    }
    let (status, answer) =
        r.post(REVOKE, json!({"tenantId": ["A"], "processInstanceId": ids[1]}).to_string()).await;
    assert_eq!((status, answer["code"].as_str()), (400, Some("bad-body")), "{answer}");
    for id in &ids {
        let approval = r.load(id).await.expect("an approval");
        assert!(matches!(approval.state, State::Pending(pending) if pending.withdrawal.is_none()));
    }
    let whole = json!({"applyId": "1", "tenantId": "A", "processInstanceId": ids[0]});
    assert_eq!(r.post(REVOKE, whole.to_string()).await.0, 200);
}

#[tokio::test]
async fn a_request_too_large_to_be_kept_is_refused_before_anybody_is_asked() {
    let r = Rehearsal::start().await;
    let user = |n: usize| json!({"userId": format!("{n:0>128}"), "userName": "x".repeat(200), "userSourceId": "审".repeat(124) + &n.to_string()});
    let node =
        |node: usize| json!({"approveUsers": (0..50).map(|n| user(node * 50 + n)).collect::<Vec<_>>()});
    let body = json!({"applyId": "1", "approveNodes": (0..13).map(node).collect::<Vec<_>>()}).to_string();
    let (status, answer) = r.post(CREATE, body).await;
    assert_eq!((status, answer["code"].as_str()), (422, Some("request-too-large")), "{answer}");
    assert!(answer["message"].to_string().contains("name fewer approvers"), "{answer}");
    assert!(r.sandbox.dingtalk.instances().is_empty());
}
