//! The calls by which an application acts in people's stead: terminate, comment, execute, redirect, append.
//!
//! Spec sections 2.6 to 2.8.

use serde_json::{Value, json};

use super::{
    acts::Objection,
    call::Call,
    components::longer,
    errors::{Answer, Refusal},
    ids::TaskId,
    state::State,
};

const MOST_CHARACTERS_OF_REMARK: usize = 1_024;
const MOST_CHARACTERS_OF_REDIRECT_REMARK: usize = 256;
const MOST_CHARACTERS_OF_ACTION_NAME: usize = 128;

/// `POST /v1.0/workflow/processInstances/terminate`
pub(crate) fn terminate(state: &mut State, call: &Call) -> Answer {
    call.need_json()?;
    let id = instance_id(call)?;
    let remark = remark(call, MOST_CHARACTERS_OF_REMARK, "invalidParameter")?;
    let is_system = match call.body.get("isSystem") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(is_system)) => *is_system,
        Some(_) => return Err(Refusal::v1("invalidInstanceTerminateIsSystem", "isSystem参数错误")),
    };
    let by = call.text("operatingUserId");
    if let Some(user) = by
        && state.people.get(user).is_none()
    {
        return Err(Refusal::v1("userNotExist", "用户不存在"));
    }
    let nobody = || Refusal::v1("invalidInstanceTerminateOperatingUserId", "操作人参数错误");
    let by = if is_system { None } else { Some(by.ok_or_else(nobody)?) };
    state.revoke(id, by, remark).map_err(|objection| match objection {
        Objection::NotTheOriginator => nobody(),
        Objection::TooYoung | Objection::InstanceEnded => said("aflowProcessInstStatusException", objection),
        Objection::RevokeSwitchedOff => Refusal::v1("internalError", "您没有任务处理的权限"),
        _ => said("aflowProcessInstNotExist", objection),
    })?;
    Ok(done())
}

/// `POST /v1.0/workflow/processInstances/comments`
pub(crate) fn comment(state: &mut State, call: &Call) -> Answer {
    call.need_json()?;
    let id = instance_id(call)?;
    let text = call.text("text").filter(|text| !longer(text, MOST_CHARACTERS_OF_REMARK));
    let text = text.ok_or_else(|| Refusal::v1("invalidInstanceCommentText", "评论内容为空或过长"))?;
    let user = call.text("commentUserId").ok_or_else(|| Refusal::missing("commentUserId"))?;
    state.comment(id, user, text).map_err(|objection| match objection {
        Objection::NoSuchPerson => said("userNotExist", objection),
        _ => said("aflowProcessInstNotExist", objection),
    })?;
    Ok(done())
}

/// `POST /v1.0/workflow/processInstances/execute`
pub(crate) fn execute(state: &mut State, call: &Call) -> Answer {
    call.need_json()?;
    let id = instance_id(call)?;
    let remark = remark(call, MOST_CHARACTERS_OF_REMARK, "invalidParameter")?;
    let user = call.text("actionerUserId").ok_or_else(|| Refusal::missing("actionerUserId"))?;
    let task = TaskId(call.integer("taskId").ok_or_else(|| Refusal::missing("taskId"))?);
    if state.instances.get(id).is_none() {
        return Err(said("aflowProcessInstNotExist", Objection::NoSuchInstance));
    }
    if state.instance_of(task).is_none_or(|instance| instance.id.as_str() != id) {
        return Err(said("aflowProcessInstCanNotBeExecuted", Objection::NoSuchTask));
    }
    let outcome = match call.text("result") {
        Some("agree") => state.agree(task, Some(user), remark),
        Some("refuse") => state.refuse(task, Some(user), remark),
        _ => return Err(Refusal::v1("invalidInstanceExecuteResult", "result应为agree或refuse")),
    };
    outcome.map_err(|objection| match objection {
        Objection::InstanceEnded => said("aflowProcessInstStatusException", objection),
        Objection::NotTheirTask => said("needAuth", objection),
        _ => said("aflowProcessInstCanNotBeExecuted", objection),
    })?;
    Ok(done())
}

/// `POST /v1.0/workflow/tasks/redirect`
pub(crate) fn redirect(state: &mut State, call: &Call) -> Answer {
    call.need_json()?;
    let blank = |field: &str| Refusal::v1("param.blank", format!("参数为空：{field}"));
    let task = TaskId(call.integer("taskId").ok_or_else(|| blank("taskId"))?);
    let to = call.text("toUserId").ok_or_else(|| blank("toUserId"))?;
    let by = call.text("operateUserId").ok_or_else(|| blank("operateUserId"))?;
    let remark = remark(call, MOST_CHARACTERS_OF_REDIRECT_REMARK, "param.illegal")?;
    if call.text("actionName").is_some_and(|name| longer(name, MOST_CHARACTERS_OF_ACTION_NAME)) || to == by {
        return Err(Refusal::v1("param.illegal", "参数不合法"));
    }
    state.transfer(task, Some(by), to, remark).map_err(|objection| match objection {
        Objection::TaskEnded => said("task.status.error", objection),
        Objection::InstanceEnded => said("instance.status.error", objection),
        Objection::NotTheirTask => said("param.illegal.operator", objection),
        _ => said("param.illegal", objection),
    })?;
    Ok(json!({"result": true}))
}

/// `POST /v1.0/workflow/premium/tasks/append`: all the appended people must agree.
pub(crate) fn append(state: &mut State, call: &Call) -> Answer {
    call.need_json()?;
    if !state.settings.premium {
        return Err(Refusal::v1("benefit.status.invalid", "权益未开通或已失效"));
    }
    let illegal = || Refusal::v1("param.illegal", "参数不合法");
    let task = TaskId(call.integer("taskId").ok_or_else(illegal)?);
    let by = call.text("operateUserId").ok_or_else(illegal)?;
    let users = call.texts("appenderUserIds").map_err(|_| illegal())?.unwrap_or_default();
    let before = match call.text("type") {
        Some("before") => true,
        Some("after") => false,
        _ => return Err(illegal()),
    };
    let id = call.text("processInstanceId").ok_or_else(illegal)?;
    let is_its_task = state.instance_of(task).is_some_and(|instance| instance.id.as_str() == id);
    let is_known = matches!(call.text("activateType"), None | Some("ALL" | "ONE_BY_ONE"));
    if !is_its_task || !is_known {
        return Err(illegal());
    }
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    let remark = remark(call, MOST_CHARACTERS_OF_REMARK, "param.illegal")?;
    state.countersign(task, Some(by), &users, before, remark).map_err(|objection| match objection {
        Objection::AddsThemselves => said("appender.contains.currentOperator", objection),
        Objection::NoSuchPerson => said("user.not.exist", objection),
        Objection::TaskEnded => said("task.status.error", objection),
        Objection::InstanceEnded => said("instance.status.error", objection),
        Objection::NotTheirTask => said("param.illegal.operator", objection),
        _ => said("param.illegal", objection),
    })?;
    Ok(json!({"result": true}))
}

fn instance_id(call: &Call) -> Result<&str, Refusal> {
    call.text("processInstanceId").ok_or_else(|| Refusal::v1("invalidInstanceId", "审批实例id为空"))
}

fn remark<'a>(call: &'a Call, most: usize, code: &str) -> Result<&'a str, Refusal> {
    let remark = call.text("remark").unwrap_or_default();
    if longer(remark, most) {
        Err(Refusal::v1(code, format!("remark不能超过{most}个字符")))
    } else {
        Ok(remark)
    }
}

fn said(code: &str, objection: Objection) -> Refusal {
    Refusal::v1(code, objection.words())
}

fn done() -> Value {
    json!({"result": true, "success": true})
}
