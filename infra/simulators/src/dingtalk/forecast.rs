//! Forecast: which nodes an instance would go through, and for which of them the originator must choose people.
//!
//! Spec section 2.3.

use serde_json::{Value, json};

use super::{
    call::Call,
    create::supervisor,
    errors::{Answer, Refusal},
    ids::UserId,
    state::State,
    templates::{FlowNode, Method},
};

const MOST_VALUES: usize = 150;

/// `POST /v1.0/workflow/processes/forecast`
pub(crate) fn forecast(state: &mut State, call: &Call) -> Answer {
    call.need_json()?;
    let code = call.text("processCode").ok_or_else(|| Refusal::missing("processCode"))?;
    let user = call.text("userId").ok_or_else(|| Refusal::missing("userId"))?;
    if call.integer("deptId").is_none() {
        return Err(Refusal::missing("deptId"));
    }
    let values = call.body.get("formComponentValues").and_then(Value::as_array);
    let values = values.ok_or_else(|| Refusal::v1("componentIsNull", "表单控件为空"))?;
    if values.len() > MOST_VALUES {
        return Err(Refusal::v1("invalidParameter", "formComponentValues不能超过150个"));
    }
    let template = state.templates.get(code);
    let template = template.ok_or_else(|| Refusal::v1("processCodeError", "流程模板code不存在"))?;
    let person = state.people.get(user).ok_or_else(|| Refusal::v1("userNotExist", "用户不存在"))?;
    let mut previous = String::from("start");
    let mut rules = Vec::new();
    for (index, node) in template.flow.iter().enumerate() {
        let activity_id = format!("{index:04x}_{:04x}", code.len());
        let rule = match node {
            FlowNode::Members { users, method } => given(state, users, *method),
            FlowNode::Supervisor => given(state, &supervisor(state, person), Method::OneByOne),
            FlowNode::Chosen { actor_key, required, method, among } => {
                chosen(state, actor_key, *required, *method, among)
            }
        };
        let mut rule = rule;
        rule["activityId"] = json!(activity_id);
        rule["prevActivityId"] = json!(previous);
        rule["activityName"] = json!("审批人");
        rules.push(rule);
        previous = activity_id;
    }
    let nodes: Vec<Value> = rules
        .iter()
        .map(|rule| {
            let id = rule["activityId"].as_str().unwrap_or_default();
            json!({"activityId": id, "outId": format!("line-{id}")})
        })
        .collect();
    Ok(json!({"result": {
        "isForecastSuccess": true,
        "processCode": template.process_code,
        "userId": person.user_id,
        "processId": template.created.as_millisecond(),
        "isStaticWorkflow": true,
        "workflowActivityRules": rules,
        "workflowForecastNodes": nodes,
    }}))
}

fn given(state: &State, users: &[UserId], method: Method) -> Value {
    let people: Vec<Value> = users
        .iter()
        .map(|user| json!({"userId": user, "name": state.people.name_of(user), "avatar": ""}))
        .collect();
    json!({
        "activityType": "target_approval",
        "isTargetSelect": false,
        "workflowActor": {
            "actorType": "approver",
            "approvalType": "MANUAL",
            "approvalMethod": method,
            "actorActivateType": activation(method),
            "required": true,
        },
        "activityActioners": people,
    })
}

fn chosen(state: &State, actor_key: &str, required: bool, method: Method, among: &[UserId]) -> Value {
    let range: Vec<Value> =
        among.iter().map(|user| json!({"workNo": user, "userName": state.people.name_of(user)})).collect();
    json!({
        "activityType": "target_select",
        "isTargetSelect": true,
        "workflowActor": {
            "actorKey": actor_key,
            "actorType": "approver",
            "actorSelectionType": if among.is_empty() { "allStaff" } else { "approvals" },
            "actorSelectionRange": {"approvals": range, "labels": []},
            "allowedMulti": true,
            "approvalType": "MANUAL",
            "approvalMethod": method,
            "actorActivateType": activation(method),
            "required": required,
        },
        "activityActioners": [],
    })
}

fn activation(method: Method) -> &'static str {
    if method == Method::OneByOne { "ONE_BY_ONE" } else { "ALL" }
}
