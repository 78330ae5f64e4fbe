//! An item as it travels: DynamoDB's JSON with the names in order, so that the same item is always the same bytes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    StoreError,
    aliases::{APPROVALS, TENANTS, TENANTS_NAMED},
    item::{EXPIRES, Item, KEY, STATUS, VERSION},
    templates::BOOK,
};

/// The approval that an instance's item names.
const OWNER: &str = "approval";

/// An item as it travels.
#[derive(Debug, Clone, PartialEq)]
pub struct RawItem {
    key: String,
    json: String,
    pub(super) item: Item,
}

/// What an item is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RawKind {
    /// An approval.
    Approval,
    /// What an approval's form shows.
    Details,
    /// Which approvals bear an id of the source.
    Alias,
    /// A DingTalk instance: whose it is, or an event that came too early.
    Instance,
    /// The tenants of approvals that may have no alias.
    Tenants,
    /// Which template a request gets.
    Templates,
    /// What a store remembers of its own work: marks, sightings, its name, trials.
    Note,
}

impl RawItem {
    /// Reads a line; `None` when it is no item, or not to the byte as an item is written.
    pub fn read(line: &str) -> Option<Self> {
        Self::of(members(&serde_json::from_str(line).ok()?)?).ok().filter(|item| item.json == line)
    }

    pub(super) fn of(item: Item) -> Result<Self, StoreError> {
        let key = item.get(KEY).and_then(|value| value.as_s().ok()).ok_or(StoreError::Damaged)?.clone();
        let json = object(&item)?.to_string();
        Ok(Self { key, json, item })
    }

    /// Its key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Its JSON, in one line.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// What it is about.
    pub fn kind(&self) -> RawKind {
        match (self.key.get(..2), self.key.as_str()) {
            (Some("A#"), _) => RawKind::Approval,
            (Some("D#"), _) => RawKind::Details,
            (Some("L#"), _) => RawKind::Alias,
            (Some("I#"), _) => RawKind::Instance,
            (_, BOOK) => RawKind::Templates,
            (_, TENANTS) => RawKind::Tenants,
            _ => RawKind::Note,
        }
    }

    /// How often it was committed, where that is counted.
    pub fn version(&self) -> Option<u64> {
        self.item.get(VERSION)?.as_n().ok()?.parse().ok()
    }

    /// An approval's status.
    pub fn status(&self) -> Option<&str> {
        self.item.get(STATUS)?.as_s().ok().map(String::as_str)
    }

    /// The approval that an instance belongs to, where one has claimed it.
    pub fn owner(&self) -> Option<&str> {
        self.item.get(OWNER)?.as_s().ok().map(String::as_str)
    }

    /// The approvals that an alias names, or the tenants of approvals that may have none.
    pub fn named(&self) -> BTreeSet<String> {
        let approvals = self.item.get(APPROVALS).and_then(|set| set.as_ss().ok()).into_iter().flatten();
        let tenants = self.item.get(TENANTS_NAMED).and_then(|list| list.as_l().ok()).into_iter().flatten();
        approvals.chain(tenants.filter_map(|tenant| tenant.as_s().ok())).cloned().collect()
    }

    /// Whether its time is over: it is as good as absent.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        has_expired(&self.item, now)
    }
}

pub(super) fn has_expired(item: &Item, now: Timestamp) -> bool {
    let expires =
        item.get(EXPIRES).and_then(|value| value.as_n().ok()).and_then(|seconds| seconds.parse().ok());
    expires.is_some_and(|seconds: i64| seconds <= now.as_second())
}

fn object(members: &HashMap<String, AttributeValue>) -> Result<Value, StoreError> {
    let ordered: BTreeMap<&String, &AttributeValue> = members.iter().collect();
    let member = |(name, value): (&String, &AttributeValue)| Ok((name.clone(), typed(value)?));
    Ok(Value::Object(ordered.into_iter().map(member).collect::<Result<Map<_, _>, StoreError>>()?))
}

fn typed(value: &AttributeValue) -> Result<Value, StoreError> {
    Ok(match value {
        AttributeValue::S(text) => json!({"S": text}),
        AttributeValue::N(number) => json!({"N": number}),
        AttributeValue::Bool(yes) => json!({"BOOL": yes}),
        AttributeValue::Null(_) => json!({"NULL": true}),
        AttributeValue::L(list) => {
            json!({"L": list.iter().map(typed).collect::<Result<Vec<_>, _>>()?})
        }
        AttributeValue::M(members) => json!({"M": object(members)?}),
        // A set has no order of its own.
        AttributeValue::Ss(texts) => json!({"SS": texts.iter().collect::<BTreeSet<_>>()}),
        // The bridge writes no other sets and no bytes.
        _ => return Err(StoreError::Damaged),
    })
}

fn members(value: &Value) -> Option<Item> {
    value.as_object()?.iter().map(|(name, value)| Some((name.clone(), untyped(value)?))).collect()
}

fn untyped(value: &Value) -> Option<AttributeValue> {
    let (kind, value) = value.as_object().filter(|one| one.len() == 1)?.iter().next()?;
    Some(match kind.as_str() {
        "S" => AttributeValue::S(value.as_str()?.to_owned()),
        "N" => AttributeValue::N(value.as_str()?.to_owned()),
        "BOOL" => AttributeValue::Bool(value.as_bool()?),
        "NULL" => AttributeValue::Null(true),
        "L" => AttributeValue::L(value.as_array()?.iter().map(untyped).collect::<Option<_>>()?),
        "M" => AttributeValue::M(members(value)?),
        "SS" => AttributeValue::Ss(value.as_array()?.iter().map(set_member).collect::<Option<_>>()?),
        _ => return None,
    })
}

fn set_member(value: &Value) -> Option<String> {
    value.as_str().map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str =
        r#"{"a":{"L":[{"N":"1"},{"NULL":true}]},"pk":{"S":"A#1"},"z":{"M":{"x":{"BOOL":true}}}}"#;

    #[test]
    fn an_item_is_the_same_bytes_whatever_order_it_comes_in() {
        let item = RawItem::read(LINE).unwrap();
        assert_eq!((item.key(), item.json()), ("A#1", LINE));
        let again = RawItem::of(item.item.into_iter().collect()).unwrap();
        assert_eq!(again.json(), LINE);
    }

    #[test]
    fn a_set_travels_in_one_order() {
        let line = r#"{"a":{"SS":["1","2"]},"pk":{"S":"M#1"}}"#;
        let item = RawItem::read(line).unwrap();
        let other = AttributeValue::Ss(vec!["2".to_owned(), "1".to_owned()]);
        let again = RawItem::of(item.item.into_iter().chain([("a".to_owned(), other)]).collect()).unwrap();
        assert_eq!(again.json(), line);
    }

    #[test]
    fn what_export_would_write_otherwise_is_no_item() {
        for line in [
            "",
            "{}",
            "[]",
            r#"{"pk":{"N":"1"}}"#,
            r#"{"pk":{"S":"x"},"b":{"B":"AA=="}}"#,
            r#"{"pk":{"S":"A#1"},"a":{"N":"1"}}"#,
            r#"{"pk":{"S":"A#1"},"pk":{"S":"A#1"}}"#,
            r#"{"pk": {"S":"A#1"}}"#,
            r#"{"pk":{"S":"\u0041#1"}}"#,
            r#"{"a":{"NULL":false},"pk":{"S":"A#1"}}"#,
            r#"{"a":{"SS":["2","1"]},"pk":{"S":"A#1"}}"#,
            r#"{"a":{"SS":["1","1"]},"pk":{"S":"A#1"}}"#,
        ] {
            assert_eq!(RawItem::read(line), None, "{line}");
        }
        let deep = format!(r#"{{"pk":{{"S":"A#1"}},"z":{}"#, r#"{"L":["#.repeat(100_000));
        assert_eq!(RawItem::read(&deep), None);
    }

    #[test]
    fn any_text_travels() {
        for text in ["", "标题 “x”", "\u{0} \u{1f} \u{7f} \u{85} \u{2028} \u{feff} \u{1F600}", "\"\\/\r\n\t"]
        {
            let item = Item::from([
                (KEY.to_owned(), AttributeValue::S(format!("A#{text}"))),
                (text.to_owned(), AttributeValue::S(text.to_owned())),
            ]);
            let item = RawItem::of(item).unwrap();
            assert!(!item.json().contains('\n'));
            assert_eq!(RawItem::read(item.json()).as_ref(), Some(&item));
        }
    }
}
