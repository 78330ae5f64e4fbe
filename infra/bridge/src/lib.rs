//! Approval Bridge on one machine.
//!
//! | module | what it is |
//! |---|---|
//! | [`host`] | all functions in one process, over one data file |
//! | [`embedded`] | the DynamoDB engine inside |
//! | [`sandbox`] | a simulated DingTalk and Dataphin to rehearse in |
//! | [`server`] | HTTP with limits on time and number |
//! | [`wakes`] | advances approvals as they become due |
//! | [`commands`] | the command line |

pub mod commands;
pub mod embedded;
pub mod host;
pub mod sandbox;
pub mod server;
pub mod wakes;
