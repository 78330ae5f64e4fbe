//! DingTalk allows 20 calls a second to each API. Calls are spaced out evenly, so the limit holds in any second. The spaces are
//! measured by what runs evenly: a clock that is set back keeps no call waiting.

use std::{collections::HashMap, sync::Mutex};

use jiff::SignedDuration;

use super::{Api, DingTalkError};
use crate::world::World;

/// Nobody waits longer for a slot: the call is put off instead.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(5);

/// Hands out the moments at which a call to an API may be sent.
pub(super) struct Limiter {
    spacing: SignedDuration,
    next: Mutex<HashMap<Api, SignedDuration>>,
    world: World,
}

impl Limiter {
    /// A limiter for so many calls a second; 0: no limit.
    pub fn new(calls_per_second: u32, world: World) -> Self {
        let spacing =
            SignedDuration::from_secs(1).checked_div(i32::try_from(calls_per_second).unwrap_or(i32::MAX));
        Self { spacing: spacing.unwrap_or(SignedDuration::ZERO), next: Mutex::default(), world }
    }

    /// Waits for a slot; an error when the queue is too long.
    pub async fn slot(&self, api: Api) -> Result<(), DingTalkError> {
        if self.spacing.is_zero() {
            return Ok(());
        }
        let slot = self.reserve(api).ok_or_else(DingTalkError::busy)?;
        let wait = slot - self.world.uptime();
        if wait.is_positive() {
            self.world.sleep(wait).await;
        }
        Ok(())
    }

    /// The uptime at which a call may be sent.
    fn reserve(&self, api: Api) -> Option<SignedDuration> {
        let now = self.world.uptime();
        let mut next = self.next.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let slot = next.get(&api).copied().unwrap_or(now).max(now);
        if slot - now > LONGEST_WAIT {
            return None;
        }
        next.insert(api, slot + self.spacing);
        Some(slot)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;
    use crate::world::{ManualClock, SystemRandom};

    fn limiter(calls_per_second: u32) -> Limiter {
        limiter_and_clock(calls_per_second).0
    }

    fn limiter_and_clock(calls_per_second: u32) -> (Limiter, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::starting_at(Timestamp::UNIX_EPOCH));
        let world = World { clock: clock.clone(), random: Arc::new(SystemRandom) };
        (Limiter::new(calls_per_second, world), clock)
    }

    #[test]
    fn no_second_holds_more_slots_than_the_limit() {
        let limiter = limiter(20);
        let slots: Vec<_> = std::iter::from_fn(|| limiter.reserve(Api::CreateInstance)).collect();
        for pair in slots.windows(21) {
            assert!(pair[20] - pair[0] >= SignedDuration::from_secs(1));
        }
        assert_eq!(slots.len(), 101, "whoever would wait longer than five seconds is sent away");
    }

    #[test]
    fn each_api_has_its_own_limit() {
        let limiter = limiter(1);
        assert_eq!(limiter.reserve(Api::CreateInstance), Some(SignedDuration::ZERO));
        assert_eq!(limiter.reserve(Api::ReadInstance), Some(SignedDuration::ZERO));
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_or_ahead_keeps_no_call_waiting_and_lets_none_through_early() {
        for set in [-86_400, -90, 90, 86_400] {
            let (limiter, clock) = limiter_and_clock(20);
            limiter.slot(Api::CreateInstance).await.unwrap();
            clock.set_by(SignedDuration::from_secs(set));
            let slot = limiter.slot(Api::CreateInstance);
            let passing = async {
                clock.advance(SignedDuration::from_millis(49));
                tokio::task::yield_now().await;
                clock.advance(SignedDuration::from_millis(1));
                std::future::pending::<()>().await;
            };
            tokio::select! {
                biased;
                sent = slot => sent.unwrap(),
                () = passing => unreachable!("time passes for ever"),
            }
            assert_eq!(clock_uptime(&clock), SignedDuration::from_millis(50), "{set}");
        }
    }

    fn clock_uptime(clock: &ManualClock) -> SignedDuration {
        crate::world::Clock::uptime(clock)
    }

    #[tokio::test]
    async fn without_a_limit_nobody_waits() {
        let limiter = limiter(0);
        for _ in 0..1000 {
            limiter.slot(Api::CreateInstance).await.unwrap();
        }
    }
}
