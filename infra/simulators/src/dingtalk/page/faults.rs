//! The console's faults: what is set, in words, and the form to set one.

use std::sync::Arc;

use axum::{
    extract::{Form, State as Shared},
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use serde_json::{Value, json};

use super::{Fields, console::HERE, field, sorry};
use crate::dingtalk::{
    catalog::Api,
    core::Core,
    faults::{Fault, Spell, Trouble},
    state::State,
};

/// What can be chosen to go wrong, by its name in the form; a wait is asked for beside it.
const TROUBLES: [&str; 13] = [
    "slow",
    "server_error",
    "hold_answer",
    "close_before",
    "close_after",
    "deliver_late",
    "deliver_twice",
    "without_form_values",
    "other_instance",
    "duplicate_push",
    "hold_push",
    "drop_push",
    "delay_push",
];
/// What is proposed for a fault that waits.
const WAIT_MS: u32 = 3_000;

pub(super) async fn set(Shared(core): Shared<Arc<Core>>, Form(fields): Form<Fields>) -> Response {
    match read(&fields) {
        Ok(fault) => {
            core.with(|state| state.faults.0.push(fault));
            Redirect::to(HERE).into_response()
        }
        Err(why) => sorry(&why, HERE),
    }
}

pub(super) async fn clear(Shared(core): Shared<Arc<Core>>) -> Redirect {
    core.with(|state| state.faults.0.clear());
    Redirect::to(HERE)
}

pub(super) fn form(state: &State) -> Markup {
    html! {
        form.card method="post" action="/console/faults" {
            h2 { "Faults" }
            select.short name="trouble" aria-label="What goes wrong" {
                @for name in TROUBLES {
                    @if let Some(trouble) = trouble(name, WAIT_MS) {
                        option value=(name) { (words(&trouble).0) }
                    }
                }
            }
            " "
            select.short name="api" aria-label="Of which API" {
                option value="" { "every API" }
                @for api in Api::ALL { option value=(api.name()) { (api.name()) } }
            }
            label for="wait" { "Milliseconds (slow, held back, late)" }
            input type="text" inputmode="numeric" id="wait" name="wait" value=(WAIT_MS);
            label for="times" { "How many times (empty: until cleared)" }
            input type="text" inputmode="numeric" id="times" name="times" value="1";
            div {
                button { "Set" }
                button.plain formaction="/console/faults/clear" { "Clear all" }
            }
            @for fault in &state.faults.0 { p { (sentence(fault)) } }
        }
    }
}

/// The fault that a form asks for, or why it cannot be.
fn read(fields: &Fields) -> Result<Fault, String> {
    let (name, wait, api) = (field(fields, "trouble"), field(fields, "wait"), field(fields, "api"));
    let known = trouble(name, WAIT_MS).ok_or_else(|| format!("There is no fault “{name}”."))?;
    let trouble = if words(&known).1.is_some() {
        let wait = wait.parse().ok().filter(|wait| *wait > 0).and_then(|wait| trouble(name, wait));
        wait.ok_or("A fault that waits needs a number of milliseconds, 1 or more.")?
    } else {
        known
    };
    let spell = match field(fields, "times") {
        "" => Spell::Always,
        typed => match typed.parse() {
            Ok(times) if times > 0 => Spell::Next(times),
            _ => return Err(format!("The number of times must be 1 or more, or empty, not “{typed}”.")),
        },
    };
    let api = match api {
        "" => None,
        name => Some(serde_json::from_value(name.into()).map_err(|_| format!("There is no API “{name}”."))?),
    };
    Ok(Fault { api, trouble, spell })
}

/// A trouble by its name; one that waits, waits so long.
fn trouble(name: &str, wait_ms: u32) -> Option<Trouble> {
    let plain = serde_json::from_value(Value::from(name)).ok();
    plain.or_else(|| serde_json::from_value(json!({name: wait_ms})).ok())
}

/// What goes wrong, and for how many milliseconds where it waits.
fn words(trouble: &Trouble) -> (&'static str, Option<u32>) {
    match trouble {
        Trouble::Slow(wait) => ("call: slow", Some(*wait)),
        Trouble::ServerError => ("call: 500 systemError", None),
        Trouble::HoldAnswer(wait) => ("call: done, answer held back", Some(*wait)),
        Trouble::CloseBefore => ("call: connection closed, not done", None),
        Trouble::CloseAfter => ("call: done, connection closed", None),
        Trouble::AnswerBefore { .. } => ("call: answered in its place, not done", None),
        Trouble::AnswerAfter { .. } => ("call: done, something else answered", None),
        Trouble::DeliverLate(wait) => ("call: connection closed, done late", Some(*wait)),
        Trouble::DeliverTwice(wait) => ("call: done twice, the second time late", Some(*wait)),
        Trouble::StuckToken(_) => ("list of instances: does not advance", None),
        Trouble::WithoutFormValues => ("read: without the form's values", None),
        Trouble::OtherInstance => ("read: another instance", None),
        Trouble::DuplicatePush => ("push: twice", None),
        Trouble::HoldPush => ("push: behind the next one", None),
        Trouble::DropPush => ("push: dropped", None),
        Trouble::DelayPush(wait) => ("push: late", Some(*wait)),
    }
}

fn sentence(fault: &Fault) -> String {
    let (what, wait) = words(&fault.trouble);
    let wait = wait.map(|wait| format!(" by {wait} ms")).unwrap_or_default();
    // Pushes are of no API.
    let api = match fault.api {
        _ if fault.trouble.is_for_pushes() => String::new(),
        None => " · every API".to_owned(),
        Some(api) => format!(" · {}", api.name()),
    };
    let spell = match fault.spell {
        Spell::Next(1) => "the next time".to_owned(),
        Spell::Next(times) => format!("the next {times} times"),
        Spell::Percent(percent) => format!("{percent} of a hundred times, until cleared"),
        Spell::Always => "until cleared".to_owned(),
    };
    format!("{what}{wait}{api} · {spell}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_that_the_form_offers_is_one_and_has_words() {
        for name in TROUBLES {
            let fault = Fault::everywhere(trouble(name, 7).unwrap()).once();
            let sentence = sentence(&fault);
            assert!(sentence.ends_with("the next time") && !sentence.contains('('), "{sentence}");
        }
    }
}
