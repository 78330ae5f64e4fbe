//! The common crate of Approval Bridge.
//!
//! | module | what it is |
//! |---|---|
//! | [`approval`] | the domain, and **the rule for what happens next** |
//! | [`engine`] | carries that rule out, one approval at a time |
//! | [`store`] | one DynamoDB table: the truth |
//! | [`dingtalk`], [`dataphin`] | the protocols |
//! | [`template`] | which DingTalk form an approval is made from, and what goes into its fields |
//! | [`http`] | one client, one way to answer an error |
//! | [`config`] | the environment's variables |
//! | [`diagnosis`] | what is wrong with an installation, and where to mend it |
//! | [`aws`] | where AWS is, and as whom it is called |
//! | [`assembly`] | puts the parts together |
//! | [`logs`] | what is logged, and what never is |
//! | [`lambda`] | what the Lambda binaries have in common |
//! | [`metrics`] | numbers for whoever watches over the functions |
//! | [`legible`] | text as people must see it before they agree to it |
//! | [`mod@visible`] | what people wrote, fit to be shown |
//! | [`json`] | a reader of JSON with odd characters in it |
//! | [`mod@words`] | a text in English and Chinese |
//! | [`world`] | the clock and the randomness that the rest is handed |

pub mod approval;
pub mod assembly;
pub mod aws;
pub mod config;
pub mod dataphin;
pub mod diagnosis;
pub mod dingtalk;
pub mod engine;
pub mod hex;
pub mod http;
pub mod json;
pub mod lambda;
pub mod legible;
pub mod logs;
pub mod metrics;
pub mod store;
pub mod template;
pub mod visible;
pub mod words;
pub mod world;
