//! The shape of an answer: the answer itself, without what differs from request to request.

use serde_json::{Map, Value, json};

use super::{
    names::{Says, says},
    node::{Content, Node},
};
use crate::dataphin::closed::tokens::of_camel_case;

/// What stands in place of an id, a number, a time.
pub(in crate::dataphin) const VARYING: &str = "(id)";
/// Shorter words with digits in them, and shorter numbers, are a part of what is said.
const MIN_ID_CHARS: usize = 8;
/// A word that begins with so many letters is a code (`SUCCESS0001`) unless it has as many digits as a date.
const MIN_CODE_LETTERS: usize = 3;
const MIN_ID_DIGITS: usize = 4;
const MIN_DATE_DIGITS: usize = 8;
/// The last words of the names of members that say something, whatever it looks like.
const EXACT_NAMES: [&str; 7] = ["code", "cd", "status", "state", "result", "flag", "type"];
const MIN_ID_NUMBER: f64 = 1e9;
/// The last words of the names of members that hold an id or a time, whatever it looks like.
const VARYING_NAMES: [&str; 14] = [
    "id",
    "applyid",
    "requestid",
    "traceid",
    "instanceid",
    "no",
    "time",
    "timestamp",
    "date",
    "nonce",
    "uuid",
    "cost",
    "elapsed",
    "duration",
];

/// The shape of an answer that has one; a page and a cut answer have none.
pub(in crate::dataphin) fn skeleton(content: &Content) -> Option<Value> {
    match content {
        Content::Empty => Some(json!("")),
        Content::Words(text) => Some(json!(without_ids(text))),
        Content::Value(node) => Some(shape(node, Varies::IfLong)),
        Content::Page | Content::Cut => None,
    }
}

/// Whether a value differs from request to request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Varies {
    /// It is what the answer says.
    Never,
    /// Where it is as long as an id or a time.
    IfLong,
    /// Its name says so.
    Always,
}

impl Varies {
    /// Of a member of this name.
    fn of(name: &str) -> Self {
        match says(name) {
            _ if EXACT_NAMES.contains(&last_word(name).as_str()) => Self::Never,
            Says::Else if VARYING_NAMES.contains(&last_word(name).as_str()) => Self::Always,
            Says::Else | Says::Message | Says::Reason | Says::Data | Says::Result => Self::IfLong,
            _ => Self::Never,
        }
    }
}

/// `id` of `applyId`, `apply_id`, `applyID`; not of `valid`.
fn last_word(name: &str) -> String {
    let last = name.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    of_camel_case(last).last().map_or_else(String::new, |word| word.to_ascii_lowercase())
}

fn shape(node: &Node, varies: Varies) -> Value {
    match node {
        Node::Null => Value::Null,
        Node::Bool(value) => json!(value),
        Node::Number(_) | Node::Text(_) if varies == Varies::Always => json!(VARYING),
        Node::Number(number) if varies == Varies::Never || number.abs() < MIN_ID_NUMBER => number_of(*number),
        Node::Number(_) => json!(VARYING),
        Node::Text(text) if varies == Varies::Never => json!(text),
        Node::Text(text) => match Node::within(text) {
            Some(inner) => json!(shape(&inner, varies).to_string()),
            None => json!(without_ids(text)),
        },
        Node::List(list) => list.iter().map(|node| shape(node, varies)).collect(),
        Node::Members(members) => {
            let mut shapes = Map::new();
            for (name, node) in members {
                let varies = Varies::of(name);
                let mut name = name.clone();
                // A member that is there twice is another shape.
                while shapes.contains_key(&name) {
                    name.push('\'');
                }
                shapes.insert(name, shape(node, varies));
            }
            Value::Object(shapes)
        }
    }
}

/// A whole number as one writes it.
fn number_of(number: f64) -> Value {
    // What is whole and so small is the same in both.
    #[allow(clippy::cast_possible_truncation)]
    if number.fract() == 0.0 && number.abs() < 1e15 { json!(number as i64) } else { json!(number) }
}

/// Every run of letters, digits and what joins them that has a digit, and is long enough to be an id or a time.
fn without_ids(text: &str) -> String {
    let mut shape = String::new();
    let mut run = String::new();
    for c in text.chars().map(Some).chain([None]) {
        match c {
            Some(c) if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':' | '.' | '+') => run.push(c),
            other => {
                let bare = run.trim_end_matches(['.', ':']);
                if is_an_id(bare) {
                    shape.push_str(VARYING);
                    shape.push_str(&run[bare.len()..]);
                } else {
                    shape.push_str(&run);
                }
                run.clear();
                shape.extend(other);
            }
        }
    }
    shape
}

/// Whether a word is an id or a time, and no code and no count.
fn is_an_id(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let letters = word.bytes().take_while(u8::is_ascii_alphabetic).count();
    let rest = word[letters..].trim_start_matches(['_', '-', ':', '.', '+']);
    let is_code = letters >= MIN_CODE_LETTERS && rest.bytes().all(|byte| byte.is_ascii_digit());
    let min = if is_code { MIN_DATE_DIGITS } else { MIN_ID_DIGITS };
    word.len() >= MIN_ID_CHARS && digits >= min
}

#[cfg(test)]
mod tests {
    use super::{super::node::content, *};

    fn of(text: &str) -> Option<String> {
        skeleton(&content(text)).map(|shape| shape.to_string())
    }

    #[test]
    fn a_shape_is_the_answer_without_what_varies() {
        for (text, shape) in [
            ("", r#""""#),
            ("queued", r#""queued""#),
            ("queued as 20261128-7", r#""queued as (id)""#),
            (r#"{"foo":1,"id":1764364724000}"#, r#"{"foo":1,"id":"(id)"}"#),
            (r#"{"b":"2026-11-28 21:00:01","a":null}"#, r#"{"a":null,"b":"(id) (id)"}"#),
            (
                r#"{"applyId":"A-1","rows":1500,"costTime":3}"#,
                r#"{"applyId":"(id)","costTime":"(id)","rows":1500}"#,
            ),
            (r#"{"result":1700,"data":"E4001 queued"}"#, r#"{"data":"E4001 queued","result":1700}"#),
            (r#"{"state":"1001","requestId":"1001"}"#, r#"{"requestId":"(id)","state":"1001"}"#),
            (r#"{"data":"{\"id\":12345}"}"#, r#"{"data":"{\"id\":\"(id)\"}"}"#),
        ] {
            assert_eq!(of(text).as_deref(), Some(shape), "{text}");
            if text.starts_with('{') {
                assert_eq!(of(shape).as_deref(), Some(shape), "{shape}: a shape is its own shape");
            }
        }
        for text in ["<html>", "{\"a\":"] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn other_words_are_another_shape() {
        assert_ne!(of(r#"{"message":"queued"}"#), of(r#"{"message":"dropped"}"#));
        assert_ne!(of(r#"{"rows":0}"#), of(r#"{"rows":1}"#));
        for (one, other) in [
            (r#"{"rtnCode":"00000000"}"#, r#"{"rtnCode":"99999999"}"#),
            (r#"{"stateCode":"200"}"#, r#"{"stateCode":"500"}"#),
            (r#"{"msgCode":"SUCC0000001"}"#, r#"{"msgCode":"ERRO0000001"}"#),
            (r#"{"result":"S00000000"}"#, r#"{"result":"F00000000"}"#),
            (r#"{"head":{"rspCd":"0000000000"}}"#, r#"{"head":{"rspCd":"0000000001"}}"#),
            (r#"{"jobState":20000000000}"#, r#"{"jobState":50000000000}"#),
            (r#"{"x":"processed_1"}"#, r#"{"x":"discarded_1"}"#),
            (r#"{"x":"SUCCESS0001"}"#, r#"{"x":"DROPPED0001"}"#),
            ("code=200", "code=500"),
            ("HTTP 200", "HTTP 500"),
            ("updated:1", "dropped:1"),
        ] {
            assert_ne!(of(one), of(other), "{one}");
        }
        assert_ne!(of(r#"{"valid":"n1"}"#), of(r#"{"valid":"y1"}"#));
        assert_ne!(of(r#"{"a":1,"a":2}"#), of(r#"{"a":2}"#));
    }
}
