//! When DynamoDB is asked once more, before anybody hears of it.

use std::time::Duration;

use aws_sdk_dynamodb::{
    config::{http::HttpResponse, retry::RetryConfig},
    error::{ProvideErrorMetadata, SdkError},
};
use jiff::SignedDuration;

use super::Store;

/// In all less than half a second: DingTalk waits 1.5 for a callback.
const ATTEMPTS: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(25);

/// How often a write waits for a transaction that is under way on its item.
const HELD: [SignedDuration; 3] =
    [SignedDuration::from_millis(25), SignedDuration::from_millis(100), SignedDuration::from_millis(300)];

/// What the client itself tries again: throttling, and answers that were none.
pub(super) fn by_the_client() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(FIRST_WAIT)
}

impl Store {
    /// Sends a write of one item. DynamoDB turns it away while a transaction is under way on that item, and the client does
    /// not try that again.
    pub(super) async fn unless_held<T, E, F>(
        &self,
        send: impl Fn() -> F,
    ) -> Result<T, SdkError<E, HttpResponse>>
    where
        E: ProvideErrorMetadata,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let mut waits = HELD.iter();
        loop {
            let answered = send().await;
            let is_held =
                answered.as_ref().is_err_and(|error| error.code() == Some("TransactionConflictException"));
            let Some(wait) = waits.next().filter(|_| is_held) else { return answered };
            self.world.sleep(*wait).await;
        }
    }
}
