//! The running simulator's inside: the state behind one lock, and the tasks that push events out of it.

use std::sync::{Arc, Mutex, PoisonError};

use shared::world::World;
use tokio::{runtime::Handle, sync::watch};

use super::{push, state::State};

/// What the server, the pushes and the handle share.
pub(crate) struct Core {
    pub world: World,
    pub client: reqwest::Client,
    state: Mutex<State>,
    runtime: Handle,
    stopped: watch::Receiver<()>,
    pushes: watch::Sender<usize>,
}

/// An attempt that is under way, until it is dropped.
pub(crate) struct UnderWay(watch::Sender<usize>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Core {
    pub fn new(state: State, client: reqwest::Client, stopped: watch::Receiver<()>) -> Self {
        let world = state.world.clone();
        Self {
            world,
            client,
            state: Mutex::new(state),
            runtime: Handle::current(),
            stopped,
            pushes: watch::Sender::new(0),
        }
    }

    /// Does something with the state, and sends off the events that came of it.
    pub fn with<T>(self: &Arc<Self>, act: impl FnOnce(&mut State) -> T) -> T {
        let (result, events) = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let result = act(&mut state);
            (result, std::mem::take(&mut state.outbox))
        };
        for event in events {
            push::send_off(self, event);
        }
        result
    }

    /// Counts an attempt until the answer is dropped.
    pub fn under_way(&self) -> UnderWay {
        self.pushes.send_modify(|count| *count += 1);
        UnderWay(self.pushes.clone())
    }

    /// Waits until no attempt is under way.
    pub async fn settled(&self) {
        // The sender lives as long as `self`.
        let _ = self.pushes.subscribe().wait_for(|count| *count == 0).await;
    }

    /// Runs a task until it is done or the simulator stops.
    pub fn spawn(self: &Arc<Self>, task: impl Future<Output = ()> + Send + 'static) {
        let stopped = self.stopped.clone();
        self.runtime.spawn(async move {
            tokio::select! {
                () = task => {}
                () = until_stopped(stopped) => {}
            }
        });
    }
}

/// Waits until the handle is gone.
pub(crate) async fn until_stopped(mut stopped: watch::Receiver<()>) {
    while stopped.changed().await.is_ok() {}
}
