//! What every door has in common: a reference for each request, bounds on bodies, uniform errors, no panics.

use std::time::Duration;

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

use super::{Problem, answer::under_reference};
use crate::world::World;

/// A sender has so long for a whole body.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The paths that are ours; whatever stands before them (a proxy's prefix, a stage's name) is cut off.
const ROOTS: [&str; 2] = ["/dataphin/bpms/", "/dingtalk/callback"];

/// Puts routers behind the common door. Works the same on Lambda and on one machine.
pub fn open(router: Router, world: World) -> Router {
    let inside = router
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .fallback(async || Problem::not_found())
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            Problem::internal().into_response()
        }))
        .layer(middleware::from_fn_with_state(world, with_reference))
        .map_request(without_prefix);
    Router::new().fallback_service(inside)
}

/// The query's parameters.
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = Query::try_from_uri(&parts.uri);
        let unreadable = |_| Problem::new(StatusCode::BAD_REQUEST, "bad-query", "the query cannot be read");
        query.map(|Query(query)| Self(query)).map_err(unreadable)
    }
}

/// A request body of at most `LIMIT` bytes, read whole.
pub struct Body<const LIMIT: usize>(pub Bytes);

impl<S: Send + Sync, const LIMIT: usize> FromRequest<S> for Body<LIMIT> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let body = request.into_body();
        if body.size_hint().lower() > LIMIT as u64 {
            return Err(too_large(LIMIT));
        }
        let read = tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, LIMIT).collect()).await;
        match read {
            Ok(Ok(collected)) => Ok(Self(collected.to_bytes())),
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

async fn with_reference(State(world): State<World>, request: Request, next: Next) -> Response {
    let reference = world.random.letters_and_digits(12);
    let span = tracing::info_span!("request", reference, path = loggable(request.uri().path()));
    let header_value = header::HeaderValue::from_str(&reference);
    let mut response = under_reference(reference, next.run(request)).instrument(span).await;
    if let Ok(value) = header_value {
        response.headers_mut().insert("x-reference", value);
    }
    response
}

/// A path as it may stand in a log: short, without control characters. The query never does: a token rides there.
pub fn loggable(path: &str) -> String {
    path.chars().filter(|c| !c.is_control()).take(120).collect()
}

fn without_prefix<B>(mut request: axum::http::Request<B>) -> axum::http::Request<B> {
    if let Some(uri) = cut(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

fn cut(uri: &Uri) -> Option<Uri> {
    let at = ROOTS.iter().find_map(|root| uri.path().find(root)).filter(|at| *at > 0)?;
    let path_and_query = uri.path_and_query()?.as_str().get(at..)?;
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path_and_query.parse::<PathAndQuery>().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_stands_before_our_paths_is_cut_off() {
        let cut = |uri: &str| cut(&uri.parse().unwrap()).map(|uri| uri.to_string());
        assert_eq!(
            cut("/prod/x/dataphin/bpms/check/connect?accessToken=1"),
            Some("/dataphin/bpms/check/connect?accessToken=1".to_owned())
        );
        assert_eq!(cut("/dataphin/bpms/check/connect"), None);
        assert_eq!(cut("/stage/dingtalk/callback?nonce=1"), Some("/dingtalk/callback?nonce=1".to_owned()));
        assert_eq!(cut("/elsewhere"), None);
    }
}
