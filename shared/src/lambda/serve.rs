//! An HTTP function: its router, always by today's secret.

use std::sync::Arc;

use axum::{Router, body::Body, http::StatusCode, response::Response};
use lambda_http::{Request, service_fn};
use tower::ServiceExt;

use super::{Broken, Failure, Live, Parts};
use crate::{
    http::{NotLetIn, door},
    metrics::{self, Count},
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
    run(Live::start(opened(router)).await?, Before::Secret).await
}

/// The same for a caller who does not wait for Secrets Manager.
pub async fn serve_quickly(
    router: impl Fn(&Parts) -> Result<Router, Failure> + Send + Sync + 'static,
) -> Result<(), Failure> {
    run(Live::start(opened(router)).await?, Before::Store).await
}

/// The same for a function that can say why there is no other: by `instead`, until the secret can be used.
pub async fn serve_or(
    router: impl Fn(&Parts) -> Result<Router, Failure> + Send + Sync + 'static,
    instead: impl Fn(&Broken) -> Result<Router, Failure> + Send + Sync + 'static,
) -> Result<(), Failure> {
    let instead = move |broken: Broken| Ok(door::open(instead(&broken)?, broken.world));
    run(Live::start_or(opened(router), instead).await?, Before::Secret).await
}

fn opened(
    router: impl Fn(&Parts) -> Result<Router, Failure> + Send + Sync + 'static,
) -> impl Fn(Parts) -> Result<Router, Failure> + Send + Sync + 'static {
    move |parts| Ok(door::open(router(&parts)?, parts.world))
}

async fn run(live: Live<Router>, before: Before) -> Result<(), Failure> {
    let live = Arc::new(live);
    let handle = move |request| {
        let live = live.clone();
        async move {
            let _counting = live.counting();
            answer(&live, request, before).await
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
    let (parts, body) = request.into_parts();
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

/// By Dataphin's, the operator's or DingTalk's door, for what the caller knows.
fn is_refusal(response: &Response) -> bool {
    response.status() == StatusCode::FORBIDDEN || response.extensions().get::<NotLetIn>().is_some()
}
