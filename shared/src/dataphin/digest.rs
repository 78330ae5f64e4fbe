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

const VERSION: &str = "2:";

/// The digest of a submit, in every version that may be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    current: String,
    first: Option<String>,
}

impl Digest {
    /// The digest of a request as it came (nothing of it cut or made visible), and of all of its content. `first`: the one of
    /// version 1. The tenant is left out: it may be named once, and left out once.
    pub(super) fn of(request: &Request, content: &Tree, first: Option<String>) -> Self {
        let mut parts = vec![Tree::Text(request.title.clone()), Tree::Text(request.kind.clone())];
        parts.push(request.template.clone().map_or(Tree::Null, Tree::Text));
        parts.push(request.requester.as_ref().map_or(Tree::Null, person));
        parts.push(Tree::List(request.nodes.iter().map(node).collect()));
        let mut hash = Sha256::new();
        Tree::List(parts).hash_into(&mut hash);
        content.hash_into(&mut hash);
        Self { current: format!("{VERSION}{}", hex(&hash.finalize())), first }
    }

    /// The one to be stored.
    pub fn current(&self) -> &str {
        &self.current
    }

    /// Whether what was stored under `digest` is the same request.
    pub fn matches(&self, digest: &str) -> bool {
        if digest.starts_with(VERSION) {
            return self.current == digest;
        }
        self.first.as_deref() == Some(digest)
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
