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
    engine::Engine,
    http::{
        Problem,
        door::{Body, Params},
        operator,
        probe::{self, KNOCK_HEADER, Unmet},
    },
    store::KnownIdentity,
    world::World,
};

/// A probe's body is as large as a request may be; any other is a few words.
const BODY_LIMIT: usize = 1024 * 1024;

#[derive(Clone)]
struct Door {
    engine: Engine,
    doctor: Doctor,
    kept: Kept,
    access: Access,
    identity: KnownIdentity,
    world: World,
}

/// `check/connect`, and `/operator/doctor`.
pub fn router(engine: Engine, doctor: Doctor, config: &Config, world: World) -> Router {
    let kept = Kept::new(doctor.clone(), world.clone());
    let (access, identity) = (config.dataphin.access.clone(), KnownIdentity::default());
    let door = Door { engine, doctor, kept, access, identity, world };
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
    if headers.contains_key(KNOCK_HEADER) {
        return answer_probe(&door, query, body).await;
    }
    reply::check_result(check(&door, query, body).await)
}

/// A diagnosis asks for the way only: it has looked at the rest, or is looking at it.
async fn answer_probe(
    door: &Door,
    query: Result<Params<AccessQuery>, Problem>,
    body: Body<BODY_LIMIT>,
) -> Response {
    let mut unmet = None;
    let mut arrived = None;
    let result = match query {
        Err(problem) => {
            unmet = Some(Unmet::Query);
            Err(problem)
        }
        Ok(Params(query)) => match door.access.check(&query, door.world.now()) {
            Err(problem) => {
                unmet = query.unmet(&problem);
                Err(problem)
            }
            Ok(()) => body.read().await.map(|body| arrived = Some(body.len())),
        },
    };
    let mut response = reply::check_result(result.map(|()| None));
    if let Some(unmet) = unmet {
        unmet.mark(&mut response);
    }
    if let Some(arrived) = arrived {
        probe::mark_body(arrived, &mut response);
    }
    probe::mark_store(door.identity.of(door.engine.store()).await, &mut response);
    response
}

async fn check(
    door: &Door,
    query: Result<Params<AccessQuery>, Problem>,
    body: Body<BODY_LIMIT>,
) -> Result<Option<String>, Problem> {
    door.access.admit(&query?.0, door.world.now(), door.engine.store()).await?;
    // What it says does not matter, that it is bounded does.
    body.read().await?;
    door.kept.answer().await.map(Some)
}

async fn examine(State(door): State<Door>) -> Json<Diagnosis> {
    Json(door.doctor.full().await)
}
