//! Dataphin's third-party approval interface.
//!
//! | file | idea |
//! |---|---|
//! | [`access`] | who may call us |
//! | [`submission`] | a submit's body, in all its editions |
//! | [`content`] | what is asked for, made readable |
//! | [`withdrawal`] | a withdrawal's body |
//! | [`reply`] | what we answer |
//! | [`profile`] | how we tell Dataphin an outcome: plain data |
//! | [`callback`] | telling it, and what its answer means |

pub mod access;
pub mod bare_aes;
pub mod callback;
pub mod content;
pub mod profile;
pub mod reply;
pub mod submission;
pub mod withdrawal;

pub use access::{Access, AccessQuery};
pub use callback::{Dataphin, DataphinSettings, Told};
pub use profile::Profile;
pub use submission::{BadBody, Submission};
pub use withdrawal::WithdrawalRequest;
