//! A dry run of the callback tells causes apart, decides nothing, and shows no secret: over real HTTP.

#![allow(clippy::expect_used, clippy::panic)]

use std::time::Duration;

use axum::{
    Router,
    extract::OriginalUri,
    http::{HeaderMap, StatusCode, header::LOCATION},
    response::{Html, IntoResponse, Redirect, Response},
    routing::post,
};
use shared::{
    approval::{ApplyId, Outcome, Tenant},
    dataphin::{Acceptance, Dataphin, DataphinSettings, DryRun, Profile, Refusal, TestRequest},
    http::{Http, SendError},
    world::World,
};
use tokio::net::TcpListener;

const TOKEN: &str = "t0ken+/ of\"Dataphin";
const KEY: &str = "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij";

/// Dataphin at an address.
fn dataphin(url: String, profile: &str) -> Dataphin {
    dataphin_within(Duration::from_mins(1), url, profile)
}

/// The same, with no more patience than this.
fn dataphin_within(patience: Duration, url: String, profile: &str) -> Dataphin {
    let settings = DataphinSettings {
        callback_url: url,
        access_token: TOKEN.into(),
        aes_key: Some(KEY.parse().expect("a key")),
        profile: Profile::parse(profile).expect("a profile"),
    };
    let http = Http::new(patience).expect("a client");
    Dataphin::new(settings, http, World::real())
}

/// A server with these routes; gives its address.
async fn serve(router: Router) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

async fn refusal(url: String) -> Refusal {
    refused(dataphin(url, "encrypted")).await
}

async fn refused(dataphin: Dataphin) -> Refusal {
    match dataphin.dry_run().await {
        DryRun::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

fn said(status: u16, body: &'static str) -> impl Fn() -> std::future::Ready<Response> + Clone {
    let status = StatusCode::from_u16(status).expect("a status");
    move || std::future::ready((status, body).into_response())
}

#[tokio::test]
async fn each_cause_is_told_apart() {
    let no = r#"{"success":false,"code":"DPN.1","message":"the word is unknown"}"#;
    let router = Router::new()
        .route("/moved", post(async || Redirect::to("https://sso.example/login?ticket=1")))
        .route("/login", post(async || Html("<!doctype html><form>Sign in</form>")))
        .route("/denied", post(said(401, no)))
        .route("/down", post(said(503, no)))
        .route("/no", post(said(200, no)))
        .route("/sealed", post(said(200, r#"{"encrypt":"c2VhbGVk"}"#)))
        .route("/empty", post(async || ()))
        .route("/cut", post(said(200, r#"{"success":tru"#)))
        .route("/huge", post(async || "x".repeat(2 * 1024 * 1024)))
        .route("/silent", post(async || std::future::pending::<()>().await));
    let url = serve(router).await;
    for (path, name) in [
        ("/moved", "redirect"),
        ("/login", "html"),
        ("/denied", "unauthorized"),
        ("/elsewhere", "not-found"),
        ("/down", "server-error"),
        ("/no", "not-understood"),
    ] {
        assert_eq!(refusal(format!("{url}{path}")).await.name(), name, "{path}");
    }
    for (path, name) in
        [("/sealed", "undecipherable"), ("/huge", "too-long"), ("/empty", "empty"), ("/cut", "cut")]
    {
        let DryRun::Unclear(answer) = dataphin(format!("{url}{path}"), "encrypted").dry_run().await else {
            panic!("{path}")
        };
        assert_eq!(answer.name(), name, "{path}");
    }
    let silent = dataphin_within(Duration::from_millis(500), format!("{url}/silent"), "encrypted");
    assert_eq!(refused(silent).await.name(), "not-reached");
    let location = Some("https://sso.example/login".to_owned());
    assert_eq!(refusal(format!("{url}/moved")).await, Refusal::Redirect { status: 303, location });
}

#[tokio::test]
async fn an_address_where_nobody_listens_is_not_reached() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let refusal = refusal(format!("http://{address}/")).await;
    assert!(matches!(refusal, Refusal::NotReached(SendError::NotSent(_))), "{refusal:?}");
}

#[tokio::test]
async fn that_there_is_no_such_request_shows_that_the_profile_is_understood() {
    let router = Router::new()
        .route(
            "/none",
            post(said(404, r#"{"success":false,"message":"the approval request does not exist"}"#)),
        )
        .route("/yes", post(said(200, "success")));
    let url = serve(router).await;
    for profile in Profile::CANDIDATES {
        let none = dataphin(format!("{url}/none"), profile).dry_run().await;
        assert!(matches!(none, DryRun::Accepted(Acceptance::ClosedAlready(_))), "{profile}: {none}");
        let yes = dataphin(format!("{url}/yes"), profile).dry_run().await;
        assert_eq!(yes, DryRun::Accepted(Acceptance::Confirmed), "{profile}");
    }
}

#[tokio::test]
async fn a_dry_run_names_a_request_that_cannot_exist_and_rejects_it() {
    let echo = post(async |body: String| (StatusCode::BAD_REQUEST, body));
    let url = serve(Router::new().route("/", echo)).await;
    let world = World::real();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let test = TestRequest::impossible(&*world.random);
        let exchange = dataphin(url.clone(), "plain").probe(&test).await;
        assert_eq!(exchange.answer.expect("an answer").body, exchange.message);
        let message: serde_json::Value = serde_json::from_str(&exchange.message).expect("JSON");
        assert_eq!(message["result"], "refuse");
        ids.push(message["applyId"].as_str().expect("an id").to_owned());
    }
    assert!(ids[0].starts_with("bridge-test-") && ids[0] != ids[1], "{ids:?}");
}

#[tokio::test]
async fn an_answer_that_repeats_everything_it_was_sent_gives_no_secret_away() {
    let echo = async |OriginalUri(uri): OriginalUri, body: String| {
        let mut headers = HeaderMap::new();
        let location = format!("/login?{}", uri.query().unwrap_or_default());
        headers.insert(LOCATION, location.parse().expect("a header"));
        let message = format!("bad request {uri} {TOKEN} {KEY} passw0rd {body}");
        let body = serde_json::json!({"success": false, "code": uri.to_string(), "message": message});
        (StatusCode::BAD_REQUEST, headers, body.to_string())
    };
    let url = serve(Router::new().route("/", post(echo))).await.replace("://", "://user:passw0rd@");
    let test = TestRequest {
        apply_id: ApplyId::new("1"),
        tenant: Tenant::new("t"),
        outcome: Outcome::Approved,
        ..TestRequest::impossible(&*World::real().random)
    };
    let in_a_header = r#"{"base":"plain","token":"header","names":{"access_token":"Authorization"},"token_prefix":"Bearer "}"#;
    let in_the_body = r#"{"base":"aes-ecb","token":"body"}"#;
    for profile in Profile::CANDIDATES.into_iter().chain([in_a_header, in_the_body]) {
        let exchange = dataphin(format!("{url}/?corp=hidden"), profile).probe(&test).await;
        let request = exchange.request.as_ref().expect("a request");
        assert!(request.url.contains("timestamp=") && request.url.contains("=***"), "{}", request.url);
        let shown = format!("{exchange:?}");
        for secret in [TOKEN, "t0ken", "hidden", "passw0rd", &KEY[..42], "of\\\"Dataphin"] {
            assert!(!shown.contains(secret), "{profile} {secret}: {shown}");
            assert!(!exchange.verdict.to_string().contains(secret), "{profile} {secret}");
        }
        assert!(exchange.answer.expect("an answer").body.contains("bad request"));
    }
}

#[tokio::test]
async fn the_token_goes_where_the_profile_says_by_the_method_it_names() {
    let seen = async |request: axum::extract::Request| {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let header = request.headers().get("x-token").map(|value| value.as_bytes().to_vec());
        let body = axum::body::to_bytes(request.into_body(), 10_000).await.expect("a body");
        let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        let places = [
            uri.query().unwrap_or_default().contains("x-token="),
            header.is_some_and(|value| value == format!("Bearer {TOKEN}").into_bytes()),
            body["x-token"] == format!("Bearer {TOKEN}"),
        ];
        (StatusCode::BAD_REQUEST, format!("{method} {places:?}"))
    };
    let url = serve(Router::new().fallback(seen)).await;
    let world = World::real();
    for (cipher, token, method, expected) in [
        ("none", "default", "POST", [true, false, false]),
        ("none", "query", "PUT", [true, false, false]),
        ("none", "header", "PATCH", [false, true, false]),
        ("none", "body", "POST", [false, false, true]),
        ("none", "nowhere", "POST", [false, false, false]),
        ("aes-ecb", "body", "POST", [false, false, true]),
        ("dingtalk", "default", "POST", [false, false, false]),
        ("dingtalk", "header", "GET", [false, true, false]),
    ] {
        let profile = serde_json::json!({"cipher": cipher, "token": token, "method": method, "token_prefix": "Bearer ",
            "names": {"access_token": "x-token"}});
        let exchange =
            dataphin(url.clone(), &profile.to_string()).probe(&TestRequest::impossible(&*world.random)).await;
        assert_eq!(exchange.answer.expect("an answer").body, format!("{method} {expected:?}"), "{profile}");
    }
}
