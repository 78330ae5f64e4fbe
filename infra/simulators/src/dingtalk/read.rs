//! Reading: one instance with all its traps, the ids of a template's instances, a person's number of to-dos.
//!
//! Spec sections 2.5 and 2.7.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::{
    call::Call,
    errors::{Answer, Refusal, local_minutes},
    ids::UserId,
    instances::{Instance, Outcome, Record, Status, Task},
    state::State,
};

const LARGEST_PAGE: usize = 20;
const MOST_ORIGINATORS: usize = 10;
const MOST_IDS: usize = 10_000;
const LONGEST_WINDOW: SignedDuration = SignedDuration::from_hours(120 * 24);
const FURTHEST_BACK: SignedDuration = SignedDuration::from_hours(365 * 24);

/// `GET /v1.0/workflow/processInstances`
pub(crate) fn get(state: &mut State, call: &Call) -> Answer {
    let id = call.query("processInstanceId");
    let id = id.ok_or_else(|| Refusal::v1("processInstanceIdError", "审批实例id为空"))?;
    match state.instances.get(id) {
        Some(instance) => Ok(json!({"result": describe(instance), "success": true})),
        None => Err(Refusal::v1("processInstanceNotExist", "审批实例不存在")),
    }
}

/// `POST /v1.0/workflow/processes/instanceIds/query`
pub(crate) fn list_ids(state: &mut State, call: &Call) -> Answer {
    call.need_json()?;
    let invalid = |why: &str| Refusal::v1("invalidParameter", why);
    let code = call.text("processCode").ok_or_else(|| Refusal::missing("processCode"))?;
    let now = state.now();
    let from = moment(call, "startTime")?.ok_or_else(|| Refusal::missing("startTime"))?;
    let to = moment(call, "endTime")?.unwrap_or(now);
    let skip = call.integer("nextToken").and_then(|it| usize::try_from(it).ok());
    let skip = skip.ok_or_else(|| Refusal::missing("nextToken"))?;
    let size = call.integer("maxResults").and_then(|it| usize::try_from(it).ok());
    let size = size.ok_or_else(|| Refusal::missing("maxResults"))?;
    if !(1..=LARGEST_PAGE).contains(&size) {
        return Err(invalid("maxResults应为1到20"));
    }
    if to < from || to.duration_since(from) > LONGEST_WINDOW {
        return Err(invalid("时间范围不能超过120天"));
    }
    if now.duration_since(from) > FURTHEST_BACK {
        return Err(invalid("startTime不能早于365天前"));
    }
    let originators = call.texts("userIds").map_err(|_| invalid("userIds应为字符串数组"))?;
    let originators = originators.unwrap_or_default();
    if originators.len() > MOST_ORIGINATORS {
        return Err(invalid("userIds不能超过10个"));
    }
    let statuses = call.texts("statuses").map_err(|_| invalid("statuses应为字符串数组"))?.unwrap_or_default();
    if statuses.iter().any(|it| !["RUNNING", "TERMINATED", "COMPLETED"].contains(&it.as_str())) {
        return Err(invalid("statuses取值有误"));
    }
    if !state.templates.contains_key(code) {
        return Err(Refusal::v1("processCodeError", "流程模板code不存在"));
    }
    let shown_until = now - state.settings.list_delay;
    let ids: Vec<_> = state
        .instances
        .created(code, from, to.min(shown_until))
        .filter(|it| originators.is_empty() || originators.iter().any(|user| user == it.originator.as_str()))
        .filter(|it| statuses.is_empty() || statuses.iter().any(|status| status == status_word(it.status)))
        .map(|it| &it.id)
        .take(MOST_IDS)
        .skip(skip)
        .take(size + 1)
        .collect();
    let mut result = json!({"list": ids[..ids.len().min(size)]});
    if ids.len() > size {
        // Asked for as a number, answered as a text.
        result["nextToken"] = json!((skip + size).to_string());
    }
    Ok(json!({"result": result, "success": true}))
}

/// `GET /v1.0/workflow/processes/todoTasks/numbers`
pub(crate) fn count_todos(state: &mut State, call: &Call) -> Answer {
    let user = call.query("userId").ok_or_else(|| Refusal::missing("userId"))?;
    if state.people.get(user).is_none() {
        return Err(Refusal::v1("userNotExist", "用户不存在"));
    }
    Ok(json!({"result": state.todos.count(user)}))
}

fn moment(call: &Call, field: &str) -> Result<Option<Timestamp>, Refusal> {
    let Some(milliseconds) = call.integer(field) else { return Ok(None) };
    let moment = Timestamp::from_millisecond(milliseconds);
    moment.map(Some).map_err(|_| Refusal::v1("invalidParameter", format!("{field}有误")))
}

/// The instance as an application reads it; what is not there is left out.
pub(crate) fn describe(instance: &Instance) -> Value {
    let outcome = match instance.outcome {
        Some(outcome) if instance.status == Status::Completed => json!(outcome),
        _ => json!(""),
    };
    let mut shown = json!({
        "attachedProcessInstanceIds": [],
        "bizAction": "NONE",
        "bizData": "{}",
        "businessId": instance.business_id,
        "createTime": local_minutes(instance.created),
        "formComponentValues": instance.values,
        "operationRecords": instance.records.iter().map(|it| record(instance, it)).collect::<Vec<_>>(),
        "originatorDeptId": instance.department.to_string(),
        "originatorDeptName": instance.department_name,
        "originatorUserId": instance.originator,
        "result": outcome,
        "status": instance.status,
        "title": instance.title,
    });
    if let Some(finished) = instance.finished {
        shown["finishTime"] = json!(local_minutes(finished));
    }
    if !instance.approvers.is_empty() {
        shown["approverUserIds"] = json!(instance.approvers);
    }
    // Those whom a node of the template told are named once it was reached.
    let mut copies: Vec<&UserId> = instance.copies.iter().collect();
    for user in instance.records.iter().flat_map(|record| &record.told) {
        if !copies.contains(&user) {
            copies.push(user);
        }
    }
    if !copies.is_empty() {
        shown["ccUserIds"] = json!(copies);
    }
    if !instance.tasks.is_empty() {
        shown["tasks"] = instance.tasks.iter().map(|it| task(instance, it)).collect();
    }
    shown
}

fn task(instance: &Instance, task: &Task) -> Value {
    let url = format!(
        "aflow.dingtalk.com?procInsId={}&taskId={}&businessId={}",
        instance.id, task.id, instance.business_id
    );
    let mut shown = json!({
        "taskId": task.id,
        "userId": task.user,
        "status": task.status,
        "result": task.outcome.map_or("NONE", |outcome| match outcome {
            Outcome::Agree => "AGREE",
            Outcome::Refuse => "REFUSE",
            Outcome::Redirect => "REDIRECTED",
        }),
        "createTime": local_minutes(task.created),
        "mobileUrl": url,
        "pcUrl": url,
    });
    if let Some(node) = instance.nodes.get(task.node) {
        shown["activityId"] = json!(node.activity_id);
    }
    if let Some(finished) = task.finished {
        shown["finishTime"] = json!(local_minutes(finished));
    }
    shown
}

fn record(instance: &Instance, record: &Record) -> Value {
    let mut shown = Map::new();
    shown.insert("date".into(), json!(local_minutes(record.at)));
    shown.insert("type".into(), json!(record.kind));
    shown.insert(
        "result".into(),
        json!(match record.outcome {
            Some(Outcome::Agree) => "AGREE",
            Some(Outcome::Refuse) => "REFUSE",
            _ => "NONE",
        }),
    );
    shown.insert("showName".into(), json!(show_name(instance, record)));
    shown.insert("images".into(), json!([]));
    if let Some(user) = &record.user {
        shown.insert("userId".into(), json!(user));
    }
    if let Some(remark) = &record.remark {
        shown.insert("remark".into(), json!(remark));
    }
    if let Some(activity_id) = &record.activity_id {
        shown.insert("activityId".into(), json!(activity_id));
    }
    if !record.told.is_empty() {
        shown.insert("ccUserIds".into(), json!(record.told));
    }
    shown.into()
}

fn show_name<'a>(instance: &'a Instance, record: &Record) -> &'a str {
    let node = record.activity_id.as_deref().and_then(|id| instance.node(id));
    match (record.kind, node) {
        ("EXECUTE_TASK_NORMAL" | "PROCESS_CC", Some(node)) => &node.name,
        (kind, _) => name_of_kind(kind),
    }
}

fn name_of_kind(kind: &str) -> &'static str {
    match kind {
        "START_PROCESS_INSTANCE" => "提交申请",
        "TERMINATE_PROCESS_INSTANCE" => "撤销审批",
        "ADD_REMARK" => "添加评论",
        "REDIRECT_TASK" => "转交",
        "APPEND_TASK_BEFORE" | "APPEND_TASK_AFTER" => "加签",
        "PROCESS_CC" => "抄送人",
        _ => "审批人",
    }
}

fn status_word(status: Status) -> &'static str {
    match status {
        Status::Running => "RUNNING",
        Status::Terminated => "TERMINATED",
        Status::Completed => "COMPLETED",
    }
}
