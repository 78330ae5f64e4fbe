//! The pages for people: rendered here, plain forms, no script. What changes something is posted and answered by 303.

mod console;
mod desk;
mod faults;
mod instance;
mod overview;
mod templates;

use std::{fmt::Write, sync::Arc};

use axum::{
    Router,
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{
    acts::Objection,
    core::Core,
    errors::local,
    instances::{Instance, Outcome, Status},
};

/// What a form brings, in its order; a name may come more than once.
type Fields = Vec<(String, String)>;

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

/// Whether a page loads itself anew. One with a form must not: it would wipe what is being typed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Refresh {
    Every3Seconds,
    Never,
}

fn page(title: &str, refresh: Refresh, content: &Markup) -> Html<String> {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                @if refresh == Refresh::Every3Seconds { meta http-equiv="refresh" content="3"; }
                title { (title) " · DingTalk simulator" }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    strong { "DingTalk" } span { "simulator" }
                    nav {
                        a href="/" { "To-dos and approvals" }
                        a href="/templates" { "Templates" }
                        a href="/console" { "Developer console" }
                    }
                }
                main { h1 { (title) } (content) }
            }
        }
    };
    Html(markup.into_string())
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

fn address(folder: &str, id: &str) -> String {
    let mut address = format!("/{folder}/");
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) {
            address.push(char::from(byte));
        } else {
            let _ = write!(address, "%{byte:02X}");
        }
    }
    address
}

/// A moment as people in China read it, with its zone.
fn when(moment: Timestamp) -> String {
    local(moment, "%m-%d %H:%M:%S +08:00")
}

/// The first field of this name, trimmed; empty when there is none.
fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.trim())
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
*{box-sizing:border-box}
body{margin:0;font:15px/1.5 system-ui,sans-serif;color:#171a1d;background:#f2f4f7}
header{display:flex;gap:.5rem;align-items:baseline;padding:.8rem 1.5rem;background:#0b5fd8;color:#fff}
header span{opacity:.7}
nav{margin-left:1.5rem;display:flex;flex-wrap:wrap;gap:1.2rem}
nav a{color:#fff;text-decoration:none}
main{max-width:68rem;margin:0 auto;padding:1rem 1.5rem 3rem}
h1{font-size:1.4rem;margin:.6rem 0 1rem}
h2{font-size:1.05rem;margin:1.6rem 0 .5rem}
a{color:#0b5fd8}
table{width:100%;border-collapse:collapse;background:#fff;border:1px solid #dfe3e9}
th,td{text-align:left;vertical-align:top;padding:.4rem .7rem;border-bottom:1px solid #eaedf1;overflow-wrap:anywhere}
th{font-weight:600;background:#f8f9fb}
td.word{white-space:nowrap;overflow-wrap:normal}
.wide{overflow-x:auto}.wide th{overflow-wrap:normal}
.wide table{min-width:54rem}
table.form{margin:.4rem 0 .8rem}table.form th{width:12rem}
.card{background:#fff;border:1px solid #dfe3e9;border-radius:8px;padding:.9rem 1.2rem;margin:0 0 1rem}
.card h2{margin:0 0 .4rem}
label{display:block;margin:.6rem 0 .15rem;font-weight:600}
label.inline{display:inline-flex;gap:.35rem;align-items:baseline;margin:.2rem 1rem .2rem 0;font-weight:400}
input[type=text],select,textarea{width:100%;max-width:40rem;padding:.4rem .5rem;border:1px solid #b9c1cc;border-radius:5px;font:inherit;background:#fff}
select.short{width:auto}
button{margin:.6rem .5rem 0 0;padding:.42rem 1.1rem;border:0;border-radius:5px;background:#0b5fd8;color:#fff;font:inherit;cursor:pointer}
button.refuse{background:#c4352b}button.plain{background:#5b6673}
textarea.code{max-width:none;overflow-x:auto;white-space:pre;font:13px/1.5 ui-monospace,monospace}
pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;font:inherit}
.muted{color:#7b8591}
.people{display:flex;flex-wrap:wrap;gap:.7rem}
.people a{display:block;background:#fff;border:1px solid #dfe3e9;border-radius:8px;padding:.5rem .9rem;text-decoration:none}
.people b{color:#c4352b}
.state{display:inline-block;white-space:nowrap;padding:0 .55rem;border-radius:9px;font-size:.82rem;font-weight:600;background:#e6eaf0}
@media(max-width:40rem){main{padding:1rem .8rem 3rem}header{flex-wrap:wrap;padding:.8rem}nav{margin-left:0;gap:.3rem 1.2rem}table.form th{width:7rem}select.short{max-width:100%}}
.running{background:#dbe8ff;color:#0b4aa8}.agreed{background:#d6f3df;color:#11612f}.refused{background:#fcdedb;color:#8e1f16}
";

#[cfg(test)]
mod tests {
    #[test]
    fn a_user_id_of_any_characters_has_an_address() {
        assert_eq!(super::address("people", "a/b@c"), "/people/a%2Fb%40c");
    }
}
