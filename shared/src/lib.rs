//! The common crate of Approval Bridge.
//!
//! | module | what it is |
//! |---|---|
//! | [`dingtalk`] | DingTalk's protocols: calls, events, the callback's envelope |
//! | [`world`] | the clock and the randomness that the rest is handed |

pub mod dingtalk;
pub mod world;
