//! Whoever may stand where DingTalk, Dataphin or the bridge should be: proxies, sign-in pages, nobody.

use std::{
    future::IntoFuture,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::DefaultBodyLimit,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
};
use tokio::net::{TcpListener, TcpSocket};

/// What it does with every call.
#[derive(Debug, Clone)]
pub enum Manner {
    /// Answers a page.
    Page(u16),
    /// Redirects.
    Redirect(&'static str),
    /// Answers a status without a body.
    Status(u16),
    /// Answers JSON.
    Json(u16, &'static str),
    /// Says yes to a body that holds this text, and refuses any other.
    Reading(&'static str),
    /// Does not answer.
    Silent,
    /// Passes the call on to another address, after so many milliseconds.
    Slow(String, u64),
    /// Passes the call on to another path.
    Path(String, &'static str),
    /// Passes the call on without its query.
    NoQuery(String),
    /// Passes the call on without its body.
    NoBody(String),
    /// Passes bodies of up to so many bytes on, and refuses larger ones with this status.
    Limited(String, usize, u16),
    /// Passes the call on with no more than so many bytes of its body.
    Cut(String, usize),
    /// Passes the call on with another nonce.
    OtherNonce(String),
    /// Passes calls of one path on to the first address, and all others to the second.
    Split(String, &'static str, String),
    /// Passes every second callback on to the second address, and all other calls to the first.
    InTurn(String, String, Arc<AtomicUsize>),
    /// Passes calls of one path on, and answers the others with a page of this status.
    Only(String, &'static str, u16),
    /// Passes the call on, and changes the answer's first key.
    Rewriting(String),
    /// Passes calls on whose body does not hold this text, and blocks the others.
    Blocking(String, &'static str),
    /// Passes the call on, and puts something behind the answer.
    Appending(String, &'static str),
}

/// Starts one; gives its address.
pub async fn start(manner: Manner) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let answer =
        async move |uri: Uri, headers: HeaderMap, body: Bytes| act(&manner, &uri, &headers, body).await;
    tokio::spawn(
        axum::serve(listener, Router::new().fallback(answer).layer(DefaultBodyLimit::disable()))
            .into_future(),
    );
    format!("http://{address}")
}

/// An address at which nobody listens, and nobody else can either while the test runs.
pub fn nobody() -> String {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let address = socket.local_addr().expect("an address");
    // Bound, and never listening.
    std::mem::forget(socket);
    format!("http://{address}")
}

async fn act(manner: &Manner, uri: &Uri, headers: &HeaderMap, body: Bytes) -> Response {
    let status = |code: u16| StatusCode::from_u16(code).expect("a status");
    let path = uri.path_and_query().map_or("/", |it| it.as_str());
    match manner {
        Manner::Page(code) => (status(*code), Html("<html><title>Sign in</title></html>")).into_response(),
        Manner::Redirect(to) => (StatusCode::FOUND, [(header::LOCATION, *to)]).into_response(),
        Manner::Status(code) => status(*code).into_response(),
        Manner::Json(code, body) => {
            (status(*code), [(header::CONTENT_TYPE, "application/json")], *body).into_response()
        }
        Manner::Reading(text) if String::from_utf8_lossy(&body).contains(text) => {
            (StatusCode::OK, "success").into_response()
        }
        Manner::Reading(_) => StatusCode::BAD_REQUEST.into_response(),
        Manner::Silent => {
            tokio::time::sleep(Duration::from_mins(10)).await;
            StatusCode::OK.into_response()
        }
        Manner::Slow(to, milliseconds) => {
            tokio::time::sleep(Duration::from_millis(*milliseconds)).await;
            forward(&format!("{to}{path}"), headers, body).await
        }
        Manner::Path(to, path) => forward(&format!("{to}{path}"), headers, body).await,
        Manner::NoQuery(to) => forward(&format!("{to}{}", uri.path()), headers, body).await,
        Manner::NoBody(to) => forward(&format!("{to}{path}"), headers, Bytes::new()).await,
        Manner::Limited(_, limit, code) if body.len() > *limit => {
            (status(*code), Html("<html>too large</html>")).into_response()
        }
        Manner::Blocking(_, text) if String::from_utf8_lossy(&body).contains(text) => {
            (status(405), Html("<html>您的访问被阻断</html>")).into_response()
        }
        Manner::Limited(to, ..) | Manner::Blocking(to, _) => {
            forward(&format!("{to}{path}"), headers, body).await
        }
        Manner::Cut(to, limit) => {
            let end = body.len().min(*limit);
            forward(&format!("{to}{path}"), headers, body.slice(..end)).await
        }
        Manner::OtherNonce(to) => {
            forward(&format!("{to}{}", path.replace("nonce=", "nonce=x")), headers, body).await
        }
        Manner::Split(first, part, second) => {
            let to = if path.starts_with(part) { first } else { second };
            forward(&format!("{to}{path}"), headers, body).await
        }
        Manner::InTurn(first, second, calls) => {
            let is_callback = path.starts_with("/dingtalk/callback");
            let is_second = is_callback && calls.fetch_add(1, Ordering::Relaxed) % 2 == 1;
            forward(&format!("{}{path}", if is_second { second } else { first }), headers, body).await
        }
        Manner::Only(to, part, _) if path.starts_with(part) => {
            forward(&format!("{to}{path}"), headers, body).await
        }
        Manner::Only(_, _, code) => (status(*code), Html("<html>nothing here</html>")).into_response(),
        Manner::Appending(to, text) => {
            let (parts, body) = forward(&format!("{to}{path}"), headers, body).await.into_parts();
            let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
            let body = [&body[..], text.as_bytes()].concat();
            (parts.status, parts.headers, body).into_response()
        }
        Manner::Rewriting(to) => {
            let (parts, body) = forward(&format!("{to}{path}"), headers, body).await.into_parts();
            let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
            let body = String::from_utf8_lossy(&body).replace("timeStamp", "timestamp");
            (parts.status, body).into_response()
        }
    }
}

async fn forward(url: &str, headers: &HeaderMap, body: Bytes) -> Response {
    let mut request = reqwest::Client::new().post(url).body(body);
    for (name, value) in
        headers.iter().filter(|(name, _)| *name != header::HOST && *name != header::CONTENT_LENGTH)
    {
        request = request.header(name, value);
    }
    let Ok(answer) = request.send().await else { return StatusCode::BAD_GATEWAY.into_response() };
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut response = (status, answer.bytes().await.expect("a body")).into_response();
    for (name, value) in headers.iter().filter(|(name, _)| name.as_str().starts_with("x-")) {
        response.headers_mut().insert(name, value.clone());
    }
    response
}
