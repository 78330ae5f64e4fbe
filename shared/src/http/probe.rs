//! Probes: calls of our own diagnosis, and what the bridge says to them only.
//!
//! Anybody can send one. It opens nothing, and it learns nothing that helps a forger: which part of a call did not arrive (the
//! caller knows what it sent), and of what is wrong only what a wrong answer shows anyway. That a text cannot be decrypted, is
//! addressed to somebody else or is too old is said of a rightly signed call only.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue},
    response::Response,
};

/// Marks a probe, so that the bridge does not take it for a vendor's call. Its value is a digest of what is sent.
pub const KNOCK_HEADER: &str = "x-approval-bridge-check";

/// In the answer to a probe: which store the bridge works on.
pub const STORE_HEADER: &str = "x-approval-bridge-store";

/// In the answer to a probe that is refused: an [`Unmet`].
pub const REFUSAL_HEADER: &str = "x-approval-bridge-refusal";

/// In the answer to a probe: how many bytes of its body arrived.
pub const BODY_HEADER: &str = "x-approval-bridge-body";

/// In the answer to a probe that is believed: what the bridge was started with, as fingerprints.
pub const SETTINGS_HEADER: &str = "x-approval-bridge-settings";

/// Answers bear them, whatever else becomes of them.
const ANSWERED: [&str; 4] = [STORE_HEADER, REFUSAL_HEADER, BODY_HEADER, SETTINGS_HEADER];

/// What a refused probe did not meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmet {
    /// A parameter of the query did not arrive.
    Query,
    /// The body arrived empty.
    NoBody,
    /// The body arrived, and is not what a probe sends: it was changed or cut.
    Body,
    /// What arrived is not what was sent.
    Altered,
    /// The signature is that of another token.
    Signature,
    /// The access token is another.
    Token,
    /// The text is encrypted with another key.
    Cipher,
    /// It is addressed to another app.
    Owner,
    /// Its time is too far from the bridge's.
    Timestamp,
}

impl Unmet {
    const ALL: [(Self, &'static str); 9] = [
        (Self::Query, "query"),
        (Self::NoBody, "no-body"),
        (Self::Body, "body"),
        (Self::Altered, "altered"),
        (Self::Signature, "signature"),
        (Self::Token, "token"),
        (Self::Cipher, "cipher"),
        (Self::Owner, "owner"),
        (Self::Timestamp, "timestamp"),
    ];

    fn word(self) -> &'static str {
        Self::ALL.iter().find(|(unmet, _)| *unmet == self).map_or("", |(_, word)| word)
    }

    /// Says it in an answer.
    pub fn mark(self, response: &mut Response) {
        response.headers_mut().insert(REFUSAL_HEADER, HeaderValue::from_static(self.word()));
    }

    /// What an answer says, if it says it.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let word = headers.get(REFUSAL_HEADER)?.to_str().ok()?;
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(unmet, _)| *unmet)
    }
}

/// Says how many bytes of a body arrived.
pub fn mark_body(length: usize, response: &mut Response) {
    response.headers_mut().insert(BODY_HEADER, HeaderValue::from(length));
}

/// Says which store the bridge works on.
pub fn mark_store(name: Option<&str>, response: &mut Response) {
    if let Some(name) = name.and_then(|name| HeaderValue::from_str(name).ok()) {
        response.headers_mut().insert(STORE_HEADER, name);
    }
}

/// Says what the bridge was started with.
pub fn mark_settings(fingerprint: Option<&str>, response: &mut Response) {
    if let Some(fingerprint) = fingerprint.and_then(|fingerprint| HeaderValue::from_str(fingerprint).ok()) {
        response.headers_mut().insert(SETTINGS_HEADER, fingerprint);
    }
}

/// What the bridge that answers was started with, if the answer says it.
pub fn settings(headers: &HeaderMap) -> Option<&str> {
    headers.get(SETTINGS_HEADER)?.to_str().ok()
}

/// How many bytes of a body arrived, if the answer says it.
pub fn arrived(headers: &HeaderMap) -> Option<usize> {
    headers.get(BODY_HEADER)?.to_str().ok()?.parse().ok()
}

/// Which store the bridge that answers works on, if the answer says it.
pub fn store(headers: &HeaderMap) -> Option<&str> {
    headers.get(STORE_HEADER)?.to_str().ok()
}

/// What an answer says to a probe is said in the one that takes its place, too.
pub(super) fn hand_on(from: &HeaderMap, to: &mut HeaderMap) {
    for name in ANSWERED {
        if let Some(value) = from.get(name) {
            to.insert(HeaderName::from_static(name), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    #[test]
    fn what_an_answer_says_is_read_and_anything_else_is_not() {
        for (unmet, _) in Unmet::ALL {
            let mut response = ().into_response();
            unmet.mark(&mut response);
            assert_eq!(Unmet::of(response.headers()), Some(unmet));
        }
        let mut headers = HeaderMap::new();
        assert_eq!(Unmet::of(&headers), None);
        headers.insert(REFUSAL_HEADER, HeaderValue::from_static("else"));
        headers.insert(BODY_HEADER, HeaderValue::from_static("many"));
        assert_eq!((Unmet::of(&headers), arrived(&headers)), (None, None));
    }
}
