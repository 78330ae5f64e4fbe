//! A call under Dataphin's root that nobody documented: answered 404 and recorded, so that it is discovered at first
//! contact. Words and shapes are recorded, never values, and nothing that could be one: a token may stand where nobody expects
//! it, in the path or as a name.

use axum::{
    extract::{RawQuery, State},
    http::{Method, Uri},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use shared::{
    dataphin::AccessQuery,
    http::{
        Problem,
        door::{Body, Params, loggable, word},
    },
    store::Sighting,
};

use crate::{BODY_LIMIT, Door};

const MOST_NAMES: usize = 20;
/// A method may be any word, too.
const STANDARD: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];

pub(crate) async fn record(
    State(door): State<Door>,
    access: Result<Params<AccessQuery>, Problem>,
    RawQuery(query): RawQuery,
    method: Method,
    uri: Uri,
    body: Body<BODY_LIMIT>,
) -> Response {
    // Whoever knows the token is known, whatever their clock shows.
    let checked = access.map(|access| door.access.check(&access.0, door.world.now()));
    let known = checked.is_ok_and(|checked| !checked.is_err_and(|problem| problem.is_wrong_credential()));
    let path = loggable(uri.path());
    let query_names = query_names(query.as_deref().unwrap_or_default());
    let method = method.as_str();
    let method = if STANDARD.contains(&method) { method } else { "other" };
    if !known {
        // A stranger's calls are counted like any wrong credential; what they look like is said there, but for their bodies,
        // which are not waited for.
        let looks = format!("an undocumented call: {method} {path} ?{query_names}");
        return Problem::not_found().for_wrong_credential(looks).into_response();
    }
    let body = match body.read().await {
        Ok(body) => shape(serde_json::from_slice(&body).ok().as_ref()),
        Err(problem) => problem.code,
    };
    door.engine.store().saw(Sighting::DataphinStray, &path).await;
    tracing::warn!(method, path, query_names, body, "an undocumented call");
    Problem::not_found().into_response()
}

/// A name in a query has a `=` behind it; without one it may be a value.
fn query_names(query: &str) -> String {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let names = pairs.map(|pair| pair.split_once('=').map_or("…", |(name, _)| word(name)));
    names.take(MOST_NAMES).collect::<Vec<_>>().join(",")
}

/// `{applyId:string,nodes:[{…}]}` without a single value.
fn shape(body: Option<&Value>) -> String {
    match body {
        None => "no JSON".to_owned(),
        Some(Value::Object(members)) => {
            let member = |(name, value): (&String, &Value)| format!("{}:{}", word(name), kind(value));
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
        for (query, names) in [
            ("accessToken=6d1b2n1c&timestamp=1&x=", "accessToken,timestamp,x"),
            ("6d1b2n1c", "…"),
            ("6d1b2n1c=accessToken&timestamp=1", "…,timestamp"),
            ("%36d1b2n1c=1&accessToken[]=1", "…,…"),
            ("abcdefgh&&timestamp", "…,…"),
            ("", ""),
        ] {
            assert_eq!(query_names(query), names, "{query}");
        }
        let body = serde_json::json!({"6d1b2n1c": "", "applyId": "secret", "nodes": [1], "n": 7});
        assert_eq!(shape(Some(&body)), "{…:string,applyId:string,n:number,nodes:list}");
        assert_eq!(shape(None), "no JSON");
    }
}
