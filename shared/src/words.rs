//! A text in the two languages of those who read it.

use std::fmt;

use serde::Serialize;

/// A text in English and in Chinese.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Words {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

impl Words {
    /// A text in both languages.
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self { en: en.into(), zh: zh.into() }
    }

    /// First this place, or else that one.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        Self::new(format!("{}; or {}", self.en, other.en), format!("{}；或者{}", self.zh, other.zh))
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {}", self.en, self.zh)
    }
}
