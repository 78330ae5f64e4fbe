//! What the callback saw of a trial's instance: an instance that no approval will ever claim.

use jiff::{SignedDuration, Timestamp};

use super::{
    Store, StoreError,
    instances::InstanceItem,
    item::{EXPIRES, Item, KEY, number, text},
};
use crate::{
    approval::{Hint, InstanceId},
    template::trial::Trial,
};

const KEEP: SignedDuration = SignedDuration::from_hours(24);
const EXPECTED: &str = "M#trial";

impl Store {
    /// A trial is about to begin: until then the starts of instances are noted.
    pub async fn expect_trial(&self, until: Timestamp) -> Result<(), StoreError> {
        self.put_for_a_day(EXPECTED, until, [("until", number(until.as_millisecond()))]).await
    }

    /// Whether a trial is under way.
    pub async fn trial_expected(&self, now: Timestamp) -> Result<bool, StoreError> {
        let item = self.item(EXPECTED).await?;
        Ok(item.and_then(|item| moment(&item, "until")).is_some_and(|until| until > now))
    }

    /// Notes that the start of an instance was reported.
    pub async fn note_start(&self, instance: &InstanceId, at: Timestamp) -> Result<(), StoreError> {
        self.put_for_a_day(&start_key(instance), at, [("at", number(at.as_millisecond()))]).await
    }

    /// When the start of an instance was reported, if it was noted.
    pub async fn start_noted(&self, instance: &InstanceId) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.item(&start_key(instance)).await?.and_then(|item| moment(&item, "at")))
    }

    /// What was reported of the end of an instance that nobody owns.
    pub async fn early(&self, instance: &InstanceId) -> Result<Option<Hint>, StoreError> {
        let item: Option<InstanceItem> = self.instance_item(instance).await?;
        Ok(item.and_then(|item| item.early))
    }

    /// Keeps how far a trial has come.
    pub async fn keep_trial(&self, trial: &Trial) -> Result<(), StoreError> {
        let mut item: Item = serde_dynamo::to_item(trial)?;
        item.insert(KEY.to_owned(), text(trial_key(&trial.instance)));
        item.insert(EXPIRES.to_owned(), number((trial.created_at + KEEP).as_second()));
        self.count_write();
        self.client.put_item().table_name(&*self.table).set_item(Some(item)).send().await?;
        Ok(())
    }

    /// How far a trial has come.
    pub async fn trial(&self, instance: &InstanceId) -> Result<Option<Trial>, StoreError> {
        Ok(self.item(&trial_key(instance)).await?.map(serde_dynamo::from_item).transpose()?)
    }

    async fn item(&self, key: &str) -> Result<Option<Item>, StoreError> {
        let request =
            self.client.get_item().table_name(&*self.table).key(KEY, text(key)).consistent_read(true);
        Ok(request.send().await?.item)
    }

    async fn put_for_a_day<const N: usize>(
        &self,
        key: &str,
        from: Timestamp,
        attributes: [(&str, aws_sdk_dynamodb::types::AttributeValue); N],
    ) -> Result<(), StoreError> {
        self.count_write();
        let put = self.client.put_item().table_name(&*self.table).item(KEY, text(key));
        let put = put.item(EXPIRES, number((from + KEEP).as_second()));
        let put = attributes.into_iter().fold(put, |put, (name, value)| put.item(name, value));
        put.send().await?;
        Ok(())
    }
}

fn moment(item: &Item, name: &str) -> Option<Timestamp> {
    let milliseconds = item.get(name)?.as_n().ok()?.parse().ok()?;
    Timestamp::from_millisecond(milliseconds).ok()
}

fn start_key(instance: &InstanceId) -> String {
    format!("E#{instance}")
}

fn trial_key(instance: &InstanceId) -> String {
    format!("Y#{instance}")
}
