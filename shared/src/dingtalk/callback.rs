//! DingTalk's callback: an envelope is verified, then it becomes an event; and the answer that DingTalk wants.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Event,
    crypto::{CallbackKeys, Envelope, Unverified},
    event::NoEvent,
    fingerprint::Fingerprint,
};
use crate::{json, world::World};

/// Something that is proved to come from DingTalk: only the verifier makes one, and the client that fetched it.
#[derive(Debug)]
pub struct Verified<T> {
    inner: T,
    owner_key: String,
    /// It came under the keys before they were changed.
    under_previous: bool,
}

impl<T> Verified<T> {
    /// What was proved.
    pub fn get(&self) -> &T {
        &self.inner
    }

    /// What came as the answer to an authenticated call of ours.
    pub(super) fn fetched(inner: T) -> Self {
        Self { inner, owner_key: String::new(), under_previous: false }
    }
}

/// Verifies callbacks and seals their answers.
#[derive(Clone)]
pub struct CallbackVerifier {
    pub(super) keys: CallbackKeys,
    previous: Option<CallbackKeys>,
    pub(super) owner_keys: Vec<String>,
    window: SignedDuration,
}

/// The query of a callback. Newer pushes carry `msg_signature` beside `signature`, older ones only the latter.
#[derive(Debug, Clone, Deserialize)]
pub struct CallbackQuery {
    msg_signature: Option<String>,
    signature: Option<String>,
    #[serde(rename = "timeStamp")]
    time_stamp: Option<String>,
    timestamp: Option<String>,
    nonce: Option<String>,
}

impl CallbackQuery {
    /// Whether it has what every callback of DingTalk's has.
    pub fn is_whole(&self) -> bool {
        self.parts().is_some()
    }

    /// Signature, timestamp and nonce, if it is whole.
    pub(super) fn parts(&self) -> Option<(&str, &str, &str)> {
        let signature = self.msg_signature.as_deref().or(self.signature.as_deref())?;
        let timestamp = self.time_stamp.as_deref().or(self.timestamp.as_deref())?;
        Some((signature, timestamp, self.nonce.as_deref()?))
    }
}

#[derive(Deserialize)]
struct CallbackBody {
    encrypt: String,
}

/// Why a callback was not believed. For the log; the caller is told nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Disbelief {
    /// It lacks a part of an envelope.
    #[error("no envelope: signature, timestamp, nonce and a body with `encrypt` are needed")]
    Shape,
    /// Signature or cipher are wrong.
    #[error(transparent)]
    Envelope(#[from] Unverified),
    /// It is addressed to someone else.
    #[error("addressed to another app: the owner key is neither DINGTALK_APP_KEY nor DINGTALK_CORP_ID")]
    Owner,
    /// It was signed too long ago, or is yet to be signed.
    #[error(
        "signed too far from now by our clock: a replay, or the clock of this machine is wrong (DINGTALK_EVENT_WINDOW_SECONDS)"
    )]
    Timestamp,
    /// It is genuine and says nothing.
    #[error(transparent)]
    NoEvent(#[from] NoEvent),
}

impl Disbelief {
    /// The reason in a word, where it tells which of the two ends is set up wrong. Junk tells nothing.
    pub fn note(&self) -> Option<&'static str> {
        match self {
            Self::Envelope(Unverified::Signature) => Some("signature"),
            Self::Envelope(Unverified::Plaintext) => Some("cipher"),
            Self::Owner => Some("owner"),
            Self::Timestamp => Some("timestamp"),
            Self::Envelope(Unverified::Ciphertext) | Self::Shape | Self::NoEvent(_) => None,
        }
    }
}

/// The answer DingTalk wants; the names are case-sensitive.
#[derive(Debug, Serialize)]
pub struct Acknowledgement {
    msg_signature: String,
    #[serde(rename = "timeStamp")]
    time_stamp: String,
    nonce: String,
    encrypt: String,
}

impl CallbackVerifier {
    /// Believes envelopes under `keys` that are addressed to one of `owner_keys` (AppKey, CorpId).
    pub fn new(keys: CallbackKeys, owner_keys: Vec<String>) -> Self {
        Self { keys, previous: None, owner_keys, window: SignedDuration::ZERO }
    }

    /// Believes those under the keys before they were changed as well, while both are about.
    #[must_use]
    pub fn or_previous(self, previous: Option<CallbackKeys>) -> Self {
        Self { previous, ..self }
    }

    /// Believes only what was signed within this time of now, before or after; zero: whenever.
    #[must_use]
    pub fn within(self, window: SignedDuration) -> Self {
        Self { window, ..self }
    }

    /// Verifies a callback and reads its event. The window on its timestamp is wide: whether DingTalk signs retries anew is not
    /// published, and an event that comes twice changes nothing.
    pub fn verify(
        &self,
        query: CallbackQuery,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Verified<Event>, Disbelief> {
        let body: CallbackBody = json::read(body).map_err(|_| Disbelief::Shape)?;
        let envelope = Envelope {
            signature: query.msg_signature.or(query.signature).ok_or(Disbelief::Shape)?,
            timestamp: query.time_stamp.or(query.timestamp).ok_or(Disbelief::Shape)?,
            nonce: query.nonce.ok_or(Disbelief::Shape)?,
            encrypt: body.encrypt,
        };
        let (opened, under_previous) = match (self.keys.open(&envelope), &self.previous) {
            // Today's token does not fit: perhaps it was changed here first.
            (Err(Unverified::Signature), Some(previous)) => (previous.open(&envelope), true),
            // The token has not changed, the key has.
            (Err(error), Some(previous)) => (previous.open(&envelope).map_err(|_| error), true),
            (opened, _) => (opened, false),
        };
        let opened = match opened {
            Err(Unverified::Signature) if !envelope.is_like_dingtalks() => return Err(Disbelief::Shape),
            opened => opened?,
        };
        if !self.owner_keys.contains(&opened.owner_key) {
            return Err(Disbelief::Owner);
        }
        if !self.window.is_zero() && !is_within(&envelope.timestamp, self.window, now) {
            return Err(Disbelief::Timestamp);
        }
        Ok(Verified { inner: Event::parse(&opened.message)?, owner_key: opened.owner_key, under_previous })
    }

    /// The fingerprints of all keys that are believed.
    pub fn fingerprints(&self) -> Vec<Fingerprint> {
        [&self.keys].into_iter().chain(&self.previous).map(CallbackKeys::fingerprint).collect()
    }

    /// A fingerprint of another setting: whoever has the same aes_key can compare it, and nobody learns the setting.
    pub(crate) fn fingerprint_of_setting(&self, name: &str, value: &str) -> String {
        self.keys.fingerprint_of_setting(name, value)
    }

    /// The fingerprint of the keys under which an event came.
    pub fn fingerprint_of<T>(&self, event: &Verified<T>) -> Fingerprint {
        self.keys_of(event).fingerprint()
    }

    fn keys_of<T>(&self, event: &Verified<T>) -> &CallbackKeys {
        self.previous.as_ref().filter(|_| event.under_previous).unwrap_or(&self.keys)
    }

    /// Says `success` to whoever sent `event`, under the owner key it came with.
    pub fn acknowledge<T>(&self, event: &Verified<T>, world: &World) -> Acknowledgement {
        let mut random = [0; 16];
        world.random.fill(&mut random);
        let timestamp = world.now().as_millisecond().to_string();
        let nonce = world.random.letters_and_digits(8);
        let sealed = self.keys_of(event).seal(b"success", &event.owner_key, timestamp, nonce, random);
        Acknowledgement {
            msg_signature: sealed.signature,
            time_stamp: sealed.timestamp,
            nonce: sealed.nonce,
            encrypt: sealed.encrypt,
        }
    }
}

/// Whether a signed timestamp is near enough. DingTalk writes milliseconds; seconds are told by their number.
fn is_within(timestamp: &str, window: SignedDuration, now: Timestamp) -> bool {
    const FIRST_MILLISECOND_VALUE: i64 = 100_000_000_000;
    let signed_at = timestamp.trim().parse().ok().and_then(|number: i64| match number {
        FIRST_MILLISECOND_VALUE.. => Timestamp::from_millisecond(number).ok(),
        seconds => Timestamp::from_second(seconds).ok(),
    });
    signed_at.is_some_and(|signed_at| now.duration_since(signed_at).abs() <= window)
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP_KEY: &str = "dingapp";

    fn keys(token: &str, letter: char) -> CallbackKeys {
        let key: String = std::iter::repeat_n(letter, 43).collect();
        CallbackKeys::new(token.into(), key.parse().unwrap())
    }

    /// What DingTalk sends under some keys.
    fn sent(keys: &CallbackKeys) -> (CallbackQuery, Vec<u8>) {
        sent_at(keys, "1795305600000")
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_795_305_600).unwrap()
    }

    fn sent_at(keys: &CallbackKeys, timestamp: &str) -> (CallbackQuery, Vec<u8>) {
        let (message, timestamp) = (br#"{"EventType":"check_url"}"#, timestamp.to_owned());
        let sealed = keys.seal(message, APP_KEY, timestamp, "nonce123".to_owned(), [7; 16]);
        let query = CallbackQuery {
            msg_signature: None,
            signature: Some(sealed.signature),
            time_stamp: None,
            timestamp: Some(sealed.timestamp),
            nonce: Some(sealed.nonce),
        };
        (query, serde_json::json!({"encrypt": sealed.encrypt}).to_string().into_bytes())
    }

    #[test]
    fn while_keys_are_changed_both_are_believed_and_each_is_answered_under_its_own() {
        let (today, token_before, key_before) = (keys("today", 'A'), keys("before", 'A'), keys("today", 'B'));
        for previous in [&token_before, &key_before] {
            let verifier = CallbackVerifier::new(today.clone(), vec![APP_KEY.to_owned()]);
            let verifier = verifier.or_previous(Some(previous.clone()));
            for theirs in [&today, previous] {
                let (query, body) = sent(theirs);
                let event = verifier.verify(query, &body, now()).unwrap();
                let answer = verifier.acknowledge(&event, &World::real());
                let envelope = Envelope {
                    signature: answer.msg_signature,
                    timestamp: answer.time_stamp,
                    nonce: answer.nonce,
                    encrypt: answer.encrypt,
                };
                assert_eq!(theirs.open(&envelope).unwrap().message, b"success");
            }
            let (query, body) = sent(&keys("another", 'A'));
            assert!(verifier.verify(query, &body, now()).is_err(), "neither today's nor the one before");
        }
        let (query, body) = sent(&token_before);
        let alone = CallbackVerifier::new(today, vec![APP_KEY.to_owned()]);
        assert!(alone.verify(query, &body, now()).is_err(), "the overlap is over");
    }

    #[test]
    fn an_event_that_was_signed_outside_the_window_is_not_believed_whichever_way() {
        let keys = keys("token", 'A');
        let verifier = CallbackVerifier::new(keys.clone(), vec![APP_KEY.to_owned()]);
        let (week, second) = (7 * 24 * 3600, 1_795_305_600_i64);
        let table = [
            (second.to_string(), true),
            ((second * 1000).to_string(), true),
            ((second - week).to_string(), true),
            (((second - week) * 1000 - 1).to_string(), false),
            (((second + week) * 1000).to_string(), true),
            (((second + week) * 1000 + 1).to_string(), false),
            (((second - 365 * 24 * 3600) * 1000).to_string(), false),
            (((second + 3650 * 24 * 3600) * 1000).to_string(), false),
            (String::new(), false),
            ("-1".to_owned(), false),
            ("soon".to_owned(), false),
            (i64::MAX.to_string(), false),
        ];
        for (timestamp, is_believed) in table {
            let verify = |verifier: &CallbackVerifier| {
                let (query, body) = sent_at(&keys, &timestamp);
                verifier.verify(query, &body, now()).map(|_| ())
            };
            let expected = if is_believed { Ok(()) } else { Err(Disbelief::Timestamp) };
            assert_eq!(
                verify(&verifier.clone().within(SignedDuration::from_secs(week))),
                expected,
                "{timestamp}"
            );
            assert_eq!(verify(&verifier), Ok(()), "{timestamp}: no window");
        }
    }
}
