//! The body of a submit, in all its editions: what the vendor documents, and a little more leniently.

use serde_json::{Map, Value};

use super::{beside::beside, content, digest::Digest, digest_1, tree::Tree};
use crate::{
    approval::{Account, ApplyId, ApprovalKey, Details, Node, Person, Request, Rule, Source, Tenant},
    dingtalk::instances::MOST_NODES,
    json,
    legible::{one_line, within},
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
    /// Tells it from another request under the same key.
    pub digest: Digest,
}

/// A body that cannot be taken; the text says which field and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadBody(pub String);

const LONGEST_ID: usize = 128;
/// In bytes; a Chinese character has three.
const MAX_TITLE: usize = 1_000;
const MAX_WORD: usize = 200;
const MOST_APPROVERS_A_NODE: usize = 50;

impl Submission {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, BadBody> {
        let fields = object(body)?;
        let apply_id = id(&fields, "applyId")?.ok_or_else(|| bad("applyId is missing"))?;
        let tenant = id(&fields, "tenantId")?.unwrap_or_default();
        let asked = Request {
            title: text(&fields, "title").unwrap_or_default(),
            kind: text(&fields, "type").unwrap_or_else(|| "DEFAULT".to_owned()),
            template: id(&fields, "templateCode")?,
            requester: requester(&fields)?,
            nodes: nodes(fields.get("approveNodes"))?,
        };
        let content = Tree::member(body, "content");
        let beside = beside(body);
        let digest = Digest::of(&asked, body, &content, &beside, digest_1::of(&fields));
        let key = ApprovalKey {
            source: Source::Dataphin,
            tenant: Tenant::new(tenant),
            apply_id: ApplyId::new(apply_id),
        };
        Ok(Self { key, request: legible(asked), details: content::readable(&content, &beside), digest })
    }
}

/// A request as people read it.
fn legible(mut request: Request) -> Request {
    let people = request.nodes.iter_mut().flat_map(|node| &mut node.approvers).chain(&mut request.requester);
    for Person { name, .. } in people {
        *name = within(&one_line(name), MAX_WORD);
    }
    request.title = within(&one_line(&request.title), MAX_TITLE);
    request.kind = within(&one_line(&request.kind), MAX_WORD);
    request
}

/// Reads a JSON object, telling a person what else it was.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, BadBody> {
    if std::str::from_utf8(body).is_err() {
        return Err(bad("the body is not UTF-8"));
    }
    match json::read(body) {
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
    let mut person = info.map(person).transpose()?.flatten();
    if let Some(account) = account.and_then(Account::new) {
        person.get_or_insert_default().account.get_or_insert(account);
    }
    Ok(person)
}

/// A person; `None` when nothing says who it is. Dataphin's own `userId` leads nowhere else, but is shown.
fn person(fields: &Map<String, Value>) -> Result<Option<Person>, BadBody> {
    let person = Person {
        user_id: id(fields, "userId")?.unwrap_or_default(),
        account: id(fields, "userSourceId")?.and_then(Account::new),
        name: text(fields, "userName").unwrap_or_default(),
    };
    Ok((person != Person::default()).then_some(person))
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
    let users = match fields.get("approveUsers") {
        Some(Value::Array(users)) if users.len() <= MOST_APPROVERS_A_NODE => users,
        Some(Value::Array(_)) => return Err(here(&format!("more than {MOST_APPROVERS_A_NODE} approvers"))),
        _ => return Err(here("approveUsers is missing")),
    };
    let mut approvers: Vec<Person> = Vec::with_capacity(users.len());
    for user in users {
        let user = user.as_object().ok_or_else(|| here("an approver is not an object"))?;
        let person = person(user)?
            .ok_or_else(|| here("an approver has no userSourceId, no userId and no userName"))?;
        let is_same = |known: &Person| match known.account() {
            Some(account) => person.account() == Some(account),
            None => *known == person,
        };
        if !approvers.iter().any(is_same) {
            approvers.push(person);
        }
    }
    if approvers.is_empty() {
        return Err(here("approveUsers is empty: choose an approver in Dataphin"));
    }
    let rule = match operator.as_str() {
        // In Dataphin's own engine any one approver decides a node.
        "" | "OR" => Rule::Any,
        "AND" => Rule::All,
        // One person needs no operator.
        _ if approvers.len() == 1 => Rule::All,
        _ => return Err(here("approveOperator is neither OR nor AND, and there are several approvers")),
    };
    Ok(Node { rule, approvers })
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

    fn account(person: &Person) -> &str {
        person.account().unwrap().as_str()
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
        assert_eq!(account(&second.request.requester.unwrap()), "1234567890");
        assert_eq!(second.request.nodes[0].rule, Rule::Any);
        assert_eq!(account(&second.request.nodes[0].approvers[0]), "00112233445566778899");

        let third = Submission::parse(fixture!("create.edition-3")).unwrap();
        assert_eq!(third.key.tenant.as_str(), "100000001");
        assert_ne!(third.key.id(), second.key.id());
    }

    #[test]
    fn spelling_does_not_make_another_request_but_content_does() {
        let one = br#"{"applyId":"1","title":"t","content":"c","type":"AUTH"}"#;
        let same = br#" {"type":"AUTH", "content":"c", "title":"t", "applyId":"1", "requestId":7} "#;
        let other = br#"{"applyId":"1","title":"t","content":"d","type":"AUTH"}"#;
        let digest = |body: &[u8]| Submission::parse(body).unwrap().digest;
        assert_eq!(digest(one), digest(same));
        assert_ne!(digest(one), digest(other));
        let beside = br#"{"applyId":"1","title":"t","content":"c","type":"AUTH","applyReason":"r"}"#;
        assert_ne!(digest(one), digest(beside), "what is not known is asked for, too");
        assert_eq!(Submission::parse(beside).unwrap().details.to_string(), "submit.applyReason: r\nc");
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
        let order: Vec<_> = parsed.request.nodes.iter().map(|node| account(&node.approvers[0])).collect();
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
            assert_eq!(account(&parse(&body).unwrap().request.requester.unwrap()), "s");
        }
        let named = parse(&json!({"applyId": "1", "applyUser": "s"})).unwrap();
        assert_eq!(account(&named.request.requester.unwrap()), "s");
    }

    #[test]
    fn the_digest_covers_all_of_the_content_and_not_the_tenant() {
        let digest = |content: &Value, tenant: &str| {
            let body = json!({"applyId": "1", "title": "t", "tenantId": tenant, "content": content});
            parse(&body).unwrap().digest
        };
        let long = |end: &str| json!({"code": format!("{}{end}", "x".repeat(500_000))});
        assert_eq!(digest(&long("1"), ""), digest(&long("1"), "7"));
        assert_ne!(digest(&long("1"), ""), digest(&long("2"), ""), "beyond what is shown");
        let wrapped = json!(long("1").to_string());
        assert_eq!(digest(&long("1"), "").current(), digest(&wrapped, "").current(), "wrapped or not");
        let titled = |title: String| parse(&json!({"applyId": "1", "title": title})).unwrap().digest;
        assert_ne!(titled("t".repeat(2_000)), titled("t".repeat(2_001)));
    }

    #[test]
    fn a_digest_says_its_version_and_an_older_one_is_compared_by_its_own_rule() {
        let third = Submission::parse(fixture!("create.edition-3")).unwrap().digest;
        assert_eq!(third.current(), "3:565b4fb412b1ebcf7ac027d93e0b3e81c4ac9ec9403b72920a27b8c05120b951");
        assert!(third.matches(third.current()));
        assert!(third.matches("2:cdd43392073fe14df3cb9b2f5f16ee217c5343f568ec91d837b3faac2457a383"));
        assert!(third.matches("f51bb0641408f7f7cfb65b8557eb805993f62dcafc695f5a552e86ea6972cadb"));
        let other = Submission::parse(fixture!("create.edition-1")).unwrap().digest;
        assert!(!third.matches(other.current()));
        assert!(!third.matches("a4482757c7f63428a58de4877f486cbb997b727c1ecc89bbd6abeb04b11c180d"));
    }

    #[test]
    fn a_person_without_an_account_is_kept_by_name_and_leads_nowhere() {
        let body = json!({"applyId": "1", "applyUserInfo": {"userId": "a5", "userName": "Somebody"}, "approveNodes": [
            {"approveOperator": "XOR", "approveUsers": [{"userId": "300000005", "userSourceId": "", "userName": "Li Na"}]},
            {"approveUsers": [{"userName": "N"}, {"userId": "a2"}, {"userSourceId": "a2"}, {"userId": "9", "userSourceId": "a2"}]}]});
        let request = parse(&body).unwrap().request;
        let requester = request.requester.unwrap();
        assert_eq!((requester.account(), requester.shown()), (None, "Somebody"));
        let [one, several] = &request.nodes[..] else { panic!("two nodes") };
        assert_eq!(one.approvers[0].to_string(), "Li Na (userId 300000005, no userSourceId)");
        let accounts: Vec<_> =
            several.approvers.iter().map(|person| person.account().map(Account::as_str)).collect();
        assert_eq!(accounts, [None, None, Some("a2")]);
    }

    #[test]
    fn odd_characters_are_taken_and_made_visible() {
        let body = b"\xef\xbb\xbf{\"applyId\":\"1\",\"title\":\"a\\ud800 \\u202e [b](c)\\nd\",\"content\":\"{\\\"n\\\":\\\"\\\\udc00\\\"}\"}";
        let Submission { request, details, .. } = Submission::parse(body).unwrap();
        assert_eq!(request.title, "a\u{fffd} \\u{202e} [b] (c) d");
        assert_eq!(details.to_string(), "n: \u{fffd}");
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
        let xor = json!({"applyId": "1", "approveNodes": [
            {"approveOperator": "XOR", "approveUsers": [{"userId": "1"}, {"userId": "2"}]}]});
        assert_eq!(
            why(xor),
            "node 1: approveOperator is neither OR nor AND, and there are several approvers"
        );
        assert!(Submission::parse(&[b'['; 10_000]).is_err());
        assert!(Submission::parse(b"{\"applyId\":\"1\",\"title\":1e999}").is_err());
        assert!(Submission::parse(b"{\"applyId\":\"\xff\"}").is_err());
    }
}
