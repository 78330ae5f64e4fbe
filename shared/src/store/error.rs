//! What can go wrong with the store.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// The store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It did not answer, or answered with an error: try again later.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// An item is not what this version of the bridge writes.
    #[error("a stored item is damaged, or was written by another version of the bridge")]
    Damaged,
}

/// The detail may quote what is stored, so it is left out.
impl From<serde_dynamo::Error> for StoreError {
    fn from(_: serde_dynamo::Error) -> Self {
        Self::Damaged
    }
}

/// Only the kind and the code: the answer itself may quote what is stored.
impl<E: ProvideErrorMetadata, R> From<SdkError<E, R>> for StoreError {
    fn from(error: SdkError<E, R>) -> Self {
        let kind = match &error {
            SdkError::ConstructionFailure(_) => "the request could not be built",
            SdkError::TimeoutError(_) => "no answer in time",
            SdkError::DispatchFailure(_) => "no connection",
            SdkError::ResponseError(_) => "an answer that is not understood",
            SdkError::ServiceError(_) => "an error",
            _ => "unknown",
        };
        Self::Unavailable(format!("{kind} ({})", error.code().unwrap_or("no code")))
    }
}

/// A commit did not happen.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Someone else committed first: load again and think again.
    #[error("someone else changed the approval first")]
    Conflict,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
