//! The promise to approvers: they see what they approve. For any content, and any template that is accepted.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::Value;

use super::{
    Content, Fill, Template,
    fill::{shows_content, values},
    mapping::mapping,
};
use crate::{
    approval::{ApplyId, ApprovalKey, Details, ProcessCode, Record, Request, Source, Tenant, UserId},
    dataphin::{content::readable, tree::Tree},
    dingtalk::forms::{Form, FormField, FormStatus},
    legible::{legible, written},
};

/// A reason and a name that take no more are on the form in full, whatever else there is.
const IN_FULL: usize = 250;
/// DingTalk takes no more.
const MAX_VALUE: usize = 65_535;
const MARK: &str = "…（还有 ";

const REASONS: [&str; 8] =
    ["applyReason", "publish_remark", "purpose", "申请原因", "备注", "description", "comment", "note"];
const NAMES: [&str; 7] =
    ["tableName", "resource_code", "tableGuid", "apiPath", "资源名称", "表名", "objectName"];

/// What stands around a reason and a name: all that is large, and of every rank.
fn noise() -> impl Strategy<Value = String> {
    let many = |name: &'static str, element: &'static str| {
        (0_usize..9_000).prop_map(move |n| format!(r#""{name}":[{}]"#, vec![element; n].join(",")))
    };
    prop_oneof![
        (0_usize..300_000).prop_map(|n| format!(r#""sql":"{}""#, r#"-- a\nselect \"x\";\n"#.repeat(n / 20))),
        (0_usize..100_000).prop_map(|n| format!(r#""publishRemark":"{}""#, "x".repeat(n))),
        (0_usize..60_000).prop_map(|n| format!(r#""functionName":"{}""#, r#"\""#.repeat(n))),
        many("columnNames", r#""col""#),
        many("operateColumns", r#""col""#),
        many("columns", r#"{"columnName":"c","columnComment":"\n"}"#),
        many("items", r#"{"a":1}"#),
        many("empty", "[[]]"),
        (0_usize..3_000).prop_map(|n| format!(r#""deep":{}{}"#, "[".repeat(n + 1), "]".repeat(n + 1))),
        Just(r#""bpmsEnvironment":{"projectName":"p","resourceEnv":"PROD"},"resourceType":"FUN""#.to_owned()),
        Just(r#""grantToUsers":[{"account":{"userName":"Li","userId":"7001"}}]"#.to_owned()),
    ]
}

/// A text with a beginning that is known.
fn needle(mark: &'static str) -> impl Strategy<Value = String> {
    let word = select(vec!["word ", "中文", "\n\t", "\"quoted\"", "\\"]);
    prop_oneof![vec(word.clone(), 0..20), vec(word, 0..20_000)]
        .prop_map(move |words| format!("{mark}{}.{mark}", words.concat()))
}

#[derive(Debug)]
struct Case {
    content: String,
    reason: String,
    name: String,
}

/// A reason and a name, up to forty levels deep, in lists and in objects.
fn case() -> impl Strategy<Value = Case> {
    let depth = prop_oneof![Just(0_usize), 0_usize..4, 0_usize..40];
    let around = depth.prop_flat_map(|depth| vec((any::<bool>(), any::<bool>()), depth));
    let member = |names: &'static [&'static str], mark| (select(names), needle(mark));
    (vec(noise(), 0..5), around, member(&REASONS, "WHY"), member(&NAMES, "TBL")).prop_map(
        |(noise, around, (reason_name, reason), (name_name, name))| {
            let member = |name: &str, text: &str| format!("{}:{}", Value::from(name), Value::from(text));
            let mut inner = format!("{{{},{}}}", member(reason_name, &reason), member(name_name, &name));
            for (in_list, before) in around {
                let sibling = if before { r#"{"b":1},"# } else { "" };
                inner = if in_list { format!("[{sibling}{inner}]") } else { format!(r#"{{"in":{inner}}}"#) };
            }
            let content = format!(
                "{{{}}}",
                noise.into_iter().chain([format!(r#""inner":{inner}"#)]).collect::<Vec<_>>().join(",")
            );
            Case { content, reason, name }
        },
    )
}

fn own(fields: &[(&str, &str)]) -> Vec<Fill> {
    let text = |label: &str| FormField {
        id: label.to_owned(),
        label: label.to_owned(),
        component: "TextareaField".to_owned(),
        ..FormField::default()
    };
    let field = |(label, component): &(&str, &str)| FormField {
        component: (*component).to_owned(),
        columns: vec![text("项目"), text("说明")],
        ..text(label)
    };
    let fields = fields.iter().map(field).collect();
    mapping(&Form { name: "own".to_owned(), status: FormStatus::Published, fields }, &[]).unwrap()
}

/// With a table and a text, with a text, with a table.
fn templates() -> [Vec<Fill>; 4] {
    let [reference, table, details] =
        [("单号", "TextField"), ("资源", "TableField"), ("内容", "TextareaField")];
    [
        Template::by_hand(ProcessCode::new("PROC-1")).fills,
        own(&[reference, table, details]),
        own(&[reference, details]),
        own(&[reference, table]),
    ]
}

fn record() -> Record {
    let apply_id = ApplyId::new("apply-7");
    let key = ApprovalKey { source: Source::Dataphin, tenant: Tenant::new(""), apply_id };
    let request = Request {
        title: "the title".to_owned(),
        kind: "AUTH".to_owned(),
        template: None,
        requester: None,
        nodes: Vec::new(),
    };
    Record::of(key, request, String::new(), jiff::Timestamp::UNIX_EPOCH)
}

/// What people read on the form.
fn on_the_form(fills: &[Fill], details: &Details) -> Result<String, TestCaseError> {
    let mut seen = Vec::new();
    for (fill, value) in fills.iter().zip(values(fills, &record(), details, &UserId::new("o"))) {
        prop_assert!(value.value.len() <= MAX_VALUE, "{}: {}", fill.label, value.value.len());
        if fill.content != Content::Items {
            seen.push(value.value);
        } else if !value.value.is_empty() {
            let rows: Vec<Vec<Value>> = serde_json::from_str(&value.value).unwrap();
            prop_assert!(rows.len() <= 100);
            let cells = rows.iter().flatten().map(|cell| cell["value"].as_str().unwrap().to_owned());
            seen.extend(cells);
        }
    }
    Ok(seen.join("\n"))
}

/// It is there in full, or begins there and says beside it that it is cut.
fn is_seen(form: &str, text: &str) -> Result<(), TestCaseError> {
    let text = &*legible(text);
    let at = form.find(&text[..3]);
    prop_assert!(at.is_some(), "{} is not on the form", &text[..3]);
    let form = &form[at.unwrap()..];
    let same = form.chars().zip(text.chars()).take_while(|(one, other)| one == other);
    let shown: usize = same.map(|(c, _)| c.len_utf8()).sum();
    if shown < text.len() {
        prop_assert!(written(text) > IN_FULL, "cut although it is short");
        prop_assert!(form[shown..].starts_with(MARK), "no mark: {:?}", form[shown..].chars().take(40));
        prop_assert!(shown > 50);
    }
    Ok(())
}

/// How many lines all of it would be: a list of single values is one.
fn lines(tree: &Tree) -> usize {
    match tree {
        Tree::Object(members) if !members.is_empty() => members.iter().map(|(_, tree)| lines(tree)).sum(),
        Tree::List(list) if list.iter().any(|tree| matches!(tree, Tree::List(_) | Tree::Object(_))) => {
            list.iter().map(lines).sum()
        }
        _ => 1,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_reason_and_the_resource_are_on_every_form_and_what_is_cut_is_marked(case in case()) {
        let tree = Tree::read(case.content.as_bytes()).unwrap();
        let details = readable(&tree, &[]);
        for fills in templates() {
            prop_assert!(shows_content(&fills));
            let form = on_the_form(&fills, &details)?;
            is_seen(&form, &case.reason)?;
            is_seen(&form, &case.name)?;
            for text in ["the title", "AUTH", "apply-7"] {
                prop_assert!(form.contains(text), "{text}");
            }
        }
        if !case.content.contains("grantToUsers") {
            let counted = details.text.split_whitespace().nth(1).map_or(0, |count| count.parse::<usize>().unwrap());
            prop_assert_eq!(details.items.len() + counted, lines(&tree), "{}", details.text);
        }
    }
}
