//! What an answer's body says, in any of the spellings seen.

use std::fmt;

use super::{answer::signals::Signals, mask::Mask};

/// The most of a code or a message that is kept.
const LIMIT: usize = 150;

/// The most of a member that says no.
const BECAUSE_LIMIT: usize = 60;

/// Status, code and message of an answer, fit to be read: bounded, on one line, without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The HTTP status.
    pub status: u16,
    /// The first code that says no, if there is one.
    pub code: Option<String>,
    /// The first message for people; empty where there is none.
    pub message: String,
    /// Whether there was a `success` that is false, under any of its names.
    pub denied: bool,
    /// The member that says no, and its value, where neither of the above says it.
    pub because: Option<String>,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        match (&self.code, &self.because) {
            (Some(code), _) => write!(f, ", code {code}")?,
            (None, _) if self.denied => f.write_str(", success false")?,
            (None, Some(because)) => write!(f, ", {because}")?,
            (None, None) => {}
        }
        if self.message.is_empty() { Ok(()) } else { write!(f, ": {}", self.message) }
    }
}

/// Words about signature and access token.
const OF_CREDENTIALS: [&str; 7] =
    ["signature", "签名", "验签", "access token", "accesstoken", "access_token", "令牌"];

impl Said {
    /// Whether it is about the signature or the access token.
    pub fn is_about_credentials(&self) -> bool {
        let text = format!("{} {}", self.code.as_deref().unwrap_or_default(), self.message).to_lowercase();
        OF_CREDENTIALS.iter().any(|word| text.contains(word))
    }

    /// Of an answer that says this.
    pub(super) fn of(signals: &Signals, status: u16, mask: &Mask) -> Self {
        let message = signals.messages.first().map(|message| mask.line(message, LIMIT));
        let because = signals.because.as_ref().filter(|(_, value)| signals.messages.first() != Some(value));
        Self {
            because: because.map(|(name, value)| mask.line(&format!("{name} {value}"), BECAUSE_LIMIT)),
            status,
            code: signals.codes.first().map(|code| mask.line(code, LIMIT)),
            message: message.unwrap_or_default(),
            denied: signals.denied,
        }
    }
}
