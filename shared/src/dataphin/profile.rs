//! How Dataphin is told an outcome. The vendor does not publish it, so it is plain data: two profiles are built in,
//! and every part can be set.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::approval::Outcome;

/// A profile of the callback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// How the message travels.
    pub cipher: Cipher,
    /// Names of the query parameters and of the body's member.
    pub names: Names,
    /// What the message is addressed to, inside the encryption.
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
    DingTalk,
    /// As JSON, with the access token in the query.
    None,
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

/// An answer that says one of `phrases` of one of `subjects` ("request … does not exist") ends the delivery for good.
/// The two must stand side by side, small words apart: a bare "not found" may as well be a wrong address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClosedRule {
    /// What is closed.
    pub subjects: Vec<String>,
    /// How that is said.
    pub phrases: Vec<String>,
}

/// Words that may stand between a subject and what is said of it.
const SMALL_WORDS: [&str; 12] =
    ["is", "was", "has", "have", "been", "be", "does", "do", "did", "already", "the", "id"];

impl ClosedRule {
    /// Whether `text` says that the request is closed.
    pub fn says_closed(&self, text: &str) -> bool {
        let text = squeezed(text);
        self.subjects.iter().any(|subject| {
            let subject = squeezed(subject);
            self.phrases.iter().any(|phrase| {
                let phrase = squeezed(phrase);
                text.contains(&format!("{subject}{phrase}")) || text.contains(&format!("nosuch{subject}"))
            })
        })
    }
}

/// Letters and digits in lower case, without small words: `The request has been closed.` is `requestclosed`.
fn squeezed(text: &str) -> String {
    let lower = text.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !SMALL_WORDS.contains(word)).collect()
}

/// The text is no profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadProfile(String);

impl Profile {
    /// The default: `encrypted`.
    pub fn encrypted() -> Self {
        let text = |text: &str| text.to_owned();
        let list = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        Self {
            cipher: Cipher::DingTalk,
            names: Names {
                signature: text("signature"),
                timestamp: text("timestamp"),
                nonce: text("nonce"),
                encrypt: text("encrypt"),
                access_token: text("accessToken"),
            },
            owner_key: String::new(),
            event_type: text("finish"),
            results: ResultWords {
                approved: text("agree"),
                rejected: text("refuse"),
                withdrawn: text("revoke"),
                expired: text("refuse"),
                failed: text("refuse"),
            },
            success_codes: list(&["0", "200", "OK", "success"]),
            closed: ClosedRule {
                subjects: list(&[
                    "request", "requests", "apply", "applyid", "approval", "process", "instance", "flow",
                    "task", "申请", "审批", "流程", "实例", "单据", "工单",
                ]),
                phrases: list(&[
                    "not exist",
                    "not found",
                    "finished",
                    "closed",
                    "completed",
                    "revoked",
                    "terminated",
                    "ended",
                    "不存在",
                    "已结束",
                    "已完成",
                    "已关闭",
                    "已撤销",
                    "已撤回",
                    "已终止",
                ]),
            },
        }
    }

    /// The same message as plain JSON.
    pub fn plain() -> Self {
        Self { cipher: Cipher::None, ..Self::encrypted() }
    }

    /// Reads a setting: the name of a built-in profile, or a JSON object with what differs from one
    /// (`{"base":"encrypted","results":{"approved":"AGREE"}}`).
    pub fn parse(text: &str) -> Result<Self, BadProfile> {
        let text = text.trim();
        if !text.starts_with('{') {
            return Self::named(text);
        }
        let mut changes: Value = serde_json::from_str(text)
            .map_err(|error| BadProfile(format!("the profile is no JSON: {error}")))?;
        let base = changes.as_object_mut().and_then(|members| members.remove("base"));
        let base = Self::named(base.as_ref().and_then(Value::as_str).unwrap_or("encrypted"))?;
        let mut profile = serde_json::to_value(base).unwrap_or_default();
        overlay(&mut profile, changes);
        serde_json::from_value(profile)
            .map_err(|error| BadProfile(format!("the profile is not understood: {error}")))
    }

    fn named(name: &str) -> Result<Self, BadProfile> {
        match name {
            "" | "encrypted" => Ok(Self::encrypted()),
            "plain" => Ok(Self::plain()),
            _ => Err(BadProfile("no such profile: use encrypted, plain, or a JSON object".to_owned())),
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
    fn a_misspelt_part_is_refused() {
        for wrong in ["gzip", "{", r#"{"resluts":{}}"#, r#"{"base":"aes"}"#, r#"{"results":{"agreed":"x"}}"#]
        {
            assert!(Profile::parse(wrong).is_err(), "{wrong}");
        }
    }
}
