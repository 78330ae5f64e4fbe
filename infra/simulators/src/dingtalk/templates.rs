//! Templates (OA approval forms): the form that the API makes, and the flow that only DingTalk's console sets.
//!
//! Spec sections 2.1 and 2.2.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    call::Call,
    components::{self, Component, longer},
    errors::{Answer, Refusal, uuid},
    flow::FlowNode,
    ids::ProcessCode,
    state::State,
};

const MOST_TEMPLATES: usize = 200;
const MOST_COMPONENTS: usize = 200;
const MOST_CHARACTERS_OF_NAME: usize = 200;
const MOST_CHARACTERS_OF_DESCRIPTION: usize = 300;

/// Whether people can start a template's instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TemplateStatus {
    /// In use.
    Published,
    /// Stopped.
    Invalid,
    /// A draft.
    Saved,
}

/// An OA approval template.
#[derive(Debug, Clone, Serialize)]
pub struct Template {
    /// `PROC-…`
    pub process_code: ProcessCode,
    /// Its name, unique in the organisation.
    pub name: String,
    /// Its description.
    pub description: String,
    /// Its form.
    pub components: Vec<Component>,
    /// Its approval flow: set in the console, never over the API.
    pub flow: Vec<FlowNode>,
    /// Whether it is in use.
    pub status: TemplateStatus,
    /// The console's switch "allow the initiator to revoke a running approval".
    pub allow_revoke: bool,
    /// Whether it is hidden from the list of templates.
    pub hidden: bool,
    /// The ids of the components that the console uses as branch conditions.
    pub conditions: Vec<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub modified: Timestamp,
    /// When it got the name that it has.
    pub(crate) named: Timestamp,
    form_uuid: String,
}

impl Template {
    /// Uses these components as branch conditions; false when one of them is not there.
    pub(crate) fn set_conditions(&mut self, ids: Vec<String>) -> bool {
        let all_there = ids.iter().all(|id| self.components.iter().any(|component| component.id == *id));
        if all_there {
            self.conditions = ids;
        }
        all_there
    }

    /// Branch conditions must stay what they are: an update can neither drop nor retype them.
    fn keep_conditions(&self, components: &[Component]) -> Result<(), Refusal> {
        let is_lost = |before: &&Component| {
            self.conditions.contains(&before.id)
                && !components.iter().any(|after| after.id == before.id && after.kind == before.kind)
        };
        match self.components.iter().find(is_lost) {
            Some(lost) => {
                Err(schema_error(&format!("控件已被设置为流程条件，不能修改或删除：{}", lost.label)))
            }
            None => Ok(()),
        }
    }
}

/// `POST /v1.0/workflow/forms`
pub(crate) fn save_call(state: &mut State, call: &Call) -> Answer {
    call.need_json()?;
    let code = save(state, &call.body)?;
    Ok(json!({"result": {"processCode": code}}))
}

/// Creates a template, or updates the one of the given code.
pub(crate) fn save(state: &mut State, body: &Map<String, Value>) -> Result<ProcessCode, Refusal> {
    let text = |field: &str| body.get(field).and_then(Value::as_str).filter(|value| !value.is_empty());
    let name = text("name").ok_or_else(|| Refusal::missing("name"))?;
    let description = text("description").unwrap_or_default();
    let list = body.get("formComponents").and_then(Value::as_array);
    let list = list.ok_or_else(|| Refusal::missing("formComponents"))?;
    if longer(name, MOST_CHARACTERS_OF_NAME) || longer(description, MOST_CHARACTERS_OF_DESCRIPTION) {
        return Err(schema_error("模板名称或描述过长"));
    }
    if list.is_empty() || list.len() > MOST_COMPONENTS {
        return Err(schema_error(&format!("控件数量应为1到{MOST_COMPONENTS}个")));
    }
    let components = components::parse(list, state.settings.wide_table_children, state.world.random.as_ref())
        .map_err(|why| schema_error(&why))?;
    let code = text("processCode");
    if code.is_some_and(|code| !state.templates.contains_key(code)) {
        return Err(Refusal::v1("processcode.error", "processCode不存在"));
    }
    let is_taken = |other: &Template| other.name == name && Some(other.process_code.as_str()) != code;
    if state.templates.values().any(is_taken) {
        return Err(Refusal::v1("formName.error", "已有相同名称表单"));
    }
    let hidden = body.get("templateConfig").is_some_and(|config| config["hidden"] == json!(true));
    let now = state.now();
    if let Some(template) = code.and_then(|code| state.templates.get_mut(code)) {
        template.keep_conditions(&components)?;
        if template.name != name {
            template.name = name.into();
            template.named = now;
        }
        template.description = description.into();
        template.components = components;
        template.hidden = hidden;
        template.modified = now;
        return Ok(template.process_code.clone());
    }
    if state.templates.len() >= MOST_TEMPLATES {
        return Err(schema_error(&format!("模板数量超过{MOST_TEMPLATES}个")));
    }
    let random = state.world.random.as_ref();
    let process_code = ProcessCode::from(format!("PROC-{}", uuid(random)));
    let template = Template {
        process_code: process_code.clone(),
        name: name.into(),
        description: description.into(),
        components,
        flow: vec![FlowNode::Supervisor],
        status: TemplateStatus::Published,
        allow_revoke: true,
        hidden,
        conditions: Vec::new(),
        created: now,
        modified: now,
        named: now,
        form_uuid: format!("FORM-{}", uuid(random)),
    };
    state.templates.insert(process_code.clone(), template);
    Ok(process_code)
}

/// `GET /v1.0/workflow/forms/schemas/processCodes`
pub(crate) fn read(state: &mut State, call: &Call) -> Answer {
    let code = call.query("processCode").ok_or_else(|| Refusal::missing("processCode"))?;
    let template = state.templates.get(code).ok_or_else(|| Refusal::v1("formNotExist", "表单不存在"))?;
    Ok(json!({"result": {
        "formCode": template.process_code,
        "formUuid": template.form_uuid,
        "name": template.name,
        "memo": template.description,
        "ownerIdType": "orgId",
        "schemaContent": {
            "title": template.name,
            "icon": "common",
            "items": template.components.iter().map(Component::as_read).collect::<Vec<_>>(),
        },
        "icon": "common",
        "appType": 0,
        "engineType": 0,
        "status": template.status,
        "listOrder": 1,
        "procType": "inner",
        "visibleRange": "PUBLIC",
        "gmtCreate": template.created.as_millisecond().to_string(),
        "gmtModified": template.modified.as_millisecond().to_string(),
    }}))
}

/// `DELETE /v1.0/workflow/processCentres/schemas`: an internal app deletes the template only.
pub(crate) fn delete(state: &mut State, call: &Call) -> Answer {
    let code = call.query("processCode").ok_or_else(|| Refusal::missing("processCode"))?;
    match state.templates.remove(code) {
        Some(template) => Ok(json!({"result": {"processCode": template.process_code}})),
        None => Err(Refusal::v1("process.error", "流程模板不存在")),
    }
}

fn schema_error(why: &str) -> Refusal {
    Refusal::v1("formschema.error", why)
}
