//! Tokens, permission points, limits, unknown paths.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Stage, answer};
use crate::dingtalk::{Api, Settings, permissions};

const SOME_INSTANCE: &str = "/v1.0/workflow/processInstances?processInstanceId=x";

#[tokio::test]
async fn a_token_comes_back_while_it_is_valid_and_every_answer_extends_it() {
    let mut stage = Stage::new().await;
    stage.pass(7_000);
    assert_eq!(stage.new_token().await, stage.token);
    stage.pass(7_000);
    assert_eq!(stage.get(SOME_INSTANCE).await.1["code"], "processInstanceNotExist");
    stage.pass(200);
    assert_eq!(stage.get(SOME_INSTANCE).await.1["code"], "InvalidAuthentication");
    let fresh = stage.new_token().await;
    assert_ne!(fresh, stage.token);
    stage.token = fresh;
    assert_eq!(stage.get(SOME_INSTANCE).await.1["code"], "processInstanceNotExist");
}

#[tokio::test]
async fn all_three_token_calls_give_the_same_token() {
    let stage = Stage::new().await;
    let keys = Settings::default();
    let query = format!("/gettoken?appkey={}&appsecret={}", keys.app_key, keys.app_secret);
    let (_, legacy) = stage.get(&query).await;
    assert_eq!((&legacy["errcode"], &legacy["access_token"]), (&json!(0), &json!(stage.token)));
    let body = json!({"client_id": keys.app_key, "client_secret": keys.app_secret, "grant_type": "client_credentials"});
    let (_, unified) = stage.post(&format!("/v1.0/oauth2/{}/token", keys.corp_id), &body).await;
    assert_eq!(unified, json!({"access_token": stage.token, "expires_in": 7200}));
    let (status, refused) = stage.post("/v1.0/oauth2/ding0other/token", &body).await;
    assert_eq!((status.as_u16(), &refused["code"]), (500, &json!("unknownError")));
}

#[tokio::test]
async fn a_token_call_says_what_is_wrong_with_it() {
    let stage = Stage::new().await;
    let url = stage.at("/v1.0/oauth2/accessToken");
    let form = stage.client.post(&url).header("content-type", "application/x-www-form-urlencoded");
    let (status, refused) = answer(form.body("appKey=a&appSecret=b")).await;
    assert_eq!((status.as_u16(), &refused["code"]), (400, &json!("Missingbody")));
    let (status, refused) =
        stage.post("/v1.0/oauth2/accessToken", &json!({"appKey": "a", "appSecret": "b"})).await;
    assert_eq!((status.as_u16(), &refused["code"]), (400, &json!("invalidClientIdOrSecret")));
    assert_eq!(refused["message"], "无效的clientId或者clientSecret");
    assert_eq!(refused["requestid"].as_str().unwrap().len(), 36);
    assert_eq!(stage.get("/gettoken").await.1["errcode"], 40035);
    assert_eq!(stage.get("/gettoken?appkey=a&appsecret=b").await.1["errcode"], 40096);
}

#[tokio::test]
async fn each_host_refuses_tokens_in_its_own_way() {
    let mut stage = Stage::new().await;
    let (status, refused) = answer(stage.client.get(stage.at(SOME_INSTANCE)).bearer_auth(&stage.token)).await;
    assert_eq!((status.as_u16(), &refused["code"]), (400, &json!("AuthenticationFailed.MissingParameter")));
    stage.token = "wrong".into();
    let (status, refused) = stage.get(SOME_INSTANCE).await;
    assert_eq!((status.as_u16(), &refused["code"]), (400, &json!("InvalidAuthentication")));
    let refused = stage.oapi("/topapi/v2/user/get", &json!({"userid": "boss"})).await;
    assert_eq!((&refused["errcode"], &refused["sub_code"]), (&json!(88), &json!("40014")));
    assert_eq!(refused["errmsg"], "ding talk error[subcode=40014,submsg=不合法的access_token]");
    stage.token = String::new();
    assert_eq!(stage.oapi("/topapi/v2/user/get", &json!({})).await["sub_code"], "40000");
}

#[tokio::test]
async fn a_withdrawn_permission_is_missing_at_once_and_a_granted_one_comes_with_the_next_token() {
    let mut stage = Stage::new().await;
    stage.simulator.deny(permissions::INSTANCE_READ);
    stage.simulator.deny(permissions::MEMBER);
    let (status, refused) = stage.get(SOME_INSTANCE).await;
    assert_eq!(status, 403);
    assert_eq!(refused["code"], "Forbidden.AccessDenied.AccessTokenPermissionDenied");
    assert_eq!(refused["accessdenieddetail"], json!({"requiredScopes": ["Workflow.Instance.Read"]}));
    let refused = stage.oapi("/topapi/v2/user/get", &json!({"userid": "boss"})).await;
    assert_eq!((&refused["errcode"], &refused["sub_code"]), (&json!(88), &json!("60011")));

    stage.token = stage.new_token().await;
    stage.simulator.grant(permissions::INSTANCE_READ);
    assert_eq!(stage.get(SOME_INSTANCE).await.0, 403);
    stage.token = stage.new_token().await;
    assert_eq!(stage.get(SOME_INSTANCE).await.0, 400);
}

#[tokio::test]
async fn a_caller_outside_the_address_list_is_turned_away() {
    let stage = Stage::new().await;
    stage.simulator.refuse_address(true);
    let (status, refused) = stage.get(SOME_INSTANCE).await;
    assert_eq!((status.as_u16(), &refused["code"]), (403, &json!("Forbidden.AccessDenied.IpNotInWhiteList")));
    assert_eq!(stage.oapi("/topapi/v2/user/get", &json!({})).await["sub_code"], "60020");
}

#[tokio::test]
async fn the_twenty_first_call_of_a_second_is_refused_and_costs_nothing() {
    let stage = Stage::with(Settings::default()).await;
    for _ in 0..20 {
        assert_eq!(stage.get(SOME_INSTANCE).await.0, 400);
    }
    let (status, refused) = stage.get(SOME_INSTANCE).await;
    assert_eq!(
        (status.as_u16(), &refused["code"]),
        (403, &json!("Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"))
    );
    let (status, _) = stage.get("/v1.0/workflow/processes/todoTasks/numbers?userId=boss").await;
    assert_eq!(status, 200, "another API has its own limit");
    stage.pass(1);
    assert_eq!(stage.get(SOME_INSTANCE).await.0, 400);
    let count = stage.simulator.calls().of(Api::GetInstance);
    assert_eq!((count.calls, count.paid, count.turned_away), (21, 21, 1));
}

#[tokio::test]
async fn the_months_quota_ends_paid_calls_until_the_next_month() {
    let stage = Stage::with(Settings { api_quota: Some(2), ..Settings::default() }).await;
    for _ in 0..2 {
        assert_eq!(stage.get(SOME_INSTANCE).await.0, 400);
    }
    let (status, refused) = stage.get(SOME_INSTANCE).await;
    assert_eq!(
        (status.as_u16(), &refused["code"]),
        (403, &json!("Forbidden.AccessDenied.ApiCountLimitForOrg"))
    );
    let found = stage.oapi("/topapi/v2/user/get", &json!({"userid": "boss"})).await;
    assert_eq!(found["errcode"], 0, "contacts are free");
    stage.new_token().await;
    assert_eq!(stage.simulator.calls().paid(), 2);
    stage.pass(30 * 24 * 3_600);
    let mut stage = stage;
    stage.token = stage.new_token().await;
    assert_eq!(stage.get(SOME_INSTANCE).await.0, 400);
}

#[tokio::test]
async fn an_unknown_path_is_answered_in_the_style_of_its_host() {
    let stage = Stage::new().await;
    let (status, refused) = stage.get("/v1.0/workflow/nothing").await;
    assert_eq!((status.as_u16(), &refused["code"]), (404, &json!("InvalidAction.NotFound")));
    let (status, _) = stage.get("/v1.0/workflow/forms").await;
    assert_eq!(status, 404, "the wrong method is unknown too");
    let (status, refused) = stage.get("/topapi/nothing").await;
    let expected: Value = json!({"errcode": 404, "errmsg": "请求的URI地址不存在"});
    assert_eq!((status.as_u16(), refused), (200, expected));
    assert_eq!(stage.get("/nothing").await.0, 404);
}

#[tokio::test]
async fn every_answer_has_the_date_that_the_platform_believes_in() {
    let stage = Stage::new().await;
    let date = async |path: &str| {
        let response = stage.client.get(stage.at(path)).send().await.unwrap();
        response.headers()["date"].to_str().unwrap().to_owned()
    };
    for path in ["/v1.0/workflow/processInstances", "/gettoken", "/v1.0/nothing"] {
        assert_eq!(date(path).await, "Thu, 16 Apr 2026 07:34:37 GMT");
    }
    stage.simulator.set_clock_skew(SignedDuration::from_secs(-90));
    assert_eq!(date("/gettoken").await, "Thu, 16 Apr 2026 07:33:07 GMT");
    let limits = stage.client.post(stage.at("/simulator/limits"));
    let limits = answer(limits.json(&json!({"clockSkewSeconds": 3600, "nameDelaySeconds": 4}))).await.1;
    assert_eq!((&limits["clockSkewSeconds"], &limits["nameDelaySeconds"]), (&json!(3600), &json!(4)));
    assert_eq!(date("/gettoken").await, "Thu, 16 Apr 2026 08:34:37 GMT");
    for extreme in [i64::MAX, i64::MIN] {
        stage
            .client
            .post(stage.at("/simulator/limits"))
            .json(&json!({"clockSkewSeconds": extreme}))
            .send()
            .await
            .unwrap();
        assert!(date("/gettoken").await.ends_with("GMT"));
    }
}
