//! The operator's templates: generate, adopt, check and try them, and the page that does it with buttons.

mod calls;
mod page;

use axum::{
    Router,
    routing::{get, post},
};
use shared::{config::BridgeConfig, engine::Engine, http::operator, template::Templates, world::World};

/// A few words, and a mapping of some fields.
const BODY_LIMIT: usize = 64 * 1024;

/// The calls under `/operator/templates`, and the page at `/operator`.
pub fn router(engine: &Engine, config: &BridgeConfig, world: World) -> Router {
    let templates = Templates::new(engine.store().clone(), engine.dingtalk(), world, &config.system_name);
    let calls = Router::new()
        .route("/operator/templates", get(calls::list))
        .route("/operator/templates/generate", post(calls::generate))
        .route("/operator/templates/adopt", post(calls::adopt))
        .route("/operator/templates/forget", post(calls::forget))
        .route("/operator/templates/check", post(calls::check))
        .route("/operator/templates/try", post(calls::try_out))
        .route("/operator/templates/try/{instance}", get(calls::look_at_trial))
        .with_state(templates);
    operator::only(calls, config.operator_token.clone()).merge(page::routes())
}
