//! What came of a callback: whether Dataphin took it, and if not, why.

use std::fmt;

use jiff::SignedDuration;

use super::{accepted::AcceptedAnswer, said::Said};
use crate::http::SendError;

/// What came of a callback. Free of secrets, and bounded: for logs, screens and machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DryRun {
    /// Dataphin understood it.
    Accepted(Acceptance),
    /// It answered, and neither with a yes nor with a no. For a delivery that is as good as a no.
    Unclear(Unclear),
    /// It did not, or that is not certain.
    Refused(Refusal),
}

impl DryRun {
    /// Whether Dataphin did not let the callback in for its signature or access token.
    pub fn is_about_credentials(&self) -> bool {
        match self {
            Self::Refused(Refusal::Unauthorized(_)) => true,
            Self::Refused(Refusal::NotUnderstood(said)) => said.is_about_credentials(),
            _ => false,
        }
    }
}

/// How Dataphin took a callback that it understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acceptance {
    /// It knows the outcome now.
    Confirmed,
    /// It has no such request, or has closed it already: so it says.
    ClosedAlready(Said),
}

/// An answer that is neither a yes nor a no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unclear {
    /// It says nothing that we know.
    Unknown {
        /// The HTTP status.
        status: u16,
        /// What it says, without what differs from request to request; empty for an empty body.
        shape: String,
        /// What a profile would have to accept, if an operator knows that it is a yes.
        accepts: Option<AcceptedAnswer>,
    },
    /// It begins like JSON, and is none.
    Cut {
        /// The HTTP status.
        status: u16,
    },
    /// It is longer than anything we expect.
    TooLong,
    /// It is no text that we can read.
    Unreadable {
        /// The HTTP status.
        status: u16,
        /// In words.
        why: String,
    },
    /// It is encrypted, and we cannot open it.
    Undecipherable(String),
}

impl Unclear {
    /// How every reason of one begins.
    pub const PREFIX: &str = "answered, but not with a yes";

    /// Its stable name, for machines.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unknown { shape, .. } if shape.is_empty() => "empty",
            Self::Unknown { .. } => "unknown-answer",
            Self::Cut { .. } => "cut",
            Self::TooLong => "too-long",
            Self::Unreadable { .. } => "unreadable",
            Self::Undecipherable(_) => "undecipherable",
        }
    }
}

impl fmt::Display for Unclear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", Self::PREFIX)?;
        match self {
            Self::Unknown { status, shape, .. } if shape.is_empty() => {
                write!(f, "HTTP {status}, an empty body")
            }
            Self::Unknown { status, shape, .. } => write!(f, "HTTP {status}, {shape}"),
            Self::Cut { status } => write!(f, "HTTP {status}, JSON that is cut or damaged"),
            Self::TooLong => f.write_str("the answer is longer than 1 MiB"),
            Self::Unreadable { status, why } => write!(f, "HTTP {status}, {why}"),
            Self::Undecipherable(why) => write!(f, "the encrypted answer: {why}"),
        }
    }
}

/// Why a callback came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It could not be made.
    #[error("{0}")]
    NotMade(#[from] NotMade),
    /// There was no answer.
    #[error("{0}")]
    NotReached(#[from] SendError),
    /// A redirect, which is not followed.
    #[error("HTTP {status}, a redirect: DATAPHIN_CALLBACK_URL must be the final address{}", to(.location.as_ref()))]
    Redirect {
        /// The HTTP status.
        status: u16,
        /// Where to, without its query.
        location: Option<String>,
    },
    /// A page for people: a sign-in, a gateway, or something else at this address.
    #[error("HTTP {status}, an HTML page: DATAPHIN_CALLBACK_URL leads to something else, a sign-in perhaps")]
    Html {
        /// The HTTP status.
        status: u16,
    },
    /// 401 or 403: the access token, the signature or the key is not accepted.
    #[error("not let in (access token, signature or key): {0}")]
    Unauthorized(Said),
    /// 404 or 405, and not about the request: the path is wrong.
    #[error("not served at this address: {0}")]
    NotFound(Said),
    /// A 5xx, 408 or 429: Dataphin, or what stands before it, cannot answer now. It says nothing about the profile.
    #[error("{said}")]
    ServerError {
        /// What it said.
        said: Said,
        /// How long it asks us to wait.
        retry_after: Option<SignedDuration>,
    },
    /// Any other no: `success: false`, or a status or code that is none of success.
    #[error("{0}")]
    NotUnderstood(Said),
}

/// Why a callback could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotMade {
    /// The profile encrypts.
    #[error("DATAPHIN_CALLBACK_AES_KEY is missing")]
    KeyMissing,
    /// The callback URL is none.
    #[error("DATAPHIN_CALLBACK_URL is no URL, or the profile's header has no possible name")]
    BadUrl,
    /// The access token cannot stand in a header.
    #[error("DATAPHIN_ACCESS_TOKEN cannot stand in a header")]
    BadToken,
}

/// What came of telling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Dataphin knows now.
    Confirmed,
    /// Dataphin has closed the request already: there is nothing more to tell.
    ClosedAlready {
        /// What it answered, for an operator.
        said: String,
    },
    /// It answered, and that was no yes: whether it knows is not certain.
    Unclear {
        /// What it answered, for an operator.
        reason: String,
    },
    /// It was not told, or that is not certain.
    NotTold {
        /// Why, for an operator.
        reason: String,
        /// How long Dataphin asks us to wait.
        retry_after: Option<SignedDuration>,
    },
}

const REASON_LIMIT: usize = 200;

/// One line for people, bounded.
impl fmt::Display for DryRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted(Acceptance::Confirmed) => f.write_str("confirmed"),
            Self::Accepted(Acceptance::ClosedAlready(said)) => {
                bounded(f, &format!("understood: Dataphin has no such request, or has closed it ({said})"))
            }
            Self::Unclear(unclear) => bounded(f, &unclear.to_string()),
            Self::Refused(refusal) => bounded(f, &refusal.to_string()),
        }
    }
}

fn bounded(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str(&one_line(text))
}

fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(REASON_LIMIT).collect()
}

impl From<&DryRun> for Told {
    fn from(verdict: &DryRun) -> Self {
        match verdict {
            DryRun::Accepted(Acceptance::Confirmed) => Self::Confirmed,
            DryRun::Accepted(Acceptance::ClosedAlready(said)) => {
                Self::ClosedAlready { said: one_line(&said.to_string()) }
            }
            DryRun::Unclear(_) => Self::Unclear { reason: verdict.to_string() },
            DryRun::Refused(refusal) => Self::NotTold {
                reason: verdict.to_string(),
                retry_after: match refusal {
                    Refusal::ServerError { retry_after, .. } => *retry_after,
                    _ => None,
                },
            },
        }
    }
}

impl Refusal {
    /// The cause's stable name, for machines.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotMade(_) => "not-made",
            Self::NotReached(_) => "not-reached",
            Self::Redirect { .. } => "redirect",
            Self::Html { .. } => "html",
            Self::Unauthorized(_) => "unauthorized",
            Self::NotFound(_) => "not-found",
            Self::ServerError { .. } => "server-error",
            Self::NotUnderstood(_) => "not-understood",
        }
    }
}

fn to(location: Option<&String>) -> String {
    location.map_or(String::new(), |location| format!(" (it leads to {location})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_sent_is_told_in_words() {
        let verdict = DryRun::Refused(NotMade::KeyMissing.into());
        let reason = "DATAPHIN_CALLBACK_AES_KEY is missing".to_owned();
        assert_eq!(Told::from(&verdict), Told::NotTold { reason, retry_after: None });
    }
}
