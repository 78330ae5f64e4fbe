//! What the Lambda binaries have in common.
//!
//! | file | idea |
//! |---|---|
//! | [`secrets`] | the one secret, today's value and the one before |
//! | [`live`] | what a function works with, made anew when the secret changes |
//! | `looks` | when the secret is looked at |
//! | `maker` | the parts of a function, or why there are none |
//! | [`serve`] | an HTTP function |
//! | `work` | a function that is woken |

pub mod live;
mod looks;
mod maker;
pub mod secrets;
mod serve;
mod work;

pub use live::Live;
pub use maker::{Broken, Cause, Parts};
pub use serve::{serve, serve_or, serve_quickly};

/// Whatever keeps a function from starting, or an invocation from ending well.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
