//! What is due, and what operators list: queries on the two indexes.

use std::{collections::HashMap, fmt};

use aws_sdk_dynamodb::{operation::query::builders::QueryFluentBuilder, types::AttributeValue};
use jiff::Timestamp;

use super::{
    Store, StoreError,
    instances::instance_of_key,
    item::{self, DUE_AT, DUE_INDEX, DUE_SHARD, Item, KEY, STATUS, STATUS_INDEX, number, text},
};
use crate::approval::{ApplyId, ApprovalId, InstanceId, Status, Tenant};

const PAGE: u16 = 1000;
const TENANT: &str = "tenant";

/// A page of approvals, newest first.
#[derive(Debug, Default)]
pub struct Listed {
    /// Their ids.
    pub ids: Vec<ApprovalId>,
    /// Where the next page begins; `None`: this was the last.
    pub next: Option<HashMap<String, AttributeValue>>,
}

/// Something that is due, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Since when.
    pub at: Timestamp,
    /// What.
    pub what: DueItem,
    key: String,
}

/// What can be due.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DueItem {
    /// An approval is to be advanced.
    Approval(ApprovalId),
    /// An event was reported of an instance that no approval has claimed.
    Unowned(InstanceId),
}

impl fmt::Display for DueItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Approval(id) => write!(f, "{id}"),
            Self::Unowned(instance) => write!(f, "instance {instance}"),
        }
    }
}

impl Store {
    /// What of one shard (below [`super::DUE_SHARDS`]) is due at `now`, oldest first, at most `limit`; those
    /// that follow `after`, the last of a page.
    pub async fn due(
        &self,
        shard: u8,
        now: Timestamp,
        limit: u16,
        after: Option<&Due>,
    ) -> Result<Vec<Due>, StoreError> {
        let after = after.map(|due| {
            let at = number(due.at.as_millisecond());
            let shard = text(item::shard_name(shard));
            let key = text(due.key.as_str());
            [(DUE_SHARD.into(), shard), (DUE_AT.into(), at), (KEY.into(), key)].into()
        });
        let _lane = self.lane().await;
        let output = self
            .client
            .query()
            .table_name(&*self.table)
            .index_name(DUE_INDEX)
            .key_condition_expression("#shard = :shard AND #at <= :now")
            .expression_attribute_names("#shard", DUE_SHARD)
            .expression_attribute_names("#at", DUE_AT)
            .expression_attribute_values(":shard", text(item::shard_name(shard)))
            .expression_attribute_values(":now", number(now.as_millisecond()))
            .limit(i32::from(limit))
            .set_exclusive_start_key(after)
            .send()
            .await?;
        Ok(output.items().iter().filter_map(due).collect())
    }

    /// Approvals with a status, those first that have not changed for the longest time, at most `limit`.
    pub async fn longest_untouched(&self, status: Status, limit: u16) -> Result<Vec<ApprovalId>, StoreError> {
        let query = self.with_status(status).limit(i32::from(limit));
        Ok(ids(query.send().await?.items()))
    }

    /// Approvals with a status, newest change first; only those of `apply_id` where one is given.
    pub async fn list(
        &self,
        status: Status,
        apply_id: Option<&ApplyId>,
        limit: u16,
        from: Option<HashMap<String, AttributeValue>>,
    ) -> Result<Listed, StoreError> {
        let mut query = self
            .with_status(status)
            .scan_index_forward(false)
            .limit(i32::from(limit))
            .set_exclusive_start_key(from);
        if let Some(apply_id) = apply_id {
            query = query
                .filter_expression("apply_id = :apply_id")
                .expression_attribute_values(":apply_id", text(apply_id.as_str()));
        }
        let output = query.send().await?;
        Ok(Listed { ids: ids(output.items()), next: output.last_evaluated_key })
    }

    /// All approvals with one of `statuses`; only those with the source's id (of whatever tenant) where one is given.
    pub async fn find(
        &self,
        apply_id: Option<&ApplyId>,
        statuses: &[Status],
    ) -> Result<Vec<ApprovalId>, StoreError> {
        let mut found = Vec::new();
        for status in statuses {
            let mut from = None;
            loop {
                let page = self.list(*status, apply_id, PAGE, from).await?;
                found.extend(page.ids);
                from = page.next;
                if from.is_none() {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// The tenants on a page of a status, and where the next page begins.
    pub(super) async fn tenants_page(
        &self,
        status: Status,
        limit: u16,
        from: Option<Item>,
    ) -> Result<(Vec<Tenant>, Option<Item>), StoreError> {
        let query = self.with_status(status).limit(i32::from(limit)).set_exclusive_start_key(from);
        let output = query.send().await?;
        let tenant = |item: &Item| item.get(TENANT)?.as_s().ok().map(Tenant::new);
        Ok((output.items().iter().filter_map(tenant).collect(), output.last_evaluated_key))
    }

    pub(super) fn with_status(&self, status: Status) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&*self.table)
            .index_name(STATUS_INDEX)
            .key_condition_expression("#status = :status")
            .expression_attribute_names("#status", STATUS)
            .expression_attribute_values(":status", text(status.name()))
    }
}

fn ids(items: &[Item]) -> Vec<ApprovalId> {
    items.iter().filter_map(item::approval_of_key).collect()
}

fn due(item: &Item) -> Option<Due> {
    let at = item.get(DUE_AT)?.as_n().ok()?.parse().ok()?;
    let what = item::approval_of_key(item)
        .map(DueItem::Approval)
        .or_else(|| instance_of_key(item).map(DueItem::Unowned))?;
    let key = item.get(KEY)?.as_s().ok()?.clone();
    Some(Due { at: Timestamp::from_millisecond(at).ok()?, what, key })
}
