//! The page of one request: what was asked, what the bridge answered, what Dataphin was told.

use std::sync::Arc;

use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use serde_json::Value;

use super::{
    Fields, Refresh, address_of, choice, field,
    list::{requester, status},
    page, to, when,
};
use crate::dataphin::{
    answer::{Answer, Verb},
    inner::Dataphin,
    ledger::Untaken,
    record::{Record, RequestState},
    request::Person,
};

pub(super) async fn show(State(dataphin): State<Arc<Dataphin>>, Path(apply_id): Path<String>) -> Response {
    let record = dataphin.state().books.record(&apply_id).cloned();
    match record {
        Some(record) => page(record.text("title"), Refresh::Never, &content(&record)).into_response(),
        None => (StatusCode::NOT_FOUND, no_such_request(&apply_id)).into_response(),
    }
}

pub(super) async fn withdraw(
    State(dataphin): State<Arc<Dataphin>>,
    Path(apply_id): Path<String>,
    Form(fields): Form<Fields>,
) -> Redirect {
    // Finished meanwhile or unknown: the page that follows says so.
    let _ = dataphin.withdraw(&apply_id, choice::<Verb>(field(&fields, "verb"))).await;
    to(&address_of(&apply_id))
}

pub(super) async fn submit_again(
    State(dataphin): State<Arc<Dataphin>>,
    Path(apply_id): Path<String>,
) -> Redirect {
    dataphin.submit_again(&apply_id).await;
    to(&address_of(&apply_id))
}

fn no_such_request(apply_id: &str) -> Html<String> {
    let content = html! { p.card { "There is no request " (apply_id) ". " a href="/" { "All requests" } } };
    page("No such request", Refresh::Never, &content)
}

fn content(record: &Record) -> Markup {
    html! {
        p {
            span class={ "state " (record.state.word()) } { (record.state.word()) } " "
            a href=(address_of(&record.apply_id)) { "Refresh" }
        }
        (acts(record))
        table.facts {
            tr { th { "Apply ID" } td { (record.apply_id) } }
            tr { th { "Type" } td { (record.text("type")) } }
            tr { th { "Requester" } td { (requester(record)) } }
            tr { th { "Tenant" } td { (record.text("tenantId")) } }
            tr { th { "Template code" } td { (record.text("templateCode")) } }
            tr { th { "Filed" } td { (when(record.filed_at)) } }
            tr { th { "Content" } td { pre { (readable(record.text("content"))) } } }
        }
        h2 { "Approvers" }
        (nodes(record))
        h2 { "What the bridge answered" }
        (answers(&record.answers))
        @if let Some(withdrawal) = &record.withdrawal {
            h2 { "Withdrawn in Dataphin" }
            p {
                (when(withdrawal.at)) ", "
                @match withdrawal.verb {
                    Some(verb) => { "told the bridge by " code { (verb.word()) } },
                    None => "told nobody",
                }
            }
            @if let Some(answer) = &withdrawal.answer { (answers(std::slice::from_ref(answer))) }
        }
        h2 { "Ledger: what Dataphin was told" }
        (ledger(record))
    }
}

fn acts(record: &Record) -> Markup {
    let address = address_of(&record.apply_id);
    html! {
        @if !record.state.is_final() {
            p {
                form.row method="post" action={ (address) "/withdraw" } {
                    button.danger { "Withdraw" }
                    select name="verb" aria-label="How the bridge is told" {
                        @for verb in Verb::ALL { option value=(verb.word()) { "tell the bridge: " (verb.word()) } }
                        option value="" { "tell nobody" }
                    }
                }
                @if record.state == RequestState::SubmitFailed {
                    form.row method="post" action={ (address) "/submit" } { button { "Submit again" } }
                }
            }
        }
    }
}

fn nodes(record: &Record) -> Markup {
    let nodes = record.body.get("approveNodes").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    html! {
        @if nodes.is_empty() { p.muted { "None named: the bridge's template decides." } } @else {
            table {
                tr { th { "Order" } th { "Decided by" } th { "People" } }
                @for node in nodes {
                    tr {
                        td { (shown(&node["approveOrder"])) }
                        td { @if node["approveOperator"] == "AND" { "all of them" } @else { "any of them" } }
                        td {
                            @for (place, user) in node["approveUsers"].as_array().into_iter().flatten().enumerate() {
                                @if place > 0 { ", " }
                                (shown(&user["userName"]))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn answers(answers: &[Answer]) -> Markup {
    html! {
        @if answers.is_empty() { p.muted { "Nothing yet." } } @else {
            div.wide {
                table {
                    tr { th { "Sent" } th { "Status" } th { "Body" } }
                    @for answer in answers {
                        tr {
                            td.word { (when(answer.sent_at)) }
                            td { (status(answer)) }
                            td { pre { (readable(&answer.body)) } }
                        }
                    }
                }
            }
        }
    }
}

/// What Dataphin was told, taken or not, in the order of the calls.
fn ledger(record: &Record) -> Markup {
    let taken = record.ledger.iter().map(|told| {
        let verdict = html! { span class={ "state " (told.verdict.word()) } { (told.verdict.word()) } };
        (told.at, told.outcome, verdict, &told.approve_user, &told.comment)
    });
    let untaken = record.untaken.iter().map(|untaken| {
        let verdict = html! { span.state.failed { "not taken" } " " (answer_of(untaken)) };
        (untaken.at, untaken.outcome, verdict, &untaken.approve_user, &untaken.comment)
    });
    let mut lines: Vec<_> = taken.chain(untaken).collect();
    lines.sort_by_key(|(at, ..)| *at);
    html! {
        @if lines.is_empty() { p.muted { "Nothing yet." } } @else {
            div.wide {
                table {
                    tr {
                        th { "Time" } th { "Outcome" } th { "Dataphin's verdict" } th { "Decided by" }
                        th { "Comment" }
                    }
                    @for (at, outcome, verdict, approve_user, comment) in lines {
                        tr {
                            td.word { (when(at)) }
                            td { (outcome.word()) }
                            td { (verdict) }
                            td { (approve_user.as_ref().map_or("", Person::name_or_id)) }
                            td { (comment.as_deref().unwrap_or_default()) }
                        }
                    }
                }
            }
        }
    }
}

/// What Dataphin answered to an outcome that it did not take.
fn answer_of(untaken: &Untaken) -> String {
    match untaken.status {
        Some(status) => format!("HTTP {status}: {}", untaken.reason),
        None => untaken.reason.clone(),
    }
}

/// JSON with line breaks; anything else as it is.
fn readable(text: &str) -> String {
    let json = serde_json::from_str::<Value>(text).ok();
    json.and_then(|json| serde_json::to_string_pretty(&json).ok()).unwrap_or_else(|| text.to_owned())
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
