//! DingTalk reports: verify, commit, acknowledge. DingTalk gives 1.5 seconds, so this calls nobody but the store.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use shared::{
    config::DingTalkConfig,
    dingtalk::{CallbackVerifier, callback::CallbackQuery},
    engine::Engine,
    http::{
        Problem,
        door::{Body, Params},
    },
    world::World,
};

/// No event is larger.
const BODY_LIMIT: usize = 256 * 1024;

#[derive(Clone)]
struct Door {
    engine: Engine,
    verifier: CallbackVerifier,
    world: World,
}

/// DingTalk's one address.
pub fn router(engine: Engine, config: &DingTalkConfig, world: World) -> Router {
    let door = Door { engine, verifier: config.verifier.clone(), world };
    Router::new().route("/dingtalk/callback", post(callback)).with_state(door)
}

async fn callback(
    State(door): State<Door>,
    query: Result<Params<CallbackQuery>, Problem>,
    body: Body<BODY_LIMIT>,
) -> Result<Response, Problem> {
    let Params(query) = query.map_err(|_| not_accepted())?;
    let event = door.verifier.verify(query, &body.0).map_err(|disbelief| {
        tracing::warn!(reason = %disbelief, "a callback was not believed");
        not_accepted()
    })?;
    door.engine.report(&event).await.map_err(|error| {
        // Not acknowledged: DingTalk sends it again.
        tracing::error!(%error, "an event could not be committed");
        Problem::unavailable()
    })?;
    Ok(Json(door.verifier.acknowledge(&event, &door.world)).into_response())
}

/// The same for every reason: whoever forges learns nothing.
fn not_accepted() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "not-accepted", "not accepted")
}
