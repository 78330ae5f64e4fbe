//! What is asked for, made readable: the known members first and in words, everything else by its path.

use serde_json::{Map, Value};

use crate::approval::Details;

/// Nobody reads more on a phone; DingTalk would take 65,535.
const LONGEST: usize = 6_000;
const MOST_ITEMS: usize = 200;

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
pub fn readable(content: &Value) -> Details {
    // Dataphin sends JSON inside a string, its examples show plain text, and an object does no harm.
    let parsed = match content {
        Value::String(text) => {
            serde_json::from_str(text).ok().filter(|value: &Value| value.is_object() || value.is_array())
        }
        other => Some(other.clone()),
    };
    match (parsed, content) {
        (Some(Value::Object(members)), _) => items(members),
        (Some(Value::Null), _) => Details::default(),
        (Some(value), _) => {
            let mut page = Page::default();
            page.flatten("", &value);
            page.details()
        }
        (None, Value::String(text)) => Details { items: Vec::new(), text: shorten(text) },
        (None, _) => Details::default(),
    }
}

fn items(mut members: Map<String, Value>) -> Details {
    let mut page = Page::default();
    if let Some(Value::String(kind)) = members.remove("resourceType") {
        page.line("Resource", &resource(&kind));
    }
    let operations: Vec<String> =
        members.keys().filter(|name| name.starts_with("operate")).cloned().collect();
    for name in operations {
        if let Some(value) = members.remove(&name) {
            page.flatten(&name, &value);
        }
    }
    for grant in members.remove("grantToUsers").iter().filter_map(Value::as_array).flatten() {
        page.line("Grant to", &grantee(grant));
    }
    if let Some(Value::Object(environment)) = members.remove("bpmsEnvironment") {
        page.environment(environment);
    }
    page.flatten("", &Value::Object(members));
    page.details()
}

fn resource(kind: &str) -> String {
    let folded: String = kind.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect();
    let known = RESOURCES.iter().find(|(name, _)| *name == folded);
    known.map_or_else(|| kind.to_owned(), |(_, words)| format!("{words} ({kind})"))
}

/// `Zhang San (personal) until 2022-07-01 (30 days)`.
fn grantee(grant: &Value) -> String {
    let account = &grant["account"];
    let name = ["userName", "userId"].iter().find_map(|name| account[name].as_str()).unwrap_or("?");
    let kind = match account["accountType"].as_str() {
        Some("PERSONAL") => " (personal)",
        Some("PRODUCE") => " (production account)",
        Some("USER_GROUP") => " (user group)",
        _ => "",
    };
    let until = match (grant["period"]["periodType"].as_str(), grant["period"]["periodEnd"].as_str()) {
        (Some("LONG_TERM"), _) => " for good".to_owned(),
        (_, Some(end)) => format!(" until {end}"),
        (Some(period), None) => format!(" for {period}"),
        (None, None) => String::new(),
    };
    format!("{name}{kind}{until}")
}

#[derive(Default)]
struct Page {
    items: Vec<(String, String)>,
    characters: usize,
    full: bool,
}

impl Page {
    fn line(&mut self, label: &str, value: &str) {
        if self.items.len() == MOST_ITEMS || self.characters >= LONGEST {
            self.full = true;
            return;
        }
        let room = LONGEST - self.characters;
        let one_line = |text: &str| -> String {
            text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(room).collect()
        };
        let (label, value) = (one_line(label), one_line(value));
        self.characters += label.chars().count() + value.chars().count();
        self.items.push((label, value));
    }

    fn environment(&mut self, mut members: Map<String, Value>) {
        let named = [
            ("Project", "projectDisplayName", "projectName"),
            ("Business unit", "bizUnitDisplayName", "bizUnitName"),
        ];
        for (label, display, name) in named {
            let display = members.remove(display).and_then(|value| value.as_str().map(ToOwned::to_owned));
            let name = members.remove(name).and_then(|value| value.as_str().map(ToOwned::to_owned));
            match (display, name) {
                (Some(display), Some(name)) if display != name => {
                    self.line(label, &format!("{display} ({name})"));
                }
                (Some(text), _) | (None, Some(text)) => self.line(label, &text),
                (None, None) => {}
            }
        }
        if let Some(Value::String(environment)) = members.remove("resourceEnv") {
            self.line("Environment", &environment);
        }
        self.flatten("bpmsEnvironment", &Value::Object(members));
    }

    /// Writes every leaf with its path. Depth is bounded by the JSON parser.
    fn flatten(&mut self, path: &str, value: &Value) {
        if self.full {
            return;
        }
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    self.flatten(&path, value);
                }
            }
            Value::Array(list) if list.iter().all(|value| !value.is_object() && !value.is_array()) => {
                let words: Vec<String> = list.iter().map(leaf).collect();
                self.line(path, &words.join(", "));
            }
            Value::Array(list) => {
                for (index, value) in list.iter().enumerate() {
                    self.flatten(&format!("{path}[{}]", index + 1), value);
                }
            }
            Value::Null => {}
            leaf_value => self.line(path, &leaf(leaf_value)),
        }
    }

    fn details(self) -> Details {
        let text = if self.full { "…" } else { "" };
        Details { items: self.items, text: text.to_owned() }
    }
}

fn leaf(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn shorten(text: &str) -> String {
    let clean = text.chars().filter(|c| !c.is_control() || *c == '\n');
    let mut short: String = clean.clone().take(LONGEST).collect();
    if clean.count() > LONGEST {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_permission_reads_like_a_sentence() {
        let content: Value =
            serde_json::from_str(include_str!("../../tests/fixtures/dataphin/content.table-permission.json"))
                .unwrap();
        let expected = "Resource: physical table (PHYSICAL_TABLE)\n\
                        Grant to: test_userName (personal) until 2022-07-01\n\
                        Project: test_projectDisplayName (test_projectName)\n\
                        Business unit: test_bizUnitDisplayName (test_bizUnitName)\n\
                        Environment: PROD";
        assert_eq!(readable(&content).to_string(), expected);
        assert_eq!(
            readable(&Value::String(content.to_string())).to_string(),
            expected,
            "JSON inside a string is the same"
        );
    }

    #[test]
    fn what_is_not_known_is_shown_all_the_same() {
        let content = json!({"resourceType": "HOLOGRAM", "operateTypes": ["SELECT", "UPDATE"],
            "reason": "month end", "nested": {"list": [{"a": 1}, {"b": null}], "deep": {"flag": true}}});
        assert_eq!(
            readable(&content).to_string(),
            "Resource: HOLOGRAM\noperateTypes: SELECT, UPDATE\nnested.deep.flag: true\nnested.list[1].a: 1\nreason: month end"
        );
    }

    #[test]
    fn plain_text_stays_and_length_is_bounded() {
        assert_eq!(readable(&json!("bpms content")).text, "bpms content");
        assert_eq!(readable(&json!("42")).text, "42");
        assert_eq!(readable(&Value::Null), Details::default());
        assert!(readable(&json!("x".repeat(100_000))).text.chars().count() <= LONGEST + 1);
        assert!(readable(&json!({"n": "x".repeat(100_000)})).to_string().chars().count() <= LONGEST * 2);
        let wide: Vec<Value> = (0..5_000).map(|n| json!({"n": n})).collect();
        let details = readable(&Value::Array(wide));
        assert_eq!((details.items.len(), details.text.as_str()), (MOST_ITEMS, "…"));
    }
}
