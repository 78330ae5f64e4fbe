//! An HTTP function: its router, always by today's secret.

use std::sync::Arc;

use axum::{Router, body::Body, http::StatusCode, response::Response};
use lambda_http::{Request, service_fn};
use tower::ServiceExt;

use super::{Failure, Live, Parts};
use crate::http::door;

/// Serves what `router` makes of the function's parts.
pub async fn serve(
    router: impl Fn(&Parts) -> Result<Router, Failure> + Send + Sync + 'static,
) -> Result<(), Failure> {
    let live = Live::start(move |parts| Ok(door::open(router(&parts)?, parts.world))).await?;
    let live = Arc::new(live);
    let handle = move |request| {
        let live = live.clone();
        async move {
            let answered = answer(&live, request).await;
            live.flush();
            answered
        }
    };
    lambda_http::run(service_fn(handle)).await
}

/// A look at the secret goes beside the answer, which does not depend on it. Whoever is refused may have been told of a new
/// secret before us: then it is read and the request looked at once more.
async fn answer(live: &Live<Router>, request: Request) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    let body = axum::body::Bytes::copy_from_slice(body.as_ref());
    let request = || axum::http::Request::from_parts(parts.clone(), Body::from(body.clone()));
    let router = live.current().await;
    let (response, ()) = tokio::join!(Router::clone(&router).oneshot(request()), live.keep_up());
    let Ok(response) = response;
    if matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
        && let Some(router) = live.changed().await
    {
        let Ok(response) = Router::clone(&router).oneshot(request()).await;
        return Ok(response);
    }
    Ok(response)
}
