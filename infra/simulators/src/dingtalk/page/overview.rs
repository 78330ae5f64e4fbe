//! The first page: whose desk has how much, and the newest approvals.

use std::sync::Arc;

use axum::{extract::State as Shared, response::Html};
use maud::html;

use super::{Refresh, address, page, state_of, when};
use crate::dingtalk::{core::Core, instances::Instance};

/// How many of the newest instances are shown.
const SHOWN: usize = 50;

/// How many characters of a value tell an instance apart.
const SUMMARY: usize = 40;

pub(super) async fn show(Shared(core): Shared<Arc<Core>>) -> Html<String> {
    let content = core.with(|state| {
        html! {
            h2 { "待处理 · To-dos" }
            div.people {
                @for person in state.people.everybody() {
                    @let count = state.todos.count(person.user_id.as_str());
                    a href=(address("people", person.user_id.as_str())) {
                        (person.name) " " span.muted { (person.user_id) } " "
                        @if count > 0 { b { (count) } } @else { span.muted { "0" } }
                    }
                }
            }
            h2 { "Approvals" }
            div.wide {
                table {
                    tr { th { "Title" } th { "Form" } th { "State" } th { "On whose desk" } th { "Created" } }
                    @for instance in state.instances.newest().take(SHOWN) {
                        tr {
                            td { a href=(address("instances", instance.id.as_str())) { (instance.title) } }
                            td.muted { (summary(instance)) }
                            td { (state_of(instance)) }
                            td {
                                @for task in instance.open_tasks() {
                                    a href=(address("people", task.user.as_str())) { (state.people.name_of(&task.user)) }
                                    " "
                                }
                            }
                            td.word { (when(instance.created)) }
                        }
                    }
                    @if state.instances.newest().next().is_none() {
                        tr { td colspan="5" class="muted" { "Nobody has asked for anything yet." } }
                    }
                }
            }
        }
    });
    page("To-dos and approvals", Refresh::EveryFewSeconds, &content)
}

/// The beginning of the form's first value, to tell instances of one title apart.
fn summary(instance: &Instance) -> String {
    let first = instance.values.first().and_then(|entry| entry["value"].as_str()).unwrap_or_default();
    let beginning: String = first.chars().take(SUMMARY).collect();
    if beginning.len() < first.len() { beginning + "…" } else { beginning }
}
