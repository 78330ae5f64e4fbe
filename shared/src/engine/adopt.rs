//! Instances that were found in DingTalk: each goes to the approval whose reference it bears, if it is what was asked for.
//!
//! An approval's id can be computed, so it proves nothing. Only the whole reference does, and the instance must agree with what
//! was announced. Anything else is an alarm and nobody's decision.
//!
//! The requester sees the whole reference on the form, and can file a copy of it by hand. DingTalk names the approvers of an
//! instance only where the create call named them, so an instance that names ours is ours. One that names none is ours only if a
//! look that saw everything found no other.

use std::collections::{BTreeMap, HashSet};

use super::{
    Engine, EngineError,
    announced::{Announced, Mismatch, Proof},
    look::{Blind, Candidate, Looks},
    people::distinct,
};
use crate::{
    approval::{
        Approval, ApprovalId, Happening, Instance, InstanceId, NeedsOperator, Origin, ProcessCode, Received,
        State, UserId,
    },
    dingtalk::InstanceSnapshot,
    metrics::{self, Count},
    store::CommitError,
    template::{
        Template,
        fill::{self, Shown},
    },
};

/// What came of handing instances over.
#[derive(Default)]
pub(super) struct HandedOver {
    /// Approvals that have been changed.
    pub changed: HashSet<ApprovalId>,
    /// Approvals whose instance is not certain to be theirs.
    pub held: HashSet<ApprovalId>,
    /// Why not all of them are dealt with.
    pub failed: Option<EngineError>,
}

/// What came of handing instances to one approval.
enum Handed {
    Changed,
    /// It is not certain that they are its own.
    Held,
    Nothing,
}

impl Engine {
    /// Hands instances to the approvals that they name. One that fails does not hold up the others. `seen`: the look that found them, if it saw
    /// everything: then no others bear their references, but for those that it saw blindly.
    pub(super) async fn hand_over(
        &self,
        candidates: Vec<Candidate>,
        process_code: &ProcessCode,
        seen: Option<&Blind>,
        looks: &mut Looks,
    ) -> HandedOver {
        let mut by_approval = BTreeMap::<ApprovalId, Vec<Candidate>>::new();
        for candidate in candidates {
            by_approval.entry(candidate.reference.approval.clone()).or_default().push(candidate);
        }
        let mut handed = HandedOver::default();
        for (id, candidates) in by_approval {
            match self.hand_to(&id, candidates, process_code, seen, looks).await {
                Ok(Handed::Changed) => drop(handed.changed.insert(id)),
                Ok(Handed::Held) => drop(handed.held.insert(id)),
                Ok(Handed::Nothing) => {}
                Err(error) => {
                    tracing::error!(approval = %id, %error, "cannot hand over an instance that was found; retrying");
                    handed.failed = Some(error);
                }
            }
        }
        handed
    }

    async fn hand_to(
        &self,
        id: &ApprovalId,
        candidates: Vec<Candidate>,
        process_code: &ProcessCode,
        seen: Option<&Blind>,
        looks: &mut Looks,
    ) -> Result<Handed, EngineError> {
        let Some(approval) = self.store().load(id).await? else {
            for candidate in candidates {
                looks.rule_out(candidate.id);
            }
            return Ok(Handed::Nothing);
        };
        let reference = approval.record.reference();
        let (proven, foreign): (Vec<_>, Vec<_>) =
            candidates.into_iter().partition(|candidate| candidate.reference == reference);
        for candidate in foreign {
            self.note_foreign(&approval, candidate.id.clone()).await?;
            looks.rule_out(candidate.id);
        }
        if proven.is_empty() {
            return Ok(Handed::Nothing);
        }
        // What was noted has changed it.
        let Some(approval) = self.store().load(id).await? else { return Ok(Handed::Nothing) };
        let Approval { record, state: State::Received(state) } = approval else {
            for candidate in proven {
                if approval.state.instance().is_some_and(|known| known.id == candidate.id) {
                    continue;
                }
                if let Err(mismatch) = self.check_second(&approval, &candidate.snapshot, process_code).await?
                {
                    tracing::warn!(approval = %id, instance = %candidate.id, %mismatch, "a copy of the reference");
                    self.note_foreign(&approval, candidate.id.clone()).await?;
                    looks.rule_out(candidate.id);
                } else if self.is_confirmed(&candidate, process_code).await? {
                    let instance = self.found(candidate.id, process_code, &candidate.snapshot);
                    self.end_second_instance(&approval.record.id, &instance).await?;
                }
            }
            return Ok(Handed::Nothing);
        };
        let approval = Approval { record, state };
        let why = approval.state.creation.needs_operator();
        let mut instances = why.map(NeedsOperator::instances).unwrap_or_default();
        let known = instances.len();
        instances.extend(proven.iter().map(|candidate| candidate.id.clone()));
        let instances = distinct(instances.into_iter());
        if known > 0 && instances.len() == known {
            return Ok(Handed::Nothing);
        }
        match <[Candidate; 1]>::try_from(proven) {
            Ok([candidate]) if known == 0 => self.adopt(approval, candidate, process_code, seen).await,
            Ok([candidate]) if !self.is_confirmed(&candidate, process_code).await? => Ok(Handed::Held),
            Ok(_) => self.ask_operator(approval, NeedsOperator::SeveralInstances { instances }).await,
            Err(several) => {
                for candidate in &several {
                    if !self.is_confirmed(candidate, process_code).await? {
                        return Ok(Handed::Held);
                    }
                }
                self.ask_operator(approval, NeedsOperator::SeveralInstances { instances }).await
            }
        }
    }

    /// Whether an instance can be a second one of an approval: whoever can see a form can copy its reference into one of their own.
    async fn check_second(
        &self,
        approval: &Approval,
        snapshot: &InstanceSnapshot,
        process_code: &ProcessCode,
    ) -> Result<Result<Proof, Mismatch>, EngineError> {
        let cast = self.cast(&approval.record.request).await.map_err(EngineError::Participants)?;
        let own = approval.state.instance().map(|instance| &instance.process_code);
        let asked_of =
            own.filter(|own| own.as_str().is_empty() || *own == process_code).unwrap_or(process_code);
        let template = self.template(asked_of).await?;
        let template = template.unwrap_or_else(|| Template::by_hand(asked_of.clone()));
        let offset = self.dingtalk().clock_offset();
        let calls = (approval.record.received_at + offset, self.now() + offset);
        let details = self.store().details(&approval.record).await?;
        Ok(Announced::of(&approval.record, details.as_ref(), &cast, &template, calls).check(snapshot))
    }

    /// Whether an instance bears its reference also when it is read again: an answer may be about another one.
    async fn is_confirmed(
        &self,
        candidate: &Candidate,
        process_code: &ProcessCode,
    ) -> Result<bool, EngineError> {
        let template = self.template(process_code).await?;
        let snapshot = self.dingtalk().read_instance(&candidate.id).await.map_err(EngineError::Instance)?;
        let shown = fill::reference(template.as_ref(), &snapshot.fields);
        let is_same = shown == Shown::Reference(candidate.reference.clone());
        if !is_same {
            tracing::error!(instance = %candidate.id, "two answers about one instance differ; reading it again later");
        }
        Ok(is_same)
    }

    /// Gives an approval the one instance that bears its reference, if that is what was announced.
    async fn adopt(
        &self,
        approval: Approval<Received>,
        Candidate { id, snapshot, .. }: Candidate,
        process_code: &ProcessCode,
        seen: Option<&Blind>,
    ) -> Result<Handed, EngineError> {
        let Some(called_at) = approval.state.creation.first_call_at() else { return Ok(Handed::Nothing) };
        if approval.record.nonce.is_none() {
            return self.ask_operator(approval, NeedsOperator::Unproven { instance: id }).await;
        }
        let cast = self.cast(&approval.record.request).await.map_err(EngineError::Participants)?;
        // An event need not say whose template it is.
        let sent = approval.state.creation.sent();
        let asked_of = sent.map_or(process_code, |sent| &sent.process_code).clone();
        let is_of_another = !process_code.as_str().is_empty() && *process_code != asked_of;
        let template = self.template(&asked_of).await?;
        let template = template.unwrap_or_else(|| Template::by_hand(asked_of.clone()));
        let offset = self.dingtalk().clock_offset();
        let calls = (called_at + offset, sent.map_or(called_at, |sent| sent.at) + offset);
        let details = self.details(&approval).await?;
        let announced = Announced::of(&approval.record, Some(&details), &cast, &template, calls);
        let is_alone = seen.is_some_and(|blind| !blind.may_hold(&cast.originator.user_id, calls.0));
        let checked = if is_of_another { Err(Mismatch::Template) } else { announced.check(&snapshot) };
        match checked {
            Err(mismatch) => {
                let what = mismatch.to_string();
                self.ask_operator(approval, NeedsOperator::Mismatch { instance: id, what }).await
            }
            Ok(Proof::NoContradiction) if !is_alone => {
                self.note_once(&approval.record.id, Happening::UnprovenInstance { instance: id }).await?;
                Ok(Handed::Held)
            }
            Ok(_) => {
                let instance = self.found(id, &asked_of, &snapshot);
                let origin = Origin::Adopted { ended: snapshot.ending.is_some() };
                self.settle_instance(approval, instance, cast.identities, origin).await?;
                Ok(Handed::Changed)
            }
        }
    }

    /// An instance that was found, as an approval keeps it.
    pub(super) fn found(
        &self,
        id: InstanceId,
        process_code: &ProcessCode,
        snapshot: &InstanceSnapshot,
    ) -> Instance {
        let originator = snapshot.originator.clone().unwrap_or_else(|| UserId::new(""));
        let created_at =
            snapshot.created_at.map_or_else(|| self.now(), |at| at - self.dingtalk().clock_offset());
        Instance { id, process_code: process_code.clone(), originator, created_at }
    }

    /// Commits that an operator must decide.
    async fn ask_operator(
        &self,
        approval: Approval<Received>,
        why: NeedsOperator,
    ) -> Result<Handed, EngineError> {
        let now = self.now();
        let approval = approval.ask_operator(why, now);
        count_needs_operator(&approval);
        match self.store().commit(approval).await {
            Ok(_) | Err(CommitError::Conflict) => Ok(Handed::Changed),
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
