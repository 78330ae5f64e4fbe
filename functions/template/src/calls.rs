//! The calls: what an administrator does with templates, as JSON.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::{
    approval::{InstanceId, UserId},
    http::{Problem, door::Body},
    template::{Content, Generated, Purpose, Report, Template, TemplateError, Templates, Trial, Way, Which},
};

use crate::BODY_LIMIT;

type Asked = Body<BODY_LIMIT>;

/// What a call asks for; what is absent is the usual.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Order {
    /// Which requests it is for: `default`, `type:AUTH`, `code:T-1`, `quick-bi`.
    r#for: Option<String>,
    /// In whose name, by userid.
    user: Option<String>,
    /// A template of DingTalk's, by code or name.
    template: Option<String>,
    /// `source` or `template`.
    way: Option<String>,
    /// What goes into which field, by label.
    fields: BTreeMap<String, String>,
}

impl Order {
    async fn read(body: Asked) -> Result<Self, Problem> {
        let body = body.read().await?;
        if body.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_slice(&body).map_err(|error| bad(format!("the body is not understood: {error}")))
    }

    fn purpose(&self) -> Result<Purpose, Problem> {
        self.r#for
            .as_deref()
            .unwrap_or("default")
            .parse()
            .map_err(|error: shared::template::NoPurpose| bad(error.to_string()))
    }

    fn way(&self) -> Result<Option<Way>, Problem> {
        self.way.as_deref().map(str::parse).transpose().map_err(|error: &str| bad(error.to_owned()))
    }

    fn user(&self) -> Option<UserId> {
        self.user.as_deref().map(str::trim).filter(|user| !user.is_empty()).map(UserId::new)
    }
}

pub(super) async fn list(State(templates): State<Templates>) -> Result<Json<Value>, Problem> {
    let book = templates.book().await.map_err(|error| problem(error.into()))?;
    Ok(Json(json!({"configured": templates.configured(), "templates": book.templates})))
}

pub(super) async fn generate(
    State(templates): State<Templates>,
    body: Asked,
) -> Result<Json<Generated>, Problem> {
    let order = Order::read(body).await?;
    templates.generate(&order.purpose()?, order.way()?).await.map(Json).map_err(problem)
}

pub(super) async fn adopt(
    State(templates): State<Templates>,
    body: Asked,
) -> Result<Json<Template>, Problem> {
    let order = Order::read(body).await?;
    let which = order
        .template
        .as_deref()
        .ok_or_else(|| bad("`template` is missing: a code (PROC-…) or a name".to_owned()))?;
    let way = order.way()?.unwrap_or_default();
    let fields: Vec<_> =
        order.fields.iter().map(|(label, content)| (label.clone(), Content::read(content))).collect();
    let adopted = templates.adopt(&order.purpose()?, &Which::read(which), way, &fields).await;
    adopted.map(Json).map_err(problem)
}

pub(super) async fn forget(State(templates): State<Templates>, body: Asked) -> Result<Json<Value>, Problem> {
    let purpose = Order::read(body).await?.purpose()?;
    templates.forget(&purpose).await.map_err(problem)?;
    Ok(Json(json!({"forgotten": purpose.to_string()})))
}

pub(super) async fn check(State(templates): State<Templates>, body: Asked) -> Result<Json<Report>, Problem> {
    let order = Order::read(body).await?;
    templates.check(&order.purpose()?, order.user().as_ref()).await.map(Json).map_err(problem)
}

pub(super) async fn try_out(State(templates): State<Templates>, body: Asked) -> Result<Json<Value>, Problem> {
    let order = Order::read(body).await?;
    let trial = templates.try_out(&order.purpose()?, order.user().as_ref()).await.map_err(problem)?;
    Ok(Json(shown(&trial)))
}

/// Each look takes the trial a step further.
pub(super) async fn look_at_trial(
    State(templates): State<Templates>,
    Path(instance): Path<String>,
) -> Result<Json<Value>, Problem> {
    let trial = templates.look_at_trial(&InstanceId::new(instance)).await.map_err(problem)?;
    let trial = trial.ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "no-such-trial",
            "there is no such try, or it is over a day old: start a new one",
        )
    })?;
    Ok(Json(shown(&trial)))
}

fn shown(trial: &Trial) -> Value {
    json!({
        "instance": trial.instance,
        "processCode": trial.process_code,
        "template": trial.template,
        "person": trial.person,
        "standing": trial.standing(),
        "legs": trial.legs(),
        "failures": trial.failures,
    })
}

fn problem(error: TemplateError) -> Problem {
    let message = error.to_string();
    match error {
        TemplateError::DingTalk { error } => Problem::new(StatusCode::BAD_GATEWAY, error.code, message),
        TemplateError::Store(store) => {
            tracing::error!(error = %store, "templates");
            Problem::unavailable()
        }
        TemplateError::Unmapped(_) | TemplateError::Cannot(_) => {
            Problem::new(StatusCode::CONFLICT, "template", message)
        }
    }
}

fn bad(message: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad-order", message)
}
