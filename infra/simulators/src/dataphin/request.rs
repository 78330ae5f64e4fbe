//! What people ask for in Dataphin: the request that one files, its nodes and its people.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::settings::Edition;

/// A request to file. What is `None` or empty is filled in as Dataphin would.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Request {
    /// Its id in Dataphin; generated when `None`.
    pub apply_id: Option<String>,
    /// Which of the seeded kinds it is.
    pub kind: Kind,
    /// The wire's `type`, when it shall differ from that of the kind.
    #[serde(rename = "type")]
    pub request_type: Option<String>,
    /// Its title; made of kind and requester when `None`.
    pub title: Option<String>,
    /// Why it is asked for.
    pub reason: String,
    /// The content: an object travels as JSON inside a string, a string as it is. Made of the kind when `None`.
    pub content: Option<Value>,
    /// Who asks.
    #[serde(rename = "applyUserInfo")]
    pub requester: Person,
    /// Who decides, in order.
    #[serde(rename = "approveNodes")]
    pub nodes: Vec<Node>,
    /// Which approval template it names.
    pub template_code: String,
    /// The edition of the body, when it shall differ from the settings.
    pub edition: Option<Edition>,
    /// Laid over the finished body, member by member: `null` removes one.
    pub extra: Map<String, Value>,
}

impl Request {
    /// A request of this kind; everything else is filled in.
    pub fn of(kind: Kind) -> Self {
        Self { kind, ..Self::default() }
    }

    /// Under this id.
    #[must_use]
    pub fn with_id(mut self, apply_id: impl Into<String>) -> Self {
        self.apply_id = Some(apply_id.into());
        self
    }

    /// Asked by this person.
    #[must_use]
    pub fn asked_by(mut self, requester: Person) -> Self {
        self.requester = requester;
        self
    }

    /// Under this title.
    #[must_use]
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// For this reason.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }

    /// Naming this approval template.
    #[must_use]
    pub fn with_template(mut self, code: impl Into<String>) -> Self {
        self.template_code = code.into();
        self
    }

    /// Decided, after the nodes that it has, by these people.
    #[must_use]
    pub fn then(mut self, operator: Operator, users: impl IntoIterator<Item = Person>) -> Self {
        self.nodes.push(Node { operator, users: users.into_iter().collect() });
        self
    }
}

impl Default for Request {
    fn default() -> Self {
        let mut people = seeded_people();
        Self {
            apply_id: None,
            kind: Kind::TablePermission,
            request_type: None,
            title: None,
            reason: String::new(),
            content: None,
            requester: people.swap_remove(0),
            nodes: Vec::new(),
            template_code: String::new(),
            edition: None,
            extra: Map::new(),
        }
    }
}

/// The kinds of request that the page offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Permission for a physical table.
    TablePermission,
    /// Publishing a task to production.
    Publish,
    /// Review of a piece of code.
    CodeReview,
    /// Permission for a data-service API.
    DataServiceApi,
}

impl Kind {
    /// All of them, in the page's order.
    pub const ALL: [Self; 4] = [Self::TablePermission, Self::Publish, Self::CodeReview, Self::DataServiceApi];

    /// What the page calls it.
    pub fn label(self) -> &'static str {
        match self {
            Self::TablePermission => "Table permission",
            Self::Publish => "Publish",
            Self::CodeReview => "Code review",
            Self::DataServiceApi => "Data-service API permission",
        }
    }

    /// The wire's `type`.
    pub fn request_type(self) -> &'static str {
        match self {
            Self::TablePermission | Self::DataServiceApi => "AUTH",
            Self::Publish => "PUBLISH",
            Self::CodeReview => "CODE_REVIEW",
        }
    }

    /// Its name in forms and in JSON.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::TablePermission => "table-permission",
            Self::Publish => "publish",
            Self::CodeReview => "code-review",
            Self::DataServiceApi => "data-service-api",
        }
    }
}

/// One step of approvers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// How many of them decide.
    #[serde(rename = "approveOperator", default)]
    pub operator: Operator,
    /// Who they are.
    #[serde(rename = "approveUsers")]
    pub users: Vec<Person>,
}

/// How many people of a node decide.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Operator {
    /// Everyone.
    And,
    /// Whoever acts first.
    #[default]
    Or,
}

impl Operator {
    /// The wire's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::And => "AND",
            Self::Or => "OR",
        }
    }
}

/// A person, as Dataphin writes one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Person {
    /// Id in Dataphin.
    #[serde(deserialize_with = "null_as_empty")]
    pub user_id: String,
    /// Id in the source account system.
    #[serde(deserialize_with = "null_as_empty")]
    pub user_source_id: String,
    /// Name as shown.
    #[serde(deserialize_with = "null_as_empty")]
    pub user_name: String,
}

impl Person {
    /// A person of these ids and this name.
    pub fn new(user_id: &str, user_source_id: &str, user_name: &str) -> Self {
        Self {
            user_id: user_id.to_owned(),
            user_source_id: user_source_id.to_owned(),
            user_name: user_name.to_owned(),
        }
    }

    /// The name, or whichever id there is of somebody who came without one.
    pub(super) fn name_or_id(&self) -> &str {
        let known = [&self.user_name, &self.user_source_id, &self.user_id];
        known.into_iter().find(|text| !text.is_empty()).map_or("", String::as_str)
    }
}

/// The people of a fresh simulator.
pub(super) fn seeded_people() -> Vec<Person> {
    vec![
        Person::new("300000001", "emp1001", "Li Na"),
        Person::new("300000002", "emp1002", "Wang Wei"),
        Person::new("300000003", "emp1003", "Zhang Min"),
        Person::new("300000004", "emp1004", "Chen Jie"),
        Person::new("300000005", "emp1005", "Liu Yang"),
        Person::new("300000006", "emp1006", "Zhao Lei"),
    ]
}

fn null_as_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
