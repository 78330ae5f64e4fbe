//! What the Lambda binaries have in common.
//!
//! | file | idea |
//! |---|---|
//! | [`secrets`] | the one secret, today's value and the one before |
//! | [`live`] | what a function works with, made anew when the secret changes |
//! | [`serve`] | an HTTP function |

pub mod live;
pub mod secrets;
mod serve;

pub use live::{Live, Parts};
pub use serve::serve;

/// Whatever keeps a function from starting, or an invocation from ending well.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
