//! The operator's page and calls, as a browser meets them.

#![allow(clippy::expect_used)]

use bridge::{
    host::{Host, Storage},
    sandbox::{Sandbox, SandboxSettings},
};
use reqwest::{Client, Method, Response, StatusCode, header};
use serde_json::{Value, json};
use shared::world::World;
use tokio::net::TcpListener;

const TOKEN: &str = "a-long-operator-token";
const CALLS: [(&str, &str); 7] = [
    ("GET", "templates"),
    ("POST", "templates/generate"),
    ("POST", "templates/adopt"),
    ("POST", "templates/forget"),
    ("POST", "templates/check"),
    ("POST", "templates/try"),
    ("GET", "templates/try/an-instance"),
];

/// A bridge between two simulators.
struct Site {
    host: Host,
    client: Client,
    _sandbox: Sandbox,
}

impl Site {
    async fn with_token(token: Option<&str>) -> Self {
        let mut sandbox =
            Sandbox::start(&World::real(), SandboxSettings::default()).await.expect("the simulators start");
        if let Some(token) = token {
            sandbox.set("BRIDGE_OPERATOR_TOKEN", token);
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let config = sandbox.config().expect("a configuration");
        let host =
            Host::start(&config, Storage::Memory, World::real(), listener).await.expect("the bridge starts");
        Self { host, client: Client::new(), _sandbox: sandbox }
    }

    async fn get(&self, path: &str) -> Response {
        let url = format!("http://{}{path}", self.host.address());
        self.client.get(url).send().await.expect("an answer")
    }

    async fn call(&self, (method, path): (&str, &str), token: Option<&str>) -> Response {
        let method: Method = method.parse().expect("a method");
        let url = format!("http://{}/operator/{path}", self.host.address());
        let call = self.client.request(method, url).json(&json!({}));
        let call = if let Some(token) = token { call.bearer_auth(token) } else { call };
        call.send().await.expect("an answer")
    }
}

/// What a page asks for by `src="…"` and `href="…"`, data apart.
fn asked_for(page: &str) -> Vec<&str> {
    let values = ["src=\"", "href=\""].into_iter().flat_map(|attribute| page.split(attribute).skip(1));
    values.filter_map(|rest| rest.split('"').next()).filter(|value| !value.starts_with("data:")).collect()
}

/// What a script imports from beside it.
fn imported(script: &str) -> impl Iterator<Item = &str> {
    script.split("from \"./").skip(1).filter_map(|rest| rest.split('"').next())
}

#[tokio::test]
async fn the_page_and_all_it_loads_are_served_without_the_token_and_locked_down() {
    let site = Site::with_token(Some(TOKEN)).await;
    let mut paths = vec!["operator".to_owned()];
    let mut place = 0;
    while let Some(path) = paths.get(place).cloned() {
        place += 1;
        let answer = site.get(&format!("/{path}")).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let headers = answer.headers().clone();
        let text = answer.text().await.expect("text");
        let kind = match path.rsplit_once('.') {
            None => "text/html; charset=utf-8",
            Some((_, "css")) => "text/css; charset=utf-8",
            Some(_) => "text/javascript; charset=utf-8",
        };
        assert_eq!(headers[header::CONTENT_TYPE], kind, "{path}");
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[header::REFERRER_POLICY], "no-referrer");
        let asked = asked_for(&text).into_iter().map(ToOwned::to_owned);
        let beside = imported(&text).map(|name| format!("operator/page/{name}"));
        for next in asked.chain(beside) {
            if !paths.contains(&next) {
                paths.push(next);
            }
        }
    }
    assert!(paths.len() > 3, "markup, style and scripts: {paths:?}");
    assert_eq!(site.get("/operator/page/calls.rs").await.status(), StatusCode::NOT_FOUND);
}

/// So that a proxy closes it by one rule.
#[tokio::test]
async fn the_operators_page_and_calls_are_at_one_place_only() {
    let site = Site::with_token(Some(TOKEN)).await;
    for path in ["operator", "operator/page/page.js", "operator/templates", "operator/doctor"] {
        for prefix in ["/x", "/some/prefix", "/dataphin", "/dingtalk", "/", "/.", "/operator"] {
            let answer = site.client.get(format!("http://{}{prefix}/{path}", site.host.address()));
            let answer = answer.bearer_auth(TOKEN).send().await.expect("an answer");
            assert!(
                answer.status() == StatusCode::NOT_FOUND || prefix == "/.",
                "{prefix}/{path}: {}",
                answer.status()
            );
        }
    }
}

#[tokio::test]
async fn every_call_wants_the_token() {
    for token in [None, Some("another-long-token")] {
        let site = Site::with_token(Some(TOKEN)).await;
        for call in CALLS {
            let answer = site.call(call, token).await;
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{call:?}");
            let problem: Value = answer.json().await.expect("JSON");
            assert_eq!(problem["code"], "operator-token", "{call:?}");
            assert!(!problem.to_string().contains(TOKEN), "{problem}");
            let let_in = site.call(call, Some(TOKEN)).await.status();
            assert_ne!(let_in, StatusCode::UNAUTHORIZED, "{call:?}");
        }
    }
}

/// Whoever may guess at one of them has that many tries fewer at the others.
#[tokio::test]
async fn guesses_at_all_doors_are_counted_together() {
    let site = Site::with_token(Some(TOKEN)).await;
    let mut answered = Vec::new();
    for n in 0..4 {
        for (method, path) in [
            (Method::GET, "/operator/doctor".to_owned()),
            (Method::POST, format!("/dataphin/bpms/processinstance/create?accessToken={n}")),
            (Method::POST, format!("/x/dingtalk/callback?signature={n}&timestamp=1&nonce=n")),
        ] {
            let url = format!("http://{}{path}", site.host.address());
            let answer = site.client.request(method, url).body("{}").send().await.expect("an answer");
            answered.push(answer.status().as_u16());
            // A header that anybody can write changes nothing, unless the proxy that wrote it is known.
            let spoofed = site.client.get(format!("http://{}/operator", site.host.address()));
            let spoofed = spoofed.header("x-forwarded-for", format!("203.0.113.{n}")).send().await;
            assert_eq!(spoofed.expect("an answer").status(), StatusCode::OK, "the page is for everybody");
        }
    }
    assert_eq!(answered, [401, 401, 403, 401, 401, 403, 401, 401, 403, 401, 429, 429]);
    assert_eq!(site.call(("GET", "templates"), Some(TOKEN)).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn without_a_token_in_the_settings_the_calls_are_off_and_say_so() {
    let site = Site::with_token(None).await;
    for call in CALLS {
        let answer = site.call(call, Some("")).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{call:?}");
        let problem: Value = answer.json().await.expect("JSON");
        assert_eq!(problem["code"], "operator-off", "{call:?}");
    }
}
