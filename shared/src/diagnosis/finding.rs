//! What a diagnosis says: one finding a check, and where to mend what failed.

use std::time::Duration;

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::Check;
use crate::{
    config::{Home, SECRETS, Variables},
    words::Words,
};

impl Words {
    /// One of our variables is wrong: where it is set, and what follows a change.
    pub fn variable(name: &str) -> Self {
        Self::change(("correct", "修改"), name, &Self::new("", ""))
    }

    /// The same by another verb, and with where the right value is found.
    pub(super) fn change((verb, verb_zh): (&str, &str), name: &str, source: &Self) -> Self {
        let home = Home::here();
        let ((place, place_zh), (then, then_zh)) = (home.place_of(name), home.after_change(name));
        Self::new(
            format!("{verb} {place}{}, and {then}", source.en),
            format!("{verb_zh}{place_zh}{}，并{then_zh}", source.zh),
        )
    }
}

/// Why a check failed, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The cause, in a sentence.
    pub cause: Words,
    /// The exact place to mend it.
    pub mend: Words,
    /// The raw code, where somebody gave one.
    pub code: Option<String>,
}

impl Failure {
    /// A failure without a code.
    pub fn new(cause: Words, mend: Words) -> Self {
        Self { cause, mend, code: None }
    }

    /// With the raw code.
    #[must_use]
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is as it should be.
    Passed {
        /// What that proves.
        proved: Words,
    },
    /// It works, and could be safer.
    Warned(Failure),
    /// It is not.
    Failed(Failure),
    /// Nobody looked.
    Skipped {
        /// Why.
        why: Words,
    },
}

impl Outcome {
    /// Passed.
    pub fn passed(proved: Words) -> Self {
        Self::Passed { proved }
    }

    /// Failed.
    pub fn failed(cause: Words, mend: Words) -> Self {
        Self::Failed(Failure::new(cause, mend))
    }

    /// Skipped.
    pub fn skipped(why: Words) -> Self {
        Self::Skipped { why }
    }

    /// The word for machines.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Passed { .. } => "passed",
            Self::Warned(_) => "warned",
            Self::Failed(_) => "failed",
            Self::Skipped { .. } => "skipped",
        }
    }
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The check.
    pub check: Check,
    /// The variable it is about, where the check has one finding for each.
    pub variable: Option<String>,
    /// What came of it.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
}

impl Finding {
    /// The failure, if it is one.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.outcome {
            Outcome::Failed(failure) => Some(failure),
            _ => None,
        }
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let facts = self.check.facts();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", facts.id)?;
        map.serialize_entry("name", &Words::new(facts.en, facts.zh))?;
        if let Some(variable) = &self.variable {
            map.serialize_entry("variable", variable)?;
        }
        map.serialize_entry("outcome", self.outcome.word())?;
        match &self.outcome {
            Outcome::Passed { proved } => map.serialize_entry("proved", proved)?,
            Outcome::Skipped { why } => map.serialize_entry("why", why)?,
            Outcome::Failed(failure) | Outcome::Warned(failure) => {
                map.serialize_entry("cause", &failure.cause)?;
                map.serialize_entry("mend", &failure.mend)?;
                if let Some(code) = &failure.code {
                    map.serialize_entry("code", code)?;
                }
            }
        }
        map.serialize_entry("tookMs", &u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX))?;
        map.end()
    }
}

/// All findings, in the order in which things depend on each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The findings.
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    /// Whether nothing failed.
    pub fn is_healthy(&self) -> bool {
        self.first_cause().is_none()
    }

    /// The first that failed: what to mend first.
    pub fn first_cause(&self) -> Option<&Finding> {
        self.failed().next()
    }

    /// All that failed.
    pub fn failed(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.failure().is_some())
    }

    /// The same without any value of `variables` that is a secret: others' messages may quote one.
    pub(super) fn without_secrets(mut self, variables: &Variables) -> Self {
        let secrets: Vec<&str> = SECRETS.iter().filter_map(|name| variables.given(name)).collect();
        let clean = |text: &mut String| {
            for secret in secrets.iter().filter(|secret| secret.len() >= SHORTEST_SECRET) {
                if text.contains(secret) {
                    *text = text.replace(secret, "***");
                }
            }
        };
        let clean_both = |words: &mut Words| {
            clean(&mut words.en);
            clean(&mut words.zh);
        };
        for finding in &mut self.findings {
            match &mut finding.outcome {
                Outcome::Passed { proved: text } | Outcome::Skipped { why: text } => clean_both(text),
                Outcome::Failed(failure) | Outcome::Warned(failure) => {
                    clean_both(&mut failure.cause);
                    clean_both(&mut failure.mend);
                    failure.code.as_mut().map(clean);
                }
            }
        }
        self
    }
}

/// A shorter one is a placeholder, and part of many words.
const SHORTEST_SECRET: usize = 6;

impl Serialize for Diagnosis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("healthy", &self.is_healthy())?;
        map.serialize_entry("findings", &self.findings)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_somebody_quotes_is_not_shown() {
        let variables: Variables =
            [("DINGTALK_APP_SECRET".to_owned(), "very-secret".to_owned())].into_iter().collect();
        let failure =
            Failure::new(Words::new("no such secret: very-secret", "没有此密钥"), Words::new("a", "b"));
        let finding = Finding {
            check: Check::Credentials,
            variable: None,
            outcome: failure.into(),
            took: Duration::ZERO,
        };
        let diagnosis = Diagnosis { findings: vec![finding] }.without_secrets(&variables);
        assert_eq!(diagnosis.first_cause().unwrap().failure().unwrap().cause.en, "no such secret: ***");
    }
}
