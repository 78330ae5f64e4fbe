//! The same doors where the secret or the configuration cannot be used: they say why.
//!
//! Whoever calls must know the access token, or the operator's, if that can be known. Otherwise nobody can be asked for it: then
//! the sentence that the log has is answered, which names variables and no values, and nobody is called.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use jiff::SignedDuration;
use shared::{
    config::{Survey, Variables},
    dataphin::{Access, AccessQuery, reply},
    diagnosis::{Diagnosis, Doctor, Storage},
    http::{
        Problem,
        client::HttpSetupError,
        door::{Body, Params},
        operator,
    },
    lambda::{Broken, Cause},
    world::World,
};

use crate::{BODY_LIMIT, kept::Kept};

#[derive(Clone)]
struct Door {
    doctor: Doctor,
    kept: Kept,
    access: Option<Access>,
    cause: String,
    world: World,
}

/// `check/connect`, and `/operator/doctor`.
pub fn router(broken: &Broken) -> Result<Router, HttpSetupError> {
    let Broken { cause, variables, store, world } = broken;
    let (storage, survey) = (Storage::Open(store.clone()), survey(variables));
    let doctor = match cause {
        Cause::Secret(error) => Doctor::without_secret(variables.clone(), error, storage, world.clone())?,
        Cause::Configuration(_) => Doctor::beside(variables.clone(), storage, world.clone())?,
    };
    let access = access(variables, &survey);
    let kept = Kept::new(doctor.clone(), world.clone());
    let door = Door { doctor, kept, access, cause: cause.to_string(), world: world.clone() };
    let whole = Router::new().route("/operator/doctor", get(examine)).with_state(door.clone());
    let token = variables.given(OPERATOR_TOKEN).filter(|_| is_right(&survey, OPERATOR_TOKEN));
    let whole = match token {
        Some(token) => operator::only(whole, Some(token.into())),
        None => Router::new().route("/operator/doctor", get(tell)).with_state(door.clone()),
    };
    Ok(Router::new().route("/dataphin/bpms/check/connect", post(connect)).with_state(door).merge(whole))
}

const OPERATOR_TOKEN: &str = "BRIDGE_OPERATOR_TOKEN";

fn survey(variables: &Variables) -> Survey {
    Survey::of(|name| variables.get(name).map(ToOwned::to_owned))
}

fn is_right(survey: &Survey, variable: &str) -> bool {
    survey.problems.iter().all(|(wrong, _)| wrong != variable)
}

/// Whom to believe, if the access token is known; the rest of Dataphin's part may be what is wrong.
fn access(variables: &Variables, survey: &Survey) -> Option<Access> {
    let whole = survey.dataphin.as_ref().map(|dataphin| dataphin.access.clone());
    whole.or_else(|| {
        Some(Access {
            token: variables.given("DATAPHIN_ACCESS_TOKEN")?.into(),
            previous: variables.given("DATAPHIN_ACCESS_TOKEN_PREVIOUS").map(Into::into),
            window: SignedDuration::ZERO,
        })
    })
}

async fn connect(
    State(door): State<Door>,
    query: Result<Params<AccessQuery>, Problem>,
    body: Body<BODY_LIMIT>,
) -> Response {
    let caused = cause(&door, query, body).await.unwrap_or_else(|problem| problem);
    reply::check_result(Err(caused))
}

/// What to tell: the cause, or why it is not told.
async fn cause(
    door: &Door,
    query: Result<Params<AccessQuery>, Problem>,
    body: Body<BODY_LIMIT>,
) -> Result<Problem, Problem> {
    let Some(access) = &door.access else { return Ok(told(door)) };
    access.check(&query?.0, door.world.now())?;
    body.read().await?;
    Ok(door.kept.answer().await.err().unwrap_or_else(|| told(door)))
}

async fn examine(State(door): State<Door>) -> Json<Diagnosis> {
    Json(door.doctor.full().await)
}

async fn tell(State(door): State<Door>) -> Problem {
    told(&door)
}

fn told(door: &Door) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "configuration", door.cause.clone())
}
