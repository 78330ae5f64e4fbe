//! What people do, and what becomes of the instance.

use serde_json::{Value, json};

use super::Stage;
use crate::dingtalk::Objection;

const TERMINATE: &str = "/v1.0/workflow/processInstances/terminate";

pub(super) fn decided(read: &Value) -> (&str, &str) {
    (read["status"].as_str().unwrap(), read["result"].as_str().unwrap())
}

#[tokio::test]
async fn nodes_are_asked_in_order_and_the_last_agreement_completes() {
    let stage = Stage::new().await;
    let nodes = json!([
        {"actionType": "AND", "userIds": ["boss", "lead"]},
        {"actionType": "NONE", "userIds": ["head"]},
    ]);
    let id = stage.create(&nodes).await;
    assert_eq!(stage.desks(), ["boss", "lead"]);
    stage.simulator.agree(stage.task_of("boss"), "fine").unwrap();
    assert_eq!(stage.desks(), ["lead"], "AND waits for everybody");
    stage.simulator.agree(stage.task_of("lead"), "").unwrap();
    assert_eq!(stage.desks(), ["head"]);
    stage.simulator.agree(stage.task_of("head"), "").unwrap();
    let read = stage.read(&id).await;
    assert_eq!(decided(&read), ("COMPLETED", "agree"));
    assert_eq!(read["finishTime"], "2026-04-16T15:34Z");
    let record = &read["operationRecords"][1];
    assert_eq!((&record["type"], &record["result"]), (&json!("EXECUTE_TASK_NORMAL"), &json!("AGREE")));
    assert_eq!((&record["userId"], &record["remark"]), (&json!("boss"), &json!("fine")));
    assert!(read["operationRecords"][2].get("remark").is_none());
}

#[tokio::test]
async fn the_first_one_of_an_or_node_decides_and_the_others_tasks_are_cancelled() {
    let stage = Stage::new().await;
    let id = stage.create(&json!([{"actionType": "OR", "userIds": ["boss", "lead", "head"]}])).await;
    let late = stage.task_of("boss");
    stage.simulator.agree(stage.task_of("lead"), "").unwrap();
    let read = stage.read(&id).await;
    assert_eq!(decided(&read), ("COMPLETED", "agree"));
    let statuses: Vec<&Value> =
        read["tasks"].as_array().unwrap().iter().map(|task| &task["status"]).collect();
    assert_eq!(statuses, ["CANCELED", "COMPLETED", "CANCELED"]);
    assert_eq!(stage.simulator.agree(late, ""), Err(Objection::InstanceEnded));
    assert!(stage.desks().is_empty());
}

#[tokio::test]
async fn one_refusal_ends_the_instance() {
    let stage = Stage::new().await;
    let mut order = stage.order(&json!([
        {"actionType": "AND", "userIds": ["boss", "lead"]},
        {"actionType": "NONE", "userIds": ["head"]},
    ]));
    order["ccList"] = json!(["root"]);
    let (_, created) = stage.post("/v1.0/workflow/processInstances", &order).await;
    let id = created["instanceId"].as_str().unwrap().into();
    stage.simulator.refuse(stage.task_of("lead"), "no need").unwrap();
    let read = stage.read(&id).await;
    assert_eq!(decided(&read), ("COMPLETED", "refuse"));
    let records = read["operationRecords"].as_array().unwrap();
    assert_eq!(records[1]["remark"], "no need");
    assert_eq!(records[2]["type"], "PROCESS_CC", "who decided is not simply the last record");
    assert_eq!(records[2]["ccUserIds"], json!(["root"]));
    assert!(stage.desks().is_empty());
}

#[tokio::test]
async fn a_transferred_task_is_on_the_other_desk() {
    let stage = Stage::new().await;
    let (id, task) = stage.create_for_boss().await;
    stage.simulator.transfer(task, "lead", "you know better").unwrap();
    assert_eq!(stage.desks(), ["lead"]);
    let read = stage.read(&id).await;
    assert_eq!(
        (&read["tasks"][0]["status"], &read["tasks"][0]["result"]),
        (&json!("COMPLETED"), &json!("REDIRECTED"))
    );
    assert_eq!(read["operationRecords"][1]["type"], "REDIRECT_TASK");
    stage.simulator.agree(stage.task_of("lead"), "").unwrap();
    assert_eq!(decided(&stage.read(&id).await), ("COMPLETED", "agree"));
}

#[tokio::test]
async fn an_instance_younger_than_fifteen_seconds_cannot_be_revoked() {
    let stage = Stage::new().await;
    let (id, _) = stage.create_for_boss().await;
    let order = json!({"processInstanceId": id, "isSystem": true, "remark": "withdrawn"});
    stage.pass(14);
    let (status, refused) = stage.post(TERMINATE, &order).await;
    assert_eq!((status.as_u16(), &refused["code"]), (400, &json!("aflowProcessInstStatusException")));
    assert_eq!(stage.simulator.revoke(&id, ""), Err(Objection::TooYoung));
    stage.pass(1);
    assert_eq!(stage.post(TERMINATE, &order).await.1, json!({"result": true, "success": true}));
    let read = stage.read(&id).await;
    assert_eq!(decided(&read), ("TERMINATED", ""));
    assert_eq!(read["operationRecords"][1]["type"], "TERMINATE_PROCESS_INSTANCE");
    assert!(stage.desks().is_empty());
    assert_eq!(stage.post(TERMINATE, &order).await.1["code"], "aflowProcessInstStatusException");
}

#[tokio::test]
async fn only_the_originator_or_the_application_revokes_and_only_where_the_template_lets_them() {
    let stage = Stage::new().await;
    let (id, _) = stage.create_for_boss().await;
    stage.pass(20);
    for (order, code) in [
        (json!({"isSystem": true}), "invalidInstanceId"),
        (json!({"processInstanceId": "x", "isSystem": true}), "aflowProcessInstNotExist"),
        (json!({"processInstanceId": id, "isSystem": "yes"}), "invalidInstanceTerminateIsSystem"),
        (json!({"processInstanceId": id, "isSystem": false}), "invalidInstanceTerminateOperatingUserId"),
        (
            json!({"processInstanceId": id, "isSystem": false, "operatingUserId": "boss"}),
            "invalidInstanceTerminateOperatingUserId",
        ),
        (json!({"processInstanceId": id, "isSystem": false, "operatingUserId": "nobody"}), "userNotExist"),
    ] {
        assert_eq!(stage.post(TERMINATE, &order).await.1["code"], code, "{order}");
    }
    let order = json!({"processInstanceId": id, "isSystem": false, "operatingUserId": "asker"});
    stage.simulator.set_allow_revoke(stage.template.as_str(), false);
    assert_eq!(stage.post(TERMINATE, &order).await.1["code"], "internalError");
    stage.simulator.set_allow_revoke(stage.template.as_str(), true);
    assert_eq!(stage.post(TERMINATE, &order).await.0, 200);
}

#[tokio::test]
async fn an_application_comments_executes_and_redirects() {
    let stage = Stage::new().await;
    let (id, task) = stage.create_for_boss().await;
    let comment = json!({"processInstanceId": id, "text": "hello", "commentUserId": "root"});
    assert_eq!(stage.post("/v1.0/workflow/processInstances/comments", &comment).await.0, 200);
    let redirect = |by: &str| json!({"taskId": task, "toUserId": "lead", "operateUserId": by});
    let path = "/v1.0/workflow/tasks/redirect";
    assert_eq!(stage.post(path, &redirect("head")).await.1["code"], "param.illegal.operator");
    assert_eq!(stage.post(path, &redirect("boss")).await.1, json!({"result": true}));
    assert_eq!(stage.post(path, &redirect("boss")).await.1["code"], "task.status.error");
    let execute = |user: &str, result: &str| {
        let task = stage.task_of("lead");
        json!({"processInstanceId": id, "taskId": task, "actionerUserId": user, "result": result, "remark": "ok"})
    };
    let path = "/v1.0/workflow/processInstances/execute";
    assert_eq!(stage.post(path, &execute("boss", "agree")).await.1["code"], "needAuth");
    assert_eq!(stage.post(path, &execute("lead", "perhaps")).await.1["code"], "invalidInstanceExecuteResult");
    let numbers = "/v1.0/workflow/processes/todoTasks/numbers?userId=lead";
    assert_eq!(stage.get(numbers).await.1, json!({"result": 1}));
    assert_eq!(stage.post(path, &execute("lead", "agree")).await.1, json!({"result": true, "success": true}));
    assert_eq!(stage.get(numbers).await.1, json!({"result": 0}));
    let read = stage.read(&id).await;
    assert_eq!(decided(&read), ("COMPLETED", "agree"));
    assert_eq!(
        (&read["operationRecords"][1]["type"], &read["operationRecords"][1]["remark"]),
        (&json!("ADD_REMARK"), &json!("hello"))
    );
}

#[tokio::test]
async fn a_deleted_instance_is_gone() {
    let stage = Stage::new().await;
    let (id, _) = stage.create_for_boss().await;
    stage.simulator.delete(&id).unwrap();
    let path = format!("/v1.0/workflow/processInstances?processInstanceId={id}");
    assert_eq!(stage.get(&path).await.1["code"], "processInstanceNotExist");
    assert!(stage.desks().is_empty() && stage.simulator.instances().is_empty());
}
