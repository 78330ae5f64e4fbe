//! HTTP/1 with limits on time and number: a slow or greedy caller costs others nothing.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, Request, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use shared::http::{Peer, TrustedProxies};
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::{
    places::{Awaited, Phase, Places},
    stream::Patient,
};

/// What callers may take. How long a body may take is the doors' affair.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at the same time.
    pub connections: usize,
    /// A request's head must be complete within this time, and an idle connection is closed after it.
    pub head: Duration,
    /// A head is this long at most.
    pub head_bytes: usize,
    /// A caller who takes nothing of an answer for so long is hung up on.
    pub stall: Duration,
    /// A caller who is still sending when the connection's last answer is written may go on for so long.
    pub linger: Duration,
    /// But not with a longer pause than this.
    pub pause: Duration,
    /// On the way down, requests under way have so long.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            head: Duration::from_secs(30),
            head_bytes: 32 * 1024,
            stall: Duration::from_secs(30),
            linger: Duration::from_secs(10),
            pause: Duration::from_secs(1),
            drain: Duration::from_secs(12),
        }
    }
}

impl Limits {
    /// For a process that may have only so many files open: half of them are for connections.
    pub fn within(open_files: Option<u64>) -> Self {
        let default = Self::default();
        let half = open_files.and_then(|files| usize::try_from(files / 2).ok());
        Self {
            connections: half.map_or(default.connections, |half| default.connections.min(half)),
            ..default
        }
    }
}

/// Raises the number of files that this process may have open as far as it may be raised; gives it, or `None` for no limit.
pub fn raise_open_files() -> Option<u64> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_err() {
        tracing::warn!("the limit on open files cannot be raised; fewer connections are taken");
    }
    getrlimit(Resource::Nofile).current
}

/// Serves `router` until `stop` resolves; then lets requests under way end.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    trusted: TrustedProxies,
    stop: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let places = Places::new(limits.connections, trusted);
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let (stream, peer) = match accepted {
            Ok((stream, address)) => (stream, Peer(address.ip())),
            Err(error) => {
                // Out of file descriptors, or the caller is gone already.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let place = tokio::select! {
            place = places.take(peer.0) => Arc::new(place),
            () = &mut stop => break,
        };
        let _ = stream.set_nodelay(true);
        let stream = Patient::new(stream, limits.stall, limits.linger, limits.pause);
        let router = router.clone();
        let taken = place.clone();
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            let (mut head, body) = request.into_parts();
            head.extensions.insert(peer);
            let is_too_long = length(&head) > limits.head_bytes;
            let (router, place) = (router.clone(), taken.clone());
            async move {
                let answer = if is_too_long {
                    too_long()
                } else {
                    let request = Request::from_parts(head, Body::new(Awaited::new(body, place.clone())));
                    router.oneshot(request).await.unwrap_or_else(|never| match never {})
                };
                place.waits_for(Phase::Head);
                Ok::<_, Infallible>(answer)
            }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .max_buf_size(limits.head_bytes)
            .serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            tokio::select! {
                // A broken connection is the caller's affair.
                _ = connection => {}
                () = place.needed() => {}
            }
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(limits.drain, graceful.shutdown()).await;
}

/// The bytes of a head. The server reads in pieces, so one that is a little longer than its limit may have come whole.
fn length(head: &Parts) -> usize {
    // `POST target HTTP/1.1`, each line's end, and the empty line.
    let first =
        head.method.as_str().len() + head.uri.to_string().len() + " ".len() + " HTTP/1.1\r\n\r\n".len();
    let line = |(name, value): (&header::HeaderName, &HeaderValue)| {
        name.as_str().len() + ": ".len() + value.len() + "\r\n".len()
    };
    first + head.headers.iter().map(line).sum::<usize>()
}

fn too_long() -> Response {
    let close = [(header::CONNECTION, HeaderValue::from_static("close"))];
    (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, close).into_response()
}
