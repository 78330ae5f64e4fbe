//! *Management Center > System Settings > Approval Settings > External approval system > Other*, in the vendor's words.

use std::sync::Arc;

use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use shared::dingtalk::crypto::AES_KEY_LENGTH;

use super::{Fields, Refresh, choice, field, page, to};
use crate::dataphin::{
    answer::Connection,
    callback::CALLBACK_PATH,
    content::local,
    inner::Dataphin,
    settings::{Edition, Profile},
};

pub(super) async fn show(State(dataphin): State<Arc<Dataphin>>) -> Html<String> {
    render(&dataphin, None)
}

pub(super) async fn save(State(dataphin): State<Arc<Dataphin>>, Form(fields): Form<Fields>) -> Response {
    let text = |name| field(&fields, name).to_owned();
    let changed = dataphin.change_settings(|settings| {
        settings.approval_system_name = text("name").chars().take(128).collect();
        settings.bridge_url = Some(text("bridge_url"));
        settings.access_token = text("access_token");
        settings.aes_key = text("aes_key");
        settings.profile = choice(field(&fields, "profile")).unwrap_or(settings.profile);
        settings.encrypted_answer = field(&fields, "encrypted_answer") == "yes";
        settings.edition = choice(field(&fields, "edition")).unwrap_or(settings.edition);
        settings.tenant_id = Some(text("tenant_id")).filter(|tenant| !tenant.is_empty());
        settings.content_type = text("content_type");
    });
    match changed {
        Ok(()) => to("/settings").into_response(),
        Err(bad) => {
            let page = render(&dataphin, Some(&format!("Nothing was saved. {bad}.")));
            (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
        }
    }
}

pub(super) async fn generate_key(State(dataphin): State<Arc<Dataphin>>) -> Redirect {
    let key = dataphin.world.random.letters_and_digits(AES_KEY_LENGTH);
    // 43 letters and digits always are a key.
    let _ = dataphin.change_settings(|settings| settings.aes_key = key);
    to("/settings")
}

pub(super) async fn connect(State(dataphin): State<Arc<Dataphin>>) -> Redirect {
    dataphin.test_connection().await;
    to("/settings")
}

fn render(dataphin: &Dataphin, problem: Option<&str>) -> Html<String> {
    let last_connection = dataphin.state().last_connection.clone();
    let content = html! {
        p.muted { "Management Center > System Settings > Approval Settings > External approval system > Other" }
        @if let Some(problem) = problem { p.card { span.state.failed { "Error" } " " (problem) } }
        (form(dataphin))
        (connection(last_connection.as_ref()))
        form.card method="post" action="/settings/key" {
            strong { "Encoding AES Key" }
            p { "A new key replaces the old one at once; the bridge must be given the same." }
            button.plain { "Generate" }
        }
    };
    page("Approval settings", Refresh::Never, &content)
}

fn form(dataphin: &Dataphin) -> Markup {
    let in_force = dataphin.in_force();
    let settings = &in_force.settings;
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
                option value="encrypted" selected[settings.profile == Profile::Encrypted] { "encrypted" }
                option value="plain" selected[settings.profile == Profile::Plain] { "plain" }
            }
            label.inline {
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
            button { "Save" }
        }
    }
}

fn connection(last: Option<&Connection>) -> Markup {
    html! {
        form.card method="post" action="/settings/connect" {
            strong { "Test Connection" }
            @if let Some(Connection { passed, message, answer }) = last {
                p {
                    span class={ "state " (if *passed { "passed" } else { "failed" }) } {
                        @if *passed { "Passed" } @else { "Failed" }
                    }
                    " " (message) " " span.muted { (local(answer.answered_at)) }
                }
            }
            div { button.plain { "Test Connection" } }
        }
    }
}

fn text(name: &str, label: &str, value: &str) -> Markup {
    html! {
        label for=(name) { (label) }
        input id=(name) type="text" name=(name) value=(value) autocomplete="off";
    }
}
