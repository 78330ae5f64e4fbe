//! An HTTP function: its router, always by today's secret.

use std::sync::Arc;

use axum::{Router, body::Body, http::StatusCode, response::Response};
use lambda_http::{Request, RequestExt, request::RequestContext, service_fn};
use tower::ServiceExt;

use super::{Broken, Failure, Live, Parts};
use crate::{
    http::{Guard, Hold, NotLetIn, Peer, TrustedProxies, door},
    metrics::{self, Count},
    world::World,
};

/// What is asked before an answer whether the secret is still today's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Secrets Manager.
    Secret,
    /// The store: whoever calls does not wait for more.
    Store,
}

/// Serves what `router` makes of the function's parts.
pub async fn serve(
    router: impl Fn(&Parts) -> Result<Router, Failure> + Send + Sync + 'static,
) -> Result<(), Failure> {
    let guard = guard();
    run(Live::start(opened(router, guard.clone())).await?, Before::Secret, guard).await
}

/// The same for a caller who does not wait for Secrets Manager.
pub async fn serve_quickly(
    router: impl Fn(&Parts) -> Result<Router, Failure> + Send + Sync + 'static,
) -> Result<(), Failure> {
    let guard = guard();
    run(Live::start(opened(router, guard.clone())).await?, Before::Store, guard).await
}

/// The same for a function that can say why there is no other: by `instead`, until the secret can be used.
pub async fn serve_or(
    router: impl Fn(&Parts) -> Result<Router, Failure> + Send + Sync + 'static,
    instead: impl Fn(&Broken) -> Result<Router, Failure> + Send + Sync + 'static,
) -> Result<(), Failure> {
    let guard = guard();
    let same = guard.clone();
    let instead = move |broken: Broken| Ok(door::open(instead(&broken)?, broken.world, same.clone()));
    run(Live::start_or(opened(router, guard.clone()), instead).await?, Before::Secret, guard).await
}

/// One for the life of the process, whatever becomes of the secret. Each process counts for itself; what all of them take is
/// bounded by API Gateway's throttle.
fn guard() -> Guard {
    Guard::new(World::real(), TrustedProxies::default(), Hold::Never)
}

fn opened(
    router: impl Fn(&Parts) -> Result<Router, Failure> + Send + Sync + 'static,
    guard: Guard,
) -> impl Fn(Parts) -> Result<Router, Failure> + Send + Sync + 'static {
    move |parts| Ok(door::open(router(&parts)?, parts.world, guard.clone()))
}

async fn run(live: Live<Router>, before: Before, guard: Guard) -> Result<(), Failure> {
    let live = Arc::new(live);
    let handle = move |request| {
        let (live, guard) = (live.clone(), guard.clone());
        async move {
            let _counting = live.counting();
            let answered = answer(&live, request, before).await;
            guard.log_due();
            answered
        }
    };
    lambda_http::run(service_fn(handle)).await
}

/// Whoever is refused may have been told of a new secret before us: then it is read and the request looked at once more.
async fn answer(live: &Live<Router>, request: Request, before: Before) -> Result<Response, Failure> {
    match before {
        Before::Secret => live.keep_up().await,
        Before::Store => live.keep_up_by_the_store().await,
    }
    let peer = peer(&request);
    let (mut parts, body) = request.into_parts();
    if let Some(peer) = peer {
        parts.extensions.insert(peer);
    }
    let body = axum::body::Bytes::copy_from_slice(body.as_ref());
    let request = || axum::http::Request::from_parts(parts.clone(), Body::from(body.clone()));
    let router = live.current().await;
    let Ok(mut response) = Router::clone(&router).oneshot(request()).await;
    if is_refusal(&response)
        && let Some(router) = live.changed().await
    {
        let Ok(again) = Router::clone(&router).oneshot(request()).await;
        response = again;
    }
    if response.extensions().get::<NotLetIn>().is_some() {
        metrics::count(Count::AccessRefused);
    }
    Ok(response)
}

/// The address that API Gateway saw.
fn peer(request: &Request) -> Option<Peer> {
    match request.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => context.http.source_ip.as_deref()?.parse().ok().map(Peer),
        _ => None,
    }
}

/// By Dataphin's, the operator's or DingTalk's door, for what the caller knows.
fn is_refusal(response: &Response) -> bool {
    matches!(response.status(), StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS)
        || response.extensions().get::<NotLetIn>().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_are_counted_by_the_address_that_api_gateway_saw() {
        let event = serde_json::json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/operator/doctor", "rawQueryString": "",
            // Whoever calls writes this as they like.
            "headers": {"x-forwarded-for": "198.51.100.1"},
            "requestContext": {
                "accountId": "1", "apiId": "a", "domainName": "d", "domainPrefix": "d", "requestId": "r", "routeKey": "$default",
                "stage": "$default", "time": "12/Mar/2026:19:03:58 +0000", "timeEpoch": 1_773_342_238_000_i64,
                "http": {
                    "method": "GET", "path": "/operator/doctor", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7",
                    "userAgent": "test",
                },
            },
            "isBase64Encoded": false,
        });
        let request = lambda_http::request::from_str(&event.to_string()).unwrap();
        assert_eq!(peer(&request), Some(Peer("203.0.113.7".parse().unwrap())));
    }
}
