//! The switches of the JSON surface: subscription, faults, permission points, limits, tokens; and the counts.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State as Shared,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    control::{refused, shown},
    core::Core,
    faults::Fault,
    permissions,
    state::State,
    subscribe::{self, Subscribed},
    subscription::PushOptions,
};

type Inside = Shared<Arc<Core>>;

/// Their routes.
pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new()
        .route("/simulator/subscription", get(subscribed).post(subscribe).delete(unsubscribe))
        .route("/simulator/push-options", get(push_options).post(set_push_options))
        .route("/simulator/pushes", get(pushes))
        .route("/simulator/faults", get(faults).post(set_fault).delete(clear_faults))
        .route("/simulator/permissions", get(granted).post(set_permissions))
        .route("/simulator/limits", get(limits).post(set_limits))
        .route("/simulator/tokens/expire", post(expire_tokens))
        .route("/simulator/calls", get(calls))
}

/// A subscription; `force` leaves the check out, and then what is absent stays as it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubscriptionOrder {
    url: Option<String>,
    token: Option<String>,
    aes_key: Option<String>,
    #[serde(default)]
    force: bool,
}

async fn subscribe(Shared(core): Inside, Json(order): Json<SubscriptionOrder>) -> Response {
    let (url, token, aes_key) = (order.url.as_deref(), order.token.as_deref(), order.aes_key.as_deref());
    let saved = if order.force {
        core.with(|state| subscribe::force(state, url, token, aes_key))
    } else {
        let text = Option::unwrap_or_default;
        subscribe::save(&core, text(url), text(token), text(aes_key)).await
    };
    match saved {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(rejection) => refused(StatusCode::BAD_REQUEST, &rejection.to_string()),
    }
}

/// What is set: the address, never token or key.
async fn subscribed(Shared(core): Inside) -> Response {
    core.with(|state| {
        let subscribed = state.subscription.as_deref().map(Subscribed::from);
        shown(&json!({"subscription": subscribed, "options": state.push_options}))
    })
}

async fn unsubscribe(Shared(core): Inside) -> Response {
    core.with(|state| state.subscription = None);
    StatusCode::NO_CONTENT.into_response()
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
        let seconds = |name: &str| change.get(name).and_then(Value::as_i64).map(bounded);
        if let Some(skew) = seconds("clockSkewSeconds") {
            state.settings.clock_skew = skew;
        }
        if let Some(delay) = seconds("nameDelaySeconds") {
            state.settings.name_delay = delay;
        }
        if let Some(delay) = seconds("listDelaySeconds") {
            state.settings.list_delay = delay;
        }
        if let Some(wide) = change.get("wideTableChildren").and_then(Value::as_bool) {
            state.settings.wide_table_children = wide;
        }
        if let Some(premium) = change.get("premium").and_then(Value::as_bool) {
            state.settings.premium = premium;
        }
        shown(&limits_of(state))
    })
}

/// Ten years are enough for any clock.
pub(super) fn bounded(seconds: i64) -> SignedDuration {
    const MOST: i64 = 10 * 365 * 86_400;
    SignedDuration::from_secs(seconds.clamp(-MOST, MOST))
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
        "clockSkewSeconds": state.settings.clock_skew.as_secs(),
        "nameDelaySeconds": state.settings.name_delay.as_secs(),
        "listDelaySeconds": state.settings.list_delay.as_secs(),
        "wideTableChildren": state.settings.wide_table_children,
    })
}
