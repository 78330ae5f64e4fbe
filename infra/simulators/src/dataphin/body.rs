//! The bodies of what Dataphin sends, in all published editions.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    content,
    record::Record,
    request::{Node, Request},
    settings::{Edition, Settings},
};

/// The submit's body in the edition that applies.
pub(super) fn submit_body(
    request: &Request,
    apply_id: &str,
    settings: &Settings,
    now: Timestamp,
) -> Map<String, Value> {
    let content = match request.content.clone().unwrap_or_else(|| content::content(request, now)) {
        Value::String(text) => text,
        object => object.to_string(),
    };
    let request_type = request.request_type.as_deref().unwrap_or(request.kind.request_type());
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    put("applyId", json!(apply_id));
    put("title", json!(request.title.clone().unwrap_or_else(|| content::title(request))));
    put("content", json!(content));
    put("type", json!(request_type));
    put("templateCode", json!(request.template_code));
    let edition = request.edition.unwrap_or(settings.edition);
    if edition != Edition::First {
        put("applyUser", json!(request.requester.user_source_id));
        put("applyUserInfo", json!(request.requester));
        put("approveNodes", nodes(&request.nodes));
    }
    if let (Edition::Third, Some(tenant)) = (edition, &settings.tenant_id) {
        put("tenantId", json!(tenant));
    }
    for (name, value) in &request.extra {
        match value {
            Value::Null => body.remove(name),
            value => body.insert(name.clone(), value.clone()),
        };
    }
    body
}

fn nodes(nodes: &[Node]) -> Value {
    let nodes = (1..).zip(nodes).map(|(order, node): (usize, _)| {
        json!({
            "approveOrder": order.to_string(),
            "approveUsers": node.users,
            "approveOperator": node.operator,
        })
    });
    nodes.collect()
}

/// The body of a withdrawal: everything that could name the request.
pub(super) fn withdrawal_body(record: &Record) -> Map<String, Value> {
    let mut body = Map::from_iter([("applyId".to_owned(), json!(record.apply_id))]);
    if let Some(id) = record.process_instance_id() {
        body.insert("processInstanceId".to_owned(), json!(id));
    }
    if let Some(tenant) = record.body.get("tenantId") {
        body.insert("tenantId".to_owned(), tenant.clone());
    }
    body
}
