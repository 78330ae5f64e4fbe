//! An answer that an operator saw, knows to be a yes, and lets the bridge take for one: exactly that.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    answer::{
        node::{Content, content},
        skeleton::{VARYING, skeleton},
    },
    profile::Profile,
    reading::{Verdict, judge},
};

/// An answer that is taken for a yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptedAnswer {
    /// The HTTP status, one of success.
    pub status: u16,
    /// The body, as JSON or (for what is no JSON) as a text; empty for an empty one. What differs from request to request (ids,
    /// times) is compared as `(id)`.
    pub body: Value,
}

impl AcceptedAnswer {
    /// An answer as it is proposed to an operator; `None` for what can never be accepted.
    pub(super) fn proposed(status: u16, content: &Content, profile: &Profile) -> Option<Self> {
        let answer = Self { status, body: skeleton(content)? };
        answer.refused_by(profile).is_none().then_some(answer)
    }

    /// Whether an answer is this one.
    pub(super) fn is(&self, status: u16, content: &Content) -> bool {
        self.status == status && skeleton(content).is_some_and(|shape| self.shape() == Some(shape))
    }

    /// Why it cannot be accepted.
    pub(super) fn refused_by(&self, profile: &Profile) -> Option<String> {
        let why = match judge(&self.content(), profile) {
            _ if self.says_nothing() => "it says nothing but an id",
            _ if !(200..300).contains(&self.status) => "its status is none of success",
            Verdict::No | Verdict::Closed => "it says no",
            Verdict::Page => "it is an HTML page",
            Verdict::Cut => "it is cut",
            Verdict::Yes | Verdict::Unclear => return None,
        };
        Some(format!("accepts: the answer {} {} cannot be accepted, for {why}", self.status, self.body))
    }

    /// Whether it is any text that looks like an id.
    fn says_nothing(&self) -> bool {
        let text = self.body.as_str().map(|text| text.replace(VARYING, ""));
        text.is_some_and(|rest| self.body != "" && !rest.contains(char::is_alphanumeric))
    }

    fn shape(&self) -> Option<Value> {
        skeleton(&self.content())
    }

    fn content(&self) -> Content {
        content(&self.body.as_str().map_or_else(|| self.body.to_string(), ToOwned::to_owned))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(setting: &str) -> Result<Profile, String> {
        Profile::parse(&format!(r#"{{"base":"plain","accepts":[{setting}]}}"#))
            .map_err(|error| error.to_string())
    }

    fn is_accepted(profile: &Profile, status: u16, body: &str) -> bool {
        profile.accepts.iter().any(|answer| answer.is(status, &content(body)))
    }

    #[test]
    fn exactly_one_answer_is_accepted() {
        let profile = accepts(r#"{"status":200,"body":{"foo":1,"requestId":"a1b2c3"}}"#).unwrap();
        assert!(is_accepted(&profile, 200, r#"{"requestId":"77-88-99","foo":1}"#));
        for (status, body) in [
            (201, r#"{"foo":1,"requestId":"a1b2c3"}"#),
            (200, r#"{"foo":2,"requestId":"a1b2c3"}"#),
            (200, r#"{"foo":1}"#),
            (200, r#"{"foo":1,"requestId":"a1b2c3","bar":1}"#),
            (200, ""),
        ] {
            assert!(!is_accepted(&profile, status, body), "{body}");
        }
        let profile = accepts(r#"{"status":204,"body":""},{"status":200,"body":"已受理"}"#).unwrap();
        assert!(is_accepted(&profile, 204, "") && is_accepted(&profile, 200, "已受理\n"));
        assert!(!is_accepted(&profile, 200, "") && !is_accepted(&profile, 200, "未受理"));
    }

    #[test]
    fn a_no_a_page_and_a_cut_answer_are_never_accepted() {
        for (setting, why) in [
            (r#"{"status":200,"body":{"success":false}}"#, "it says no"),
            (r#"{"status":200,"body":"fail"}"#, "it says no"),
            (r#"{"status":200,"body":"<html>"}"#, "it is an HTML page"),
            (r#"{"status":200,"body":"{\"success\":"}"#, "it is cut"),
            (r#"{"status":200,"body":"(id)"}"#, "it says nothing but an id"),
            (r#"{"status":200,"body":" (id), (id)"}"#, "it says nothing but an id"),
            (r#"{"status":400,"body":""}"#, "its status is none of success"),
            (r#"{"status":200,"text":""}"#, "unknown field `text`"),
        ] {
            let error = accepts(setting).unwrap_err();
            assert!(error.contains(why), "{setting}: {error}");
        }
    }
}
