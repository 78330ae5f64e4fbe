//! The switches of the JSON surface: subscription, faults, permission points, limits, tokens; and the counts.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State as Shared,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    control::{refused, shown},
    core::Core,
    faults::Fault,
    permissions,
    simulator::save_subscription,
    state::State,
    subscription::PushOptions,
};

type Inside = Shared<Arc<Core>>;

/// Their routes.
pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new()
        .route("/simulator/subscription", post(subscribe))
        .route("/simulator/push-options", get(push_options).post(set_push_options))
        .route("/simulator/pushes", get(pushes))
        .route("/simulator/faults", get(faults).post(set_fault).delete(clear_faults))
        .route("/simulator/permissions", get(granted).post(set_permissions))
        .route("/simulator/limits", get(limits).post(set_limits))
        .route("/simulator/tokens/expire", post(expire_tokens))
        .route("/simulator/calls", get(calls))
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
