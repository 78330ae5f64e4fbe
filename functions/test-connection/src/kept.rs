//! The answer of the connection test, kept for a while: each diagnosis costs paid calls, however often somebody presses the button.

use std::{collections::VecDeque, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use shared::{diagnosis::Doctor, http::Problem, world::World};
use tokio::sync::Mutex;
use tracing::Instrument;

use crate::words;

/// So long a failure stands.
const KEEP_FAILURE: SignedDuration = SignedDuration::from_mins(1);
/// So long a success stands: something may break at any moment, and no more than a double click is answered from memory.
const KEEP_SUCCESS: SignedDuration = SignedDuration::from_millis(900);
/// So long where the button was pressed often lately: whoever tests all day costs no more than one diagnosis a minute.
const KEEP_OFTEN: SignedDuration = SignedDuration::from_mins(1);
/// So many diagnoses within [`LATELY`] are often.
const OFTEN: usize = 3;
const LATELY: SignedDuration = SignedDuration::from_mins(10);

/// What is the answer for this configuration. Cheap to clone; clones share one answer.
#[derive(Clone)]
pub struct Kept {
    doctor: Doctor,
    world: World,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    answer: Option<Answer>,
    /// When the last diagnoses ended, the oldest first.
    ended: VecDeque<Timestamp>,
}

struct Answer {
    at: Timestamp,
    keep: SignedDuration,
    result: Result<String, Problem>,
}

impl Kept {
    /// Nothing is known yet.
    pub fn new(doctor: Doctor, world: World) -> Self {
        Self { doctor, world, state: Arc::default() }
    }

    /// What a diagnosis says: today's, or one that is under way, or that of a moment ago. A success comes with what there is to say
    /// beside it. A diagnosis goes on to its end though its caller goes away: the next one takes it up.
    pub async fn answer(&self) -> Result<String, Problem> {
        let this = self.clone();
        let asked = async move {
            let mut state = this.state.lock().await;
            if let Some(kept) = state.answer.as_ref().filter(|kept| kept.is_good(this.world.now())) {
                return kept.told(this.world.now());
            }
            let result = this.examine().await;
            let now = this.world.now();
            let often = state.is_often(now);
            let keep = match &result {
                Err(_) => KEEP_FAILURE,
                Ok(_) if often => KEEP_OFTEN,
                Ok(_) => KEEP_SUCCESS,
            };
            state.answer.insert(Answer { at: now, keep, result }).told(now)
        };
        let asked = tokio::spawn(asked.in_current_span()).await;
        asked.unwrap_or_else(|_| Err(Problem::internal()))
    }

    async fn examine(&self) -> Result<String, Problem> {
        let (diagnosis, known) = tokio::join!(self.doctor.quick(), self.doctor.last_known());
        if let Some(cause) = diagnosis.first_cause() {
            return Err(words::problem(cause));
        }
        let (passing, others): (Vec<_>, Vec<_>) = known.into_iter().partition(|known| known.may_pass);
        match others.first() {
            Some(known) => Err(words::last_known(known)),
            None => Ok(words::success(&passing)),
        }
    }
}

impl State {
    /// Whether there were many diagnoses lately, with the one that has just ended.
    fn is_often(&mut self, now: Timestamp) -> bool {
        self.ended.push_back(now);
        if self.ended.len() > OFTEN {
            self.ended.pop_front();
        }
        let is_lately = |first: &Timestamp| now.duration_since(*first).abs() < LATELY;
        self.ended.len() == OFTEN && self.ended.front().is_some_and(is_lately)
    }
}

impl Answer {
    fn is_good(&self, now: Timestamp) -> bool {
        let age = now.duration_since(self.at);
        !age.is_negative() && age < self.keep
    }

    /// The answer; a failure of a moment ago says so, so that whoever has just fixed something knows what they read.
    fn told(&self, now: Timestamp) -> Result<String, Problem> {
        let mut problem = match &self.result {
            Ok(message) => return Ok(message.clone()),
            Err(problem) => problem.clone(),
        };
        let age = now.duration_since(self.at);
        if age.as_secs() > 0 {
            let (age, left) = (age.as_secs(), (self.keep - age).as_secs().max(1));
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
        let failure = Answer { at: at(0), keep: KEEP_FAILURE, result: Err(Problem::internal()) };
        for (now, good) in [(-1, false), (0, true), (59, true), (60, false), (3_600, false)] {
            assert_eq!(failure.is_good(at(now)), good, "{now}");
        }
        let success = Answer { at: at(0), keep: KEEP_SUCCESS, result: Ok("connected".to_owned()) };
        for (now, good) in [(-1, false), (0, true), (1, false), (59, false)] {
            assert_eq!(success.is_good(at(now)), good, "{now}");
        }
        assert_eq!(success.told(at(0)), Ok("connected".to_owned()));
    }

    #[test]
    fn whoever_presses_the_button_often_gets_fewer_diagnoses() {
        let mut state = State::default();
        let often: Vec<bool> = (0..6).map(|second| state.is_often(at(second))).collect();
        assert_eq!(often, [false, false, true, true, true, true]);
        assert!(state.is_often(at(600)));
        assert!(!state.is_often(at(1_300)));
    }

    #[test]
    fn an_older_failure_says_how_old_it_is() {
        let problem = Problem::internal();
        let answer = Answer { at: at(0), keep: KEEP_FAILURE, result: Err(problem.clone()) };
        assert_eq!(answer.told(at(0)), Err(problem));
        let told = answer.told(at(12)).unwrap_err().message;
        assert!(told.contains("tested 12 s ago; tested anew after 48 s"), "{told}");
    }
}
