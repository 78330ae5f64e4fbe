//! The JSON surface for scripts, under `/simulator/`: look at everything and play the people. Its switches are next door.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, Query, State as Shared},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    acts::Objection,
    core::Core,
    flow::FlowNode,
    ids::{TaskId, UserId},
    new_template::{self, NewTemplate},
    people::{CONTACTS_ROOT, Department, Person, Standing},
    switches,
    templates::TemplateStatus,
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
        .route("/simulator/people", get(people).post(add_person))
        .route("/simulator/departments", post(add_department))
        .route("/simulator/templates", get(all_templates).post(add_template))
        .route("/simulator/templates/{code}", post(change_template))
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

async fn people(Shared(core): Inside) -> Response {
    core.with(|state| shown(&state.people.everybody().collect::<Vec<_>>()))
}

/// A person, as briefly as a script likes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewPerson {
    user_id: UserId,
    name: String,
    union_id: Option<String>,
    mobile: Option<String>,
    email: Option<String>,
    departments: Option<Vec<i64>>,
    manager: Option<UserId>,
    #[serde(default)]
    admin: bool,
    standing: Option<Standing>,
}

async fn add_person(Shared(core): Inside, Json(new): Json<NewPerson>) -> Response {
    let mut person = Person::new(new.user_id.as_str(), &new.name);
    person.union_id = new.union_id.unwrap_or(person.union_id);
    person.departments = new.departments.unwrap_or_else(|| vec![CONTACTS_ROOT]);
    person.standing = new.standing.unwrap_or(Standing::Active);
    person.mobile = new.mobile;
    person.email = new.email;
    person.manager = new.manager;
    person.admin = new.admin;
    core.with(|state| state.people.add(person));
    StatusCode::NO_CONTENT.into_response()
}

async fn add_department(Shared(core): Inside, Json(department): Json<Department>) -> Response {
    core.with(|state| state.people.add_department(department));
    StatusCode::NO_CONTENT.into_response()
}

async fn all_templates(Shared(core): Inside) -> Response {
    core.with(|state| shown(&state.templates.values().collect::<Vec<_>>()))
}

/// A template: the form as the API takes it, and the flow.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TemplateOrder {
    name: String,
    form_components: Vec<Value>,
    flow: Option<Vec<FlowNode>>,
}

async fn add_template(Shared(core): Inside, Json(order): Json<TemplateOrder>) -> Response {
    let mut new = NewTemplate::named(&order.name);
    for component in order.form_components {
        new = new.component(component);
    }
    if let Some(flow) = order.flow {
        new = new.flow(flow);
    }
    match core.with(|state| new_template::add(state, new)) {
        Ok(process_code) => Json(json!({"processCode": process_code})).into_response(),
        Err(refusal) => refused(StatusCode::BAD_REQUEST, &refusal.to_string()),
    }
}

/// What the console alone can change of a template; what is absent stays.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TemplateChange {
    flow: Option<Vec<FlowNode>>,
    status: Option<TemplateStatus>,
    allow_revoke: Option<bool>,
}

async fn change_template(
    Shared(core): Inside,
    Path(process_code): Path<String>,
    Json(change): Json<TemplateChange>,
) -> Response {
    core.with(|state| {
        let Some(template) = state.templates.get_mut(process_code.as_str()) else {
            return refused(StatusCode::NOT_FOUND, "流程模板不存在");
        };
        template.flow = change.flow.unwrap_or_else(|| std::mem::take(&mut template.flow));
        template.status = change.status.unwrap_or(template.status);
        template.allow_revoke = change.allow_revoke.unwrap_or(template.allow_revoke);
        StatusCode::NO_CONTENT.into_response()
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
