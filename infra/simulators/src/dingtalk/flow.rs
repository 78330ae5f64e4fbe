//! A template's approval flow: the kinds of node that DingTalk's console offers. No API sets or shows them as such.

use serde::{Deserialize, Serialize};

use super::ids::UserId;

/// How the people of a node decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Method {
    /// All of them must agree (会签).
    And,
    /// The first one decides (或签).
    Or,
    /// One after another (依次审批).
    #[default]
    OneByOne,
}

/// What a node asks of its people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Duty {
    /// To agree or refuse (审批人).
    Approve,
    /// To handle and submit; they cannot refuse (办理人).
    Handle,
    /// Nothing: they are told (抄送人).
    Copy,
    /// Nothing: the platform itself agrees.
    AutoAgree,
    /// Nothing: the platform itself refuses, which ends the instance.
    AutoRefuse,
}

impl Duty {
    /// The forecast's `actorType`.
    pub(crate) fn actor_type(self) -> &'static str {
        match self {
            Self::Approve | Self::AutoAgree | Self::AutoRefuse => "approver",
            Self::Handle => "audit",
            Self::Copy => "notifier",
        }
    }

    /// The forecast's `approvalType`.
    pub(crate) fn approval_type(self) -> &'static str {
        match self {
            Self::Approve | Self::Handle | Self::Copy => "MANUAL",
            Self::AutoAgree => "AUTO_AGREE",
            Self::AutoRefuse => "AUTO_REFUSE",
        }
    }

    /// What the console calls a node that nobody named.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Approve | Self::AutoAgree | Self::AutoRefuse => "审批人",
            Self::Handle => "办理人",
            Self::Copy => "抄送人",
        }
    }

    /// Whether the flow waits for the node's people.
    pub(crate) fn waits(self) -> bool {
        matches!(self, Self::Approve | Self::Handle)
    }
}

/// A node of a template's approval flow.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowNode {
    /// Specified members.
    Members {
        /// Who.
        users: Vec<UserId>,
        /// How they decide.
        #[serde(default)]
        method: Method,
    },
    /// Selected by the initiator.
    Chosen {
        /// The node's key in `targetSelectActioners`.
        actor_key: String,
        /// Whether somebody must be chosen.
        required: bool,
        /// How they decide.
        #[serde(default)]
        method: Method,
        /// From whom; empty for everybody.
        #[serde(default)]
        among: Vec<UserId>,
        /// Whether more than one may be chosen.
        #[serde(default = "yes")]
        allowed_multi: bool,
    },
    /// The initiator's direct supervisor.
    Supervisor,
    /// Who leads the initiator's department, or the nearest one above it that somebody leads.
    DepartmentHead,
    /// The initiators themselves.
    Initiator,
    /// Everybody who has a role.
    Role {
        /// The role's name.
        role: String,
        /// How they decide.
        #[serde(default)]
        method: Method,
    },
    /// Specified members who handle and submit (办理人).
    Handler {
        /// Who.
        users: Vec<UserId>,
        /// How they share it.
        #[serde(default)]
        method: Method,
    },
    /// Specified members who are told (抄送人).
    Copy {
        /// Who.
        users: Vec<UserId>,
    },
    /// The platform itself decides.
    Auto {
        /// It agrees, or else it refuses.
        agree: bool,
    },
    /// A node with a name of its own.
    Named {
        /// What people see.
        name: String,
        /// The node.
        node: Box<FlowNode>,
    },
}

impl FlowNode {
    /// Specified members.
    pub fn members(users: &[&str], method: Method) -> Self {
        Self::Members { users: ids(users), method }
    }

    /// Selected by the initiator, from everybody.
    pub fn chosen(actor_key: &str, required: bool) -> Self {
        Self::chosen_among(actor_key, required, &[])
    }

    /// Selected by the initiator, from these people only.
    pub fn chosen_among(actor_key: &str, required: bool, among: &[&str]) -> Self {
        Self::Chosen {
            actor_key: actor_key.into(),
            required,
            method: Method::OneByOne,
            among: ids(among),
            allowed_multi: true,
        }
    }

    /// Everybody who has a role.
    pub fn role(role: &str, method: Method) -> Self {
        Self::Role { role: role.into(), method }
    }

    /// Specified members who handle and submit.
    pub fn handlers(users: &[&str], method: Method) -> Self {
        Self::Handler { users: ids(users), method }
    }

    /// Specified members who are told.
    pub fn copies(users: &[&str]) -> Self {
        Self::Copy { users: ids(users) }
    }

    /// The same node with a single choice; other nodes stay as they are.
    #[must_use]
    pub fn single(mut self) -> Self {
        match &mut self {
            Self::Chosen { allowed_multi, .. } => *allowed_multi = false,
            Self::Named { node, .. } => **node = std::mem::replace(&mut **node, Self::Supervisor).single(),
            _ => {}
        }
        self
    }

    /// The same node with a name of its own.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self::Named { name: name.into(), node: Box::new(self) }
    }

    /// The node beneath its name.
    pub(crate) fn bare(&self) -> &Self {
        match self {
            Self::Named { node, .. } => node.bare(),
            node => node,
        }
    }

    /// What it asks of its people.
    pub(crate) fn duty(&self) -> Duty {
        match self.bare() {
            Self::Handler { .. } => Duty::Handle,
            Self::Copy { .. } => Duty::Copy,
            Self::Auto { agree: true } => Duty::AutoAgree,
            Self::Auto { agree: false } => Duty::AutoRefuse,
            _ => Duty::Approve,
        }
    }

    /// How its people decide.
    pub(crate) fn method(&self) -> Method {
        match self.bare() {
            Self::Members { method, .. }
            | Self::Chosen { method, .. }
            | Self::Role { method, .. }
            | Self::Handler { method, .. } => *method,
            _ => Method::OneByOne,
        }
    }

    /// What people see: its own name, or the console's word for its kind.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Named { name, .. } => name,
            node => node.duty().words(),
        }
    }
}

fn ids(users: &[&str]) -> Vec<UserId> {
    users.iter().map(|user| UserId::from(*user)).collect()
}

fn yes() -> bool {
    true
}
