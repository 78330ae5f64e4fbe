//! DingTalk allows 20 calls a second to each API. Calls are spaced out evenly, so the limit holds in any second.

use std::{collections::HashMap, sync::Mutex};

use jiff::{SignedDuration, Timestamp};

use super::{Api, DingTalkError};
use crate::world::World;

/// Nobody waits longer for a slot: the call is put off instead.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(5);

/// Hands out the moments at which a call to an API may be sent.
pub(super) struct Limiter {
    spacing: SignedDuration,
    next: Mutex<HashMap<Api, Timestamp>>,
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
        if slot > self.world.clock.now() {
            self.world.clock.sleep_until(slot).await;
        }
        Ok(())
    }

    fn reserve(&self, api: Api) -> Option<Timestamp> {
        let now = self.world.clock.now();
        let mut next = self.next.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let slot = next.get(&api).copied().unwrap_or(now).max(now);
        if slot.duration_since(now) > LONGEST_WAIT {
            return None;
        }
        next.insert(api, slot + self.spacing);
        Some(slot)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::world::{ManualClock, SystemRandom};

    fn limiter(calls_per_second: u32) -> Limiter {
        let clock = Arc::new(ManualClock::starting_at(Timestamp::UNIX_EPOCH));
        Limiter::new(calls_per_second, World { clock, random: Arc::new(SystemRandom) })
    }

    #[test]
    fn no_second_holds_more_slots_than_the_limit() {
        let limiter = limiter(20);
        let slots: Vec<_> = std::iter::from_fn(|| limiter.reserve(Api::CreateInstance)).collect();
        for pair in slots.windows(21) {
            assert!(pair[20].duration_since(pair[0]) >= SignedDuration::from_secs(1));
        }
        assert_eq!(slots.len(), 101, "whoever would wait longer than five seconds is sent away");
    }

    #[test]
    fn each_api_has_its_own_limit() {
        let limiter = limiter(1);
        assert_eq!(limiter.reserve(Api::CreateInstance), Some(Timestamp::UNIX_EPOCH));
        assert_eq!(limiter.reserve(Api::ReadInstance), Some(Timestamp::UNIX_EPOCH));
    }

    #[tokio::test]
    async fn without_a_limit_nobody_waits() {
        let limiter = limiter(0);
        for _ in 0..1000 {
            limiter.slot(Api::CreateInstance).await.unwrap();
        }
    }
}
