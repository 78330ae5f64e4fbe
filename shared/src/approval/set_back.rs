//! What was committed while the clock was ahead is planned for a time that does not come soon: when the clock is set back, it is
//! brought forward.

use jiff::{SignedDuration, Timestamp};

use super::{Approval, Creation, State};

impl Approval {
    /// The same, as if it had been committed by a clock that was not ahead by so much. Only moments that have not come yet are
    /// wrong by that.
    #[must_use]
    pub fn brought_forward(mut self, by: SignedDuration, now: Timestamp) -> Self {
        let correct = |moment: &mut Timestamp| {
            if *moment > now {
                *moment = moment.saturating_sub(by).unwrap_or(now);
            }
        };
        match &mut self.state {
            State::Received(received) => match &mut received.creation {
                Creation::Ready(ready) => {
                    correct(&mut ready.not_before);
                    ready.unresolved.first_at.iter_mut().for_each(correct);
                }
                Creation::Sent(sent) => {
                    correct(&mut sent.at);
                    correct(&mut sent.look_at);
                    sent.unresolved.first_at.iter_mut().for_each(correct);
                }
            },
            State::Pending(pending) => {
                correct(&mut pending.instance.created_at);
                correct(&mut pending.reading.at);
                pending.withdrawal.iter_mut().for_each(|withdrawal| correct(&mut withdrawal.not_before));
            }
            State::Decided(decided) => correct(&mut decided.delivery.next_at),
            State::Refused(_) | State::Delivered(_) | State::Parked(_) => {}
        }
        correct(&mut self.record.updated_at);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::{
        ApplyId, ApprovalKey, ProcessCode, Record, Request, Source, Tenant, schedule::LEASE,
    };

    #[test]
    fn what_was_committed_by_a_clock_that_was_ahead_is_due_as_if_it_had_been_right() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let day = SignedDuration::from_hours(24);
        let key =
            ApprovalKey { source: Source::Dataphin, tenant: Tenant::new(""), apply_id: ApplyId::new("1") };
        let request = Request {
            title: "title".into(),
            kind: "AUTH".into(),
            template: None,
            requester: None,
            nodes: Vec::new(),
        };
        let record = Record::of(key, request, "digest".into(), now + day);
        let approval: Approval = Approval::receive(record, ProcessCode::new("PROC-1"), now + day).into();
        let forward = approval.brought_forward(day, now);
        assert_eq!((forward.state.due_at(), forward.record.updated_at), (Some(now + LEASE), now));
        assert_eq!(forward.clone().brought_forward(day, now + LEASE), forward, "what has come is right");
    }
}
