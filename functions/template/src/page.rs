//! The operator's page: one file of markup, one of script, one of style; everything else it asks for with the operator's token.

use axum::{
    Router,
    http::{HeaderName, header},
    response::IntoResponse,
    routing::get,
};

/// Nothing from elsewhere, in no frame, and the address with what it may hold goes nowhere.
const HEADERS: [(HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CACHE_CONTROL, "no-cache"),
];

pub(super) fn routes() -> Router {
    Router::new()
        .route("/operator", get(async || file("text/html; charset=utf-8", include_str!("page.html"))))
        .route(
            "/operator/page.js",
            get(async || file("text/javascript; charset=utf-8", include_str!("page.js"))),
        )
        .route("/operator/page.css", get(async || file("text/css; charset=utf-8", include_str!("page.css"))))
}

fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, kind)], HEADERS, text)
}
