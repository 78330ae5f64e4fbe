//! How an approval is laid out as an item.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::{StoreError, approvers, size};
use crate::approval::{Approval, ApprovalId, Record, State};

pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) const KEY: &str = "pk";
pub(super) const COMMIT: &str = "commit";
pub(super) const VERSION: &str = "version";
pub(super) const DUE_INDEX: &str = "due";
pub(super) const DUE_SHARD: &str = "due_shard";
pub(super) const DUE_AT: &str = "due_at";
pub(super) const STATUS_INDEX: &str = "status";
pub(super) const STATUS: &str = "status";
pub(super) const EXPIRES: &str = "expires";
pub(super) const UPDATED_AT: &str = "updated_at";
pub(super) const APPLY_ID: &str = "apply_id";

/// Partitions of the *due* index.
pub const DUE_SHARDS: u8 = 4;

/// An approval as stored: the attributes that keys and conditions use, then the approval itself.
#[derive(Serialize, Deserialize)]
struct ApprovalItem<R, S> {
    pk: String,
    /// Another one with each commit: tells a repeated write of our own from someone else's.
    commit: String,
    version: u64,
    status: String,
    updated_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_shard: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<i64>,
    apply_id: String,
    tenant: String,
    record: R,
    state: S,
}

/// What is kept of a timeline for which there is no room: entries at its beginning, and at its end.
const SHORTER: [(usize, usize); 4] = [(16, 16), (16, 4), (4, 4), (1, 1)];

/// The item of an approval, under the id of the commit that writes it. Where it would be too large, the timeline gives way: the
/// commit of an outcome must not fail for want of room.
pub(super) fn to_item(approval: &Approval, commit: &str) -> Result<Item, StoreError> {
    let mut item = whole(approval, commit)?;
    for (first, last) in SHORTER {
        if size::size(&item) <= size::MAX_ITEM {
            break;
        }
        let mut shorter = approval.clone();
        shorter.record.timeline.shorten(first, last);
        item = whole(&shorter, commit)?;
    }
    Ok(item)
}

/// Whether an approval that has just been received is too large to be kept until its end.
pub(super) fn outgrows(approval: &Approval) -> Result<bool, StoreError> {
    let approvers = approval.record.request.nodes.iter().map(|node| node.approvers.len()).sum();
    Ok(size::outgrows(&whole(approval, "")?, approvers))
}

fn whole(approval: &Approval, commit: &str) -> Result<Item, StoreError> {
    let Approval { record, state } = approval;
    let due_at = state.due_at();
    let mut item = serde_dynamo::to_item(ApprovalItem {
        pk: approval_key(&record.id),
        commit: commit.to_owned(),
        version: record.version,
        status: state.status().name().to_owned(),
        updated_at: record.updated_at.as_millisecond(),
        due_shard: due_at.map(|_| shard_of(record.id.as_str())),
        due_at: due_at.map(jiff::Timestamp::as_millisecond),
        apply_id: record.key.apply_id.as_str().to_owned(),
        tenant: record.key.tenant.as_str().to_owned(),
        record,
        state,
    })?;
    approvers::fold(&mut item, approval);
    Ok(item)
}

/// Whether an item was written by this commit.
pub(super) fn is_commit(item: &Item, commit: &str) -> bool {
    item.get(COMMIT).and_then(|value| value.as_s().ok()).is_some_and(|written| written == commit)
}

/// The approval in an item.
pub(super) fn from_item(mut item: Item) -> Result<Approval, StoreError> {
    approvers::unfold(&mut item)?;
    let item: ApprovalItem<Record, State> = serde_dynamo::from_item(item)?;
    Ok(Approval { record: item.record, state: item.state })
}

pub(super) fn approval_key(id: &ApprovalId) -> String {
    format!("A#{id}")
}

/// The approval id in an item's key.
pub(super) fn approval_of_key(item: &Item) -> Option<ApprovalId> {
    let key = item.get(KEY)?.as_s().ok()?;
    key.strip_prefix("A#").map(ApprovalId::new)
}

/// Spreads the *due* index over partitions: an id is random already.
pub(super) fn shard_of(id: &str) -> String {
    let sum = id.bytes().fold(0_u8, u8::wrapping_add);
    shard_name(sum % DUE_SHARDS)
}

pub(super) fn shard_name(shard: u8) -> String {
    format!("due-{shard}")
}

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}
