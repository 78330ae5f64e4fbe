//! Everything that is stored, item by item: to move it to another place. Only an operator's command does so; nothing that serves
//! a request ever scans. Nobody waits at a door, so each request is given time, and is sent again for two minutes.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{
    config::{Builder, http::HttpResponse, timeout::TimeoutConfig},
    error::{ProvideErrorMetadata, SdkError},
    operation::put_item::{PutItemError, builders::PutItemFluentBuilder},
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure::AllOld},
};
use jiff::{SignedDuration, Timestamp};

use super::{
    Store, StoreError,
    backfill::{self, PROGRESS},
    item::{Item, KEY},
    raw::{RawItem, RawKind, has_expired},
};
use crate::approval::Tenant;

/// A page is a megabyte, perhaps over a thin line.
const ATTEMPT_WITHIN: Duration = Duration::from_mins(1);
const FIRST_WAIT: SignedDuration = SignedDuration::from_millis(50);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(5);
const MOST_TRIES: u32 = 30;

/// Refusals that pass.
const PASSING: [&str; 5] = [
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "TransactionInProgressException",
    "LimitExceededException",
];

/// Items, and where the next page begins.
pub type RawPage = (Vec<RawItem>, Option<HashMap<String, AttributeValue>>);

/// What came of putting an item.
#[derive(Debug, Clone, PartialEq)]
pub enum Put {
    /// It is there now.
    Done,
    /// It was there already, the same to the byte.
    Same,
    /// This one is there under its key, and was left.
    Other(Box<RawItem>),
}

impl Store {
    /// A page of everything, in no order. What has expired is absent, and so is how far this store's aliases are: another one has
    /// to see for itself.
    pub async fn raw_page(
        &self,
        from: Option<HashMap<String, AttributeValue>>,
        now: Timestamp,
    ) -> Result<RawPage, StoreError> {
        let scan = || {
            let scan = self.client.scan().table_name(&*self.table).consistent_read(true);
            scan.set_exclusive_start_key(from.clone()).customize().config_override(slowly()).send()
        };
        let page = self.patiently(scan).await?;
        let alive = page
            .items
            .unwrap_or_default()
            .into_iter()
            .filter(|item| !has_expired(item, now) && !is_progress(item));
        Ok((alive.map(RawItem::of).collect::<Result<_, _>>()?, page.last_evaluated_key))
    }

    /// Puts an item where none is under its key.
    pub async fn put_raw(&self, item: &RawItem) -> Result<Put, StoreError> {
        self.put_raw_if(item, |put| put.condition_expression("attribute_not_exists(pk)")).await
    }

    /// Puts an item in the place of another one, if that is still there as it was.
    pub async fn replace_raw(&self, item: &RawItem, there: &RawItem) -> Result<Put, StoreError> {
        let unchanged: Vec<String> =
            (0..there.item.len()).map(|index| format!("#n{index} = :v{index}")).collect();
        let (mut names, mut values) = (HashMap::new(), HashMap::new());
        for (index, (name, value)) in there.item.iter().enumerate() {
            names.insert(format!("#n{index}"), name.clone());
            values.insert(format!(":v{index}"), value.clone());
        }
        let put = |put: PutItemFluentBuilder| {
            put.condition_expression(unchanged.join(" AND "))
                .set_expression_attribute_names(Some(names.clone()))
                .set_expression_attribute_values(Some(values.clone()))
        };
        self.put_raw_if(item, put).await
    }

    /// Adds what an alias names, or the item of the tenants, to the one that is there.
    pub async fn join_raw(&self, item: &RawItem) -> Result<(), StoreError> {
        if item.kind() == RawKind::Tenants {
            return self.join_tenants(item.named().into_iter().map(Tenant::new)).await;
        }
        let approvals = AttributeValue::Ss(item.named().into_iter().collect());
        self.add_to_alias_item(item.key().to_owned(), approvals).await
    }

    /// Approvals may have come that have no alias: the bridge that works on this store gives them theirs.
    pub async fn restart_aliases(&self) -> Result<(), StoreError> {
        let begun = backfill::nothing_done(self.commit_id());
        let put = || {
            let put = self.client.put_item().table_name(&*self.table).set_item(Some(begun.clone()));
            put.customize().config_override(slowly()).send()
        };
        self.patiently(put).await?;
        Ok(())
    }

    async fn put_raw_if(
        &self,
        item: &RawItem,
        condition: impl Fn(PutItemFluentBuilder) -> PutItemFluentBuilder,
    ) -> Result<Put, StoreError> {
        let put = || {
            self.count_write();
            let put = self.client.put_item().table_name(&*self.table).set_item(Some(item.item.clone()));
            let put = condition(put.return_values_on_condition_check_failure(AllOld));
            put.customize().config_override(slowly()).send()
        };
        let there = match self.patiently(put).await {
            Ok(_) => return Ok(Put::Done),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(conflict)) => conflict.item().cloned(),
                _ => return Err(error.into()),
            },
        };
        // Not every engine says what it found.
        let there = match there {
            Some(there) => Some(there),
            None => self.raw(item.key()).await?,
        };
        let there = RawItem::of(there.ok_or_else(changing)?)?;
        Ok(if there == *item { Put::Same } else { Put::Other(Box::new(there)) })
    }

    async fn raw(&self, key: &str) -> Result<Option<HashMap<String, AttributeValue>>, StoreError> {
        let key = AttributeValue::S(key.to_owned());
        let get = || {
            let get = self.client.get_item().table_name(&*self.table).key(KEY, key.clone());
            get.consistent_read(true).customize().config_override(slowly()).send()
        };
        Ok(self.patiently(get).await?.item)
    }

    /// Sends a request until it is answered for good.
    async fn patiently<T, E, F>(&self, send: impl Fn() -> F) -> Result<T, SdkError<E, HttpResponse>>
    where
        E: ProvideErrorMetadata,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let mut wait = FIRST_WAIT;
        for _ in 1..MOST_TRIES {
            match send().await {
                Err(error) if passes(&error) => self.world.sleep(wait).await,
                answered => return answered,
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        send().await
    }
}

fn is_progress(item: &Item) -> bool {
    item.get(KEY).and_then(|key| key.as_s().ok()).is_some_and(|key| key == PROGRESS)
}

fn slowly() -> Builder {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_WITHIN);
    Builder::new().timeout_config(timeouts.operation_timeout(ATTEMPT_WITHIN * 2).build())
}

fn passes<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => true,
        SdkError::ServiceError(_) | SdkError::ResponseError(_) => {
            error.raw_response().is_some_and(|response| response.status().is_server_error())
                || error.code().is_some_and(|code| PASSING.contains(&code))
        }
        _ => false,
    }
}

fn changing() -> StoreError {
    StoreError::Unavailable("an item comes and goes: something else writes to it".to_owned())
}
