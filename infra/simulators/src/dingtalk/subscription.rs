//! The console's event subscription: where events go, which ones, and the check when it is saved.
//!
//! Spec sections 4.1 to 4.4.

use std::fmt;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    dingtalk::crypto::{CallbackKeys, Envelope},
    world::World,
};

use super::{events::Event, events::EventShape, ids::ProcessCode};

/// A reply is four short texts.
const LARGEST_REPLY: usize = 64 << 10;

/// Which key an event is addressed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerKey {
    /// The application's AppKey: subscriptions made in the console.
    #[default]
    AppKey,
    /// The organisation's CorpId: subscriptions made by the older interface.
    CorpId,
}

/// One line of the console's filter; what is absent matches everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// `bpms_instance_change` or `bpms_task_change`.
    pub event_type: Option<String>,
    /// `start`, `finish`, `terminate` and the like.
    pub kind: Option<String>,
    /// The template.
    pub process_code: Option<ProcessCode>,
}

/// Which events are pushed: those that a rule matches, or all when there is no rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Filter(pub Vec<Rule>);

impl Filter {
    /// An instance's end only, which saves pushes.
    pub fn recommended() -> Self {
        let rule = |kind: &str| Rule {
            event_type: Some(super::events::INSTANCE_CHANGE.into()),
            kind: Some(kind.into()),
            process_code: None,
        };
        Self(vec![rule("finish"), rule("terminate")])
    }

    pub(crate) fn lets_through(&self, event: &Event) -> bool {
        self.0.is_empty()
            || self.0.iter().any(|rule| {
                rule.event_type.as_deref().is_none_or(|it| it == event.event_type)
                    && rule.kind.as_deref().is_none_or(|it| it == event.kind)
                    && rule.process_code.as_ref().is_none_or(|it| *it == event.process_code)
            })
    }
}

/// How events are pushed, wherever they go.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PushOptions {
    /// Which key they are addressed to.
    pub owner_key: OwnerKey,
    /// Which shape their bodies have.
    pub shape: EventShape,
    /// Which of them are pushed.
    pub filter: Filter,
}

/// Where events go.
pub(crate) struct Subscription {
    pub url: String,
    pub token: SecretString,
    pub aes_key: SecretString,
    pub keys: CallbackKeys,
    /// Whether the address answered the check rightly; not so where the check was left out.
    pub checked: bool,
}

/// Why a push was not accepted, or a subscription not saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    /// Token, key or address are not of the form that the console takes.
    BadForm(&'static str),
    /// Nobody answered at the address.
    Unreachable,
    /// The answer took too long.
    TooLate,
    /// The answer's status is not 200.
    Status(u16),
    /// The answer is not JSON with exactly the four keys, spelt as they must be.
    WrongKeys,
    /// The answer's signature does not fit it, or it cannot be decrypted.
    Unverified,
    /// The answer decrypts to something else than `success`.
    NotSuccess,
    /// The answer is addressed to another key than the event was.
    WrongOwnerKey,
}

impl Rejection {
    /// What the console shows, in DingTalk's own words.
    pub fn words(&self) -> &'static str {
        match self {
            Self::BadForm(_) => "参数格式不正确",
            Self::Unreachable => "HTTP请求失败，请求地址访问异常",
            Self::TooLate => "HTTP请求超时",
            Self::Status(300..=399) => "URL地址在安全黑名单中",
            Self::Status(_) => "HTTP请求失败，返回状态码非200",
            Self::WrongKeys | Self::Unverified | Self::NotSuccess | Self::WrongOwnerKey => {
                "HTTP请求结果校验返回字段值失败"
            }
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} · ", self.words())?;
        match self {
            Self::BadForm(what) => write!(formatter, "a parameter is malformed: {what}"),
            Self::Unreachable => formatter.write_str("nobody answered at the address"),
            Self::TooLate => formatter.write_str("the answer took too long"),
            Self::Status(status) => write!(formatter, "the answer's status is {status}, not 200"),
            Self::WrongKeys => formatter.write_str("the answer is not JSON with exactly the four keys"),
            Self::Unverified => formatter.write_str("the answer's signature or encryption is wrong"),
            Self::NotSuccess => formatter.write_str("the answer does not decrypt to “success”"),
            Self::WrongOwnerKey => formatter.write_str("the answer is addressed to another key"),
        }
    }
}

impl std::error::Error for Rejection {}

/// Sends one message and judges the reply.
pub(crate) async fn knock(
    client: &reqwest::Client,
    world: &World,
    subscription: &Subscription,
    owner_key: &str,
    message: &[u8],
) -> Result<(), Rejection> {
    let mut random = [0; 16];
    world.random.fill(&mut random);
    let timestamp = world.now().as_millisecond().to_string();
    let nonce = world.random.letters_and_digits(8);
    let envelope = subscription.keys.seal(message, owner_key, timestamp, nonce, random);
    let query = [
        ("signature", &envelope.signature),
        ("msg_signature", &envelope.signature),
        ("timestamp", &envelope.timestamp),
        ("nonce", &envelope.nonce),
    ];
    let body = serde_json::json!({"encrypt": envelope.encrypt});
    let request = client.post(&subscription.url).query(&query).json(&body);
    let mut response = request.send().await.map_err(|_| Rejection::Unreachable)?;
    if response.status() != reqwest::StatusCode::OK {
        return Err(Rejection::Status(response.status().as_u16()));
    }
    let mut reply = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Rejection::Unreachable)? {
        reply.extend_from_slice(&chunk);
        if reply.len() > LARGEST_REPLY {
            return Err(Rejection::WrongKeys);
        }
    }
    judge(&subscription.keys, owner_key, &reply)
}

/// The reply's keys, signature, content and owner key must all be right.
fn judge(keys: &CallbackKeys, owner_key: &str, reply: &[u8]) -> Result<(), Rejection> {
    let Ok(Value::Object(fields)) = serde_json::from_slice(reply) else { return Err(Rejection::WrongKeys) };
    let text = |key: &str| fields.get(key).and_then(Value::as_str).map(str::to_owned);
    let (Some(signature), Some(timestamp), Some(nonce), Some(encrypt), 4) =
        (text("msg_signature"), text("timeStamp"), text("nonce"), text("encrypt"), fields.len())
    else {
        return Err(Rejection::WrongKeys);
    };
    let envelope = Envelope { signature, timestamp, nonce, encrypt };
    let opened = keys.open(&envelope).map_err(|_| Rejection::Unverified)?;
    if opened.message != b"success" {
        return Err(Rejection::NotSuccess);
    }
    if opened.owner_key != owner_key {
        return Err(Rejection::WrongOwnerKey);
    }
    Ok(())
}
