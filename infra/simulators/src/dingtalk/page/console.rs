//! The developer console: event subscription and push log, permission points, limits, and calls.

use std::{str::FromStr, sync::Arc};

use axum::{
    extract::{Form, State as Shared},
    response::{Html, IntoResponse, Redirect, Response},
};
use jiff::SignedDuration;
use maud::{Markup, html};

use super::{Fields, Refresh, faults, field, page, sorry, when};
use crate::dingtalk::{
    core::Core,
    events::EventShape,
    permissions,
    push::PushOutcome,
    state::State,
    subscribe,
    subscription::{Filter, OwnerKey},
    switches::bounded,
};

/// How many attempts of the push log are shown.
const SHOWN: usize = 50;
pub(super) const HERE: &str = "/console";
const QPS: &str = "Calls a second for each API";
const API_QUOTA: &str = "Paid calls a month";
const PUSH_QUOTA: &str = "Pushes a month";
const CLOCK_SKEW: &str = "Seconds by which the date of answers is off";
const NAME_DELAY: &str = "Seconds until a new template is found by its name";

pub(super) async fn show(Shared(core): Shared<Arc<Core>>) -> Html<String> {
    let content = core.with(|state| {
        html! {
            (subscription(state)) (points(state)) (limits(state)) (faults::form(state)) (calls(state)) (pushes(state))
        }
    });
    page("Developer console", Refresh::Never, &content)
}

pub(super) async fn subscribe(Shared(core): Shared<Arc<Core>>, Form(fields): Form<Fields>) -> Response {
    let (url, token, key) = (field(&fields, "url"), field(&fields, "token"), field(&fields, "aes_key"));
    let typed = |text| Some(text).filter(|text: &&str| !text.is_empty());
    let saved = match field(&fields, "act") {
        "remove" => {
            core.with(|state| state.subscription = None);
            Ok(())
        }
        "force" => core.with(|state| subscribe::force(state, typed(url), typed(token), typed(key))),
        _ => subscribe::save(&core, url, token, key).await,
    };
    match saved {
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

pub(super) async fn set_limits(Shared(core): Shared<Arc<Core>>, Form(fields): Form<Fields>) -> Response {
    let limits = || {
        let qps = limit(&fields, "qps", QPS)?;
        let quotas = (limit(&fields, "api_quota", API_QUOTA)?, limit(&fields, "push_quota", PUSH_QUOTA)?);
        Ok((
            qps,
            quotas,
            seconds(&fields, "clock_skew", CLOCK_SKEW)?,
            seconds(&fields, "name_delay", NAME_DELAY)?,
        ))
    };
    let (qps, (api_quota, push_quota), clock_skew, name_delay) = match limits() {
        Ok(limits) => limits,
        Err::<_, String>(why) => return sorry(&why, HERE),
    };
    core.with(|state| {
        state.meter.qps = qps;
        state.meter.api_quota = api_quota;
        state.meter.push_quota = push_quota;
        state.address_refused = !field(&fields, "address_refused").is_empty();
        state.settings.clock_skew = clock_skew;
        state.settings.name_delay = name_delay;
        state.settings.premium = !field(&fields, "premium").is_empty();
    });
    Redirect::to(HERE).into_response()
}

/// A time as it was typed: empty is none.
fn seconds(fields: &Fields, name: &str, label: &str) -> Result<SignedDuration, String> {
    Ok(bounded(limit(fields, name, label)?.unwrap_or_default()))
}

/// A limit as it was typed: empty is off, and what is no number is refused.
fn limit<T: FromStr>(fields: &Fields, name: &str, label: &str) -> Result<Option<T>, String> {
    match field(fields, name) {
        "" => Ok(None),
        typed => {
            let number = typed.parse();
            number.map(Some).map_err(|_| format!("{label}: a whole number or nothing, not “{typed}”."))
        }
    }
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
            div {
                button name="act" value="save" { "Save (sends check_url)" }
                button.plain name="act" value="force" { "Save without check_url; what is empty stays" }
                @if state.subscription.is_some() { button.refuse name="act" value="remove" { "Remove" } }
            }
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
            label for="qps" { (QPS) }
            input type="text" inputmode="numeric" id="qps" name="qps" value=(number(meter.qps.map(u64::from)));
            label for="api_quota" { (API_QUOTA) " (" (meter.counts.paid_this_month) " so far)" }
            input type="text" inputmode="numeric" id="api_quota" name="api_quota" value=(number(meter.api_quota));
            label for="push_quota" { (PUSH_QUOTA) " (" (meter.counts.pushes_this_month) " so far)" }
            input type="text" inputmode="numeric" id="push_quota" name="push_quota" value=(number(meter.push_quota));
            label for="clock_skew" { (CLOCK_SKEW) }
            input type="text" id="clock_skew" name="clock_skew" value=(state.settings.clock_skew.as_secs());
            label for="name_delay" { (NAME_DELAY) }
            input type="text" id="name_delay" name="name_delay" value=(state.settings.name_delay.as_secs());
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

fn calls(state: &State) -> Markup {
    html! {
        h2 { "Calls" }
        div.wide {
            table {
                tr { th { "API" } th { "Calls" } th { "Paid" } th { "Turned away" } th { "Failed by a fault" } }
                @for (api, count) in &state.meter.counts.by_api {
                    tr {
                        td { (api) } td { (count.calls) } td { (count.paid) } td { (count.turned_away) }
                        td { (count.failed) }
                    }
                }
            }
        }
    }
}

fn pushes(state: &State) -> Markup {
    html! {
        h2 { "Push log (" (state.failed.len()) " in the failed list)" }
        div.wide {
            table {
                tr { th { "When" } th { "Event" } th { "Attempt" } th { "Answer" } th { "Took" } }
                @for push in state.pushes.iter().rev().take(SHOWN) {
                    tr {
                        td.word { (when(push.at)) }
                        td { (push.event_type) " " (push.kind) br; span.muted { (push.instance) } }
                        td { (push.attempt) }
                        td { (outcome_of(&push.outcome)) }
                        td.word { (push.took_ms) " ms" }
                    }
                }
            }
        }
    }
}

fn outcome_of(outcome: &PushOutcome) -> String {
    match outcome {
        PushOutcome::Delivered => "delivered".to_owned(),
        PushOutcome::Rejected(rejection) => rejection.to_string(),
        PushOutcome::Dropped => "dropped by a fault".to_owned(),
        PushOutcome::OverQuota => "not sent: the month's pushes are used up".to_owned(),
    }
}
