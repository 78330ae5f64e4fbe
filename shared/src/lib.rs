//! The common crate of Approval Bridge.
//!
//! | module | what it is |
//! |---|---|
//! | [`approval`] | the domain, and the rule for what happens next |
//! | [`dingtalk`] | DingTalk's protocols: calls, events, the callback's envelope |
//! | [`store`] | one DynamoDB table: the truth |
//! | [`world`] | the clock and the randomness that the rest is handed |

pub mod approval;
pub mod dataphin;
pub mod dingtalk;
pub mod hex;
pub mod http;
pub mod store;
pub mod world;
