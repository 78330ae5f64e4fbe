//! The developer console: event subscription and push log, permission points, limits, and faults.

use std::sync::Arc;

use axum::{
    extract::{Form, State as Shared},
    response::{Html, IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use serde_json::{Value, json};

use super::{Fields, Refresh, field, page, sorry, when};
use crate::dingtalk::{
    catalog::Api,
    core::Core,
    events::EventShape,
    faults::{Fault, Spell, Trouble},
    permissions,
    simulator::save_subscription,
    state::State,
    subscription::{Filter, OwnerKey},
};

/// How many attempts of the push log are shown.
const SHOWN: usize = 50;
const HERE: &str = "/console";

/// What can be chosen to go wrong; a wait is asked for beside it.
const TROUBLES: [(&str, &str); 9] = [
    ("slow", "call: slow"),
    ("server_error", "call: 500 systemError"),
    ("hold_answer", "call: done, answer held back"),
    ("close_before", "call: connection closed, not done"),
    ("close_after", "call: done, connection closed"),
    ("duplicate_push", "push: twice"),
    ("hold_push", "push: behind the next one"),
    ("drop_push", "push: dropped"),
    ("delay_push", "push: late"),
];

pub(super) async fn show(Shared(core): Shared<Arc<Core>>) -> Html<String> {
    let content = core.with(|state| {
        html! {
            (subscription(state)) (points(state)) (limits(state)) (faults(state)) (calls(state)) (pushes(state))
        }
    });
    page("Developer console", Refresh::Never, &content)
}

pub(super) async fn subscribe(Shared(core): Shared<Arc<Core>>, Form(fields): Form<Fields>) -> Response {
    let (url, token, key) = (field(&fields, "url"), field(&fields, "token"), field(&fields, "aes_key"));
    match save_subscription(&core, url, token, key).await {
        Ok(()) => Redirect::to(HERE).into_response(),
        Err(rejection) => sorry(&rejection.to_string(), HERE),
    }
}

pub(super) async fn set_push_options(
    Shared(core): Shared<Arc<Core>>,
    Form(fields): Form<Fields>,
) -> Redirect {
    core.with(|state| {
        let options = &mut state.push_options;
        options.owner_key =
            if field(&fields, "owner_key") == "corp_id" { OwnerKey::CorpId } else { OwnerKey::AppKey };
        options.shape =
            if field(&fields, "shape") == "captured" { EventShape::Captured } else { EventShape::New };
        match field(&fields, "filter") {
            "everything" => options.filter = Filter::default(),
            "recommended" => options.filter = Filter::recommended(),
            _ => {}
        }
    });
    Redirect::to(HERE)
}

pub(super) async fn set_permissions(Shared(core): Shared<Arc<Core>>, Form(fields): Form<Fields>) -> Redirect {
    let granted = fields.iter().filter_map(|(_, value)| permissions::find(value)).collect();
    core.with(|state| state.grants = granted);
    Redirect::to(HERE)
}

pub(super) async fn set_limits(Shared(core): Shared<Arc<Core>>, Form(fields): Form<Fields>) -> Redirect {
    core.with(|state| {
        state.meter.qps = field(&fields, "qps").parse().ok();
        state.meter.api_quota = field(&fields, "api_quota").parse().ok();
        state.meter.push_quota = field(&fields, "push_quota").parse().ok();
        state.address_refused = !field(&fields, "address_refused").is_empty();
        state.settings.premium = !field(&fields, "premium").is_empty();
    });
    Redirect::to(HERE)
}

pub(super) async fn set_fault(Shared(core): Shared<Arc<Core>>, Form(fields): Form<Fields>) -> Response {
    let Some(trouble) = trouble(field(&fields, "trouble"), field(&fields, "wait")) else {
        return sorry("A fault that waits needs a number of milliseconds.", HERE);
    };
    let spell = match field(&fields, "times").parse() {
        Ok(times) => Spell::Next(times),
        Err(_) => Spell::Always,
    };
    let api = serde_json::from_value(Value::from(field(&fields, "api"))).ok();
    core.with(|state| state.faults.0.push(Fault { api, trouble, spell }));
    Redirect::to(HERE).into_response()
}

pub(super) async fn clear_faults(Shared(core): Shared<Arc<Core>>) -> Redirect {
    core.with(|state| state.faults.0.clear());
    Redirect::to(HERE)
}

/// A trouble by its name, with its wait in milliseconds where it has one.
fn trouble(name: &str, wait: &str) -> Option<Trouble> {
    let plain = serde_json::from_value(Value::from(name)).ok();
    plain.or_else(|| serde_json::from_value(json!({name: wait.parse::<u32>().ok()?})).ok())
}

fn subscription(state: &State) -> Markup {
    let url = state.subscription.as_ref().map_or("", |subscription| &subscription.url);
    let options = &state.push_options;
    html! {
        form.card method="post" action="/console/subscription" {
            h2 { "事件订阅 · Event subscription (HTTP push)" }
            label for="url" { "请求网址 · URL" }
            input type="text" id="url" name="url" value=(url);
            label for="token" { "签名 · token" }
            input type="text" id="token" name="token" autocomplete="off";
            label for="aes_key" { "加密 aes_key (43 characters)" }
            input type="text" id="aes_key" name="aes_key" autocomplete="off";
            div { button { "Save (sends check_url)" } }
        }
        form.card method="post" action="/console/push" {
            h2 { "What is pushed" }
            select.short name="filter" {
                option value="keep" { "events: as set" }
                option value="everything" selected[options.filter == Filter::default()] { "events: everything" }
                option value="recommended" selected[options.filter == Filter::recommended()] {
                    "events: an instance's finish and terminate"
                }
            }
            " "
            select.short name="owner_key" {
                option value="app_key" { "addressed to AppKey" }
                option value="corp_id" selected[options.owner_key == OwnerKey::CorpId] { "addressed to CorpId" }
            }
            " "
            select.short name="shape" {
                option value="new" { "today's bodies" }
                option value="captured" selected[options.shape == EventShape::Captured] { "bodies of 2017 to 2023" }
            }
            div { button { "Save" } }
        }
    }
}

fn points(state: &State) -> Markup {
    html! {
        form.card method="post" action="/console/permissions" {
            h2 { "权限管理 · Permission points" }
            @for point in permissions::ALL {
                label.inline {
                    input type="checkbox" name="point" value=(point) checked[state.grants.contains(point)];
                    " " (point)
                }
            }
            div { button { "Save" } }
        }
    }
}

fn limits(state: &State) -> Markup {
    let number = |value: Option<u64>| value.map(|it| it.to_string()).unwrap_or_default();
    let meter = &state.meter;
    html! {
        form.card method="post" action="/console/limits" {
            h2 { "Limits (empty: off)" }
            label { "Calls a second for each API" }
            input type="text" name="qps" value=(number(meter.qps.map(u64::from)));
            label { "Paid calls a month (" (meter.counts.paid_this_month) " so far)" }
            input type="text" name="api_quota" value=(number(meter.api_quota));
            label { "Pushes a month (" (meter.counts.pushes_this_month) " so far)" }
            input type="text" name="push_quota" value=(number(meter.push_quota));
            br;
            label.inline {
                input type="checkbox" name="address_refused" value="on" checked[state.address_refused];
                " the caller's address is not in the allow-list"
            }
            label.inline {
                input type="checkbox" name="premium" value="on" checked[state.settings.premium];
                " premium interfaces"
            }
            div { button { "Save" } }
        }
    }
}

fn faults(state: &State) -> Markup {
    html! {
        form.card method="post" action="/console/faults" {
            h2 { "Faults" }
            select.short name="trouble" {
                @for (name, words) in TROUBLES { option value=(name) { (words) } }
            }
            " "
            select.short name="api" {
                option value="" { "every API" }
                @for api in Api::ALL { option value=(api.name()) { (api.name()) } }
            }
            label { "Milliseconds (slow, held back, late)" }
            input type="text" name="wait" value="3000";
            label { "How many times (empty: until cleared)" }
            input type="text" name="times" value="1";
            div {
                button { "Set" }
                button.plain formaction="/console/faults/clear" { "Clear all" }
            }
            @for fault in &state.faults.0 {
                p {
                    (format!("{:?}", fault.trouble)) " · "
                    (fault.api.map_or("every API", Api::name)) " · " (format!("{:?}", fault.spell))
                }
            }
        }
    }
}

fn calls(state: &State) -> Markup {
    html! {
        h2 { "Calls" }
        table {
            tr { th { "API" } th { "Calls" } th { "Paid" } th { "Turned away" } }
            @for (api, count) in &state.meter.counts.by_api {
                tr { td { (api) } td { (count.calls) } td { (count.paid) } td { (count.turned_away) } }
            }
        }
    }
}

fn pushes(state: &State) -> Markup {
    html! {
        h2 { "Push log (" (state.failed.len()) " in the failed list)" }
        table {
            tr { th { "When" } th { "Event" } th { "Attempt" } th { "Answer" } th { "Took" } }
            @for push in state.pushes.iter().rev().take(SHOWN) {
                tr {
                    td { (when(push.at)) }
                    td { (push.event_type) " " (push.kind) br; span.muted { (push.instance) } }
                    td { (push.attempt) }
                    td { (format!("{:?}", push.outcome)) }
                    td { (push.took_ms) " ms" }
                }
            }
        }
    }
}
