//! How Dataphin is told an outcome. The vendor does not publish it, so it is plain data: some profiles are built in,
//! and every part can be set.

use std::{
    collections::BTreeMap,
    fmt::{self, Display},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    accepted::AcceptedAnswer,
    bare_aes::{BareAes, Iv},
    closed::ClosedRule,
};
use crate::{approval::Outcome, words::Words};

/// A profile of the callback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The HTTP method.
    pub method: Method,
    /// How the message travels.
    pub cipher: Cipher,
    /// Where `aes-cbc` has its initialisation vector from; the other ciphers do not look at it.
    pub iv: Iv,
    /// Where the access token goes.
    pub token: TokenPlace,
    /// What stands before the access token: `Bearer ` for some headers.
    pub token_prefix: String,
    /// Names of the query parameters, of the token, and of the encrypted body's member. What has an empty name is left out.
    pub names: Names,
    /// What the message is addressed to, inside the encryption of `dingtalk`.
    pub owner_key: String,
    /// The message's `type`.
    pub event_type: String,
    /// Names of the message's members. What has an empty name is left out.
    pub message: MessageNames,
    /// Further members of the message, the same for every request.
    pub constants: BTreeMap<String, Value>,
    /// The word, or the number, for each outcome.
    pub results: ResultWords,
    /// What a `code` in the answer may be for success.
    pub success_codes: Vec<String>,
    /// Names and values of the answer.
    pub answer: AnswerNames,
    /// Answers that are no yes by themselves, and are taken for one: exactly these.
    pub accepts: Vec<AcceptedAnswer>,
    /// How an answer says that the request is closed already.
    pub closed: ClosedRule,
}

/// The HTTP method of the callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs)]
pub enum Method {
    Post,
    Put,
    Patch,
    Get,
}

/// How the message travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cipher {
    /// Encrypted and signed as DingTalk's callback is.
    #[serde(rename = "dingtalk", alias = "ding-talk")]
    DingTalk,
    /// Bare AES-256-CBC.
    AesCbc,
    /// Bare AES-256-ECB.
    AesEcb,
    /// As JSON.
    None,
}

impl Cipher {
    /// Whether it needs the encoding AES key.
    pub fn needs_key(self) -> bool {
        self != Self::None
    }
}

/// Where the access token goes, under its name in [`Names`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenPlace {
    /// In the query, unless the callback is signed.
    Default,
    /// In the query.
    Query,
    /// In a header.
    Header,
    /// In the body, as a member beside the others.
    Body,
    /// Nowhere.
    Nowhere,
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

/// Names of the message's members, and of those of `approve_user`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // Each is the name of what it says.
pub struct MessageNames {
    pub apply_id: String,
    pub process_instance_id: String,
    pub tenant_id: String,
    #[serde(rename = "type")]
    pub event_type: String,
    pub result: String,
    pub approve_user: String,
    pub user_id: String,
    pub user_source_id: String,
    pub user_name: String,
    pub comment: String,
    pub finish_time: String,
}

/// Words, or numbers, for outcomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // Each is the word for what it says.
pub struct ResultWords {
    pub approved: Word,
    pub rejected: Word,
    pub withdrawn: Word,
    pub expired: Word,
    pub failed: Word,
}

/// Names and values of the answer, besides those that every dialect has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerNames {
    /// Members that hold a code; `success_codes` are its values for success.
    pub code: Vec<String>,
    /// Members that hold words for people.
    pub message: Vec<String>,
    /// Members at the top of the answer, and which of their values are an explicit yes.
    pub yes: BTreeMap<String, Vec<Word>>,
}

/// A text, a number or a truth value on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[allow(missing_docs)]
pub enum Word {
    Text(String),
    Number(i64),
    Flag(bool),
}

impl Word {
    /// Whether it is written so, in letters of either case.
    pub fn is_text(&self, text: &str) -> bool {
        match self {
            Self::Text(word) => word.eq_ignore_ascii_case(text),
            Self::Number(number) => number.to_string() == text,
            Self::Flag(flag) => flag.to_string() == text,
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(word) => f.write_str(word),
            Self::Number(number) => write!(f, "{number}"),
            Self::Flag(flag) => write!(f, "{flag}"),
        }
    }
}

impl From<&str> for Word {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// The text is no profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.en)]
pub struct BadProfile(pub Words);

/// The base of a profile that names none.
const DEFAULT: &str = "encrypted";

impl BadProfile {
    fn because(en: &str, zh: &str, error: &dyn Display) -> Self {
        Self(Words::new(format!("{en}: {error}"), format!("{zh}（{error}）")))
    }

    fn not_understood(error: &dyn Display) -> Self {
        Self::because("the profile is not understood", "无法识别其内容", error)
    }
}

impl Profile {
    /// Reads a setting: the name of a built-in profile, or a JSON object with what differs from one
    /// (`{"base":"encrypted","results":{"approved":"AGREE"}}`).
    pub fn parse(text: &str) -> Result<Self, BadProfile> {
        let text = text.trim();
        if !text.starts_with('{') {
            return base(if text.is_empty() { DEFAULT } else { text });
        }
        let mut changes: Value = serde_json::from_str(text)
            .map_err(|error| BadProfile::because("the profile is no JSON", "不是有效的 JSON", &error))?;
        let named = changes.as_object_mut().and_then(|members| members.remove("base"));
        let base = base(named.as_ref().map_or(DEFAULT, |name| name.as_str().unwrap_or_default()))?;
        let sets_iv = changes.get("iv").is_some();
        let mut profile = serde_json::to_value(base).unwrap_or_default();
        overlay(&mut profile, changes);
        let profile: Self =
            serde_json::from_value(profile).map_err(|error| BadProfile::not_understood(&error))?;
        let wrong = if sets_iv && profile.cipher != Cipher::AesCbc {
            Some("iv belongs to the cipher aes-cbc".to_owned())
        } else {
            profile.contradiction()
        };
        wrong.map_or(Ok(profile), |wrong| Err(BadProfile::not_understood(&wrong)))
    }

    /// Whether the callback is signed.
    pub fn signs(&self) -> bool {
        self.cipher == Cipher::DingTalk
    }

    /// Where the access token goes; never the default.
    pub fn token_place(&self) -> TokenPlace {
        match self.token {
            TokenPlace::Default if self.signs() => TokenPlace::Nowhere,
            TokenPlace::Default => TokenPlace::Query,
            place => place,
        }
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
    pub fn result(&self, outcome: Outcome) -> &Word {
        match outcome {
            Outcome::Approved => &self.results.approved,
            Outcome::Rejected => &self.results.rejected,
            Outcome::Withdrawn => &self.results.withdrawn,
            Outcome::Expired => &self.results.expired,
            Outcome::Failed => &self.results.failed,
        }
    }
}

impl MessageNames {
    /// The names at the top of the message; some may be empty.
    pub(super) fn of_members(&self) -> Vec<&str> {
        let Self { apply_id, process_instance_id, tenant_id, event_type, result, approve_user, .. } = self;
        let (comment, finish_time) = (&self.comment, &self.finish_time);
        [apply_id, process_instance_id, tenant_id, event_type, result, approve_user, comment, finish_time]
            .map(String::as_str)
            .to_vec()
    }
}

fn base(name: &str) -> Result<Profile, BadProfile> {
    let unknown = || {
        let (en, zh) = (Profile::BUILT_IN.join(", "), Profile::BUILT_IN.join("、"));
        BadProfile(Words::new(
            format!("no such profile: use {en}, or a JSON object"),
            format!("没有该协议（profile），可用：{zh}，或一个 JSON 对象"),
        ))
    };
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
        assert_eq!(*own.result(Outcome::Approved), "AGREE".into());
        assert_eq!(*own.result(Outcome::Rejected), "refuse".into());
        assert_eq!(own.success_codes, ["1"]);
    }

    #[test]
    fn a_profile_of_an_older_bridge_means_what_it_meant() {
        let old = r#"{"base":"encrypted","cipher":"none","names":{"signature":"s","timestamp":"t",
            "nonce":"n","encrypt":"e","access_token":"a"},"owner_key":"","event_type":"finish","results":{"approved":"1"},
            "success_codes":["0"],"closed":{"subjects":["order"],"phrases":["gone"]}}"#;
        let old = Profile::parse(old).unwrap();
        assert_eq!((old.method, old.token_place()), (Method::Post, TokenPlace::Query));
        assert!(old.closed.says_closed(["order 5 gone"]) && !old.closed.others.is_empty());
        assert_eq!(Profile::parse("encrypted").unwrap().token_place(), TokenPlace::Nowhere);
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
    fn a_misspelt_part_is_refused_and_named() {
        for (wrong, why) in [
            ("gzip", "no such profile: use encrypted, plain"),
            ("{", "no JSON"),
            (r#"{"resluts":{}}"#, "unknown field `resluts`, expected one of `method`"),
            (r#"{"base":"aes"}"#, "no such profile"),
            (r#"{"results":{"agreed":"x"}}"#, "unknown field `agreed`, expected one of `approved`"),
            (r#"{"base":"aes-cbc","iv":"random"}"#, "unknown variant `random`"),
            (r#"{"base":"aes-ecb","iv":"zero"}"#, "iv belongs to the cipher aes-cbc"),
            (r#"{"base":7}"#, "no such profile"),
            (r#"{"message":{"applyID":"a"}}"#, "unknown field `applyID`, expected one of `apply_id`"),
            (r#"{"answer":{"no":[]}}"#, "unknown field `no`"),
            (r#"{"method":"TRACE"}"#, "unknown variant `TRACE`"),
            (r#"{"token":"cookie"}"#, "unknown variant `cookie`"),
            (r#"{"token":"header","names":{"access_token":""}}"#, "names.access_token is empty"),
            (r#"{"message":{"apply_id":""}}"#, "message.apply_id must have a name"),
            (r#"{"message":{"comment":"result"}}"#, "two members result"),
            (r#"{"constants":{"applyId":1}}"#, "two members applyId"),
            (
                r#"{"results":{"approved":1,"rejected":1}}"#,
                "results.approved and results.rejected are the same",
            ),
            (
                r#"{"results":{"approved":"1","failed":1}}"#,
                "results.approved and results.failed are the same",
            ),
            (r#"{"results":{"approved":""}}"#, "results.approved is empty"),
            (r#"{"answer":{"yes":{"success":[false]}}}"#, "answer.yes.success holds false, which says no"),
            (r#"{"answer":{"yes":{"status":["FAILED"]}}}"#, "answer.yes.status holds FAILED, which says no"),
            (r#"{"answer":{"yes":{"status":[]}}}"#, "answer.yes.status is empty"),
            (r#"{"success_codes":["500"]}"#, "success_codes holds 500, which says no"),
            (r#"{"success_codes":[]}"#, "success_codes is empty"),
            (r#"{"accepts":[{"status":200,"body":"(id)"}]}"#, "it says nothing but an id"),
        ] {
            let BadProfile(error) = Profile::parse(wrong).unwrap_err();
            assert!(error.en.contains(why), "{wrong}: {error}");
            assert!(!error.zh.is_ascii(), "{wrong}: {error}");
        }
    }
}
