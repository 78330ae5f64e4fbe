//! The answer of the connection test, kept for a while: each diagnosis costs paid calls, however often somebody presses the button.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use shared::{diagnosis::Doctor, http::Problem, world::World};
use tokio::sync::Mutex;
use tracing::Instrument;

use crate::words;

/// So long a failure stands.
const KEEP_FAILURE: SignedDuration = SignedDuration::from_mins(1);
/// So long a success stands: no longer than somebody needs to press the button twice.
const KEEP_SUCCESS: SignedDuration = SignedDuration::from_secs(2);

/// What is the answer for this configuration. Cheap to clone; clones share one answer.
#[derive(Clone)]
pub struct Kept {
    doctor: Doctor,
    world: World,
    answer: Arc<Mutex<Option<Answer>>>,
}

#[derive(Clone)]
struct Answer {
    at: Timestamp,
    result: Result<String, Problem>,
}

impl Kept {
    /// Nothing is known yet.
    pub fn new(doctor: Doctor, world: World) -> Self {
        Self { doctor, world, answer: Arc::default() }
    }

    /// What a diagnosis says: today's, or one that is under way, or that of a moment ago. A success comes with what there is to say
    /// beside it. A diagnosis goes on to its end though its caller goes away: the next one takes it up.
    pub async fn answer(&self) -> Result<String, Problem> {
        let this = self.clone();
        let asked = async move {
            let mut answer = this.answer.lock().await;
            if let Some(kept) = answer.as_ref().filter(|kept| kept.is_good(this.world.now())) {
                return kept.told(this.world.now());
            }
            let result = this.examine().await;
            let new = Answer { at: this.world.now(), result };
            answer.insert(new).told(this.world.now())
        };
        let asked = tokio::spawn(asked.in_current_span()).await;
        asked.unwrap_or_else(|_| Err(Problem::internal()))
    }

    async fn examine(&self) -> Result<String, Problem> {
        let (diagnosis, known) = tokio::join!(self.doctor.quick(), self.doctor.last_known());
        if let Some(cause) = diagnosis.first_cause() {
            return Err(words::problem(cause));
        }
        let (in_dataphin, others): (Vec<_>, Vec<_>) = known.into_iter().partition(|known| known.in_dataphin);
        match others.first() {
            Some(known) => Err(words::last_known(known)),
            None => Ok(words::success(&in_dataphin)),
        }
    }
}

impl Answer {
    fn keep(&self) -> SignedDuration {
        if self.result.is_ok() { KEEP_SUCCESS } else { KEEP_FAILURE }
    }

    fn is_good(&self, now: Timestamp) -> bool {
        let age = now.duration_since(self.at);
        !age.is_negative() && age < self.keep()
    }

    /// The answer; a failure of a moment ago says so, so that whoever has just fixed something knows what they read.
    fn told(&self, now: Timestamp) -> Result<String, Problem> {
        let mut problem = match &self.result {
            Ok(message) => return Ok(message.clone()),
            Err(problem) => problem.clone(),
        };
        let age = now.duration_since(self.at);
        if age.as_secs() > 0 {
            let (age, left) = (age.as_secs(), (self.keep() - age).as_secs().max(1));
            problem.message = format!(
                "{} ({age} 秒前的检测结果，{left} 秒后可重新检测 / tested {age} s ago; tested anew after {left} s)",
                problem.message
            );
        }
        Err(problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_failure_is_good_for_a_minute_and_a_success_for_a_moment() {
        let failure = Answer { at: at(0), result: Err(Problem::internal()) };
        for (now, good) in [(-1, false), (0, true), (59, true), (60, false), (3_600, false)] {
            assert_eq!(failure.is_good(at(now)), good, "{now}");
        }
        let success = Answer { at: at(0), result: Ok("connected".to_owned()) };
        for (now, good) in [(-1, false), (0, true), (1, true), (2, false), (59, false)] {
            assert_eq!(success.is_good(at(now)), good, "{now}");
        }
        assert_eq!(success.told(at(1)), Ok("connected".to_owned()));
    }

    #[test]
    fn an_older_failure_says_how_old_it_is() {
        let problem = Problem::internal();
        let answer = Answer { at: at(0), result: Err(problem.clone()) };
        assert_eq!(answer.told(at(0)), Err(problem));
        let told = answer.told(at(12)).unwrap_err().message;
        assert!(told.contains("tested 12 s ago; tested anew after 48 s"), "{told}");
    }
}
