//! What was asked, in a number: tells a repeated submit from another request under the same id.
//!
//! A digest says its version. What was stored under an older one is compared by the older rule: an upgrade makes no conflict
//! out of a repeat.

use sha2::{Digest as _, Sha256};

use super::tree::Tree;
use crate::{
    approval::{Account, Node, Person, Request, Rule},
    hex::hex,
};

const VERSION: &str = "3:";
const SECOND: &str = "2:";
/// In version 2 a content of more levels was a text.
const MAX_LEVELS_IN_SECOND: usize = 32;

/// The digest of a submit, in every version that may be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    current: String,
    second: String,
    first: Option<String>,
}

impl Digest {
    /// The digest of a request as it came (nothing of it cut or made visible), of all of the content of its `body`, and of the
    /// members `beside` it, which older versions did not know. `first`: the one of version 1. The tenant is left out: it may be
    /// named once, and left out once.
    pub(super) fn of(
        request: &Request,
        body: &[u8],
        content: &Tree,
        beside: &[(String, Tree)],
        first: Option<String>,
    ) -> Self {
        let mut parts = vec![Tree::Text(request.title.clone()), Tree::Text(request.kind.clone())];
        parts.push(request.template.clone().map_or(Tree::Null, Tree::Text));
        parts.push(request.requester.as_ref().map_or(Tree::Null, person));
        parts.push(Tree::List(request.nodes.iter().map(node).collect()));
        let mut current = Sha256::new();
        Tree::List(parts).hash_into(&mut current);
        let mut second = current.clone();
        if content.levels() > MAX_LEVELS_IN_SECOND {
            Tree::unread_member(body, "content").hash_into(&mut second);
        } else {
            content.hash_into(&mut second);
        }
        content.hash_into(&mut current);
        Tree::Object(beside.to_vec()).hash_into(&mut current);
        let text = |version: &str, hash: Sha256| format!("{version}{}", hex(&hash.finalize()));
        Self { current: text(VERSION, current), second: text(SECOND, second), first }
    }

    /// The one to be stored.
    pub fn current(&self) -> &str {
        &self.current
    }

    /// Whether what was stored under `digest` is the same request.
    pub fn matches(&self, digest: &str) -> bool {
        match digest {
            current if current.starts_with(VERSION) => self.current == current,
            second if second.starts_with(SECOND) => self.second == second,
            first => self.first.as_deref() == Some(first),
        }
    }
}

fn person(person: &Person) -> Tree {
    let account = person.account().map_or("", Account::as_str);
    Tree::List([&*person.user_id, account, &*person.name].map(|text| Tree::Text(text.to_owned())).to_vec())
}

fn node(node: &Node) -> Tree {
    let rule = match node.rule {
        Rule::Any => "any",
        Rule::All => "all",
    };
    let approvers = node.approvers.iter().map(person);
    Tree::List([Tree::Text(rule.to_owned())].into_iter().chain(approvers).collect())
}
