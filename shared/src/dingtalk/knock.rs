//! `check_url` as DingTalk's console sends it when a subscription is saved, sent by ourselves: what it would say.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    callback::{CallbackQuery, CallbackVerifier, Disbelief},
    crypto::{Envelope, Unverified},
    event::OWN_CHECK,
};
use crate::{
    hex::hex,
    http::{HttpAnswer, probe::Unmet},
    json,
    world::World,
};

/// A sealed `check_url`.
#[derive(Debug)]
pub struct Knock {
    /// The query's parameters.
    pub query: [(&'static str, String); 4],
    /// The body.
    pub body: Vec<u8>,
    /// What the bridge compares with what arrives.
    pub digest: String,
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
    /// It is addressed to someone else: an answer to another event.
    #[error("it is an earlier answer, which a cache (CDN) in between gives again")]
    Owner,
}

impl BadReply {
    /// The same in Chinese.
    pub fn in_chinese(self) -> &'static str {
        match self {
            Self::Shape => "不是仅含 msg_signature、timeStamp、nonce、encrypt 的 JSON",
            Self::Unverified => "签名或加密不正确",
            Self::NotSuccess => "解密后不是 “success”",
            Self::Owner => "是先前的响应，由中间的缓存（CDN）重复返回",
        }
    }
}

impl CallbackVerifier {
    /// The keys that events may be addressed to: the AppKey, then the CorpId where that is configured.
    pub fn owner_keys(&self) -> &[String] {
        &self.owner_keys
    }

    /// Seals a `check_url` that is addressed to `owner_key`.
    pub fn knock(&self, owner_key: &str, world: &World) -> Knock {
        self.padded_knock(owner_key, 0, world)
    }

    /// The same with a body of about so many bytes, and none more.
    pub fn padded_knock(&self, owner_key: &str, bytes: usize, world: &World) -> Knock {
        let mut random = [0; 16];
        world.random.fill(&mut random);
        let timestamp = world.now().as_millisecond().to_string();
        let nonce = world.random.letters_and_digits(8);
        let mut message = json!({"EventType": "check_url", OWN_CHECK: true});
        // Four characters for three bytes; what is not padding needs less than this.
        let padding = (bytes / 4 * 3).saturating_sub(AROUND_PADDING + owner_key.len());
        if padding > 0 {
            message["padding"] = json!("x".repeat(padding));
        }
        let sealed = self.keys.seal(message.to_string().as_bytes(), owner_key, timestamp, nonce, random);
        let digest = digest(&sealed.signature, &sealed.timestamp, &sealed.nonce, &sealed.encrypt);
        Knock {
            query: [
                ("signature", sealed.signature.clone()),
                ("msg_signature", sealed.signature),
                ("timestamp", sealed.timestamp),
                ("nonce", sealed.nonce),
            ],
            body: json!({"encrypt": sealed.encrypt}).to_string().into_bytes(),
            digest,
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

/// What is sealed besides the padding and the owner key: the message's members, random bytes, length, whole blocks, JSON.
const AROUND_PADDING: usize = 160;

/// What was not met by a refused knock whose header has this `digest`. `body` was read if the query is whole.
pub fn unmet(disbelief: Disbelief, query: &CallbackQuery, body: &[u8], sent: &str) -> Option<Unmet> {
    if !query.is_whole() {
        return Some(Unmet::Query);
    }
    match disbelief {
        Disbelief::Shape | Disbelief::Envelope(Unverified::Signature) => Some(match arrived(query, body) {
            _ if body.is_empty() => Unmet::NoBody,
            None => Unmet::Body,
            Some(arrived) if arrived != sent && sent.len() == arrived.len() => Unmet::Altered,
            Some(_) => Unmet::Signature,
        }),
        Disbelief::Envelope(Unverified::Plaintext) => Some(Unmet::Cipher),
        Disbelief::Owner => Some(Unmet::Owner),
        Disbelief::Timestamp => Some(Unmet::Timestamp),
        Disbelief::Envelope(Unverified::Ciphertext) | Disbelief::NoEvent(_) => None,
    }
}

/// The digest of what arrived, if that has all parts.
fn arrived(query: &CallbackQuery, body: &[u8]) -> Option<String> {
    let Value::Object(body) = json::read(body).ok()? else { return None };
    let encrypt = body.get("encrypt")?.as_str()?;
    let (signature, timestamp, nonce) = query.parts()?;
    Some(digest(signature, timestamp, nonce, encrypt))
}

fn digest(signature: &str, timestamp: &str, nonce: &str, encrypt: &str) -> String {
    let mut digest = Sha256::new();
    for part in [signature, timestamp, nonce, encrypt] {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    hex(&digest.finalize())
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::dingtalk::crypto::CallbackKeys;

    const APP_KEY: &str = "dingapp";

    fn verifier(token: &str, letter: char) -> CallbackVerifier {
        let key: String = std::iter::repeat_n(letter, 43).collect();
        let keys = CallbackKeys::new(token.into(), key.parse().unwrap());
        CallbackVerifier::new(keys, vec![APP_KEY.to_owned()]).within(SignedDuration::from_hours(1))
    }

    /// What a bridge makes of a knock, after somebody on the way has changed query and body.
    fn refused(
        bridge: &CallbackVerifier,
        knock: &Knock,
        change: impl Fn(&mut Value, &mut Vec<u8>),
    ) -> Option<Unmet> {
        let mut query: Value =
            knock.query.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let mut body = knock.body.clone();
        change(&mut query, &mut body);
        let query: CallbackQuery = serde_json::from_value(query).unwrap();
        let disbelief = bridge.verify(query.clone(), &body, World::real().now()).err()?;
        unmet(disbelief, &query, &body, &knock.digest)
    }

    #[test]
    fn a_refused_knock_learns_what_did_not_arrive_and_what_does_not_fit() {
        let (ours, world) = (verifier("token", 'A'), World::real());
        let knock = ours.knock(APP_KEY, &world);
        let as_sent = |_: &mut Value, _: &mut Vec<u8>| {};
        assert_eq!(refused(&ours, &knock, as_sent), None, "it is believed");
        assert_eq!(refused(&verifier("other", 'A'), &knock, as_sent), Some(Unmet::Signature));
        assert_eq!(refused(&verifier("token", 'B'), &knock, as_sent), Some(Unmet::Cipher));
        assert_eq!(refused(&ours, &ours.knock("another", &world), as_sent), Some(Unmet::Owner));
        for bridge in [&ours, &verifier("other", 'A')] {
            let unmet = |change: &dyn Fn(&mut Value, &mut Vec<u8>)| refused(bridge, &knock, change);
            assert_eq!(unmet(&|query, _| *query = json!({})), Some(Unmet::Query));
            assert_eq!(unmet(&|query, _| query["nonce"] = Value::Null), Some(Unmet::Query));
            assert_eq!(unmet(&|_, body| body.clear()), Some(Unmet::NoBody));
            assert_eq!(unmet(&|_, body| body.truncate(40)), Some(Unmet::Body));
            assert_eq!(unmet(&|_, body| *body = b"{}".to_vec()), Some(Unmet::Body));
            assert_eq!(unmet(&|query, _| query["nonce"] = json!("else")), Some(Unmet::Altered));
        }
    }

    #[test]
    fn a_padded_knock_is_as_long_as_it_is_to_be_and_believed() {
        let (ours, world) = (verifier("token", 'A'), World::real());
        for bytes in [1_000, 4_000, 250_000] {
            let knock = ours.padded_knock(APP_KEY, bytes, &world);
            assert!((bytes - bytes / 5..=bytes).contains(&knock.body.len()), "{bytes} {}", knock.body.len());
            assert_eq!(refused(&ours, &knock, |_, _| {}), None);
        }
    }
}
