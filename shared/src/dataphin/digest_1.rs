//! Digests of version 1, as they are stored with older approvals. **Nothing here may change**: it computes what was computed
//! when they were stored, whatever has become of the reading of submits since.

use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::hex::hex;

const LONGEST_TITLE: usize = 300;
const LONGEST_WORD: usize = 64;

#[derive(Serialize)]
struct Request {
    title: String,
    kind: String,
    template: Option<String>,
    requester: Option<Person>,
    nodes: Vec<Node>,
}

#[derive(Serialize)]
struct Person {
    user_id: String,
    source_id: String,
    name: String,
}

#[derive(Serialize)]
struct Node {
    rule: &'static str,
    approvers: Vec<Person>,
}

impl Person {
    fn account(&self) -> &str {
        if self.source_id.is_empty() { &self.user_id } else { &self.source_id }
    }
}

/// The digest; `None` for a body that was refused at that time.
pub(super) fn of(fields: &Map<String, Value>) -> Option<String> {
    let request = Request {
        title: shorten(&text(fields, "title").unwrap_or_default(), LONGEST_TITLE),
        kind: shorten(&text(fields, "type").unwrap_or_else(|| "DEFAULT".to_owned()), LONGEST_WORD),
        template: text(fields, "templateCode"),
        requester: requester(fields),
        nodes: nodes(fields.get("approveNodes"))?,
    };
    let canonical = serde_json::to_vec(&(request, fields.get("content"))).ok()?;
    Some(hex(&Sha256::digest(canonical)))
}

fn text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    let text = match fields.get(name)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn requester(fields: &Map<String, Value>) -> Option<Person> {
    let info = match fields.get("applyUserInfo") {
        Some(Value::Object(info)) => Some(info),
        Some(Value::Array(list)) => list.first().and_then(Value::as_object),
        _ => None,
    };
    match (info.and_then(person), text(fields, "applyUser")) {
        (Some(person), Some(account)) if person.source_id.is_empty() => {
            Some(Person { source_id: account, ..person })
        }
        (Some(person), _) => Some(person),
        (None, Some(account)) => {
            Some(Person { user_id: String::new(), source_id: account, name: String::new() })
        }
        (None, None) => None,
    }
}

fn person(fields: &Map<String, Value>) -> Option<Person> {
    let person = Person {
        user_id: text(fields, "userId").unwrap_or_default(),
        source_id: text(fields, "userSourceId").unwrap_or_default(),
        name: shorten(&text(fields, "userName").unwrap_or_default(), LONGEST_WORD),
    };
    (!person.account().is_empty()).then_some(person)
}

fn nodes(value: Option<&Value>) -> Option<Vec<Node>> {
    let list = match value {
        None | Some(Value::Null) => return Some(Vec::new()),
        Some(value) => value.as_array()?,
    };
    let mut nodes = Vec::with_capacity(list.len());
    for (index, value) in list.iter().enumerate() {
        let fields = value.as_object()?;
        let order: i64 = match text(fields, "approveOrder") {
            None => i64::try_from(index).unwrap_or(i64::MAX),
            Some(text) => text.strip_suffix(".0").unwrap_or(&text).parse().ok()?,
        };
        nodes.push((order, node(fields)?));
    }
    nodes.sort_by_key(|(order, _)| *order);
    Some(nodes.into_iter().map(|(_, node)| node).collect())
}

fn node(fields: &Map<String, Value>) -> Option<Node> {
    let rule = match text(fields, "approveOperator").unwrap_or_default().to_ascii_uppercase().as_str() {
        "" | "OR" => "any",
        "AND" => "all",
        _ => return None,
    };
    let mut approvers: Vec<Person> = Vec::new();
    for user in fields.get("approveUsers")?.as_array()? {
        let person = person(user.as_object()?)?;
        if !approvers.iter().any(|known| known.account() == person.account()) {
            approvers.push(person);
        }
    }
    Some(Node { rule, approvers })
}

fn shorten(text: &str, limit: usize) -> String {
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    clean.take(limit).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn digest(body: &[u8]) -> String {
        of(serde_json::from_slice::<Value>(body).unwrap().as_object().unwrap()).unwrap()
    }

    #[test]
    fn the_three_editions_have_the_digests_that_were_stored() {
        let editions: [(&[u8], &str); 3] = [
            (
                include_bytes!("../../tests/fixtures/dataphin/create.edition-1.json"),
                "a4482757c7f63428a58de4877f486cbb997b727c1ecc89bbd6abeb04b11c180d",
            ),
            (
                include_bytes!("../../tests/fixtures/dataphin/create.edition-2.json"),
                "f51bb0641408f7f7cfb65b8557eb805993f62dcafc695f5a552e86ea6972cadb",
            ),
            (
                include_bytes!("../../tests/fixtures/dataphin/create.edition-3.json"),
                "f51bb0641408f7f7cfb65b8557eb805993f62dcafc695f5a552e86ea6972cadb",
            ),
        ];
        for (body, stored) in editions {
            assert_eq!(digest(body), stored);
        }
    }

    #[test]
    fn every_part_of_a_request_has_its_share() {
        let body = json!({
            "applyId": "7", "title": " a\ttitle ", "type": "PUBLISH", "templateCode": 12, "applyUser": "s",
            "applyUserInfo": [{"userId": 1, "userName": "n"}], "content": {"b": [1.0, null], "a": "x\ny"},
            "approveNodes": [
                {"approveOrder": "2", "approveOperator": "and", "approveUsers": [{"userId": 5}, {"userSourceId": "5"}]},
                {"approveOrder": 1.0, "approveUsers": [{"userId": "9", "userSourceId": "z", "userName": "Z"}]},
            ],
        });
        assert_eq!(
            digest(body.to_string().as_bytes()),
            "3a0d692e0930a019f08fbbbcaa4e873f7e322d6d0603f07b05ee48a93088e452"
        );
    }
}
