//! Instances that a check of ours started and that must not stay on anybody's desk: committed, so that the sweep ends them,
//! whatever becomes of the process that started them.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::{
    Store, StoreError,
    item::{KEY, number, text},
};
use crate::approval::InstanceId;

const LEFTOVERS: &str = "M#leftovers";

/// What is to be ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftovers {
    /// The instances.
    pub instances: Vec<InstanceId>,
    /// When the last of them was started.
    pub since: Timestamp,
}

impl Store {
    /// Commits that an instance which was started at `since` is to be ended.
    pub async fn leave(&self, instance: &InstanceId, since: Timestamp) -> Result<(), StoreError> {
        self.count_write();
        let update = self.client.update_item().table_name(&*self.table).key(KEY, text(LEFTOVERS));
        update
            .update_expression("ADD instances :one SET since = :since")
            .expression_attribute_values(":one", one(instance))
            .expression_attribute_values(":since", number(since.as_millisecond()))
            .send()
            .await?;
        Ok(())
    }

    /// What is to be ended, if anything is.
    pub async fn leftovers(&self) -> Result<Option<Leftovers>, StoreError> {
        let get = self.client.get_item().table_name(&*self.table).key(KEY, text(LEFTOVERS));
        let Some(item) = get.send().await?.item else { return Ok(None) };
        // The last that is taken out of a set takes the set with it.
        let Some(instances) = item.get("instances").and_then(|set| set.as_ss().ok()) else { return Ok(None) };
        let since = item.get("since").and_then(|since| since.as_n().ok()?.parse().ok());
        let since = since.and_then(|since| Timestamp::from_millisecond(since).ok());
        let instances = instances.iter().map(InstanceId::new).collect();
        Ok(Some(Leftovers { instances, since: since.ok_or(StoreError::Damaged)? }))
    }

    /// Commits that nothing more is done about an instance.
    pub async fn end_leaving(&self, instance: &InstanceId) -> Result<(), StoreError> {
        self.count_write();
        let update = self.client.update_item().table_name(&*self.table).key(KEY, text(LEFTOVERS));
        let update = update.update_expression("DELETE instances :one");
        update.expression_attribute_values(":one", one(instance)).send().await?;
        Ok(())
    }
}

fn one(instance: &InstanceId) -> AttributeValue {
    AttributeValue::Ss(vec![instance.to_string()])
}
