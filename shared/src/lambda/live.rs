//! What a function works with: made once at its start, and anew when the secret changes, without a new deployment.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::{Mutex, RwLock};

use super::{
    Failure,
    secrets::{Secret, Secrets},
};
use crate::{
    assembly,
    aws::Aws,
    config::{Config, Survey, Variables},
    engine::Engine,
    logs, metrics,
    store::{Store, StoreSettings},
    world::World,
};

/// A secret is looked at again after so long: a value that was withdrawn is not accepted for longer.
const KEEP: Duration = Duration::from_mins(5);
/// One that does not fit is looked at at once, and not more often than this.
const AT_MOST_EVERY: Duration = Duration::from_secs(20);
/// Nobody's answer waits longer for a look at the secret.
const LOOK_TIME: Duration = Duration::from_millis(700);

/// The parts of a function.
pub struct Parts {
    /// The configuration.
    pub config: Config,
    /// The engine.
    pub engine: Engine,
    /// The clock and the randomness.
    pub world: World,
}

/// What a function makes of its parts, always by today's secret.
pub struct Live<T> {
    make: Box<dyn Fn(Parts) -> Result<T, Failure> + Send + Sync>,
    store: Store,
    secrets: Option<Secrets>,
    world: World,
    current: RwLock<Arc<T>>,
    looked: Mutex<Looked>,
}

/// The last look at the secret.
struct Looked {
    version: String,
    at: Instant,
    /// The last look for somebody who was refused.
    for_refused: Option<Instant>,
}

impl<T> Live<T> {
    /// Reads environment and secret, and makes the function: once for its life. The store is connected to meanwhile.
    /// What keeps it from starting is told in the log; Lambda starts it again with the next call.
    pub async fn start(
        make: impl Fn(Parts) -> Result<T, Failure> + Send + Sync + 'static,
    ) -> Result<Self, Failure> {
        logs::json();
        metrics::begin();
        Self::read(make).await.inspect_err(|error| tracing::error!(%error, "the function cannot start"))
    }

    async fn read(
        make: impl Fn(Parts) -> Result<T, Failure> + Send + Sync + 'static,
    ) -> Result<Self, Failure> {
        let (world, aws) = (World::real(), Aws::from_env()?);
        let environment = Variables::from_env();
        let secrets = Secrets::from_env(&aws);
        let store = Store::connect(&settings(&environment), &aws, world.clone());
        let secret = async {
            match &secrets {
                Some(secrets) => secrets.read().await.map(Some),
                None => Ok(None),
            }
        };
        // A store that does not answer yet is no reason not to start.
        let (secret, _) = tokio::join!(secret, store.templates());
        let secret = secret?;
        let version = secret.as_ref().map_or_else(String::new, |secret| secret.version.clone());
        let first = make(parts(environment, secret, &store, &world)?)?;
        Ok(Self {
            make: Box::new(make),
            store,
            secrets,
            world,
            current: RwLock::new(Arc::new(first)),
            looked: Mutex::new(Looked { version, at: Instant::now(), for_refused: None }),
        })
    }

    /// Writes the numbers of an invocation.
    pub fn flush(&self) {
        metrics::flush(self.world.now());
    }

    /// The function as it is now.
    pub async fn current(&self) -> Arc<T> {
        self.current.read().await.clone()
    }

    /// Looks at the secret if the last look was long ago. One that cannot be used changes nothing, and is told.
    pub async fn keep_up(&self) {
        self.look_and_tell(false).await;
    }

    /// The function by a secret that has changed this moment, if it has: for whoever was just refused.
    pub async fn changed(&self) -> Option<Arc<T>> {
        self.look_and_tell(true).await
    }

    async fn look_and_tell(&self, for_refused: bool) -> Option<Arc<T>> {
        let looked = self.look(for_refused).await;
        looked
            .inspect_err(
                |error| tracing::error!(%error, "the secret is not taken up; the one before is used on"),
            )
            .ok()?
    }

    async fn look(&self, for_refused: bool) -> Result<Option<Arc<T>>, Failure> {
        let Some(secrets) = &self.secrets else { return Ok(None) };
        let mut looked = self.looked.lock().await;
        let too_soon = match (for_refused, looked.for_refused) {
            (true, last) => last.is_some_and(|last| last.elapsed() < AT_MOST_EVERY),
            (false, _) => looked.at.elapsed() < KEEP,
        };
        if too_soon {
            return Ok(None);
        }
        let now = Instant::now();
        looked.at = now;
        if for_refused {
            looked.for_refused = Some(now);
        }
        let secret = tokio::time::timeout(LOOK_TIME, secrets.read()).await??;
        if secret.version == looked.version {
            return Ok(None);
        }
        let version = secret.version.clone();
        let parts = parts(Variables::from_env(), Some(secret), &self.store, &self.world)?;
        let changed = Arc::new((self.make)(parts)?);
        *self.current.write().await = changed.clone();
        looked.version = version;
        tracing::info!("the secret has changed, and is used from now on");
        Ok(Some(changed))
    }
}

/// The table is named in the environment: it is no secret, and is connected to before the secret is there.
fn settings(environment: &Variables) -> StoreSettings {
    let bridge = Survey::of(|name| environment.get(name).map(ToOwned::to_owned)).bridge;
    match bridge {
        Some(bridge) => StoreSettings { table: bridge.table, endpoint: bridge.dynamodb_endpoint },
        None => StoreSettings { table: String::new(), endpoint: None },
    }
}

fn parts(
    environment: Variables,
    secret: Option<Secret>,
    store: &Store,
    world: &World,
) -> Result<Parts, Failure> {
    let variables = match secret {
        Some(secret) => environment.with(secret.variables),
        None => environment,
    };
    let config = Config::read(variables)?;
    let engine = assembly::engine(&config, store.clone(), world.clone(), false)?;
    Ok(Parts { config, engine, world: world.clone() })
}
