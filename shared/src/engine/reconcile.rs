//! After a create call with unknown outcome: looking for the instance before sending another call.
//!
//! DingTalk has no idempotency key. Each instance carries its approval's id in the reference field, so the template's
//! instances of that time are listed, and those that nobody owns are read and go to the approvals they name: not only to
//! the one that is looked for. So when many calls got no answer, each instance is read once and not once for each, and one
//! listing answers for all whose time it covers.

use jiff::{SignedDuration, Timestamp};

use super::{Engine, EngineError, Step, step};
use crate::{
    approval::{
        Approval, ApprovalId, Creation, Instance, InstanceId, Origin, ProcessCode, Received, State, UserId,
        schedule::LEASE,
    },
    dingtalk::{Class, DingTalkError, InstanceSnapshot},
    store::Owner,
    template::fill,
};

/// The two clocks may differ a little.
const MARGIN: SignedDuration = SignedDuration::from_mins(1);
/// So many pages are looked through.
const MAX_PAGES: usize = 50;
/// So many instances of a look may fail to be read before the look is ended.
const MOST_UNREAD: usize = 3;

/// What the last look saw, for those that waited for it.
pub(super) struct LastLook {
    process_code: ProcessCode,
    from: Timestamp,
    until: Timestamp,
    at: Timestamp,
    seen: Result<(), DingTalkError>,
}

impl LastLook {
    /// Whether it answers for a call sent at `sent_at` that is to be looked for at `look_at`.
    fn answers(&self, process_code: &ProcessCode, sent_at: Timestamp, look_at: Timestamp) -> bool {
        let covered = self.from <= sent_at - MARGIN && self.until >= window_end(sent_at, self.at);
        *process_code == self.process_code && covered && self.at >= look_at
    }
}

impl Engine {
    pub(super) async fn reconcile(&self, approval: Approval<Received>) -> Result<Step, EngineError> {
        let (id, _place) = (approval.record.id.clone(), self.place().await);
        // One look at a time. Whoever waited may have been found meanwhile, so it is loaded again.
        let mut last_look = self.0.last_look.lock().await;
        let Some(Approval { record, state: State::Received(state) }) = self.store().load(&id).await? else {
            return Ok(None);
        };
        let approval = Approval { record, state };
        let Creation::Sent { at: sent_at, process_code, look_at, .. } = approval.state.creation.clone()
        else {
            return Ok(None);
        };
        if look_at > self.now() {
            return Ok(Some(approval.into()));
        }
        let known = last_look.as_ref().filter(|look| look.answers(&process_code, sent_at, look_at));
        let seen = if let Some(seen) = known.map(|look| look.seen.clone()) {
            seen
        } else {
            let (at, until) = (self.now(), window_end(sent_at, self.now()));
            // A little earlier than this one needs: it may answer for some that were sent before.
            let from = sent_at - MARGIN * 2;
            let adopted = self.adopt_instances(&process_code, from, until).await?;
            let found = matches!(&adopted, Ok(adopted) if adopted.contains(&id));
            let seen = adopted.map(|_| ());
            *last_look = Some(LastLook { process_code, from, until, at, seen: seen.clone() });
            if found {
                return Ok(None);
            }
            seen
        };
        drop(last_look);
        let now = self.now();
        match seen {
            Ok(()) => step(self.store().commit(approval.looked_in_vain(now)).await),
            Err(error) => {
                tracing::warn!(approval = %id, code = error.code, "could not look for the instance");
                step(self.store().commit(approval.could_not_look(error.code, now)).await)
            }
        }
    }

    /// Gives every instance of that time that nobody owns to the approval it names. Gives those approvals; an error
    /// when the look could not be finished.
    async fn adopt_instances(
        &self,
        process_code: &ProcessCode,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Result<Vec<ApprovalId>, DingTalkError>, EngineError> {
        let list = self.dingtalk().instance_ids(process_code, from, until, None, MAX_PAGES).await;
        let ids = match list {
            Ok(list) if list.complete => list.ids,
            Ok(_) => {
                let words = "too many instances to look through";
                return Ok(Err(DingTalkError::new(Class::Transient, "too-many-instances", words)));
            }
            Err(error) => return Ok(Err(error)),
        };
        let (mut adopted, mut unread) = (Vec::new(), Vec::new());
        for id in ids {
            // Reading is a paid call: not for those that are known.
            if self.store().owner(&id).await? != Owner::Nobody {
                continue;
            }
            match self.dingtalk().read_instance(&id).await {
                Ok(snapshot) => adopted.extend(self.adopt(id, process_code, snapshot).await?),
                // It was deleted, or is not ours to read.
                Err(error) if error.class == Class::Permanent => {}
                // One that fails does not hide the others; a DingTalk that refuses all is not asked on.
                Err(error) => {
                    let passing = matches!(error.class, Class::UnknownOutcome | Class::Transient);
                    unread.push(error);
                    if !passing || unread.len() == MOST_UNREAD {
                        break;
                    }
                }
            }
        }
        Ok(unread.pop().map_or(Ok(adopted), Err))
    }

    /// Gives an instance to the approval it names, if that waits for one.
    async fn adopt(
        &self,
        id: InstanceId,
        process_code: &ProcessCode,
        snapshot: InstanceSnapshot,
    ) -> Result<Option<ApprovalId>, EngineError> {
        let named = match self.template(process_code).await? {
            Some(template) => fill::reference(&template.fills, &snapshot.fields),
            // The bridge does not use the template any more: any field may hold the reference.
            None => ApprovalId::found_in(snapshot.fields.iter().map(|(_, value)| value.as_str())),
        };
        let Some(named) = named else { return Ok(None) };
        let Some(Approval { record, state: State::Received(state) }) = self.store().load(&named).await?
        else {
            return Ok(None);
        };
        let approval = Approval { record, state };
        // Without the approvers' identities an adopted instance works all the same.
        let cast = self.cast(&approval.record.request).await;
        let identities = cast.map(|cast| cast.identities).unwrap_or_default();
        let originator = snapshot.originator.unwrap_or_else(|| UserId::new(""));
        let instance =
            Instance { id, process_code: process_code.clone(), originator, created_at: self.now() };
        let origin = Origin::Adopted { ended: snapshot.ending.is_some() };
        self.settle_instance(approval, instance, identities, origin).await?;
        Ok(Some(named))
    }
}

/// A call sent at `sent_at` has made its instance by then, or has not, as seen at `now`.
fn window_end(sent_at: Timestamp, now: Timestamp) -> Timestamp {
    (sent_at + LEASE + MARGIN).min(now)
}
