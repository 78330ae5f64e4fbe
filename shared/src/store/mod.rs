//! The store: one DynamoDB table, the truth about every approval.
//!
//! | item | key | what |
//! |---|---|---|
//! | approval | `A#<approval id>` | record, state and timeline; written only under its version |
//! | details | `D#<approval id>` | what its form shows, at most 64 KB; written with the approval's first commit |
//! | alias | `L#<source>#<apply id>` | the approvals that bear the source's id, one a tenant; at most 100 |
//! | instance | `I#<instance id>` | which approval a DingTalk instance belongs to, or of which it is a second one, or an event that came too early |
//! | name | `N#store` | which store this is |
//! | mark | `M#<name>` | a moment the bridge must remember; how often a thing was done today; the secret's version; what a check left in DingTalk; the tenants from before aliases were kept, and how many approvals from then have theirs by now |
//! | sighting | `S#<name>` | what was seen last of a kind of call from outside |
//! | templates | `T#templates` | which DingTalk template a request gets |
//! | trial | `Y#<instance id>`, `E#<instance id>` | how far a try of a template has come, and what was reported of it |
//!
//! Two sparse indexes: *due* (sharded; what must be looked at next) and *status* (what operators list). No scans.

mod aliases;
mod allowance;
mod approvals;
mod approvers;
mod backfill;
mod bulk;
mod details;
mod error;
mod identity;
mod instances;
mod item;
mod leftovers;
mod lists;
mod marks;
mod raw;
mod retries;
mod sightings;
mod size;
mod table;
mod templates;
mod transaction;
mod trials;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_sdk_dynamodb::{
    Client,
    config::{Credentials, HttpClient, Region, timeout::TimeoutConfig},
};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc};

use crate::{
    approval::ApprovalId,
    aws::{self, Aws},
    world::World,
};

pub use aliases::{KnownAs, MAX_TENANTS};
pub use bulk::{Put, RawPage};
pub use error::{CommitError, Refusal, StoreError, Unreached};
pub use identity::KnownIdentity;
pub use instances::Owner;
pub use item::DUE_SHARDS;
pub use leftovers::Leftovers;
pub use lists::{Due, DueItem, Listed};
pub use raw::{RawItem, RawKind};
pub use sightings::{SEVERAL, Seen, Sighting, Sightings};
pub use table::{TableFacts, TableFault};

/// Requests of background work at the same time.
const BACKGROUND_LANES: usize = 2;

/// Where the table is.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// The table's name (`BRIDGE_TABLE`).
    pub table: String,
    /// An endpoint other than AWS's own (`BRIDGE_DYNAMODB_ENDPOINT`).
    pub endpoint: Option<String>,
}

/// The one store implementation: on AWS, and on anything else that speaks DynamoDB's API.
#[derive(Clone)]
pub struct Store {
    client: Client,
    table: Arc<str>,
    writes: Arc<AtomicU64>,
    sighted: Arc<sightings::Written>,
    changes: Option<mpsc::Sender<DueItem>>,
    lanes: Option<Arc<Semaphore>>,
    /// Held while somebody looks the tenants up.
    tenants: Arc<Mutex<()>>,
    world: World,
}

impl Store {
    /// A store on AWS, or on `settings.endpoint`.
    pub fn connect(settings: &StoreSettings, aws: &Aws, world: World) -> Self {
        let mut config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(aws::behavior_version())
            .region(aws.region.clone())
            .credentials_provider(aws.credentials.clone())
            .timeout_config(timeouts())
            .retry_config(retries::by_the_client());
        config.set_endpoint_url(settings.endpoint.clone().or_else(|| aws.endpoint.clone()));
        Self::new(Client::from_conf(config.build()), &settings.table, world)
    }

    /// A store on an endpoint of this machine that asks for no credentials.
    pub fn local(endpoint: &str, table: &str, world: World) -> Self {
        Self::unguarded(aws_sdk_dynamodb::Config::builder().endpoint_url(endpoint), table, world)
    }

    /// A store on an engine inside this process, reached through `engine` instead of the network.
    pub fn inside(engine: impl HttpClient + 'static, table: &str, world: World) -> Self {
        let config = aws_sdk_dynamodb::Config::builder().endpoint_url("http://inside").http_client(engine);
        Self::unguarded(config, table, world)
    }

    fn unguarded(config: aws_sdk_dynamodb::config::Builder, table: &str, world: World) -> Self {
        let config = config
            .behavior_version(aws::behavior_version())
            .region(Region::from_static("local"))
            .credentials_provider(Credentials::new("local", "local", None, None, "local"))
            .timeout_config(timeouts())
            .retry_config(retries::by_the_client())
            .build();
        Self::new(Client::from_conf(config), table, world)
    }

    fn new(client: Client, table: &str, world: World) -> Self {
        Self {
            client,
            table: table.into(),
            writes: Arc::default(),
            sighted: Arc::default(),
            changes: None,
            lanes: None,
            tenants: Arc::default(),
            world,
        }
    }

    /// The same store, which also tells `changes` of every approval that has become due: what the table's stream
    /// does on AWS. Whatever does not fit into the channel is left to the sweep.
    pub fn telling(mut self, changes: mpsc::Sender<DueItem>) -> Self {
        self.changes = Some(changes);
        self
    }

    /// The same store for work that nobody waits for: few requests at a time, so that the doors' come first. DingTalk
    /// gives a callback 1.5 seconds, also while a thousand approvals are being advanced.
    #[must_use]
    pub fn in_background(mut self) -> Self {
        self.lanes = Some(Arc::new(Semaphore::new(BACKGROUND_LANES)));
        self
    }

    /// A place for one request; kept until it is answered.
    async fn lane(&self) -> Option<OwnedSemaphorePermit> {
        match &self.lanes {
            // The semaphore is never closed.
            Some(lanes) => lanes.clone().acquire_owned().await.ok(),
            None => None,
        }
    }

    /// Write requests so far; sightings, which are written beside the work, are not counted.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }

    fn count_write(&self) {
        self.writes.fetch_add(1, Ordering::Relaxed);
    }

    fn tell(&self, id: &ApprovalId) {
        if let Some(changes) = &self.changes {
            let _ = changes.try_send(DueItem::Approval(id.clone()));
        }
    }
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(2))
        .operation_timeout(Duration::from_secs(5))
        .build()
}
