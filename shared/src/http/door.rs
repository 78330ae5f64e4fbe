//! What every door has in common: a reference for each request, bounds on bodies, uniform errors, no panics.

use std::{convert::Infallible, time::Duration};

use axum::{
    Router,
    body::{Bytes, HttpBody},
    extract::{FromRequest, FromRequestParts, Query, Request, State},
    http::{StatusCode, Uri, header, request::Parts, uri::PathAndQuery},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

use super::{
    Guard, Problem,
    answer::{ProblemCode, WrongCredential, under_reference},
    guard::slow_guesses,
};
use crate::world::World;

/// Every answer of the bridge's carries it.
pub const REFERENCE_HEADER: &str = "x-reference";

/// A sender has so long for a whole body.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The vendors' paths; whatever stands before them (a proxy's prefix, a stage's name) is cut off. The operator's are not
/// among them: `/operator` is one place, which a proxy can close.
const ROOTS: [&str; 2] = ["/dataphin/bpms/", "/dingtalk/callback"];

/// Puts routers behind the common door. Works the same on Lambda and on one machine.
pub fn open(router: Router, world: World, guard: Guard) -> Router {
    let inside = router
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .fallback(async || Problem::not_found())
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            Problem::internal().into_response()
        }))
        .layer(middleware::from_fn_with_state(guard.clone(), slow_guesses))
        .layer(middleware::from_fn_with_state((world, guard), with_reference))
        .map_request(without_prefix);
    Router::new().fallback_service(inside)
}

/// The query's parameters.
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = Query::try_from_uri(&parts.uri);
        query.map(|Query(query)| Self(query)).map_err(|rejection| {
            let message = match doubled(&rejection.body_text()) {
                Some(name) => format!("the query has {name} more than once: send it once"),
                None => "the query cannot be read".to_owned(),
            };
            Problem::new(StatusCode::BAD_REQUEST, "bad-query", message)
        })
    }
}

/// The parameter that stands in a query twice; it is one of those that are read.
fn doubled(rejection: &str) -> Option<&str> {
    rejection.split_once("duplicate field `")?.1.split_once('`').map(|(name, _)| name)
}

/// A request body of at most `LIMIT` bytes, which is read when it is asked for: a stranger's is not waited for.
pub struct Body<const LIMIT: usize>(axum::body::Body);

impl<S: Send + Sync, const LIMIT: usize> FromRequest<S> for Body<LIMIT> {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        Ok(Self(request.into_body()))
    }
}

impl<const LIMIT: usize> Body<LIMIT> {
    /// Reads it whole.
    pub async fn read(self) -> Result<Bytes, Problem> {
        let body = self.0;
        if body.size_hint().lower() > LIMIT as u64 {
            return Err(too_large(LIMIT));
        }
        let read = tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, LIMIT).collect()).await;
        match read {
            Ok(Ok(collected)) => Ok(collected.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(LIMIT)),
            Ok(Err(_)) => {
                Err(Problem::new(StatusCode::BAD_REQUEST, "broken-body", "the body did not arrive whole"))
            }
            Err(_) => Err(Problem::new(
                StatusCode::REQUEST_TIMEOUT,
                "slow-body",
                format!("the body did not arrive within {} seconds", BODY_TIMEOUT.as_secs()),
            )),
        }
    }
}

fn too_large(limit: usize) -> Problem {
    let message = format!("the body is larger than {} KiB", limit / 1024);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", message)
}

async fn with_reference(
    State((world, guard)): State<(World, Guard)>,
    request: Request,
    next: Next,
) -> Response {
    // At the level of errors, so that the reference stands with every line, whatever level is logged.
    let reference = world.random.letters_and_digits(12);
    let span = tracing::error_span!("request", reference, path = loggable(request.uri().path()));
    let header_value = header::HeaderValue::from_str(&reference);
    let mut response = under_reference(reference.clone(), next.run(request)).instrument(span.clone()).await;
    let guessed = response.extensions().get::<WrongCredential>().is_some();
    if let Some(ProblemCode(code)) = response.extensions().get().filter(|_| !guessed) {
        span.in_scope(|| {
            if guard.has_line(code, &reference) {
                tracing::info!(status = response.status().as_u16(), code, "refused");
            }
        });
    }
    if let Ok(value) = header_value {
        response.headers_mut().insert(REFERENCE_HEADER, value);
    }
    response
}

/// Longer paths and names are cut.
const MAX_SEGMENTS: usize = 12;
const MAX_WORD: usize = 40;
const LEFT_OUT: &str = "…";

/// A path as it may stand in a log: its words. What is no word (a token, an id, something that somebody wrote) is left out;
/// the query is no part of it: a token rides there.
pub fn loggable(path: &str) -> String {
    let segments = path.split('/').map(|segment| if segment.is_empty() { "" } else { word(segment) });
    let cut = path.split('/').nth(MAX_SEGMENTS).map(|_| LEFT_OUT);
    segments.take(MAX_SEGMENTS).chain(cut).collect::<Vec<_>>().join("/")
}

/// A name that somebody chose, as it may stand in a log: only if it is a word, of letters and no digit but in a version.
pub fn word(name: &str) -> &str {
    let is_letters = |c: u8| c.is_ascii_alphabetic() || matches!(c, b'-' | b'_' | b'.');
    let is_word = name.len() <= MAX_WORD && name.bytes().all(is_letters);
    let is_version = name.len() <= 3 && name.bytes().all(|c| c.is_ascii_alphanumeric());
    if !name.is_empty() && (is_word || is_version) { name } else { LEFT_OUT }
}

fn without_prefix<B>(mut request: axum::http::Request<B>) -> axum::http::Request<B> {
    if let Some(uri) = cut(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

fn cut(uri: &Uri) -> Option<Uri> {
    let path = single_slashes(uri.path());
    let at = ROOTS.iter().find_map(|root| path.find(root))?;
    let path = path.get(at..)?;
    // A slash at the end means nothing, but where it belongs to the root.
    let path = path.strip_suffix('/').filter(|_| !ROOTS.contains(&path)).unwrap_or(path);
    if path == uri.path() {
        return None;
    }
    let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(format!("{path}{query}").parse::<PathAndQuery>().ok()?);
    Uri::from_parts(parts).ok()
}

/// The path without slashes that follow one another: whoever joins a base address and a path may write two.
fn single_slashes(path: &str) -> String {
    let mut single = String::with_capacity(path.len());
    for c in path.chars() {
        if c != '/' || !single.ends_with('/') {
            single.push(c);
        }
    }
    single
}

#[cfg(test)]
mod tests {
    use http_body_util::Channel;

    use super::*;
    use crate::http::{Hold, TrustedProxies};

    const LIMIT: usize = 64;

    async fn read(body: axum::body::Body) -> Result<usize, String> {
        let read = Body::<LIMIT>(body).read().await;
        read.map(|body| body.len()).map_err(|problem| problem.code)
    }

    #[tokio::test]
    async fn a_body_of_just_the_limit_is_read_and_a_byte_more_is_not() {
        assert_eq!(read(vec![b'x'; LIMIT].into()).await, Ok(LIMIT));
        assert_eq!(read(vec![b'x'; LIMIT + 1].into()).await, Err("body-too-large".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_trickles_in_is_not_waited_for() {
        let began = tokio::time::Instant::now();
        let (mut sender, body) = Channel::<Bytes>::new(1);
        tokio::spawn(async move {
            while sender.send_data(Bytes::from_static(b"x")).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        assert_eq!(read(axum::body::Body::new(body)).await, Err("slow-body".to_owned()));
        assert_eq!(began.elapsed(), BODY_TIMEOUT);
    }

    #[tokio::test]
    async fn a_panic_is_answered_like_any_problem() {
        let router = Router::new().route("/", axum::routing::get(async || panic!("a test's panic") as &str));
        let guard = Guard::new(World::real(), TrustedProxies::default(), Hold::Never);
        let door = open(router, World::real(), guard);
        let response =
            door.oneshot(Request::get("/").body(axum::body::Body::empty()).unwrap()).await.unwrap();
        let (status, named) = (response.status(), response.headers()["x-reference"].clone());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((status.as_u16(), body["code"].as_str()), (500, Some("internal")));
        assert_eq!(body["reference"].as_str().unwrap(), named.to_str().unwrap());
    }

    #[test]
    fn whatever_stands_before_our_paths_is_cut_off() {
        let cut = |uri: &str| cut(&uri.parse().unwrap()).map(|uri| uri.to_string());
        assert_eq!(
            cut("/prod/x/dataphin/bpms/check/connect?accessToken=1"),
            Some("/dataphin/bpms/check/connect?accessToken=1".to_owned())
        );
        assert_eq!(cut("/dataphin/bpms/check/connect"), None);
        assert_eq!(cut("/stage/dingtalk/callback?nonce=1"), Some("/dingtalk/callback?nonce=1".to_owned()));
        assert_eq!(cut("/stage/operator/doctor"), None, "the operator's calls are at one place");
        assert_eq!(cut("/elsewhere"), None);
    }

    #[test]
    fn slashes_too_many_mean_nothing() {
        let cut = |uri: &str| cut(&uri.parse().unwrap()).map(|uri| uri.to_string());
        let create = Some("/dataphin/bpms/processinstance/create?accessToken=1".to_owned());
        for path in [
            "/dataphin/bpms/processinstance/create/",
            "//dataphin//bpms/processinstance///create",
            "/prod//x//dataphin/bpms/processinstance/create//",
        ] {
            assert_eq!(cut(&format!("{path}?accessToken=1")), create, "{path}");
        }
        assert_eq!(cut("/dingtalk/callback/?a=//b/"), Some("/dingtalk/callback?a=//b/".to_owned()));
        assert_eq!(cut("/dataphin/bpms/"), None, "the root itself");
        assert_eq!(cut("//dataphin/bpms//"), Some("/dataphin/bpms/".to_owned()));
        assert_eq!(cut("//elsewhere//"), None);
    }

    #[test]
    fn a_path_in_the_log_is_made_of_words() {
        for (path, logged) in [
            ("/dataphin/bpms/processinstance/create", "/dataphin/bpms/processinstance/create"),
            ("/dataphin/bpms/v2/list", "/dataphin/bpms/v2/list"),
            ("/operator/templates/try/PROC-7a8b9c", "/operator/templates/try/…"),
            ("/dataphin/bpms/6d1b2n1c", "/dataphin/bpms/…"),
            ("/dataphin/bpms/%36d1b2n1c/x", "/dataphin/bpms/…/x"),
            ("/dataphin/bpms/accessToken=6d1b2n1c", "/dataphin/bpms/…"),
            ("/dataphin/bpms/\u{1b}[2J", "/dataphin/bpms/…"),
            ("/", "/"),
            ("", ""),
        ] {
            assert_eq!(loggable(path), logged);
        }
        let long = format!("/{}{}", "a".repeat(41), "/b".repeat(50));
        assert!(loggable(&long).len() < 60, "{}", loggable(&long));
    }
}
