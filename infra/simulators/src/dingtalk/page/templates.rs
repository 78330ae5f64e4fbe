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

const HERE: &str = "/templates";
const STATUSES: [(TemplateStatus, &str); 3] = [
    (TemplateStatus::Published, "PUBLISHED"),
    (TemplateStatus::Invalid, "INVALID"),
    (TemplateStatus::Saved, "SAVED"),
];

const NODES: [(&str, &str); 10] = [
    (r#"{"members": {"users": ["id"], "method": "AND"}}"#, "指定成员 · specified members"),
    (
        r#"{"chosen": {"actor_key": "key", "required": true, "method": "OR", "among": [], "allowed_multi": true}}"#,
        "发起人自选 · selected by the initiator, among everybody or the people named",
    ),
    (r#""supervisor""#, "直接主管 · the initiator's direct supervisor"),
    (r#""department_head""#, "部门主管 · the head of the initiator's department"),
    (r#""initiator""#, "发起人自己 · the initiator"),
    (r#"{"role": {"role": "name", "method": "OR"}}"#, "角色 · everybody who has a role"),
    (r#"{"handler": {"users": ["id"], "method": "OR"}}"#, "办理人 · members who handle and cannot refuse"),
    (r#"{"copy": {"users": ["id"]}}"#, "抄送人 · members who are told"),
    (r#"{"auto": {"agree": true}}"#, "自动通过/拒绝 · agrees or refuses by itself"),
    (r#"{"named": {"name": "复核", "node": "supervisor"}}"#, "any of them, with a name of its own"),
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
    if field(&fields, "act") == "delete" {
        core.with(|state| state.templates.remove(process_code.as_str()));
        return Redirect::to(HERE).into_response();
    }
    let flow: Result<Vec<FlowNode>, _> = serde_json::from_str(field(&fields, "flow"));
    let Ok(flow) = flow else { return sorry("The flow is not a list of nodes.", HERE) };
    let status: Result<TemplateStatus, _> = serde_json::from_value(Value::from(field(&fields, "status")));
    let allow_revoke = !field(&fields, "allow_revoke").is_empty();
    let hidden = !field(&fields, "hidden").is_empty();
    let conditions = fields.iter().filter(|(name, _)| name == "condition");
    let conditions = conditions.map(|(_, id)| id.clone()).collect();
    core.with(|state| {
        if let Some(template) = state.templates.get_mut(process_code.as_str()) {
            template.flow = flow;
            template.allow_revoke = allow_revoke;
            template.hidden = hidden;
            // The page offers only components that are there.
            template.set_conditions(conditions);
            template.status = status.unwrap_or(template.status);
        }
    });
    Redirect::to(HERE).into_response()
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
                            (component.kind.name()) " " span.muted { (component.id) } " "
                            label.inline {
                                input type="checkbox" name="condition" value=(component.id)
                                    checked[template.conditions.contains(&component.id)];
                                " 流程条件 · branch condition"
                            }
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
            (explanation())
            textarea.code name="flow" rows=(flow.lines().count().max(4) + 1) { (flow) }
            label.inline {
                input type="checkbox" name="allow_revoke" value="on" checked[template.allow_revoke];
                " 允许提交人撤销审批中的审批单 · the initiator may revoke a running approval"
            }
            label.inline {
                input type="checkbox" name="hidden" value="on" checked[template.hidden];
                " 隐藏 · hidden from the lists of templates"
            }
            div {
                button name="act" value="save" { "Save" }
                button.refuse name="act" value="delete" { "删除 Delete" }
            }
        }
    }
}

/// How a flow is written.
fn explanation() -> Markup {
    html! {
        p.muted { "A list of nodes. A method is AND, OR or ONE_BY_ONE." }
        table.form {
            @for (node, meaning) in NODES {
                tr { td { code { (node) } } td.muted { (meaning) } }
            }
        }
    }
}
