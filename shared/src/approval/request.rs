//! What was asked, by whom, and of whom.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::UserId;

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
        let lines = self.items.iter().map(|(name, value)| format!("{name}: {value}"));
        let text = Some(self.text.clone()).filter(|text| !text.is_empty());
        f.write_str(&lines.chain(text).collect::<Vec<_>>().join("\n"))
    }
}

/// A person as the source knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Id inside the source.
    pub user_id: String,
    /// Id in the account system that the source signs people in with; usually the one DingTalk can be asked about.
    pub source_id: String,
    /// Display name.
    pub name: String,
}

impl Person {
    /// The name, or else the account.
    pub fn shown(&self) -> &str {
        if self.name.is_empty() { self.account() } else { &self.name }
    }

    /// The id that leads to DingTalk: the account system's, else the source's own.
    pub fn account(&self) -> &str {
        if self.source_id.is_empty() { &self.user_id } else { &self.source_id }
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
