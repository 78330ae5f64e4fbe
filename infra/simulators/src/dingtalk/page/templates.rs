//! Templates, and what only DingTalk's console sets of them: status, approval flow, the initiator's right to revoke.

use std::sync::Arc;

use axum::{
    extract::{Form, Path, State as Shared},
    response::{Html, IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use serde_json::Value;

use super::{Fields, Refresh, address, field, page, sorry};
use crate::dingtalk::{
    core::Core,
    flow::FlowNode,
    templates::{Template, TemplateStatus},
};

const STATUSES: [(TemplateStatus, &str); 3] = [
    (TemplateStatus::Published, "PUBLISHED"),
    (TemplateStatus::Invalid, "INVALID"),
    (TemplateStatus::Saved, "SAVED"),
];

pub(super) async fn show(Shared(core): Shared<Arc<Core>>) -> Html<String> {
    let content = core.with(|state| {
        html! {
            @for template in state.templates.values() { (card(template)) }
            @if state.templates.is_empty() { div.card.muted { "No template yet: the API makes them." } }
        }
    });
    page("Templates", Refresh::Never, &content)
}

pub(super) async fn change(
    Shared(core): Shared<Arc<Core>>,
    Path(process_code): Path<String>,
    Form(fields): Form<Fields>,
) -> Response {
    let flow: Result<Vec<FlowNode>, _> = serde_json::from_str(field(&fields, "flow"));
    let Ok(flow) = flow else { return sorry("The flow is not a list of nodes.", "/templates") };
    let status: Result<TemplateStatus, _> = serde_json::from_value(Value::from(field(&fields, "status")));
    let allow_revoke = !field(&fields, "allow_revoke").is_empty();
    core.with(|state| {
        if let Some(template) = state.templates.get_mut(process_code.as_str()) {
            template.flow = flow;
            template.allow_revoke = allow_revoke;
            template.status = status.unwrap_or(template.status);
        }
    });
    Redirect::to("/templates").into_response()
}

fn card(template: &Template) -> Markup {
    let flow = serde_json::to_string_pretty(&template.flow).unwrap_or_default();
    html! {
        form.card method="post" action=(address("templates", template.process_code.as_str())) {
            h2 { (template.name) }
            span.muted { (template.process_code) }
            table.form {
                @for component in &template.components {
                    tr {
                        th { (component.label) @if component.required { " *" } }
                        td {
                            (component.kind.name()) " " span.muted { (component.id) }
                            @if !component.options.is_empty() {
                                " " (component.options.iter().map(|it| it.value.as_str()).collect::<Vec<_>>().join(" / "))
                            }
                            @for child in &component.children { " · " (child.label) }
                        }
                    }
                }
            }
            label { "Status" }
            select.short name="status" {
                @for (status, word) in STATUSES {
                    option value=(word) selected[status == template.status] { (word) }
                }
            }
            label { "审批流程 · Approval flow" }
            p.muted {
                "A list of nodes: " code { (r#""supervisor""#) } ", "
                code { (r#"{"members": {"users": ["id"], "method": "AND"}}"#) } " (AND, OR or ONE_BY_ONE), "
                code { (r#"{"chosen": {"actor_key": "key", "required": true, "method": "OR", "among": []}}"#) } "."
            }
            textarea.code name="flow" rows=(flow.lines().count().max(4) + 1) { (flow) }
            label.inline {
                input type="checkbox" name="allow_revoke" value="on" checked[template.allow_revoke];
                " 允许提交人撤销审批中的审批单 · the initiator may revoke a running approval"
            }
            div { button { "Save" } }
        }
    }
}
