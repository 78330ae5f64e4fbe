//! The client against answers as they come over the wire.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, extract::State, http::Uri, response::IntoResponse};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::*;
use crate::{
    approval::InstanceId,
    http::Http,
    world::{Clock, Sleep, SystemRandom, World},
};

const TOKEN: &str = "/v1.0/oauth2/accessToken";
const LIST: &str = "/v1.0/workflow/processes/instanceIds/query";
const INSTANCES: &str = "/v1.0/workflow/processInstances";
const USER: &str = "/topapi/v2/user/get";

type Answer = (u16, String);
type Script = Vec<(&'static str, VecDeque<Answer>)>;

/// Somebody who answers calls as written down, and counts them. What is written down last is answered for ever.
#[derive(Clone)]
struct Peer {
    script: Arc<Mutex<Script>>,
    calls: Arc<Mutex<Vec<String>>>,
    date: &'static str,
}

impl Peer {
    fn new() -> Self {
        let token = (TOKEN, answers([(200, json!({"accessToken": "s3cret", "expireIn": 7200}))]));
        let script = Arc::new(Mutex::new(vec![token]));
        Self { script, calls: Arc::default(), date: "Sat, 28 Nov 2026 10:00:00 GMT" }
    }

    fn on<const N: usize>(self, path: &'static str, answered: [(u16, Value); N]) -> Self {
        self.script.lock().unwrap().insert(0, (path, answers(answered)));
        self
    }

    /// Text that need not be JSON.
    fn on_text(self, path: &'static str, status: u16, text: &str) -> Self {
        self.script.lock().unwrap().insert(0, (path, [(status, text.to_owned())].into()));
        self
    }

    fn count(&self, path: &str) -> usize {
        self.calls.lock().unwrap().iter().filter(|called| *called == path).count()
    }

    /// DingTalk, reached through this peer; its world's clock jumps to wherever somebody waits for.
    async fn dingtalk(&self) -> DingTalk {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let settings = DingTalkSettings {
            api_url: url.clone(),
            oapi_url: url,
            app_key: "key".into(),
            app_secret: "app-s-own".to_owned().into(),
            agent_id: None,
            process_code: None,
            service_user: None,
            test_user: None,
            calls_per_second: 0,
        };
        let now: Timestamp = "2026-11-28T09:58:30Z".parse().unwrap();
        let world = World { clock: Arc::new(JumpingClock(Mutex::new(now))), random: Arc::new(SystemRandom) };
        DingTalk::new(settings, Http::new(Duration::from_secs(10)).unwrap(), world)
    }
}

fn answers<const N: usize>(answers: [(u16, Value); N]) -> VecDeque<Answer> {
    answers.into_iter().map(|(status, body)| (status, body.to_string())).collect()
}

async fn answer(State(peer): State<Peer>, uri: Uri) -> impl IntoResponse {
    peer.calls.lock().unwrap().push(uri.path().to_owned());
    let mut script = peer.script.lock().unwrap();
    let found = script.iter_mut().find(|(path, _)| *path == uri.path());
    let (status, body) = match found {
        Some((_, answers)) if answers.len() > 1 => answers.pop_front().unwrap(),
        Some((_, answers)) => answers[0].clone(),
        None => (404, String::new()),
    };
    (axum::http::StatusCode::from_u16(status).unwrap(), [("date", peer.date)], body)
}

struct JumpingClock(Mutex<Timestamp>);

impl Clock for JumpingClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn sleep_until(&self, moment: Timestamp) -> Sleep<'_> {
        let mut now = self.0.lock().unwrap();
        *now = moment.max(*now);
        Box::pin(std::future::ready(()))
    }

    fn uptime(&self) -> SignedDuration {
        self.now().duration_since(Timestamp::UNIX_EPOCH)
    }

    fn sleep(&self, duration: SignedDuration) -> Sleep<'_> {
        self.sleep_until(self.now() + duration)
    }
}

async fn list(dingtalk: &DingTalk) -> Result<InstanceList, DingTalkError> {
    let (from, until) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1));
    dingtalk.instance_ids(&ProcessCode::new("PROC-1"), from, until, Some(&UserId::new("ada")), 50).await
}

async fn create(dingtalk: &DingTalk) -> Result<InstanceId, DingTalkError> {
    let new = NewInstance {
        process_code: ProcessCode::new("PROC-1"),
        originator: UserId::new("ada"),
        dept_id: -1,
        approvers: Approvers::Flow(Vec::new()),
        values: Vec::new(),
    };
    dingtalk.create_instance(&new, SendBy::AT_ANY_TIME).await
}

#[tokio::test]
async fn a_list_that_does_not_advance_costs_one_call() {
    for token in [json!(0), json!("0"), json!(-1)] {
        let peer = Peer::new()
            .on(LIST, [(200, json!({"success": true, "result": {"list": [], "nextToken": token}}))]);
        let listed = list(&peer.dingtalk().await).await.unwrap();
        assert_eq!((listed.ids.len(), listed.complete, peer.count(LIST)), (0, true, 1), "{token}");
    }
}

#[tokio::test]
async fn a_look_that_could_not_see_is_an_error() {
    let table = [
        (200, json!({"success": false, "errorMsg": "系统错误", "result": {"list": []}})),
        (200, json!({"success": true, "result": null})),
        (200, json!({"success": true})),
        (200, json!({"success": true, "result": {"list": [7]}})),
        (200, json!({"errcode": 88, "errmsg": "ding talk error[subcode=90002,submsg=limit]"})),
        (403, json!("<html>")),
    ];
    for (status, body) in table {
        let peer = Peer::new().on(LIST, [(status, body.clone())]);
        let error = list(&peer.dingtalk().await).await.unwrap_err();
        assert!(matches!(error.class, Class::Transient | Class::Throttled), "{body}: {error:?}");
        let read = Peer::new().on(INSTANCES, [(status, body.clone())]);
        let read = read.dingtalk().await.read_instance(&InstanceId::new("i")).await;
        assert!(matches!(read.unwrap_err().class, Class::Transient | Class::Throttled), "{body}");
    }
}

#[tokio::test]
async fn an_answer_after_the_fact_is_never_a_refusal() {
    let table = [
        (400, r#"{"code":"somethingNew","message":"x"}"#),
        (400, r#"{"code":"internalError","message":"x"}"#),
        (429, ""),
        (404, "<html>nginx</html>"),
        (499, ""),
        (200, r#"{"status":1111,"wait":5,"source":"x5","punish":"deny"}"#),
        (200, "<html>captcha</html>"),
        (200, "{}"),
        (200, r#"{"success":true,"result":null}"#),
        (200, r#"{"instanceId":""}"#),
        (200, r#"{"success":false,"errorMsg":"系统错误"}"#),
    ];
    for (status, body) in table {
        let peer = Peer::new().on_text(INSTANCES, status, body);
        let error = create(&peer.dingtalk().await).await.unwrap_err();
        assert_eq!((error.class, peer.count(INSTANCES)), (Class::UnknownOutcome, 1), "{status} {body}");
    }
    let refusal =
        Peer::new().on(INSTANCES, [(200, json!({"success": false, "errorMsg": "没有操作审批流的权限"}))]);
    let error = create(&refusal.dingtalk().await).await.unwrap_err();
    assert_eq!(error.class, Class::Permanent);
    assert!(words::refusal(&error).contains("没有操作审批流的权限"));
}

#[tokio::test]
async fn a_token_that_only_the_text_refuses_is_renewed() {
    let refused =
        json!({"errcode": 88, "errmsg": "ding talk error[subcode=40014,submsg=不合法的access_token]"});
    let ada = json!({"errcode": 0, "result": {"userid": "ada", "name": "Ada", "dept_id_list": [2]}});
    let peer = Peer::new().on(USER, [(200, refused), (200, ada)]);
    let found = peer.dingtalk().await.contact(AccountKind::UserId, "ada").await.unwrap();
    assert_eq!((found.name.as_str(), peer.count(USER), peer.count(TOKEN)), ("Ada", 2, 2));
}

#[tokio::test]
async fn what_is_throttled_in_any_dialect_is_tried_again() {
    let dialects = [
        (200, json!({"errcode": 88, "errmsg": "ding talk error[subcode=90002,submsg=limit]"})),
        (403, json!({"code": "Throttling.RateLimit", "message": "m"})),
        (503, json!({"code": "ServiceUnavailable", "message": "m"})),
        (400, json!({"Code": "Throttling", "Message": "m"})),
    ];
    for (status, throttled) in dialects {
        let made = json!({"instanceId": "i1"});
        let peer = Peer::new().on(INSTANCES, [(status, throttled.clone()), (200, made)]);
        let created = create(&peer.dingtalk().await.patient()).await;
        assert_eq!(created, Ok(InstanceId::new("i1")), "{throttled}");
    }
}

#[tokio::test]
async fn what_answers_in_dingtalks_place_says_nothing_of_a_person() {
    for (status, body) in
        [(403, "<html>denied</html>"), (404, ""), (407, "proxy"), (403, r#"{"message":"Forbidden"}"#)]
    {
        let peer = Peer::new().on_text(USER, status, body);
        let error = peer.dingtalk().await.contact(AccountKind::UserId, "ada").await.unwrap_err();
        assert!(error.class == Class::Transient && !error.is_nobody(), "{status} {body}: {error:?}");
    }
    for body in [r#"{"errcode":0,"result":null}"#, r#"{"errcode":0,"result":{"userid":"bob","name":"Bob"}}"#]
    {
        let peer = Peer::new().on_text(USER, 200, body);
        let error = peer.dingtalk().await.contact(AccountKind::UserId, "ada").await.unwrap_err();
        assert!(error.class == Class::Transient && !error.is_nobody(), "{body}: {error:?}");
    }
}

#[tokio::test]
async fn a_token_without_a_life_is_asked_for_once() {
    for answered in [json!({"accessToken": "t", "expireIn": 0}), json!({"accessToken": "t"})] {
        let list = json!({"success": true, "result": {"list": []}});
        let peer = Peer::new().on(TOKEN, [(200, answered)]).on(LIST, [(200, list)]);
        let dingtalk = peer.dingtalk().await;
        for _ in 0..5 {
            super::tests::list(&dingtalk).await.unwrap();
        }
        assert_eq!((peer.count(TOKEN), peer.count(LIST)), (1, 5));
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_no_fault_of_the_request() {
    for (status, body) in [
        (200, r#"{"errcode":40096,"errmsg":"不合法的appKey或appSecret"}"#),
        (400, r#"{"code":"new","message":"不合法的appKey或appSecret"}"#),
    ] {
        let peer = Peer::new().on_text(TOKEN, status, body);
        let error = create(&peer.dingtalk().await).await.unwrap_err();
        assert_eq!((error.class, error.message.as_str()), (Class::Token, "不合法的appKey或appSecret"));
    }
    let peer = Peer::new().on_text(TOKEN, 403, "<html>");
    assert_eq!(create(&peer.dingtalk().await).await.unwrap_err().class, Class::Transient);
}

#[tokio::test]
async fn an_instance_with_odd_characters_is_read() {
    let body = "{\"success\":true,\"result\":{\"status\":\"COMPLETED\",\"result\":\"agree\",\"operationRecords\":[{\"userId\":\"a1\",\
                \"type\":\"EXECUTE_TASK_NORMAL\",\"result\":\"AGREE\",\"remark\":\"line\nline \\ud83d\"}]}}";
    let peer = Peer::new().on_text(INSTANCES, 200, body);
    let read = peer.dingtalk().await.read_instance(&InstanceId::new("i")).await.unwrap();
    assert_eq!(read.remark.as_deref(), Some("line\nline \u{fffd}"));
}

#[tokio::test]
async fn dingtalks_clock_shows_in_its_own_answers_only() {
    let peer = Peer::new().on_text(LIST, 403, "<html>proxy</html>").on_text(TOKEN, 403, "<html>proxy</html>");
    let dingtalk = peer.dingtalk().await;
    list(&dingtalk).await.unwrap_err();
    assert_eq!(dingtalk.clock_offset(), SignedDuration::ZERO);
    let peer = Peer::new().on(LIST, [(200, json!({"success": true, "result": {"list": []}}))]);
    let dingtalk = peer.dingtalk().await;
    dingtalk.check_credentials().await.unwrap();
    assert_eq!(dingtalk.clock_offset(), SignedDuration::from_secs(90));
    list(&dingtalk).await.unwrap();
    assert_eq!(dingtalk.clone().clock_offset(), SignedDuration::from_secs(90));
}

#[tokio::test]
async fn an_error_never_repeats_a_secret() {
    let said = json!({"code": "s3cret", "message": "token s3cret of app-s-own is odd"});
    let error = create(&Peer::new().on(INSTANCES, [(400, said)]).dingtalk().await).await.unwrap_err();
    let shown = format!("{error:?}");
    assert!(!shown.contains("s3cret") && !shown.contains("app-s-own"), "{shown}");
}
