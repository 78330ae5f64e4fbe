//! The answer of the connection test, kept for a minute: each diagnosis costs paid calls, however often somebody presses the
//! button.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use shared::{diagnosis::Doctor, http::Problem, world::World};
use tokio::sync::Mutex;
use tracing::Instrument;

/// So long an answer stands.
const KEEP: SignedDuration = SignedDuration::from_mins(1);

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
    problem: Option<Problem>,
}

impl Kept {
    /// Nothing is known yet.
    pub fn new(doctor: Doctor, world: World) -> Self {
        Self { doctor, world, answer: Arc::default() }
    }

    /// What a diagnosis says: today's, or one that is under way, or that of a moment ago. `problem` makes a sentence of it.
    /// A diagnosis goes on to its end though its caller goes away: the next one takes it up.
    pub async fn answer(&self, problem: fn(&shared::diagnosis::Finding) -> Problem) -> Result<(), Problem> {
        let this = self.clone();
        let asked = async move {
            let mut answer = this.answer.lock().await;
            if let Some(kept) = answer.as_ref().filter(|kept| kept.is_good(this.world.now())) {
                return kept.told(this.world.now());
            }
            let diagnosis = this.doctor.quick().await;
            let new = Answer { at: this.world.now(), problem: diagnosis.first_cause().map(problem) };
            answer.insert(new).told(this.world.now())
        };
        let asked = tokio::spawn(asked.in_current_span()).await;
        asked.unwrap_or_else(|_| Err(Problem::internal()))
    }
}

impl Answer {
    fn is_good(&self, now: Timestamp) -> bool {
        let age = now.duration_since(self.at);
        !age.is_negative() && age < KEEP
    }

    /// The answer; that of a moment ago says so, so that whoever has just fixed something knows what they read.
    fn told(&self, now: Timestamp) -> Result<(), Problem> {
        let Some(problem) = &self.problem else { return Ok(()) };
        let mut problem = problem.clone();
        let age = now.duration_since(self.at);
        if age.as_secs() > 0 {
            let (age, left) = (age.as_secs(), (KEEP - age).as_secs().max(1));
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
    fn an_answer_is_good_for_a_minute() {
        let answer = Answer { at: at(0), problem: None };
        for (now, good) in [(-1, false), (0, true), (59, true), (60, false), (3_600, false)] {
            assert_eq!(answer.is_good(at(now)), good, "{now}");
        }
        assert_eq!(answer.told(at(30)), Ok(()));
    }

    #[test]
    fn an_older_failure_says_how_old_it_is() {
        let problem = Problem::internal();
        let answer = Answer { at: at(0), problem: Some(problem.clone()) };
        assert_eq!(answer.told(at(0)), Err(problem));
        let told = answer.told(at(12)).unwrap_err().message;
        assert!(told.contains("tested 12 s ago; tested anew after 48 s"), "{told}");
    }
}
