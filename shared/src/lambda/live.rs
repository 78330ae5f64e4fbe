//! What a function works with: made once at its start, and anew when the secret changes, without a new deployment. Secret and
//! store are connected to at the same time. DingTalk is not: its token needs the secret first, and whoever
//! starts a function waits for that all the same.
//!
//! How long a value that was withdrawn is still accepted: while it is the one before, on purpose. Afterwards by no function
//! for longer than `BRIDGE_SECRET_KEEP_SECONDS`, however long it was idle: each looks before it answers. `callback` must not
//! wait for Secrets Manager: it asks the store, where `sweep` notes today's version; so it may believe an event under a
//! withdrawn token for twice that time and the minute between two sweeps. An event is a hint, the instance decides.

use std::{fmt, sync::Arc, time::Duration};

use jiff::SignedDuration;
use tokio::{
    sync::{Mutex, RwLock},
    time::timeout,
};

use super::{
    Failure,
    looks::{Looks, Why},
    maker::{Broken, Make, Maker, Parts},
    secrets::{NoSecret, Secret, Secrets, Version},
};
use crate::{
    aws::Aws,
    config::{Survey, Variables},
    logs, metrics,
    store::{Store, StoreSettings},
    world::World,
};

/// Nobody's answer waits longer for a look at the secret,
const LOOK_TIME: Duration = Duration::from_millis(700);
/// unless there is no other answer.
const LONG_LOOK_TIME: Duration = Duration::from_secs(2);
/// A function that can tell why there is no secret begins with that: Dataphin waits for its connection test.
const START_TIME: Duration = Duration::from_secs(3);
/// The store is as near as the answer.
const STORE_TIME: Duration = Duration::from_millis(300);
/// Unless BRIDGE_SECRET_KEEP_SECONDS says otherwise.
const KEEP: SignedDuration = SignedDuration::from_mins(5);

/// What a function makes of its parts, always by today's secret.
pub struct Live<T> {
    maker: Maker<T>,
    secrets: Option<Secrets>,
    current: RwLock<Arc<T>>,
    known: Mutex<Known>,
}

/// `main` prints what keeps it from starting as it is for debugging: let it be the sentence.
#[derive(thiserror::Error)]
#[error("{0}")]
struct NotStarted(String);

impl fmt::Debug for NotStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What is known of the secret.
struct Known {
    version: Version,
    looks: Looks,
    /// What is in use tells why there is nothing else.
    broken: bool,
    /// The version that the store was told.
    noted: Option<Version>,
}

impl<T> Live<T> {
    /// Reads environment and secret, and makes the function: once for its life. The store is connected to meanwhile.
    /// What keeps it from starting is told in the log; Lambda starts it again with the next call.
    pub async fn start(
        make: impl Fn(Parts) -> Result<T, Failure> + Send + Sync + 'static,
    ) -> Result<Self, Failure> {
        Self::begin(Box::new(make), None).await
    }

    /// The same for a function that can say why there is no other: it is made by `instead` until the secret can be used.
    pub async fn start_or(
        make: impl Fn(Parts) -> Result<T, Failure> + Send + Sync + 'static,
        instead: impl Fn(Broken) -> Result<T, Failure> + Send + Sync + 'static,
    ) -> Result<Self, Failure> {
        Self::begin(Box::new(make), Some(Box::new(instead))).await
    }

    async fn begin(make: Make<Parts, T>, instead: Option<Make<Broken, T>>) -> Result<Self, Failure> {
        logs::json();
        metrics::begin();
        let started = async || -> Result<Self, Failure> {
            let (world, aws) = (World::real(), Aws::from_env()?);
            let (settings, keep) = settings();
            let store = Store::connect(&settings, &aws, world.clone());
            Self::read(Maker { make, instead, store, world }, Secrets::from_env(&aws), keep).await
        };
        started().await.map_err(|error| {
            tracing::error!(%error, "the function cannot start");
            NotStarted(error.to_string()).into()
        })
    }

    async fn read(maker: Maker<T>, secrets: Option<Secrets>, keep: SignedDuration) -> Result<Self, Failure> {
        let secret = async {
            match (&secrets, &maker.instead) {
                (Some(secrets), None) => Some(secrets.read().await),
                (Some(secrets), Some(_)) => Some(within(START_TIME, secrets).await),
                (None, _) => None,
            }
        };
        // A store that does not answer yet is no reason not to start.
        let (secret, _) = tokio::join!(secret, maker.store.templates());
        let now = maker.world.now();
        let mut looks = Looks::new(keep);
        looks.begin(Why::Age, now);
        let read = secret.as_ref().and_then(|secret| secret.as_ref().ok());
        let version = read.map(|secret| secret.version.clone()).unwrap_or_default();
        if version.is_whole() && read.is_some() {
            looks.is_read(now);
        }
        let (first, broken) = match maker.make(secret) {
            Ok(made) => (made, false),
            Err(broken) if maker.instead.is_some() => {
                tracing::error!(error = %broken.cause, "the function can only tell why it does not work");
                (maker.make_instead(*broken)?, true)
            }
            Err(broken) => return Err(broken.cause.into()),
        };
        Ok(Self {
            maker,
            secrets,
            current: RwLock::new(Arc::new(first)),
            known: Mutex::new(Known { version, looks, broken, noted: None }),
        })
    }

    /// Writes the numbers of an invocation when it is over, however it ends.
    pub fn counting(&self) -> Counting {
        Counting(self.maker.world.clone())
    }

    /// The function as it is now.
    pub async fn current(&self) -> Arc<T> {
        self.current.read().await.clone()
    }

    /// Looks at the secret if the last look was long ago. One that cannot be read changes nothing, and is told.
    pub async fn keep_up(&self) {
        let mut known = self.known.lock().await;
        let why = if known.broken { Why::Need } else { Why::Age };
        self.look(&mut known, why).await;
    }

    /// The same for who has no time: asks the store whether the secret has changed, and looks at it only then.
    pub async fn keep_up_by_the_store(&self) {
        let mut known = self.known.lock().await;
        let now = self.maker.world.now();
        if self.secrets.is_none() || !known.looks.is_time(Why::Age, now) {
            return;
        }
        match timeout(STORE_TIME, self.maker.store.secret_version()).await {
            Ok(Ok(Some(version))) if version == known.version.to_string() => known.looks.is_read(now),
            Ok(Ok(_)) => {
                self.look(&mut known, Why::Age).await;
            }
            // Without the store nothing is believed anyway.
            Ok(Err(_)) | Err(_) => {}
        }
    }

    /// Tells the store which version is today's, for whoever has no time to look.
    pub async fn note_version(&self) {
        let mut known = self.known.lock().await;
        if self.secrets.is_none() || !known.version.is_whole() || known.noted.as_ref() == Some(&known.version)
        {
            return;
        }
        let version = known.version.to_string();
        let noted = timeout(STORE_TIME, self.maker.store.set_secret_version(&version)).await;
        match noted {
            Ok(Ok(())) => known.noted = Some(known.version.clone()),
            Ok(Err(error)) => tracing::error!(%error, "the secret's version is noted next time"),
            Err(_) => tracing::error!("the secret's version is noted next time: the store is slow"),
        }
    }

    /// The function by a secret that has changed this moment, if it has: for whoever was just refused.
    pub async fn changed(&self) -> Option<Arc<T>> {
        self.look(&mut *self.known.lock().await, Why::Refusal).await
    }

    /// Looks if it is time, and gives what it has made anew.
    async fn look(&self, known: &mut Known, why: Why) -> Option<Arc<T>> {
        let (secrets, now) = (self.secrets.as_ref()?, self.maker.world.now());
        if !known.looks.is_time(why, now) {
            return None;
        }
        known.looks.begin(why, now);
        let read = within(if known.broken { LONG_LOOK_TIME } else { LOOK_TIME }, secrets).await;
        let version = read.as_ref().map(|secret| secret.version.clone()).unwrap_or_default();
        if read.is_ok() && version.is_whole() {
            known.looks.is_read(now);
        }
        if read.is_ok() && version.may_be(&known.version) {
            if version.is_whole() {
                known.version = version;
            }
            return None;
        }
        let passes = matches!(read, Err(NoSecret::NotNow(_)));
        let made = match self.maker.make(Some(read)) {
            Ok(made) => {
                tracing::info!("the secret has changed, and is used from now on");
                known.broken = false;
                made
            }
            Err(broken) if self.maker.instead.is_some() && !passes => {
                tracing::error!(error = %broken.cause, "the function can only tell why it does not work");
                known.broken = true;
                self.maker
                    .make_instead(*broken)
                    .inspect_err(|error| tracing::error!(%error, "nor that"))
                    .ok()?
            }
            Err(broken) => {
                let error = broken.cause;
                tracing::error!(%error, "the secret is not taken up; the one before is used on");
                return None;
            }
        };
        known.version = version;
        let made = Arc::new(made);
        *self.current.write().await = made.clone();
        Some(made)
    }
}

/// An invocation whose numbers are kept.
pub struct Counting(World);

impl Drop for Counting {
    fn drop(&mut self) {
        metrics::flush(self.0.now());
    }
}

/// The secret, or that it did not come in time.
async fn within(time: Duration, secrets: &Secrets) -> Result<Secret, NoSecret> {
    let read = timeout(time, secrets.read()).await;
    read.unwrap_or_else(|_| Err(NoSecret::NotNow("no answer".to_owned())))
}

/// What is needed before the secret is there, and so is in the environment: the table, and how long a secret is good.
fn settings() -> (StoreSettings, SignedDuration) {
    let environment = Variables::from_env();
    let bridge = Survey::of(|name| environment.get(name).map(ToOwned::to_owned)).bridge;
    match bridge {
        Some(bridge) => {
            (StoreSettings { table: bridge.table, endpoint: bridge.dynamodb_endpoint }, bridge.secret_keep)
        }
        None => (StoreSettings { table: String::new(), endpoint: None }, KEEP),
    }
}
