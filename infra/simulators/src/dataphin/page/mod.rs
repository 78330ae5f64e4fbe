//! The page for people: rendered here, plain forms, no script.

mod faults;
mod filing;
mod list;
mod request;
mod settings;

use std::sync::Arc;

use axum::{
    Router,
    response::{Html, Redirect},
    routing::{get, post},
};
use jiff::Timestamp;
use maud::{Markup, html};

use super::{content::local, inner::Dataphin};
use crate::html::{Fields, Refresh, Site, address, field};

/// All pages and what their forms post to.
pub(super) fn router() -> Router<Arc<Dataphin>> {
    Router::new()
        .route("/", get(list::show))
        .route("/new", get(filing::show))
        .route("/requests", post(filing::file))
        .route("/requests/{apply_id}", get(request::show))
        .route("/requests/{apply_id}/withdraw", post(request::withdraw))
        .route("/requests/{apply_id}/submit", post(request::submit_again))
        .route("/settings", get(settings::show).post(settings::save))
        .route("/settings/key", post(settings::generate_key))
        .route("/settings/connect", post(settings::connect))
        .route("/faults", get(faults::show).post(faults::set))
        .route("/faults/clear", post(faults::clear))
}

const SITE: Site = Site {
    name: "Dataphin",
    links: &[
        ("/", "Requests"),
        ("/new", "New request"),
        ("/settings", "Approval settings"),
        ("/faults", "Faults"),
    ],
    style: STYLE,
};

fn page(title: &str, refresh: Refresh, content: &Markup) -> Html<String> {
    SITE.page(title, refresh, content)
}

/// Why nothing was done.
fn problem(why: &str) -> Markup {
    html! { p.card role="alert" { span.state.failed { "Error" } " " (why) } }
}

/// A moment as people in Dataphin read it, with its zone.
fn when(moment: Timestamp) -> String {
    format!("{} +08:00", local(moment))
}

fn address_of(apply_id: &str) -> String {
    address("requests", apply_id)
}

fn to(address: &str) -> Redirect {
    Redirect::to(address)
}

/// A form's value as one of the names that its type has in JSON.
fn choice<T: serde::de::DeserializeOwned>(value: &str) -> Option<T> {
    serde_json::from_value(value.into()).ok()
}

const STYLE: &str = "
header{background:#16233b}
a{color:#1f5fd0}nav a{color:#cfe0ff}
th{white-space:nowrap}
table.facts th{width:11rem}
td.title{overflow-wrap:break-word}table.list th{white-space:normal;overflow-wrap:normal}
.wide table{min-width:58rem}.wide table.list{min-width:72rem}
label.inline{display:inline-block;margin:.2rem 1rem .2rem 0;font-weight:400}
label.box{font-weight:400}
.buttons{display:flex;flex-wrap:wrap;gap:.6rem}.buttons button{margin:0}
input[type=text].number{width:7rem}
form.fault{display:flex;flex-wrap:wrap;gap:.3rem .8rem;align-items:center;padding:.6rem 1.2rem;margin:0 0 .5rem}
form.fault label.inline{margin:0}form.fault button{margin:0 0 0 auto}
fieldset{border:1px solid #dde3ec;border-radius:6px;margin:.8rem 0;padding:.5rem .9rem}
fieldset select{width:auto}
button{display:block;margin-top:.8rem;background:#1f5fd0}
button.plain{background:#5a6b85}button.danger{background:#b3372f}
form.row{display:inline-flex;gap:.6rem;align-items:center;margin-right:1rem}
form.row select{width:auto}form.row button{margin:0}
pre{font:13px/1.45 ui-monospace,monospace}
code{overflow-wrap:anywhere}
.APPROVED,.accepted,.passed{background:#d5f2df;color:#116232}
.REJECTED,.contradiction,.failed,.SUBMIT_FAILED{background:#fbdedb;color:#8f1f17}
.APPROVING{background:#dbe8ff;color:#174a9c}
@media(max-width:40rem){table.facts th{width:7rem}}
";

#[cfg(test)]
mod tests {
    #[test]
    fn an_apply_id_of_any_characters_has_an_address() {
        assert_eq!(super::address_of("a/b c.1"), "/requests/a%2Fb%20c%2E1");
    }
}
