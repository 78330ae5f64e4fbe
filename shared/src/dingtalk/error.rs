//! What DingTalk's refusals mean, classified once: the class decides what happens next.
//!
//! A call that makes something new was "not carried out" only if the answer is one that is known to mean that; everything
//! else is [`Class::UnknownOutcome`]. Calls that may be made twice need not be so careful: see [`DingTalkError::harmless`].

use super::codes;
use crate::http::SendError;

/// What a failed call means for whoever made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The request is wrong and will stay wrong.
    Permanent,
    /// Not carried out; trying again may help.
    Transient,
    /// Not carried out: too many calls just now.
    Throttled,
    /// The access token or the credentials are not accepted.
    Token,
    /// The app lacks a permission point, or the caller's address is not on the app's list.
    Permission,
    /// The month's paid calls are used up.
    Quota,
    /// It may have been carried out or not.
    UnknownOutcome,
}

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct DingTalkError {
    /// What it means.
    pub class: Class,
    /// DingTalk's code, or ours where there was no answer.
    pub code: String,
    /// DingTalk's words; never a secret, at most 300 characters.
    pub message: String,
    /// Permission points that are missing.
    pub scopes: Vec<String>,
    /// Whose answer it is.
    pub(super) origin: Origin,
}

/// Whose answer an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Our own, or there was no answer.
    Ours,
    /// Something answered that does not answer as DingTalk does: a proxy, a page, a gateway.
    Stranger,
    /// DingTalk's, with a code that is known, or a failure of its own.
    DingTalk,
    /// DingTalk's, with a code that means one thing mostly and another sometimes.
    Doubtful,
    /// DingTalk's, with a code that is not known.
    Unheard,
}

/// Codes for which there was no proper answer.
pub(super) mod code {
    pub const NO_CONNECTION: &str = "no-connection";
    pub const TIMED_OUT: &str = "timed-out";
    pub const NO_FORECAST: &str = "no-forecast";
    pub const NO_ANSWER: &str = "no-answer";
    pub const UNREADABLE: &str = "unreadable-answer";
    pub const BUSY: &str = "too-many-calls-waiting";
    pub const EXTERNAL_CONTACT: &str = "external-contact";
    pub const NOT_ACTIVE: &str = "not-active";
    pub const BANNED: &str = "address-banned-for-5-minutes";
    /// DingTalk's words came without a code.
    pub const NO_CODE: &str = "no-code";
}

/// Codes that say: this person is nobody we could ask. Any other error says nothing about the person.
const NOBODY: [&str; 8] =
    ["33012", "60121", "40104", "50002", "50004", "400002", code::EXTERNAL_CONTACT, code::NOT_ACTIVE];

impl DingTalkError {
    /// An error with one of our own codes.
    pub fn new(class: Class, code: &str, message: impl Into<String>) -> Self {
        let (code, message) = (code.to_owned(), message.into());
        Self { class, code, message, scopes: Vec::new(), origin: Origin::Ours }
    }

    /// What the same error means when it comes twice: an answer of DingTalk's own that is no failure of its own is then
    /// a permanent no.
    pub fn after_another_try(self) -> Self {
        match (self.origin, self.class) {
            (Origin::Doubtful | Origin::Unheard, Class::UnknownOutcome | Class::Transient) => {
                Self { class: Class::Permanent, ..self }
            }
            _ => self,
        }
    }

    /// What it means of a call that may be made twice: nothing can have gone wrong. DingTalk's own unknown code is its
    /// no; what answers in its place says nothing.
    pub(crate) fn harmless(self) -> Self {
        let class = match (self.class, self.origin) {
            (Class::UnknownOutcome, _) if self.is_ban() || self.code == "http-429" => Class::Throttled,
            (Class::UnknownOutcome, Origin::Unheard) => Class::Permanent,
            (Class::UnknownOutcome, _) => Class::Transient,
            (class, _) => class,
        };
        Self { class, ..self }
    }

    /// Whether it is DingTalk's own answer, with a code (or words) of its own.
    pub fn is_dingtalks_own(&self) -> bool {
        matches!(self.origin, Origin::DingTalk | Origin::Doubtful | Origin::Unheard)
    }

    /// Whether it says that a person cannot be asked in DingTalk, and nothing else.
    pub fn is_nobody(&self) -> bool {
        NOBODY.contains(&self.old_code())
    }

    /// An external contact is nobody's colleague and cannot approve.
    pub(super) fn external_contact() -> Self {
        Self::new(Class::Permanent, code::EXTERNAL_CONTACT, "an external contact")
    }

    /// Someone who has never opened DingTalk, or was switched off there.
    pub fn not_active() -> Self {
        Self::new(Class::Permanent, code::NOT_ACTIVE, "not active in DingTalk")
    }

    /// Whether the app lacks a permission point.
    pub fn is_missing_permission(&self) -> bool {
        self.class == Class::Permission && !self.is_address_refused()
    }

    /// Whether our address is not on the app's list.
    pub fn is_address_refused(&self) -> bool {
        self.code.ends_with("IpNotInWhiteList") || self.old_code() == "60020"
    }

    /// Whether the person exists and the app may not see them.
    pub fn is_out_of_sight(&self) -> bool {
        matches!(self.old_code(), "50002" | "50004")
    }

    /// Whether there was no answer of DingTalk's at all.
    pub fn is_silence(&self) -> bool {
        matches!(self.code.as_str(), code::NO_CONNECTION | code::NO_ANSWER | code::TIMED_OUT)
    }

    /// Whether something answered that is not DingTalk, or not as it is known.
    pub fn is_unreadable(&self) -> bool {
        self.code == code::UNREADABLE || self.origin == Origin::Stranger
    }

    /// Whether DingTalk's servers failed: what was asked of them is not known.
    pub fn is_own_failure(&self) -> bool {
        self.origin == Origin::DingTalk && matches!(self.class, Class::UnknownOutcome | Class::Transient)
    }

    /// Whether a part of a call that was whole when it left did not arrive: a header, the query, the body. What a test call leaves
    /// out is missed, too, and proves nothing.
    pub fn is_cut_short(&self) -> bool {
        let code = self.old_code();
        let field = code.strip_prefix("Missing").map(str::to_ascii_lowercase);
        let is_sent = ["body", "processcode", "processinstanceid", "userid", "originatoruserid"];
        field.is_some_and(|field| is_sent.contains(&field.as_str()))
            || code.ends_with(".MissingParameter")
            || code == "40000"
    }

    /// Whether there is no such call: the path was changed, or the address is not an API of DingTalk's.
    pub fn is_no_such_call(&self) -> bool {
        self.code.starts_with("InvalidAction") || self.code.starts_with("InvalidVersion")
    }

    /// Whether the gateway turned the call away, or the organisation may not make it: no API looked at it.
    pub fn is_the_gateways(&self) -> bool {
        let beginnings = ["AuthenticationFailed", "Forbidden"];
        self.is_cut_short()
            || self.is_no_such_call()
            || beginnings.iter().any(|beginning| self.code.starts_with(beginning))
            || matches!(self.code.as_str(), "needAuth" | "benefitStatusInvalid")
    }

    /// Whether a code tells a failure that passes by itself: DingTalk's own, or a call without an answer.
    pub fn is_passing(code: &str) -> bool {
        let is_own = matches!(codes::meaning(code), Some(codes::Meaning::Failed | codes::Meaning::Doubtful));
        let is_throttled = codes::meaning(code) == Some(codes::Meaning::NotExecuted(Class::Throttled));
        let is_ours = [code::NO_CONNECTION, code::NO_ANSWER, code::TIMED_OUT, code::UNREADABLE, code::BUSY];
        is_own || is_throttled || is_ours.contains(&code) || code.starts_with("http-5")
    }

    /// Our own limit of time was over.
    pub(crate) fn too_slow() -> Self {
        Self::new(Class::UnknownOutcome, code::TIMED_OUT, "no answer in time")
    }

    /// The older API's code without the gateway's 88 before it.
    fn old_code(&self) -> &str {
        self.code.strip_prefix("88/").unwrap_or(&self.code)
    }

    /// Whether the call was never made, because too many of ours were waiting.
    pub fn is_busy(&self) -> bool {
        self.code == code::BUSY
    }

    /// Whether DingTalk has banned our address for five minutes.
    pub fn is_ban(&self) -> bool {
        self.code == code::BANNED
    }

    /// DingTalk cannot tell which way an instance would go.
    pub(super) fn no_forecast() -> Self {
        Self::new(
            Class::Permanent,
            code::NO_FORECAST,
            "DingTalk cannot foresee the template's flow: look at its nodes and at the initiator's departments",
        )
    }

    /// Our own limiter had no slot in time: the call was not made.
    pub(super) fn busy() -> Self {
        Self::new(Class::Throttled, code::BUSY, "too many calls to DingTalk are waiting")
    }

    /// An answer of the right status that cannot be understood, to a call that may be made again.
    pub(super) fn unreadable(what: impl std::fmt::Display) -> Self {
        Self::new(Class::Transient, code::UNREADABLE, format!("DingTalk's answer is not understood: {what}"))
    }

    /// The same of a call that makes something new: it may have been carried out.
    pub(super) fn unreadable_outcome(what: impl std::fmt::Display) -> Self {
        Self { class: Class::UnknownOutcome, ..Self::unreadable(what) }
    }

    /// The same without a secret that whoever answered has repeated.
    pub(super) fn without(mut self, secret: &str) -> Self {
        if !secret.is_empty() {
            for text in [&mut self.code, &mut self.message].into_iter().chain(&mut self.scopes) {
                if text.contains(secret) {
                    *text = text.replace(secret, "…");
                }
            }
        }
        self
    }
}

impl From<SendError> for DingTalkError {
    fn from(error: SendError) -> Self {
        let (class, code) = match error {
            SendError::NotSent(_) => (Class::Transient, code::NO_CONNECTION),
            SendError::NoAnswer(_) => (Class::UnknownOutcome, code::NO_ANSWER),
            SendError::TimedOut => (Class::UnknownOutcome, code::TIMED_OUT),
            SendError::TooLong => (Class::UnknownOutcome, code::UNREADABLE),
        };
        Self::new(class, code, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(origin: Origin) -> DingTalkError {
        DingTalkError { origin, ..DingTalkError::new(Class::UnknownOutcome, "c", "m") }
    }

    #[test]
    fn the_same_answer_twice_is_a_no_only_where_dingtalk_gave_it() {
        let table = [
            (Origin::Ours, Class::UnknownOutcome, Class::Transient),
            (Origin::Stranger, Class::UnknownOutcome, Class::Transient),
            (Origin::DingTalk, Class::UnknownOutcome, Class::Transient),
            (Origin::Doubtful, Class::Permanent, Class::Transient),
            (Origin::Unheard, Class::Permanent, Class::Permanent),
        ];
        for (origin, twice, harmless) in table {
            assert_eq!(unknown(origin).after_another_try().class, twice, "{origin:?}");
            assert_eq!(unknown(origin).harmless().class, harmless, "{origin:?}");
        }
        assert_eq!(unknown(Origin::Doubtful).harmless().after_another_try().class, Class::Permanent);
    }

    #[test]
    fn a_secret_that_was_repeated_is_covered() {
        let error = DingTalkError::new(Class::Token, "c", "bad token: s3cret!").without("s3cret");
        assert_eq!(error.message, "bad token: …!");
    }
}
