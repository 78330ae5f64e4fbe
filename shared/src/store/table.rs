//! The table: made when it is missing (on one machine; on AWS the SAM template makes it), and checked.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, IndexStatus, KeySchemaElement, KeyType,
    Projection, ProjectionType, ScalarAttributeType, TableStatus, TimeToLiveSpecification, TimeToLiveStatus,
};
use jiff::SignedDuration;

use super::{
    Store, StoreError, Unreached,
    item::{DUE_AT, DUE_INDEX, DUE_SHARD, EXPIRES, KEY, STATUS, STATUS_INDEX, UPDATED_AT},
};

/// Attributes that the *status* index carries along, so that it can be filtered.
const LISTED: [&str; 2] = ["apply_id", "tenant"];

/// A new table is looked at so often, until it can be used.
const CREATION_LOOKS: u32 = 240;
const CREATION_LOOK_EVERY: SignedDuration = SignedDuration::from_millis(250);

/// What a look at the table shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableFacts {
    /// What is wrong with it.
    pub faults: Vec<TableFault>,
    /// Whether changes are streamed.
    pub streams: bool,
    /// Whether items expire; `None`: the engine does not say.
    pub expires: Option<bool>,
}

/// What is wrong with a table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableFault {
    /// It is being made, or going away.
    #[error("the table is not active (yet)")]
    NotActive,
    /// AWS cannot use the KMS key with which it is encrypted.
    #[error("the table's KMS key cannot be used (INACCESSIBLE_ENCRYPTION_CREDENTIALS)")]
    KeyInaccessible,
    /// Its key is another one.
    #[error("the table's key is not `{KEY}`")]
    OtherKey,
    /// An index is missing.
    #[error("the index `{0}` is missing")]
    IndexMissing(&'static str),
    /// An index has other keys than these two.
    #[error("the index `{0}` has other keys than {1} and {2}")]
    IndexKeys(&'static str, &'static str, &'static str),
    /// An index is being made, or going away.
    #[error("the index `{0}` is not active (yet)")]
    IndexNotActive(&'static str),
}

impl Store {
    /// The table's name.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// Looks at the table; `None`: there is none.
    pub async fn table_facts(&self) -> Result<Option<TableFacts>, StoreError> {
        let described = self.client.describe_table().table_name(&*self.table).send().await;
        let table = match described {
            Ok(output) => output.table,
            Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let Some(table) = table else { return Err(StoreError::Unreached(Unreached::NotDynamoDb)) };
        let mut faults = Vec::new();
        match table.table_status() {
            Some(TableStatus::InaccessibleEncryptionCredentials) => faults.push(TableFault::KeyInaccessible),
            // While it is changed it serves.
            None | Some(TableStatus::Active | TableStatus::Updating) => {}
            Some(_) => faults.push(TableFault::NotActive),
        }
        if !has_keys(table.key_schema(), &[KEY]) {
            faults.push(TableFault::OtherKey);
        }
        for (name, keys) in [(DUE_INDEX, [DUE_SHARD, DUE_AT]), (STATUS_INDEX, [STATUS, UPDATED_AT])] {
            let index =
                table.global_secondary_indexes().iter().find(|index| index.index_name() == Some(name));
            match index {
                None => faults.push(TableFault::IndexMissing(name)),
                Some(index) if !has_keys(index.key_schema(), &keys) => {
                    faults.push(TableFault::IndexKeys(name, keys[0], keys[1]));
                }
                Some(index) if index.index_status().is_some_and(|status| *status != IndexStatus::Active) => {
                    faults.push(TableFault::IndexNotActive(name));
                }
                Some(_) => {}
            }
        }
        let streams = table.stream_specification().is_some_and(|stream| stream.stream_enabled());
        // Not every engine tells, and not every role may ask.
        let expiry = self.client.describe_time_to_live().table_name(&*self.table).send().await.ok();
        let expires = expiry.and_then(|output| output.time_to_live_description).map(|expiry| {
            expiry.attribute_name() == Some(EXPIRES)
                && matches!(
                    expiry.time_to_live_status(),
                    Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)
                )
        });
        Ok(Some(TableFacts { faults, streams, expires }))
    }

    /// Creates the table if it is missing, and waits until it can be used.
    pub async fn create_table_if_missing(&self) -> Result<(), StoreError> {
        match self.table_status().await? {
            None => {}
            Some(TableStatus::Creating) => return self.wait_until_created().await,
            Some(_) => return Ok(()),
        }
        let text = ScalarAttributeType::S;
        let number = ScalarAttributeType::N;
        let projected = Projection::builder()
            .projection_type(ProjectionType::Include)
            .set_non_key_attributes(Some(LISTED.map(str::to_owned).to_vec()))
            .build();
        let sent = self
            .client
            .create_table()
            .table_name(&*self.table)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(attribute(KEY, &text)?)
            .attribute_definitions(attribute(DUE_SHARD, &text)?)
            .attribute_definitions(attribute(DUE_AT, &number)?)
            .attribute_definitions(attribute(STATUS, &text)?)
            .attribute_definitions(attribute(UPDATED_AT, &number)?)
            .key_schema(key(KEY, KeyType::Hash)?)
            .global_secondary_indexes(index(
                DUE_INDEX,
                DUE_SHARD,
                DUE_AT,
                Projection::builder().projection_type(ProjectionType::KeysOnly).build(),
            )?)
            .global_secondary_indexes(index(STATUS_INDEX, STATUS, UPDATED_AT, projected)?)
            .send()
            .await;
        match sent {
            Ok(_) => {
                self.wait_until_created().await?;
                self.expire_items().await
            }
            // Another process was faster.
            Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_in_use_exception()) => {
                self.wait_until_created().await
            }
            Err(error) => Err(error.into()),
        }
    }

    /// AWS takes some seconds to make a table, and until then refuses all other work on it.
    async fn wait_until_created(&self) -> Result<(), StoreError> {
        for _ in 0..CREATION_LOOKS {
            if self.table_status().await? != Some(TableStatus::Creating) {
                return Ok(());
            }
            self.world.sleep(CREATION_LOOK_EVERY).await;
        }
        Err(StoreError::Unavailable("the table is being made, and is not ready in time".to_owned()))
    }

    /// Items with `expires` go away by themselves.
    async fn expire_items(&self) -> Result<(), StoreError> {
        let specification = TimeToLiveSpecification::builder().attribute_name(EXPIRES).enabled(true).build();
        let specification = specification.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let update = self.client.update_time_to_live().table_name(&*self.table);
        update.time_to_live_specification(specification).send().await?;
        Ok(())
    }

    /// Whether the table is there; an error when the store does not answer.
    pub async fn table_exists(&self) -> Result<bool, StoreError> {
        Ok(self.table_status().await?.is_some())
    }

    async fn table_status(&self) -> Result<Option<TableStatus>, StoreError> {
        match self.client.describe_table().table_name(&*self.table).send().await {
            // An engine that says nothing has no moment between.
            Ok(output) => {
                Ok(Some(output.table.and_then(|table| table.table_status).unwrap_or(TableStatus::Active)))
            }
            Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn has_keys(schema: &[KeySchemaElement], names: &[&str]) -> bool {
    schema.iter().map(KeySchemaElement::attribute_name).eq(names.iter().copied())
}

fn attribute(name: &str, kind: &ScalarAttributeType) -> Result<AttributeDefinition, StoreError> {
    let built = AttributeDefinition::builder().attribute_name(name).attribute_type(kind.clone()).build();
    built.map_err(|error| StoreError::Unavailable(error.to_string()))
}

fn key(name: &str, kind: KeyType) -> Result<KeySchemaElement, StoreError> {
    let built = KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    built.map_err(|error| StoreError::Unavailable(error.to_string()))
}

fn index(
    name: &str,
    hash: &str,
    range: &str,
    projection: Projection,
) -> Result<GlobalSecondaryIndex, StoreError> {
    let built = GlobalSecondaryIndex::builder()
        .index_name(name)
        .key_schema(key(hash, KeyType::Hash)?)
        .key_schema(key(range, KeyType::Range)?)
        .projection(projection)
        .build();
    built.map_err(|error| StoreError::Unavailable(error.to_string()))
}
