//! What DingTalk's refusals mean, classified once: the class decides what happens next.

use serde_json::Value;

use crate::http::{HttpAnswer, SendError};

/// What a failed call means for whoever made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The request is wrong and will stay wrong.
    Permanent,
    /// Not carried out; trying again may help.
    Transient,
    /// Not carried out: too many calls just now.
    Throttled,
    /// The access token or the credentials are not accepted.
    Token,
    /// The app lacks a permission point, or the caller's address is not on the app's list.
    Permission,
    /// The month's paid calls are used up.
    Quota,
    /// It may have been carried out or not.
    UnknownOutcome,
}

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct DingTalkError {
    /// What it means.
    pub class: Class,
    /// DingTalk's code, or ours where there was no answer.
    pub code: String,
    /// DingTalk's words; never a secret, at most 300 characters.
    pub message: String,
    /// Permission points that are missing.
    pub scopes: Vec<String>,
}

/// Codes for which there was no proper answer.
mod code {
    pub const NO_CONNECTION: &str = "no-connection";
    pub const TIMED_OUT: &str = "timed-out";
    pub const NO_FORECAST: &str = "no-forecast";
    pub const NO_ANSWER: &str = "no-answer";
    pub const UNREADABLE: &str = "unreadable-answer";
    pub const BUSY: &str = "too-many-calls-waiting";
    pub const EXTERNAL_CONTACT: &str = "external-contact";
    pub const NOT_ACTIVE: &str = "not-active";
    pub const BANNED: &str = "address-banned-for-5-minutes";
}

/// A 400 with these codes (spelt so) is usually a bad value and sometimes a passing fault: worth one more try.
const DOUBTFUL: [&str; 2] = ["internalError", "sysErrror"];

const MESSAGE_LIMIT: usize = 300;
const MOST_SCOPES: usize = 20;

/// Codes that say: this person is nobody we could ask. Any other error says nothing about the person.
const NOBODY: [&str; 7] =
    ["33012", "60121", "40104", "50002", "50004", code::EXTERNAL_CONTACT, code::NOT_ACTIVE];

impl DingTalkError {
    /// An error with one of our own codes.
    pub fn new(class: Class, code: &str, message: impl Into<String>) -> Self {
        Self { class, code: code.to_owned(), message: message.into(), scopes: Vec::new() }
    }

    /// What the same error means when it comes twice: a doubtful 400 is then a permanent no.
    pub fn after_another_try(self) -> Self {
        let class = if DOUBTFUL.contains(&self.code.as_str()) { Class::Permanent } else { self.class };
        Self { class, ..self }
    }

    /// Whether it says that a person cannot be asked in DingTalk, and nothing else.
    pub fn is_nobody(&self) -> bool {
        NOBODY.contains(&self.old_code())
    }

    /// An external contact is nobody's colleague and cannot approve.
    pub(super) fn external_contact() -> Self {
        Self::new(Class::Permanent, code::EXTERNAL_CONTACT, "an external contact")
    }

    /// Someone who has never opened DingTalk, or was switched off there.
    pub fn not_active() -> Self {
        Self::new(Class::Permanent, code::NOT_ACTIVE, "not active in DingTalk")
    }

    /// Whether the app lacks a permission point.
    pub fn is_missing_permission(&self) -> bool {
        self.class == Class::Permission && !self.is_address_refused()
    }

    /// Whether our address is not on the app's list.
    pub fn is_address_refused(&self) -> bool {
        self.code.ends_with("IpNotInWhiteList") || self.old_code() == "60020"
    }

    /// Whether the person exists and the app may not see them.
    pub fn is_out_of_sight(&self) -> bool {
        matches!(self.old_code(), "50002" | "50004")
    }

    /// Whether there was no answer of DingTalk's at all.
    pub fn is_silence(&self) -> bool {
        matches!(self.code.as_str(), code::NO_CONNECTION | code::NO_ANSWER | code::TIMED_OUT)
    }

    /// Whether something answered that is not DingTalk, or not as it is known.
    pub fn is_unreadable(&self) -> bool {
        self.code == code::UNREADABLE || self.code.starts_with("http-")
    }

    /// Our own limit of time was over.
    pub(crate) fn too_slow() -> Self {
        Self::new(Class::UnknownOutcome, code::TIMED_OUT, "no answer in time")
    }

    /// The older API's code without the gateway's 88 before it.
    fn old_code(&self) -> &str {
        self.code.strip_prefix("88/").unwrap_or(&self.code)
    }

    /// Whether the call was never made, because too many of ours were waiting.
    pub fn is_busy(&self) -> bool {
        self.code == code::BUSY
    }

    /// Whether DingTalk has banned our address for five minutes.
    pub fn is_ban(&self) -> bool {
        self.code == code::BANNED
    }

    /// DingTalk cannot tell which way an instance would go.
    pub(super) fn no_forecast() -> Self {
        Self::new(
            Class::Permanent,
            code::NO_FORECAST,
            "DingTalk cannot foresee the template's flow: look at its nodes and at the initiator's departments",
        )
    }

    /// Our own limiter had no slot in time: the call was not made.
    pub(super) fn busy() -> Self {
        Self::new(Class::Throttled, code::BUSY, "too many calls to DingTalk are waiting")
    }

    /// An answer of the right status that cannot be understood.
    pub(super) fn unreadable(what: impl std::fmt::Display) -> Self {
        Self::new(
            Class::UnknownOutcome,
            code::UNREADABLE,
            format!("DingTalk's answer is not understood: {what}"),
        )
    }
}

impl From<SendError> for DingTalkError {
    fn from(error: SendError) -> Self {
        let (class, code) = match error {
            SendError::NotSent(_) => (Class::Transient, code::NO_CONNECTION),
            SendError::NoAnswer(_) => (Class::UnknownOutcome, code::NO_ANSWER),
            SendError::TimedOut => (Class::UnknownOutcome, code::TIMED_OUT),
            SendError::TooLong => (Class::UnknownOutcome, code::UNREADABLE),
        };
        Self::new(class, code, error.to_string())
    }
}

/// Takes a v1.0 answer: the body of a 2xx, or the error.
pub(crate) fn new_style(answer: &HttpAnswer) -> Result<Value, DingTalkError> {
    let body = serde_json::from_slice::<Value>(&answer.body);
    if answer.status.is_success() {
        return match body {
            // The gateway's ban comes with any status.
            Ok(value) if value.get("punish").is_some() => Err(banned()),
            Ok(value) => Ok(value),
            Err(_) => Err(DingTalkError::unreadable("no JSON")),
        };
    }
    let Ok(value) = body else { return Err(without_body(answer)) };
    if value.get("punish").is_some() {
        return Err(banned());
    }
    let Some(code) = value.get("code").and_then(Value::as_str) else { return Err(without_body(answer)) };
    let class = class_of_new(code, answer.status.as_u16());
    let message = value.get("message").and_then(Value::as_str).unwrap_or_default();
    let scopes = value.pointer("/accessdenieddetail/requiredScopes").and_then(Value::as_array);
    let mut scopes: Vec<String> =
        scopes.into_iter().flatten().filter_map(Value::as_str).take(MOST_SCOPES).map(shorten).collect();
    if class == Class::Permission && scopes.is_empty() {
        scopes.extend(in_brackets(message));
    }
    Err(DingTalkError { class, code: shorten(code), message: shorten(message), scopes })
}

/// Takes an oapi answer (always 200): the body of an `errcode` 0, or the error.
pub(crate) fn old_style(answer: &HttpAnswer) -> Result<Value, DingTalkError> {
    let Ok(value) = serde_json::from_slice::<Value>(&answer.body) else { return Err(without_body(answer)) };
    if value.get("punish").is_some() {
        return Err(banned());
    }
    // The documentation shows numbers as text; real answers are typed.
    let errcode = value.get("errcode").and_then(number_or_text);
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    match errcode {
        Some(0) => Ok(value),
        None => Err(without_body(answer)),
        Some(errcode) => {
            let sub_code = value.get("sub_code").and_then(number_or_text);
            let code = sub_code.map_or_else(|| errcode.to_string(), |sub| format!("{errcode}/{sub}"));
            let message = shorten(text("errmsg"));
            let class = class_of_old(errcode, sub_code);
            let scopes =
                if class == Class::Permission { in_brackets(&message).into_iter().collect() } else { vec![] };
            Err(DingTalkError { class, code, message, scopes })
        }
    }
}

fn class_of_new(code: &str, status: u16) -> Class {
    match code {
        "InvalidAuthentication" | "invalidClientIdOrSecret" => Class::Token,
        _ if code.ends_with("AccessTokenPermissionDenied") || code.ends_with("IpNotInWhiteList") => {
            Class::Permission
        }
        _ if code.contains("QpsLimit") || code.contains("QpmLimit") => Class::Throttled,
        _ if code.contains("ApiCountLimit") => Class::Quota,
        "autoflowLikeTriggerRateLimited" => Class::Throttled,
        _ if DOUBTFUL.contains(&code) && status == 400 => Class::Transient,
        _ if status == 429 => Class::Throttled,
        _ if status >= 500 => Class::UnknownOutcome,
        _ => Class::Permanent,
    }
}

fn class_of_old(errcode: i64, sub_code: Option<i64>) -> Class {
    match sub_code.filter(|_| errcode == 88).unwrap_or(errcode) {
        40001 | 40014 | 41001 | 42001 | 40096 => Class::Token,
        60011 | 60020 => Class::Permission,
        90002 | 90018 => Class::Throttled,
        90020 => Class::Quota,
        -1 | 15 => Class::UnknownOutcome,
        _ => Class::Permanent,
    }
}

fn without_body(answer: &HttpAnswer) -> DingTalkError {
    // The gateway's page: ten thousand calls in twenty seconds.
    if answer.status.is_client_error() && answer.body.trim_ascii_start().starts_with(b"<") {
        return banned();
    }
    let class = match answer.status.as_u16() {
        408 => Class::UnknownOutcome,
        429 => Class::Throttled,
        300..=499 => Class::Permanent,
        _ => Class::UnknownOutcome,
    };
    let code = format!("http-{}", answer.status.as_u16());
    DingTalkError::new(class, &code, "DingTalk answered without a readable body")
}

fn banned() -> DingTalkError {
    DingTalkError::new(
        Class::Throttled,
        code::BANNED,
        "DingTalk refuses this server's address for five minutes",
    )
}

fn in_brackets(message: &str) -> Option<String> {
    let (_, rest) = message.split_once('[')?;
    let (inside, _) = rest.split_once(']')?;
    Some(inside.to_owned()).filter(|scope| !scope.contains('='))
}

/// A whole number, also where it is written as text.
pub(super) fn number_or_text(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn shorten(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MESSAGE_LIMIT).collect()
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::*;

    fn answer(status: u16, body: &str) -> HttpAnswer {
        HttpAnswer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: reqwest::header::HeaderMap::new(),
            body: body.into(),
        }
    }

    #[test]
    fn published_error_bodies_are_classified() {
        let bodies: Value =
            serde_json::from_str(include_str!("../../tests/fixtures/dingtalk/error_bodies.json")).unwrap();
        let class = |name: &str, status: u16| {
            let answer = answer(status, &bodies[name].to_string());
            let taken = if name.starts_with("oapi") { old_style(&answer) } else { new_style(&answer) };
            taken.unwrap_err().class
        };
        assert_eq!(class("v1_bad_secret_400", 400), Class::Token);
        assert_eq!(class("v1_bad_token_400", 400), Class::Token);
        assert_eq!(class("v1_permission_403_detail", 403), Class::Permission);
        assert_eq!(class("v1_permission_403", 403), Class::Permission);
        assert_eq!(class("oapi_bad_token_200", 200), Class::Token);
        assert_eq!(class("oapi_bad_secret_200", 200), Class::Token);
        assert_eq!(class("ip_ban", 200), Class::Throttled);
        assert_eq!(class("oapi_mixed_ids_200", 200), Class::Permanent);
    }

    #[test]
    fn the_missing_permission_point_is_found_in_both_places() {
        let bodies: Value =
            serde_json::from_str(include_str!("../../tests/fixtures/dingtalk/error_bodies.json")).unwrap();
        let scopes = |name: &str| new_style(&answer(403, &bodies[name].to_string())).unwrap_err().scopes;
        assert_eq!(scopes("v1_permission_403_detail"), ["Contact.User.Read"]);
        assert_eq!(scopes("v1_permission_403"), ["Document.AIAssistant.Read"]);
    }

    #[test]
    fn signals_of_the_specification_have_their_class() {
        let table = [
            (
                403,
                r#"{"code":"Forbidden.AccessDenied.QpsLimitForAppkeyAndApi","message":""}"#,
                Class::Throttled,
            ),
            (403, r#"{"code":"Forbidden.AccessDenied.ApiCountLimitForOrg","message":""}"#, Class::Quota),
            (403, r#"{"code":"Forbidden.AccessDenied.IpNotInWhiteList","message":""}"#, Class::Permission),
            (400, r#"{"code":"processCodeError","message":""}"#, Class::Permanent),
            (400, r#"{"code":"sysErrror","message":""}"#, Class::Transient),
            (500, r#"{"code":"systemError","message":""}"#, Class::UnknownOutcome),
            (
                400,
                r#"{"code":"InvalidAuthentication","message":null,"accessdenieddetail":null}"#,
                Class::Token,
            ),
            (403, "<html>denied</html>", Class::Throttled),
            (408, "", Class::UnknownOutcome),
            (502, "<html>bad gateway</html>", Class::UnknownOutcome),
            (200, "<html>", Class::UnknownOutcome),
        ];
        for (status, body, class) in table {
            assert_eq!(new_style(&answer(status, body)).unwrap_err().class, class, "{status} {body}");
        }
        assert_eq!(
            old_style(&answer(200, r#"{"errcode":"60121","errmsg":""}"#)).unwrap_err().class,
            Class::Permanent
        );
        assert_eq!(
            old_style(&answer(200, r#"{"errcode":90018,"errmsg":""}"#)).unwrap_err().class,
            Class::Throttled
        );
        assert!(old_style(&answer(200, r#"{"errcode":"0"}"#)).is_ok());
    }
}
