//! What is asked for, made readable: what it is about and why come first, then all the rest in its order. What does not fit is
//! counted, and the reason and the names are the last to give way (see `page`).

use super::{
    page::{Page, Rank},
    tree::Tree,
};
use crate::{
    approval::Details,
    legible::{legible, within},
};

/// What an approval's form shows takes no more bytes: DingTalk takes 65,535 characters a field.
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

/// The content as named items, or as text. An open format: nothing is refused, whatever is unknown is shown flattened.
pub fn readable(content: &Tree) -> Details {
    match content {
        Tree::Null => Details::default(),
        Tree::Word(text) | Tree::Text(text) => {
            Details { items: Vec::new(), text: within(&legible(text), LIMIT) }
        }
        Tree::List(_) => {
            let mut page = Page::default();
            page.flatten("", content);
            page.details(LIMIT)
        }
        Tree::Object(members) => {
            let mut page = Page::default();
            // However much comes before it, the reason is found.
            let (reasons, others): (Vec<_>, Vec<_>) =
                members.iter().partition(|(name, _)| Rank::of(name) == Rank::Reason);
            for (name, value) in reasons.into_iter().chain(others) {
                member(&mut page, name, value);
            }
            page.details(LIMIT)
        }
    }
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

/// `Zhang San (personal) until 2022-07-01`, and below it whatever else is said of the grant.
fn grant_to(page: &mut Page, path: &str, grant: &Tree) {
    let Tree::Object(members) = grant else { return page.flatten(path, grant) };
    let (mut account, mut members) = take_object(members, "account");
    let (mut period, others) = take_object(&members, "period");
    members = others;
    let (name, id) = (account.take("userName"), account.take("userId"));
    let kind = match account.take("accountType").as_deref() {
        Some("PERSONAL") => " (personal)".to_owned(),
        Some("PRODUCE") => " (production account)".to_owned(),
        Some("USER_GROUP") => " (user group)".to_owned(),
        Some(other) => format!(" ({other})"),
        None => String::new(),
    };
    let until = match (period.take("periodType").as_deref(), period.take("periodEnd")) {
        (Some("LONG_TERM"), None) => " for good".to_owned(),
        (None | Some("CUSTOM"), Some(end)) => format!(" until {end}"),
        (Some("LONG_TERM"), Some(end)) => format!(" for good (LONG_TERM; periodEnd {end})"),
        (Some(period), Some(end)) => format!(" until {end} ({period})"),
        (Some(period), None) => format!(" for {period}"),
        (None, None) => String::new(),
    };
    let who = name.or(id).unwrap_or_else(|| "?".to_owned());
    page.line(Rank::Other, "Grant to", &format!("{who}{kind}{until}"));
    for (part, rest) in [("account", account.0), ("period", period.0)] {
        page.flatten(&format!("{path}.{part}"), &Tree::Object(rest));
    }
    page.flatten(path, &Tree::Object(members));
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
    page.flatten("bpmsEnvironment", &Tree::Object(members.0));
}

/// Members, from which the known ones are taken.
#[derive(Default)]
struct Members(Vec<(String, Tree)>);

impl Members {
    /// A text; whatever is none is left.
    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(known, value)| known == name && matches!(value, Tree::Text(_)))?;
        match self.0.remove(at).1 {
            Tree::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// The first object of this name, and what is beside it.
fn take_object(members: &[(String, Tree)], name: &str) -> (Members, Vec<(String, Tree)>) {
    let mut others = members.to_vec();
    let at = others.iter().position(|(known, value)| known == name && matches!(value, Tree::Object(_)));
    match at.map(|at| others.remove(at).1) {
        Some(Tree::Object(object)) => (Members(object), others),
        _ => (Members::default(), others),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(content: &str) -> String {
        readable(&Tree::read(content.as_bytes()).unwrap()).to_string()
    }

    #[test]
    fn a_table_permission_reads_like_a_sentence() {
        let content = include_str!("../../tests/fixtures/dataphin/content.table-permission.json");
        let expected = "Resource: physical table (PHYSICAL_TABLE)\n\
                        Grant to: test_userName (personal) until 2022-07-01 (DAYS_30)\n\
                        Project: test_projectDisplayName (test_projectName)\n\
                        Business unit: test_bizUnitDisplayName (test_bizUnitName)\n\
                        Environment: PROD";
        assert_eq!(shown(content), expected);
        let wrapped = serde_json::json!({"content": content}).to_string();
        assert_eq!(readable(&Tree::member(wrapped.as_bytes(), "content")).to_string(), expected);
    }

    #[test]
    fn what_is_not_known_is_shown_all_the_same_and_in_its_order() {
        let content = r#"{"nested": {"list": [{"a": 1.10}, {"b": null}], "deep": {"flag": true}}, "zeta": 1, "alpha": 2,
            "resourceType": "HOLOGRAM", "operateTypes": ["SELECT", "UPDATE"], "applyReason": "month end"}"#;
        let expected = "Resource: HOLOGRAM\noperateTypes: SELECT, UPDATE\napplyReason: month end\n\
                        nested.list[1].a: 1.10\nnested.deep.flag: true\nzeta: 1\nalpha: 2";
        assert_eq!(shown(content), expected);
    }

    #[test]
    fn nothing_of_a_grant_or_an_environment_is_lost() {
        let content = r#"{"grantToUsers": [
                {"account": {"userId": "7", "level": "L2"}, "period": {"periodType": "LONG_TERM"}, "scope": "all"}, "odd"],
            "bpmsEnvironment": {"projectName": "p", "resourceEnv": 1, "zone": "z"}}"#;
        let expected = "Grant to: 7 for good\ngrantToUsers[1].account.level: L2\ngrantToUsers[1].scope: all\n\
                        grantToUsers[2]: odd\nProject: p\nbpmsEnvironment.resourceEnv: 1\nbpmsEnvironment.zone: z";
        assert_eq!(shown(content), expected);
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
        let text = |text: &str| readable(&Tree::Text(text.to_owned())).text;
        assert_eq!(text("bpms content\n  of two lines"), "bpms content\n  of two lines");
        assert_eq!(readable(&Tree::Null), Details::default());
        let cut = text(&"x".repeat(1_000_000));
        assert!(cut.len() <= LIMIT && cut.contains("more characters not shown"), "{}", cut.len());
    }
}
