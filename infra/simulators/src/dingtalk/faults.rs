//! Faults on demand: what a network and a service do on a bad day, for calls and for pushes.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::world::Random;

use super::catalog::Api;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// A call waits this many milliseconds before it is done.
    Slow(u32),
    /// A call is answered 500 `systemError` and not done.
    ServerError,
    /// A call is done, and its answer held back for this many milliseconds: a time-out after the work.
    HoldAnswer(u32),
    /// The connection closes before the call is done.
    CloseBefore,
    /// The call is done, and the connection closes without an answer.
    CloseAfter,
    /// The call is not done, and this is answered in its place: what a proxy or a gateway says on its way.
    AnswerBefore {
        /// The HTTP status.
        status: u16,
        /// The header; empty: none.
        #[serde(default = "json_type")]
        content_type: String,
        /// The body, as it is.
        body: String,
    },
    /// The call is done, and this is answered in place of what came of it.
    AnswerAfter {
        /// The HTTP status.
        status: u16,
        /// The header; empty: none.
        #[serde(default = "json_type")]
        content_type: String,
        /// The body, as it is.
        body: String,
    },
    /// The connection closes without an answer, and the call is done this many milliseconds later: a proxy had held it.
    DeliverLate(u32),
    /// The call is done and answered, and done once more this many milliseconds later: a proxy had sent it again.
    DeliverTwice(u32),
    /// The list of instance ids always names this token for the next page.
    StuckToken(Value),
    /// An instance is read back without the values of its form.
    WithoutFormValues,
    /// A read is answered with another instance, the newest that is not the one asked for.
    OtherInstance,
    /// An event is pushed twice.
    DuplicatePush,
    /// An event is held back until the next one has been pushed.
    HoldPush,
    /// An event is never pushed, and never in the failed list either.
    DropPush,
    /// An event waits this many milliseconds before it is pushed.
    DelayPush(u32),
}

impl Trouble {
    /// The call is not done, and this is answered: JSON, or a page where it begins like one.
    pub fn answer_before(status: u16, body: impl Into<String>) -> Self {
        let body = body.into();
        Self::AnswerBefore { status, content_type: type_of(&body), body }
    }

    /// The call is done, and this is answered: JSON, or a page where it begins like one.
    pub fn answer_after(status: u16, body: impl Into<String>) -> Self {
        let body = body.into();
        Self::AnswerAfter { status, content_type: type_of(&body), body }
    }

    /// Whether it concerns events; else, calls.
    pub(crate) fn is_for_pushes(&self) -> bool {
        matches!(self, Self::DuplicatePush | Self::HoldPush | Self::DropPush | Self::DelayPush(_))
    }
}

/// How often it goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spell {
    /// The next so many times.
    Next(u32),
    /// In so many of a hundred.
    Percent(u8),
    /// Until cleared.
    Always,
}

/// A fault: what goes wrong, where and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The API; `None` for all of them, and for pushes.
    #[serde(default)]
    pub api: Option<Api>,
    /// What goes wrong.
    pub trouble: Trouble,
    /// How often.
    #[serde(default = "always")]
    pub spell: Spell,
}

impl Fault {
    /// A fault of one API, until cleared.
    pub fn of(api: Api, trouble: Trouble) -> Self {
        Self { api: Some(api), trouble, spell: Spell::Always }
    }

    /// A fault of every API, or of pushes, until cleared.
    pub fn everywhere(trouble: Trouble) -> Self {
        Self { api: None, trouble, spell: Spell::Always }
    }

    /// Only the next so many times.
    #[must_use]
    pub fn next(mut self, times: u32) -> Self {
        self.spell = Spell::Next(times);
        self
    }

    /// Only once.
    #[must_use]
    pub fn once(self) -> Self {
        self.next(1)
    }

    /// In so many of a hundred.
    #[must_use]
    pub fn percent(mut self, percent: u8) -> Self {
        self.spell = Spell::Percent(percent);
        self
    }
}

/// The faults that are set.
#[derive(Default)]
pub(crate) struct Faults(pub Vec<Fault>);

impl Faults {
    /// What goes wrong with this call.
    pub fn strike(&mut self, api: Api, random: &dyn Random) -> Vec<Trouble> {
        self.take(random, |fault| !fault.trouble.is_for_pushes() && fault.api.is_none_or(|it| it == api))
    }

    /// What goes wrong with this push.
    pub fn strike_push(&mut self, random: &dyn Random) -> Vec<Trouble> {
        self.take(random, |fault| fault.trouble.is_for_pushes())
    }

    fn take(&mut self, random: &dyn Random, concerns: impl Fn(&Fault) -> bool) -> Vec<Trouble> {
        let mut troubles = Vec::new();
        self.0.retain_mut(|fault| {
            if !concerns(fault) {
                return true;
            }
            match &mut fault.spell {
                Spell::Always => troubles.push(fault.trouble.clone()),
                Spell::Percent(percent) if random.below(100) < u64::from(*percent) => {
                    troubles.push(fault.trouble.clone());
                }
                Spell::Percent(_) => {}
                Spell::Next(times) => {
                    if *times > 0 {
                        troubles.push(fault.trouble.clone());
                    }
                    *times = times.saturating_sub(1);
                    return *times > 0;
                }
            }
            true
        });
        troubles
    }
}

/// A wait as faults count it.
pub(crate) fn milliseconds(count: u32) -> SignedDuration {
    SignedDuration::from_millis(i64::from(count))
}

fn type_of(body: &str) -> String {
    if body.trim_start().starts_with('<') { "text/html;charset=utf-8".to_owned() } else { json_type() }
}

fn json_type() -> String {
    "application/json;charset=utf-8".to_owned()
}

fn always() -> Spell {
    Spell::Always
}
