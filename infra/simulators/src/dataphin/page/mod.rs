//! The page for people: rendered here, plain forms, no script.

mod faults;
mod filing;
mod list;
mod request;
mod settings;

use std::{fmt::Write, sync::Arc};

use axum::{
    Router,
    response::{Html, Redirect},
    routing::{get, post},
};
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};

use super::{content::local, inner::Dataphin};

/// What a form brings, in its order; a name may come more than once.
type Fields = Vec<(String, String)>;

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

/// Whether a page loads itself anew. One with a form must not: it would wipe what is being typed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Refresh {
    Every5Seconds,
    Never,
}

fn page(title: &str, refresh: Refresh, content: &Markup) -> Html<String> {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                @if refresh == Refresh::Every5Seconds { meta http-equiv="refresh" content="5"; }
                title { (title) " · Dataphin simulator" }
                link rel="icon" href="data:,";
                style { (maud::PreEscaped(STYLE)) }
            }
            body {
                header {
                    strong { "Dataphin" } span.muted { "simulator" }
                    nav {
                        a href="/" { "Requests" }
                        a href="/new" { "New request" }
                        a href="/settings" { "Approval settings" }
                        a href="/faults" { "Faults" }
                    }
                }
                main { h1 { (title) } (content) }
            }
        }
    };
    Html(markup.into_string())
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
    let mut address = "/requests/".to_owned();
    for byte in apply_id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) {
            address.push(char::from(byte));
        } else {
            let _ = write!(address, "%{byte:02X}");
        }
    }
    address
}

fn to(address: &str) -> Redirect {
    Redirect::to(address)
}

/// The first field of this name, trimmed; empty when there is none.
fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.trim())
}

/// A form's value as one of the names that its type has in JSON.
fn choice<T: serde::de::DeserializeOwned>(value: &str) -> Option<T> {
    serde_json::from_value(value.into()).ok()
}

const STYLE: &str = "
*{box-sizing:border-box}
body{margin:0;font:15px/1.5 system-ui,sans-serif;color:#1f2733;background:#f4f6f9}
header{display:flex;gap:.5rem;align-items:baseline;padding:.8rem 1.5rem;background:#16233b;color:#fff}
nav{margin-left:1.5rem;display:flex;flex-wrap:wrap;gap:1.2rem}
nav a{color:#cfe0ff;text-decoration:none}
main{max-width:80rem;margin:0 auto;padding:1rem 1.5rem 3rem}
h1{font-size:1.4rem;margin:.6rem 0 1rem}
h2{font-size:1.05rem;margin:1.6rem 0 .5rem}
a{color:#1f5fd0}
table{width:100%;border-collapse:collapse;background:#fff;border:1px solid #dde3ec}
th,td{text-align:left;vertical-align:top;padding:.45rem .7rem;border-bottom:1px solid #e8ecf2;overflow-wrap:anywhere}
th{font-weight:600;background:#f8fafc;white-space:nowrap}
table.facts th{width:11rem}
td.word{white-space:nowrap;overflow-wrap:normal}
td.title{overflow-wrap:break-word}table.list th{white-space:normal;overflow-wrap:normal}
.wide{overflow-x:auto}
.wide table{min-width:58rem}.wide table.list{min-width:72rem}
form.card,.card{background:#fff;border:1px solid #dde3ec;border-radius:6px;padding:1rem 1.2rem;margin:0 0 1rem}
label{display:block;margin:.7rem 0 .2rem;font-weight:600}
label.inline{display:inline-block;margin:.2rem 1rem .2rem 0;font-weight:400}
input[type=text],select,textarea{width:100%;max-width:40rem;padding:.4rem .5rem;border:1px solid #b9c3d2;border-radius:4px;font:inherit;background:#fff}
label.box{font-weight:400}
.buttons{display:flex;flex-wrap:wrap;gap:.6rem}.buttons button{margin:0}
input[type=text].number{width:7rem}
form.fault{display:flex;flex-wrap:wrap;gap:.3rem .8rem;align-items:center;padding:.6rem 1.2rem;margin:0 0 .5rem}
form.fault label.inline{margin:0}form.fault button{margin:0 0 0 auto}
fieldset{border:1px solid #dde3ec;border-radius:6px;margin:.8rem 0;padding:.5rem .9rem}
fieldset select{width:auto}
button{display:block;margin-top:.8rem;padding:.45rem 1.1rem;border:0;border-radius:4px;background:#1f5fd0;color:#fff;font:inherit;cursor:pointer}
button.plain{background:#5a6b85}
button.danger{background:#b3372f}
form.row{display:inline-flex;gap:.6rem;align-items:center;margin-right:1rem}
form.row select{width:auto}form.row button{margin:0}
pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.45 ui-monospace,monospace}
code{overflow-wrap:anywhere}
.muted{color:#8794a8}
.state{display:inline-block;white-space:nowrap;padding:0 .55rem;border-radius:9px;font-size:.8rem;font-weight:600;background:#e4e9f1}
.APPROVED,.accepted,.passed{background:#d5f2df;color:#116232}
.REJECTED,.contradiction,.failed,.SUBMIT_FAILED{background:#fbdedb;color:#8f1f17}
@media(max-width:40rem){main{padding:1rem .8rem 3rem}header{flex-wrap:wrap;padding:.8rem}nav{margin-left:0;gap:.3rem 1.2rem}table.facts th{width:7rem}}
.APPROVING{background:#dbe8ff;color:#174a9c}
";

#[cfg(test)]
mod tests {
    #[test]
    fn an_apply_id_of_any_characters_has_an_address() {
        assert_eq!(super::address_of("a/b c.1"), "/requests/a%2Fb%20c%2E1");
    }
}
