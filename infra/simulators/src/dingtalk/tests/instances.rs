//! Creating, reading and listing instances.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::Stage;
use crate::dingtalk::{FlowNode, Method, Person, Settings, Standing, TemplateStatus};

const CREATE: &str = "/v1.0/workflow/processInstances";
const LIST: &str = "/v1.0/workflow/processes/instanceIds/query";

#[tokio::test]
async fn a_running_instance_reads_as_captured_ones_do() {
    let stage = Stage::new().await;
    let (id, task) = stage.create_for_boss().await;
    assert_eq!(id.as_str().len(), 36);
    assert!(id.as_str().ends_with("1776324877"), "the creation's Unix second ends the id");
    let read = stage.read(&id).await;
    assert_eq!(read["title"], "Ada提交的Data access");
    assert_eq!((&read["status"], &read["result"]), (&json!("RUNNING"), &json!("")));
    assert_eq!(read["createTime"], "2026-04-16T15:34Z", "local time with a false Z");
    assert_eq!(read["originatorDeptId"], "10");
    assert_eq!(read["approverUserIds"], json!(["boss"]));
    assert!(read.get("finishTime").is_none() && read.get("processCode").is_none());
    let business_id = read["businessId"].as_str().unwrap();
    assert!(business_id.len() == 21 && business_id.starts_with("20260416153400"));
    let shown = &read["tasks"][0];
    assert_eq!((&shown["taskId"], &shown["userId"]), (&json!(task), &json!("boss")));
    assert_eq!((&shown["status"], &shown["result"]), (&json!("RUNNING"), &json!("NONE")));
    let url = format!("aflow.dingtalk.com?procInsId={id}&taskId={task}&businessId={business_id}");
    assert_eq!(shown["pcUrl"], url);
    assert_eq!(read["operationRecords"][0]["type"], "START_PROCESS_INSTANCE");
    let (status, refused) = stage.get(&format!("{CREATE}?processInstanceId=unknown")).await;
    assert_eq!((status.as_u16(), &refused["code"]), (400, &json!("processInstanceNotExist")));
}

#[tokio::test]
async fn a_create_that_dingtalk_would_refuse_is_refused() {
    let stage = Stage::new().await;
    stage.simulator.add_person(Person::new("gone", "Go").standing(Standing::Left));
    let fit = stage.order(&json!([{"actionType": "NONE", "userIds": ["boss"]}]));
    let node = |kind: &str, users: &[&str]| json!([{"actionType": kind, "userIds": users}]);
    let twenty_one: Vec<Value> =
        (0..21).map(|_| json!({"actionType": "NONE", "userIds": ["boss"]})).collect();
    let values = |entry: Value| json!([entry]);
    let many: Vec<Value> = (0..151).map(|_| json!({"name": "Reference", "value": "x"})).collect();
    for (field, value, code) in [
        ("originatorUserId", Value::Null, "MissingoriginatorUserId"),
        ("originatorUserId", json!("nobody"), "processInstanceInvalidParameter"),
        ("originatorUserId", json!("gone"), "invalidParameter"),
        ("processCode", json!("PROC-X"), "processCodeError"),
        ("deptId", Value::Null, "processInstanceInvalidParameter"),
        ("deptId", json!(-1), "processInstanceInvalidParameter"),
        ("deptId", json!(1), "processInstanceInvalidParameter"),
        ("microappAgentId", json!(7), "invalidAgentId"),
        ("bizDetailPageUrl", json!("https://a"), "benefitStatusInvalid"),
        ("approvers", json!(twenty_one), "invalidParameter"),
        ("approvers", node("ALL", &["boss"]), "invalidParameter"),
        ("approvers", node("NONE", &["boss", "lead"]), "invalidParameter"),
        ("approvers", node("NONE", &[]), "invalidParameter"),
        ("approvers", node("AND", &["boss"]), "invalidParameter"),
        ("approvers", node("OR", &["boss"]), "invalidParameter"),
        ("approvers", node("OR", &["boss", "nobody"]), "processInstanceInvalidParameter"),
        ("approvers", node("NONE", &["gone"]), "processInstanceInvalidParameter"),
        ("ccList", json!(["nobody"]), "processInstanceInvalidParameter"),
        ("ccPosition", json!("MIDDLE"), "invalidParameter"),
        ("formComponentValues", Value::Null, "MissingformComponentValues"),
        ("formComponentValues", json!([]), "formConverterError"),
        ("formComponentValues", json!(many), "invalidParameter"),
        ("formComponentValues", values(json!({"value": "x"})), "Missingname"),
        ("formComponentValues", values(json!({"name": "Reference"})), "Missingvalue"),
        ("formComponentValues", values(json!({"name": "Reference", "value": 7})), "sysErrror"),
        (
            "formComponentValues",
            values(json!({"name": "Reference", "value": "长".repeat(65_536)})),
            "formConverterError",
        ),
    ] {
        let mut order = fit.clone();
        order[field] = value;
        let (status, refused) = stage.post(CREATE, &order).await;
        assert_eq!((status.as_u16(), &refused["code"]), (400, &json!(code)), "{field}: {refused}");
    }
    assert!(stage.simulator.instances().is_empty());
    assert_eq!(stage.post(CREATE, &fit).await.0, 200);
    stage.simulator.set_status(stage.template.as_str(), TemplateStatus::Invalid);
    assert_eq!(stage.post(CREATE, &fit).await.1["code"], "processGetFailed");
}

#[tokio::test]
async fn the_root_department_is_minus_one_for_who_is_in_it() {
    let stage = Stage::new().await;
    let mut order = stage.order(&json!([{"actionType": "NONE", "userIds": ["boss"]}]));
    order["originatorUserId"] = json!("lead");
    order["deptId"] = json!(-1);
    let (_, created) = stage.post(CREATE, &order).await;
    let read = stage.read(&created["instanceId"].as_str().unwrap().into()).await;
    assert_eq!(read["originatorDeptId"], "-1");
}

#[tokio::test]
async fn a_single_approver_of_an_or_node_passes_only_where_that_is_tolerated() {
    let stage = Stage::with(Settings { tolerate_single_approver: true, ..Settings::default() }).await;
    stage.create(&json!([{"actionType": "OR", "userIds": ["boss"]}])).await;
}

#[tokio::test]
async fn a_template_without_approvers_given_follows_its_own_flow() {
    let stage = Stage::new().await;
    let flow = vec![
        FlowNode::chosen("manual_1", true),
        FlowNode::Supervisor,
        FlowNode::members(&["head"], Method::And),
    ];
    stage.simulator.set_flow(stage.template.as_str(), flow);
    let mut order = stage.order(&Value::Null);
    assert_eq!(stage.post(CREATE, &order).await.1["code"], "targetSelectApproverMissing");
    order["targetSelectActioners"] = json!([{"actionerKey": "manual_1", "actionerUserIds": ["lead"]}]);
    let (status, created) = stage.post(CREATE, &order).await;
    assert_eq!(status, 200, "{created}");
    for user in ["lead", "boss", "head"] {
        assert_eq!(stage.desks(), [user]);
        stage.simulator.agree(stage.task_of(user), "").unwrap();
    }
    let read = stage.read(&created["instanceId"].as_str().unwrap().into()).await;
    assert_eq!((&read["status"], &read["result"]), (&json!("COMPLETED"), &json!("agree")));
    assert!(read.get("approverUserIds").is_none(), "they show only where the caller gave them");
}

#[tokio::test]
async fn ids_are_listed_by_creation_originator_and_status_in_pages() {
    let stage = Stage::new().await;
    let start = 1_776_324_877_000_i64;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(stage.create_for_boss().await.0);
        stage.pass(60);
    }
    stage.simulator.agree(stage.task_of("boss"), "").unwrap();
    let query = |more: Value| {
        let mut query =
            json!({"processCode": stage.template, "startTime": start, "nextToken": 0, "maxResults": 2});
        query.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        query
    };
    let (_, page) = stage.post(LIST, &query(json!({}))).await;
    assert_eq!(page, json!({"result": {"list": ids[..2], "nextToken": "2"}, "success": true}));
    let (_, page) = stage.post(LIST, &query(json!({"nextToken": 4}))).await;
    assert_eq!(page["result"], json!({"list": ids[4..]}));
    let window = json!({"startTime": start + 60_000, "endTime": start + 119_999, "userIds": ["asker"]});
    assert_eq!(stage.post(LIST, &query(window)).await.1["result"]["list"], json!(ids[1..2]));
    let (_, page) = stage.post(LIST, &query(json!({"statuses": ["COMPLETED"]}))).await;
    assert_eq!(page["result"]["list"], json!(ids[4..]));
    let (_, page) = stage.post(LIST, &query(json!({"userIds": ["boss"]}))).await;
    assert_eq!(page["result"]["list"], json!([]));
    let eleven: Vec<String> = (0..11).map(|index| format!("u{index}")).collect();
    for wrong in [
        json!({"maxResults": 21}),
        json!({"maxResults": 0}),
        json!({"startTime": start - 121 * 86_400_000}),
        json!({"startTime": start - 366 * 86_400_000, "endTime": start - 365 * 86_400_000}),
        json!({"statuses": ["DONE"]}),
        json!({"userIds": eleven}),
    ] {
        assert_eq!(stage.post(LIST, &query(wrong)).await.1["code"], "invalidParameter");
    }
}

#[tokio::test]
async fn a_new_instance_shows_in_the_list_only_after_the_delay() {
    let list_delay = SignedDuration::from_secs(5);
    let stage = Stage::with(Settings { list_delay, ..Settings::default() }).await;
    let (id, _) = stage.create_for_boss().await;
    let query = json!({"processCode": stage.template, "startTime": 1_776_324_877_000_i64, "nextToken": 0, "maxResults": 20});
    assert_eq!(stage.post(LIST, &query).await.1["result"]["list"], json!([]));
    stage.read(&id).await;
    stage.pass(5);
    assert_eq!(stage.post(LIST, &query).await.1["result"]["list"], json!([id]));
}
