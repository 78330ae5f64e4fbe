//! Instances that were found in DingTalk: each goes to the approval whose reference it bears, if it is what was asked for.
//!
//! An approval's id can be computed, so it proves nothing. Only the whole reference does, and the instance must agree with what
//! was announced. Anything else is an alarm and nobody's decision.

use std::collections::{BTreeMap, HashSet};

use super::{
    Engine, EngineError,
    announced::Announced,
    look::{Candidate, Looks},
};
use crate::{
    approval::{
        Approval, ApprovalId, Happening, Instance, InstanceId, NeedsOperator, Origin, ProcessCode, Received,
        State, UserId,
    },
    dingtalk::InstanceSnapshot,
    metrics::{self, Count},
    store::CommitError,
    template::Template,
};

/// What came of handing instances over.
#[derive(Default)]
pub(super) struct HandedOver {
    /// Approvals that have been changed.
    pub changed: HashSet<ApprovalId>,
    /// Why not all of them are dealt with.
    pub failed: Option<EngineError>,
}

impl Engine {
    /// Hands instances to the approvals that they name. One that fails does not hold up the others.
    pub(super) async fn hand_over(
        &self,
        candidates: Vec<Candidate>,
        process_code: &ProcessCode,
        looks: &mut Looks,
    ) -> HandedOver {
        let mut by_approval = BTreeMap::<ApprovalId, Vec<Candidate>>::new();
        for candidate in candidates {
            by_approval.entry(candidate.reference.approval.clone()).or_default().push(candidate);
        }
        let mut handed = HandedOver::default();
        for (id, candidates) in by_approval {
            match self.hand_to(&id, candidates, process_code, looks).await {
                Ok(true) => drop(handed.changed.insert(id)),
                Ok(false) => {}
                Err(error) => {
                    tracing::error!(approval = %id, %error, "cannot hand over an instance that was found; retrying");
                    handed.failed = Some(error);
                }
            }
        }
        handed
    }

    /// Whether the approval has been changed.
    async fn hand_to(
        &self,
        id: &ApprovalId,
        candidates: Vec<Candidate>,
        process_code: &ProcessCode,
        looks: &mut Looks,
    ) -> Result<bool, EngineError> {
        let Some(approval) = self.store().load(id).await? else {
            for candidate in candidates {
                looks.rule_out(candidate.id);
            }
            return Ok(false);
        };
        let reference = approval.record.reference();
        let (proven, foreign): (Vec<_>, Vec<_>) =
            candidates.into_iter().partition(|candidate| candidate.reference == reference);
        for candidate in foreign {
            self.note_foreign(&approval, candidate.id.clone()).await?;
            looks.rule_out(candidate.id);
        }
        if proven.is_empty() {
            return Ok(false);
        }
        // What was noted has changed it.
        let Some(approval) = self.store().load(id).await? else { return Ok(false) };
        let Approval { record, state: State::Received(state) } = approval else {
            for candidate in proven {
                if approval.state.instance().is_none_or(|known| known.id != candidate.id) {
                    let instance = self.found(candidate.id, process_code, &candidate.snapshot);
                    self.end_second_instance(&approval.record.id, &instance).await?;
                }
            }
            return Ok(false);
        };
        let approval = Approval { record, state };
        if approval.state.creation.needs_operator().is_some_and(|why| !why.may_find()) {
            tracing::error!(approval = %id, "another instance of an approval that waits for an operator");
            return Ok(false);
        }
        match <[Candidate; 1]>::try_from(proven) {
            Ok([candidate]) => self.adopt(approval, candidate, process_code).await,
            Err(several) => {
                let instances = several.into_iter().map(|candidate| candidate.id).collect();
                self.ask_operator(approval, NeedsOperator::SeveralInstances { instances }).await
            }
        }
    }

    /// Gives an approval the one instance that bears its reference, if that is what was announced.
    async fn adopt(
        &self,
        approval: Approval<Received>,
        Candidate { id, snapshot, .. }: Candidate,
        process_code: &ProcessCode,
    ) -> Result<bool, EngineError> {
        let Some(called_at) = approval.state.creation.first_call_at() else { return Ok(false) };
        if approval.record.nonce.is_none() {
            return self.ask_operator(approval, NeedsOperator::Unproven { instance: id }).await;
        }
        let cast = self.cast(&approval.record.request).await.map_err(EngineError::Participants)?;
        let template = self.template(process_code).await?;
        let template = template.unwrap_or_else(|| Template::by_hand(process_code.clone()));
        let at = called_at + self.dingtalk().clock_offset();
        let details = self.details(&approval).await?;
        let announced = Announced::of(&approval.record, &details, &cast, &template, at);
        if let Err(mismatch) = announced.check(&snapshot) {
            let what = mismatch.to_string();
            return self.ask_operator(approval, NeedsOperator::Mismatch { instance: id, what }).await;
        }
        let instance = self.found(id, process_code, &snapshot);
        let origin = Origin::Adopted { ended: snapshot.ending.is_some() };
        self.settle_instance(approval, instance, cast.identities, origin).await?;
        Ok(true)
    }

    /// An instance that was found, as an approval keeps it.
    pub(super) fn found(
        &self,
        id: InstanceId,
        process_code: &ProcessCode,
        snapshot: &InstanceSnapshot,
    ) -> Instance {
        let originator = snapshot.originator.clone().unwrap_or_else(|| UserId::new(""));
        Instance { id, process_code: process_code.clone(), originator, created_at: self.now() }
    }

    /// Commits that an operator must decide; true: the approval has been changed.
    async fn ask_operator(
        &self,
        approval: Approval<Received>,
        why: NeedsOperator,
    ) -> Result<bool, EngineError> {
        let now = self.now();
        let approval = approval.ask_operator(why, now);
        count_needs_operator(&approval);
        match self.store().commit(approval).await {
            Ok(_) | Err(CommitError::Conflict) => Ok(true),
            Err(CommitError::Store(error)) => Err(error.into()),
        }
    }

    /// An instance bears an approval's id and not the part of its reference that cannot be guessed.
    async fn note_foreign(&self, approval: &Approval, instance: InstanceId) -> Result<(), EngineError> {
        let note = Happening::ForeignInstance { instance };
        if approval.record.timeline.holds(&note) {
            return Ok(());
        }
        metrics::count(Count::UnexpectedInstance);
        tracing::error!(approval = %approval.record.id, ?note, "an instance bears an id of ours and was not made by the bridge");
        self.note_once(&approval.record.id, note).await
    }

    /// Writes something into an approval's timeline, unless it stands there.
    pub(super) async fn note_once(&self, id: &ApprovalId, note: Happening) -> Result<(), EngineError> {
        let now = self.now();
        let noted = |approval: Approval| {
            (!approval.record.timeline.holds(&note)).then(|| approval.noted(note.clone(), now))
        };
        self.change(id, noted).await.map(|_| ())
    }
}

/// Raises the alarm when an approval is about to need an operator.
pub(super) fn count_needs_operator(approval: &Approval<Received>) {
    if let Some(why) = approval.state.creation.needs_operator() {
        metrics::count(Count::NeedsOperator);
        tracing::error!(approval = %approval.record.id, %why, "an approval needs an operator");
    }
}
