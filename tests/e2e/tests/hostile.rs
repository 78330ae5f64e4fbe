//! Hostile callers at Dataphin's doors: every one gets an answer, short and in one shape, and nobody else notices.

#![allow(clippy::expect_used)]

use e2e::{Rehearsal, Setting};
use jiff::SignedDuration;
use serde_json::{Value, json};

const CREATE: &str = "/dataphin/bpms/processinstance/create";
const REVOKE: &str = "/dataphin/bpms/processinstance/revoke";
const CONNECT: &str = "/dataphin/bpms/check/connect";
const CALLBACK: &str = "/dingtalk/callback";
const LIMIT: usize = 1024 * 1024;
const CALLBACK_LIMIT: usize = 256 * 1024;

/// A body that is accepted, made as long as is asked for.
fn body_of(length: usize) -> Vec<u8> {
    let content = json!({"applyId": "long", "applyUserInfo": {"userSourceId": "emp1001"}, "content": "c"});
    let mut body = content.to_string().into_bytes();
    body.resize(length, b' ');
    body
}

fn check_result(body: &str) -> String {
    let body: Value = serde_json::from_str(body).expect("JSON");
    let names: Vec<&String> = body.as_object().expect("an object").keys().collect();
    let expected: &[&str] =
        if body["checkResult"] == "success" { &["checkResult", "message"] } else { &["checkResult"] };
    assert_eq!(names, expected);
    body["checkResult"].as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn a_body_that_is_no_request_is_refused_with_its_reason() {
    let r = Rehearsal::start().await;
    let nodes = |node: Value| json!({"applyId": "1", "approveNodes": [node]}).to_string().into_bytes();
    let bodies: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b" \r\n\t".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"\"text\"".to_vec(),
        b"{\"applyId\":\"1\"".to_vec(),
        b"{\"applyId\":\"1\"}{}".to_vec(),
        b"{\"applyId\":\"\xff\xfe\"}".to_vec(),
        b"{\"applyId\":\"\\u0000\"}".to_vec(),
        b"{\"applyId\":1e999}".to_vec(),
        b"{\"applyId\":true}".to_vec(),
        b"{\"applyId\":\"q\\ud800\"}".to_vec(),
        json!({"applyId": " x"}).to_string().into_bytes(),
        json!({"applyId": "1", "tenantId": ["T2"]}).to_string().into_bytes(),
        b"{\"applyId\":null}".to_vec(),
        b"{\"applyId\":{\"applyId\":\"1\"}}".to_vec(),
        json!({"applyId": "1".repeat(129)}).to_string().into_bytes(),
        nodes(json!(7)),
        nodes(json!({"approveUsers": "emp1002"})),
        nodes(json!({"approveUsers": [{}]})),
        nodes(json!({"approveOrder": 1e300, "approveUsers": [{"userId": "1"}]})),
        nodes(json!({"approveOrder": "99999999999999999999", "approveUsers": [{"userId": "1"}]})),
        json!({"applyId": "1", "approveNodes": vec![json!({}); 21]}).to_string().into_bytes(),
        vec![0; 1_000],
        b"[".repeat(LIMIT),
        b"{\"a\":".repeat(LIMIT / 5),
    ];
    for path in [CREATE, REVOKE] {
        for body in &bodies {
            // A withdrawal does not look at nodes.
            if path == REVOKE && body.starts_with(b"{\"applyId\":\"1\",\"approveNodes\"") {
                continue;
            }
            let answer = r.submit_raw(path, body).await;
            assert_eq!((answer.status, answer.problem().as_str()), (400, "bad-body"), "{answer:?}");
        }
    }
    assert!(r.sandbox.dingtalk.instances().is_empty());
}

#[tokio::test]
async fn content_nested_without_end_is_shown_as_it_came() {
    let r = Rehearsal::start().await;
    let deep = "[".repeat(30_000) + &"]".repeat(30_000);
    let body = json!({"applyId": "deep", "applyUserInfo": {"userSourceId": "emp1001"}, "content": deep});
    let answer = r.submit_raw(CREATE, body.to_string().as_bytes()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(r.sandbox.dingtalk.instances().len(), 1);
}

#[tokio::test]
async fn a_body_of_just_the_limit_is_read_and_one_byte_more_is_not() {
    let r = Rehearsal::start().await;
    assert_eq!(r.submit_raw(CREATE, &body_of(LIMIT)).await.status, 200);
    assert_eq!(r.submit_chunked(CREATE, &body_of(LIMIT)).await.status, 200);
    assert_eq!(r.submit_raw(CREATE, &body_of(LIMIT + 1)).await.problem(), "body-too-large");
    assert_eq!(r.submit_chunked(CREATE, &body_of(LIMIT + 1)).await.problem(), "body-too-large");
    let signed = format!("{CALLBACK}?msg_signature=x&timestamp=1&nonce=x");
    for (length, code) in [(CALLBACK_LIMIT, "not-accepted"), (CALLBACK_LIMIT + 1, "body-too-large")] {
        assert_eq!(r.request_with("POST", &signed, &body_of(length)).await.problem(), code);
    }
}

#[tokio::test]
async fn only_the_right_credentials_given_once_are_let_in() {
    let r = Rehearsal::start().await;
    let good = r.credentials();
    let (token, timestamp) = good.split_once('&').expect("two parameters");
    for (query, code) in [
        (String::new(), "access-token"),
        (timestamp.to_owned(), "access-token"),
        (format!("accessToken=&{timestamp}"), "access-token"),
        (format!("accesstoken=6d1b2n1c&{timestamp}"), "access-token"),
        (format!("{token}%00&{timestamp}"), "access-token"),
        (format!("{token}x&{timestamp}"), "access-token"),
        (format!("accessToken=%ff%fe&{timestamp}"), "access-token"),
        (format!("accessToken=%&{timestamp}"), "access-token"),
        (format!("accessToken[]=6d1b2n1c&{timestamp}"), "access-token"),
        (format!("accessToken={}&{timestamp}", "a".repeat(20_000)), "access-token"),
        (format!("{good}&{token}"), "bad-query"),
        (format!("{good}&accessToken=other"), "bad-query"),
        (format!("{good}&{timestamp}"), "bad-query"),
        (token.to_owned(), "timestamp"),
        (format!("{token}&timestamp=soon"), "timestamp"),
        (format!("{token}&timestamp=0"), "timestamp"),
        (format!("{token}&timestamp=-9223372036854775808"), "timestamp"),
        (format!("{token}&timestamp=9223372036854775807"), "timestamp"),
        (format!("{token}&timestamp=1e12"), "timestamp"),
    ] {
        for path in [CREATE, REVOKE] {
            let answer = r.request_with("POST", &format!("{path}?{query}"), &body_of(200)).await;
            assert_eq!(answer.problem(), code, "{query}");
            assert!(code != "bad-query" || answer.body.contains("more than once"), "{answer:?}");
            assert_eq!(answer.status, if code == "bad-query" { 400 } else { 401 }, "{query}");
        }
        let answer = r.request_with("POST", &format!("{CONNECT}?{query}"), b"{}").await;
        assert!(check_result(&answer.body).contains(&format!("[{code}, ")), "{query}");
        // Ten a minute from one address are answered as any other.
        r.pass(SignedDuration::from_secs(20));
    }
    assert!(r.sandbox.dingtalk.instances().is_empty());
}

/// DingTalk's and Dataphin's calls may come through the same proxy as a stranger's.
#[tokio::test]
async fn whoever_guesses_is_slowed_and_whoever_knows_is_let_in_beside_them() {
    let r = Rehearsal::start().await;
    for n in 0..13 {
        let target = format!("{CREATE}?accessToken=guess{n}&timestamp=1");
        let answer = r.as_time_passes(r.request_with("POST", &target, b"{}")).await;
        if n < 10 {
            assert_eq!((answer.status, answer.problem().as_str()), (401, "access-token"));
        } else {
            assert_eq!((answer.status, answer.problem().as_str()), (429, "too-many-wrong-credentials"));
            assert!(answer.head.contains("retry-after: "), "{answer:?}");
        }
    }
    let target = format!("{CONNECT}?accessToken=guess&timestamp=1");
    let mut answer = r.as_time_passes(r.request_with("POST", &target, b"{}")).await;
    // Where the connection test is a function of its own, that counts by itself.
    for _ in 0..10 {
        if answer.status == 429 {
            break;
        }
        answer = r.as_time_passes(r.request_with("POST", &target, b"{}")).await;
    }
    assert_eq!(answer.status, 429);
    assert!(check_result(&answer.body).contains("[too-many-wrong-credentials, "), "{answer:?}");
    let apply_id = r.accepted(r.request()).await;
    r.agree(&r.approver(), "in the midst of it").await;
    r.told(&apply_id).await;
}

#[tokio::test]
async fn ten_connection_tests_make_one_diagnosis() {
    let r = Rehearsal::start().await;
    let paid = || r.sandbox.dingtalk.calls().paid();
    let before = paid();
    let alone = r.as_time_passes(r.submit_raw(CONNECT, b"{}")).await;
    assert_eq!(check_result(&alone.body), "success");
    let cost = paid() - before;
    assert!(cost > 0);
    let test = || r.submit_raw(CONNECT, b"{}");
    for _ in 0..3 {
        for answer in <[_; 3]>::from(tokio::join!(test(), test(), test())) {
            assert_eq!(check_result(&answer.body), "success");
        }
    }
    assert_eq!(paid() - before, cost);
    r.pass(SignedDuration::from_secs(61));
    let wrong = r.request_with("POST", &format!("{CONNECT}?accessToken=x"), b"{}").await;
    assert!(check_result(&wrong.body).contains("[access-token, "), "what is kept is for those who know");
    assert_eq!(paid() - before, cost);
    let at_once = r.as_time_passes(async { tokio::join!(test(), test(), test()) }).await;
    for answer in <[_; 3]>::from(at_once) {
        assert_eq!(check_result(&answer.body), "success");
    }
    assert_eq!(paid() - before, 2 * cost, "three at once wait for one diagnosis");
}

#[tokio::test]
async fn addresses_that_are_not_served_and_methods_that_are_not_taken_say_so() {
    let r = Rehearsal::start().await;
    for method in ["GET", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "NONSENSE"] {
        for path in [CREATE, REVOKE, CONNECT, CALLBACK] {
            let answer = r.request_with(method, path, b"{}").await;
            assert_eq!((answer.status, answer.problem().as_str()), (405, "method-not-allowed"), "{method}");
            assert!(answer.head.contains("allow: POST\r\n"), "{answer:?}");
        }
    }
    for target in [
        "/",
        "/dataphin",
        "/dataphin/bpms",
        "/dataphin/bpms/",
        "/dataphin/bpms/processinstance/Create",
        "/dataphin/bpms/processinstance%2Fcreate",
        "/dataphin%2Fbpms/check/connect",
        "/dataphin/bpms/%00",
        "/dataphin/bpms/%ff%",
        "/dataphin/bpms/审批",
        "/dataphin/bpms/../bpms/check/connect",
        "/x/dataphin/bpms/../check/connect",
        "/dingtalk/callback/x",
        "/dingtalk/callbackx",
        "/../../etc/passwd",
        "http://elsewhere/",
    ] {
        let answer = r.submit_raw(target, b"{}").await;
        assert_eq!((answer.status, answer.problem().as_str()), (404, "not-found"), "{target}");
    }
}

#[tokio::test]
async fn refusals_come_with_200_where_dataphin_wants_them_so() {
    let r = Rehearsal::with(Setting::default().variable("DATAPHIN_REFUSALS_AS_200", "true")).await;
    for (body, code) in [(b"[]".to_vec(), "bad-body"), (body_of(LIMIT + 1), "body-too-large")] {
        let answer = r.submit_raw(CREATE, &body).await;
        assert_eq!((answer.status, answer.problem().as_str()), (200, code));
    }
}

#[tokio::test]
async fn a_call_that_nobody_documented_is_no_guess_whatever_its_clock_shows() {
    let r = Rehearsal::start().await;
    let token = r.credentials().split('&').next().expect("a token").to_owned();
    for query in [token.clone(), format!("{token}&timestamp=1"), format!("{token}&timestamp=soon")] {
        for _ in 0..12 {
            let answer =
                r.request_with("POST", &format!("/dataphin/bpms/processinstance/query?{query}"), b"{}").await;
            assert_eq!((answer.status, answer.problem().as_str()), (404, "not-found"), "{query}");
        }
    }
}

#[tokio::test]
async fn a_refusal_shows_what_cannot_be_seen() {
    let r = Rehearsal::start().await;
    let user = json!({"userSourceId": "nobody\u{202e}x\u{200b}", "userName": "n"});
    let body = json!({"applyId": "1", "applyUserInfo": {"userSourceId": "emp1001"}, "approveNodes": [{"approveUsers": [user]}]});
    let answer = r.submit_raw(CREATE, body.to_string().as_bytes()).await;
    assert_eq!(answer.status, 422, "{answer:?}");
    assert!(answer.body.contains(r"nobody\\u{202e}x\\u{200b}"), "{answer:?}");
    assert!(!answer.body.contains(['\u{202e}', '\u{200b}']), "{answer:?}");
}
