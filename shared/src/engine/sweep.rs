//! The sweep: advances whatever is due, the oldest first, within the time it is given.

use std::{ops::RangeInclusive, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::{
    task::{JoinError, JoinSet},
    time::{Instant, sleep_until},
};

use super::{Engine, EngineError};
use crate::{
    approval::Status,
    metrics::{self, Count},
    store::{DUE_SHARDS, Due, DueItem, StoreError},
};

/// Approvals of a shard that are looked up at a time. Among so many the oldest of all shards come first.
const MOST_A_SHARD: u16 = 1000;
/// Approvals advanced at the same time: what DingTalk takes in five seconds, within these bounds. A Dataphin that does not
/// answer holds each of them up for ten seconds; when the time for taking up is over, those must still come to an end.
const AT_ONCE: RangeInclusive<usize> = 16..=64;

/// Undelivered decisions whose age is looked at.
const MOST_LOOKED_AT: u16 = 20;

/// How long a function may work, by the clock that runs evenly: the process is killed by that one, whatever is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkTime {
    /// Afterwards nothing more is taken up, and what is under way may end.
    pub take_up_until: Instant,
    /// Then whatever is still under way is left: any step may be cut off, and the next sweep goes on.
    pub end: Instant,
    /// Then the process is killed.
    pub deadline: Instant,
}

impl WorkTime {
    /// For a process that is killed after `left`: two thirds of the time for taking up, most of the rest for ending.
    pub fn of(left: Duration) -> Self {
        let now = Instant::now();
        Self { take_up_until: now + left * 2 / 3, end: now + left * 9 / 10, deadline: now + left }
    }
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Approvals that were due and taken up.
    pub due: usize,
    /// Of these, those that could not be advanced, or not to the end; they stay due.
    pub failed: usize,
    /// Approvals that are due, and for which there was no time: at least so many. They come first next time.
    pub left: usize,
    /// Shards that the store did not show.
    pub unseen: usize,
}

/// What is due in a shard, page by page.
struct Shard {
    number: u8,
    from: Option<Due>,
    ended: bool,
}

impl Engine {
    /// What is due now, oldest first.
    pub async fn due(&self) -> Result<Vec<DueItem>, StoreError> {
        let now = self.now();
        let mut due = Vec::new();
        for shard in 0..DUE_SHARDS {
            due.extend(self.store().due(shard, now, MOST_A_SHARD, None).await?);
        }
        due.sort_by_key(|due| due.at);
        Ok(due.into_iter().map(|due| due.what).collect())
    }

    /// Advances what is due, oldest first, not too many at a time. One that fails does not hold up the others.
    pub async fn sweep(&self, time: WorkTime) -> Swept {
        let (mut swept, mut work) = (Swept::default(), JoinSet::new());
        let cut_off = tokio::select! {
            biased;
            () = self.take_up(time.take_up_until, &mut swept, &mut work) => false,
            () = sleep_until(time.end) => true,
        };
        swept.unseen += usize::from(cut_off);
        tokio::select! {
            biased;
            () = async { while let Some(ended) = work.join_next().await { swept.ended(&ended) } } => {}
            () = sleep_until(time.end) => {}
        }
        if !work.is_empty() {
            tracing::error!(approvals = work.len(), "cut off: the time is over; the next sweep goes on");
            swept.failed += work.len();
        }
        metrics::count_many(Count::NotAdvanced, swept.failed + swept.left + swept.unseen);
        swept
    }

    /// How many are advanced at the same time.
    fn at_once(&self) -> usize {
        match self.dingtalk().settings().calls_per_second {
            0 => *AT_ONCE.end(),
            calls => {
                let calls = usize::try_from(calls).unwrap_or(usize::MAX).saturating_mul(5);
                calls.clamp(*AT_ONCE.start(), *AT_ONCE.end())
            }
        }
    }

    /// Starts the work on what is due, page after page, until the time is over.
    async fn take_up(&self, until: Instant, swept: &mut Swept, work: &mut JoinSet<Result<(), EngineError>>) {
        let (now, at_once) = (self.now(), self.at_once());
        let mut shards: Vec<Shard> =
            (0..DUE_SHARDS).map(|number| Shard { number, from: None, ended: false }).collect();
        while shards.iter().any(|shard| !shard.ended) {
            let page = self.next_page(&mut shards, now, swept).await;
            let mut page = page.into_iter();
            while let Some(due) = page.next() {
                tokio::select! {
                    biased;
                    () = sleep_until(until) => {
                        swept.left += 1 + page.len();
                        return;
                    }
                    () = room(at_once, work, swept) => {}
                }
                let engine = self.clone();
                swept.due += 1;
                work.spawn(async move {
                    let advanced = engine.advance_due(&due.what).await;
                    advanced.inspect_err(|error| tracing::error!(due = %due.what, %error, "not advanced"))
                });
            }
        }
    }

    /// The next page of each shard, oldest first.
    async fn next_page(&self, shards: &mut [Shard], now: Timestamp, swept: &mut Swept) -> Vec<Due> {
        let mut page = Vec::new();
        for shard in shards.iter_mut().filter(|shard| !shard.ended) {
            match self.store().due(shard.number, now, MOST_A_SHARD, shard.from.as_ref()).await {
                Ok(due) => {
                    shard.ended = due.len() < usize::from(MOST_A_SHARD);
                    shard.from = due.last().cloned();
                    page.extend(due);
                }
                Err(error) => {
                    tracing::error!(shard = shard.number, %error, "nobody knows what is due");
                    shard.ended = true;
                    swept.unseen += 1;
                }
            }
        }
        page.sort_by_key(|due| due.at);
        page
    }

    /// How old the oldest decision is that the source does not know, among those that were touched longest ago.
    pub async fn oldest_undelivered(&self) -> Result<Option<SignedDuration>, StoreError> {
        let now = self.now();
        let mut oldest: Option<SignedDuration> = None;
        for id in self.store().longest_untouched(Status::Decided, MOST_LOOKED_AT).await? {
            let approval = self.store().load(&id).await?;
            let decided = approval.as_ref().and_then(|approval| approval.state.decision());
            oldest = oldest.max(decided.map(|decision| now.duration_since(decision.at)));
        }
        Ok(oldest)
    }
}

impl Swept {
    /// Notes how a piece of work has ended: with an error, or by a panic, it has failed.
    fn ended(&mut self, ended: &Result<Result<(), EngineError>, JoinError>) {
        if let Err(error) = ended {
            tracing::error!(%error, "not advanced");
        }
        self.failed += usize::from(!matches!(ended, Ok(Ok(()))));
    }
}

/// Waits until one more may be worked on.
async fn room(at_once: usize, work: &mut JoinSet<Result<(), EngineError>>, swept: &mut Swept) {
    while work.len() >= at_once {
        if let Some(ended) = work.join_next().await {
            swept.ended(&ended);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn most_of_the_time_is_for_taking_up_and_the_answer_comes_before_the_deadline() {
        let (now, time) = (Instant::now(), WorkTime::of(Duration::from_mins(1)));
        let seconds =
            [time.take_up_until, time.end, time.deadline].map(|at| at.duration_since(now).as_secs());
        assert_eq!(seconds, [40, 54, 60]);
    }
}
