//! Reads DingTalk's answers in every dialect that is known, before anything is judged.
//!
//! The documents give v1.0 errors as `{"code","message","requestid"}` with a status, and the older API's as
//! `{"errcode","errmsg"}` behind a 200. Integrators report each on the other's hosts, members in upper case, numbers as codes,
//! `{"success":false,"errorMsg"}` behind a 200, and codes that only stand in the text.

use serde_json::{Map, Value};

use super::{
    Class, DingTalkError,
    codes::{Meaning, meaning, meaning_of_words},
    error::{Origin, code},
};
use crate::{
    http::{HttpAnswer, page::title},
    json,
};

const MESSAGE_LIMIT: usize = 300;
const MAX_SCOPES: usize = 20;
/// A page is searched so far for whose it is.
const PAGE_LIMIT: usize = 4096;

/// Members in the order in which they are believed; matched without case and underscores.
const CODES: [&str; 3] = ["errcode", "code", "errorcode"];
const WORDS: [&str; 6] = ["message", "errmsg", "errormsg", "errormessage", "msg", "submsg"];
const IDS_OF_NEW: [&str; 2] = ["instanceid", "processinstanceid"];
/// Values of a code that stand for no error.
const FINE: [&str; 5] = ["0", "200", "ok", "success", ""];

/// Takes a v1.0 answer: the body of a 2xx that tells of no error, or the error.
pub(crate) fn new_style(answer: &HttpAnswer) -> Result<Value, DingTalkError> {
    taken(answer, |_| true)
}

/// Takes an answer of the older API: the body of an `errcode` 0, or the error.
pub(crate) fn old_style(answer: &HttpAnswer) -> Result<Value, DingTalkError> {
    taken(answer, |body| member(body, &["errcode"]).is_some() || says(body, true))
}

/// `is_whole`: whether a body without an error is an answer.
fn taken(
    answer: &HttpAnswer,
    is_whole: impl Fn(&Map<String, Value>) -> bool,
) -> Result<Value, DingTalkError> {
    let Ok(value) = json::read::<Value>(&answer.body) else { return Err(no_json(answer)) };
    let Some(body) = value.as_object() else { return Err(stranger(answer)) };
    // The gateway's ban comes with any status.
    if member(body, &["punish"]).is_some() {
        return Err(banned());
    }
    match error(body, answer.status.as_u16()) {
        Some(error) => Err(error),
        None if answer.status.is_success() && is_whole(body) => Ok(value),
        None => Err(stranger(answer)),
    }
}

/// The error that a body tells of, if it has DingTalk's shape.
fn error(body: &Map<String, Value>, status: u16) -> Option<DingTalkError> {
    let is_success = (200..300).contains(&status);
    let failed = says(body, false);
    let code = code_of(body).filter(|code| !(is_success && says(body, true) && code.is_soft));
    let is_shaped = is_success || status == 400 || member(body, &["requestid"]).is_some();
    if code.is_none() && !(is_shaped && failed) {
        return None;
    }
    let words = words(body, code.as_ref());
    let known = match &code {
        Some(code) => meaning(code.essence()),
        None => meaning_of_words(&words),
    };
    if let Some(code) = &code {
        // A proxy has codes, too: the status once more, or a word. DingTalk's unknown ones come with 2xx, 400 or 5xx, or
        // with the id of the request.
        let is_named = member(body, &["requestid"]).is_some();
        let only_the_status = code.is_number && code.text == status.to_string() && status != 400;
        let only_a_word = known.is_none() && (401..500).contains(&status) && !code.is_errcode;
        if !is_named && (only_the_status && !is_success || only_a_word) {
            return None;
        }
    }
    let (class, origin) = match known {
        // An id beside a refusal: something was made.
        Some(Meaning::NotExecuted(_)) if names_something_new(body) => {
            (Class::UnknownOutcome, Origin::DingTalk)
        }
        // A server's failure: its code is not all that happened. Only the throttle says 503.
        Some(Meaning::NotExecuted(class))
            if status >= 500 && !(status == 503 && class == Class::Throttled) =>
        {
            (Class::UnknownOutcome, Origin::DingTalk)
        }
        Some(Meaning::NotExecuted(class)) => (class, Origin::DingTalk),
        Some(Meaning::Doubtful) if status < 500 => (Class::UnknownOutcome, Origin::Doubtful),
        // Of the gateway there is no code that means a no.
        None if code.as_ref().is_some_and(|code| code.is_gateways) => {
            (Class::UnknownOutcome, Origin::DingTalk)
        }
        None if code.is_none() => (Class::UnknownOutcome, Origin::Doubtful),
        None if status < 500 && status != 429 => (Class::UnknownOutcome, Origin::Unheard),
        // Known to have failed in an unknown way, and whatever else DingTalk's servers say.
        _ => (Class::UnknownOutcome, Origin::DingTalk),
    };
    let scopes = if class == Class::Permission { scopes(body, &words) } else { Vec::new() };
    let code = code.map_or_else(|| code::NO_CODE.to_owned(), |code| shorten(&code.text));
    Some(DingTalkError { class, code, message: words, scopes, origin })
}

/// The code of an error.
#[allow(clippy::struct_excessive_bools)] // What is known of where it stood; they do not exclude each other.
struct Code {
    /// As it is shown: `processCodeError`, `60121`, `88/40014`.
    text: String,
    is_number: bool,
    /// Of a member that only DingTalk has.
    is_errcode: bool,
    /// Of the gateway, without one of an API beneath it.
    is_gateways: bool,
    /// Beside a plain success it says nothing.
    is_soft: bool,
}

impl Code {
    /// Without the gateway's 88 before it.
    fn essence(&self) -> &str {
        self.text.strip_prefix("88/").unwrap_or(&self.text)
    }
}

/// The code of a body, unless that stands for no error.
fn code_of(body: &Map<String, Value>) -> Option<Code> {
    CODES.iter().find_map(|name| {
        let value = member(body, &[name])?;
        let text = match value {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.trim().to_owned(),
            _ => return None,
        };
        if FINE.iter().any(|fine| text.eq_ignore_ascii_case(fine)) {
            return None;
        }
        let is_errcode = *name == "errcode";
        let beneath = if is_errcode && text == "88" { beneath(body) } else { None };
        Some(Code {
            is_number: value.is_number(),
            is_errcode,
            is_gateways: is_errcode && text == "88" && beneath.is_none(),
            is_soft: !is_errcode,
            text: beneath.map_or(text, |beneath| format!("88/{beneath}")),
        })
    })
}

/// The code beneath the gateway's 88: a member, or only in the text (`ding talk error[subcode=40014,submsg=…]`).
fn beneath(body: &Map<String, Value>) -> Option<String> {
    let as_text = |value: &Value| match value {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.trim().to_owned()),
        _ => None,
    };
    let code = member(body, &["subcode"]).and_then(as_text).or_else(|| {
        let (_, rest) = member(body, &["errmsg"])?.as_str()?.split_once("subcode=")?;
        Some(rest.split([',', ']']).next()?.trim().to_owned())
    });
    code.filter(|code| !code.is_empty())
}

/// The words of an error, at most 300 characters. Beneath the gateway's 88 they stand inside its own.
fn words(body: &Map<String, Value>, code: Option<&Code>) -> String {
    let text = |names: &[&str]| {
        let texts = names.iter().filter_map(|name| member(body, &[name])?.as_str());
        texts.into_iter().find(|text| !text.trim().is_empty())
    };
    let of_gateway = code.is_some_and(|code| code.text.starts_with("88/"));
    let inside = || {
        let (_, rest) = text(&["errmsg"])?.split_once("submsg=")?;
        Some(rest.strip_suffix(']').unwrap_or(rest))
    };
    let beneath = if of_gateway { text(&["submsg"]).or_else(inside) } else { None };
    shorten(beneath.or_else(|| text(&WORDS)).unwrap_or_default())
}

fn scopes(body: &Map<String, Value>, words: &str) -> Vec<String> {
    let detail = member(body, &["accessdenieddetail"]).and_then(Value::as_object);
    let listed = detail.and_then(|detail| member(detail, &["requiredscopes"])).and_then(Value::as_array);
    let listed: Vec<String> =
        listed.into_iter().flatten().filter_map(Value::as_str).take(MAX_SCOPES).map(shorten).collect();
    if listed.is_empty() { in_brackets(words).into_iter().collect() } else { listed }
}

fn in_brackets(message: &str) -> Option<String> {
    let (_, rest) = message.split_once('[')?;
    let (inside, _) = rest.split_once(']')?;
    Some(inside.to_owned()).filter(|scope| !scope.contains('='))
}

/// Whether `success` is there and says so; the documents have it as text.
fn says(body: &Map<String, Value>, success: bool) -> bool {
    match member(body, &["success"]) {
        Some(Value::Bool(said)) => *said == success,
        Some(Value::Number(said)) => said.as_i64() == Some(i64::from(success)),
        Some(Value::String(said)) => said.trim().eq_ignore_ascii_case(if success { "true" } else { "false" }),
        _ => false,
    }
}

fn names_something_new(body: &Map<String, Value>) -> bool {
    let inside = body.get("result").and_then(Value::as_object);
    [Some(body), inside]
        .into_iter()
        .flatten()
        .any(|body| member(body, &IDS_OF_NEW).and_then(Value::as_str).is_some_and(|id| !id.trim().is_empty()))
}

/// The first of some members that is there and not null, without regard to case and underscores.
pub(super) fn member<'a>(body: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| {
        let is_it = |key: &str| {
            let plain = key.bytes().filter(|byte| *byte != b'_').map(|byte| byte.to_ascii_lowercase());
            plain.eq(name.bytes())
        };
        let exact = body.get(*name).filter(|value| !value.is_null());
        exact.or_else(|| {
            body.iter().find(|(key, value)| is_it(key) && !value.is_null()).map(|(_, value)| value)
        })
    })
}

/// Whoever answered without JSON. The gateway's ban comes as a page, too.
fn no_json(answer: &HttpAnswer) -> DingTalkError {
    let page = String::from_utf8_lossy(&answer.body[..answer.body.len().min(PAGE_LIMIT)]);
    if ["x5sec", "\"punish\"", "punish?"].iter().any(|mark| page.contains(mark)) {
        return banned();
    }
    stranger(answer)
}

/// What answered is not known to be DingTalk.
fn stranger(answer: &HttpAnswer) -> DingTalkError {
    let shows = title(&answer.body).map_or_else(String::new, |title| format!(": “{title}”"));
    let error = if answer.status.is_success() {
        DingTalkError::unreadable_outcome(format!("not JSON as DingTalk answers it{shows}"))
    } else {
        let status = answer.status.as_u16();
        let message = format!(
            "something between the bridge and DingTalk answered (HTTP {status}), not DingTalk{shows}"
        );
        DingTalkError::new(Class::UnknownOutcome, &format!("http-{status}"), message)
    };
    DingTalkError { origin: Origin::Stranger, ..error }
}

fn banned() -> DingTalkError {
    let error = DingTalkError::new(
        Class::UnknownOutcome,
        code::BANNED,
        "DingTalk refuses this server's address for five minutes",
    );
    DingTalkError { origin: Origin::Stranger, ..error }
}

/// A whole number, also where it is written as text or with a decimal point.
pub(super) fn number_or_text(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => {
            let text = text.trim();
            text.parse().ok().or_else(|| whole(text.parse().ok()?))
        }
        _ => None,
    }
}

#[allow(clippy::cast_possible_truncation)] // Within the bounds there is nothing to lose.
fn whole(number: f64) -> Option<i64> {
    const BOUND: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() <= BOUND).then_some(number as i64)
}

fn shorten(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MESSAGE_LIMIT).collect()
}

#[cfg(test)]
mod tests;
