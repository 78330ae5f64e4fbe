//! Dataphin's connection test, which is the quick part of the diagnosis; and the whole of it, for the operator.

pub mod broken;
mod kept;
mod words;

use axum::{
    Json, Router,
    extract::State,
    http::HeaderMap,
    response::Response,
    routing::{get, post},
};
use kept::Kept;
use shared::{
    config::Config,
    dataphin::{Access, AccessQuery, reply},
    diagnosis::{Diagnosis, Doctor},
    dingtalk::knock::KNOCK_HEADER,
    engine::Engine,
    http::{
        Problem,
        door::{Body, Params},
        operator,
    },
    world::World,
};

/// The body is a few words.
const BODY_LIMIT: usize = 64 * 1024;

#[derive(Clone)]
struct Door {
    engine: Engine,
    doctor: Doctor,
    kept: Kept,
    access: Access,
    world: World,
}

/// `check/connect`, and `/operator/doctor`.
pub fn router(engine: Engine, doctor: Doctor, config: &Config, world: World) -> Router {
    let kept = Kept::new(doctor.clone(), world.clone());
    let door = Door { engine, doctor, kept, access: config.dataphin.access.clone(), world };
    let whole = Router::new().route("/operator/doctor", get(examine)).with_state(door.clone());
    Router::new()
        .route("/dataphin/bpms/check/connect", post(connect))
        .with_state(door)
        .merge(operator::only(whole, config.bridge.operator_token.clone()))
}

async fn connect(
    State(door): State<Door>,
    headers: HeaderMap,
    query: Result<Params<AccessQuery>, Problem>,
    body: Body<BODY_LIMIT>,
) -> Response {
    reply::check_result(check(&door, &headers, query, body).await)
}

async fn check(
    door: &Door,
    headers: &HeaderMap,
    query: Result<Params<AccessQuery>, Problem>,
    body: Body<BODY_LIMIT>,
) -> Result<Option<String>, Problem> {
    if headers.contains_key(KNOCK_HEADER) {
        // A diagnosis asks for the way only: it has looked at the rest, or is looking at it.
        return door.access.check(&query?.0, door.world.now()).map(|()| None);
    }
    door.access.admit(&query?.0, door.world.now(), door.engine.store()).await?;
    // What it says does not matter, that it is bounded does.
    body.read().await?;
    door.kept.answer().await.map(Some)
}

async fn examine(State(door): State<Door>) -> Json<Diagnosis> {
    Json(door.doctor.full().await)
}
