//! Reading variables, and saying what is wrong with them in words that help.

use std::{collections::BTreeMap, fmt, str::FromStr};

use secrecy::SecretString;

use super::Home;
use crate::dingtalk::crypto::AesKey;

/// A variable, as the README lists it.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it holds, and where to find that.
    pub about: &'static str,
    /// What holds when it is not set.
    pub fallback: Fallback,
}

/// What holds when a variable is not set.
#[derive(Debug, Clone, Copy)]
pub enum Fallback {
    /// It must be set.
    Required,
    /// Nothing: what it is for is off.
    None,
    /// This.
    Is(&'static str),
}

/// Every variable there is; the README's table is this one.
pub const VARIABLES: &[&[Variable]] =
    &[super::dingtalk::VARIABLES, super::dataphin::VARIABLES, super::bridge::VARIABLES];

/// What is wrong, by variable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems(BTreeMap<&'static str, String>);

impl Problems {
    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Variable and problem, one by one.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, problem)| (*name, problem.as_str()))
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the configuration is not right:")?;
        for (name, problem) in &self.0 {
            writeln!(f, "  {name}: {problem}")?;
        }
        let mend = match Home::here() {
            Home::Aws => "in the stack's parameters and its secret",
            Home::Machine => "in the environment and start again",
        };
        write!(f, "mend these variables {mend}; the README lists them all")
    }
}

/// Reads variables and collects what is wrong.
pub struct Environment<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    problems: BTreeMap<&'static str, String>,
}

impl<'a> Environment<'a> {
    /// Reads from `lookup`.
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup, problems: BTreeMap::new() }
    }

    /// What was wrong so far.
    pub fn problems(self) -> Problems {
        Problems(self.problems)
    }

    /// Notes that something is wrong with a variable. The value itself is never repeated: it may be a secret.
    pub fn wrong(&mut self, variable: &Variable, what: impl Into<String>) {
        self.problems.insert(variable.name, what.into());
    }

    /// The text of a variable: set, or by default.
    pub fn text(&mut self, variable: &Variable) -> Option<String> {
        if let Some(text) = self.given(variable) {
            return Some(text);
        }
        match variable.fallback {
            Fallback::Is(text) => Some(text.to_owned()),
            Fallback::None => None,
            Fallback::Required => {
                self.wrong(variable, format!("missing: {}", variable.about));
                None
            }
        }
    }

    /// A secret.
    pub fn secret(&mut self, variable: &Variable) -> Option<SecretString> {
        self.text(variable).map(Into::into)
    }

    /// A value of another type.
    pub fn parsed<T: FromStr>(&mut self, variable: &Variable, expected: &str) -> Option<T> {
        let text = self.text(variable)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.wrong(variable, format!("wrong: expected {expected} ({})", variable.about));
        }
        parsed
    }

    /// A 43-character AES key.
    pub fn aes_key(&mut self, variable: &Variable) -> Option<AesKey> {
        let text = self.text(variable)?;
        let key = text.parse().ok();
        if key.is_none() {
            let has = text.chars().count();
            self.wrong(
                variable,
                format!("wrong: expected 43 letters and digits, it has {has} ({})", variable.about),
            );
        }
        key
    }

    /// An `http://` or `https://` address, without the slash at its end.
    pub fn address(&mut self, variable: &Variable) -> Option<String> {
        let text = self.text(variable)?;
        let parsed = reqwest::Url::parse(&text).ok();
        if parsed.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
            return Some(text.trim_end_matches('/').to_owned());
        }
        self.wrong(
            variable,
            format!("wrong: expected an address that begins with http:// or https:// ({})", variable.about),
        );
        None
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&mut self, variable: &Variable, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(variable)?;
        let chosen =
            choices.iter().find(|(word, _)| word.eq_ignore_ascii_case(&text)).map(|(_, choice)| *choice);
        if chosen.is_none() {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            self.wrong(variable, format!("wrong: expected one of {}", words.join(", ")));
        }
        chosen
    }

    fn given(&self, variable: &Variable) -> Option<String> {
        (self.lookup)(variable.name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }
}
