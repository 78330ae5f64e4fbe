//! Dataphin's callback: a dry run that decides nothing.

use super::Outcome;
use crate::{config::DataphinConfig, world::World};

/// Tells Dataphin the outcome of a request that does not exist, and judges the answer.
#[allow(clippy::unused_async)] // Until the dry run is there.
pub(super) async fn check(_config: &DataphinConfig, _world: &World) -> Outcome {
    Outcome::skipped("`bridge probe dataphin` shows it")
}
