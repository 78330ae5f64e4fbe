//! How DingTalk says no: the v1.0 API by status and code, the older one always by HTTP 200 and an `errcode`.

use std::fmt;

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::world::Random;

/// Which of the two hosts an API lives on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// `api.dingtalk.com`: paths under `/v1.0`.
    V1,
    /// `oapi.dingtalk.com`: everything older.
    Oapi,
}

/// A call that DingTalk refuses, in the words it uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Status, code and message of the v1.0 API.
    V1 {
        /// The HTTP status.
        status: u16,
        /// The stable code.
        code: String,
        /// The text for people.
        message: String,
        /// The permission point that is missing, where that is the reason.
        scope: Option<&'static str>,
    },
    /// `errcode` and `errmsg` of the older API.
    Oapi {
        /// The code, never 0.
        errcode: i64,
        /// The gateway's own code beneath `errcode` 88.
        sub_code: Option<&'static str>,
        /// The text for people.
        message: String,
    },
}

/// What a call answers.
pub(crate) type Answer = Result<Value, Refusal>;

impl Refusal {
    /// A business error of the v1.0 API: status 400.
    pub(crate) fn v1(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::V1 { status: 400, code: code.into(), message: message.into(), scope: None }
    }

    /// The v1.0 gateway's answer to a mandatory field that is absent.
    pub(crate) fn missing(field: &str) -> Self {
        Self::v1(format!("Missing{field}"), format!("{field} is mandatory for this action."))
    }

    /// A v1.0 error of another status than 400.
    pub(crate) fn v1_status(status: u16, code: &str, message: &str) -> Self {
        Self::V1 { status, code: code.into(), message: message.into(), scope: None }
    }

    /// An error of the older API.
    pub(crate) fn oapi(errcode: i64, message: impl Into<String>) -> Self {
        Self::Oapi { errcode, sub_code: None, message: message.into() }
    }

    /// An error of the older API's gateway: `errcode` 88 and a code beneath it.
    pub(crate) fn gateway(sub_code: &'static str, message: impl Into<String>) -> Self {
        Self::Oapi { errcode: 88, sub_code: Some(sub_code), message: message.into() }
    }

    /// The v1.0 code, or the older `errcode` as text.
    pub fn code(&self) -> String {
        match self {
            Self::V1 { code, .. } => code.clone(),
            Self::Oapi { errcode, .. } => errcode.to_string(),
        }
    }

    /// The answer over HTTP.
    pub(crate) fn respond(&self, random: &dyn Random) -> Response {
        match self {
            Self::V1 { status, code, message, scope } => {
                let mut body = json!({"code": code, "requestid": uuid(random), "message": message});
                if let Some(scope) = scope {
                    body["accessdenieddetail"] = json!({"requiredScopes": [scope]});
                }
                respond(StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_REQUEST), &body)
            }
            Self::Oapi { errcode, sub_code: None, message } => {
                let body =
                    json!({"errcode": errcode, "errmsg": message, "request_id": short_request_id(random)});
                respond(StatusCode::OK, &body)
            }
            Self::Oapi { errcode, sub_code: Some(sub_code), message } => {
                let body = json!({
                    "errcode": errcode,
                    "sub_code": sub_code,
                    "sub_msg": message,
                    "errmsg": format!("ding talk error[subcode={sub_code},submsg={message}]"),
                    "request_id": short_request_id(random),
                });
                respond(StatusCode::OK, &body)
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V1 { code, message, .. } => write!(formatter, "{code}: {message}"),
            Self::Oapi { errcode, message, .. } => write!(formatter, "{errcode}: {message}"),
        }
    }
}

impl std::error::Error for Refusal {}

/// A JSON answer with DingTalk's content type.
pub(crate) fn respond(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json;charset=utf-8")], body.to_string()).into_response()
}

/// An upper-case UUID.
pub(crate) fn uuid(random: &dyn Random) -> String {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    let digits = format!("{:032X}", u128::from_be_bytes(bytes));
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &digits[part]);
    parts.join("-")
}

/// Request ids of the older API are a dozen lower-case letters and digits.
pub(crate) fn short_request_id(random: &dyn Random) -> String {
    random.letters_and_digits(13).to_lowercase()
}

/// Minutes of China's time with a `Z` that lies: read answers show local time so (a captured answer proves it).
pub(crate) fn local_minutes(moment: Timestamp) -> String {
    local(moment, "%Y-%m-%dT%H:%MZ")
}

/// A moment in China's time.
pub(crate) fn local(moment: Timestamp, format: &str) -> String {
    jiff::tz::Offset::constant(8).to_datetime(moment).strftime(format).to_string()
}
