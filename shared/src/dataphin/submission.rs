//! The body of a submit, in all its editions: what the vendor documents, and a little more leniently.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::content;
use crate::{
    approval::{ApplyId, ApprovalKey, Details, Node, Person, Request, Rule, Source, Tenant},
    dingtalk::instances::MOST_NODES,
    hex::hex,
};

/// A request that Dataphin hands over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// What makes it one and the same request.
    pub key: ApprovalKey,
    /// What is asked, of whom.
    pub request: Request,
    /// What exactly is asked for, as people will read it.
    pub details: Details,
    /// SHA-256 of all of it.
    pub digest: String,
}

/// A body that cannot be taken; the text says which field and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadBody(pub String);

const LONGEST_ID: usize = 128;
const LONGEST_TITLE: usize = 300;
const LONGEST_WORD: usize = 64;
const MOST_APPROVERS_A_NODE: usize = 50;

impl Submission {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, BadBody> {
        let fields = object(body)?;
        let apply_id = id(&fields, "applyId")?.ok_or_else(|| bad("applyId is missing"))?;
        let tenant = id(&fields, "tenantId")?.unwrap_or_default();
        let request = Request {
            title: shorten(&text(&fields, "title").unwrap_or_default(), LONGEST_TITLE),
            kind: shorten(&text(&fields, "type").unwrap_or_else(|| "DEFAULT".to_owned()), LONGEST_WORD),
            template: id(&fields, "templateCode")?,
            requester: requester(&fields)?,
            nodes: nodes(fields.get("approveNodes"))?,
        };
        let details = content::readable(fields.get("content").unwrap_or(&Value::Null));
        let key = ApprovalKey {
            source: Source::Dataphin,
            tenant: Tenant::new(tenant),
            apply_id: ApplyId::new(apply_id),
        };
        let digest = digest(&request, fields.get("content"));
        Ok(Self { key, request, details, digest })
    }
}

/// Reads a JSON object, telling a person what else it was.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, BadBody> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(bad("the body is not a JSON object")),
        Err(error) => {
            Err(bad(format!("the body is not JSON (line {}, column {})", error.line(), error.column())))
        }
    }
}

/// An id: text or a whole number; `None` when absent or empty.
pub(super) fn id(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, BadBody> {
    // A fraction, or a number beyond 64 bits, of which only the first digits are known: two ids could become one.
    if fields.get(name).is_some_and(Value::is_f64) {
        return Err(bad(format!("{name} is not a whole number of at most 64 bits: send it as text")));
    }
    let Some(id) = text(fields, name) else { return Ok(None) };
    if id.chars().count() > LONGEST_ID || id.chars().any(char::is_control) {
        return Err(bad(format!(
            "{name} is longer than {LONGEST_ID} characters or holds control characters"
        )));
    }
    Ok(Some(id))
}

fn text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    let text = match fields.get(name)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// The documentation types `applyUserInfo` as a list and shows an object.
fn requester(fields: &Map<String, Value>) -> Result<Option<Person>, BadBody> {
    let account = id(fields, "applyUser")?;
    let info = match fields.get("applyUserInfo") {
        Some(Value::Object(info)) => Some(info),
        Some(Value::Array(list)) => list.first().and_then(Value::as_object),
        _ => None,
    };
    let person = info.map(person).transpose()?.flatten();
    Ok(match (person, account) {
        (Some(person), Some(account)) if person.source_id.is_empty() => {
            Some(Person { source_id: account, ..person })
        }
        (Some(person), _) => Some(person),
        (None, Some(account)) => {
            Some(Person { user_id: String::new(), source_id: account, name: String::new() })
        }
        (None, None) => None,
    })
}

/// A person; `None` when no id is given.
fn person(fields: &Map<String, Value>) -> Result<Option<Person>, BadBody> {
    let person = Person {
        user_id: id(fields, "userId")?.unwrap_or_default(),
        source_id: id(fields, "userSourceId")?.unwrap_or_default(),
        name: shorten(&text(fields, "userName").unwrap_or_default(), LONGEST_WORD),
    };
    Ok((!person.account().is_empty()).then_some(person))
}

fn nodes(value: Option<&Value>) -> Result<Vec<Node>, BadBody> {
    let list = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(bad("approveNodes is not a list")),
    };
    if list.len() > MOST_NODES {
        return Err(bad(format!("approveNodes has more than {MOST_NODES} nodes: DingTalk takes no more")));
    }
    let mut nodes = Vec::with_capacity(list.len());
    for (index, value) in list.iter().enumerate() {
        let fields = value.as_object().ok_or_else(|| bad(format!("node {} is not an object", index + 1)))?;
        nodes.push((order(fields, index)?, node(fields, index)?));
    }
    // Stable: nodes of the same order stay as they were sent.
    nodes.sort_by_key(|(order, _)| *order);
    Ok(nodes.into_iter().map(|(_, node)| node).collect())
}

/// `approveOrder` comes as text or as a number; absent: the place in the list.
fn order(fields: &Map<String, Value>, index: usize) -> Result<i64, BadBody> {
    match text(fields, "approveOrder") {
        None => Ok(i64::try_from(index).unwrap_or(i64::MAX)),
        // A float that is whole will do.
        Some(text) => text
            .strip_suffix(".0")
            .unwrap_or(&text)
            .parse()
            .map_err(|_| bad(format!("node {}: approveOrder is no whole number", index + 1))),
    }
}

fn node(fields: &Map<String, Value>, index: usize) -> Result<Node, BadBody> {
    let here = |what: &str| bad(format!("node {}: {what}", index + 1));
    let operator = text(fields, "approveOperator").unwrap_or_default().to_ascii_uppercase();
    let rule = match operator.as_str() {
        // In Dataphin's own engine any one approver decides a node.
        "" | "OR" => Rule::Any,
        "AND" => Rule::All,
        _ => return Err(here("approveOperator is neither OR nor AND")),
    };
    let users = match fields.get("approveUsers") {
        Some(Value::Array(users)) if users.len() <= MOST_APPROVERS_A_NODE => users,
        Some(Value::Array(_)) => return Err(here(&format!("more than {MOST_APPROVERS_A_NODE} approvers"))),
        _ => return Err(here("approveUsers is missing")),
    };
    let mut approvers: Vec<Person> = Vec::with_capacity(users.len());
    for user in users {
        let user = user.as_object().ok_or_else(|| here("an approver is not an object"))?;
        let person = person(user)?.ok_or_else(|| here("an approver has neither userSourceId nor userId"))?;
        if !approvers.iter().any(|known| known.account() == person.account()) {
            approvers.push(person);
        }
    }
    if approvers.is_empty() {
        return Err(here("approveUsers is empty: choose an approver in Dataphin"));
    }
    Ok(Node { rule, approvers })
}

/// The same request always has the same digest, whatever the spelling of its JSON.
fn digest(request: &Request, content: Option<&Value>) -> String {
    let canonical = serde_json::to_vec(&(request, content)).unwrap_or_default();
    hex(&Sha256::digest(canonical))
}

fn shorten(text: &str, limit: usize) -> String {
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    clean.take(limit).collect()
}

fn bad(what: impl Into<String>) -> BadBody {
    BadBody(what.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../tests/fixtures/dataphin/", $name, ".json"))
        };
    }

    fn parse(body: &Value) -> Result<Submission, BadBody> {
        Submission::parse(body.to_string().as_bytes())
    }

    #[test]
    fn all_three_editions_are_read() {
        let first = Submission::parse(fixture!("create.edition-1")).unwrap();
        assert_eq!(first.key.apply_id.as_str(), "1223");
        assert_eq!(
            (first.request.requester, first.request.nodes, first.request.template),
            (None, vec![], None)
        );
        assert_eq!(first.details.text, "bpms content");

        let second = Submission::parse(fixture!("create.edition-2")).unwrap();
        assert_eq!(second.key.tenant.as_str(), "");
        assert_eq!(second.request.requester.unwrap().account(), "1234567890");
        assert_eq!(second.request.nodes[0].rule, Rule::Any);
        assert_eq!(second.request.nodes[0].approvers[0].account(), "00112233445566778899");

        let third = Submission::parse(fixture!("create.edition-3")).unwrap();
        assert_eq!(third.key.tenant.as_str(), "100000001");
        assert_ne!(third.key.id(), second.key.id());
    }

    #[test]
    fn spelling_does_not_make_another_request_but_content_does() {
        let one = br#"{"applyId":"1","title":"t","content":"c","type":"AUTH"}"#;
        let same = br#" {"type":"AUTH", "content":"c", "title":"t", "applyId":"1", "unknown":7} "#;
        let other = br#"{"applyId":"1","title":"t","content":"d","type":"AUTH"}"#;
        let digest = |body: &[u8]| Submission::parse(body).unwrap().digest;
        assert_eq!(digest(one), digest(same));
        assert_ne!(digest(one), digest(other));
    }

    #[test]
    fn nodes_are_put_in_order_whether_it_is_text_or_number() {
        let user = |id: &str| json!([{"userSourceId": id}]);
        let parsed = parse(&json!({"applyId": 7, "approveNodes": [
            {"approveOrder": "10", "approveUsers": user("c")},
            {"approveOrder": 2.0, "approveOperator": "and", "approveUsers": user("b")},
            {"approveOrder": "1", "approveUsers": user("a")},
        ]}))
        .unwrap();
        let order: Vec<_> = parsed.request.nodes.iter().map(|node| node.approvers[0].account()).collect();
        assert_eq!(order, ["a", "b", "c"]);
        assert_eq!(parsed.request.nodes[1].rule, Rule::All);
        assert_eq!(parsed.key.apply_id.as_str(), "7");
    }

    #[test]
    fn the_requester_may_be_an_object_a_list_or_an_account() {
        let info = json!({"userId": 1, "userSourceId": "s", "userName": "n"});
        for body in
            [json!({"applyId": "1", "applyUserInfo": info}), json!({"applyId": "1", "applyUserInfo": [info]})]
        {
            assert_eq!(parse(&body).unwrap().request.requester.unwrap().account(), "s");
        }
        let account = parse(&json!({"applyId": "1", "applyUser": "s"})).unwrap();
        assert_eq!(account.request.requester.unwrap().account(), "s");
    }

    #[test]
    fn no_two_ids_become_one() {
        for id in ["123456789012345678901234567890", "123456789012345678901234567891", "1.0", "1e2", "1E400"]
        {
            assert!(Submission::parse(format!(r#"{{"applyId":{id}}}"#).as_bytes()).is_err(), "{id}");
        }
        let whole = Submission::parse(br#"{"applyId":18446744073709551615}"#).unwrap();
        assert_eq!(whole.key.apply_id.as_str(), "18446744073709551615");
    }

    #[test]
    fn a_body_that_cannot_be_taken_says_why() {
        let why = |body: Value| parse(&body).unwrap_err().0;
        assert_eq!(why(json!([])), "the body is not a JSON object");
        assert_eq!(why(json!({"applyId": ""})), "applyId is missing");
        assert!(why(json!({"applyId": "x".repeat(129)})).contains("128"));
        assert!(
            why(json!({"applyId": "1", "approveNodes": [{"approveUsers": []}]}))
                .contains("approveUsers is empty")
        );
        let xor = json!({"applyId": "1", "approveNodes": [{"approveOperator": "XOR", "approveUsers": [{"userId": "1"}]}]});
        assert_eq!(why(xor), "node 1: approveOperator is neither OR nor AND");
        assert!(Submission::parse(&[b'['; 10_000]).is_err());
        assert!(Submission::parse(b"{\"applyId\":\"1\",\"title\":1e999}").is_err());
        assert!(Submission::parse(b"{\"applyId\":\"\xff\"}").is_err());
    }
}
