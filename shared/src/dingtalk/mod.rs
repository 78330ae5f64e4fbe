//! DingTalk as the bridge uses it. Facts are from the vendor's open platform documentation.
//!
//! | file | idea |
//! |---|---|
//! | [`client`] | one call: limiter, token, time-out, classification |
//! | [`instances`] | create, read, terminate, comment |
//! | `instance_list`, `snapshot` | which instances there are, and one as it is shown |
//! | [`forms`], [`forecast`] | templates, and the nodes an instance would go through |
//! | [`contacts`], `mobile`, [`nobody`] | who someone is in DingTalk, and why somebody is nobody there |
//! | [`proofs`] | what the app may do, proved by calls that change nothing |
//! | [`error`], [`words`] | what a refusal means, and how a person is told |
//! | `answer`, `codes` | DingTalk's answers in all their dialects, and the codes that are known |
//! | [`callback`], [`event`], [`crypto`], [`knock`] | what DingTalk reports to us |
//! | [`fingerprint`] | whether Token or aes_key were changed |

pub(crate) mod answer;
pub mod callback;
pub mod client;
pub(crate) mod clock_offset;
mod codes;
pub mod contacts;
pub mod crypto;
pub mod error;
pub mod event;
mod failed_pushes;
pub mod fingerprint;
pub mod forecast;
pub mod forms;
mod instance_list;
pub mod instances;
pub mod knock;
mod limiter;
mod mobile;
pub mod nobody;
pub mod proofs;
mod snapshot;
#[cfg(test)]
mod tests;
mod token;
pub mod words;

pub use callback::{CallbackVerifier, Verified};
pub(crate) use client::SendBy;
pub use client::{Api, DingTalk};
pub use contacts::{AccountKind, Contact};
pub use error::{Class, DingTalkError};
pub use event::Event;
pub use instances::{Approvers, Ending, InstanceList, InstanceSnapshot, NewInstance, NodeAction};
pub use proofs::Permission;

use secrecy::SecretString;

use crate::approval::{ProcessCode, UserId};

/// How to reach DingTalk, and as whom.
#[derive(Clone)]
pub struct DingTalkSettings {
    /// `https://api.dingtalk.com`, without a slash at the end.
    pub api_url: String,
    /// `https://oapi.dingtalk.com`, without a slash at the end.
    pub oapi_url: String,
    /// AppKey (Client ID).
    pub app_key: String,
    /// AppSecret (Client Secret).
    pub app_secret: SecretString,
    /// AgentId.
    pub agent_id: Option<i64>,
    /// The template of requests that name none, where an operator has set one.
    pub process_code: Option<ProcessCode>,
    /// Who originates approvals whose requester is not in DingTalk.
    pub service_user: Option<UserId>,
    /// In whose name checks and tries are made.
    pub test_user: Option<UserId>,
    /// Calls a second to each API; 0: no limit.
    pub calls_per_second: u32,
}
