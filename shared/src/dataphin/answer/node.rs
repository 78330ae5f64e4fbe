//! Text to a tree of values, out of the wrappers that some put around an answer: JSON text inside JSON text, and an array of
//! one.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};

use crate::json;

/// How many wrappers are taken off.
const WRAPPERS: usize = 4;

/// A value of an answer. Unlike `serde_json::Value` it keeps every member of a name that is there twice: a *no* must not hide
/// behind a *yes* of the same name.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::dataphin) enum Node {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Node>),
    Members(Vec<(String, Node)>),
}

/// What a text is.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::dataphin) enum Content {
    /// There is none.
    Empty,
    /// A page for people, or XML.
    Page,
    /// It begins like JSON, and is none: cut, or damaged.
    Cut,
    /// A value in JSON: an object, a list of several, or a bare number, truth value or null.
    Value(Node),
    /// Words.
    Words(String),
}

/// Reads a text, out of its wrappers.
pub(in crate::dataphin) fn content(text: &str) -> Content {
    unwrapped(text, WRAPPERS)
}

fn unwrapped(text: &str, wrappers: usize) -> Content {
    let text = trimmed(text);
    let Some(first) = text.chars().next() else { return Content::Empty };
    if is_page(text) {
        return Content::Page;
    }
    match json::read::<Node>(text.as_bytes()) {
        Ok(mut node) => {
            for _ in 0..wrappers {
                match node {
                    Node::List(mut list) if list.len() == 1 => node = list.swap_remove(0),
                    Node::Text(text) => return unwrapped(&text, wrappers - 1),
                    node => return Content::Value(node),
                }
            }
            // So deep that nobody means it.
            Content::Cut
        }
        Err(_) if matches!(first, '{' | '[' | '"') => Content::Cut,
        Err(_) => Content::Words(text.to_owned()),
    }
}

/// Without blanks and what has no width.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}' | '\0'))
}

/// Whether a text is a page for people, or begins one.
pub(in crate::dataphin) fn is_page(text: &str) -> bool {
    let text = trimmed(text);
    let marks = ["<html", "<!doctype", "<head", "<body", "<title"];
    let has_mark = |text: &str| {
        let lower = text.to_ascii_lowercase();
        marks.iter().any(|mark| lower.contains(mark))
    };
    text.starts_with('<') || (!text.starts_with(['{', '[', '"']) && has_mark(text))
}

impl Node {
    /// The value within a text that is JSON itself: an object or a list.
    pub fn within(text: &str) -> Option<Self> {
        let text = trimmed(text);
        if !text.starts_with(['{', '[', '"']) {
            return None;
        }
        match json::read(text.as_bytes()).ok()? {
            Self::Text(inner) => Self::within(&inner),
            node => Some(node),
        }
    }

    /// A member, by its name in letters of either case.
    pub fn member(&self, name: &str) -> Option<&Self> {
        let Self::Members(members) = self else { return None };
        members.iter().find_map(|(own, node)| own.eq_ignore_ascii_case(name).then_some(node))
    }

    /// The text of a member, by its name in letters of either case.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        let Self::Members(members) = self else { return None };
        members.iter().find_map(|(own, node)| match node {
            Self::Text(text) if own.eq_ignore_ascii_case(name) => Some(text.as_str()),
            _ => None,
        })
    }

    /// A truth value, a number or a text, as one writes it; nothing else has a text.
    pub fn scalar(&self) -> Option<String> {
        match self {
            Self::Bool(value) => Some(value.to_string()),
            Self::Number(number) => Some(number.to_string()),
            Self::Text(text) => Some(trimmed(text).to_owned()),
            Self::Null | Self::List(_) | Self::Members(_) => None,
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyNode)
    }
}

struct AnyNode;

impl<'de> Visitor<'de> for AnyNode {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    // What is compared are small codes; of a large number only that it is large.
    #[allow(clippy::cast_precision_loss)]
    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Number(number as f64))
    }

    #[allow(clippy::cast_precision_loss)]
    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        // Minus zero is zero.
        Ok(Node::Number(number + 0.0))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(node) = access.next_element()? {
            list.push(node);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        Ok(Node::Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(name: &str, node: Node) -> Content {
        Content::Value(Node::Members(vec![(name.to_owned(), node)]))
    }

    #[test]
    fn an_answer_is_taken_out_of_its_wrappers() {
        for text in [
            r#"{"a":1}"#,
            "\u{feff} {\"a\":1}\r\n",
            r#"[{"a":1}]"#,
            r#""{\"a\":1}""#,
            r#""\"{\\\"a\\\":1}\"""#,
            r#"["{\"a\":1}"]"#,
            "\"{\\\"a\\\":1\t}\"",
        ] {
            assert_eq!(content(text), members("a", Node::Number(1.0)), "{text}");
        }
        for text in ["ok", "\"ok\"", "[\"ok\"]", " \"\\\"ok\\\"\" "] {
            assert_eq!(content(text), Content::Words("ok".to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_value_is_told_apart() {
        for text in ["", " \n", "\u{feff}", "\"\"", "[\"\"]"] {
            assert_eq!(content(text), Content::Empty, "{text}");
        }
        for text in [
            "{",
            "{\"success\":fal",
            "\"{\\\"success\\\":fal\"",
            "[{\"a\":1}",
            "{'a':1}",
            "\"ok",
            "{\"a\":1}x",
        ] {
            assert_eq!(content(text), Content::Cut, "{text}");
        }
        for text in ["<html>", "\u{feff}<!DOCTYPE html>", "\"<html>\"", "<xml/>", "502 <html><body>"] {
            assert_eq!(content(text), Content::Page, "{text}");
        }
        assert_eq!(content(&"[".repeat(100_000)), Content::Cut);
        assert_eq!(content("[[[[[[1]]]]]]"), Content::Cut);
    }

    #[test]
    fn a_member_that_is_there_twice_is_kept_twice() {
        let Content::Value(Node::Members(members)) = content(r#"{"a":false,"a":true}"#) else {
            panic!("an object")
        };
        assert_eq!(members.len(), 2);
    }
}
