//! JSON as it was written: members in their order, numbers to the last digit. `serde_json::Value` keeps neither, and both are
//! part of what people approve.

use std::{collections::HashMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::json;

/// Deeper JSON is shown as text: each level is read once more for each level above it.
const MAX_DEPTH: usize = 32;
/// How often JSON may be wrapped in JSON text.
const MAX_WRAPS: usize = 2;

/// A JSON value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Tree {
    /// `null`, or nothing.
    #[default]
    Null,
    /// A number, `true` or `false`, as it was written.
    Word(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Tree>),
    /// An object; a name may stand in it twice.
    Object(Vec<(String, Tree)>),
}

impl Tree {
    /// Reads JSON; `None` when it is none, or too deep.
    pub fn read(text: &[u8]) -> Option<Self> {
        Self::of(&json::read::<Box<RawValue>>(text).ok()?, MAX_DEPTH)
    }

    /// Reads a member of a JSON object, and unwraps it where it is JSON inside a text. What is no such JSON stays text.
    pub fn member(object: &[u8], name: &str) -> Self {
        let members = json::read::<HashMap<String, Box<RawValue>>>(object).unwrap_or_default();
        let Some(member) = members.get(name) else { return Self::Null };
        match Self::of(member, MAX_DEPTH) {
            Some(Self::Text(text)) => unwrapped(&text).unwrap_or(Self::Text(text)),
            Some(tree) => tree,
            None => Self::Text(member.get().to_owned()),
        }
    }

    fn of(raw: &RawValue, depth: usize) -> Option<Self> {
        let (text, deeper) = (raw.get(), depth.checked_sub(1));
        Some(match text.as_bytes().first()? {
            b'n' => Self::Null,
            b'"' => Self::Text(json::read(text.as_bytes()).ok()?),
            b'[' => {
                let list: Vec<Box<RawValue>> = json::read(text.as_bytes()).ok()?;
                Self::List(list.iter().map(|raw| Self::of(raw, deeper?)).collect::<Option<_>>()?)
            }
            b'{' => {
                let Members(members) = json::read(text.as_bytes()).ok()?;
                let member = |(name, raw): (String, Box<RawValue>)| Some((name, Self::of(&raw, deeper?)?));
                Self::Object(members.into_iter().map(member).collect::<Option<_>>()?)
            }
            _ => Self::Word(text.to_owned()),
        })
    }

    /// Hashes all of it. The order of an object's members does not matter.
    pub(super) fn hash_into(&self, hash: &mut Sha256) {
        let mut part = |kind: u8, text: &str| {
            hash.update([kind]);
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        };
        match self {
            Self::Null => part(0, ""),
            Self::Word(word) => part(1, word),
            Self::Text(text) => part(2, text),
            Self::List(list) => {
                part(3, &list.len().to_string());
                for tree in list {
                    tree.hash_into(hash);
                }
            }
            Self::Object(members) => {
                part(4, &members.len().to_string());
                let mut members: Vec<_> = members.iter().collect();
                members.sort_by_key(|(name, _)| name);
                for (name, tree) in members {
                    Self::Text(name.clone()).hash_into(hash);
                    tree.hash_into(hash);
                }
            }
        }
    }
}

/// The object or list that a text holds, perhaps as a text again.
pub(super) fn unwrapped(text: &str) -> Option<Tree> {
    let mut text = text.to_owned();
    for _ in 0..MAX_WRAPS {
        match Tree::read(text.as_bytes())? {
            Tree::Text(inner) => text = inner,
            tree @ (Tree::Object(_) | Tree::List(_)) => return Some(tree),
            Tree::Null | Tree::Word(_) => return None,
        }
    }
    None
}

/// An object's members in their order.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Tree {
        Tree::Text(text.to_owned())
    }

    fn digest(json: &str) -> Vec<u8> {
        let mut hash = Sha256::new();
        Tree::read(json.as_bytes()).unwrap().hash_into(&mut hash);
        hash.finalize().to_vec()
    }

    #[test]
    fn members_keep_their_order_and_numbers_their_digits() {
        let tree = Tree::read(br#"{"z": 123456789012345678901, "a": [1.10, true, null], "z": "\ud800"}"#);
        let list = vec![Tree::Word("1.10".to_owned()), Tree::Word("true".to_owned()), Tree::Null];
        let members = [
            ("z", Tree::Word("123456789012345678901".to_owned())),
            ("a", Tree::List(list)),
            ("z", text("\u{fffd}")),
        ];
        let members = members.map(|(name, tree)| (name.to_owned(), tree)).to_vec();
        assert_eq!(tree, Some(Tree::Object(members)));
    }

    #[test]
    fn json_is_unwrapped_twice_and_no_more() {
        let object = Tree::Object(vec![("a".to_owned(), Tree::Word("1".to_owned()))]);
        let mut body = br#"{"a":1}"#.to_vec();
        for wraps in 0..=3 {
            let content = [br#"{"content":"#, &body[..], b"}"].concat();
            assert_eq!(Tree::member(&content, "content") == object, wraps <= 2, "{wraps}");
            body = serde_json::to_vec(&String::from_utf8(body).unwrap()).unwrap();
        }
        for plain in ["bpms content", "42", "true", "\"quoted\"", "{broken", ""] {
            let body = serde_json::json!({"content": plain}).to_string();
            assert_eq!(Tree::member(body.as_bytes(), "content"), text(plain));
        }
        assert_eq!(Tree::member(b"{}", "content"), Tree::Null);
    }

    #[test]
    fn what_is_too_deep_is_text() {
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        let body = serde_json::json!({"content": deep}).to_string();
        assert_eq!(Tree::member(body.as_bytes(), "content"), text(&deep));
        assert_eq!(Tree::read(deep.as_bytes()), None);
    }

    #[test]
    fn only_the_order_of_members_has_no_meaning() {
        assert_eq!(digest(r#"{"a":1,"b":"x"}"#), digest(r#" { "b" : "\u0078", "a" : 1 } "#));
        let different = [
            "1",
            "\"1\"",
            "[]",
            "[1]",
            "[[1]]",
            "[1,2]",
            "[2,1]",
            "{}",
            r#"{"1":1}"#,
            r#"{"a":1,"b":2}"#,
            r#"{"a":2,"b":1}"#,
            r#"{"a":{"b":2}}"#,
            "123456789012345678901",
            "123456789012345678902",
            "null",
        ];
        for (index, one) in different.iter().enumerate() {
            for other in &different[index + 1..] {
                assert_ne!(digest(one), digest(other), "{one} {other}");
            }
        }
    }
}
