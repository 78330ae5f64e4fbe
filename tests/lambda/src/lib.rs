//! The function binaries as Lambda runs them: each a process of its own under an emulated runtime API, behind a front that
//! sends what an HTTP API of API Gateway sends, over a DynamoDB endpoint whose changes wake `relay`.

#![allow(clippy::expect_used, clippy::missing_panics_doc, clippy::panic)]

mod binaries;
mod gateway;
mod measure;
mod runtime;
mod secret;
mod site;
mod table;

pub use binaries::{FUNCTIONS, binary};
pub use measure::Measure;
pub use runtime::{Function, Reply};
pub use secret::Secret;
pub use site::Site;
pub use table::{Table, record};
