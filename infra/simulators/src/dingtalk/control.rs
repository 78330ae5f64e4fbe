//! The control surface.
use std::sync::Arc;

use axum::Router;

use super::core::Core;

pub(crate) fn routes() -> Router<Arc<Core>> {
    Router::new()
}
