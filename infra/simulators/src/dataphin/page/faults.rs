//! Faults, for people: what is set, and a form to set one.

use std::sync::Arc;

use axum::{
    Form,
    extract::State,
    response::{Html, Redirect},
};
use maud::html;

use super::{Fields, Refresh, field, page, to};
use crate::dataphin::{
    faults::{Fault, Times},
    inner::Dataphin,
};

/// Form value and description of each fault; `amount` is the form's number.
const FAULTS: [(&str, &str); 8] = [
    ("slow", "Callback: work only after (amount) milliseconds"),
    ("unavailable", "Callback: answer 503, Retry-After (amount) seconds"),
    ("hold", "Callback: work, then hold the answer for (amount) milliseconds"),
    ("close", "Callback: close the connection without work or answer"),
    ("close_after_work", "Callback: work, then close the connection without an answer"),
    ("refuse", "Callback: answer 200 with success:false"),
    ("twice", "Submit: send it twice"),
    ("at_once", "Submit: send it (amount) times at once"),
];

pub(super) async fn show(State(dataphin): State<Arc<Dataphin>>) -> Html<String> {
    let faults: Vec<_> = dataphin.state().faults.list().collect();
    let content = html! {
        @if faults.is_empty() { p.card { "None is set: Dataphin behaves." } } @else {
            table {
                tr { th { "Fault" } th { "For" } }
                @for (fault, times) in faults {
                    tr {
                        td { (format!("{fault:?}")) }
                        td { @match times {
                            Times::Next(calls) => { "the next " (calls) " calls" },
                            Times::UntilCleared => "until cleared",
                        } }
                    }
                }
            }
            form method="post" action="/faults/clear" { button.plain { "Clear all" } }
        }
        h2 { "Set a fault" }
        form.card method="post" action="/faults" {
            label for="fault" { "Fault" }
            select #fault name="fault" { @for (name, label) in FAULTS { option value=(name) { (label) } } }
            label for="amount" { "Amount" }
            input #amount type="number" name="amount" min="0" value="1000";
            label for="calls" { "For how many calls " span.muted { "(left empty: until cleared)" } }
            input #calls type="number" name="calls" min="1" value="1";
            button { "Set" }
        }
    };
    page("Faults", Refresh::Never, &content)
}

pub(super) async fn set(State(dataphin): State<Arc<Dataphin>>, Form(fields): Form<Fields>) -> Redirect {
    let amount = field(&fields, "amount").parse().unwrap_or(0);
    let times = field(&fields, "calls").parse().map_or(Times::UntilCleared, Times::Next);
    if let Some(fault) = fault(field(&fields, "fault"), amount) {
        dataphin.state().faults.set(fault, times);
    }
    to("/faults")
}

pub(super) async fn clear(State(dataphin): State<Arc<Dataphin>>) -> Redirect {
    dataphin.state().faults.clear();
    to("/faults")
}

fn fault(name: &str, amount: u32) -> Option<Fault> {
    Some(match name {
        "slow" => Fault::Slow { milliseconds: amount },
        "unavailable" => Fault::Unavailable { retry_after_seconds: amount },
        "hold" => Fault::HoldAnswer { milliseconds: amount },
        "close" => Fault::CloseConnection,
        "close_after_work" => Fault::CloseAfterWork,
        "refuse" => Fault::RefuseWith200,
        "twice" => Fault::SubmitTwice,
        "at_once" => Fault::SubmitAtOnce { times: amount },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_that_the_form_offers_can_be_set() {
        for (name, _) in FAULTS {
            assert!(fault(name, 1).is_some(), "{name}");
        }
    }
}
