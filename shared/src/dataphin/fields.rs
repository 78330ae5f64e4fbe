//! The members of a JSON object that Dataphin sends. One that is read and has another shape than it may have is named, never left
//! out: what is missing would mean something else.

use std::collections::HashMap;

use serde_json::value::RawValue;

use super::{BadBody, tree::Tree};
use crate::json;

const MAX_ID: usize = 128;

/// The members of an object.
pub(super) struct Fields(HashMap<String, Tree>);

impl Fields {
    /// Reads those members of a body that have one of these names. The error says what the body is instead.
    pub(super) fn read(body: &[u8], names: &[&str]) -> Result<Self, BadBody> {
        if let Some(encoding) = encoding(body) {
            return Err(bad(format!("the body is {encoding}: send JSON in UTF-8, not compressed")));
        }
        let mut members: HashMap<String, Box<RawValue>> =
            json::read(body).map_err(|error| match json::read::<Box<RawValue>>(body) {
                Ok(_) => bad("the body is not a JSON object"),
                Err(_) => {
                    bad(format!("the body is not JSON (line {}, column {})", error.line(), error.column()))
                }
            })?;
        let mut read = HashMap::new();
        for name in names {
            if let Some(raw) = members.remove(*name) {
                let tree = Tree::read(raw.get().as_bytes());
                let tree = tree.ok_or_else(|| bad(format!("{name} is nested too deeply")))?;
                read.insert((*name).to_owned(), tree);
            }
        }
        Ok(Self(read))
    }

    /// The members of an object that stands inside a body.
    pub(super) fn of(members: &[(String, Tree)]) -> Self {
        Self(members.iter().cloned().collect())
    }

    /// A member; `None` where it is absent or `null`.
    pub(super) fn get(&self, name: &str) -> Option<&Tree> {
        self.0.get(name).filter(|member| **member != Tree::Null)
    }

    /// A text, or a number as it was written; `None` where there is none, or an empty one.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, BadBody> {
        let text = match self.get(name) {
            None => return Ok(None),
            Some(Tree::Text(text)) => text.trim(),
            Some(Tree::Word(word)) if !is_truth(word) => word,
            Some(other) => return Err(bad(format!("{name} is {}: send it as text", shape(other)))),
        };
        Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
    }

    /// An id: text, or a whole number.
    pub(super) fn id(&self, name: &str) -> Result<Option<String>, BadBody> {
        let Some(id) = self.text(name)? else { return Ok(None) };
        let is_number = matches!(self.get(name), Some(Tree::Word(_)));
        if is_number && !id.strip_prefix('-').unwrap_or(&id).bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(bad(format!("{name} is not a whole number: send it as text")));
        }
        if id.chars().count() > MAX_ID {
            return Err(bad(format!("{name} is longer than {MAX_ID} characters")));
        }
        // Whatever could not be read has become U+FFFD: two ids could become one.
        if id.chars().any(|c| c.is_control() || c == char::REPLACEMENT_CHARACTER) {
            return Err(bad(format!("{name} holds control characters, or what is no character (U+FFFD)")));
        }
        Ok(Some(id))
    }

    /// An id that Dataphin hears again: it is taken as it is.
    pub(super) fn exact_id(&self, name: &str) -> Result<Option<String>, BadBody> {
        let id = self.id(name)?;
        match (self.get(name), &id) {
            (Some(Tree::Text(text)), Some(id)) if text != id => {
                Err(bad(format!("{name} begins or ends with a blank: send it without")))
            }
            _ => Ok(id),
        }
    }
}

/// What a value is, in words.
pub(super) fn shape(tree: &Tree) -> &str {
    match tree {
        Tree::Null => "null",
        Tree::Word(word) if is_truth(word) => word,
        Tree::Word(_) => "a number",
        Tree::Text(_) => "text",
        Tree::List(_) => "a list",
        Tree::Object(_) => "an object",
    }
}

pub(super) fn bad(what: impl Into<String>) -> BadBody {
    BadBody(what.into())
}

fn is_truth(word: &str) -> bool {
    matches!(word, "true" | "false")
}

/// How a body is written that is not UTF-8; `None` where it is.
fn encoding(body: &[u8]) -> Option<&'static str> {
    match body {
        [0x1f, 0x8b, ..] => Some("compressed (gzip)"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'{', 0, ..] | [0, b'{', ..] => Some("UTF-16"),
        _ if std::str::from_utf8(body).is_err() => Some("not UTF-8 (GBK, perhaps)"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Fields {
        Fields::read(body.as_bytes(), &["a"]).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_member_of_another_shape_is_named_and_never_left_out() {
        for (value, shape) in
            [("true", "true"), ("false", "false"), ("[\"x\"]", "a list"), ("{}", "an object")]
        {
            let fields = read(&format!("{{\"a\":{value}}}"));
            let why = format!("a is {shape}: send it as text");
            assert_eq!(fields.text("a").unwrap_err().0, why);
            assert_eq!(fields.id("a").unwrap_err().0, why);
        }
        for absent in ["{}", "{\"a\":null}", "{\"a\":\"\"}", "{\"a\":\" \"}"] {
            assert_eq!(read(absent).exact_id("a"), Ok(None));
        }
    }

    #[test]
    fn a_number_keeps_its_digits() {
        for digits in ["12345678901234567890123", "1.10", "1e999", &"9".repeat(5_000)] {
            assert_eq!(read(&format!("{{\"a\":{digits}}}")).text("a"), Ok(Some(digits.to_owned())));
        }
    }

    #[test]
    fn no_two_ids_become_one() {
        let id = |value: &str| read(&format!("{{\"a\":{value}}}")).exact_id("a");
        for taken in
            ["123456789012345678901234567890", "123456789012345678901234567891", "18446744073709551615"]
        {
            assert_eq!(id(taken), Ok(Some(taken.to_owned())));
        }
        for (value, word) in [
            ("1.0", "whole number"),
            ("1e2", "whole number"),
            ("1E400", "whole number"),
            ("\"q\\ud800\"", "U+FFFD"),
            ("\"q\\ufffd\"", "U+FFFD"),
            ("\"q\\u0000\"", "control"),
            ("\" x\"", "blank"),
            ("\"x\\u3000\"", "blank"),
            (&format!("\"{}\"", "x".repeat(129)), "128"),
            (&"9".repeat(129), "128"),
        ] {
            assert!(id(value).unwrap_err().0.contains(word), "{value}");
        }
    }

    #[test]
    fn a_body_that_cannot_be_read_is_told_what_it_is() {
        let why = |body: &[u8]| Fields::read(body, &["a"]).err().map(|error| error.0).unwrap_or_default();
        let utf_16 = |big: bool| {
            let units = "{\"a\":1}".encode_utf16();
            units
                .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
                .collect::<Vec<_>>()
        };
        let deep = |name: &str, levels: usize| {
            format!("{{\"{name}\":{}1{}}}", "[".repeat(levels), "]".repeat(levels))
        };
        let table: [(Vec<u8>, &str); 9] = [
            (b"\x1f\x8b\x08\x00".to_vec(), "compressed (gzip)"),
            ([&[0xff, 0xfe][..], &utf_16(false)].concat(), "UTF-16"),
            (utf_16(false), "UTF-16"),
            (utf_16(true), "UTF-16"),
            (b"{\"a\":\"\xc9\xea\xc7\xeb\"}".to_vec(), "GBK"),
            (b"[]".to_vec(), "not a JSON object"),
            (b"{\"a\":".to_vec(), "not JSON (line 1, column 5)"),
            (deep("a", 200).into_bytes(), ""),
            (deep("b", 9_000).into_bytes(), ""),
        ];
        for (body, word) in table {
            let why = why(&body);
            assert!(why.contains(word) && why.is_empty() == word.is_empty(), "{word}: {why}");
        }
    }
}
