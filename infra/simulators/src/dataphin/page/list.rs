//! The list of requests.

use std::sync::Arc;

use axum::{extract::State, response::Html};
use maud::{Markup, html};

use super::{Refresh, address_of, page, when};
use crate::dataphin::{answer::Answer, inner::Dataphin, ledger::Counts, record::Record};

const SHOWN: usize = 100;

pub(super) async fn show(State(dataphin): State<Arc<Dataphin>>) -> Html<String> {
    let (counts, records) = {
        let state = dataphin.state();
        let newest: Vec<_> = state.books.newest_first().take(SHOWN).cloned().collect();
        (state.books.counts(), newest)
    };
    let content = html! {
        (summary(counts))
        @if records.is_empty() {
            p.card { "Nobody has asked for anything yet. " a href="/new" { "File a request" } "." }
        } @else {
            div.wide {
                table.list {
                    thead { tr {
                        th { "Apply ID" } th { "Title" } th { "Type" } th { "Requester" } th { "Filed" }
                        th { "State" } th { "Bridge's answer" } th { "Told" }
                    } }
                    tbody { @for record in &records { (row(record)) } }
                }
            }
            @if counts.requests > SHOWN { p.muted { "The newest " (SHOWN) " of " (counts.requests) "." } }
        }
    };
    page("Requests", Refresh::EveryFewSeconds, &content)
}

fn summary(counts: Counts) -> Markup {
    html! {
        p.muted {
            (counts.requests) " requests · " (counts.accepted) " outcomes accepted · " (counts.repeats) " repeats · "
            (counts.contradictions) " contradictions · " (counts.late) " late · "
            (counts.refused_calls) " calls refused"
        }
    }
}

fn row(record: &Record) -> Markup {
    html! {
        tr {
            td.word { a href=(address_of(&record.apply_id)) { (record.apply_id) } }
            td.title { (record.text("title")) }
            td.word { (record.text("type")) }
            td { (requester(record)) }
            td.word { (when(record.filed_at)) }
            td { span class={ "state " (record.state.word()) } { (record.state.word()) } }
            td { @match record.answers.last() { Some(answer) => (status(answer)), None => "waiting" } }
            td { (told(record)) }
        }
    }
}

fn told(record: &Record) -> Markup {
    html! {
        @for told in record.ledger.iter().take(3) {
            span class={ "state " (told.verdict.word()) } title=(told.verdict.word()) { (told.outcome.word()) } " "
        }
        @if !record.untaken.is_empty() { span.state.failed { "not taken: " (record.untaken.len()) } " " }
        @if record.ledger.len() > 3 { "… " (record.ledger.len()) " times" }
    }
}

/// The name of who asked, if the body's edition has it.
pub(super) fn requester(record: &Record) -> &str {
    record.body.get("applyUserInfo").and_then(|person| person["userName"].as_str()).unwrap_or("—")
}

/// An answer's status, for people.
pub(super) fn status(answer: &Answer) -> Markup {
    html! {
        span class={ "state " (if answer.accepted() { "passed" } else { "failed" }) } {
            @match answer.status { Some(status) => { "HTTP " (status) }, None => "no answer" }
        }
    }
}
