//! What the doors of the simulator share: the world, the HTTP client, and the state behind one lock.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::SignedDuration;
use reqwest::{Client, redirect::Policy};
use shared::world::World;
use tokio::sync::watch;

use super::{
    answer::Connection,
    books::Books,
    faults::Faults,
    settings::{BadSettings, InForce, Settings},
};

/// Generous, so that it is the bridge that has to be in time.
const TIME_OUT: Duration = Duration::from_mins(1);

/// A running Dataphin, without its listener.
pub(super) struct Dataphin {
    pub world: World,
    pub client: Client,
    pub url: String,
    stopped: watch::Receiver<()>,
    state: Mutex<State>,
}

/// What changes. Its guard is never held across an await.
pub(super) struct State {
    pub books: Books,
    pub faults: Faults,
    pub last_connection: Option<Connection>,
    in_force: Arc<InForce>,
}

impl Dataphin {
    pub fn new(
        world: World,
        url: String,
        in_force: InForce,
        stopped: watch::Receiver<()>,
    ) -> reqwest::Result<Self> {
        // The bridge is addressed directly, whatever the environment says about proxies.
        let client = Client::builder().redirect(Policy::none()).timeout(TIME_OUT).no_proxy().build()?;
        let state = State {
            books: Books::default(),
            faults: Faults::default(),
            last_connection: None,
            in_force: Arc::new(in_force),
        };
        Ok(Self { world, client, url, stopped, state: Mutex::new(state) })
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The settings as of now.
    pub fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.state().in_force)
    }

    /// Changes the settings; they hold for whatever is sent or received from now on.
    pub fn change_settings(&self, change: impl FnOnce(&mut Settings)) -> Result<(), BadSettings> {
        let mut state = self.state();
        let mut settings = state.in_force.settings.clone();
        change(&mut settings);
        state.in_force = Arc::new(InForce::try_from(settings)?);
        Ok(())
    }

    /// Waits on the world's clock; `false` when the simulator was stopped meanwhile.
    pub async fn wait(&self, milliseconds: u32) -> bool {
        let mut stopped = self.stopped.clone();
        tokio::select! {
            () = self.world.sleep(SignedDuration::from_millis(milliseconds.into())) => true,
            // Nothing is ever sent: this ends when the sender is gone.
            _ = stopped.changed() => false,
        }
    }
}
