//! Dataphin hands over a request, or takes one back.
//!
//! The request is committed first; then its instance is created while Dataphin waits, for a bounded time.

mod create;
mod unknown;
mod withdraw;

use axum::{
    Router,
    routing::{any, post},
};
use shared::{
    config::DataphinConfig,
    dataphin::{Access, reply::ReplyStyle},
    engine::Engine,
    world::World,
};

/// What Dataphin sends may be large: a batch to publish, SQL. Lambda takes 6 MB, and API Gateway 10.
const BODY_LIMIT: usize = 1024 * 1024;

#[derive(Clone)]
struct Door {
    engine: Engine,
    access: Access,
    reply_style: ReplyStyle,
    world: World,
}

/// `create`, and the withdrawal paths; any other path under Dataphin's root is recorded.
pub fn router(engine: Engine, config: &DataphinConfig, world: World) -> Router {
    let door = Door { engine, access: config.access.clone(), reply_style: config.reply_style, world };
    Router::new()
        .route("/dataphin/bpms/processinstance/create", post(create::create))
        .route("/dataphin/bpms/processinstance/terminate", post(withdraw::withdraw))
        .route("/dataphin/bpms/processinstance/revoke", post(withdraw::withdraw))
        .route("/dataphin/bpms/processinstance/cancel", post(withdraw::withdraw))
        .route("/dataphin/bpms/processinstance/withdraw", post(withdraw::withdraw))
        .route("/dataphin/bpms/", any(unknown::record))
        .route("/dataphin/bpms/{*path}", any(unknown::record))
        .with_state(door)
}
