//! Forecast: which nodes an instance would go through, and for which of them the originator must choose people.
//!
//! Spec section 2.3. Documented are the `activityType`s `target_select` and `target_approval`; the others here
//! follow the console's own words for its rules.

use serde_json::{Value, json};

use super::{
    call::Call,
    errors::{Answer, Refusal},
    flow::{FlowNode, Method},
    ids::UserId,
    people::role_id,
    state::State,
    steps::{Step, steps},
    templates::TemplateStatus,
};

const MOST_VALUES: usize = 150;

/// `POST /v1.0/workflow/processes/forecast`
pub(crate) fn forecast(state: &mut State, call: &Call) -> Answer {
    call.need_json()?;
    let code = call.text("processCode").ok_or_else(|| Refusal::missing("processCode"))?;
    let user = call.text("userId").ok_or_else(|| Refusal::missing("userId"))?;
    let department = call.integer("deptId").ok_or_else(|| Refusal::missing("deptId"))?;
    let values = call.body.get("formComponentValues").and_then(Value::as_array);
    let values = values.ok_or_else(|| Refusal::v1("componentIsNull", "表单控件为空"))?;
    if values.len() > MOST_VALUES {
        return Err(Refusal::v1("invalidParameter", "formComponentValues不能超过150个"));
    }
    let template = state.templates.get(code);
    let template = template.ok_or_else(|| Refusal::v1("processCodeError", "流程模板code不存在"))?;
    if template.status != TemplateStatus::Published {
        return Err(Refusal::v1("forecastError", "流程预测失败，流程模板已停用"));
    }
    let person = state.people.get(user).ok_or_else(|| Refusal::v1("userNotExist", "用户不存在"))?;
    let department = person.department(department);
    let department = department.ok_or_else(|| Refusal::v1("invalidParameter", "发起人不在发起部门中"))?;
    // Where a node has nobody, the forecast says so instead of failing.
    let steps = steps(state, template, person, department).ok();
    let rules = steps.as_deref().map(|steps| rules(state, steps)).unwrap_or_default();
    let nodes: Vec<Value> = rules
        .iter()
        .map(|rule| {
            let id = rule["activityId"].as_str().unwrap_or_default();
            json!({"activityId": id, "outId": format!("line-{id}")})
        })
        .collect();
    Ok(json!({"result": {
        "isForecastSuccess": steps.is_some(),
        "processCode": template.process_code,
        "userId": person.user_id,
        "processId": template.created.as_millisecond(),
        "isStaticWorkflow": template.conditions.is_empty(),
        "workflowActivityRules": rules,
        "workflowForecastNodes": nodes,
    }}))
}

fn rules(state: &State, steps: &[Step<'_>]) -> Vec<Value> {
    let mut previous = "start";
    let mut rules = Vec::new();
    for step in steps {
        rules.push(rule(state, step, previous));
        previous = &step.activity_id;
    }
    rules
}

fn rule(state: &State, step: &Step<'_>, previous: &str) -> Value {
    let is_chosen = matches!(step.node, FlowNode::Chosen { .. });
    // Of a node that the initiator selects, the people are a range, and nobody acts yet.
    let people = if is_chosen { &[][..] } else { &step.users };
    json!({
        "activityId": step.activity_id,
        "prevActivityId": previous,
        "activityName": step.name,
        "activityType": activity_type(step.node),
        "isTargetSelect": is_chosen,
        "workflowActor": actor(state, step),
        "activityActioners": people
            .iter()
            .map(|user| json!({"userId": user, "name": state.people.name_of(user), "avatar": ""}))
            .collect::<Vec<_>>(),
    })
}

fn actor(state: &State, step: &Step<'_>) -> Value {
    let mut actor = json!({
        "actorType": step.duty.actor_type(),
        "approvalType": step.duty.approval_type(),
        "approvalMethod": step.method,
        "actorActivateType": if step.method == Method::OneByOne { "ONE_BY_ONE" } else { "ALL" },
        "required": true,
    });
    match step.node {
        FlowNode::Chosen { actor_key, required, among, allowed_multi, .. } => {
            actor["actorKey"] = json!(actor_key);
            actor["required"] = json!(required);
            actor["allowedMulti"] = json!(allowed_multi);
            let selection = if among.is_empty() { "allStaff" } else { "approvals" };
            set_range(&mut actor, selection, &approvals(state, among), &json!([]));
        }
        FlowNode::Members { users, .. } | FlowNode::Handler { users, .. } | FlowNode::Copy { users } => {
            set_range(&mut actor, "approvals", &approvals(state, users), &json!([]));
        }
        FlowNode::Role { role, .. } => {
            let labels = json!([{"labels": role_id(role).to_string(), "labelNames": role}]);
            set_range(&mut actor, "labels", &json!([]), &labels);
        }
        _ => {}
    }
    actor
}

fn set_range(actor: &mut Value, selection: &str, approvals: &Value, labels: &Value) {
    actor["actorSelectionType"] = json!(selection);
    actor["actorSelectionRange"] = json!({"approvals": approvals, "labels": labels});
}

fn approvals(state: &State, users: &[UserId]) -> Value {
    users.iter().map(|user| json!({"workNo": user, "userName": state.people.name_of(user)})).collect()
}

fn activity_type(node: &FlowNode) -> &'static str {
    match node {
        FlowNode::Chosen { .. } => "target_select",
        FlowNode::Supervisor | FlowNode::DepartmentHead => "target_management",
        FlowNode::Role { .. } => "target_label",
        FlowNode::Initiator => "target_originator",
        _ => "target_approval",
    }
}
