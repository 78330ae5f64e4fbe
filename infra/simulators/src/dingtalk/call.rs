//! One call as it arrived: its query, its body, and lenient access to both.

use std::collections::HashMap;

use axum::{
    body::{Body, Bytes},
    extract::{Form, FromRequest, Query},
    http::{Request, header, request::Parts},
};
use serde_json::{Map, Value};

use super::errors::Refusal;

/// A call that has reached an API.
pub(crate) struct Call {
    query: HashMap<String, String>,
    /// The value of the path's one `{parameter}`, where it has one.
    pub parameter: Option<String>,
    /// The body as a JSON object; form fields are texts in it.
    pub body: Map<String, Value>,
    is_json: bool,
    token_header: Option<String>,
}

impl Call {
    /// Reads the head and the body. A body that is neither JSON nor a form leaves the call without fields.
    pub async fn read(parts: &Parts, body: Bytes, parameter: Option<String>) -> Self {
        let query = Query::try_from_uri(&parts.uri).map(|Query(query)| query).unwrap_or_default();
        let kind = text_header(parts, header::CONTENT_TYPE.as_str()).unwrap_or_default();
        let token_header = text_header(parts, "x-acs-dingtalk-access-token").map(str::to_owned);
        let mut call = Self { query, parameter, body: Map::new(), is_json: false, token_header };
        if kind.starts_with("application/json") {
            if let Ok(Value::Object(fields)) = serde_json::from_slice(&body) {
                call.body = fields;
                call.is_json = true;
            }
        } else if kind.starts_with("application/x-www-form-urlencoded") {
            call.body = form(kind, body).await;
        }
        call
    }

    /// v1.0 reads JSON only; a form-encoded body counts as none.
    pub fn need_json(&self) -> Result<(), Refusal> {
        if self.is_json {
            Ok(())
        } else {
            Err(Refusal::v1("Missingbody", "body is mandatory for this action."))
        }
    }

    /// The token of a v1.0 call.
    pub fn token_header(&self) -> Option<&str> {
        self.token_header.as_deref().filter(|token| !token.is_empty())
    }

    /// A query parameter that is there and not empty.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A text field of the body that is there and not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str).filter(|value| !value.is_empty())
    }

    /// An integer field of the body: a number, or a text of digits.
    pub fn integer(&self, name: &str) -> Option<i64> {
        integer(self.body.get(name)?)
    }

    /// A list of texts in the body; `None` when it is absent, and an error when it holds anything else.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<String>>, NotTexts> {
        match self.body.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => texts(value).map(Some),
        }
    }
}

/// A field that should be a list of texts is something else.
pub(crate) struct NotTexts;

/// The texts of a JSON list.
pub(crate) fn texts(value: &Value) -> Result<Vec<String>, NotTexts> {
    let list = value.as_array().ok_or(NotTexts)?;
    list.iter().map(|entry| entry.as_str().map(str::to_owned).ok_or(NotTexts)).collect()
}

fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn text_header<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts.headers.get(name)?.to_str().ok()
}

async fn form(kind: &str, body: Bytes) -> Map<String, Value> {
    let Ok(request) = Request::post("/").header(header::CONTENT_TYPE, kind).body(Body::from(body)) else {
        return Map::new();
    };
    let fields = Form::<HashMap<String, String>>::from_request(request, &()).await;
    fields
        .map(|Form(fields)| fields.into_iter().map(|(name, value)| (name, value.into())).collect())
        .unwrap_or_default()
}
