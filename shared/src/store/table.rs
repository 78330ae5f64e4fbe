//! The table: made when it is missing (on one machine; on AWS the SAM template makes it), and checked.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};

use super::{
    Store, StoreError,
    item::{DUE_AT, DUE_INDEX, DUE_SHARD, EXPIRES, KEY, STATUS, STATUS_INDEX, UPDATED_AT},
};

/// Attributes that the *status* index carries along, so that it can be filtered.
const LISTED: [&str; 2] = ["apply_id", "tenant"];

impl Store {
    /// Creates the table if it is missing.
    pub async fn create_table_if_missing(&self) -> Result<(), StoreError> {
        if self.table_exists().await? {
            return Ok(());
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
            Ok(_) => self.expire_items().await,
            // Another process was faster.
            Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_in_use_exception()) => {
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
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
        match self.client.describe_table().table_name(&*self.table).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }
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
