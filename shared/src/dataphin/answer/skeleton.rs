//! The shape of an answer: the answer itself, without what differs from request to request.

use serde_json::{Map, Value, json};

use super::{
    names::{Says, says},
    node::{Content, Node},
};

/// What stands in place of an id, a number, a time.
const VARYING: &str = "(id)";
/// Shorter numbers, and shorter words with digits in them, are a part of what is said.
const SHORTEST: usize = 3;

/// The shape of an answer that has one; a page and a cut answer have none.
pub(in crate::dataphin) fn skeleton(content: &Content) -> Option<Value> {
    match content {
        Content::Empty => Some(json!("")),
        Content::Words(text) => Some(json!(without_ids(text))),
        Content::Value(node) => Some(shape(node, false)),
        Content::Page | Content::Cut => None,
    }
}

/// `exact`: of a code nothing varies.
fn shape(node: &Node, exact: bool) -> Value {
    match node {
        Node::Null => Value::Null,
        Node::Bool(value) => json!(value),
        Node::Number(number) if exact || number.abs() < 1000.0 => number_of(*number),
        Node::Number(_) => json!(VARYING),
        Node::Text(text) if exact => json!(text),
        Node::Text(text) => match Node::within(text) {
            Some(inner) => json!(shape(&inner, false).to_string()),
            None => json!(without_ids(text)),
        },
        Node::List(list) => list.iter().map(|node| shape(node, exact)).collect(),
        Node::Members(members) => {
            let mut shapes = Map::new();
            for (name, node) in members {
                let says = says(name);
                let exact = matches!(
                    says,
                    Says::Code | Says::ErrCode | Says::OtherCode | Says::Status | Says::Success
                );
                let mut name = name.clone();
                // A member that is there twice is another shape.
                while shapes.contains_key(&name) {
                    name.push('\'');
                }
                shapes.insert(name, shape(node, exact));
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
                let varies = bare.len() >= SHORTEST && bare.bytes().any(|byte| byte.is_ascii_digit());
                if varies {
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
        assert_ne!(of(r#"{"a":1,"a":2}"#), of(r#"{"a":2}"#));
    }
}
