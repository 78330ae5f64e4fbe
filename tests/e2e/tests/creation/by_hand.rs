//! What people file by themselves with the bridge's template.

use e2e::Rehearsal;
use serde_json::{Value, json};
use shared::approval::InstanceId;
use simulators::dingtalk;

/// A program files an instance of the bridge's template: with these values, for one approver.
pub async fn file_by_program(
    r: &Rehearsal,
    originator: &str,
    approver: &str,
    values: &[(&str, &str)],
) -> String {
    file(r, originator, Some(approver), values).await
}

/// Somebody files one in DingTalk itself: the template's flow decides.
pub async fn file_in_dingtalk(r: &Rehearsal, originator: &str, values: &[(&str, &str)]) -> String {
    file(r, originator, None, values).await
}

async fn file(r: &Rehearsal, originator: &str, approver: Option<&str>, values: &[(&str, &str)]) -> String {
    let variables = r.sandbox.variables();
    let client = reqwest::Client::new();
    let url = r.sandbox.dingtalk.url();
    let credentials =
        json!({"appKey": variables["DINGTALK_APP_KEY"], "appSecret": variables["DINGTALK_APP_SECRET"]});
    let token = client.post(format!("{url}/v1.0/oauth2/accessToken")).json(&credentials).send().await;
    let token: Value = token.expect("an answer").json().await.expect("JSON");
    let form: Vec<Value> = values.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    let mut body = json!({
        "processCode": variables["DINGTALK_PROCESS_CODE"],
        "originatorUserId": originator,
        "deptId": -1,
        "formComponentValues": form,
    });
    if let Some(approver) = approver {
        body["approvers"] = json!([{"actionType": "NONE", "userIds": [approver]}]);
    }
    let create = client.post(format!("{url}/v1.0/workflow/processInstances")).json(&body);
    let create =
        create.header("x-acs-dingtalk-access-token", token["accessToken"].as_str().expect("a token"));
    let answer: Value = create.send().await.expect("an answer").json().await.expect("JSON");
    answer["instanceId"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// The form of an approval, as its own instance would hold it, with another title.
pub fn form<'a>(reference: &'a str, title: &'a str) -> [(&'static str, &'a str); 5] {
    [
        ("标题 Title", title),
        ("类型 Type", "x"),
        ("申请人 Requester", "x"),
        ("内容 Details", "x"),
        ("单号 Reference", reference),
    ]
}

/// Someone agrees to one certain instance.
pub fn agree_to(r: &Rehearsal, instance: &str) {
    let instance = r.sandbox.dingtalk.instance(instance).expect("the instance");
    let task = instance.open_tasks().next().expect("an open task").id;
    r.sandbox.dingtalk.agree(task, "by a friend").expect("they may agree");
}

/// The same create call once more.
pub async fn again(r: &Rehearsal, instance: &InstanceId) -> String {
    let (originator, values) = shown(r, instance.as_str());
    file_by_program(r, &originator, &r.approver().user_source_id, &borrowed(&values)).await
}

pub fn task_of(r: &Rehearsal, instance: &str) -> dingtalk::TaskId {
    let instance = r.sandbox.dingtalk.instance(instance).expect("the instance");
    instance.open_tasks().next().expect("an open task").id
}

/// What its originator sees, filed once more by themselves.
pub async fn copy(r: &Rehearsal, instance: &InstanceId) -> String {
    let (originator, values) = shown(r, instance.as_str());
    file_in_dingtalk(r, &originator, &borrowed(&values)).await
}

fn shown(r: &Rehearsal, instance: &str) -> (String, Vec<(&'static str, String)>) {
    let made = r.sandbox.dingtalk.instance(instance).expect("the instance");
    let labels = ["标题 Title", "类型 Type", "申请人 Requester", "内容 Details", "单号 Reference"];
    let values = labels.iter().filter_map(|label| Some((*label, made.value(label)?.to_owned())));
    (made.originator.as_str().to_owned(), values.collect())
}

fn borrowed<'a>(values: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    values.iter().map(|(label, value)| (*label, value.as_str())).collect()
}
