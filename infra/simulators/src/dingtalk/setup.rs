//! The set-up part of the JSON surface: people, departments, templates.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State as Shared},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    control::{refused, shown},
    core::Core,
    flow::FlowNode,
    ids::UserId,
    new_template::{self, NewTemplate},
    people::{CONTACTS_ROOT, Department, Person, Standing},
    templates::TemplateStatus,
};

type Inside = Shared<Arc<Core>>;

const NO_TEMPLATE: &str = "流程模板不存在";

/// Its routes.
pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new()
        .route("/simulator/people", get(people).post(add_person))
        .route("/simulator/departments", post(add_department))
        .route("/simulator/templates", get(all_templates).post(add_template))
        .route("/simulator/templates/{code}", post(change_template).delete(remove_template))
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
    org_email: Option<String>,
    #[serde(default)]
    title: String,
    #[serde(default)]
    job_number: String,
    departments: Option<Vec<i64>>,
    manager: Option<UserId>,
    #[serde(default)]
    leads: Vec<i64>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    admin: bool,
    standing: Option<Standing>,
    visible: Option<bool>,
}

async fn add_person(Shared(core): Inside, Json(new): Json<NewPerson>) -> Response {
    let plain = Person::new(new.user_id.as_str(), &new.name);
    let person = Person {
        union_id: new.union_id.unwrap_or(plain.union_id),
        mobile: new.mobile,
        email: new.email,
        org_email: new.org_email,
        title: new.title,
        job_number: new.job_number,
        departments: new.departments.unwrap_or_else(|| vec![CONTACTS_ROOT]),
        manager: new.manager,
        leads: new.leads,
        roles: new.roles,
        admin: new.admin,
        standing: new.standing.unwrap_or(Standing::Active),
        visible: new.visible.unwrap_or(true),
        ..plain
    };
    core.with(|state| state.people.add(person));
    StatusCode::NO_CONTENT.into_response()
}

/// A department, and whether the application may see it.
#[derive(Deserialize)]
struct DepartmentOrder {
    #[serde(flatten)]
    department: Department,
    visible: Option<bool>,
}

async fn add_department(Shared(core): Inside, Json(order): Json<DepartmentOrder>) -> Response {
    core.with(|state| {
        state.people.set_department_visible(order.department.id, order.visible.unwrap_or(true));
        state.people.add_department(order.department);
    });
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
    hidden: Option<bool>,
    conditions: Option<Vec<String>>,
}

async fn change_template(
    Shared(core): Inside,
    Path(process_code): Path<String>,
    Json(change): Json<TemplateChange>,
) -> Response {
    core.with(|state| {
        let Some(template) = state.templates.get_mut(process_code.as_str()) else {
            return refused(StatusCode::NOT_FOUND, NO_TEMPLATE);
        };
        if change.conditions.is_some_and(|ids| !template.set_conditions(ids)) {
            return refused(StatusCode::BAD_REQUEST, "a condition is no component of the template");
        }
        template.flow = change.flow.unwrap_or_else(|| std::mem::take(&mut template.flow));
        template.status = change.status.unwrap_or(template.status);
        template.allow_revoke = change.allow_revoke.unwrap_or(template.allow_revoke);
        template.hidden = change.hidden.unwrap_or(template.hidden);
        StatusCode::NO_CONTENT.into_response()
    })
}

async fn remove_template(Shared(core): Inside, Path(process_code): Path<String>) -> Response {
    core.with(|state| match state.templates.remove(process_code.as_str()) {
        Some(_) => StatusCode::NO_CONTENT.into_response(),
        None => refused(StatusCode::NOT_FOUND, NO_TEMPLATE),
    })
}
