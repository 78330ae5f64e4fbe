//! A call under Dataphin's root that nobody documented: answered 404 and recorded, so that it is discovered at first
//! contact. Names and shapes are recorded, never values.

use axum::{
    extract::{FromRequest, RawQuery, Request, State},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use shared::{
    dataphin::AccessQuery,
    http::{
        Problem,
        door::{Body, Params, loggable},
    },
    store::Sighting,
};

use crate::{BODY_LIMIT, Door};

const MOST_NAMES: usize = 20;

pub(crate) async fn record(
    State(door): State<Door>,
    access: Result<Params<AccessQuery>, Problem>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let known = access.is_ok_and(|access| door.access.check(&access.0, door.world.now()).is_ok());
    let (method, path) = (request.method().clone(), loggable(request.uri().path()));
    let query_names = query_names(query.as_deref().unwrap_or_default());
    let body = match Body::<BODY_LIMIT>::from_request(request, &()).await {
        Ok(body) => shape(serde_json::from_slice(&body.0).ok().as_ref()),
        Err(problem) => problem.code,
    };
    if known {
        door.engine.store().saw(Sighting::DataphinStray, &path).await;
    }
    tracing::warn!(%method, path, query_names, body, known_caller = known, "an undocumented call");
    Problem::not_found().into_response()
}

fn query_names(query: &str) -> String {
    let names = query.split('&').filter_map(|pair| pair.split('=').next()).filter(|name| !name.is_empty());
    names.take(MOST_NAMES).map(loggable).collect::<Vec<_>>().join(",")
}

/// `{applyId:string,nodes:[{…}]}` without a single value.
fn shape(body: Option<&Value>) -> String {
    match body {
        None => "no JSON".to_owned(),
        Some(Value::Object(members)) => {
            let member = |(name, value): (&String, &Value)| format!("{}:{}", loggable(name), kind(value));
            format!("{{{}}}", members.iter().take(MOST_NAMES).map(member).collect::<Vec<_>>().join(","))
        }
        Some(other) => kind(other).to_owned(),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_and_shapes_are_recorded() {
        assert_eq!(query_names("accessToken=6d1b2n1c&timestamp=1&x"), "accessToken,timestamp,x");
        let body = serde_json::json!({"applyId": "secret", "nodes": [1], "n": 7});
        assert_eq!(shape(Some(&body)), "{applyId:string,n:number,nodes:list}");
        assert_eq!(shape(None), "no JSON");
    }
}
