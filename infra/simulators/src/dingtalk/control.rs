//! The JSON surface for scripts, under `/simulator/`: look at everything and play the people.
//!
//! Who and what there is, is in `setup`; its switches are in `switches`.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, Query, State as Shared},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    acts::Objection,
    core::Core,
    ids::{TaskId, UserId},
    setup, switches,
};

type Inside = Shared<Arc<Core>>;

/// All routes of the surface.
pub(crate) fn routes() -> Router<Arc<Core>> {
    Router::new()
        .route("/simulator/instances", get(instances))
        .route("/simulator/instances/{id}", get(instance))
        .route("/simulator/instances/{id}/{act}", post(act_on_instance))
        .route("/simulator/todos", get(todos))
        .route("/simulator/tasks/{task}/{act}", post(act_on_task))
        .merge(setup::routes())
        .merge(switches::routes())
}

/// What somebody does, and what they write; absent fields are empty.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Deed {
    remark: String,
    user_id: String,
    to: String,
    users: Vec<String>,
    before: bool,
}

async fn instances(Shared(core): Inside) -> Response {
    core.with(|state| shown(&state.instances.newest().collect::<Vec<_>>()))
}

async fn instance(Shared(core): Inside, Path(id): Path<String>) -> Response {
    core.with(|state| match state.instances.get(&id) {
        Some(instance) => shown(instance),
        None => refused(StatusCode::NOT_FOUND, Objection::NoSuchInstance.words()),
    })
}

async fn act_on_instance(
    Shared(core): Inside,
    Path((id, act)): Path<(String, String)>,
    deed: Option<Json<Deed>>,
) -> Response {
    let Json(deed) = deed.unwrap_or_default();
    core.with(|state| {
        let originator = state.instances.get(&id).map(|instance| instance.originator.clone());
        match act.as_str() {
            "revoke" => done(state.revoke(&id, originator.as_ref().map(UserId::as_str), &deed.remark)),
            "delete" => done(state.delete_instance(&id)),
            "comment" => done(state.comment(&id, &deed.user_id, &deed.remark)),
            _ => refused(StatusCode::NOT_FOUND, "no such act"),
        }
    })
}

async fn todos(Shared(core): Inside, Query(query): Query<HashMap<String, String>>) -> Response {
    core.with(|state| {
        let everybody = state.people.everybody().map(|person| person.user_id.as_str());
        let asked = query.get("userId").map(String::as_str);
        let concerned = everybody.filter(|user| asked.is_none_or(|asked| asked == *user));
        shown(&concerned.flat_map(|user| state.todos_of(user)).collect::<Vec<_>>())
    })
}

async fn act_on_task(
    Shared(core): Inside,
    Path((task, act)): Path<(TaskId, String)>,
    deed: Option<Json<Deed>>,
) -> Response {
    let Json(deed) = deed.unwrap_or_default();
    let users: Vec<&str> = deed.users.iter().map(String::as_str).collect();
    core.with(|state| match act.as_str() {
        "agree" => done(state.agree(task, None, &deed.remark)),
        "refuse" => done(state.refuse(task, None, &deed.remark)),
        "transfer" => done(state.transfer(task, None, &deed.to, &deed.remark)),
        "countersign" => done(state.countersign(task, None, &users, deed.before, &deed.remark)),
        _ => refused(StatusCode::NOT_FOUND, "no such act"),
    })
}

pub(super) fn shown(value: &impl Serialize) -> Response {
    Json(value).into_response()
}

fn done(outcome: Result<(), Objection>) -> Response {
    match outcome {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(objection @ (Objection::NoSuchInstance | Objection::NoSuchTask)) => {
            refused(StatusCode::NOT_FOUND, &objection.to_string())
        }
        Err(objection) => refused(StatusCode::CONFLICT, &objection.to_string()),
    }
}

pub(super) fn refused(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({"error": why}))).into_response()
}
