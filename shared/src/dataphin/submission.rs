//! The body of a submit, in all its editions: what the vendor documents, and a little more leniently.

use serde_json::{Map, Value};

use super::{
    beside::beside,
    content,
    digest::Digest,
    digest_1,
    fields::{self, Fields, bad},
    tree::{self, Tree},
};
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

const INFO: &str = "applyUserInfo";
/// The members of a body that are read by their names, beside the content.
const MEMBERS: [&str; 8] =
    ["applyId", "tenantId", "title", "type", "templateCode", "applyUser", INFO, "approveNodes"];
/// In bytes; a Chinese character has three.
const MAX_TITLE: usize = 1_000;
const MAX_WORD: usize = 200;
/// The most approvers of a node.
const MAX_APPROVERS_A_NODE: usize = 50;

impl Submission {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, BadBody> {
        let fields = Fields::read(body, &MEMBERS)?;
        let apply_id = fields.exact_id("applyId")?.ok_or_else(|| bad("applyId is missing"))?;
        let tenant = fields.exact_id("tenantId")?.unwrap_or_default();
        let asked = Request {
            title: fields.text("title")?.unwrap_or_default(),
            kind: fields.text("type")?.unwrap_or_else(|| "DEFAULT".to_owned()),
            template: fields.id("templateCode")?,
            requester: requester(&fields)?,
            nodes: nodes(fields.get("approveNodes"))?,
        };
        let content = Tree::member(body, "content");
        let beside = beside(body);
        let first = json::read::<Map<String, Value>>(body).ok().and_then(|fields| digest_1::of(&fields));
        let digest = Digest::of(&asked, body, &content, &beside, first);
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

/// The documentation types `applyUserInfo` as a list and shows an object; it may come as JSON text. The first entry that names
/// anybody is the requester.
fn requester(fields: &Fields) -> Result<Option<Person>, BadBody> {
    let account = fields.id("applyUser")?;
    let mut person = named(fields.get(INFO))?;
    if let Some(account) = account.and_then(Account::new) {
        person.get_or_insert_default().account.get_or_insert(account);
    }
    Ok(person)
}

fn named(info: Option<&Tree>) -> Result<Option<Person>, BadBody> {
    let unwrapped = match info {
        Some(Tree::Text(text)) if !text.trim().is_empty() => tree::unwrapped(text),
        _ => None,
    };
    let entries = match unwrapped.as_ref().or(info) {
        None => &[][..],
        Some(Tree::Text(text)) if text.trim().is_empty() => &[],
        Some(Tree::List(list)) => list,
        Some(object @ Tree::Object(_)) => std::slice::from_ref(object),
        Some(other) => return Err(bad(format!("{INFO} is {}: send an object", fields::shape(other)))),
    };
    for entry in entries {
        match entry {
            Tree::Null => {}
            Tree::Object(members) => {
                let named =
                    person(&Fields::of(members)).map_err(|BadBody(what)| bad(format!("{INFO}: {what}")));
                if let Some(person) = named? {
                    return Ok(Some(person));
                }
            }
            other => return Err(bad(format!("{INFO} holds {}: send an object", fields::shape(other)))),
        }
    }
    Ok(None)
}

/// A person; `None` when nothing says who it is. Dataphin's own `userId` leads nowhere else, but is shown.
fn person(fields: &Fields) -> Result<Option<Person>, BadBody> {
    let person = Person {
        user_id: fields.id("userId")?.unwrap_or_default(),
        account: fields.id("userSourceId")?.and_then(Account::new),
        name: fields.text("userName")?.unwrap_or_default(),
    };
    Ok((person != Person::default()).then_some(person))
}

fn nodes(value: Option<&Tree>) -> Result<Vec<Node>, BadBody> {
    let list = match value {
        None => return Ok(Vec::new()),
        Some(Tree::List(list)) => list,
        Some(_) => return Err(bad("approveNodes is not a list")),
    };
    if list.len() > MOST_NODES {
        return Err(bad(format!("approveNodes has more than {MOST_NODES} nodes: DingTalk takes no more")));
    }
    let mut nodes = Vec::with_capacity(list.len());
    for (index, value) in list.iter().enumerate() {
        let here = |what: &str| bad(format!("node {}: {what}", index + 1));
        let Tree::Object(members) = value else { return Err(here("it is not an object")) };
        let fields = Fields::of(members);
        let read = order(&fields, index).and_then(|order| Ok((order, node(&fields)?)));
        nodes.push(read.map_err(|BadBody(what)| here(&what))?);
    }
    // Stable: nodes of the same order stay as they were sent.
    nodes.sort_by_key(|(order, _)| *order);
    Ok(nodes.into_iter().map(|(_, node)| node).collect())
}

/// `approveOrder` comes as text or as a number; absent: the place in the list.
fn order(fields: &Fields, index: usize) -> Result<i64, BadBody> {
    match fields.text("approveOrder")? {
        None => Ok(i64::try_from(index).unwrap_or(i64::MAX)),
        // A float that is whole will do.
        Some(text) => text
            .strip_suffix(".0")
            .unwrap_or(&text)
            .parse()
            .map_err(|_| bad("approveOrder is no whole number")),
    }
}

fn node(fields: &Fields) -> Result<Node, BadBody> {
    let approvers = approvers(fields.get("approveUsers"))?;
    let operator =
        fields.text("approveOperator").map(|operator| operator.unwrap_or_default().to_ascii_uppercase());
    let rule = match operator.as_deref() {
        // In Dataphin's own engine any one approver decides a node.
        Ok("" | "OR") => Rule::Any,
        Ok("AND") => Rule::All,
        // One person needs no operator.
        _ if approvers.len() == 1 => Rule::All,
        _ => return Err(bad("approveOperator is neither OR nor AND, and there are several approvers")),
    };
    Ok(Node { rule, approvers })
}

/// The approvers of a node, each once.
fn approvers(users: Option<&Tree>) -> Result<Vec<Person>, BadBody> {
    let users = match users {
        None => return Err(bad("approveUsers is missing")),
        Some(Tree::List(users)) => users,
        Some(other) => return Err(bad(format!("approveUsers is {}: send a list", fields::shape(other)))),
    };
    let mut approvers: Vec<Person> = Vec::new();
    for user in users {
        let Tree::Object(members) = user else { return Err(bad("an approver is not an object")) };
        let person = person(&Fields::of(members))?
            .ok_or_else(|| bad("an approver has no userSourceId, no userId and no userName"))?;
        let is_same = |known: &Person| match known.account() {
            Some(account) => person.account() == Some(account),
            None => *known == person,
        };
        if !approvers.iter().any(is_same) {
            approvers.push(person);
        }
        if approvers.len() > MAX_APPROVERS_A_NODE {
            return Err(bad(format!("more than {MAX_APPROVERS_A_NODE} approvers")));
        }
    }
    if approvers.is_empty() {
        return Err(bad("approveUsers is empty: choose an approver in Dataphin"));
    }
    Ok(approvers)
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
    fn the_rule_of_several_approvers_is_never_guessed() {
        let node = |operator: Value, users: Value| {
            parse(
                &json!({"applyId": "1", "approveNodes": [{"approveOperator": operator, "approveUsers": users}]}),
            )
        };
        let two = json!([{"userSourceId": "a"}, {"userSourceId": "b"}]);
        for operator in [
            json!(["AND"]),
            json!({"code": "AND"}),
            json!([]),
            json!({}),
            json!(true),
            json!("XOR"),
            json!(1),
        ] {
            let why = node(operator.clone(), two.clone()).unwrap_err().0;
            assert!(why.contains("approveOperator is neither OR nor AND"), "{operator}: {why}");
            assert!(node(operator, json!([{"userSourceId": "a"}])).is_ok(), "one person needs no operator");
        }
        for operator in [json!(null), json!(""), json!(" or ")] {
            assert_eq!(node(operator, two.clone()).unwrap().request.nodes[0].rule, Rule::Any);
        }
    }

    #[test]
    fn a_member_of_another_shape_is_refused_by_its_name() {
        for name in ["applyId", "tenantId", "title", "type", "templateCode", "applyUser"] {
            for value in [json!(["T2"]), json!({"id": "T2"}), json!(true)] {
                let mut body = json!({"applyId": "1"});
                body[name] = value;
                let why = parse(&body).unwrap_err().0;
                assert!(why.starts_with(&format!("{name} is ")), "{why}");
            }
        }
        for info in
            [json!(7), json!(true), json!("Li Na"), json!([7]), json!({"userName": ["n"]}), json!("[1]")]
        {
            let why = parse(&json!({"applyId": "1", "applyUserInfo": info})).unwrap_err().0;
            assert!(why.starts_with("applyUserInfo"), "{why}");
        }
        let users = |users: Value| parse(&json!({"applyId": "1", "approveNodes": [{"approveUsers": users}]}));
        assert_eq!(
            users(json!({"userId": "1"})).unwrap_err().0,
            "node 1: approveUsers is an object: send a list"
        );
        assert_eq!(
            users(json!([{"userId": ["1"]}])).unwrap_err().0,
            "node 1: userId is a list: send it as text"
        );
    }

    #[test]
    fn a_requester_is_read_wherever_one_is_named() {
        let info = json!({"userId": "1", "userSourceId": "s"});
        let nested = json!([info]).to_string();
        for info in [
            json!(info.to_string()),
            json!(nested),
            json!([null, info]),
            json!([{}, {"userName": ""}, info, {"userSourceId": "other"}]),
        ] {
            let named = parse(&json!({"applyId": "1", "applyUserInfo": info})).unwrap().request.requester;
            assert_eq!(account(&named.unwrap()), "s", "{info}");
        }
        for nobody in [json!(null), json!(""), json!({}), json!([]), json!([{}, null])] {
            let named = parse(&json!({"applyId": "1", "applyUserInfo": nobody})).unwrap().request.requester;
            assert_eq!(named, None);
        }
    }

    #[test]
    fn approvers_are_counted_once_each() {
        let users =
            |users: Vec<Value>| parse(&json!({"applyId": "1", "approveNodes": [{"approveUsers": users}]}));
        let same = users(vec![json!({"userSourceId": "a"}); 60]).unwrap();
        assert_eq!(same.request.nodes[0].approvers.len(), 1);
        let distinct = |n: usize| (0..n).map(|n| json!({"userSourceId": n.to_string()})).collect::<Vec<_>>();
        assert!(users(distinct(50)).is_ok());
        assert_eq!(users(distinct(51)).unwrap_err().0, "node 1: more than 50 approvers");
    }

    #[test]
    fn digits_stay_as_they_were_written() {
        let body = br#"{"applyId":123456789012345678901234567890,"title":12345678901234567890123,"content":{"n":1e999},
            "applyUserInfo":{"userId":98765432109876543210987}}"#;
        let Submission { key, request, .. } = Submission::parse(body).unwrap();
        assert_eq!(key.apply_id.as_str(), "123456789012345678901234567890");
        assert_eq!(request.title, "12345678901234567890123");
        assert_eq!(request.requester.unwrap().user_id, "98765432109876543210987");
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
        let deep = format!("{{\"applyId\":\"1\",\"content\":{}1{}}}", "[".repeat(9_000), "]".repeat(9_000));
        assert!(Submission::parse(deep.as_bytes()).is_ok(), "it is shown as text");
        assert!(Submission::parse(b"{\"applyId\":\"\xff\"}").is_err());
    }
}
