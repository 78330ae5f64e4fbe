//! A function that is woken, by the table's stream or by the clock.

use std::time::Duration;

use super::Live;
use crate::{
    engine::{Engine, WorkTime},
    world::World,
};

/// Lambda gives no function more.
const LONGEST: Duration = Duration::from_mins(15);

impl Live<(Engine, World)> {
    /// Works by today's secret until the invocation's `deadline` (milliseconds since the epoch).
    pub async fn work<T>(&self, deadline: u64, work: impl AsyncFnOnce(&Engine, WorkTime) -> T) -> T {
        let _counting = self.counting();
        self.keep_up().await;
        let current = self.current().await;
        let (engine, world) = &*current;
        let done = work(engine, WorkTime::of(time_left(deadline, world))).await;
        if engine.turned_away() {
            // The next attempt is made with what is in the secret by now.
            self.changed().await;
        }
        done
    }
}

/// How long it is until Lambda kills the process.
fn time_left(deadline: u64, world: &World) -> Duration {
    let now = u64::try_from(world.now().as_millisecond()).unwrap_or(0);
    Duration::from_millis(deadline.saturating_sub(now)).min(LONGEST)
}
