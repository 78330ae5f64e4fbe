//! The domain: one approval, from the moment it is received until its outcome is delivered.
//!
//! | file | idea |
//! |---|---|
//! | [`id`] | names of things, one type each |
//! | [`request`] | what was asked, by whom, of whom |
//! | [`state`] | where an approval stands: one type a state, holding only what that state has |
//! | [`reading`] | when the instance is read, and how often it may be |
//! | [`next_action`] | **what happens next**: the one rule |
//! | [`transition`] | the ways from state to state; there are no others |
//! | [`decision`] | how it ended |
//! | [`schedule`] | when things are tried again |
//! | [`timeline`] | what happened on the way |

pub mod decision;
pub mod id;
pub mod next_action;
pub mod reading;
pub mod request;
pub mod schedule;
pub mod state;
pub mod timeline;
pub mod transition;

pub use decision::{Basis, Decider, Decision, Outcome};
pub use id::{ApplyId, ApprovalId, ApprovalKey, InstanceId, ProcessCode, Source, Tenant, UserId};
pub use next_action::{Next, next_action};
pub use reading::{ReadProblem, Reading, RecentReads};
pub use request::{Details, Identity, Node, Person, Request, Rule};
pub use state::{
    Approval, Creation, Decided, Delivered, Delivery, Hint, HintResult, Instance, Origin, Parked, Pending,
    Received, Record, Refused, State, Status, Withdrawal,
};
pub use timeline::{Entry, Happening, Timeline};
