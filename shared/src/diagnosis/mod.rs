//! The diagnosis: what is wrong with an installation, and where to mend it.
mod check;
mod configuration;
mod finding;
mod places;
mod report;

pub use check::{Check, Facts};
pub use finding::{Diagnosis, Failure, Finding, Outcome, Words};
