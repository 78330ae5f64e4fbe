//! JSON as it was written: members in their order, numbers to the last digit. `serde_json::Value` keeps neither, and both are
//! part of what people approve.

use std::collections::HashMap;

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::json;

/// A branch that is deeper stays as it was written.
const MAX_DEPTH: usize = 100;
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
    /// A text; or what lies too deep, as it was written.
    Text(String),
    /// A list.
    List(Vec<Tree>),
    /// An object; a name may stand in it twice.
    Object(Vec<(String, Tree)>),
}

impl Tree {
    /// Reads JSON; `None` when it is none.
    pub fn read(text: &[u8]) -> Option<Self> {
        Self::of(&json::read::<Box<RawValue>>(text).ok()?)
    }

    /// Reads a member of a JSON object, and unwraps it where it is JSON inside a text. What is no such JSON stays text.
    pub fn member(object: &[u8], name: &str) -> Self {
        match member(object, name).and_then(|raw| Self::of(&raw)) {
            None => Self::Null,
            Some(Self::Text(text)) => unwrapped(&text).unwrap_or(Self::Text(text)),
            Some(tree) => tree,
        }
    }

    /// A member of a JSON object as a text: the text that it is, or its JSON as it was written.
    pub(super) fn unread_member(object: &[u8], name: &str) -> Self {
        let Some(raw) = member(object, name) else { return Self::Null };
        Self::Text(json::read(raw.get().as_bytes()).unwrap_or_else(|_| raw.get().to_owned()))
    }

    fn of(raw: &RawValue) -> Option<Self> {
        Reader { rest: raw.get() }.value(MAX_DEPTH)
    }

    /// How many lists and objects stand in one another.
    pub(super) fn levels(&self) -> usize {
        let inner = match self {
            Self::Null | Self::Word(_) | Self::Text(_) => None,
            Self::List(list) => list.iter().map(Self::levels).max(),
            Self::Object(members) => members.iter().map(|(_, value)| value.levels()).max(),
        };
        inner.map_or(0, |inner| inner + 1)
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

fn member(object: &[u8], name: &str) -> Option<Box<RawValue>> {
    json::read::<HashMap<String, Box<RawValue>>>(object).ok()?.remove(name)
}

/// Reads JSON that is known to be JSON, once from its beginning to its end.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Option<Tree> {
        Some(match self.next()? {
            b'"' => Tree::Text(self.string()?),
            b'[' | b'{' if depth == 0 => Tree::Text(self.branch()?.to_owned()),
            b'[' => Tree::List(self.each(b']', |reader| reader.value(depth - 1))?),
            b'{' => Tree::Object(self.each(b'}', |reader| {
                let name = reader.string()?;
                reader.next()?;
                reader.take(1)?;
                Some((name, reader.value(depth - 1)?))
            })?),
            _ => match self.word()? {
                "null" => Tree::Null,
                word => Tree::Word(word.to_owned()),
            },
        })
    }

    /// What stands between here and the bracket that ends it.
    fn each<T>(&mut self, end: u8, one: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut all = Vec::new();
        self.take(1)?;
        loop {
            match self.next()? {
                byte if byte == end => break,
                b',' => {}
                _ => {
                    all.push(one(self)?);
                    continue;
                }
            }
            self.take(1)?;
        }
        self.take(1)?;
        Some(all)
    }

    /// The next byte that is no blank; it is left where it is.
    fn next(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
        self.rest.as_bytes().first().copied()
    }

    fn take(&mut self, length: usize) -> Option<&'a str> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn string(&mut self) -> Option<String> {
        let length = string_length(self.rest)?;
        json::read(self.take(length)?.as_bytes()).ok()
    }

    fn word(&mut self) -> Option<&'a str> {
        let ends = |c| matches!(c, ',' | ']' | '}' | ' ' | '\t' | '\n' | '\r');
        self.take(self.rest.find(ends).unwrap_or(self.rest.len()))
    }

    /// A list or an object with all that is in it.
    fn branch(&mut self) -> Option<&'a str> {
        let (mut at, mut open) = (0, 0_usize);
        loop {
            let rest = self.rest.get(at..)?;
            let next = rest.find(['"', '[', ']', '{', '}'])?;
            at += next;
            match rest.as_bytes().get(next)? {
                b'"' => at += string_length(rest.get(next..)?)?,
                b'[' | b'{' => (at, open) = (at + 1, open + 1),
                _ => (at, open) = (at + 1, open.checked_sub(1)?),
            }
            if open == 0 {
                return self.take(at);
            }
        }
    }
}

/// How long the string at the beginning of `text` is, with its quotes.
fn string_length(text: &str) -> Option<usize> {
    let mut at = 1;
    loop {
        let rest = text.get(at..)?;
        let next = rest.find(['"', '\\'])?;
        at += next + 1;
        if rest.as_bytes().get(next) == Some(&b'"') {
            return Some(at);
        }
        // Whatever is escaped ends no string.
        at += text.get(at..)?.chars().next()?.len_utf8();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

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
    fn only_the_branch_that_is_too_deep_stays_as_it_was_written() {
        let deep = format!(r#"{}{{"q\"]": 1.0}}{}"#, "[".repeat(10_000), "]".repeat(10_000));
        let body =
            serde_json::json!({"content": format!(r#"{{"deep": {deep}, "reason": "r"}}"#)}).to_string();
        let Tree::Object(members) = Tree::member(body.as_bytes(), "content") else { panic!("an object") };
        assert_eq!(members[1], ("reason".to_owned(), text("r")));
        let (mut tree, mut levels) = (&members[0].1, 1);
        while let Tree::List(list) = tree {
            (tree, levels) = (&list[0], levels + 1);
        }
        assert_eq!((tree, levels), (&text(&deep[99..deep.len() - 99]), MAX_DEPTH));
    }

    #[test]
    fn a_million_bytes_of_nested_lists_are_read_once() {
        let nested = "[".repeat(90) + &"]".repeat(90);
        let many = format!("[{}]", vec![nested; 5_700].join(", "));
        let Some(Tree::List(list)) = Tree::read(many.as_bytes()) else { panic!("a list") };
        assert_eq!((list.len(), list[0].levels()), (5_700, 89));
    }

    proptest! {
            #[test]
            fn a_tree_is_the_json_that_was_written(value in crate::json::tests::any_value(), pretty in any::<bool>()) {
                let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
    prop_assert_eq!(Tree::read(text.unwrap().as_bytes()).unwrap(), of(&value));
            }
        }

    fn of(value: &Value) -> Tree {
        match value {
            Value::Null => Tree::Null,
            Value::Bool(_) | Value::Number(_) => Tree::Word(value.to_string()),
            Value::String(text) => Tree::Text(text.clone()),
            Value::Array(list) => Tree::List(list.iter().map(of).collect()),
            Value::Object(members) => {
                Tree::Object(members.iter().map(|(name, value)| (name.clone(), of(value))).collect())
            }
        }
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
