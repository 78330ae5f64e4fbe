//! One approval: its form, its tasks, everything that was done, and what originator and administrator can still do.

use std::sync::Arc;

use axum::{
    extract::{Form, Path, State as Shared},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use maud::{Markup, html};

use super::{Fields, Refresh, address, back, field, form_of, page, sorry, state_of, when};
use crate::dingtalk::{acts::form, core::Core, instances::Instance, instances::Status, state::State};

pub(super) async fn show(Shared(core): Shared<Arc<Core>>, Path(id): Path<String>) -> Response {
    let found = core.with(|state| {
        let instance = state.instances.get(&id)?;
        Some((instance.title.clone(), content(state, instance)))
    });
    match found {
        Some((title, content)) => page(&title, Refresh::Never, &content).into_response(),
        None => (StatusCode::NOT_FOUND, sorry("审批实例不存在", "/")).into_response(),
    }
}

pub(super) async fn act(
    Shared(core): Shared<Arc<Core>>,
    Path(id): Path<String>,
    Form(fields): Form<Fields>,
) -> Response {
    let here = address("instances", &id);
    let (remark, user) = (field(&fields, "remark"), field(&fields, "user"));
    core.with(|state| match field(&fields, "act") {
        "revoke" => back(state.revoke(&id, Some(user), remark), &here),
        "delete" => back(state.delete_instance(&id), "/"),
        "comment" if !remark.is_empty() => back(state.comment(&id, user, remark), &here),
        _ => sorry("评论内容为空", &here),
    })
}

fn content(state: &State, instance: &Instance) -> Markup {
    let name = |user| state.people.name_of(user);
    html! {
        p {
            (state_of(instance)) " "
            span.muted { "审批编号 " (instance.business_id) " · " (instance.id) }
        }
        (form_of(&form(instance)))
        h2 { "Tasks" }
        div.wide {
            table {
                tr { th { "Node" } th { "Who" } th { "Status" } th { "Result" } th { "Since" } th { "Until" } }
                @for task in &instance.tasks {
                    tr {
                        td { (task.node + 1) }
                        td { a href=(address("people", task.user.as_str())) { (name(&task.user)) } }
                        td { (format!("{:?}", task.status)) }
                        td { @if let Some(outcome) = task.outcome { (format!("{outcome:?}")) } }
                        td.word { (when(task.created)) }
                        td.word { @if let Some(finished) = task.finished { (when(finished)) } }
                    }
                }
            }
        }
        h2 { "Timeline" }
        div.wide {
            table {
                @for record in &instance.records {
                    tr {
                        td.word { (when(record.at)) }
                        td { (record.kind) }
                        td { @if let Some(user) = &record.user { (name(user)) } }
                        td {
                            @if let Some(outcome) = record.outcome { (format!("{outcome:?} ")) }
                            @if let Some(remark) = &record.remark { "“" (remark) "”" }
                            @for user in &record.told { (name(user)) " " }
                        }
                    }
                }
            }
        }
        h2 { "Act" }
        form.card method="post" {
            label for="user" { "As" }
            select.short id="user" name="user" {
                option value=(instance.originator) { (name(&instance.originator)) " (originator)" }
                @for person in state.people.everybody().filter(|person| person.user_id != instance.originator) {
                    option value=(person.user_id) { (person.name) }
                }
            }
            label for="remark" { "Text" }
            textarea id="remark" name="remark" rows="2" {}
            div {
                button name="act" value="comment" { "评论 Comment" }
                @if instance.status == Status::Running {
                    button.plain name="act" value="revoke" { "撤销 Revoke (originator)" }
                }
                button.refuse name="act" value="delete" { "删除 Delete (administrator)" }
            }
        }
    }
}
