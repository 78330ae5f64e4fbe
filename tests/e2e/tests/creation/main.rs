//! A create call without a clear answer: one instance in the end, and never one that the bridge did not ask for.

#![allow(clippy::expect_used, clippy::panic)]

mod by_hand;
mod copies;
mod looks;
mod lost;

use e2e::{Rehearsal, Setting};
use shared::approval::{Approval, NeedsOperator, State, Status};

/// Looks take a minute in all, not ten.
fn quick() -> Setting {
    Setting::default().variable("BRIDGE_LOOK_SECONDS", "60")
}

async fn needs_operator(r: &Rehearsal, apply_id: &str) -> NeedsOperator {
    let approval = r.reaches(apply_id, Status::NeedsOperator).await;
    let Approval { state: State::Received(state), .. } = approval else { panic!("received") };
    state.creation.needs_operator().expect("a reason").clone()
}
