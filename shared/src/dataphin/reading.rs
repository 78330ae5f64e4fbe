//! What an answer means: three verdicts, and *closed*, which is a no that ends the delivery.

use jiff::SignedDuration;
use reqwest::{
    StatusCode,
    header::{HeaderMap, LOCATION, RETRY_AFTER},
};
use sha2::{Digest, Sha256};

use super::{
    accepted::AcceptedAnswer,
    answer::{
        decode::{self, Unreadable},
        node::{Content, content},
        signals::Signals,
        skeleton::skeleton,
    },
    callback::DataphinSettings,
    exchange,
    mask::Mask,
    profile::Profile,
    said::Said,
    sealed::{self, open},
    verdict::{Acceptance, DryRun, Refusal, Unclear},
};
use crate::{hex::hex, http::HttpAnswer};

const LONGEST_RETRY_AFTER: i64 = 3600;
/// The most of an unclear answer that is shown.
const SHAPE_LIMIT: usize = 120;

/// What the content of an answer says, whatever its HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// An explicit yes, and no no.
    Yes,
    /// A no. It beats any yes.
    No,
    /// A no that says that the request is closed, in Dataphin's own shape of answer.
    Closed,
    /// Neither.
    Unclear,
    /// A page for people.
    Page,
    /// Cut, or damaged.
    Cut,
}

/// An answer's content, judged.
struct Judged {
    verdict: Verdict,
    signals: Signals,
}

/// Judges the content of an answer.
pub(super) fn judge(content: &Content, profile: &Profile) -> Verdict {
    Judged::of(content, profile).verdict
}

impl Judged {
    fn of(content: &Content, profile: &Profile) -> Self {
        let signals = match content {
            Content::Value(node) => Signals::of_value(node, profile),
            Content::Words(text) => Signals::of_words(text),
            Content::Empty | Content::Page | Content::Cut => Signals::default(),
        };
        let verdict = match content {
            Content::Page => Verdict::Page,
            Content::Cut => Verdict::Cut,
            _ if signals.no && is_about_the_request(&signals, profile) => Verdict::Closed,
            _ if signals.no => Verdict::No,
            _ if signals.yes && !signals.doubt => Verdict::Yes,
            _ => Verdict::Unclear,
        };
        Self { verdict, signals }
    }

    fn said(&self, status: u16, mask: &Mask) -> Said {
        Said::of(&self.signals, status, mask)
    }
}

/// Whether a no says that the request is closed. What is about who asks, or how often, is not about the request.
fn is_about_the_request(signals: &Signals, profile: &Profile) -> bool {
    const ABOUT_THE_CALLER: [&str; 5] = ["401", "403", "407", "429", "499"];
    let about_the_caller = signals.codes.iter().any(|code| ABOUT_THE_CALLER.contains(&code.as_str()));
    signals.shaped && !about_the_caller && profile.closed.says_closed(signals.texts())
}

/// Reads an answer.
pub(super) fn read(answer: &HttpAnswer, settings: &DataphinSettings, mask: &Mask) -> DryRun {
    let status = answer.status.as_u16();
    let content = match decode::text(&answer.body, &answer.headers) {
        Ok(text) => content(&text),
        Err(why) if answer.status.is_success() => return DryRun::Unclear(unreadable(why, status)),
        Err(_) => Content::Empty,
    };
    if answer.status.is_success() {
        return read_success(&content, status, settings, mask);
    }
    let judged = Judged::of(&content, &settings.profile);
    let about_the_request = match status {
        // About who asks, or how often: never about the request.
        401 | 403 | 407 | 408 | 429 | 499 => false,
        // Some answer so to everything that they do not carry out; what stands before them answers 502 to 504.
        status => (400..=500).contains(&status),
    };
    let said = judged.said(status, mask);
    if about_the_request && judged.verdict == Verdict::Closed {
        return DryRun::Accepted(Acceptance::ClosedAlready(said));
    }
    DryRun::Refused(match status {
        300..=399 => Refusal::Redirect { status, location: location(answer, mask) },
        404 | 405 => Refusal::NotFound(said),
        408 | 429 | 500.. => Refusal::ServerError { said, retry_after: retry_after(answer) },
        _ if judged.verdict == Verdict::Page => Refusal::Html { status },
        401 | 403 => Refusal::Unauthorized(said),
        _ => denied(&judged, said),
    })
}

/// What an answer with a status of success says: in the clear, or encrypted.
fn read_success(content: &Content, status: u16, settings: &DataphinSettings, mask: &Mask) -> DryRun {
    let profile = &settings.profile;
    let judged = Judged::of(content, profile);
    let sealed = match content {
        Content::Value(node) => sealed::find(node, profile),
        _ => None,
    };
    let is_no = matches!(judged.verdict, Verdict::No | Verdict::Closed);
    let Some((node, encrypt)) = sealed.filter(|_| !is_no) else {
        return verdict(content, &judged, judged.said(status, mask), settings, mask);
    };
    let opened = match open(encrypt, node, settings) {
        Ok(opened) => opened,
        // A text that only looks like it.
        Err(_) if !sealed::is_named(node, encrypt, profile) => {
            return verdict(content, &judged, judged.said(status, mask), settings, mask);
        }
        Err(why) => return DryRun::Unclear(Unclear::Undecipherable(why)),
    };
    let content = match decode::text(&opened, &HeaderMap::new()) {
        Ok(text) => super::answer::node::content(&text),
        Err(why) => return DryRun::Unclear(unreadable(why, status)),
    };
    let judged = Judged::of(&content, profile);
    let mut said = judged.said(status, mask);
    said.message = match said.message.as_str() {
        "" => "the encrypted answer says no".to_owned(),
        words => format!("the encrypted answer says: {words}"),
    };
    verdict(&content, &judged, said, settings, mask)
}

fn verdict(
    content: &Content,
    judged: &Judged,
    said: Said,
    settings: &DataphinSettings,
    mask: &Mask,
) -> DryRun {
    let (profile, status) = (&settings.profile, said.status);
    // A part of an answer, or several: what the rest says is not known.
    let is_partial = matches!(status, 206 | 207);
    match judged.verdict {
        Verdict::Yes if !is_partial => DryRun::Accepted(Acceptance::Confirmed),
        Verdict::Closed => DryRun::Accepted(Acceptance::ClosedAlready(said)),
        Verdict::No => DryRun::Refused(denied(judged, said)),
        Verdict::Page => DryRun::Refused(Refusal::Html { status }),
        Verdict::Cut => DryRun::Unclear(Unclear::Cut { status }),
        Verdict::Yes | Verdict::Unclear
            if profile.accepts.iter().any(|answer| answer.is(status, content)) =>
        {
            DryRun::Accepted(Acceptance::Confirmed)
        }
        Verdict::Yes | Verdict::Unclear => DryRun::Unclear(unknown(content, status, profile, mask)),
    }
}

fn unknown(content: &Content, status: u16, profile: &Profile, mask: &Mask) -> Unclear {
    let text =
        skeleton(content).map(|shape| shape.as_str().map_or_else(|| shape.to_string(), ToOwned::to_owned));
    let text = text.unwrap_or_default();
    // What repeats a secret is not written into a setting.
    let is_harmless = mask.cover(&text) == text;
    let accepts = AcceptedAnswer::proposed(status, content, profile).filter(|_| is_harmless);
    Unclear::Unknown { status, shape: mask.line(&text, SHAPE_LIMIT), accepts }
}

fn denied(judged: &Judged, said: Said) -> Refusal {
    let has_code = |status| judged.signals.codes.iter().any(|code| code == status);
    if has_code("401") || has_code("403") {
        Refusal::Unauthorized(said)
    } else {
        Refusal::NotUnderstood(said)
    }
}

fn unreadable(why: Unreadable, status: u16) -> Unclear {
    match why {
        Unreadable::TooLong => Unclear::TooLong,
        Unreadable::Damaged | Unreadable::NoText => Unclear::Unreadable { status, why: why.to_string() },
    }
}

/// Status and shape of an answer, by which two answers are compared: as a digest, for an answer may repeat a secret.
pub(super) fn likeness(answer: &HttpAnswer, verdict: &DryRun) -> String {
    let content = decode::text(&answer.body, &answer.headers).map(|text| content(&text));
    let shape = match content {
        // What is encrypted differs each time; so what it says is compared.
        Ok(Content::Value(node)) if node.text_of("encrypt").is_some() => verdict.to_string(),
        Ok(Content::Page) => "a page".to_owned(),
        Ok(content) => skeleton(&content).map_or_else(String::new, |shape| shape.to_string()),
        Err(why) => why.to_string(),
    };
    hex(&Sha256::digest(format!("HTTP {} {shape}", answer.status.as_u16())))
}

fn location(answer: &HttpAnswer, mask: &Mask) -> Option<String> {
    let location = answer.headers.get(LOCATION)?;
    Some(exchange::location(&String::from_utf8_lossy(location.as_bytes()), mask))
}

fn retry_after(answer: &HttpAnswer) -> Option<SignedDuration> {
    if !matches!(answer.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        return None;
    }
    let seconds: i64 = answer.headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(SignedDuration::from_secs(seconds.clamp(0, LONGEST_RETRY_AFTER)))
}

#[cfg(test)]
mod tests;
