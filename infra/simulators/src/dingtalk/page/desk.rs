//! One person's desk: each to-do with its form, to agree, refuse, transfer or add an approver.

use std::sync::Arc;

use axum::{
    extract::{Form, Path, State as Shared},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use maud::{Markup, html};

use super::{Fields, Refresh, address, back, field, form_of, page, sorry, when};
use crate::dingtalk::{acts::Todo, core::Core, ids::TaskId, state::State};

/// How many to-dos are shown at once.
const SHOWN: usize = 30;

pub(super) async fn show(Shared(core): Shared<Arc<Core>>, Path(user): Path<String>) -> Response {
    let found = core.with(|state| {
        let person = state.people.get(&user)?;
        Some((person.name.clone(), content(state, &state.todos_of(&user))))
    });
    match found {
        Some((name, content)) => page(&format!("{name}: to-dos"), Refresh::Never, &content).into_response(),
        None => (StatusCode::NOT_FOUND, sorry("用户不存在", "/")).into_response(),
    }
}

pub(super) async fn act(
    Shared(core): Shared<Arc<Core>>,
    Path(task): Path<TaskId>,
    Form(fields): Form<Fields>,
) -> Response {
    let desk = address("people", field(&fields, "user"));
    let (remark, colleague) = (field(&fields, "remark"), field(&fields, "colleague"));
    if matches!(field(&fields, "act"), "transfer" | "before" | "after") && colleague.is_empty() {
        return sorry("请选择同事 · Choose a colleague.", &desk);
    }
    let outcome = core.with(|state| match field(&fields, "act") {
        "agree" => Some(state.agree(task, None, remark)),
        "refuse" => Some(state.refuse(task, None, remark)),
        "transfer" => Some(state.transfer(task, None, colleague, remark)),
        "before" => Some(state.countersign(task, None, &[colleague], true, remark)),
        "after" => Some(state.countersign(task, None, &[colleague], false, remark)),
        _ => None,
    });
    outcome.map_or_else(|| sorry("请选择操作", &desk), |outcome| back(outcome, &desk))
}

fn content(state: &State, todos: &[Todo]) -> Markup {
    html! {
        @for todo in todos.iter().take(SHOWN) { (card(state, todo)) }
        @if todos.len() > SHOWN { p.muted { "and " (todos.len() - SHOWN) " more, once these are done" } }
        @if todos.is_empty() { div.card.muted { "Nothing to do. Load this page again to see what is new." } }
    }
}

fn card(state: &State, todo: &Todo) -> Markup {
    let action = format!("/tasks/{}", todo.task);
    html! {
        form.card method="post" action=(action) {
            h2 { a href=(address("instances", todo.instance.as_str())) { (todo.title) } }
            span.muted { "since " (when(todo.since)) " · task " (todo.task) }
            (form_of(&todo.values))
            input type="hidden" name="user" value=(todo.user);
            label for=(format!("remark-{}", todo.task)) { "审批意见 · Comment" }
            textarea id=(format!("remark-{}", todo.task)) name="remark" rows="2" {}
            div {
                button name="act" value="agree" { "同意 Agree" }
                button.refuse name="act" value="refuse" { "拒绝 Refuse" }
            }
            label for=(format!("colleague-{}", todo.task)) { "Colleague" }
            select.short id=(format!("colleague-{}", todo.task)) name="colleague" {
                option value="" { "请选择 · choose" }
                @for person in state.people.everybody().filter(|person| person.user_id != todo.user) {
                    option value=(person.user_id) { (person.name) " (" (person.user_id) ")" }
                }
            }
            div {
                button.plain name="act" value="transfer" { "转交 Transfer" }
                button.plain name="act" value="before" { "加签 Decides before me" }
                button.plain name="act" value="after" { "加签 Decides after me" }
            }
        }
    }
}
