//! *Management Center > System Settings > Approval Settings > External approval system > Other*, in the vendor's words.

use std::sync::Arc;

use axum::{
    Form,
    extract::{Query, State},
    http::StatusCode,
    response::{Html, Redirect},
};
use maud::{Markup, html};
use serde::Deserialize;
use shared::dingtalk::crypto::AES_KEY_LENGTH;

use super::{Fields, Refresh, choice, page, problem, to, when};
use crate::dataphin::{
    answer::Connection,
    callback::CALLBACK_PATH,
    inner::Dataphin,
    settings::{Edition, Profile, Settings},
};

/// What was done before the page is shown, as its query says.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Done {
    Saved,
    Generated,
    Tested,
}

#[derive(Deserialize)]
pub(super) struct ShowQuery {
    done: Option<Done>,
}

pub(super) async fn show(
    State(dataphin): State<Arc<Dataphin>>,
    Query(ShowQuery { done }): Query<ShowQuery>,
) -> Html<String> {
    let content = html! {
        @match done {
            None => {},
            Some(Done::Saved | Done::Tested) => (notice("What is below is in force.")),
            Some(Done::Generated) => {
                (notice("The new Encoding AES Key is in force at once; the bridge must be given the same."))
            }
        }
        (connection(dataphin.state().last_connection.as_ref()))
        (form(&dataphin, &dataphin.in_force().settings))
    };
    render(&content)
}

pub(super) async fn save(
    State(dataphin): State<Arc<Dataphin>>,
    Form(fields): Form<Fields>,
) -> Result<Redirect, Refused> {
    take_over(&dataphin, &fields)?;
    Ok(to("/settings?done=saved"))
}

/// Saves the form with a new key in place of the one that it holds.
pub(super) async fn generate_key(
    State(dataphin): State<Arc<Dataphin>>,
    Form(mut fields): Form<Fields>,
) -> Result<Redirect, Refused> {
    fields.push(("aes_key".to_owned(), dataphin.world.random.letters_and_digits(AES_KEY_LENGTH)));
    take_over(&dataphin, &fields)?;
    Ok(to("/settings?done=generated"))
}

/// Saves the form first: what is tested is what is seen.
pub(super) async fn connect(
    State(dataphin): State<Arc<Dataphin>>,
    Form(fields): Form<Fields>,
) -> Result<Redirect, Refused> {
    take_over(&dataphin, &fields)?;
    dataphin.test_connection().await;
    Ok(to("/settings?done=tested"))
}

/// The page that says why nothing was saved, with what was typed.
type Refused = (StatusCode, Html<String>);

/// Saves what the form brings, all of it or nothing.
fn take_over(dataphin: &Dataphin, fields: &Fields) -> Result<(), Refused> {
    dataphin.change_settings(|settings| fill_in(settings, fields)).map_err(|bad| {
        let mut typed = dataphin.in_force().settings.clone();
        fill_in(&mut typed, fields);
        let content = html! { (problem(&format!("Nothing was saved. {bad}."))) (form(dataphin, &typed)) };
        (StatusCode::UNPROCESSABLE_ENTITY, render(&content))
    })
}

/// Takes over the fields that the form brings.
fn fill_in(settings: &mut Settings, fields: &Fields) {
    let text = |name| last_field(fields, name).map(str::to_owned);
    if let Some(name) = text("name") {
        settings.approval_system_name = name.chars().take(128).collect();
    }
    if let Some(url) = text("bridge_url") {
        settings.bridge_url = Some(url);
    }
    if let Some(tenant) = text("tenant_id") {
        settings.tenant_id = Some(tenant).filter(|tenant| !tenant.is_empty());
    }
    settings.access_token = text("access_token").unwrap_or_else(|| settings.access_token.clone());
    settings.aes_key = text("aes_key").unwrap_or_else(|| settings.aes_key.clone());
    settings.content_type = text("content_type").unwrap_or_else(|| settings.content_type.clone());
    settings.profile = last_field(fields, "profile").and_then(choice).unwrap_or(settings.profile);
    settings.edition = last_field(fields, "edition").and_then(choice).unwrap_or(settings.edition);
    settings.encrypted_answer =
        last_field(fields, "encrypted_answer").map_or(settings.encrypted_answer, |answer| answer == "yes");
}

/// The last field of this name, trimmed: a ticked box and a new key come after what they replace.
fn last_field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.iter().rev().find(|(field, _)| field == name).map(|(_, value)| value.trim())
}

fn render(content: &Markup) -> Html<String> {
    let content = html! {
        p.muted { "Management Center > System Settings > Approval Settings > External approval system > Other" }
        (content)
    };
    page("Approval settings", Refresh::Never, &content)
}

fn notice(words: &str) -> Markup {
    html! { p.card role="status" { span.state.passed { "Saved" } " " (words) } }
}

/// One form: whichever button is pressed, what was typed is saved. The first one is what Enter presses.
fn form(dataphin: &Dataphin, settings: &Settings) -> Markup {
    html! {
        form.card method="post" action="/settings" {
            (text("name", "Approval System Name", &settings.approval_system_name))
            (text("bridge_url", "Submit Approval Request URL", settings.bridge_url.as_deref().unwrap_or_default()))
            (text("access_token", "Access Token", &settings.access_token))
            label { "Callback URL" }
            code { (dataphin.url) (CALLBACK_PATH) }
            (text("aes_key", "Encoding AES Key", &settings.aes_key))
            h2 { "Only in the simulator" }
            label for="profile" { "Callback profile" }
            select #profile name="profile" {
                @for profile in Profile::ALL {
                    option value=(profile.word()) selected[settings.profile == profile] { (profile.word()) }
                }
            }
            input type="hidden" name="encrypted_answer" value="no";
            label.box {
                input type="checkbox" name="encrypted_answer" value="yes" checked[settings.encrypted_answer];
                " Answer an accepted outcome with an encrypted success"
            }
            label for="edition" { "Edition of the submit" }
            select #edition name="edition" {
                option value="first" selected[settings.edition == Edition::First] { "first: no requester, no nodes" }
                option value="second" selected[settings.edition == Edition::Second] { "second: no tenant" }
                option value="third" selected[settings.edition == Edition::Third] { "third: all fields" }
            }
            (text("tenant_id", "Tenant ID", settings.tenant_id.as_deref().unwrap_or_default()))
            (text("content_type", "Content-Type of what is sent", &settings.content_type))
            p.muted { "Each button saves the form first." }
            div.buttons {
                button { "Save" }
                button.plain formaction="/settings/connect" { "Test Connection" }
                button.plain formaction="/settings/key" { "Generate a new Encoding AES Key" }
            }
        }
    }
}

/// How the last connection test went.
fn connection(last: Option<&Connection>) -> Markup {
    html! {
        @if let Some(Connection { passed, message, answer }) = last {
            p.card {
                strong { "Last connection test " }
                span class={ "state " (if *passed { "passed" } else { "failed" }) } {
                    @if *passed { "Passed" } @else { "Failed" }
                }
                " " (message) " " span.muted { (when(answer.answered_at)) }
            }
        }
    }
}

fn text(name: &str, label: &str, value: &str) -> Markup {
    html! {
        label for=(name) { (label) }
        input id=(name) type="text" name=(name) value=(value) autocomplete="off";
    }
}
