//! What can go wrong with the store.

use aws_sdk_dynamodb::error::{DisplayErrorContext, SdkError};

/// The store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It did not answer, or answered with an error: try again later.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// An item is not what this version of the bridge writes.
    #[error("a stored item cannot be read: {0}")]
    Damaged(#[from] serde_dynamo::Error),
}

impl<E, R> From<SdkError<E, R>> for StoreError
where
    E: std::error::Error + 'static,
    R: std::fmt::Debug,
{
    fn from(error: SdkError<E, R>) -> Self {
        Self::Unavailable(DisplayErrorContext(&error).to_string())
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
