//! `check_url` as DingTalk's console sends it when a subscription is saved, sent by ourselves: what it would say.

use serde_json::{Value, json};

use super::{callback::CallbackVerifier, crypto::Envelope, event::OWN_CHECK};
use crate::{http::HttpAnswer, world::World};

/// Names a knock of ours, so that the bridge does not take it for DingTalk's. It opens nothing.
pub const KNOCK_HEADER: &str = "x-approval-bridge-check";

/// Shows in the answer to a knock of ours which store the bridge works on.
pub const STORE_HEADER: &str = "x-approval-bridge-store";

/// A sealed `check_url`.
#[derive(Debug)]
pub struct Knock {
    /// The query's parameters.
    pub query: [(&'static str, String); 4],
    /// The body.
    pub body: Value,
    owner_key: String,
}

/// Why DingTalk would not take a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadReply {
    /// No JSON object with exactly the four keys.
    #[error("it is not JSON with exactly msg_signature, timeStamp, nonce and encrypt")]
    Shape,
    /// Signature or cipher are wrong.
    #[error("its signature or encryption is wrong")]
    Unverified,
    /// It says something else.
    #[error("it does not decrypt to “success”")]
    NotSuccess,
    /// It is addressed to someone else.
    #[error("it is addressed to another key than the event")]
    Owner,
}

impl CallbackVerifier {
    /// The keys that events may be addressed to: the AppKey, then the CorpId where that is configured.
    pub fn owner_keys(&self) -> &[String] {
        &self.owner_keys
    }

    /// Seals a `check_url` that is addressed to `owner_key`.
    pub fn knock(&self, owner_key: &str, world: &World) -> Knock {
        let mut random = [0; 16];
        world.random.fill(&mut random);
        let timestamp = world.now().as_millisecond().to_string();
        let nonce = world.random.letters_and_digits(8);
        let message = json!({"EventType": "check_url", OWN_CHECK: true}).to_string();
        let sealed = self.keys.seal(message.as_bytes(), owner_key, timestamp, nonce, random);
        Knock {
            query: [
                ("signature", sealed.signature.clone()),
                ("msg_signature", sealed.signature),
                ("timestamp", sealed.timestamp),
                ("nonce", sealed.nonce),
            ],
            body: json!({"encrypt": sealed.encrypt}),
            owner_key: owner_key.to_owned(),
        }
    }

    /// Judges the reply to a knock as strictly as DingTalk does.
    pub fn judge(&self, knock: &Knock, reply: &HttpAnswer) -> Result<(), BadReply> {
        let Ok(Value::Object(fields)) = serde_json::from_slice(&reply.body) else {
            return Err(BadReply::Shape);
        };
        let text = |key: &str| fields.get(key).and_then(Value::as_str).map(str::to_owned);
        let (Some(signature), Some(timestamp), Some(nonce), Some(encrypt), 4) =
            (text("msg_signature"), text("timeStamp"), text("nonce"), text("encrypt"), fields.len())
        else {
            return Err(BadReply::Shape);
        };
        let envelope = Envelope { signature, timestamp, nonce, encrypt };
        let opened = self.keys.open(&envelope).map_err(|_| BadReply::Unverified)?;
        match opened {
            opened if opened.message != b"success" => Err(BadReply::NotSuccess),
            opened if opened.owner_key != knock.owner_key => Err(BadReply::Owner),
            _ => Ok(()),
        }
    }
}
