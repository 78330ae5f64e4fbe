//! One callback and its answer, fit to be shown: without secrets, bounded, in visible characters.

use jiff::SignedDuration;
use reqwest::{
    Request, Url,
    header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER, SERVER, WWW_AUTHENTICATE},
};
use serde::Serialize;

use super::{
    mask::{COVER, Mask},
    profile::Profile,
    verdict::DryRun,
};
use crate::http::{HttpAnswer, door::REFERENCE_HEADER};

/// The most of an answer's body that is shown, in bytes.
const BODY_LIMIT: usize = 2048;
/// The most of a header, or of an address, that is shown, in characters.
const LINE_LIMIT: usize = 300;

const SENT: [HeaderName; 1] = [CONTENT_TYPE];
const RECEIVED: [HeaderName; 6] = [CONTENT_TYPE, LOCATION, RETRY_AFTER, SERVER, WWW_AUTHENTICATE, DATE];

/// One callback and its answer.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The message before it was encrypted.
    pub message: String,
    /// What was sent; nothing where it could not be made.
    pub request: Option<ShownRequest>,
    /// What came back; nothing where there was no answer.
    pub answer: Option<ShownAnswer>,
    /// From the first byte sent to the last received.
    pub took: SignedDuration,
    /// Status and shape of the answer: the same of two answers that say the same. Nothing where there was no answer.
    pub likeness: Option<String>,
    /// Whether it is not Dataphin that answered, but a bridge.
    pub by_bridge: bool,
    /// What came of it. `Told::from` it is what a delivery makes of the same answer.
    pub verdict: DryRun,
}

/// A request as it was sent, with its secrets covered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownRequest {
    /// The method.
    pub method: String,
    /// The address; of its query only timestamp and nonce are shown.
    pub url: String,
    /// The headers that matter.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// An answer as it came, with secrets that it repeats covered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The headers that matter.
    pub headers: Vec<(String, String)>,
    /// The body, or its first 2 kB.
    pub body: String,
    /// Whether there was more of the body.
    pub cut: bool,
}

/// Whether a bridge gave an answer: its refusals bear a reference twice.
pub(super) fn is_a_bridges(answer: &HttpAnswer) -> bool {
    let reference = answer.headers.get(REFERENCE_HEADER).and_then(|reference| reference.to_str().ok());
    let body = serde_json::from_slice::<serde_json::Value>(&answer.body).ok();
    let within = body.as_ref().and_then(|body| body.get("reference")?.as_str());
    reference.is_some() && reference == within
}

impl ShownRequest {
    pub(super) fn of(request: &Request, profile: &Profile, mask: &Mask) -> Self {
        let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
        Self {
            method: request.method().to_string(),
            url: mask.line(address(request.url(), profile).as_str(), LINE_LIMIT),
            headers: shown_headers(request.headers(), &SENT, mask),
            body: mask.line(&String::from_utf8_lossy(body), usize::MAX),
        }
    }
}

impl ShownAnswer {
    pub(super) fn of(answer: &HttpAnswer, mask: &Mask) -> Self {
        // Covered before it is cut: half a secret is one, too.
        let covered = mask.cover(&String::from_utf8_lossy(&answer.body));
        let end = covered.floor_char_boundary(BODY_LIMIT);
        Self {
            status: answer.status.as_u16(),
            headers: shown_headers(&answer.headers, &RECEIVED, mask),
            body: mask.line(&covered[..end], usize::MAX),
            cut: end < covered.len(),
        }
    }
}

/// The address with every part of its query covered that is not known to be harmless.
fn address(url: &Url, profile: &Profile) -> Url {
    let harmless = [&profile.names.timestamp, &profile.names.nonce];
    let shown = |(name, value): (_, _)| {
        let value = if harmless.iter().any(|harmless| *harmless == &name) { value } else { COVER.into() };
        (name, value)
    };
    let mut address = url.clone();
    address.query_pairs_mut().clear().extend_pairs(url.query_pairs().map(shown));
    address
}

fn shown_headers(headers: &HeaderMap, names: &[HeaderName], mask: &Mask) -> Vec<(String, String)> {
    let shown = |name: &HeaderName| {
        let value = String::from_utf8_lossy(headers.get(name)?.as_bytes());
        let value = if name == LOCATION { location(&value, mask) } else { mask.line(&value, LINE_LIMIT) };
        Some((name.to_string(), value))
    };
    names.iter().filter_map(shown).collect()
}

/// Where a redirect leads, without query, fragment and user: they may hold a ticket.
pub(super) fn location(text: &str, mask: &Mask) -> String {
    let path = text.split(['?', '#']).next().unwrap_or_default();
    let bare = Url::parse(path).ok().and_then(|mut url| {
        url.set_username("").and_then(|()| url.set_password(None)).ok()?;
        Some(url.to_string())
    });
    mask.line(bare.as_deref().unwrap_or(path), LINE_LIMIT)
}

#[cfg(test)]
mod tests {
    use reqwest::{Client, StatusCode};

    use super::*;

    #[test]
    fn an_address_shows_only_what_is_harmless_of_its_query() {
        let client = Client::new();
        let query = [("accessToken", "t0ken"), ("timestamp", "1"), ("nonce", "n"), ("signature", "0af")];
        let post = client.post("http://user:pass@a/path?corp=secret").query(&query);
        let request = post.json(&["t0ken"]).build().unwrap();
        let shown = ShownRequest::of(&request, &Profile::encrypted(), &Mask::of(["t0ken"]));
        assert_eq!(shown.method, "POST");
        assert_eq!(shown.url, "http://a/path?corp=***&accessToken=***&timestamp=1&nonce=n&signature=***");
        assert_eq!(shown.headers, [("content-type".to_owned(), "application/json".to_owned())]);
        assert_eq!(shown.body, r#"["***"]"#);
    }

    #[test]
    fn an_answer_is_cut_escaped_and_without_the_secrets_that_it_repeats() {
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, "/login?ticket=1".parse().unwrap());
        headers.insert("set-cookie", "session=1".parse().unwrap());
        headers.insert(SERVER, "t0ken".parse().unwrap());
        let body = format!("\u{1b}[31mt0ken\n{}t0ken", "é".repeat(1020)).into_bytes();
        let answer = HttpAnswer { status: StatusCode::FOUND, headers, body };
        let shown = ShownAnswer::of(&answer, &Mask::of(["t0ken"]));
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(shown.headers, [header("location", "/login"), header("server", "***")]);
        assert!(shown.body.starts_with("\\u{1b}[31m***\\né") && shown.cut);
        assert!(!shown.body.contains("t0k"), "not even a part of it");
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_all_the_same() {
        let answer =
            HttpAnswer { status: StatusCode::OK, headers: HeaderMap::new(), body: vec![0xff, 0, b'a'] };
        let shown = ShownAnswer::of(&answer, &Mask::of([]));
        assert_eq!((shown.body.as_str(), shown.cut), ("\u{fffd}\\u{0}a", false));
    }
}
