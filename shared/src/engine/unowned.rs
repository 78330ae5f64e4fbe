//! Instances of our templates that no approval owns: found by an event, and once a day in DingTalk's list.
//!
//! Such an instance may be a second one of an approval, or one whose create call gave no answer. It is read once, within a budget:
//! whoever files a form by hand causes events, too.

use jiff::SignedDuration;

use super::{Engine, EngineError, look::Looks};
use crate::{
    approval::{InstanceId, ProcessCode},
    dingtalk::{Class, DingTalkError, InstanceList},
    store::{DueItem, Owner},
};

/// Reads of unowned instances, by events, in a day.
const MAX_READS_A_DAY: u32 = 100;
const NEXT_DAY: SignedDuration = SignedDuration::from_hours(6);
const READ_AGAIN: SignedDuration = SignedDuration::from_mins(30);

/// The daily reconciliation looks back so far, and lists no more pages a template.
const EVERY: SignedDuration = SignedDuration::from_hours(24);
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(48);
const MAX_PAGES: usize = 20;

impl Engine {
    /// Does whatever is due.
    pub async fn advance_due(&self, due: &DueItem) -> Result<(), EngineError> {
        match due {
            DueItem::Approval(id) => self.advance(id).await,
            DueItem::Unowned(instance) => self.look_into(instance).await,
        }
    }

    /// Reads an instance that an event was about and that no approval has claimed.
    async fn look_into(&self, instance: &InstanceId) -> Result<(), EngineError> {
        let store = self.store();
        if store.owner(instance).await? != Owner::Nobody {
            return Ok(());
        }
        let now = self.now();
        if !store.claim_of_today("unowned-reads", MAX_READS_A_DAY, now).await? {
            tracing::warn!(%instance, "too many instances that nobody owns; reading this one later");
            return Ok(store.look_into_later(instance, Some(now + self.jittered(NEXT_DAY))).await?);
        }
        let code = store.early_process_code(instance).await?;
        let (mut looks, code) = (Looks::default(), code.unwrap_or_else(|| ProcessCode::new("")));
        let (candidates, seen) = self.read_all(vec![instance.clone()], &code, &mut looks).await?;
        // One instance alone: there may be others that bear the same reference.
        let handed = self.hand_over(candidates, &code, None, &mut looks).await;
        let again = handed.failed.is_some() || matches!(&seen, Err(error) if error.class != Class::Permanent);
        let wait = if again {
            Some(READ_AGAIN)
        } else {
            // The looks for its approval decide; afterwards it may be a second one.
            (!handed.held.is_empty()).then_some(NEXT_DAY)
        };
        Ok(store.look_into_later(instance, wait.map(|wait| now + self.jittered(wait))).await?)
    }

    /// Once a day: lists what our templates have made lately, and reads what nobody owns. Gives how many approvals have changed.
    pub async fn reconcile_daily(&self) -> Result<usize, EngineError> {
        let now = self.now();
        // The first day has nothing to look back to.
        if !self.store().claim_period("reconcile", EVERY, now).await? {
            return Ok(0);
        }
        let (mut changed, mut looks) = (0, Looks::default());
        for code in self.process_codes().await? {
            changed += match self.reconcile_template(&code, &mut looks).await? {
                Ok(changed) => changed,
                Err(error) => {
                    tracing::warn!(process_code = %code, code = error.code, "cannot list its instances; retrying tomorrow");
                    0
                }
            };
        }
        Ok(changed)
    }

    async fn reconcile_template(
        &self,
        code: &ProcessCode,
        looks: &mut Looks,
    ) -> Result<Result<usize, DingTalkError>, EngineError> {
        let until = self.now() + self.dingtalk().clock_offset();
        let listed = self.dingtalk().instance_ids(code, until - LOOK_BACK, until, None, MAX_PAGES).await;
        let InstanceList { mut ids, complete } = match listed {
            Ok(listed) => listed,
            Err(error) => return Ok(Err(error)),
        };
        if !complete {
            tracing::warn!(process_code = %code, "too many instances to list them all; reconciling those that were listed");
        }
        // Where there are more than are read in a day, these are others each day.
        let begin = self.0.world.random.below(ids.len().max(1) as u64);
        ids.rotate_left(usize::try_from(begin).unwrap_or(0));
        let (candidates, seen) = self.read_all(ids, code, looks).await?;
        let all = seen.as_ref().ok().filter(|_| complete);
        let handed = self.hand_over(candidates, code, all, looks).await;
        Ok(seen.map(|_| handed.changed.len()))
    }
}
