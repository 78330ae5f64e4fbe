//! Approvers who are added on the way (加签): who decides when, and what reading the instance shows of it.

use serde_json::{Value, json};

use super::{Stage, acts::decided};
use crate::dingtalk::{Objection, Settings};

#[tokio::test]
async fn an_approver_added_before_decides_first() {
    let stage = Stage::new().await;
    let (id, task) = stage.create_for_boss().await;
    stage.simulator.countersign(task, &["lead", "head"], true, "").unwrap();
    assert_eq!(stage.desks(), ["lead", "head"]);
    assert_eq!(stage.simulator.agree(task, ""), Err(Objection::TaskEnded), "it is paused");
    assert_eq!(stage.read(&id).await["tasks"][0]["status"], "PAUSED");
    stage.simulator.agree(stage.task_of("lead"), "").unwrap();
    stage.simulator.agree(stage.task_of("head"), "").unwrap();
    assert_eq!(stage.desks(), ["boss"]);
    stage.simulator.agree(task, "").unwrap();
    assert_eq!(decided(&stage.read(&id).await), ("COMPLETED", "agree"));
}

#[tokio::test]
async fn an_approver_added_after_decides_last() {
    let stage = Stage::new().await;
    let id = stage.create(&json!([{"actionType": "OR", "userIds": ["boss", "lead"]}])).await;
    stage.simulator.countersign(stage.task_of("boss"), &["head", "root"], false, "").unwrap();
    stage.simulator.agree(stage.task_of("boss"), "").unwrap();
    assert_eq!(stage.desks(), ["head", "root"]);
    stage.simulator.agree(stage.task_of("head"), "").unwrap();
    assert_eq!(stage.desks(), ["root"]);
    stage.simulator.refuse(stage.task_of("root"), "").unwrap();
    assert_eq!(decided(&stage.read(&id).await), ("COMPLETED", "refuse"));
}

/// One entry of the record: type, result and who.
fn recorded(read: &Value) -> Vec<(&str, &str, &str)> {
    let records = read["operationRecords"].as_array().unwrap().iter();
    let text = |record: &Value, field: &str| record[field].as_str().unwrap_or_default().len();
    assert!(records.clone().all(|record| text(record, "date") == 17));
    records
        .map(|it| {
            (
                it["type"].as_str().unwrap(),
                it["result"].as_str().unwrap(),
                it["userId"].as_str().unwrap_or(""),
            )
        })
        .collect()
}

#[tokio::test]
async fn added_approvers_show_in_the_record_and_the_tasks() {
    let stage = Stage::new().await;
    let (id, task) = stage.create_for_boss().await;
    stage.simulator.countersign(task, &["lead"], true, "look first").unwrap();
    let read = stage.read(&id).await;
    assert_eq!(
        recorded(&read),
        [("START_PROCESS_INSTANCE", "NONE", "asker"), ("APPEND_TASK_BEFORE", "NONE", "boss")]
    );
    let added = &read["operationRecords"][1];
    assert_eq!((&added["remark"], &added["showName"]), (&json!("look first"), &json!("加签")));
    let tasks = |read: &Value| -> Vec<(String, String, String)> {
        let text = |task: &Value, field: &str| task[field].as_str().unwrap().to_owned();
        let tasks = read["tasks"].as_array().unwrap().iter();
        tasks.map(|it| (text(it, "userId"), text(it, "status"), text(it, "result"))).collect()
    };
    let of = |user: &str, status: &str, result: &str| (user.to_owned(), status.to_owned(), result.to_owned());
    assert_eq!(tasks(&read), [of("boss", "PAUSED", "NONE"), of("lead", "RUNNING", "NONE")]);
    assert_eq!(read["tasks"][0]["activityId"], read["tasks"][1]["activityId"], "they stand in the same node");
    stage.simulator.agree(stage.task_of("lead"), "seen").unwrap();
    stage.simulator.countersign(task, &["head"], false, "").unwrap();
    stage.simulator.agree(task, "fine").unwrap();
    stage.simulator.refuse(stage.task_of("head"), "too late").unwrap();
    let read = stage.read(&id).await;
    assert_eq!(decided(&read), ("COMPLETED", "refuse"));
    assert_eq!(
        recorded(&read)[2..],
        [
            ("EXECUTE_TASK_NORMAL", "AGREE", "lead"),
            ("APPEND_TASK_AFTER", "NONE", "boss"),
            ("EXECUTE_TASK_NORMAL", "AGREE", "boss"),
            ("EXECUTE_TASK_NORMAL", "REFUSE", "head"),
        ]
    );
    assert_eq!(
        tasks(&read),
        [
            of("boss", "COMPLETED", "AGREE"),
            of("lead", "COMPLETED", "AGREE"),
            of("head", "COMPLETED", "REFUSE")
        ]
    );
}

#[tokio::test]
async fn who_follows_an_approver_added_before_is_waited_for_too() {
    let stage = Stage::new().await;
    let (_, task) = stage.create_for_boss().await;
    stage.simulator.countersign(task, &["lead"], true, "").unwrap();
    stage.simulator.countersign(stage.task_of("lead"), &["head"], false, "").unwrap();
    stage.simulator.agree(stage.task_of("lead"), "").unwrap();
    assert_eq!(stage.desks(), ["head"]);
    stage.simulator.agree(stage.task_of("head"), "").unwrap();
    assert_eq!(stage.desks(), ["boss"]);
}

#[tokio::test]
async fn nobody_adds_nobody_or_themselves() {
    let stage = Stage::new().await;
    let (_, task) = stage.create_for_boss().await;
    for (users, objection) in [
        (vec![], Objection::NobodyAdded),
        (vec!["boss"], Objection::AddsThemselves),
        (vec!["nobody"], Objection::NoSuchPerson),
    ] {
        assert_eq!(stage.simulator.countersign(task, &users, true, ""), Err(objection));
    }
    assert_eq!(stage.desks(), ["boss"]);
}

#[tokio::test]
async fn adding_approvers_over_the_api_needs_the_premium_edition() {
    let path = "/v1.0/workflow/premium/tasks/append";
    for (premium, expected) in [(false, "benefit.status.invalid"), (true, "")] {
        let stage = Stage::with(Settings { premium, ..Settings::default() }).await;
        let (id, task) = stage.create_for_boss().await;
        let order = json!({
            "taskId": task, "processInstanceId": id, "operateUserId": "boss", "appenderUserIds": ["lead"],
            "activateType": "ALL", "type": "before", "agreeAll": true,
        });
        let (_, answer) = stage.post(path, &order).await;
        assert_eq!(answer["code"].as_str().unwrap_or_default(), expected);
        assert_eq!(stage.desks(), [if premium { "lead" } else { "boss" }]);
    }
}

#[tokio::test]
async fn adding_approvers_over_the_api_is_checked() {
    let stage = Stage::with(Settings { premium: true, qps: None, ..Settings::default() }).await;
    let (id, task) = stage.create_for_boss().await;
    for (field, value, code) in [
        ("processInstanceId", json!("other"), "param.illegal"),
        ("activateType", json!("SOMEHOW"), "param.illegal"),
        ("type", json!("beside"), "param.illegal"),
        ("appenderUserIds", json!([]), "param.illegal"),
        ("appenderUserIds", json!(["boss"]), "appender.contains.currentOperator"),
        ("appenderUserIds", json!(["nobody"]), "user.not.exist"),
        ("operateUserId", json!("head"), "param.illegal.operator"),
    ] {
        let mut order = json!({
            "taskId": task, "processInstanceId": id, "operateUserId": "boss", "appenderUserIds": ["lead"],
            "activateType": "ONE_BY_ONE", "type": "after", "agreeAll": true,
        });
        order[field] = value;
        let (_, answer) = stage.post("/v1.0/workflow/premium/tasks/append", &order).await;
        assert_eq!(answer["code"], code, "{order}");
    }
}
