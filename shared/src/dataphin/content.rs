//! What is asked for, made readable: what it is about and why come first, then all the rest in its order. What does not fit is
//! counted, and the reason and the names are the last to give way (see `page`).

use super::{
    page::{self, NOTHING, Page},
    rank::Rank,
    tree::Tree,
};
use crate::{
    approval::Details,
    legible::{legible, written, written_within},
};

/// What an approval's form shows takes no more bytes, as they are written in a table: DingTalk takes 65,535 characters a field.
pub const LIMIT: usize = 60_000;

/// Dataphin's resource types in words; looked up with `_` and case removed, as two spellings are about.
const RESOURCES: [(&str, &str); 13] = [
    ("physicaltable", "physical table"),
    ("logictable", "logical table"),
    ("metatable", "real-time meta table"),
    ("mirrortable", "mirror table"),
    ("fun", "function"),
    ("datasource", "data source"),
    ("featureconfig", "feature permission"),
    ("osapp", "data service application"),
    ("osapi", "data service API"),
    ("oslogicunit", "data service unit"),
    ("osds", "data service data source"),
    ("secretkey", "secret key"),
    ("globalparam", "global variable"),
];

/// The content as named items, or as text, with the members that stand `beside` it in the submit. An open format: nothing is
/// refused, whatever is unknown is shown flattened.
pub fn readable(content: &Tree, beside: &[(String, Tree)]) -> Details {
    let mut page = Page::default();
    for (name, value) in beside {
        page.beside(name, value);
    }
    match content {
        Tree::Null => {}
        Tree::Word(text) | Tree::Text(text) => return with_text(page, text),
        Tree::List(list) if list.is_empty() => {}
        Tree::List(_) => page.flatten("", content),
        Tree::Object(members) => members.iter().for_each(|(name, value)| member(&mut page, name, value)),
    }
    page.details(LIMIT)
}

/// A content without members, and what stands beside it.
fn with_text(page: Page, text: &str) -> Details {
    let mut details = page.details(LIMIT / 2);
    let counted = Some(details.text).filter(|counted| !counted.is_empty());
    let taken = counted.as_ref().map_or(0, |counted| written(&format!("{counted}\n")));
    let text = written_within(&legible(text), LIMIT - taken - page::size(&details.items));
    details.text = [text].into_iter().chain(counted).collect::<Vec<_>>().join("\n");
    details
}

/// A member of the content: the known ones in words.
fn member(page: &mut Page, name: &str, value: &Tree) {
    match (name, value) {
        ("resourceType", Tree::Text(kind)) => page.line(Rank::Subject, "Resource", &resource(kind)),
        ("grantToUsers", Tree::List(grants)) => {
            for (index, grant) in grants.iter().enumerate() {
                grant_to(page, &format!("grantToUsers[{}]", index + 1), grant);
            }
        }
        ("bpmsEnvironment", Tree::Object(members)) => environment(page, members),
        _ => page.flatten(name, value),
    }
}

fn resource(kind: &str) -> String {
    let folded: String = kind.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect();
    let known = RESOURCES.iter().find(|(name, _)| *name == folded);
    known.map_or_else(|| kind.to_owned(), |(_, words)| format!("{words} ({kind})"))
}

/// `Zhang San (userId 7001, personal) until 2022-07-01`, and below it whatever else is said of the grant.
fn grant_to(page: &mut Page, path: &str, grant: &Tree) {
    let Tree::Object(members) = grant else { return page.flatten(path, grant) };
    if members.is_empty() {
        return page.flatten(path, grant);
    }
    let mut grant = Members(members.clone());
    let (mut account, mut period) = (grant.take_object("account"), grant.take_object("period"));
    let who = who(&mut account);
    page.entry(Rank::Name, "Grant to", &format!("{who}{}", until(&mut period)));
    for (part, rest) in [("account", account.0), ("period", period.0)] {
        flatten_rest(page, &format!("{path}.{part}"), rest);
    }
    flatten_rest(page, path, grant.0);
}

/// The name and the id: two people may have one name.
fn who(account: &mut Members) -> String {
    let (name, id) = (account.take("userName"), account.take("userId"));
    let kind = account.take("accountType").map(|kind| match kind.as_str() {
        "PERSONAL" => "personal".to_owned(),
        "PRODUCE" => "production account".to_owned(),
        "USER_GROUP" => "user group".to_owned(),
        _ => kind,
    });
    let (who, id) = match (name, id) {
        (Some(name), Some(id)) if name == id => (name, None),
        (Some(name), id) => (name, id.map(|id| format!("userId {id}"))),
        (None, Some(id)) => (format!("userId {id}"), None),
        (None, None) => (NOTHING.to_owned(), None),
    };
    let more: Vec<String> = id.into_iter().chain(kind).collect();
    if more.is_empty() { who } else { format!("{who} ({})", more.join(", ")) }
}

fn until(period: &mut Members) -> String {
    match (period.take("periodType").as_deref(), period.take("periodEnd")) {
        (Some("LONG_TERM"), None) => " for good".to_owned(),
        (None | Some("CUSTOM"), Some(end)) => format!(" until {end}"),
        (Some("LONG_TERM"), Some(end)) => format!(" for good (LONG_TERM; periodEnd {end})"),
        (Some(period), Some(end)) => format!(" until {end} ({period})"),
        (Some("CUSTOM"), None) => format!(" until {NOTHING} (CUSTOM)"),
        (Some(period), None) => format!(" for {period}"),
        (None, None) => String::new(),
    }
}

fn environment(page: &mut Page, members: &[(String, Tree)]) {
    let mut members = Members(members.to_vec());
    let named = [
        ("Project", "projectDisplayName", "projectName"),
        ("Business unit", "bizUnitDisplayName", "bizUnitName"),
    ];
    for (label, display, name) in named {
        match (members.take(display), members.take(name)) {
            (Some(display), Some(name)) if display != name => {
                page.line(Rank::Name, label, &format!("{display} ({name})"));
            }
            (Some(text), _) | (None, Some(text)) => page.line(Rank::Name, label, &text),
            (None, None) => {}
        }
    }
    if let Some(environment) = members.take("resourceEnv") {
        page.line(Rank::Name, "Environment", &environment);
    }
    flatten_rest(page, "bpmsEnvironment", members.0);
}

fn flatten_rest(page: &mut Page, path: &str, rest: Vec<(String, Tree)>) {
    if !rest.is_empty() {
        page.flatten(path, &Tree::Object(rest));
    }
}

/// Members, from which the known ones are taken. What is empty or has another shape is left, to be shown as it is.
struct Members(Vec<(String, Tree)>);

impl Members {
    /// A text or a number.
    fn take(&mut self, name: &str) -> Option<String> {
        let is_said =
            |value: &Tree| matches!(value, Tree::Text(text) | Tree::Word(text) if !text.trim().is_empty());
        let at = self.0.iter().position(|(known, value)| known == name && is_said(value))?;
        match self.0.remove(at).1 {
            Tree::Text(text) | Tree::Word(text) => Some(text),
            _ => None,
        }
    }

    /// The first object of this name that has members.
    fn take_object(&mut self, name: &str) -> Self {
        let has_members = |value: &Tree| matches!(value, Tree::Object(members) if !members.is_empty());
        let at = self.0.iter().position(|(known, value)| known == name && has_members(value));
        match at.map(|at| self.0.remove(at).1) {
            Some(Tree::Object(object)) => Self(object),
            _ => Self(Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(content: &str) -> String {
        readable(&Tree::read(content.as_bytes()).unwrap(), &[]).to_string()
    }

    #[test]
    fn a_table_permission_reads_like_a_sentence() {
        let content = include_str!("../../tests/fixtures/dataphin/content.table-permission.json");
        let expected = "Resource: physical table (PHYSICAL_TABLE)\n\
                        Project: test_projectDisplayName (test_projectName)\n\
                        Business unit: test_bizUnitDisplayName (test_bizUnitName)\n\
                        Environment: PROD\n\
                        Grant to: test_userName (userId 1000000001, personal) until 2022-07-01 (DAYS_30)";
        assert_eq!(shown(content), expected);
        let wrapped = serde_json::json!({"content": content}).to_string();
        assert_eq!(readable(&Tree::member(wrapped.as_bytes(), "content"), &[]).to_string(), expected);
    }

    #[test]
    fn what_is_not_known_is_shown_all_the_same_and_in_its_order() {
        let content = r#"{"nested": {"list": [{"a": 1.10}, {"b": null}], "deep": {"flag": true}}, "zeta": 1, "alpha": 2,
            "resourceType": "HOLOGRAM", "operateTypes": ["SELECT", "UPDATE"], "applyReason": "month end"}"#;
        let expected = "Resource: HOLOGRAM\noperateTypes: SELECT, UPDATE\napplyReason: month end\n\
                        nested.list[1].a: 1.10\nnested.list[2].b: -\nnested.deep.flag: true\nzeta: 1\nalpha: 2";
        assert_eq!(shown(content), expected);
    }

    #[test]
    fn nothing_of_a_grant_or_an_environment_is_lost() {
        let content = r#"{"grantToUsers": [
                {"account": {"userId": "7", "level": "L2"}, "period": {"periodType": "LONG_TERM"}, "scope": "all"}, "odd"],
            "bpmsEnvironment": {"projectName": "p", "resourceEnv": 1, "zone": "z"}}"#;
        let expected = "Project: p\nEnvironment: 1\nGrant to: userId 7 for good\ngrantToUsers[1].account.level: L2\n\
                        grantToUsers[1].scope: all\ngrantToUsers[2]: odd\nbpmsEnvironment.zone: z";
        assert_eq!(shown(content), expected);
    }

    #[test]
    fn a_grant_says_who_also_where_two_have_one_name_or_none() {
        let grant = |account: &str, period: &str| {
            shown(&format!(r#"{{"grantToUsers": [{{"account": {account}, "period": {period}}}]}}"#))
        };
        let long_term = r#"{"periodType": "LONG_TERM"}"#;
        let table = [
            (r#"{"userName": "Li", "userId": "7001"}"#, long_term, "Grant to: Li (userId 7001) for good"),
            (r#"{"userName": "Li", "userId": 7002}"#, long_term, "Grant to: Li (userId 7002) for good"),
            (
                r#"{"userName": " ", "userId": "7003", "accountType": "PERSONAL"}"#,
                r#"{"periodType": "CUSTOM", "periodEnd": ""}"#,
                "Grant to: userId 7003 (personal) until - (CUSTOM)\ngrantToUsers[1].account.userName: -\n\
                 grantToUsers[1].period.periodEnd: -",
            ),
            ("null", "{}", "Grant to: -\ngrantToUsers[1].account: -\ngrantToUsers[1].period: -"),
        ];
        for (account, period, expected) in table {
            assert_eq!(grant(account, period), expected);
        }
    }

    #[test]
    fn what_is_empty_is_shown_as_such() {
        let content = r#"{"tableName": "", "a": null, "b": {}, "c": [], "grantToUsers": [{}],
            "bpmsEnvironment": {"bizUnitDisplayName": "BU", "bizUnitName": ""}}"#;
        let expected = "tableName: -\nBusiness unit: BU\nbpmsEnvironment.bizUnitName: -\na: -\nb: -\nc: -\ngrantToUsers[1]: -";
        let lines =
            |text: &str| text.lines().map(ToOwned::to_owned).collect::<std::collections::BTreeSet<_>>();
        assert_eq!(lines(&shown(content)), lines(expected));
    }

    #[test]
    fn what_stands_beside_the_content_is_shown_with_it() {
        let beside = vec![("applyReason".to_owned(), Tree::Text("month end".to_owned()))];
        let content = Tree::read(br#"{"tableName": "t", "a": 1}"#).unwrap();
        let expected = "submit.applyReason: month end\ntableName: t\na: 1";
        assert_eq!(readable(&content, &beside).to_string(), expected);
        let plain = |length| readable(&Tree::Text("\"".repeat(length)), &beside).to_string();
        assert_eq!(plain(2), "submit.applyReason: month end\n\"\"");
        assert!(plain(100_000).starts_with("submit.applyReason: month end\n"));
        assert!(plain(100_000).contains("more characters not shown") && written(&plain(100_000)) <= LIMIT);
    }

    #[test]
    fn lines_stay_and_what_deceives_is_made_visible() {
        let content = r#"{"resourceType": "Fun", "code": "-- clean up old rows\nDROP TABLE dwd_user;\n\tselect 1;\n",
            "tableName": "safe\u202etxt.exe", "applyReason": "see [here](https://example.com)"}"#;
        let expected = "Resource: function (Fun)\napplyReason: see [here] (https://example.com)\n\
                        tableName: safe\\u{202e}txt.exe\n\
                        code:\n-- clean up old rows\nDROP TABLE dwd_user;\n\tselect 1;\n";
        assert_eq!(shown(content), expected);
    }

    #[test]
    fn plain_text_stays_and_length_is_bounded() {
        let text = |text: &str| readable(&Tree::Text(text.to_owned()), &[]).text;
        assert_eq!(text("bpms content\n  of two lines"), "bpms content\n  of two lines");
        assert_eq!(readable(&Tree::Null, &[]), Details::default());
        let cut = text(&"x".repeat(1_000_000));
        assert!(cut.len() <= LIMIT && cut.contains("more characters not shown"), "{}", cut.len());
    }
}
