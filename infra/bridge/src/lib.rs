//! Approval Bridge on one machine.
//!
//! | module | what it is |
//! |---|---|
//! | [`host`] | all functions in one process, over one data file |
//! | `collect` | what is done from time to time, and after a gap |
//! | [`archive`] | everything that is stored, as one file |
//! | [`embedded`] | the DynamoDB engine inside |
//! | `private` | files that nobody but their owner may read |
//! | [`sandbox`] | a simulated DingTalk and Dataphin to rehearse in |
//! | [`server`] | HTTP with limits on time and number |
//! | `stream` | an end to every wait on a caller |
//! | [`wakes`] | advances approvals as they become due |
//! | [`commands`] | the command line |

pub mod archive;
mod collect;
pub mod commands;
pub mod embedded;
pub mod host;
mod private;
pub mod sandbox;
pub mod server;
mod stream;
pub mod wakes;
