//! The domain: one approval, from the moment it is received until its outcome is delivered.
//!
//! | file | idea |
//! |---|---|
//! | [`id`] | names of things, one type each |
//! | [`alias`] | one id of the source, with and without its tenant |
//! | [`request`] | what was asked, by whom, of whom |
//! | [`reference`] | what an instance carries to prove whose it is |
//! | [`state`] | where an approval stands: one type a state, holding only what that state has |
//! | [`reading`] | when the instance is read, and how often it may be |
//! | [`next_action`] | **what happens next**: the one rule |
//! | [`transition`] | the ways from state to state; there are no others |
//! | [`creation`] | the way to an instance, at most one |
//! | [`decision`] | how it ended |
//! | `set_back` | what was planned while the clock was ahead |
//! | [`schedule`] | when things are tried again |
//! | [`timeline`] | what happened on the way |

pub mod alias;
pub mod creation;
pub mod decision;
pub mod id;
pub mod next_action;
pub mod reading;
pub mod reference;
pub mod request;
pub mod schedule;
mod set_back;
pub mod state;
pub mod timeline;
pub mod transition;

pub use alias::{Alias, Meaning};
pub use creation::{AfterLook, Answer, Creation, NeedsOperator, Ready, Sent, Unresolved};
pub use decision::{Basis, Decider, Decision, Outcome};
pub use id::{ApplyId, ApprovalId, ApprovalKey, InstanceId, ProcessCode, Source, Tenant, UserId};
pub use next_action::{Next, next_action};
pub use reading::{ReadProblem, Reading, RecentReads};
pub use reference::{Nonce, Reference};
pub use request::{Account, Details, Identity, Node, Person, Request, Rule};
pub use state::{
    Approval, Decided, Delivered, Delivery, Hint, HintResult, Instance, Origin, Parked, Pending, Received,
    Record, Refused, State, Status, Withdrawal,
};
pub use timeline::{Entry, Happening, Timeline};
