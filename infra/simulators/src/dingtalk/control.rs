//! The JSON surface for scripts, under `/simulator/`: look at everything, play the people, set the switches.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, Query, State as Shared},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    acts::Objection,
    core::Core,
    faults::Fault,
    ids::{TaskId, UserId},
    people::{CONTACTS_ROOT, Department, Person, Standing},
    permissions,
    simulator::save_subscription,
    state::State,
    subscription::PushOptions,
    templates::{self, FlowNode, NewTemplate, TemplateStatus},
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
        .route("/simulator/subscription", post(subscribe))
        .route("/simulator/push-options", get(push_options).post(set_push_options))
        .route("/simulator/pushes", get(pushes))
        .route("/simulator/faults", get(faults).post(set_fault).delete(clear_faults))
        .route("/simulator/permissions", get(granted).post(set_permissions))
        .route("/simulator/limits", get(limits).post(set_limits))
        .route("/simulator/tokens/expire", post(expire_tokens))
        .route("/simulator/calls", get(calls))
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
    core.with(|state| match query.get("userId") {
        Some(user) => shown(&state.todos_of(user)),
        None => {
            let everybody = state.people.everybody();
            shown(&everybody.flat_map(|person| state.todos_of(person.user_id.as_str())).collect::<Vec<_>>())
        }
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
    match core.with(|state| templates::add(state, new)) {
        Ok(code) => Json(json!({"processCode": code})).into_response(),
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
    Path(code): Path<String>,
    Json(change): Json<TemplateChange>,
) -> Response {
    core.with(|state| {
        let Some(template) = state.templates.get_mut(code.as_str()) else {
            return refused(StatusCode::NOT_FOUND, "流程模板不存在");
        };
        template.flow = change.flow.unwrap_or_else(|| std::mem::take(&mut template.flow));
        template.status = change.status.unwrap_or(template.status);
        template.allow_revoke = change.allow_revoke.unwrap_or(template.allow_revoke);
        StatusCode::NO_CONTENT.into_response()
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubscriptionOrder {
    url: String,
    token: String,
    aes_key: String,
}

async fn subscribe(Shared(core): Inside, Json(order): Json<SubscriptionOrder>) -> Response {
    match save_subscription(&core, &order.url, &order.token, &order.aes_key).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(rejection) => refused(StatusCode::BAD_REQUEST, &rejection.to_string()),
    }
}

async fn push_options(Shared(core): Inside) -> Response {
    core.with(|state| shown(&state.push_options))
}

async fn set_push_options(Shared(core): Inside, Json(options): Json<PushOptions>) -> Response {
    core.with(|state| state.push_options = options);
    StatusCode::NO_CONTENT.into_response()
}

async fn pushes(Shared(core): Inside) -> Response {
    core.with(|state| shown(&state.pushes))
}

async fn faults(Shared(core): Inside) -> Response {
    core.with(|state| shown(&state.faults.0))
}

async fn set_fault(Shared(core): Inside, Json(fault): Json<Fault>) -> Response {
    core.with(|state| state.faults.0.push(fault));
    StatusCode::NO_CONTENT.into_response()
}

async fn clear_faults(Shared(core): Inside) -> Response {
    core.with(|state| state.faults.0.clear());
    StatusCode::NO_CONTENT.into_response()
}

async fn granted(Shared(core): Inside) -> Response {
    core.with(|state| shown(&state.grants))
}

/// Points to grant and to deny.
#[derive(Default, Deserialize)]
#[serde(default)]
struct PermissionChange {
    grant: Vec<String>,
    deny: Vec<String>,
}

async fn set_permissions(Shared(core): Inside, Json(change): Json<PermissionChange>) -> Response {
    let all: Vec<_> = change.grant.iter().chain(&change.deny).collect();
    if let Some(unknown) = all.into_iter().find(|name| permissions::find(name).is_none()) {
        return refused(StatusCode::BAD_REQUEST, &format!("no such permission point: {unknown}"));
    }
    core.with(|state| {
        state.grants.extend(change.grant.iter().filter_map(|name| permissions::find(name)));
        state.grants.retain(|point| !change.deny.iter().any(|name| name == point));
    });
    StatusCode::NO_CONTENT.into_response()
}

async fn limits(Shared(core): Inside) -> Response {
    core.with(|state| shown(&limits_of(state)))
}

/// Sets those limits that are named; `null` switches one off.
async fn set_limits(Shared(core): Inside, Json(change): Json<Map<String, Value>>) -> Response {
    core.with(|state| {
        let number = |name: &str| change.get(name).map(Value::as_u64);
        if let Some(limit) = number("qps") {
            state.meter.qps = limit.map(|limit| u32::try_from(limit).unwrap_or(u32::MAX));
        }
        if let Some(quota) = number("apiQuota") {
            state.meter.api_quota = quota;
        }
        if let Some(quota) = number("pushQuota") {
            state.meter.push_quota = quota;
        }
        if let Some(refuse) = change.get("refuseAddress").and_then(Value::as_bool) {
            state.address_refused = refuse;
        }
        if let Some(premium) = change.get("premium").and_then(Value::as_bool) {
            state.settings.premium = premium;
        }
        shown(&limits_of(state))
    })
}

async fn expire_tokens(Shared(core): Inside) -> Response {
    core.with(|state| state.tokens.expire());
    StatusCode::NO_CONTENT.into_response()
}

async fn calls(Shared(core): Inside) -> Response {
    core.with(|state| shown(&state.meter.counts))
}

fn limits_of(state: &State) -> Value {
    json!({
        "qps": state.meter.qps,
        "apiQuota": state.meter.api_quota,
        "pushQuota": state.meter.push_quota,
        "refuseAddress": state.address_refused,
        "premium": state.settings.premium,
    })
}

fn shown(value: &impl Serialize) -> Response {
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

fn refused(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({"error": why}))).into_response()
}
