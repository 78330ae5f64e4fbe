//! DingTalk reports: verify, commit, acknowledge. DingTalk gives 1.5 seconds, so this calls nobody but the store.

use std::{sync::Arc, time::Instant};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use shared::{
    approval::HintResult,
    config::{Config, taken_up},
    dingtalk::{
        CallbackVerifier, Event, Verified,
        callback::{CallbackQuery, Disbelief},
        knock,
    },
    engine::Engine,
    http::{
        Problem,
        door::{Body, Params},
        probe::{self, KNOCK_HEADER, Unmet},
    },
    metrics::{self, Count, Measure},
    store::{KnownIdentity, Sighting},
    world::World,
};

/// No event is larger.
const BODY_LIMIT: usize = 256 * 1024;

#[derive(Clone)]
struct Door {
    engine: Engine,
    verifier: CallbackVerifier,
    identity: KnownIdentity,
    /// What the bridge was started with, as fingerprints.
    settings: Arc<str>,
    world: World,
}

/// DingTalk's one address.
pub fn router(engine: Engine, config: &Config, world: World) -> Router {
    let (verifier, identity) = (config.dingtalk.verifier.clone(), KnownIdentity::default());
    let settings = taken_up::fingerprint(&config.variables, &verifier).into();
    let door = Door { engine, verifier, identity, settings, world };
    Router::new().route("/dingtalk/callback", post(callback)).with_state(door)
}

async fn callback(
    State(door): State<Door>,
    headers: HeaderMap,
    query: Result<Params<CallbackQuery>, Problem>,
    body: Body<BODY_LIMIT>,
) -> Result<Response, Problem> {
    let began = Instant::now();
    let probe = Probe::of(&headers);
    let Ok(Params(query)) = query else {
        let problem = not_accepted("the query cannot be read");
        return answer_refusal(&door, probe.map(|_| (Some(Unmet::Query), None)), problem).await;
    };
    // A stranger's body is not waited for.
    let body = if query.is_whole() { body.read().await? } else { Bytes::new() };
    let sent = probe.is_some().then(|| query.clone());
    let event = match door.verifier.verify(query, &body, door.world.now()) {
        Ok(event) => event,
        Err(disbelief) => {
            metrics::count(Count::CallbackRefused);
            let unmet = probe.zip(sent).map(|(probe, query)| {
                (knock::unmet(disbelief, &query, &body, probe.digest), query.is_whole().then_some(body.len()))
            });
            remember(&door, disbelief, unmet.is_some()).await;
            return answer_refusal(&door, unmet, not_accepted(&disbelief.to_string())).await;
        }
    };
    let (reported, ()) = tokio::join!(door.engine.report(&event), saw(&door, &event));
    reported.map_err(|_| {
        // Not acknowledged: DingTalk sends it again.
        metrics::count(Count::NotAdvanced);
        Problem::unavailable()
    })?;
    let mut response = Json(door.verifier.acknowledge(&event, &door.world)).into_response();
    if *event.get() == Event::OwnCheck {
        probe::mark_store(which_store(&door).await.as_deref(), &mut response);
        probe::mark_body(body.len(), &mut response);
        probe::mark_settings(Some(&door.settings), &mut response);
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

/// Remembers why DingTalk was not believed; a probe is not DingTalk's.
async fn remember(door: &Door, disbelief: Disbelief, is_probe: bool) {
    if let Some(note) = disbelief.note().filter(|_| !is_probe) {
        door.engine.store().saw(Sighting::CallbackRefused, note).await;
    }
}

/// Whoever looks at the bridge from beside it learns whether both look into the same store.
async fn which_store(door: &Door) -> Option<String> {
    door.engine.store().identity_made().await.ok().flatten()
}

/// A probe of our own diagnosis.
#[derive(Clone, Copy)]
struct Probe<'a> {
    /// Of what was sent.
    digest: &'a str,
}

impl<'a> Probe<'a> {
    fn of(headers: &'a HeaderMap) -> Option<Self> {
        let digest = headers.get(KNOCK_HEADER)?;
        Some(Self { digest: digest.to_str().unwrap_or_default() })
    }
}

/// Answers a refusal. A probe learns what was not met, how much of its body arrived, and which bridge it is: one of another
/// store is another bridge.
async fn answer_refusal(
    door: &Door,
    probe: Option<(Option<Unmet>, Option<usize>)>,
    problem: Problem,
) -> Result<Response, Problem> {
    let Some((unmet, arrived)) = probe else { return Err(problem) };
    let mut response = problem.into_response();
    if let Some(unmet) = unmet {
        unmet.mark(&mut response);
    }
    if let Some(arrived) = arrived {
        probe::mark_body(arrived, &mut response);
    }
    probe::mark_store(door.identity.of(door.engine.store()).await, &mut response);
    Ok(response)
}

/// The same for every reason: whoever forges learns nothing. The reason is for the log.
fn not_accepted(reason: &str) -> Problem {
    let problem = Problem::new(StatusCode::FORBIDDEN, "not-accepted", "not accepted");
    problem.for_wrong_credential(reason)
}
