//! `terminate`, `revoke`, `cancel`, `withdraw`: a request is taken back. Whether and how Dataphin calls one of them is
//! not published, so all are served.

use axum::{extract::State, http::StatusCode, response::Response};
use shared::{
    approval::ApprovalId,
    dataphin::{AccessQuery, WithdrawalRequest, reply},
    engine::WithdrawError,
    http::{
        Problem,
        door::{Body, Params},
    },
};

use crate::{
    BODY_LIMIT, Door,
    create::{bad_body, engine_problem},
};

pub(crate) async fn withdraw(
    State(door): State<Door>,
    query: Result<Params<AccessQuery>, Problem>,
    body: Body<BODY_LIMIT>,
) -> Response {
    match take_back(&door, query, body).await {
        Ok(approval) => reply::accepted(&approval, None),
        Err(problem) => door.reply_style.refused(problem),
    }
}

async fn take_back(
    door: &Door,
    query: Result<Params<AccessQuery>, Problem>,
    body: Body<BODY_LIMIT>,
) -> Result<ApprovalId, Problem> {
    door.access.admit(&query?.0, door.world.now(), door.engine.store()).await?;
    let withdrawal = WithdrawalRequest::parse(&body.read().await?).map_err(bad_body)?;
    let withdrawn = door.engine.withdraw_request(&withdrawal).await;
    let approval = withdrawn.map_err(|error| problem(error, withdrawal.approval.as_ref()))?;
    tracing::info!(%approval, "withdrawal asked for");
    Ok(approval)
}

fn problem(error: WithdrawError, id: Option<&ApprovalId>) -> Problem {
    let message = error.to_string();
    match error {
        WithdrawError::Unknown => Problem::new(StatusCode::NOT_FOUND, "no-such-request", message),
        WithdrawError::Ambiguous => Problem::new(StatusCode::BAD_REQUEST, "tenant-missing", message),
        WithdrawError::Contradicts(_) => {
            Problem::new(StatusCode::CONFLICT, "contradicting-withdrawal", message)
        }
        WithdrawError::Ended(_) | WithdrawError::Refused => {
            Problem::new(StatusCode::CONFLICT, "ended-already", message)
        }
        WithdrawError::Engine(error) => engine_problem(&error, id),
    }
}
