//! `create`: a request arrives.

use axum::{extract::State, http::StatusCode, response::Response};
use shared::{
    approval::ApprovalId,
    dataphin::{AccessQuery, BadBody, Submission, reply},
    engine::{EngineError, SubmitError, Submitted},
    http::{
        Problem,
        door::{Body, Params},
    },
    metrics::{self, Count},
};

use crate::{BODY_LIMIT, Door};

pub(crate) async fn create(
    State(door): State<Door>,
    query: Result<Params<AccessQuery>, Problem>,
    body: Body<BODY_LIMIT>,
) -> Response {
    match submit(&door, query, body).await {
        Ok(Submitted { id, apply_id }) => reply::accepted(&id, Some(&apply_id)),
        Err(problem) => door.reply_style.refused(problem),
    }
}

async fn submit(
    door: &Door,
    query: Result<Params<AccessQuery>, Problem>,
    body: Body<BODY_LIMIT>,
) -> Result<Submitted, Problem> {
    door.access.admit(&query?.0, door.world.now(), door.engine.store()).await?;
    let submission = Submission::parse(&body.read().await?).map_err(bad_body)?;
    let id = submission.key.id();
    door.engine.submit(submission).await.map_err(|error| problem(error, &id))
}

pub(crate) fn bad_body(BadBody(what): BadBody) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad-body", what)
}

fn problem(error: SubmitError, id: &ApprovalId) -> Problem {
    match error {
        SubmitError::Conflict => Problem::new(
            StatusCode::CONFLICT,
            "another-request-under-this-id",
            "another request was submitted with the same applyId before; a changed request needs a new applyId",
        ),
        SubmitError::TenantMissing => {
            Problem::new(StatusCode::BAD_REQUEST, "tenant-missing", error.to_string())
        }
        SubmitError::Refused { code, message } => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
        }
        SubmitError::Engine(error) => engine_problem(&error, Some(id)),
    }
}

pub(crate) fn engine_problem(error: &EngineError, id: Option<&ApprovalId>) -> Problem {
    metrics::count(Count::NotAdvanced);
    tracing::error!(approval = id.map(tracing::field::display), %error, "not accepted");
    match error {
        EngineError::Store(_) => Problem::unavailable(),
        EngineError::Contended | EngineError::Participants(_) | EngineError::Instance(_) => {
            Problem::internal()
        }
    }
}
