//! Creating an instance: everything that DingTalk checks first, and then the instance itself.
//!
//! Spec section 2.4.

use serde_json::{Value, json};

use super::{
    call::{Call, texts},
    components::longer,
    errors::{Answer, Refusal},
    flow::{FlowNode, Method},
    form_values,
    ids::UserId,
    instances::{CopyAt, Instance, Node, Status, new_business_id, new_id},
    people::Person,
    state::State,
    steps::{Nobody, Step, steps},
    templates::{Template, TemplateStatus},
};

const MOST_APPROVERS: usize = 20;
const MOST_COPIES: usize = 50;
const MOST_CHARACTERS_OF_URL: usize = 1_024;

/// `POST /v1.0/workflow/processInstances`
pub(crate) fn create(state: &mut State, call: &Call) -> Answer {
    call.need_json()?;
    let instance = check(state, call)?;
    let id = instance.id.clone();
    state.instances.add(instance);
    if let Some(mut progress) = state.progress(id.as_str()) {
        progress.start();
    }
    Ok(json!({"instanceId": id}))
}

fn check(state: &State, call: &Call) -> Result<Instance, Refusal> {
    let originator = call.text("originatorUserId").ok_or_else(|| Refusal::missing("originatorUserId"))?;
    let code = call.text("processCode").ok_or_else(|| Refusal::missing("processCode"))?;
    let person = originator_in_service(state, originator)?;
    let template = template_in_use(state, code)?;
    if call.body.get("microappAgentId").is_some_and(|it| !it.is_null())
        && call.integer("microappAgentId") != Some(state.settings.agent_id)
    {
        return Err(Refusal::v1("invalidAgentId", "无效的agentId"));
    }
    let department = call.integer("deptId").ok_or_else(|| instance_invalid("发起人部门id为空或不合法"))?;
    let in_contacts =
        person.department(department).ok_or_else(|| instance_invalid("发起人不在发起部门中"))?;
    let department_name = state.people.department(in_contacts).map(|it| it.name.clone()).unwrap_or_default();
    if let Some(url) = call.text("bizDetailPageUrl") {
        if !state.settings.premium {
            return Err(Refusal::v1("benefitStatusInvalid", "权益未开通或已失效"));
        }
        if longer(url, MOST_CHARACTERS_OF_URL) {
            return Err(invalid("bizDetailPageUrl过长"));
        }
    }
    let given = approvers(state, call)?;
    let copies = copies(state, call)?;
    let copy_at = match call.text("ccPosition") {
        Some("START") => CopyAt::Start,
        None | Some("FINISH") => CopyAt::Finish,
        Some("START_FINISH") => CopyAt::Both,
        Some(_) => return Err(invalid("ccPosition应为START、FINISH或START_FINISH")),
    };
    let chosen = chosen(state, call)?;
    let nodes = match &given {
        Some(nodes) => nodes.clone(),
        None => flow(state, template, person, in_contacts, &chosen)?,
    };
    let values = form_values::accept(state, &template.components, call.body.get("formComponentValues"))?;
    let (now, random) = (state.now(), state.world.random.as_ref());
    Ok(Instance {
        id: new_id(now, random),
        process_code: template.process_code.clone(),
        business_id: new_business_id(now, random),
        title: format!("{}提交的{}", person.name, template.name),
        originator: person.user_id.clone(),
        department,
        department_name,
        status: Status::Running,
        outcome: None,
        created: now,
        finished: None,
        nodes,
        tasks: Vec::new(),
        records: Vec::new(),
        values,
        approvers: given.iter().flatten().flat_map(|node| node.users.clone()).collect(),
        // Without approvers of the caller's own, its copies are ignored too.
        copies: if given.is_some() { copies } else { Vec::new() },
        copy_at,
        deleted: false,
    })
}

/// The originator; one who has left is told apart from one who never was.
pub(crate) fn originator_in_service<'a>(state: &'a State, user: &str) -> Result<&'a Person, Refusal> {
    match state.people.ever(user) {
        Some(person) if person.is_in_service() => Ok(person),
        Some(_) => Err(invalid("发起人已离职")),
        None => Err(instance_invalid("发起人不存在")),
    }
}

/// The template, if people can start its instances.
fn template_in_use<'a>(state: &'a State, code: &str) -> Result<&'a Template, Refusal> {
    let template = state.templates.get(code);
    let template = template.ok_or_else(|| Refusal::v1("processCodeError", "流程模板code不存在"))?;
    if template.status == TemplateStatus::Published {
        Ok(template)
    } else {
        Err(Refusal::v1("processGetFailed", "流程模板已停用"))
    }
}

/// `approvers`, which override the template's flow.
fn approvers(state: &State, call: &Call) -> Result<Option<Vec<Node>>, Refusal> {
    let list = match call.body.get("approvers") {
        None | Some(Value::Null) => return Ok(None),
        Some(list) => list.as_array().ok_or_else(|| invalid("approvers应为数组"))?,
    };
    if list.is_empty() {
        return Ok(None);
    }
    if list.len() > MOST_APPROVERS {
        return Err(invalid("approvers不能超过20个"));
    }
    let mut nodes = Vec::new();
    for entry in list {
        let users = texts(&entry["userIds"]).map_err(|_| invalid("userIds应为字符串数组"))?;
        let least = if state.settings.tolerate_single_approver { 1 } else { 2 };
        let method = match (entry["actionType"].as_str(), users.len()) {
            (Some("NONE"), 1) => Method::OneByOne,
            (Some("AND"), count) if count >= least => Method::And,
            (Some("OR"), count) if count >= least => Method::Or,
            (Some("NONE" | "AND" | "OR"), _) => return Err(invalid("审批人数量与actionType不符")),
            _ => return Err(invalid("actionType应为AND、OR或NONE")),
        };
        nodes.push(Node::new(people(state, users, "审批人")?, method, state.world.random.as_ref()));
    }
    Ok(Some(nodes))
}

fn copies(state: &State, call: &Call) -> Result<Vec<UserId>, Refusal> {
    let users = call.texts("ccList").map_err(|_| invalid("ccList应为字符串数组"))?.unwrap_or_default();
    if users.len() > MOST_COPIES {
        return Err(invalid("ccList不能超过50个"));
    }
    people(state, users, "抄送人")
}

/// `targetSelectActioners`: whom the originator chose for which node.
fn chosen(state: &State, call: &Call) -> Result<Vec<(String, Vec<UserId>)>, Refusal> {
    let list = match call.body.get("targetSelectActioners") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(list) => list.as_array().ok_or_else(|| invalid("targetSelectActioners应为数组"))?,
    };
    if list.len() > MOST_APPROVERS {
        return Err(invalid("targetSelectActioners不能超过20个"));
    }
    let mut chosen = Vec::new();
    for entry in list {
        let key = entry["actionerKey"].as_str().ok_or_else(|| Refusal::missing("actionerKey"))?;
        let users = texts(&entry["actionerUserIds"]).map_err(|_| invalid("actionerUserIds应为字符串数组"))?;
        chosen.push((key.to_owned(), people(state, users, "审批人")?));
    }
    Ok(chosen)
}

/// The template's own flow, with its people filled in.
fn flow(
    state: &State,
    template: &Template,
    originator: &Person,
    department: i64,
    chosen: &[(String, Vec<UserId>)],
) -> Result<Vec<Node>, Refusal> {
    let steps = steps(state, template, originator, department);
    let steps = steps.map_err(|Nobody| Refusal::v1("processInstanceStartFailed", "审批节点没有审批人"))?;
    let node = |step: Step<'_>| {
        let users = match step.node {
            FlowNode::Chosen { .. } => choice(step.node, chosen)?,
            _ => step.users.clone(),
        };
        Ok(Node::of(step, users))
    };
    steps.into_iter().map(node).collect()
}

/// Whom the originator chose for this node, if the node allows them.
fn choice(node: &FlowNode, chosen: &[(String, Vec<UserId>)]) -> Result<Vec<UserId>, Refusal> {
    let FlowNode::Chosen { actor_key, required, among, allowed_multi, .. } = node else {
        return Ok(Vec::new());
    };
    let users = chosen.iter().find(|(key, _)| key == actor_key).map(|(_, users)| users.clone());
    let users = users.unwrap_or_default();
    if users.is_empty() && *required {
        return Err(Refusal::v1("targetSelectApproverMissing", "自选审批人缺失"));
    }
    if !among.is_empty() && users.iter().any(|user| !among.contains(user)) {
        return Err(Refusal::v1("targetSelectApproverScopeError", "自选审批人不在可选范围内"));
    }
    if users.len() > 1 && !allowed_multi {
        return Err(Refusal::v1("targetSelectApproverScopeError", "自选审批人只能选择一人"));
    }
    Ok(users)
}

fn people(state: &State, users: Vec<String>, role: &str) -> Result<Vec<UserId>, Refusal> {
    let users: Vec<UserId> = users.into_iter().map(UserId::from).collect();
    match users.iter().find(|user| !state.can_act(user)) {
        Some(unknown) => Err(instance_invalid(&format!("{role}不存在或未激活：{unknown}"))),
        None => Ok(users),
    }
}

fn invalid(why: &str) -> Refusal {
    Refusal::v1("invalidParameter", why)
}

fn instance_invalid(why: &str) -> Refusal {
    Refusal::v1("processInstanceInvalidParameter", why)
}
