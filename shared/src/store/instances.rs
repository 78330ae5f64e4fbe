//! Which approval a DingTalk instance belongs to.
//!
//! DingTalk may report the end of an instance before the call that created it has returned. Such an event waits in
//! the instance's item until the approval claims it: both write the same item, so neither can miss the other.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    CommitError, Store, StoreError,
    approvals::next_version,
    item::{self, Item, KEY, number, text},
    marks::unless_condition_failed,
    transaction::Transacted,
};
use crate::approval::{Approval, ApprovalId, Hint, HintResult, InstanceId, Pending, ProcessCode};

/// How long an event waits for an approval to claim its instance.
const KEEP_EARLY: SignedDuration = SignedDuration::from_hours(48);

/// An event that no approval has claimed by then is looked into: its instance may be a second one.
const CLAIMED_WITHIN: SignedDuration = SignedDuration::from_mins(2);

/// What is known of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// It belongs to this approval.
    Approval(ApprovalId),
    /// It bears the reference of this approval, which has another instance.
    SecondOf(ApprovalId),
    /// No approval has claimed it (yet).
    Nobody,
}

#[derive(Serialize, Deserialize)]
pub(super) struct InstanceItem {
    approval: Option<ApprovalId>,
    pub early: Option<Hint>,
    second_of: Option<ApprovalId>,
    /// Of the event that came early.
    process_code: Option<ProcessCode>,
}

impl Store {
    /// Whose instance it is.
    pub async fn owner(&self, instance: &InstanceId) -> Result<Owner, StoreError> {
        let Some(item) = self.instance_item(instance).await? else { return Ok(Owner::Nobody) };
        Ok(match (item.approval, item.second_of) {
            (Some(approval), _) => Owner::Approval(approval),
            (None, Some(approval)) => Owner::SecondOf(approval),
            (None, None) => Owner::Nobody,
        })
    }

    /// Commits that an instance which nobody owns is a second one of an approval. False: that is known already, or somebody
    /// owns it after all.
    pub async fn claim_second_instance(
        &self,
        instance: &InstanceId,
        approval: &ApprovalId,
    ) -> Result<bool, StoreError> {
        self.count_write();
        let update = self
            .client
            .update_item()
            .table_name(&*self.table)
            .key(KEY, text(instance_key(instance)))
            .update_expression("SET second_of = :approval REMOVE early, expires, due_shard, due_at")
            .condition_expression("attribute_not_exists(approval) AND attribute_not_exists(second_of)")
            .expression_attribute_values(":approval", text(approval.as_str()));
        unless_condition_failed(self.unless_held(|| update.clone().send()).await)
    }

    /// The template that an early event about an instance named, if it named one.
    pub async fn early_process_code(&self, instance: &InstanceId) -> Result<Option<ProcessCode>, StoreError> {
        Ok(self.instance_item(instance).await?.and_then(|item| item.process_code))
    }

    /// An instance that nobody owns is looked into at `at`; `None`: not again.
    pub async fn look_into_later(
        &self,
        instance: &InstanceId,
        at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.count_write();
        let update = self
            .client
            .update_item()
            .table_name(&*self.table)
            .key(KEY, text(instance_key(instance)))
            // One that has expired, or has an owner, is left as it is.
            .condition_expression("attribute_exists(due_at)");
        let update = match at {
            Some(at) => update
                .update_expression("SET due_at = :at")
                .expression_attribute_values(":at", number(at.as_millisecond())),
            None => update.update_expression("REMOVE due_shard, due_at"),
        };
        unless_condition_failed(self.unless_held(|| update.clone().send()).await).map(|_| ())
    }

    /// Keeps an event about an instance that nobody owns, until someone does. Gives the owner if there is one after
    /// all: then nothing was kept.
    pub async fn keep_early(
        &self,
        instance: &InstanceId,
        process_code: Option<&ProcessCode>,
        hint: &Hint,
    ) -> Result<Owner, StoreError> {
        // Seconds, for the table's time to live.
        let expires = (hint.received_at + KEEP_EARLY).as_second();
        self.count_write();
        let update = self
            .client
            .update_item()
            .table_name(&*self.table)
            .key(KEY, text(instance_key(instance)))
            .update_expression(
                "SET early = :early, expires = :expires, due_shard = :shard, due_at = :due, process_code = :code",
            )
            // What people decided is not replaced by a weaker word.
            .condition_expression(
                "attribute_not_exists(approval) AND attribute_not_exists(second_of) \
                 AND NOT early.#result IN (:agreed, :refused)",
            )
            .expression_attribute_names("#result", "result")
            .expression_attribute_values(":agreed", word(HintResult::Agreed)?)
            .expression_attribute_values(":refused", word(HintResult::Refused)?)
            .expression_attribute_values(":early", serde_dynamo::to_attribute_value(hint)?)
            .expression_attribute_values(":expires", number(expires))
            .expression_attribute_values(":shard", text(item::shard_of(instance.as_str())))
            .expression_attribute_values(":due", number((hint.received_at + CLAIMED_WITHIN).as_millisecond()))
            .expression_attribute_values(":code", serde_dynamo::to_attribute_value(process_code)?);
        let sent = self.unless_held(|| update.clone().send()).await;
        if unless_condition_failed(sent)? { Ok(Owner::Nobody) } else { self.owner(instance).await }
    }

    /// Commits an approval that has just learned of its instance, together with the instance's owner. `pending`
    /// makes the approval from an event that came early, if one did.
    pub async fn commit_with_instance(
        &self,
        instance: &InstanceId,
        pending: impl Fn(Option<Hint>) -> Approval<Pending>,
    ) -> Result<Approval<Pending>, CommitError> {
        // At first nothing is known of the instance; only when that turns out wrong is the item read.
        let mut early = None;
        loop {
            let next = next_version(pending(early.clone()));
            match self.put_with_owner(&Approval::from(next.clone()), instance, early.as_ref()).await {
                Ok(()) => return Ok(next),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error),
            }
            let found = self.instance_item(instance).await?;
            let found = found.filter(|item| item.approval.is_none()).and_then(|item| item.early);
            if found.is_none() || found == early {
                return Err(CommitError::Conflict);
            }
            early = found;
        }
    }

    async fn put_with_owner(
        &self,
        approval: &Approval,
        instance: &InstanceId,
        early: Option<&Hint>,
    ) -> Result<(), CommitError> {
        let put = self.approval_in_transaction(approval)?;
        let owner = Update::builder()
            .table_name(&*self.table)
            .key(KEY, text(instance_key(instance)))
            .update_expression(
                "SET approval = :approval REMOVE early, expires, due_shard, due_at, process_code",
            )
            .expression_attribute_values(":approval", text(approval.record.id.as_str()));
        let owner = match early {
            None => owner.condition_expression("attribute_not_exists(pk)"),
            Some(hint) => owner
                .condition_expression("attribute_not_exists(approval) AND early = :early")
                .expression_attribute_values(
                    ":early",
                    serde_dynamo::to_attribute_value::<_, AttributeValue>(hint).map_err(StoreError::from)?,
                ),
        };
        let owner = owner.build().map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let items = vec![put, TransactWriteItem::builder().update(owner).build()];
        match self.transact(items).await? {
            Transacted::Done => {
                self.tell_if_due(approval);
                Ok(())
            }
            Transacted::Lost => Err(CommitError::Conflict),
        }
    }

    pub(super) async fn instance_item(
        &self,
        instance: &InstanceId,
    ) -> Result<Option<InstanceItem>, StoreError> {
        let _lane = self.lane().await;
        let output = self
            .client
            .get_item()
            .table_name(&*self.table)
            .key(KEY, text(instance_key(instance)))
            .consistent_read(true)
            .send()
            .await?;
        let read = |item: Item| serde_dynamo::from_item(item).map_err(StoreError::from);
        output.item.map(read).transpose()
    }
}

fn word(result: HintResult) -> Result<AttributeValue, StoreError> {
    Ok(serde_dynamo::to_attribute_value(result)?)
}

const INSTANCE: &str = "I#";

fn instance_key(instance: &InstanceId) -> String {
    format!("{INSTANCE}{instance}")
}

/// The instance in an item's key.
pub(super) fn instance_of_key(item: &Item) -> Option<InstanceId> {
    item.get(KEY)?.as_s().ok()?.strip_prefix(INSTANCE).map(InstanceId::new)
}
