//! Dataphin's third-party approval interface.
//!
//! | file | idea |
//! |---|---|
//! | [`access`] | who may call us |
//! | [`submission`] | a submit's body, in all its editions |
//! | `digest`, `digest_1` | whether a repeated submit is the same request |
//! | [`content`], `page`, `rank`, [`tree`] | what is asked for, made readable |
//! | `beside` | members of a submit that are not known |
//! | [`withdrawal`] | a withdrawal's body |
//! | [`reply`] | what we answer |
//! | [`profile`] | how we tell Dataphin an outcome: plain data |
//! | `contradiction` | what cannot be meant by one |
//! | `built_in` | the profiles that have a name |
//! | [`bare_aes`] | the cipher of some of them |
//! | [`closed`] | how an answer says that a request is closed |
//! | [`callback`] | telling Dataphin, and trying whether it could be told |
//! | [`message`] | what it is told |
//! | `answer` | what its answer says, in any dialect |
//! | [`verdict`], [`said`], `reading`, `sealed` | what that means |
//! | [`accepted`] | answers that an operator lets us take for a yes |
//! | [`exchange`], `mask` | a callback and its answer, fit to be shown |

pub mod accepted;
pub mod access;
mod answer;
pub mod bare_aes;
mod beside;
mod built_in;
pub mod callback;
pub mod closed;
pub mod content;
mod contradiction;
mod digest;
mod digest_1;
pub mod exchange;
mod fields;
pub(crate) mod mask;
pub mod message;
mod page;
pub mod profile;
mod rank;
mod reading;
pub mod reply;
pub mod said;
mod sealed;
pub mod submission;
pub mod tree;
pub mod verdict;
pub mod withdrawal;

pub use accepted::AcceptedAnswer;
pub use access::{Access, AccessQuery};
pub use callback::{Dataphin, DataphinSettings};
pub use digest::Digest;
pub use exchange::{Exchange, ShownAnswer};
pub use message::TestRequest;
pub use profile::Profile;
pub use said::Said;
pub use submission::{BadBody, Submission};
pub use verdict::{Acceptance, DryRun, NotMade, Refusal, Told, Unclear};
pub use withdrawal::WithdrawalRequest;
