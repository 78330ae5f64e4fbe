//! The diagnosis: what is wrong with an installation, and where to mend it.
//!
//! Everything is asked side by side, and what came of it is judged afterwards, in the order of dependence: what depends
//! on something that failed is skipped, so that one cause is named once.
//!
//! | file | idea |
//! |---|---|
//! | [`check`], `facts` | every check, as a table |
//! | [`finding`] | what a diagnosis says |
//! | `report` | one cause is named once |
//! | `doctor` | asks, then judges |
//! | `leftover` | what a check started against all expectation |
//! | `limits` | how long it may take, whatever hangs |
//! | `last_known` | what the store still knows to be wrong, for the connection test |
//! | `configuration` | variables, before anything is asked |
//! | `storage`, `stored` | the table, and what is in it |
//! | `data_file` | what the running bridge says of its data file |
//! | `refused` | what DynamoDB refuses |
//! | [`exposure`] | what works and could be safer |
//! | `reach`, `connect`, `tls`, `tunnel` | why nobody answers at an address |
//! | `stranger` | what answers there in the place of whom was meant |
//! | `asked`, `gateway`, `app`, `template` | DingTalk: the questions, and what its answers mean |
//! | `callback`, `turned_away` | our address, as DingTalk sees it |
//! | `several` | a public name with several addresses |
//! | `route` | our address, as Dataphin sees it |
//! | `sizes` | how large a body may be on the way to us |
//! | `sightings`, `requests` | what arrived lately, and what became of requests |
//! | `waiting`, `refusals`, `accounts`, `said` | requests without an instance, those refused, and why |
//! | `pushes` | the events that DingTalk could not push |
//! | `unreported` | approvals that ended without an event |
//! | `dataphin`, `dataphins_words`, `subject` | Dataphin's address, and what its no is about |
//! | `places` | where to mend what, in the words of the consoles |

mod accounts;
mod app;
mod asked;
mod before_dataphin;
mod blocked;
mod callback;
pub mod check;
mod configuration;
mod connect;
mod data_file;
mod dataphin;
mod dataphins_words;
mod doctor;
pub mod exposure;
mod facts;
pub mod finding;
mod gateway;
mod last_known;
mod leftover;
mod limits;
mod neighbour;
mod places;
mod pushes;
mod reach;
mod refusals;
mod refused;
mod report;
mod requests;
mod route;
mod said;
mod several;
mod sightings;
mod sizes;
mod storage;
mod stored;
mod stranger;
mod subject;
mod template;
mod tls;
mod tunnel;
mod turned_away;
mod unreported;
mod waiting;

pub use crate::words::Words;
pub use check::{Check, Facts};
pub use configuration::nothing_configured;
pub use doctor::Doctor;
pub use finding::{Diagnosis, Failure, Finding, Outcome};
pub use last_known::LastKnown;
pub(crate) use sightings::refused_event;
pub use storage::Storage;
