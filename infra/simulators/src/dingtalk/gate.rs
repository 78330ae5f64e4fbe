//! In front of every call: faults, token, address list, permission point, limits; then the API itself.
//!
//! Spec sections 1.6, 1.7, 5.1 and 5.4.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State as Shared},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use http_body_util::Limited;
use jiff::Timestamp;
use serde_json::json;

use super::{
    call::Call,
    catalog::{self, Key, Row},
    core::Core,
    distort::distort,
    errors::{Answer, Host, Refusal, respond},
    faults::{Trouble, milliseconds},
    state::State,
};

/// No body of DingTalk's is larger; a form's values are 150 × 65,535 characters at most.
const LARGEST_BODY: usize = 16 << 20;

/// Answers a call to any of DingTalk's own paths, with the date that the platform believes in.
pub(crate) async fn answer(Shared(core): Shared<Arc<Core>>, request: Request) -> Response {
    let mut response = answer_call(&core, request).await;
    let date = core.with(|state| date(state.now()));
    if let Ok(date) = HeaderValue::try_from(date) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

/// A moment as HTTP writes it.
fn date(moment: Timestamp) -> String {
    moment.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

async fn answer_call(core: &Arc<Core>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some((row, parameter)) = catalog::find(&parts.method, parts.uri.path()) else {
        return no_such_api(core, parts.uri.path());
    };
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let call = Arc::new(Call::read(&parts, body, parameter).await);
    let random = core.world.random.clone();
    let troubles = core.with(|state| state.faults.strike(row.api, random.as_ref()));
    if let Some(response) = before(core, row, &call, &troubles).await {
        return response;
    }
    let outcome = core.with(|state| {
        let outcome = act(state, row, &call)?;
        Ok(distort(state, row.api, &call, &troubles, outcome))
    });
    if let Some(response) = after(core, row, &call, &troubles).await {
        return response;
    }
    render(core, outcome)
}

/// The call itself, if it is let in.
fn act(state: &mut State, row: &Row, call: &Call) -> Answer {
    admit(state, row, call).inspect_err(|_| state.meter.turn_away(row.api))?;
    (row.act)(state, call)
}

/// Does the call later, whatever its caller was answered.
fn act_later(core: &Arc<Core>, row: &'static Row, call: &Arc<Call>, wait: u32) {
    let (held, call, due) = (core.clone(), call.clone(), core.world.now() + milliseconds(wait));
    core.spawn(async move {
        held.world.clock.sleep_until(due).await;
        // Nobody is there to be answered.
        let _ = held.with(|state| act(state, row, &call));
    });
}

/// What goes wrong before the call is done.
async fn before(
    core: &Arc<Core>,
    row: &'static Row,
    call: &Arc<Call>,
    troubles: &[Trouble],
) -> Option<Response> {
    for trouble in troubles {
        match trouble {
            Trouble::Slow(wait) => core.world.sleep(milliseconds(*wait)).await,
            Trouble::ServerError => {
                core.with(|state| state.meter.fail(row.api));
                let refusal = match row.host {
                    Host::V1 => Refusal::v1_status(500, "systemError", "系统错误"),
                    Host::Oapi => Refusal::oapi(-1, "系统繁忙"),
                };
                return Some(refusal.respond(core.world.random.as_ref()));
            }
            Trouble::CloseBefore => {
                core.with(|state| state.meter.fail(row.api));
                return Some(hang_up());
            }
            Trouble::AnswerBefore { status, content_type, body } => {
                core.with(|state| state.meter.fail(row.api));
                return Some(raw(*status, content_type, body));
            }
            Trouble::DeliverLate(wait) => {
                act_later(core, row, call, *wait);
                return Some(hang_up());
            }
            _ => {}
        }
    }
    None
}

/// What goes wrong once it is done.
async fn after(
    core: &Arc<Core>,
    row: &'static Row,
    call: &Arc<Call>,
    troubles: &[Trouble],
) -> Option<Response> {
    for trouble in troubles {
        match trouble {
            Trouble::HoldAnswer(wait) => core.world.sleep(milliseconds(*wait)).await,
            Trouble::CloseAfter => return Some(hang_up()),
            Trouble::AnswerAfter { status, content_type, body } => {
                return Some(raw(*status, content_type, body));
            }
            Trouble::DeliverTwice(wait) => act_later(core, row, call, *wait),
            _ => {}
        }
    }
    None
}

/// Token, address list, permission point, limits: in this order.
fn admit(state: &mut State, row: &Row, call: &Call) -> Result<(), Refusal> {
    let now = state.now();
    if let Key::Token(point) = row.key {
        let (token, absent) = match row.host {
            Host::V1 => (
                call.token_header(),
                Refusal::v1("AuthenticationFailed.MissingParameter", "缺少参数：x-acs-dingtalk-access-token"),
            ),
            Host::Oapi => (call.query("access_token"), Refusal::gateway("40000", "缺少参数 access_token")),
        };
        let token = token.ok_or(absent)?;
        let Some(grants) = state.tokens.grants(token, now) else {
            return Err(match row.host {
                Host::V1 => Refusal::v1("InvalidAuthentication", "不合法的access_token"),
                Host::Oapi => Refusal::gateway("40014", "不合法的access_token"),
            });
        };
        if state.address_refused {
            return Err(match row.host {
                Host::V1 => {
                    Refusal::v1_status(403, "Forbidden.AccessDenied.IpNotInWhiteList", "访问ip不在白名单之中")
                }
                Host::Oapi => Refusal::gateway("60020", "访问ip不在白名单之中"),
            });
        }
        // A withdrawn point is missing at once; a granted one comes with the next new token.
        if !(grants.contains(point) && state.grants.contains(point)) {
            return Err(match row.host {
                Host::V1 => Refusal::V1 {
                    status: 403,
                    code: "Forbidden.AccessDenied.AccessTokenPermissionDenied".into(),
                    message: "没有调用该接口的权限，接口权限申请参考：\
                              https://open.dingtalk.com/document/orgapp-server/add-api-permission"
                        .into(),
                    scope: Some(point),
                },
                Host::Oapi => Refusal::gateway("60011", format!("应用尚未开通所需的权限：[{point}]")),
            });
        }
    }
    state.meter.admit(row.api, row.host, row.price, state.world.now())
}

fn render(core: &Core, outcome: Answer) -> Response {
    match outcome {
        Ok(body) => respond(StatusCode::OK, &body),
        Err(refusal) => refusal.respond(core.world.random.as_ref()),
    }
}

fn no_such_api(core: &Core, path: &str) -> Response {
    if path.starts_with("/v1.0/") {
        let text = "Specified api is not found, please check your url and method.";
        return Refusal::v1_status(404, "InvalidAction.NotFound", text).respond(core.world.random.as_ref());
    }
    let is_oapi = path == "/gettoken" || path.starts_with("/topapi/") || path.starts_with("/call_back/");
    let status = if is_oapi { StatusCode::OK } else { StatusCode::NOT_FOUND };
    respond(status, &json!({"errcode": 404, "errmsg": "请求的URI地址不存在"}))
}

/// An answer that is given as it is.
fn raw(status: u16, content_type: &str, body: &str) -> Response {
    let mut response = Response::new(Body::from(body.to_owned()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    if let Some(kind) = HeaderValue::try_from(content_type).ok().filter(|kind| !kind.is_empty()) {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}

/// A response whose body fails before its first byte: the server closes the connection, and the caller sees no answer.
fn hang_up() -> Response {
    Response::new(Body::new(Limited::new(Body::from("no"), 1)))
}
