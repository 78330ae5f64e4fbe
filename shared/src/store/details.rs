//! What an approval's form shows: an item of its own, so that no later commit of the approval writes it again.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use serde::{Deserialize, Serialize};

use super::{
    CommitError, Store, StoreError,
    approvals::next_version,
    item::{KEY, text},
    transaction::Transacted,
};
use crate::approval::{Approval, ApprovalId, Details, Record, State};

#[derive(Serialize, Deserialize)]
struct DetailsItem<D> {
    pk: String,
    /// The approval's version that it was committed with: of two items the later one is the approval's.
    version: u64,
    /// The digest of the request that it belongs to.
    digest: String,
    details: D,
}

impl Store {
    /// What the form of an approval shows; `None` where there is nothing of this very request.
    pub async fn details(&self, record: &Record) -> Result<Option<Details>, StoreError> {
        let _lane = self.lane().await;
        let get = self.client.get_item().table_name(&*self.table).key(KEY, text(details_key(&record.id)));
        let Some(item) = get.consistent_read(true).send().await?.item else { return Ok(None) };
        let item: DetailsItem<Details> = serde_dynamo::from_item(item)?;
        Ok((item.digest == record.digest).then_some(item.details))
    }

    /// Commits an approval whose refused request was submitted again, with its new details.
    pub async fn commit_again(&self, approval: Approval, details: &Details) -> Result<Approval, CommitError> {
        self.commit_with_details(approval, details, None).await
    }

    /// Commits an approval with its details, where it is to be put before people, and with whatever else belongs to it.
    pub(super) async fn commit_with_details(
        &self,
        approval: Approval,
        details: &Details,
        also: Option<TransactWriteItem>,
    ) -> Result<Approval, CommitError> {
        let next = next_version(approval);
        let mut items = vec![self.approval_in_transaction(&next)?];
        items.extend(also);
        if let State::Received(_) = next.state {
            items.push(self.details_in_transaction(&next.record, details)?);
        }
        match self.transact(items).await? {
            Transacted::Done => {
                self.tell_if_due(&next);
                Ok(next)
            }
            Transacted::Lost => Err(CommitError::Conflict),
        }
    }

    fn details_in_transaction(
        &self,
        record: &Record,
        details: &Details,
    ) -> Result<TransactWriteItem, StoreError> {
        let item = DetailsItem {
            pk: details_key(&record.id),
            version: record.version,
            digest: record.digest.clone(),
            details,
        };
        let put =
            Put::builder().table_name(&*self.table).set_item(Some(serde_dynamo::to_item(item)?)).build();
        let put = put.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

fn details_key(id: &ApprovalId) -> String {
    format!("D#{id}")
}
