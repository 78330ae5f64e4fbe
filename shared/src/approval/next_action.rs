//! **What happens next** to an approval: the one rule, pure, and all of it.

use jiff::Timestamp;

use super::{Approval, Creation, Decided, Pending, Received, State};

/// What is to be done with an approval now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Send a create call: none can be under way.
    Create(Approval<Received>),
    /// A create call's outcome is unknown: look whether the instance exists.
    Reconcile(Approval<Received>),
    /// The source took it back before there was an instance: decide so.
    DecideWithdrawn(Approval<Received>),
    /// The source took it back: terminate the instance.
    Terminate(Approval<Pending>),
    /// Read the instance.
    Read(Approval<Pending>),
    /// Tell the source.
    Deliver(Approval<Decided>),
    /// Nothing before this moment.
    Wait(Timestamp),
    /// Nothing, unless someone asks.
    Rest,
}

/// The next action for `approval` at `now`.
pub fn next_action(approval: Approval, now: Timestamp) -> Next {
    let Some((due_at, step)) = plan(&approval.state) else { return Next::Rest };
    if now < due_at {
        return Next::Wait(due_at);
    }
    let Approval { record, state } = approval;
    match (state, step) {
        (State::Received(state), Step::Create) => Next::Create(Approval { record, state }),
        (State::Received(state), Step::Reconcile) => Next::Reconcile(Approval { record, state }),
        (State::Received(state), _) => Next::DecideWithdrawn(Approval { record, state }),
        (State::Pending(state), Step::Terminate) => Next::Terminate(Approval { record, state }),
        (State::Pending(state), _) => Next::Read(Approval { record, state }),
        (State::Decided(state), _) => Next::Deliver(Approval { record, state }),
        (State::Refused(_) | State::Delivered(_) | State::Parked(_), _) => Next::Rest,
    }
}

impl State {
    /// When the next action is due; `None`: never, unless someone asks. The store's *due* index holds this.
    pub fn due_at(&self) -> Option<Timestamp> {
        plan(self).map(|(due_at, _)| due_at)
    }
}

enum Step {
    Create,
    Reconcile,
    DecideWithdrawn,
    Terminate,
    Read,
    Deliver,
}

/// The next step of a state and when it is due.
fn plan(state: &State) -> Option<(Timestamp, Step)> {
    match state {
        State::Received(Received { creation, withdrawal, .. }) => Some(match (creation, withdrawal) {
            (Creation::Sent { look_at, .. }, _) => (*look_at, Step::Reconcile),
            (Creation::Ready { .. }, Some(asked_at)) => (*asked_at, Step::DecideWithdrawn),
            (Creation::Ready { not_before, .. }, None) => (*not_before, Step::Create),
        }),
        State::Pending(Pending { reading, withdrawal, .. }) => Some(match withdrawal {
            Some(withdrawal) if withdrawal.not_before < reading.at => {
                (withdrawal.not_before, Step::Terminate)
            }
            _ => (reading.at, Step::Read),
        }),
        State::Decided(Decided { delivery, .. }) => Some((delivery.next_at, Step::Deliver)),
        State::Refused(_) | State::Delivered(_) | State::Parked(_) => None,
    }
}
