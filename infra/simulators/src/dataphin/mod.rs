//! Dataphin as the bridge sees it: it submits requests, and is told their outcome on its callback URL.
//!
//! | module | what it is |
//! |---|---|
//! | `simulator` | the handle: start, file, withdraw, wait for an outcome |
//! | `settings` | what an administrator types into Dataphin's approval settings |
//! | `request`, `content`, `body` | what people ask for, and how it is written |
//! | `books`, `record`, `ledger` | every request, its state, and what Dataphin was told of it: the pure core |
//! | `submit`, `answer` | what Dataphin sends, and what it makes of the answer |
//! | `callback`, `verify` | what Dataphin receives, and from whom |
//! | `faults` | how it misbehaves when asked to |
//! | `page`, `control` | the page for people, the JSON surface for scripts |

mod answer;
mod body;
mod books;
mod callback;
mod connection;
mod content;
mod control;
mod faults;
mod inner;
mod ledger;
mod page;
mod record;
mod request;
mod settings;
mod simulator;
mod submit;
#[cfg(test)]
mod tests;
mod verify;

pub use answer::{Answer, Connection, Filed, NotWithdrawn, Verb};
pub use callback::CALLBACK_PATH;
pub use faults::{Fault, RawAnswer, Times};
pub use ledger::{Counts, Outcome, RefusedCall, Told, Untaken, Verdict};
pub use record::{Record, RequestState, Withdrawal};
pub use request::{Kind, Node, Operator, Person, Request};
pub use settings::{BadSettings, Edition, Profile, Settings};
pub use simulator::Simulator;
