//! DingTalk reports: verify, commit, acknowledge. DingTalk gives 1.5 seconds, so this calls nobody but the store.

use std::time::Instant;

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use shared::{
    approval::HintResult,
    config::DingTalkConfig,
    dingtalk::{
        CallbackVerifier, Event, Verified,
        callback::CallbackQuery,
        knock::{KNOCK_HEADER, STORE_HEADER},
    },
    engine::Engine,
    http::{
        Problem,
        door::{Body, Params},
    },
    metrics::{self, Count, Measure},
    store::Sighting,
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
    headers: HeaderMap,
    query: Result<Params<CallbackQuery>, Problem>,
    body: Body<BODY_LIMIT>,
) -> Result<Response, Problem> {
    let began = Instant::now();
    let Params(query) = query.map_err(|_| not_accepted("the query cannot be read"))?;
    // A stranger's body is not waited for.
    let body = if query.is_whole() { body.read().await? } else { Bytes::new() };
    let event = match door.verifier.verify(query, &body, door.world.now()) {
        Ok(event) => event,
        Err(disbelief) => {
            metrics::count(Count::CallbackRefused);
            if let Some(note) = disbelief.note().filter(|_| !headers.contains_key(KNOCK_HEADER)) {
                door.engine.store().saw(Sighting::CallbackRefused, note).await;
            }
            return Err(not_accepted(&disbelief.to_string()));
        }
    };
    let (reported, ()) = tokio::join!(door.engine.report(&event), saw(&door, &event));
    reported.map_err(|_| {
        // Not acknowledged: DingTalk sends it again.
        metrics::count(Count::NotAdvanced);
        Problem::unavailable()
    })?;
    let mut response = Json(door.verifier.acknowledge(&event, &door.world)).into_response();
    if *event.get() == Event::OwnCheck
        && let Some(name) = which_store(&door).await
    {
        response.headers_mut().insert(STORE_HEADER, name);
    }
    metrics::measure(Measure::CallbackTime, began.elapsed());
    Ok(response)
}

/// Remembers that an event came, and under which keys; our own check is none.
async fn saw(door: &Door, event: &Verified<Event>) {
    let sighting = match event.get() {
        Event::InstanceEnded { result: HintResult::Terminated, .. } => Sighting::EventTerminate,
        Event::InstanceEnded { result: HintResult::Deleted, .. }
        | Event::CheckUrl
        | Event::InstanceStarted { .. }
        | Event::Task { .. }
        | Event::Other(_) => Sighting::EventOther,
        Event::InstanceEnded { .. } => Sighting::EventFinish,
        Event::OwnCheck => return,
    };
    let keys = door.verifier.fingerprint_of(event).to_string();
    door.engine.store().saw(sighting, &keys).await;
}

/// Whoever looks at the bridge from beside it learns whether both look into the same store.
async fn which_store(door: &Door) -> Option<HeaderValue> {
    let name = door.engine.store().identity_made().await.ok().flatten()?;
    HeaderValue::from_str(&name).ok()
}

/// The same for every reason: whoever forges learns nothing. The reason is for the log.
fn not_accepted(reason: &str) -> Problem {
    let problem = Problem::new(StatusCode::FORBIDDEN, "not-accepted", "not accepted");
    problem.for_wrong_credential(reason)
}
