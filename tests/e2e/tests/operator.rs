//! The operator's calls over HTTP: generate, adopt, check, try, forget.

#![allow(clippy::expect_used)]

use e2e::{Rehearsal, Setting};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use simulators::dingtalk::NewTemplate;

const TOKEN: &str = "a-long-operator-token";

async fn with_operator() -> Rehearsal {
    let setting = Setting::default().variable("BRIDGE_OPERATOR_TOKEN", TOKEN);
    Rehearsal::with(setting.simulators(|it| it.without_template = true)).await
}

async fn call(r: &Rehearsal, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
    let request = reqwest::Client::new().request(method, format!("{}/operator/{path}", r.bridge));
    let answer = r.as_time_passes(request.bearer_auth(TOKEN).json(body).send()).await.expect("an answer");
    (answer.status(), answer.json().await.expect("JSON"))
}

#[tokio::test]
async fn a_template_is_made_checked_and_tried_over_http() {
    let r = with_operator().await;
    let (status, made) = call(&r, Method::POST, "templates/generate", &json!({})).await;
    assert_eq!((status, &made["making"]), (StatusCode::OK, &json!("created")));
    let (_, again) = call(&r, Method::POST, "templates/generate", &json!({"for": "default"})).await;
    assert_eq!(again["making"], "unchanged");
    let (_, report) = call(&r, Method::POST, "templates/check", &json!({})).await;
    assert_eq!(report["problems"], json!([]), "{report}");
    let (_, listed) = call(&r, Method::GET, "templates", &Value::Null).await;
    assert_eq!(listed["templates"][0]["purpose"], "default");
    let (_, trial) = call(&r, Method::POST, "templates/try", &json!({})).await;
    assert_eq!(trial["standing"], "under-way", "{trial}");
    let path = format!("templates/try/{}", trial["instance"].as_str().expect("an instance"));
    let ended = r
        .until("the trial is over", async || {
            let (_, trial) = call(&r, Method::GET, &path, &Value::Null).await;
            (trial["standing"] != "under-way").then_some(trial)
        })
        .await;
    assert_eq!(ended["standing"], "passed", "{ended}");
    let (status, _) = call(&r, Method::GET, "templates/try/nothing", &Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn ones_own_is_adopted_and_forgotten() {
    let r = with_operator().await;
    r.sandbox
        .dingtalk
        .add_template(NewTemplate::named("Own").textarea("内容", false).text("单号", false))
        .expect("a template");
    let order = json!({"for": "type:AUTH", "template": "Own", "way": "template", "fields": {"内容": "details", "单号": "reference"}});
    let (status, adopted) = call(&r, Method::POST, "templates/adopt", &order).await;
    assert_eq!((status, &adopted["purpose"]), (StatusCode::OK, &json!("type:AUTH")), "{adopted}");
    let (status, refused) = call(&r, Method::POST, "templates/generate", &json!({"for": "type:AUTH"})).await;
    assert_eq!(status, StatusCode::CONFLICT, "{refused}");
    call(&r, Method::POST, "templates/forget", &json!({"for": "type:AUTH"})).await;
    let (_, listed) = call(&r, Method::GET, "templates", &Value::Null).await;
    assert_eq!(listed["templates"], json!([]));
}

#[tokio::test]
async fn an_order_that_is_not_understood_is_refused_with_why() {
    let r = with_operator().await;
    for (path, order) in [
        ("generate", json!({"for": "everything"})),
        ("generate", json!({"fro": "default"})),
        ("adopt", json!({})),
        ("adopt", json!({"template": "x", "way": "both"})),
    ] {
        let (status, answer) = call(&r, Method::POST, &format!("templates/{path}"), &order).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{order} {answer}");
    }
}

#[tokio::test]
async fn without_the_token_nothing_is_open() {
    for (variable, expected) in [(TOKEN, StatusCode::UNAUTHORIZED), ("", StatusCode::NOT_FOUND)] {
        let r = Rehearsal::with(Setting::default().variable("BRIDGE_OPERATOR_TOKEN", variable)).await;
        for path in ["templates", "doctor", "templates/try/x"] {
            let request = reqwest::Client::new().get(format!("{}/operator/{path}", r.bridge));
            let answer = request.bearer_auth("another-long-token").send().await.expect("an answer");
            assert_eq!(answer.status(), expected, "{path}");
        }
    }
}
