//! Writes of several items at once: all of them, or none.

use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError,
    types::{TransactWriteItem, error::TransactionCanceledException},
};
use jiff::SignedDuration;

use super::{Store, StoreError};

/// After a transaction that was canceled for a reason that passes; the client tries again by itself only what is no
/// transaction. An instance whose owner is not committed now must be looked for later, with paid calls.
const AGAIN: [SignedDuration; 3] =
    [SignedDuration::from_millis(100), SignedDuration::from_millis(400), SignedDuration::from_millis(1600)];

/// What came of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transacted {
    /// Everything is written.
    Done,
    /// Nothing is: someone else was first.
    Lost,
}

impl Store {
    /// Writes all of these, or none.
    pub(super) async fn transact(&self, items: Vec<TransactWriteItem>) -> Result<Transacted, StoreError> {
        let mut again = AGAIN.iter();
        let sent = loop {
            self.count_write();
            let lane = self.lane().await;
            let sent =
                self.client.transact_write_items().set_transact_items(Some(items.clone())).send().await;
            drop(lane);
            let passes = sent.as_ref().is_err_and(|error| error.as_service_error().is_some_and(passes));
            let Some(wait) = again.next().filter(|_| passes) else { break sent };
            self.world.sleep(*wait).await;
        };
        let Err(error) = sent else { return Ok(Transacted::Done) };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) if lost_race(canceled) => {
                Ok(Transacted::Lost)
            }
            _ => Err(error.into()),
        }
    }
}

/// Whether someone else was first; a throttled or refused write is cancelled, too.
fn lost_race(canceled: &TransactionCanceledException) -> bool {
    let codes = canceled.cancellation_reasons().iter().filter_map(|reason| reason.code());
    codes.into_iter().any(|code| matches!(code, "ConditionalCheckFailed" | "TransactionConflict"))
}

/// Whether a transaction was not carried out for a reason that passes.
fn passes(error: &TransactWriteItemsError) -> bool {
    match error {
        TransactWriteItemsError::TransactionInProgressException(_) => true,
        TransactWriteItemsError::TransactionCanceledException(canceled) if !lost_race(canceled) => {
            let mut codes = canceled.cancellation_reasons().iter().filter_map(|reason| reason.code());
            codes.any(|code| matches!(code, "ThrottlingError" | "ProvisionedThroughputExceeded"))
        }
        _ => false,
    }
}
