//! What was tried, for people and for machines. The exchange comes without secrets.

use std::fmt::Write;

use serde_json::{Value, json};
use shared::dataphin::{Acceptance, DryRun, Exchange};

use super::{Tried, advice::Advice};

/// One exchange, as a block of lines.
pub(super) fn readable(tried: &Tried) -> String {
    let Exchange { message, request, answer, took, verdict, .. } = &tried.exchange;
    let mut text = format!("=== {}\n", tried.candidate.setting);
    match request {
        Some(request) => {
            let _ = writeln!(text, "{} {}", request.method, request.url);
            headers(&mut text, &request.headers);
            let _ = writeln!(text, "{}", request.body);
            if request.body != *message {
                let _ = writeln!(text, "(encrypted: {message})");
            }
            match answer {
                Some(answer) => {
                    let _ = writeln!(text, "--- HTTP {} after {} ms", answer.status, took.as_millis());
                    headers(&mut text, &answer.headers);
                    if !answer.body.is_empty() {
                        let _ = writeln!(text, "{}{}", answer.body, if answer.cut { " …" } else { "" });
                    }
                }
                None => {
                    let _ = writeln!(text, "--- no answer, after {} ms", took.as_millis());
                }
            }
        }
        None => text.push_str("--- not sent\n"),
    }
    let _ = write!(text, "--> {}", in_words(verdict));
    text
}

fn headers(text: &mut String, headers: &[(String, String)]) {
    for (name, value) in headers {
        let _ = writeln!(text, "{name}: {value}");
    }
}

/// All verdicts.
pub(super) fn table(tried: &[Tried]) -> String {
    let width = tried.iter().map(|tried| tried.candidate.setting.chars().count()).max().unwrap_or_default();
    tried.iter().fold("=== verdicts\n".to_owned(), |mut table, tried| {
        let _ = writeln!(table, "{:width$}  {}", tried.candidate.setting, in_words(&tried.exchange.verdict));
        table
    })
}

fn in_words(verdict: &DryRun) -> String {
    match verdict {
        DryRun::Accepted(_) => format!("ACCEPTED  {verdict}"),
        DryRun::Unclear(_) => format!("unclear   {verdict}"),
        DryRun::Refused(_) => format!("refused   {verdict}"),
    }
}

/// Everything.
pub(super) fn machine(tried: &[Tried], advice: &Advice) -> Value {
    let one = |tried: &Tried| {
        let Exchange { message, request, answer, took, verdict, .. } = &tried.exchange;
        let cause = match verdict {
            DryRun::Unclear(unclear) => unclear.name(),
            DryRun::Accepted(Acceptance::Confirmed) => "confirmed",
            DryRun::Accepted(Acceptance::ClosedAlready(_)) => "closed-already",
            DryRun::Refused(refusal) => refusal.name(),
        };
        json!({
            "profile": tried.candidate.setting,
            "accepted": tried.accepted(),
            "cause": cause,
            "sentence": verdict.to_string(),
            "message": message,
            "request": request,
            "answer": answer,
            "tookMilliseconds": took.as_millis(),
        })
    };
    json!({
        "tried": tried.iter().map(one).collect::<Vec<_>>(),
        "set": advice.set,
        "accept": advice.accept,
        "advice": advice.words,
    })
}
