//! What an answer's body says, in any of the spellings seen.

use std::fmt;

use serde_json::Value;

use super::mask::Mask;

/// The most of a code or a message that is kept.
const LIMIT: usize = 150;

/// Status, code and message of an answer, fit to be read: bounded, on one line, without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The HTTP status.
    pub status: u16,
    /// The `code` or `Code`, if there is one.
    pub code: Option<String>,
    /// The `message` or `Message`; empty where there is none.
    pub message: String,
    /// Whether there was a `success` or `Success` that is false.
    pub denied: bool,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        match &self.code {
            Some(code) => write!(f, ", code {code}")?,
            None if self.denied => f.write_str(", success false")?,
            None => {}
        }
        if self.message.is_empty() { Ok(()) } else { write!(f, ": {}", self.message) }
    }
}

/// The same as it came.
pub(super) struct Body {
    success: Option<bool>,
    code: Option<String>,
    message: String,
}

impl From<&Value> for Body {
    fn from(body: &Value) -> Self {
        let either =
            |names: [&str; 2]| names.iter().find_map(|name| body.get(*name)).filter(|value| !value.is_null());
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        Self {
            success: either(["success", "Success"]).and_then(|value| match value {
                Value::Bool(success) => Some(*success),
                Value::String(text) => text.trim().to_ascii_lowercase().parse().ok(),
                _ => None,
            }),
            code: either(["code", "Code"]).map(text),
            message: either(["message", "Message"]).map(text).unwrap_or_default(),
        }
    }
}

impl Body {
    /// A text that is no JSON.
    pub fn of_text(text: &str) -> Self {
        Self { success: None, code: None, message: text.to_owned() }
    }

    pub fn agrees(&self, success_codes: &[String]) -> bool {
        let code_agrees = |code: &String| success_codes.iter().any(|good| good.eq_ignore_ascii_case(code));
        self.success != Some(false) && self.code.as_ref().is_none_or(code_agrees)
    }

    /// Whether the code is this HTTP status: some answer 200 and say the true one here.
    pub fn has_code(&self, status: &str) -> bool {
        self.code.as_deref() == Some(status)
    }

    pub fn text(&self) -> String {
        format!("{} / {}", self.code.as_deref().unwrap_or_default(), self.message)
    }

    pub fn said(&self, status: u16, mask: &Mask) -> Said {
        Said {
            status,
            code: self.code.as_deref().map(|code| mask.line(code, LIMIT)),
            message: mask.line(&self.message, LIMIT),
            denied: self.success == Some(false),
        }
    }
}
