//! How Dataphin is told an outcome. The vendor does not publish it, so it is plain data: some profiles are built in,
//! and every part can be set.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    bare_aes::{BareAes, Iv},
    closed::ClosedRule,
};
use crate::approval::Outcome;

/// A profile of the callback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// How the message travels.
    pub cipher: Cipher,
    /// Where `aes-cbc` has its initialisation vector from; the other ciphers do not look at it.
    pub iv: Iv,
    /// Names of the query parameters and of the body's member.
    pub names: Names,
    /// What the message is addressed to, inside the encryption of `dingtalk`.
    pub owner_key: String,
    /// The message's `type`.
    pub event_type: String,
    /// The word for each outcome.
    pub results: ResultWords,
    /// What a `code` in the answer may be for success.
    pub success_codes: Vec<String>,
    /// How an answer says that the request is closed already.
    pub closed: ClosedRule,
}

/// How the message travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cipher {
    /// Encrypted and signed as DingTalk's callback is.
    #[serde(rename = "dingtalk", alias = "ding-talk")]
    DingTalk,
    /// Bare AES-256-CBC, with the access token in the query.
    AesCbc,
    /// Bare AES-256-ECB, with the access token in the query.
    AesEcb,
    /// As JSON, with the access token in the query.
    None,
}

impl Cipher {
    /// Whether it needs the encoding AES key.
    pub fn needs_key(self) -> bool {
        self != Self::None
    }
}

/// Names on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // Each is the name of what it says.
pub struct Names {
    pub signature: String,
    pub timestamp: String,
    pub nonce: String,
    pub encrypt: String,
    pub access_token: String,
}

/// Words for outcomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // Each is the word for what it says.
pub struct ResultWords {
    pub approved: String,
    pub rejected: String,
    pub withdrawn: String,
    pub expired: String,
    pub failed: String,
}

/// The text is no profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadProfile(String);

/// The base of a profile that names none.
const DEFAULT: &str = "encrypted";

impl Profile {
    /// Reads a setting: the name of a built-in profile, or a JSON object with what differs from one
    /// (`{"base":"encrypted","results":{"approved":"AGREE"}}`).
    pub fn parse(text: &str) -> Result<Self, BadProfile> {
        let text = text.trim();
        if !text.starts_with('{') {
            return base(if text.is_empty() { DEFAULT } else { text });
        }
        let mut changes: Value = serde_json::from_str(text)
            .map_err(|error| BadProfile(format!("the profile is no JSON: {error}")))?;
        let named = changes.as_object_mut().and_then(|members| members.remove("base"));
        let base = base(named.as_ref().map_or(DEFAULT, |name| name.as_str().unwrap_or_default()))?;
        let sets_iv = changes.get("iv").is_some();
        let mut profile = serde_json::to_value(base).unwrap_or_default();
        overlay(&mut profile, changes);
        let profile: Self = serde_json::from_value(profile)
            .map_err(|error| BadProfile(format!("the profile is not understood: {error}")))?;
        if sets_iv && profile.cipher != Cipher::AesCbc {
            return Err(BadProfile(
                "the profile is not understood: iv belongs to the cipher aes-cbc".to_owned(),
            ));
        }
        Ok(profile)
    }

    /// Whether the callback is signed; otherwise it bears the access token itself.
    pub fn signs(&self) -> bool {
        self.cipher == Cipher::DingTalk
    }

    /// The bare cipher, where the profile has one.
    pub fn bare_aes(&self) -> Option<BareAes> {
        match self.cipher {
            Cipher::AesCbc => Some(BareAes::Cbc(self.iv)),
            Cipher::AesEcb => Some(BareAes::Ecb),
            Cipher::DingTalk | Cipher::None => None,
        }
    }

    /// The word for an outcome.
    pub fn result(&self, outcome: Outcome) -> &str {
        match outcome {
            Outcome::Approved => &self.results.approved,
            Outcome::Rejected => &self.results.rejected,
            Outcome::Withdrawn => &self.results.withdrawn,
            Outcome::Expired => &self.results.expired,
            Outcome::Failed => &self.results.failed,
        }
    }
}

fn base(name: &str) -> Result<Profile, BadProfile> {
    let unknown =
        || BadProfile(format!("no such profile: use {}, or a JSON object", Profile::BUILT_IN.join(", ")));
    Profile::named(name).ok_or_else(unknown)
}

fn overlay(onto: &mut Value, changes: Value) {
    match (onto, changes) {
        (Value::Object(onto), Value::Object(changes)) => {
            for (name, change) in changes {
                overlay(onto.entry(name).or_insert(Value::Null), change);
            }
        }
        (onto, change) => *onto = change,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_named_or_says_what_differs() {
        assert_eq!(Profile::parse("").unwrap(), Profile::encrypted());
        assert_eq!(Profile::parse("plain").unwrap().cipher, Cipher::None);
        let own = Profile::parse(r#"{"base":"plain","results":{"approved":"AGREE"},"success_codes":["1"]}"#)
            .unwrap();
        assert_eq!(own.result(Outcome::Approved), "AGREE");
        assert_eq!(own.result(Outcome::Rejected), "refuse");
        assert_eq!(own.success_codes, ["1"]);
    }

    #[test]
    fn a_cipher_and_its_vector_are_data_like_the_rest() {
        for (text, cipher) in [
            ("aes-cbc", Some(BareAes::Cbc(Iv::KeyStart))),
            (r#"{"base":"aes-cbc","iv":"prefixed"}"#, Some(BareAes::Cbc(Iv::Prefixed))),
            (r#"{"cipher":"aes-cbc","iv":"zero","names":{"encrypt":"data"}}"#, Some(BareAes::Cbc(Iv::Zero))),
            (r#"{"base":"aes-ecb","iv":"key-start","cipher":"aes-cbc"}"#, Some(BareAes::Cbc(Iv::KeyStart))),
            ("aes-ecb", Some(BareAes::Ecb)),
            (r#"{"base":"aes-ecb","cipher":"dingtalk"}"#, None),
            (r#"{"base":"aes-ecb","cipher":"none"}"#, None),
        ] {
            assert_eq!(Profile::parse(text).unwrap().bare_aes(), cipher, "{text}");
        }
    }

    #[test]
    fn a_misspelt_part_is_refused() {
        for wrong in [
            "gzip",
            "{",
            r#"{"resluts":{}}"#,
            r#"{"base":"aes"}"#,
            r#"{"results":{"agreed":"x"}}"#,
            r#"{"base":"aes-cbc","iv":"random"}"#,
            r#"{"base":"aes-ecb","iv":"zero"}"#,
            r#"{"base":7}"#,
        ] {
            assert!(Profile::parse(wrong).is_err(), "{wrong}");
        }
    }
}
