//! Finding templates: by name, by who sees or manages them; and which components of one are branch conditions.

use serde_json::{Value, json};

use super::{
    call::Call,
    components::{Component, longer},
    errors::{Answer, Refusal, local_minutes},
    state::State,
    templates::{Template, TemplateStatus},
};

const LARGEST_PAGE: usize = 100;

/// `GET /v1.0/workflow/processCentres/schemaNames/processCodes`
pub(crate) fn by_name(state: &mut State, call: &Call) -> Answer {
    let name = call.query("name").ok_or_else(|| Refusal::missing("name"))?;
    if longer(name, 64) {
        return Err(Refusal::v1("process.error", "模板名称过长"));
    }
    let (now, delay) = (state.now(), state.settings.name_delay);
    let is_found =
        |template: &&Template| template.name == name && now.duration_since(template.named) >= delay;
    let template = state.templates.values().find(is_found);
    let template = template.ok_or_else(|| Refusal::v1("process.error", "流程模板不存在"))?;
    Ok(json!({"result": {
        "processCode": template.process_code,
        "gmtModified": local_minutes(template.modified),
    }}))
}

/// `GET /v1.0/workflow/processes/conditions/components`
pub(crate) fn conditions(state: &mut State, call: &Call) -> Answer {
    let code = call.query("processCode");
    let code = code.ok_or_else(|| Refusal::v1("invalidProcessCode", "审批模板processCode不能为空"))?;
    if call.query("agentId").is_some_and(|agent| agent.parse() != Ok(state.settings.agent_id)) {
        return Err(Refusal::v1("invalidAgentId", "不合法的agentId"));
    }
    let template = state.templates.get(code);
    let template = template.ok_or_else(|| Refusal::v1("processNotExist", "审批流不存在"))?;
    let is_condition = |component: &&Component| template.conditions.contains(&component.id);
    let conditions = template.components.iter().filter(is_condition);
    let shown: Vec<Value> = conditions.map(|it| json!({"id": it.id, "label": it.label})).collect();
    Ok(json!({"result": shown}))
}

/// `GET /v1.0/workflow/processes/userVisibilities/templates`
pub(crate) fn visible(state: &mut State, call: &Call) -> Answer {
    let number = |name: &str| call.query(name).and_then(|text| text.parse::<usize>().ok());
    let size = number("maxResults").ok_or_else(|| Refusal::missing("maxResults"))?;
    let from = number("nextToken").ok_or_else(|| Refusal::missing("nextToken"))?;
    if !(1..=LARGEST_PAGE).contains(&size) {
        return Err(Refusal::v1("invalidParameter", "maxResults应为1到100"));
    }
    if call.query("userId").is_some_and(|user| state.people.get(user).is_none()) {
        return Err(Refusal::v1("userNotExist", "用户不存在"));
    }
    let shown: Vec<Value> = published(state)
        .skip(from)
        .take(size + 1)
        .map(|template| {
            json!({
                "name": template.name,
                "url": "https://aflow.dingtalk.com/dingtalk/mobile/homepage.htm",
                "iconUrl": "https://gw.alicdn.com/tfs/approval-112-112.png",
                "processCode": template.process_code,
                "dirId": "0",
                "dirName": "其他",
            })
        })
        .collect();
    let mut result = json!({"processList": shown[..shown.len().min(size)]});
    if shown.len() > size {
        result["nextToken"] = json!(from + size);
    }
    Ok(json!({"result": result}))
}

/// `GET /v1.0/workflow/processes/managements/templates`
pub(crate) fn managed(state: &mut State, call: &Call) -> Answer {
    let user = call.query("userId").ok_or_else(|| Refusal::missing("userId"))?;
    let person = state.people.get(user).ok_or_else(|| Refusal::v1("userNotExist", "用户不存在"))?;
    let managed: Vec<Value> = published(state)
        .filter(|_| person.admin)
        .map(|template| {
            json!({
                "iconName": "common",
                "flowTitle": template.name,
                "processCode": template.process_code,
                "newProcess": true,
                "gmtModified": local_minutes(template.modified),
                "attendanceType": 0,
                "iconUrl": "https://gw.alicdn.com/tfs/approval-112-112.png",
            })
        })
        .collect();
    Ok(json!({"result": managed, "success": true}))
}

fn published(state: &State) -> impl Iterator<Item = &Template> {
    let templates = state.templates.values();
    templates.filter(|template| template.status == TemplateStatus::Published && !template.hidden)
}
