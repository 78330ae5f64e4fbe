//! Approval Bridge on one machine.
//!
//! | module | what it is |
//! |---|---|
//! | [`host`] | all functions in one process, over one data file |
//! | `collect` | what is done from time to time, and after a gap |
//! | [`archive`] | everything that is stored, as one file |
//! | [`embedded`] | the DynamoDB engine inside |
//! | [`data_file`] | whether its file keeps what is committed |
//! | [`health`] | what `/health` answers, and who is refused while the data file fails |
//! | `places` | room for connections, and who makes it |
//! | `private` | files that nobody but their owner may read |
//! | [`sandbox`] | a simulated DingTalk and Dataphin to rehearse in |
//! | [`server`] | HTTP with limits on time and number |
//! | `stream` | an end to every wait on a caller |
//! | [`wakes`] | advances approvals as they become due |
//! | [`commands`] | the command line |

pub mod archive;
mod collect;
pub mod commands;
pub mod data_file;
pub mod embedded;

pub mod health;
pub mod host;
mod places;
mod private;
pub mod sandbox;
pub mod server;
mod stream;
pub mod wakes;
