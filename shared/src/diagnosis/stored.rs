//! What is in the store: the table's state, what arrived lately, and the requests.

use std::time::Duration;

use tokio::time::timeout_at;

use super::{
    limits::Limits,
    reach::{Timed, timed},
    requests::Requests,
    storage,
};
use crate::store::{Sightings, Store, StoreError};

/// What the store showed.
pub(super) struct Stored {
    /// The table; `None`: it was not looked at, or did not answer in time.
    pub table: Timed<Option<storage::Looked>>,
    /// What arrived lately.
    pub sightings: Option<Sightings>,
    /// The requests that tell something.
    pub requests: Option<Requests>,
    /// How long reading the two took.
    pub took: Duration,
}

impl Stored {
    /// Looks. The quick list has time for the table only.
    pub async fn look(store: Option<&Store>, quick: bool, limits: Limits) -> Self {
        let Some(store) = store else { return Self::default() };
        let table = timed(async { timeout_at(limits.ask_until(), storage::look(store)).await.ok() }).await;
        // What is wrong with the table itself says why nothing can be read from it.
        let is_sound = matches!(&table.value, Some(Ok(Some(facts))) if facts.faults.is_empty());
        if quick || !is_sound {
            return Self { table, ..Self::default() };
        }
        let read = async {
            let (sightings, requests) = tokio::join!(store.sightings(), Box::pin(Requests::of(store)));
            Ok::<_, StoreError>((sightings?, requests?))
        };
        let Timed { value, took } = timed(timeout_at(limits.until(), read)).await;
        match value {
            Ok(Ok((sightings, requests))) => {
                Self { table, sightings: Some(sightings), requests: Some(requests), took }
            }
            Ok(Err(error)) => Self { table: Timed { value: Some(Err(error)), took }, ..Self::default() },
            Err(_) => Self { table: Timed { value: None, took }, ..Self::default() },
        }
    }
}

impl Default for Stored {
    fn default() -> Self {
        let table = Timed { value: None, took: Duration::ZERO };
        Self { table, sightings: None, requests: None, took: Duration::ZERO }
    }
}
