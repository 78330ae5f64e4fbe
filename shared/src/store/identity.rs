//! Which store this is: a random name, made once and kept in it. Two processes that show the same one work on the same
//! approvals.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    Store, StoreError,
    item::{KEY, text},
    marks::unless_condition_failed,
};

const ITEM: &str = "N#store";
const NAME: &str = "name";
const LENGTH: usize = 16;

impl Store {
    /// Its name, if it has one yet. Makes none.
    pub async fn identity(&self) -> Result<Option<String>, StoreError> {
        let get = self.client.get_item().table_name(&*self.table).key(KEY, text(ITEM));
        let item = get.consistent_read(true).send().await?.item.unwrap_or_default();
        Ok(item.get(NAME).and_then(|name: &AttributeValue| name.as_s().ok()).cloned())
    }

    /// Its name, made now if it has none. Of many that make one at once, one does.
    pub async fn identity_made(&self) -> Result<Option<String>, StoreError> {
        if let Some(name) = self.identity().await? {
            return Ok(Some(name));
        }
        self.count_write();
        let sent = self
            .client
            .update_item()
            .table_name(&*self.table)
            .key(KEY, text(ITEM))
            .update_expression("SET #name = :name")
            .condition_expression("attribute_not_exists(#name)")
            .expression_attribute_names("#name", NAME)
            .expression_attribute_values(":name", text(self.world.random.letters_and_digits(LENGTH)))
            .send()
            .await;
        unless_condition_failed(sent)?;
        self.identity().await
    }
}
