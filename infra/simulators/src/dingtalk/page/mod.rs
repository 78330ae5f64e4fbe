//! The pages for people: rendered here, plain forms, no script. What changes something is posted and answered by 303.

mod console;
mod desk;
mod faults;
mod instance;
mod overview;
mod templates;

use std::sync::Arc;

use axum::{
    Router,
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    acts::Objection,
    core::Core,
    errors::local,
    instances::{Instance, Outcome, Status},
};
use crate::html::{Fields, Refresh, Site, address, field};

/// All pages and what their forms post to.
pub(crate) fn routes() -> Router<Arc<Core>> {
    Router::new()
        .route("/", get(overview::show))
        .route("/people/{user}", get(desk::show))
        .route("/tasks/{task}", post(desk::act))
        .route("/instances/{id}", get(instance::show).post(instance::act))
        .route("/templates", get(templates::show))
        .route("/templates/{code}", post(templates::change))
        .route("/console", get(console::show))
        .route("/console/subscription", post(console::subscribe))
        .route("/console/push", post(console::set_push_options))
        .route("/console/permissions", post(console::set_permissions))
        .route("/console/limits", post(console::set_limits))
        .route("/console/faults", post(faults::set))
        .route("/console/faults/clear", post(faults::clear))
}

const SITE: Site = Site {
    name: "DingTalk",
    links: &[("/", "To-dos and approvals"), ("/templates", "Templates"), ("/console", "Developer console")],
    style: STYLE,
};

fn page(title: &str, refresh: Refresh, content: &Markup) -> Html<String> {
    SITE.page(title, refresh, content)
}

/// Back to a page once something was done, or why it was not.
fn back(outcome: Result<(), Objection>, address: &str) -> Response {
    match outcome {
        Ok(()) => Redirect::to(address).into_response(),
        Err(objection) => sorry(objection.words(), address),
    }
}

fn sorry(why: &str, address: &str) -> Response {
    let content = html! { div.card { p { (why) } a href=(address) { "Back" } } };
    (StatusCode::CONFLICT, page("That did not work", Refresh::Never, &content)).into_response()
}

/// A moment as people in China read it, with its zone.
fn when(moment: Timestamp) -> String {
    local(moment, "%m-%d %H:%M:%S +08:00")
}

/// Where an instance stands, in DingTalk's words and ours.
fn state_of(instance: &Instance) -> Markup {
    let (word, class) = match (instance.status, instance.outcome) {
        (Status::Running, _) => ("审批中 · in progress", "running"),
        (Status::Terminated, _) => ("已撤销 · revoked", "ended"),
        (Status::Completed, Some(Outcome::Refuse)) => ("审批拒绝 · refused", "refused"),
        (Status::Completed, _) => ("审批通过 · agreed", "agreed"),
    };
    html! { span.state.(class) { (word) } }
}

/// A form, label by label.
fn form_of(values: &[(String, String)]) -> Markup {
    html! {
        table.form {
            @for (label, value) in values {
                tr { th { (label) } td { pre { @if value == "null" { "—" } @else { (value) } } } }
            }
        }
    }
}

const STYLE: &str = "
header{background:#0b5fd8}
a{color:#0b5fd8}nav a{color:#fff}
main{max-width:68rem}
.wide th{overflow-wrap:normal}.wide table{min-width:54rem}
table.form{margin:.4rem 0 .8rem}table.form th{width:12rem}
.card h2{margin:0 0 .4rem}
label.inline{display:inline-flex;gap:.35rem;align-items:baseline;margin:.2rem 1rem .2rem 0;font-weight:400}
select.short{width:auto}
button{margin:.6rem .5rem 0 0;background:#0b5fd8}
button.refuse{background:#c4352b}button.plain{background:#5b6673}
textarea.code{max-width:none;overflow-x:auto;white-space:pre;font:13px/1.5 ui-monospace,monospace}
pre{font:inherit}
.people{display:flex;flex-wrap:wrap;gap:.7rem}
.people a{display:block;background:#fff;border:1px solid #dde3ec;border-radius:8px;padding:.5rem .9rem;text-decoration:none}
.people b{color:#c4352b}
@media(max-width:40rem){table.form th{width:7rem}select.short{max-width:100%}}
.running{background:#dbe8ff;color:#0b4aa8}.agreed{background:#d6f3df;color:#11612f}.refused{background:#fcdedb;color:#8e1f16}
";
