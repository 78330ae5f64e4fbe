//! What an answer is that is none of the service that was meant.

use super::Words;
use crate::http::{HttpAnswer, page::title};

/// A page, a redirect, a sign-in: not the service that was meant.
pub(super) fn page(answer: &HttpAnswer) -> Option<Words> {
    let status = answer.status.as_u16();
    if status == 407 {
        return Some(Words::new(
            "a proxy that asks for a sign-in (HTTP 407)",
            "一个要求登录的代理（HTTP 407）",
        ));
    }
    if answer.status.is_redirection() {
        let to = target(answer);
        return Some(Words::new(
            format!("a redirect (HTTP {status}){}", to.en),
            format!("一个重定向（HTTP {status}）{}", to.zh),
        ));
    }
    let body = answer.body.trim_ascii_start();
    if is_compressed(answer) {
        return Some(Words::new(
            format!("a compressed answer that nobody asked for (HTTP {status}, gzip or the like)"),
            format!("未经请求的压缩响应（HTTP {status}，gzip 等）"),
        ));
    }
    if is_xml(body) {
        return Some(Words::new(
            format!("XML (HTTP {status}): a web service or a gateway"),
            format!("一个 XML 响应（HTTP {status}）：Web 服务或网关"),
        ));
    }
    if body.starts_with(b"<") {
        let titled = titled(body);
        return Some(Words::new(
            format!("a page in HTML (HTTP {status}{}): a proxy's or a sign-in's", titled.en),
            format!("一个 HTML 页面（HTTP {status}{}）：代理页面或登录页", titled.zh),
        ));
    }
    if let Err(error) = serde_json::from_slice::<serde_json::Value>(body) {
        if follows_json(body, &error) {
            return Some(Words::new(
                format!("JSON with something else after it (HTTP {status})"),
                format!("在 JSON 之后附加了其他内容的响应（HTTP {status}）"),
            ));
        }
        return Some(Words::new(
            format!("something that is no JSON (HTTP {status})"),
            format!("非 JSON 的响应（HTTP {status}）"),
        ));
    }
    None
}

/// What a page calls itself, to be put after its status; nothing where it does not say.
pub(super) fn titled(body: &[u8]) -> Words {
    match title(body) {
        Some(title) => Words::new(format!(", titled “{title}”"), format!("，标题“{title}”")),
        None => Words::new("", ""),
    }
}

/// Whether a body is XML, and no page: old servers begin theirs with `<?xml`, too.
pub(super) fn is_xml(body: &[u8]) -> bool {
    let begin = String::from_utf8_lossy(body.get(..body.len().min(1_024)).unwrap_or_default()).to_lowercase();
    let is_page = begin.contains("<html") || begin.contains("<!doctype html");
    (begin.starts_with("<?xml") || begin.starts_with("<soap")) && !is_page
}

/// Whether an answer's body is compressed, though we never say that we take that.
fn is_compressed(answer: &HttpAnswer) -> bool {
    let named = answer.headers.get("content-encoding").and_then(|it| it.to_str().ok()).is_some_and(|it| {
        let it = it.trim();
        !it.is_empty() && !it.eq_ignore_ascii_case("identity")
    });
    named || answer.body.starts_with(&[0x1f, 0x8b])
}

/// Whether a whole JSON object comes first, and then more.
fn follows_json(body: &[u8], error: &serde_json::Error) -> bool {
    error.is_syntax()
        && body.starts_with(b"{")
        && serde_json::Deserializer::from_slice(body)
            .into_iter::<serde_json::Value>()
            .next()
            .is_some_and(|it| it.is_ok())
}

/// Where a redirect leads, without its query.
pub(super) fn target(answer: &HttpAnswer) -> Words {
    let location = answer.headers.get("location").and_then(|location| location.to_str().ok());
    let location = location.map(|location| location.split(['?', '#']).next().unwrap_or_default());
    let Some(location) = location else { return Words::new("", "") };
    let shown: String = location.chars().filter(|c| !c.is_control()).take(120).collect();
    Words::new(format!(" to {shown}"), format!("，目标为 {shown}"))
}

/// Whether a server of TLS says to plain HTTP that TLS is meant.
pub(super) fn wants_tls(body: &str) -> bool {
    let known =
        ["plain HTTP request was sent to HTTPS port", "requires TLS", "HTTP request to an HTTPS server"];
    known.iter().any(|words| body.contains(words))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, StatusCode};

    use super::*;

    #[test]
    fn what_answers_in_the_services_place_is_named_by_its_kind() {
        let said = |body: &[u8], encoding: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(encoding) = encoding {
                headers.insert("content-encoding", HeaderValue::from_static(encoding));
            }
            let answer = HttpAnswer { status: StatusCode::OK, headers, body: body.to_vec() };
            page(&answer).map_or_else(String::new, |words| words.en)
        };
        assert_eq!(said(b"{}", None), "");
        assert!(said(b"<html>", None).contains("HTML"));
        assert!(
            said(b"<html><TITLE>\n 502  Bad\x07 Gateway</title>", None).contains("titled “502 Bad Gateway”")
        );
        assert!(!said(b"<title>\xd5\xd2\xb2\xbb\xb5\xbd</title>", None).contains("titled"), "GBK");
        assert!(said(b"<?xml version=\"1.0\"?>", None).contains("XML"));
        assert!(said(b"{\"a\":1}<script>", None).contains("something else after it"));
        assert!(said(b"{\"a\":1", None).contains("no JSON"));
        assert!(said(b"x", Some("br")).contains("compressed"));
        assert!(said(&[0x1f, 0x8b, 8], None).contains("compressed"));
        assert_eq!(said(b"{}", Some("identity")), "");
    }
}
