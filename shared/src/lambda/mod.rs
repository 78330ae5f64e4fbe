//! What the Lambda binaries have in common.
//!
//! | file | idea |
//! |---|---|
//! | [`secrets`] | the one secret, today's value and the one before |
//! | [`live`] | what a function works with, made anew when the secret changes |
//! | `looks` | when the secret is looked at |
//! | `maker` | the parts of a function, or why there are none |
//! | [`serve`] | an HTTP function |

use std::time::Duration;

use crate::world::World;

pub mod live;
mod looks;
mod maker;
pub mod secrets;
mod serve;

pub use live::Live;
pub use maker::{Broken, Cause, Parts};
pub use serve::{serve, serve_or, serve_quickly};

/// Lambda gives no function more.
const LONGEST: Duration = Duration::from_mins(15);

/// Whatever keeps a function from starting, or an invocation from ending well.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How long it is until Lambda kills the process, by an invocation's context (milliseconds since the epoch).
pub fn time_left(deadline: u64, world: &World) -> Duration {
    let now = u64::try_from(world.now().as_millisecond()).unwrap_or(0);
    Duration::from_millis(deadline.saturating_sub(now)).min(LONGEST)
}
