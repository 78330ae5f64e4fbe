//! Approvals: inserted once, loaded whole, committed under their version.

use aws_sdk_dynamodb::{
    operation::put_item::PutItemError,
    types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem},
};
use jiff::SignedDuration;

use super::{
    CommitError, Store, StoreError,
    item::{self, KEY, VERSION, number, text},
};
use crate::approval::{Approval, ApprovalId};

const COMMIT_ID_LENGTH: usize = 16;

/// An approval due within this time is told to whoever listens: it will be due by the time they look.
const SOON: SignedDuration = SignedDuration::from_millis(20);

impl Store {
    /// The approval, as last committed; `None` when there is none.
    pub async fn load(&self, id: &ApprovalId) -> Result<Option<Approval>, StoreError> {
        let _lane = self.lane().await;
        let output = self
            .client
            .get_item()
            .table_name(&*self.table)
            .key(KEY, text(item::approval_key(id)))
            .consistent_read(true)
            .send()
            .await?;
        output.item.map(item::from_item).transpose()
    }

    /// Commits an approval over the version it was loaded at, or as the first. Gives it back with its new version.
    pub async fn commit<S>(&self, approval: Approval<S>) -> Result<Approval<S>, CommitError>
    where
        Approval: From<Approval<S>>,
        S: Clone,
    {
        let next = next_version(approval);
        let whole = Approval::from(next.clone());
        let commit = self.commit_id();
        let (condition, version) = version_condition(&whole);
        self.count_write();
        let _lane = self.lane().await;
        let put = self
            .client
            .put_item()
            .table_name(&*self.table)
            .set_item(Some(item::to_item(&whole, &commit)?))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .condition_expression(condition)
            .set_expression_attribute_names(
                version.as_ref().map(|_| [("#version".into(), VERSION.into())].into()),
            )
            .set_expression_attribute_values(version.map(|value| [(":version".into(), value)].into()));
        match self.unless_held(|| put.clone().send()).await {
            Ok(_) => {
                self.tell_if_due(&whole);
                Ok(next)
            }
            Err(error) => match error.as_service_error() {
                // The first attempt got through, its answer did not, and the client tried again.
                Some(PutItemError::ConditionalCheckFailedException(conflict))
                    if conflict.item().is_some_and(|item| item::is_commit(item, &commit)) =>
                {
                    self.tell_if_due(&whole);
                    Ok(next)
                }
                Some(PutItemError::ConditionalCheckFailedException(_)) => Err(CommitError::Conflict),
                _ => Err(StoreError::from(error).into()),
            },
        }
    }

    /// Whether an approval that has just been received is too large to be kept until its end.
    pub fn outgrows(approval: &Approval) -> Result<bool, StoreError> {
        item::outgrows(approval)
    }

    /// The commit of an approval (already with its next version) as a part of a transaction.
    pub(super) fn approval_in_transaction(
        &self,
        approval: &Approval,
    ) -> Result<TransactWriteItem, StoreError> {
        let (condition, version) = version_condition(approval);
        let put = Put::builder()
            .table_name(&*self.table)
            .set_item(Some(item::to_item(approval, &self.commit_id())?))
            .condition_expression(condition)
            .set_expression_attribute_names(
                version.as_ref().map(|_| [("#version".into(), VERSION.into())].into()),
            )
            .set_expression_attribute_values(version.map(|value| [(":version".into(), value)].into()))
            .build()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    pub(super) fn commit_id(&self) -> String {
        self.world.random.letters_and_digits(COMMIT_ID_LENGTH)
    }

    pub(super) fn tell_if_due(&self, approval: &Approval) {
        let due_soon = |due_at| due_at <= approval.record.updated_at + SOON;
        if approval.state.due_at().is_some_and(due_soon) {
            self.tell(&approval.record.id);
        }
    }
}

/// The approval as the next commit writes it.
pub(super) fn next_version<S>(mut approval: Approval<S>) -> Approval<S> {
    approval.record.version += 1;
    approval
}

/// What must hold in the table for `approval` (already with its next version) to be written.
fn version_condition(approval: &Approval) -> (&'static str, Option<aws_sdk_dynamodb::types::AttributeValue>) {
    match approval.record.version - 1 {
        0 => ("attribute_not_exists(pk)", None),
        loaded => ("#version = :version", Some(number(loaded))),
    }
}
