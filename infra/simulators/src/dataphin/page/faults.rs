//! Faults, for people: what is set, and a form for each that can be.

use std::{ops::RangeInclusive, sync::Arc};

use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
};
use maud::{Markup, html};

use super::{Fields, Refresh, field, page, problem, to};
use crate::dataphin::{
    faults::{Fault, MOST_AT_ONCE, Times},
    inner::Dataphin,
};

/// Each fault by its name in the form, with what is proposed. The bridge waits 10 s for an answer to its callback.
const OFFERED: [(&str, Fault); 8] = [
    ("slow", Fault::Slow { milliseconds: 3_000 }),
    ("unavailable", Fault::Unavailable { retry_after_seconds: 10 }),
    ("hold", Fault::HoldAnswer { milliseconds: 15_000 }),
    ("close", Fault::CloseConnection),
    ("close_after_work", Fault::CloseAfterWork),
    ("refuse", Fault::RefuseWith200),
    ("twice", Fault::SubmitTwice),
    ("at_once", Fault::SubmitAtOnce { times: 10 }),
];
/// An hour.
const MOST_MILLISECONDS: u32 = 60 * 60 * 1_000;
/// A day.
const MOST_SECONDS: u32 = 24 * 60 * 60;

/// A fault in words, with its number where it has one.
struct Phrase {
    words: &'static str,
    amount: Option<Amount>,
}

struct Amount {
    number: u32,
    unit: &'static str,
    allowed: RangeInclusive<u32>,
}

pub(super) async fn show(State(dataphin): State<Arc<Dataphin>>) -> Html<String> {
    render(&dataphin, &Fields::new(), None)
}

pub(super) async fn set(State(dataphin): State<Arc<Dataphin>>, Form(fields): Form<Fields>) -> Response {
    match read(&fields) {
        Ok((fault, times)) => {
            dataphin.state().faults.set(fault, times);
            to("/faults").into_response()
        }
        Err(why) => {
            let page = render(&dataphin, &fields, Some(&format!("Nothing was set. {why}")));
            (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
        }
    }
}

pub(super) async fn clear(State(dataphin): State<Arc<Dataphin>>) -> Redirect {
    dataphin.state().faults.clear();
    to("/faults")
}

/// What a form asks for, or why it cannot be.
fn read(fields: &Fields) -> Result<(Fault, Times), String> {
    let name = field(fields, "fault");
    let offered = OFFERED.iter().find(|(offered, _)| *offered == name);
    let (_, mut fault) = *offered.ok_or_else(|| format!("There is no fault “{name}”."))?;
    if let Some(Amount { unit, allowed, .. }) = phrase(fault).amount {
        let typed = field(fields, "amount");
        let amount = typed.parse().ok().filter(|amount| allowed.contains(amount));
        let (least, most) = allowed.into_inner();
        let wrong = || format!("The number of {unit} must be from {least} to {most}, not “{typed}”.");
        fault = with_amount(fault, amount.ok_or_else(wrong)?);
    }
    let times = match field(fields, "calls") {
        "" => Times::UntilCleared,
        typed => match typed.parse() {
            Ok(calls) if calls > 0 => Times::Next(calls),
            _ => return Err(format!("The number of calls must be 1 or more, or empty, not “{typed}”.")),
        },
    };
    Ok((fault, times))
}

fn render(dataphin: &Dataphin, typed: &Fields, why: Option<&str>) -> Html<String> {
    let faults: Vec<_> = dataphin.state().faults.list().collect();
    let content = html! {
        @if let Some(why) = why { (problem(why)) }
        @if faults.is_empty() { p.card { "None is set: Dataphin behaves." } } @else {
            table {
                tr { th { "Fault" } th { "For" } }
                @for (fault, times) in faults {
                    tr { td { (sentence(fault)) } td { (lasting(times)) } }
                }
            }
            form method="post" action="/faults/clear" { button.plain { "Clear all" } }
        }
        h2 { "Set a fault" }
        p.muted { "A number of calls that is left empty means: until cleared." }
        @for (name, fault) in OFFERED {
            @let is_typed = field(typed, "fault") == name;
            (form(name, &phrase(fault), is_typed.then_some(typed)))
        }
    };
    page("Faults", Refresh::Never, &content)
}

/// The form of one fault, with what was typed into it or else what is proposed.
fn form(name: &str, phrase: &Phrase, typed: Option<&Fields>) -> Markup {
    let typed = |member| typed.map(|fields| field(fields, member).to_owned());
    html! {
        form.card.fault method="post" action="/faults" {
            input type="hidden" name="fault" value=(name);
            strong { (phrase.words) }
            @if let Some(Amount { number, unit, .. }) = &phrase.amount {
                label.inline {
                    input.number type="text" inputmode="numeric" name="amount" autocomplete="off"
                        value=(typed("amount").unwrap_or_else(|| number.to_string()));
                    " " (unit)
                }
            }
            label.inline {
                "for " input.number type="text" inputmode="numeric" name="calls" autocomplete="off"
                    value=(typed("calls").unwrap_or_else(|| "1".to_owned()));
                " calls"
            }
            button { "Set" }
        }
    }
}

fn phrase(fault: Fault) -> Phrase {
    let milliseconds = |number| Amount { number, unit: "milliseconds", allowed: 1..=MOST_MILLISECONDS };
    let (words, amount) = match fault {
        Fault::Slow { milliseconds: number } => ("Callback: work only after", Some(milliseconds(number))),
        Fault::Unavailable { retry_after_seconds: number } => {
            let amount = Amount { number, unit: "seconds", allowed: 0..=MOST_SECONDS };
            ("Callback: answer 503 with a Retry-After of", Some(amount))
        }
        Fault::HoldAnswer { milliseconds: number } => {
            ("Callback: work, then hold the answer for", Some(milliseconds(number)))
        }
        Fault::CloseConnection => ("Callback: close the connection without work or answer", None),
        Fault::CloseAfterWork => ("Callback: work, then close the connection without an answer", None),
        Fault::RefuseWith200 => ("Callback: answer 200 with success:false", None),
        Fault::SubmitTwice => ("Submit: send it twice", None),
        Fault::SubmitAtOnce { times: number } => {
            let amount = Amount { number, unit: "copies at once", allowed: 2..=MOST_AT_ONCE };
            ("Submit: send it as", Some(amount))
        }
    };
    Phrase { words, amount }
}

/// The same fault with another number; one that has none stays as it is.
fn with_amount(fault: Fault, amount: u32) -> Fault {
    match fault {
        Fault::Slow { .. } => Fault::Slow { milliseconds: amount },
        Fault::Unavailable { .. } => Fault::Unavailable { retry_after_seconds: amount },
        Fault::HoldAnswer { .. } => Fault::HoldAnswer { milliseconds: amount },
        Fault::SubmitAtOnce { .. } => Fault::SubmitAtOnce { times: amount },
        plain => plain,
    }
}

fn sentence(fault: Fault) -> String {
    match phrase(fault) {
        Phrase { words, amount: Some(Amount { number, unit, .. }) } => format!("{words} {number} {unit}"),
        Phrase { words, amount: None } => words.to_owned(),
    }
}

fn lasting(times: Times) -> String {
    match times {
        Times::Next(1) => "the next call".to_owned(),
        Times::Next(calls) => format!("the next {calls} calls"),
        Times::UntilCleared => "until cleared".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(fault: &str, amount: &str, calls: &str) -> Result<(Fault, Times), String> {
        let fields = [("fault", fault), ("amount", amount), ("calls", calls)];
        read(&fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec())
    }

    #[test]
    fn every_fault_can_be_set_as_it_is_proposed() {
        for (name, proposed) in OFFERED {
            let amount = phrase(proposed).amount.map_or_else(String::new, |amount| amount.number.to_string());
            assert_eq!(asked(name, &amount, "1"), Ok((proposed, Times::Next(1))));
        }
    }

    #[test]
    fn a_number_that_is_none_is_refused_and_an_empty_number_of_calls_means_until_cleared() {
        for (amount, calls) in
            [("", "1"), ("-1", "1"), ("0", "1"), ("1e9", "1"), ("9", "x"), ("9", "0"), ("9", "-1")]
        {
            assert!(asked("slow", amount, calls).is_err(), "{amount} {calls}");
        }
        assert!(asked("at_once", "1001", "1").is_err());
        assert!(asked("other", "1", "1").is_err());
        assert_eq!(asked("close", "", ""), Ok((Fault::CloseConnection, Times::UntilCleared)));
    }
}
