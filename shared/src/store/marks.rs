//! Moments the bridge must remember across restarts.

use aws_sdk_dynamodb::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use jiff::{SignedDuration, Timestamp};

use super::{
    Store, StoreError,
    item::{KEY, number, text},
};

const SECRET: &str = "M#secret";

/// Clocks of processes that share a store differ by less.
const MAX_CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

impl Store {
    /// Writes a mark of no meaning: an error when the store cannot be written.
    pub async fn prove_writes(&self) -> Result<(), StoreError> {
        let now = self.world.now();
        let mark = self.client.update_item().table_name(&*self.table).key(KEY, text("M#diagnosis"));
        let mark = mark.update_expression("SET done_at = :now");
        mark.expression_attribute_values(":now", number(now.as_millisecond())).send().await?;
        Ok(())
    }

    /// Says which version of the secret is today's.
    pub async fn set_secret_version(&self, version: &str) -> Result<(), StoreError> {
        self.count_write();
        let mark = self.client.update_item().table_name(&*self.table).key(KEY, text(SECRET));
        let mark = mark.update_expression("SET version = :version");
        mark.expression_attribute_values(":version", text(version)).send().await?;
        Ok(())
    }

    /// Which version of the secret is today's, if anybody has said so.
    pub async fn secret_version(&self) -> Result<Option<String>, StoreError> {
        let get = self.client.get_item().table_name(&*self.table).key(KEY, text(SECRET));
        let item = get.consistent_read(true).send().await?.item;
        Ok(item.and_then(|item| item.get("version")?.as_s().ok().cloned()))
    }

    /// Claims a period of `every`: true for one caller when the last was claimed so long ago. The first call of all only begins
    /// the first period.
    pub async fn claim_period(
        &self,
        name: &str,
        every: SignedDuration,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let get = self.client.get_item().table_name(&*self.table).key(KEY, text(format!("M#{name}")));
        if get.send().await?.item.is_none() {
            self.claim_turn(name, now, now).await?;
            return Ok(false);
        }
        self.claim_turn(name, now - every, now).await
    }

    /// Claims the right to do something that `name`s: true when nobody did since `before`, and then it is marked as
    /// done at `now`. Of many that ask at once, one gets it. A mark that is ahead of every clock in use was made by one that has
    /// been set back since: it holds nobody up.
    pub async fn claim_turn(
        &self,
        name: &str,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.count_write();
        let sent = self
            .client
            .update_item()
            .table_name(&*self.table)
            .key(KEY, text(format!("M#{name}")))
            .update_expression("SET done_at = :now")
            .condition_expression("attribute_not_exists(done_at) OR done_at <= :before OR done_at > :ahead")
            .expression_attribute_values(":now", number(now.as_millisecond()))
            .expression_attribute_values(":before", number(before.as_millisecond()))
            .expression_attribute_values(":ahead", number((now + MAX_CLOCK_SKEW).as_millisecond()))
            .send()
            .await;
        unless_condition_failed(sent)
    }

    /// Gives a turn back that was claimed at `claimed_at`, if it is still ours.
    pub async fn end_turn(&self, name: &str, claimed_at: Timestamp) -> Result<(), StoreError> {
        self.count_write();
        let sent = self
            .client
            .update_item()
            .table_name(&*self.table)
            .key(KEY, text(format!("M#{name}")))
            .update_expression("SET done_at = :never")
            .condition_expression("done_at = :claimed_at")
            .expression_attribute_values(":claimed_at", number(claimed_at.as_millisecond()))
            .expression_attribute_values(":never", number(0_i64))
            .send()
            .await;
        unless_condition_failed(sent).map(|_| ())
    }
}

/// Whether it was written: a condition that did not hold is no error.
pub(super) fn unless_condition_failed<T, E>(
    sent: Result<T, SdkError<E, HttpResponse>>,
) -> Result<bool, StoreError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match sent {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
        Err(error) => Err(error.into()),
    }
}
