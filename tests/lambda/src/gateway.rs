//! A front that sends what an HTTP API of API Gateway sends (payload format 2.0), and answers what the function says.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

use crate::{Function, Reply};

/// The functions that have addresses.
#[derive(Clone)]
pub(crate) struct Routes {
    pub submit: Function,
    pub callback: Function,
    pub test_connection: Function,
    pub template: Function,
}

impl Routes {
    /// As the SAM template routes: the longest first.
    fn function(&self, path: &str) -> &Function {
        match path {
            "/dataphin/bpms/check/connect" | "/operator/doctor" => &self.test_connection,
            "/dingtalk/callback" => &self.callback,
            path if path.starts_with("/operator") => &self.template,
            _ => &self.submit,
        }
    }
}

/// Serves; gives the address.
pub(crate) async fn serve(routes: Routes) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    let front = Router::new().fallback(pass).with_state(Arc::new(routes));
    tokio::spawn(async move { axum::serve(listener, front).await });
    format!("http://{address}")
}

/// An event as the gateway sends it, without a network between.
pub fn call(method: &str, address: &str, headers: &[(&str, &str)], body: &Value) -> Value {
    let request =
        headers.iter().fold(axum::http::Request::builder(), |it, (name, value)| it.header(*name, *value));
    let request = request.method(method).uri(address).body(()).expect("a request");
    event(request.method(), request.uri(), request.headers(), &body.to_string().into())
}

async fn pass(
    State(routes): State<Arc<Routes>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match routes.function(uri.path()).invoke(event(&method, &uri, &headers, &body)).await {
        Reply::Answered(answer) => answered(&answer),
        // What API Gateway answers in the place of a function that failed.
        Reply::Failed(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, r#"{"message":"Internal Server Error"}"#).into_response()
        }
    }
}

/// The event of a request.
pub(crate) fn event(method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Value {
    let shown: Map<String, Value> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), json!(String::from_utf8_lossy(value.as_bytes()))))
        .collect();
    let path = uri.path();
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": uri.query().unwrap_or_default(),
        "headers": shown,
        "requestContext": {
            "accountId": "1", "apiId": "api", "domainName": "api.example", "domainPrefix": "api",
            "http": {"method": method.as_str(), "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test"},
            "requestId": "id", "routeKey": "$default", "stage": "$default",
            "time": "22/Nov/2026:00:00:00 +0000", "timeEpoch": 1_795_305_600_000_u64,
        },
        "body": STANDARD.encode(body),
        "isBase64Encoded": true,
    })
}

fn answered(answer: &Value) -> Response {
    let status = answer["statusCode"].as_u64().and_then(|code| u16::try_from(code).ok()).unwrap_or(502);
    let body = body(answer);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = (status, body).into_response();
    for (name, value) in answer["headers"].as_object().into_iter().flatten() {
        let name = axum::http::HeaderName::try_from(name.as_str());
        let value = axum::http::HeaderValue::try_from(value.as_str().unwrap_or_default());
        if let (Ok(name), Ok(value)) = (name, value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The body of a function's answer.
pub(crate) fn body(answer: &Value) -> Vec<u8> {
    let text = answer["body"].as_str().unwrap_or_default();
    match answer["isBase64Encoded"].as_bool() {
        Some(true) => STANDARD.decode(text).unwrap_or_default(),
        _ => text.as_bytes().to_vec(),
    }
}
