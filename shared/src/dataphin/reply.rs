//! What we answer to Dataphin. Its shape is not published: one flat object carries every name a caller could look for.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::{
    approval::{ApplyId, ApprovalId},
    http::{AnsweredAs, Problem, reference},
    visible::visible,
};

/// How refusals are answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReplyStyle {
    /// Refusals come with HTTP 200, for a caller that reads bodies only of those.
    pub refusals_as_200: bool,
}

/// Accepted: one approval stands for the request.
pub fn accepted(id: &ApprovalId, apply_id: Option<&ApplyId>) -> Response {
    let mut body: Value = json!({
        "success": true,
        "code": "0",
        "message": "success",
        "result": "success",
        "processInstanceId": id,
        "instanceId": id,
        "data": {"processInstanceId": id},
    });
    if let Some(apply_id) = apply_id {
        body["applyId"] = json!(apply_id);
    }
    Json(body).into_response()
}

impl ReplyStyle {
    /// Refused.
    pub fn refused(self, problem: Problem) -> Response {
        let mut response = problem.into_response();
        if self.refusals_as_200 {
            *response.status_mut() = StatusCode::OK;
        }
        response
    }
}

/// The answer to a connection test: only `success` passes, anything else is shown to the administrator. What there is to say
/// beside a success is in a member of its own, which nobody has to read.
pub fn check_result(result: Result<Option<String>, Problem>) -> Response {
    let problem = match result {
        Ok(None) => return Json(json!({"checkResult": "success"})).into_response(),
        Ok(Some(message)) => {
            let body = json!({"checkResult": "success", "message": visible(&message)});
            return Json(body).into_response();
        }
        Err(problem) => problem,
    };
    if !problem.is_wrong_credential() {
        tracing::info!(code = problem.code, "a connection test failed");
    }
    failed(&problem)
}

fn failed(problem: &Problem) -> Response {
    let text = format!("{} [{}, reference {}]", visible(&problem.message), problem.code, reference());
    let mut response = Json(json!({"checkResult": text})).into_response();
    problem.mark(&mut response);
    response.extensions_mut().insert(AnsweredAs(failed));
    response
}
