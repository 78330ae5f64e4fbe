//! The templates that the bridge uses: one item, written under its version.

use aws_sdk_dynamodb::operation::put_item::PutItemError;

use super::{
    CommitError, Store, StoreError,
    item::{KEY, VERSION, number, text},
};
use crate::template::TemplateBook;

pub(super) const BOOK: &str = "T#templates";

impl Store {
    /// The templates as last committed; none when there is no such item.
    pub async fn templates(&self) -> Result<TemplateBook, StoreError> {
        let request =
            self.client.get_item().table_name(&*self.table).key(KEY, text(BOOK)).consistent_read(true);
        let output = request.send().await?;
        Ok(output.item.map(serde_dynamo::from_item).transpose()?.unwrap_or_default())
    }

    /// Commits the templates over the version they were loaded at.
    pub async fn commit_templates(&self, mut book: TemplateBook) -> Result<TemplateBook, CommitError> {
        let loaded = book.version;
        book.version += 1;
        let mut item: super::item::Item = serde_dynamo::to_item(&book).map_err(StoreError::from)?;
        item.insert(KEY.to_owned(), text(BOOK));
        self.count_write();
        let put = self.client.put_item().table_name(&*self.table).set_item(Some(item));
        let put = if loaded == 0 {
            put.condition_expression("attribute_not_exists(pk)")
        } else {
            put.condition_expression("#version = :version")
                .expression_attribute_names("#version", VERSION)
                .expression_attribute_values(":version", number(loaded))
        };
        match put.send().await {
            Ok(_) => Ok(book),
            Err(error)
                if matches!(
                    error.as_service_error(),
                    Some(PutItemError::ConditionalCheckFailedException(_))
                ) =>
            {
                Err(CommitError::Conflict)
            }
            Err(error) => Err(StoreError::from(error).into()),
        }
    }
}
