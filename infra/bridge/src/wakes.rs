//! Advances approvals as they become due: what the table's stream and the clock do on AWS.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use shared::{engine::Engine, store::DueItem};
use tokio::sync::{Semaphore, mpsc};

/// Approvals advanced at the same time.
const AT_ONCE: u32 = 64;

/// Approvals being advanced, and whether each must be looked at again afterwards.
type Running = Arc<Mutex<HashMap<DueItem, bool>>>;

/// On the way down, work under way has so long.
const DRAIN: Duration = Duration::from_secs(12);

/// Advances every approval that is named on the channel, each by one task at a time, until `stop` resolves.
pub async fn run(engine: Engine, mut wakes: mpsc::Receiver<DueItem>, stop: impl Future<Output = ()>) {
    let running = Running::default();
    let permits = Arc::new(Semaphore::new(AT_ONCE as usize));
    let mut stop = std::pin::pin!(stop);
    loop {
        let id = tokio::select! {
            id = wakes.recv() => id,
            () = &mut stop => None,
        };
        let Some(id) = id else { break };
        if !begin(&running, &id) {
            continue;
        }
        let Ok(permit) = permits.clone().acquire_owned().await else { return };
        let (engine, mut ending) =
            (engine.clone(), Ending { running: running.clone(), id: id.clone(), ended: false });
        tokio::spawn(async move {
            let _permit = permit;
            loop {
                if let Err(error) = engine.advance_due(&id).await {
                    tracing::error!(due = %id, %error, "not advanced; the sweep tries again");
                }
                if !ending.again() {
                    return;
                }
            }
        });
    }
    let _ = tokio::time::timeout(DRAIN, permits.acquire_many(AT_ONCE)).await;
}

/// True: nobody advances it, so the caller does. False: whoever does looks once more.
fn begin(running: &Running, id: &DueItem) -> bool {
    let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
    match running.get_mut(id) {
        Some(again) => {
            *again = true;
            false
        }
        None => running.insert(id.clone(), false).is_none(),
    }
}

/// Ends the work on an approval, also when it panics.
struct Ending {
    running: Running,
    id: DueItem,
    ended: bool,
}

impl Ending {
    /// Whether it was named again meanwhile.
    fn again(&mut self) -> bool {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        match running.get_mut(&self.id) {
            Some(again) if *again => {
                *again = false;
                true
            }
            _ => {
                running.remove(&self.id);
                self.ended = true;
                false
            }
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        // After a proper end the entry may be someone else's already.
        if !self.ended {
            self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
        }
    }
}
