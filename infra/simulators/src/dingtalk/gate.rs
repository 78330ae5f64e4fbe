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
    errors::{Answer, Host, Refusal, respond},
    faults::{Trouble, milliseconds},
    state::State,
};

/// No body of DingTalk's is larger; a form's values are 150 × 65,535 characters at most.
const LARGEST_BODY: usize = 16 << 20;

/// Answers a call to any of DingTalk's own paths, with the date that the platform believes in.
pub(crate) async fn answer(Shared(core): Shared<Arc<Core>>, request: Request) -> Response {
    let mut response = answer_call(&core, request).await;
    let date = core.with(|state| {
        let now = state.now();
        date(now.checked_add(state.settings.clock_skew).unwrap_or(now))
    });
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
    let call = Call::read(&parts, body, parameter).await;
    let random = core.world.random.clone();
    let troubles = core.with(|state| state.faults.strike(row.api, random.as_ref()));
    if let Some(response) = before(core, row, &troubles).await {
        return response;
    }
    let outcome = core.with(|state| {
        admit(state, row, &call).inspect_err(|_| state.meter.turn_away(row.api))?;
        (row.act)(state, &call)
    });
    if let Some(response) = after(core, &troubles).await {
        return response;
    }
    render(core, outcome)
}

/// What goes wrong before the call is done.
async fn before(core: &Arc<Core>, row: &Row, troubles: &[Trouble]) -> Option<Response> {
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
            _ => {}
        }
    }
    None
}

/// What goes wrong once it is done.
async fn after(core: &Core, troubles: &[Trouble]) -> Option<Response> {
    for trouble in troubles {
        match trouble {
            Trouble::HoldAnswer(wait) => core.world.sleep(milliseconds(*wait)).await,
            Trouble::CloseAfter => return Some(hang_up()),
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
    state.meter.admit(row.api, row.host, row.price, now)
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

/// A response whose body fails before its first byte: the server closes the connection, and the caller sees no answer.
fn hang_up() -> Response {
    Response::new(Body::new(Limited::new(Body::from("no"), 1)))
}
