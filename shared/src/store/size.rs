//! How large an item is, by DynamoDB's rule, and how much of one an approval may take when it is received: later commits add to
//! it, and none may fail for want of room.

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::Item;

/// DynamoDB takes no larger item.
pub(super) const MAX_ITEM: usize = 400 * 1024;
/// What a received approval leaves free: for its timeline, an event, a decision with its comment, errors.
const ROOM: usize = 96 * 1024;
/// What an approver's identity in DingTalk takes, once it is known.
const IDENTITY: usize = 120;
/// Of a list or an object, and of each of its elements.
const AROUND: usize = 3;
const EACH: usize = 1;
/// Of a number, at most.
const NUMBER: usize = 21;

/// An item's bytes.
pub(super) fn size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + size_of(value)).sum()
}

/// How many bytes a received approval of so many approvers takes in the end, at most, and whether that is too many.
pub(super) fn outgrows(item: &Item, approvers: usize) -> bool {
    size(item) + approvers * IDENTITY + ROOM > MAX_ITEM
}

fn size_of(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(_) => NUMBER,
        AttributeValue::L(list) => AROUND + list.iter().map(|value| EACH + size_of(value)).sum::<usize>(),
        AttributeValue::M(members) => AROUND + EACH * members.len() + size(members),
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        // The bridge writes no bytes and no other sets.
        _ => EACH,
    }
}
