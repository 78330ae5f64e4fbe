//! The function binaries as Lambda runs them: each a process of its own under an emulated runtime API, behind a front that
//! sends what an HTTP API of API Gateway sends, over a DynamoDB endpoint whose changes wake `relay`.

#![allow(clippy::expect_used, clippy::missing_panics_doc, clippy::panic)]

mod binaries;
mod end;
mod environment;
mod gateway;
mod installation;
mod measure;
mod runtime;
mod secret;
mod site;
mod stream;
mod table;
mod trouble;

pub use binaries::{FUNCTIONS, binary};
pub use end::kill;
pub use gateway::call;
pub use measure::Measure;
pub use runtime::{Function, Held, Reply};
pub use secret::{Mood, Secret};
pub use site::Site;
pub use stream::Failures;
pub use table::{Table, record};
pub use trouble::{Ill, Trouble, Troubles};
