//! What an answer is that is none of the service that was meant.

use super::Words;
use crate::http::HttpAnswer;

/// A page, a redirect, a sign-in: not the service that was meant.
pub(super) fn page(answer: &HttpAnswer) -> Option<Words> {
    let status = answer.status.as_u16();
    if status == 407 {
        return Some(Words::new("a proxy that asks for a sign-in (HTTP 407)", "要求登录的代理（HTTP 407）"));
    }
    if answer.status.is_redirection() {
        let to = target(answer);
        return Some(Words::new(
            format!("a redirect (HTTP {status}){}", to.en),
            format!("重定向（HTTP {status}）{}", to.zh),
        ));
    }
    let body = answer.body.trim_ascii_start();
    if body.starts_with(b"<") {
        return Some(Words::new(
            format!("a page in HTML (HTTP {status}): a proxy's or a sign-in's"),
            format!("HTML 页面（HTTP {status}）：代理页面或登录页"),
        ));
    }
    if serde_json::from_slice::<serde_json::Value>(body).is_err() {
        return Some(Words::new(
            format!("something that is no JSON (HTTP {status})"),
            format!("非 JSON 的响应（HTTP {status}）"),
        ));
    }
    None
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
