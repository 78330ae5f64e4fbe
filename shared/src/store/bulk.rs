//! Everything that is stored, item by item: to move it to another place. Only an operator's command does so; nothing that serves
//! a request ever scans.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    Store, StoreError,
    item::{EXPIRES, Item, KEY},
    marks::unless_condition_failed,
};

/// An item as it travels: DynamoDB's JSON with the names in order, so that the same item is always the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawItem {
    /// Its key.
    pub key: String,
    /// Its JSON, in one line.
    pub json: String,
}

/// A page of items, and where the next begins.
pub type RawPage = (Vec<RawItem>, Option<HashMap<String, AttributeValue>>);

/// What came of putting an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is there now.
    Done,
    /// It was there already, the same to the byte.
    Same,
    /// Another one is there under its key.
    Differs,
}

impl Store {
    /// A page of everything, in no order. What has expired is absent.
    pub async fn raw_page(
        &self,
        from: Option<HashMap<String, AttributeValue>>,
        now: Timestamp,
    ) -> Result<RawPage, StoreError> {
        let scan =
            self.client.scan().table_name(&*self.table).consistent_read(true).set_exclusive_start_key(from);
        let page = scan.send().await?;
        let alive = page.items().iter().filter(|item| !has_expired(item, now));
        Ok((alive.map(raw).collect::<Result<_, _>>()?, page.last_evaluated_key))
    }

    /// Puts an item where none is under its key.
    pub async fn put_raw(&self, item: &RawItem) -> Result<Put, StoreError> {
        let parsed = parse(&item.json).ok_or(StoreError::Damaged)?;
        self.count_write();
        let put = self.client.put_item().table_name(&*self.table).set_item(Some(parsed));
        if unless_condition_failed(put.condition_expression("attribute_not_exists(pk)").send().await)? {
            return Ok(Put::Done);
        }
        let key = AttributeValue::S(item.key.clone());
        let get = self.client.get_item().table_name(&*self.table).key(KEY, key).consistent_read(true);
        let there = get.send().await?.item.as_ref().map(raw).transpose()?;
        Ok(if there.as_ref() == Some(item) { Put::Same } else { Put::Differs })
    }
}

impl RawItem {
    /// Reads a line; `None` when it is no item.
    pub fn read(line: &str) -> Option<Self> {
        raw(&parse(line)?).ok()
    }
}

fn has_expired(item: &Item, now: Timestamp) -> bool {
    let expires =
        item.get(EXPIRES).and_then(|value| value.as_n().ok()).and_then(|seconds| seconds.parse().ok());
    expires.is_some_and(|seconds: i64| seconds <= now.as_second())
}

fn raw(item: &Item) -> Result<RawItem, StoreError> {
    let key = item.get(KEY).and_then(|value| value.as_s().ok()).ok_or(StoreError::Damaged)?;
    Ok(RawItem { key: key.clone(), json: object(item)?.to_string() })
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
        // The bridge writes no sets and no bytes.
        _ => return Err(StoreError::Damaged),
    })
}

fn parse(line: &str) -> Option<Item> {
    members(&serde_json::from_str(line).ok()?)
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
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_the_same_bytes_whatever_order_it_comes_in() {
        let line = r#"{"a":{"L":[{"N":"1"},{"NULL":true}]},"pk":{"S":"A#1"},"z":{"M":{"x":{"BOOL":true}}}}"#;
        let mixed = r#"{"z":{"M":{"x":{"BOOL":true}}},"pk":{"S":"A#1"},"a":{"L":[{"N":"1"},{"NULL":true}]}}"#;
        let item = RawItem::read(mixed).unwrap();
        assert_eq!((item.key.as_str(), item.json.as_str()), ("A#1", line));
        for nonsense in ["", "{}", "[]", r#"{"pk":{"N":"1"}}"#, r#"{"pk":{"S":"x"},"b":{"B":"AA=="}}"#] {
            assert_eq!(RawItem::read(nonsense), None, "{nonsense}");
        }
    }
}
