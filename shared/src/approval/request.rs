//! What was asked, by whom, and of whom.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use super::UserId;
use crate::visible::visible;

/// Characters of a person that a sentence about them shows.
const MAX_SHOWN: usize = 100;

/// A request as the source handed it over, without its (possibly long) details.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// One line for people.
    pub title: String,
    /// The source's own word for the type of request (`AUTH`, `PUBLISH`, …).
    pub kind: String,
    /// The source's template code, where it named one.
    pub template: Option<String>,
    /// Who asks; older editions of the source do not say.
    pub requester: Option<Person>,
    /// Who decides, in order; empty: the template's own flow decides.
    pub nodes: Vec<Node>,
}

/// What exactly is asked for, as people will read it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// What is known by name, in order: a table's rows, or lines.
    pub items: Vec<(String, String)>,
    /// What is not.
    pub text: String,
}

impl fmt::Display for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Several lines stand below their name: their indentation is a part of them.
        let lines = self.items.iter().map(|(name, value)| {
            let between = if value.contains('\n') { ":\n" } else { ": " };
            format!("{name}{between}{value}")
        });
        let text = Some(self.text.clone()).filter(|text| !text.is_empty());
        f.write_str(&lines.chain(text).collect::<Vec<_>>().join("\n"))
    }
}

/// Who somebody is in the account system that the source signs people in with: the only id that DingTalk may be asked about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Account(String);

impl Account {
    /// An account; `None` where the text is empty.
    pub fn new(id: impl Into<String>) -> Option<Self> {
        Some(id.into()).filter(|id| !id.is_empty()).map(Self)
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A person as the source knows them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Id inside the source. It means nothing elsewhere: somebody else may have the same one in DingTalk.
    pub user_id: String,
    /// Who they are in the account system, where the source says so.
    #[serde(default, deserialize_with = "account", rename = "source_id")]
    pub account: Option<Account>,
    /// Display name.
    pub name: String,
}

/// Older approvals have an empty text where there is none.
fn account<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Account>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.and_then(Account::new))
}

impl Person {
    /// The id that leads to DingTalk; without one the person is not known there.
    pub fn account(&self) -> Option<&Account> {
        self.account.as_ref()
    }

    /// The name, or else an id, for people to read.
    pub fn shown(&self) -> &str {
        let account = self.account.as_ref().map(Account::as_str);
        let ids = [Some(self.name.as_str()), account, Some(&self.user_id)];
        ids.into_iter().flatten().find(|text| !text.is_empty()).unwrap_or("-")
    }
}

impl Person {
    /// The same as one line of bounded length that shows every character.
    pub fn in_a_line(&self) -> String {
        let (shown, mut line) = (visible(&self.to_string()), String::new());
        line.extend(shown.chars().take(MAX_SHOWN));
        if line.len() < shown.len() { line + "…" } else { line }
    }
}

/// All by which an administrator of the source finds them: `emp1001 (Li Na)`, `Li Na (userId 300000005, no userSourceId)`.
impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.account, self.name.as_str()) {
            (Some(account), "") => f.write_str(account.as_str()),
            (Some(account), name) => write!(f, "{} ({name})", account.as_str()),
            (None, "") => write!(f, "userId {} (no userSourceId)", self.user_id),
            (None, name) => write!(f, "{name} (userId {}, no userSourceId)", self.user_id),
        }
    }
}

/// One step of approvers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// How many of them must agree.
    pub rule: Rule,
    /// Who they are; never empty.
    pub approvers: Vec<Person>,
}

/// How many approvers of a node must agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Any one of them (Dataphin: `OR`).
    Any,
    /// Every one of them (Dataphin: `AND`).
    All,
}

/// A person of the source together with who they are in DingTalk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The person in the source.
    pub person: Person,
    /// The same person in DingTalk.
    pub user_id: UserId,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(json: &str) -> Person {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn only_an_account_leads_to_dingtalk() {
        let nobody = stored(r#"{"user_id":"300000005","source_id":"","name":"Li Na"}"#);
        assert_eq!(
            (nobody.account(), nobody.shown()),
            (None, "Li Na"),
            "as it is stored with older approvals"
        );
        assert_eq!(nobody.to_string(), "Li Na (userId 300000005, no userSourceId)");
        let known = stored(r#"{"user_id":"300000005","source_id":"emp1001","name":""}"#);
        assert_eq!((known.account(), known.shown()), (Account::new("emp1001").as_ref(), "emp1001"));
        for person in [nobody, known] {
            assert_eq!(stored(&serde_json::to_string(&person).unwrap()), person);
        }
    }

    #[test]
    fn a_person_in_a_sentence_is_one_bounded_line() {
        let person = Person { name: format!("\u{1b}[2J\n{}", "x".repeat(500)), ..Person::default() };
        let line = person.in_a_line();
        assert!(line.chars().count() <= MAX_SHOWN + 1 && line.ends_with('…'), "{line}");
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }

    #[test]
    fn lines_stay_lines() {
        let item = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let items = vec![item("code", "select\n  1;"), item("reason", "r")];
        let details = Details { items, text: "more".to_owned() };
        assert_eq!(details.to_string(), "code:\nselect\n  1;\nreason: r\nmore");
    }
}
