//! Which store this is: a random name, made once and kept in it. Two processes that show the same one work on the same
//! approvals.

use std::{sync::Arc, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use tokio::{sync::OnceCell, time::timeout};

use super::{
    Store, StoreError,
    item::{KEY, text},
    marks::unless_condition_failed,
};

const ITEM: &str = "N#store";
const NAME: &str = "name";
const LENGTH: usize = 16;
/// A refusal does not wait longer for it.
const LOOK_UP: Duration = Duration::from_millis(500);

/// A store's name, looked up once: anybody may ask for it. Cheap to clone; clones share it.
#[derive(Clone, Default)]
pub struct KnownIdentity(Arc<OnceCell<String>>);

impl KnownIdentity {
    /// The name; nothing where the store does not give it in time.
    pub async fn of(&self, store: &Store) -> Option<&str> {
        let look_up = || async { store.identity_made().await.ok().flatten().ok_or(()) };
        timeout(LOOK_UP, self.0.get_or_try_init(look_up)).await.ok()?.ok().map(String::as_str)
    }
}

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
