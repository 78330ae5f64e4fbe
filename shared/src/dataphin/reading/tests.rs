//! What each kind of answer means.

use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};

use super::{super::verdict::Told, *};
use crate::dingtalk::crypto::CallbackKeys;

const KEY: &str = "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij";

fn verdict_by(profile: &str, status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> DryRun {
    let settings = DataphinSettings {
        callback_url: "http://127.0.0.1/".to_owned(),
        access_token: "token".into(),
        aes_key: Some(KEY.parse().unwrap()),
        profile: Profile::parse(profile).unwrap(),
    };
    let pairs = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
    let headers: HeaderMap = pairs.collect();
    let answer = HttpAnswer { status: StatusCode::from_u16(status).unwrap(), headers, body: body.into() };
    read(&answer, &settings, &Mask::of(["token"]))
}

fn refusal(status: u16, body: &str) -> Refusal {
    let DryRun::Refused(refusal) = verdict_by("encrypted", status, &[], body) else {
        panic!("accepted: {body}")
    };
    refusal
}

fn told(status: u16, body: &str) -> Told {
    Told::from(&verdict_by("encrypted", status, &[], body))
}

/// The verdict's name: `yes`, `no`, `unclear` or `closed`.
fn name_by(profile: &str, status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> &'static str {
    match verdict_by(profile, status, headers, body) {
        DryRun::Accepted(Acceptance::Confirmed) => "yes",
        DryRun::Accepted(Acceptance::ClosedAlready(_)) => "closed",
        DryRun::Unclear(_) => "unclear",
        DryRun::Refused(_) => "no",
    }
}

fn name(status: u16, body: &str) -> &'static str {
    name_by("plain", status, &[], body)
}

#[test]
fn only_an_explicit_yes_confirms() {
    for body in [
        r#"{"success":true}"#,
        r#"{"SUCCESS":true}"#,
        r#"{"success":"true"}"#,
        r#"{"code":0}"#,
        r#"{"code":"0"}"#,
        r#"{"code":"0000","message":"ok"}"#,
        r#"{"code":200}"#,
        r#"{"code":"200"}"#,
        r#"{"Code":"OK","Success":true}"#,
        r#"{"code":"success","message":"the request is closed now"}"#,
        r#"{"errcode":0,"errmsg":"ok"}"#,
        r#"{"errCode":"0"}"#,
        r#"{"result":true}"#,
        r#"{"result":"SUCCESS"}"#,
        r#"{"success":true,"code":null,"error":null,"errors":[],"data":{}}"#,
        r#"{"success":true,"data":{"applyId":"1","status":"REJECTED","comment":"it failed twice"}}"#,
        r#"{"success":true,"message":"no error","failCount":0,"successCount":0}"#,
        r#"{"success":true,"code":"00000","errorCode":"0","errorMsg":"成功"}"#,
        r#"{"success":true,"message":"已拒绝"}"#,
        r#"{"success":true,"message":"Approval rejected"}"#,
        r#"{"success":true,"message":"0 error(s)"}"#,
        r#"{"success":true,"message":"1 succeeded, 0 failed"}"#,
        r#"{"success":true,"message":"错误码：0"}"#,
        r#"{"success":true,"errorMessage":"N/A"}"#,
        r#"{"success":true,"errorMessage":"successful"}"#,
        r#"{"success":true,"error":"无异常","errorCode":"NO_ERROR"}"#,
        r#"{"success":true,"state":3,"data":{"state":"2","desc":"失败日志表"}}"#,
        r#"{"success":true,"data":["error_log_table"]}"#,
        r#"{"success":true,"failCount":0,"errorList":[],"rtnCode":"0000","templateCode":"T-9"}"#,
        r#"{"success":true,"message":"成功 1 条，失败 0 条"}"#,
        r#"{"code":0,"errorMessage":"no error","errorCode":"none"}"#,
        r#"{"success":true,"data":{"status":2,"reason":"上次提交失败"}}"#,
        r#"{"code":"0","message":"审批流程已结束"}"#,
        "{\"success\":true,\"message\":\"a\tb\"}",
        r#"{"success":true,"data":{"comment":"\ud83d"}}"#,
        "success",
        "OK",
        " ok\r\n",
        r#""success""#,
        r#"["ok"]"#,
    ] {
        assert_eq!(name(200, body), "yes", "{body}");
    }
    for status in [206, 207] {
        assert_eq!(name(status, r#"{"success":true,"responses":[500]}"#), "unclear", "{status}");
    }
    for status in [301, 400, 401, 404, 500, 503] {
        assert_eq!(name(status, r#"{"success":true}"#), "no", "{status}");
    }
}

#[test]
fn a_no_in_any_dialect_is_a_no_and_beats_a_yes() {
    for body in [
        r#"{"success":false}"#,
        r#"{"Success":false}"#,
        r#"{"success":"false"}"#,
        r#"{"success":"N"}"#,
        r#"{"success":0}"#,
        r#"{"success":"0"}"#,
        r#"{"is_success":false}"#,
        r#"{"bizSuccess":false,"code":0}"#,
        r#"{"code":"500"}"#,
        r#"{"Code":"DPN.1"}"#,
        r#"{"code":-1,"success":true}"#,
        r#"{"errcode":40035,"errmsg":"bad argument"}"#,
        r#"{"errorCode":"E1","success":true}"#,
        r#"{"ret":-1,"code":0}"#,
        r#"{"status":500,"error":"Internal Server Error"}"#,
        r#"{"status":"error"}"#,
        r#"{"status":1111,"wait":5,"source":"x5","punish":"deny"}"#,
        r#"{"rgv587_flag":"sm","url":"https://h5api.example/_____tmd_____/punish?x5secdata=1"}"#,
        r#"{"result":false}"#,
        r#"{"result":"fail","code":0}"#,
        r#"{"error":"denied","success":true}"#,
        r#"{"errors":[{"field":"result"}],"success":true}"#,
        r#"{"hasError":true,"success":true}"#,
        r#"{"data":{"success":false}}"#,
        r#"{"success":true,"data":{"success":false}}"#,
        r#"{"success":true,"data":"{\"success\":false}"}"#,
        r#"{"success":true,"data":[{"ok":1},{"result":{"errcode":7}}]}"#,
        r#"{"code":0,"data":false}"#,
        r#"{"code":0,"message":"系统异常"}"#,
        r#"{"success":true,"msg":"保存失败"}"#,
        r#"{"success":true,"message":"access denied"}"#,
        r#"{"code":200,"message":"用户不存在"}"#,
        r#"{"success":true,"message":"no such user"}"#,
        r#"{"success":true,"status":404}"#,
        r#"{"success":false,"success":true}"#,
        r#"{"code":0,"data":"<!doctype html><form>"}"#,
        r#"[{"success":true},{"success":false}]"#,
        r#"{"success":true,"failedIds":["AP1"]}"#,
        r#"{"success":true,"failCount":1}"#,
        r#"{"success":true,"data":{"errorCount":"2"}}"#,
        r#"{"success":true,"failedList":["x"]}"#,
        r#"{"success":true,"failMsg":"x"}"#,
        r#"{"success":true,"exceptionMsg":"NPE"}"#,
        r#"{"success":true,"stateCode":500}"#,
        r#"{"success":true,"resultStatus":"FAIL"}"#,
        r#"{"success":true,"opResult":"failure"}"#,
        r#"{"success":true,"callbackResult":false}"#,
        r#"{"success":true,"succ":false}"#,
        r#"{"success":true,"ack":"Failure"}"#,
        r#"{"success":true,"hasFailed":true}"#,
        r#"{"success":true,"needLogin":true}"#,
        r#"{"success":true,"stack":"java.lang.NullPointerException\n\tat a.b"}"#,
        r#"{"success":true,"ret":false}"#,
        r#"{"code":1}"#,
        "fail",
        "FAILED",
        "false",
        "error",
        "Access denied",
        "系统异常",
        "提交失败",
        "审批单不存在",
        r#""fail""#,
        r#""{\"success\":false}""#,
        "\u{feff}{\"success\":false,\"message\":\"busy\"}",
        "<html><title>login</title></html>",
        "\"<html>\"",
        "<xml><code>0</code></xml>",
        "false",
    ] {
        assert_eq!(name(200, body), "no", "{body}");
    }
}

#[test]
fn what_is_neither_is_unclear() {
    for body in [
        "",
        "\u{feff} \n",
        "{}",
        "[]",
        "null",
        "true",
        "1",
        r#"{"foo":1}"#,
        r#"{"success":true,"code":1}"#,
        r#"{"success":true,"resultCode":"1"}"#,
        r#"{"success":true,"rtnCode":"9999"}"#,
        r#"{"msgCode":"SUC0001"}"#,
        r#"{"success":true,"processed":false}"#,
        r#"{"success":true,"data":{"affectedRows":0}}"#,
        r#"{"success":true,"pass":false}"#,
        r#"{"success":true,"expired":true}"#,
        r#"{"success":true,"status":"N"}"#,
        r#"{"success":true,"data":{"loginUrl":"https://sso.acme.cn/login"}}"#,
        r#"{"code":200,"message":"请重新登录"}"#,
        r#"{"code":0,"message":"circuit breaker open"}"#,
        r#"{"success":true,"data":{"message":"更新了0条"}}"#,
        r#"{"code":null}"#,
        r#"{"message":"success"}"#,
        r#"{"status":"ok"}"#,
        r#"{"isSuccess":true}"#,
        r#"{"data":{"success":true}}"#,
        r#"[{"success":true},{"success":true}]"#,
        r#"{"code":"00000"}"#,
        "received",
        "已收到",
        "succes",
        "{\"success\":fal",
        "{\"success\":tru",
        "{\"success\":true",
        "{\"success\":true}x",
        "\"success",
        "{'success':true}",
    ] {
        assert_eq!(name(200, body), "unclear", "{body}");
    }
    assert_eq!(name_by("plain", 200, &[], b"\xff\xfe\x00".to_vec()), "unclear");
    assert_eq!(name_by("plain", 200, &[], b"\x1f\x8b\x08".to_vec()), "unclear");
}

#[test]
fn a_no_deeper_than_anybody_looks_is_never_a_yes() {
    for depth in 0..12 {
        let mut body = json!({"success": false});
        for _ in 0..depth {
            body = json!({"data": body.to_string()});
        }
        body = json!({"success": true, "data": body.to_string()});
        assert_ne!(name(200, &body.to_string()), "yes", "{depth}");
    }
}

#[test]
fn the_examples_of_the_protocol_notes_mean_what_they_say() {
    let answers = include_str!("../../../tests/fixtures/dataphin/callback-answers.json");
    let answers: Vec<Value> = serde_json::from_str(answers).unwrap();
    for example in &answers {
        let body = example["answer"].as_str().unwrap();
        for profile in Profile::CANDIDATES {
            assert_eq!(name_by(profile, 200, &[], body), example["verdict"], "{profile} {body}");
        }
    }
}

#[test]
fn an_unclear_answer_is_shown_as_one() {
    for (body, shown) in [
        ("", "answered, but not with a yes: HTTP 200, an empty body"),
        (r#"{"foo":1,"id":"a1b2c3"}"#, r#"answered, but not with a yes: HTTP 200, {"foo":1,"id":"(id)"}"#),
        ("已收到", "answered, but not with a yes: HTTP 200, 已收到"),
        ("{", "answered, but not with a yes: HTTP 200, JSON that is cut or damaged"),
    ] {
        assert_eq!(told(200, body), Told::Unclear { reason: shown.to_owned() }, "{body}");
    }
}

#[test]
fn an_unclear_answer_can_be_accepted_and_is_proposed_so() {
    for (status, body) in [(204, ""), (200, r#"{"foo":1,"id":"a1b2c3"}"#), (200, "已收到"), (201, "[]")] {
        let DryRun::Unclear(Unclear::Unknown { accepts: Some(answer), .. }) =
            verdict_by("plain", status, &[], body)
        else {
            panic!("{body}")
        };
        let profile = json!({"base": "plain", "accepts": [answer]}).to_string();
        assert_eq!(name_by(&profile, status, &[], body), "yes", "{profile}");
        assert_eq!(name_by(&profile, status, &[], "{"), "unclear", "{profile}");
        assert_eq!(name_by(&profile, status, &[], r#"{"foo":1,"success":false}"#), "no", "{profile}");
        assert_eq!(name_by(&profile, 400, &[], body), "no", "{profile}");
    }
    for body in ["{", "{\"echo\":\"token\"}"] {
        let verdict = verdict_by("plain", 200, &[], body);
        let accepts = matches!(verdict, DryRun::Unclear(Unclear::Unknown { accepts: Some(_), .. }));
        assert!(!accepts, "{body}: {verdict:?}");
    }
}

#[test]
fn an_own_yes_of_the_profile_is_one() {
    let profile = r#"{"base":"plain","success_codes":["1"],"answer":{"code":["state"],"message":["hint"],
        "yes":{"status":["done",2],"isSuccess":[true]}}}"#;
    for body in [r#"{"STATE":1}"#, r#"{"status":"DONE"}"#, r#"{"status":2}"#, r#"{"isSuccess":true}"#] {
        assert_eq!(name_by(profile, 200, &[], body), "yes", "{body}");
    }
    for (body, verdict) in [
        (r#"{"state":0}"#, "no"),
        (r#"{"status":"done","error":"x"}"#, "no"),
        (r#"{"status":"queued"}"#, "unclear"),
        (r#"{"state":9,"hint":"审批单不存在"}"#, "closed"),
    ] {
        assert_eq!(name_by(profile, 200, &[], body), verdict, "{body}");
    }
}

#[test]
fn closed_needs_dataphins_own_shape_the_request_and_its_end() {
    for (status, body) in [
        (400, r#"{"success":false,"code":"DPN.OA.ApplyFinished","message":"x"}"#),
        (404, r#"{"code":"404","message":"the approval request does not exist"}"#),
        (404, r#"{"success":false,"message":"no such request"}"#),
        (200, r#"{"success":false,"message":"审批流程已结束"}"#),
        (200, r#"{"success":false,"data":{"message":"审批流程已结束"}}"#),
        (200, r#"[{"Success":false,"Msg":"审批流程已结束"}]"#),
        (400, r#"{"success":false,"message":"The request has already been closed."}"#),
        (200, r#"{"code":"REQUEST_NOT_EXIST"}"#),
        (200, r#"{"code":200,"message":"审批单不存在"}"#),
        (200, r#"{"errorCode":"E7","errorMessage":"审批单不存在"}"#),
        (400, r#"{"ret":-1,"msg":"审批流程已结束"}"#),
        (200, r#"{"data":{"success":false,"message":"审批流程已结束"}}"#),
        (200, r#"{"success":false,"errors":[{"code":"E7","message":"审批单不存在"}]}"#),
        (500, r#"{"success":false,"code":"DPN.7","message":"审批单不存在"}"#),
    ] {
        assert_eq!(name(status, body), "closed", "{status} {body}");
    }
    for (status, body) in [
        (404, r#"{"status":404,"error":"Not Found","path":"/api/oa"}"#),
        (
            404,
            r#"{"timestamp":1,"status":404,"error":"Not Found","message":"No such request","path":"/api/oa"}"#,
        ),
        (404, r#"{"message":"no such request"}"#),
        (404, "No such request"),
        (404, "No such request mapping"),
        (404, r#"{"success":false,"message":"No such request mapping"}"#),
        (404, "<html>404 Not Found</html>"),
        (499, "client closed request"),
        (499, r#"{"code":499,"message":"the request was closed"}"#),
        (400, r#"{"code":499,"message":"the request was closed"}"#),
        (200, "<html><form action=login></form></html>"),
        (200, "审批单不存在"),
        (500, r#"{"message":"the approval request does not exist"}"#),
        (503, r#"{"success":false,"message":"the request is closed"}"#),
        (401, r#"{"message":"the access token of this application has been revoked"}"#),
        (401, r#"{"success":false,"message":"the request is closed"}"#),
        (200, r#"{"success":false,"code":"401","message":"the request is closed"}"#),
        (400, r#"{"success":false,"message":"Bad request: parameter signature does not exist"}"#),
        (403, r#"{"success":false,"message":"license of the application ended"}"#),
        (404, r#"{"success":false,"message":"No such route for request POST /api/oa"}"#),
        (200, r#"{"success":false,"message":"process user u1 does not exist"}"#),
        (200, r#"{"success":false,"message":"request failed: user does not exist"}"#),
    ] {
        assert_eq!(name(status, body), "no", "{status} {body}");
    }
}

#[test]
fn an_encrypted_answer_must_be_signed_and_say_success() {
    let vectors: Vec<Value> =
        serde_json::from_str(include_str!("../../../tests/fixtures/dingtalk/callback-vectors.json")).unwrap();
    let forged = json!({"msg_signature": vectors[1]["signature"], "timeStamp": "1", "nonce": "n",
        "encrypt": vectors[1]["encrypt"]});
    assert!(matches!(told(200, &forged.to_string()), Told::Unclear { .. }));
    let keys =
        CallbackKeys::new("token".into(), "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij".parse().unwrap());
    let sealed = keys.seal(b"success", "", "1".into(), "n".into(), [7; 16]);
    let genuine = json!({"msg_signature": sealed.signature, "timeStamp": sealed.timestamp, "nonce": sealed.nonce,
        "encrypt": sealed.encrypt});
    assert_eq!(told(200, &genuine.to_string()), Told::Confirmed);
}

#[test]
fn every_cause_has_its_own_name() {
    let denied = r#"{"success":false,"code":"DPN.1","message":"no"}"#;
    for (status, body, name) in [
        (302, "", "redirect"),
        (200, "\u{feff} <html><form action=login></form></html>", "html"),
        (403, "<html>blocked</html>", "html"),
        (400, "<html>", "html"),
        (401, denied, "unauthorized"),
        (403, "", "unauthorized"),
        (200, r#"{"success":false,"code":401,"message":"the signature is wrong"}"#, "unauthorized"),
        (404, "<html>404 Not Found</html>", "not-found"),
        (404, r#"{"status":404,"error":"Not Found","path":"/api/oa"}"#, "not-found"),
        (405, "", "not-found"),
        (429, "", "server-error"),
        (500, denied, "server-error"),
        (502, "<html>502 Bad Gateway</html>", "server-error"),
        (200, denied, "not-understood"),
        (400, denied, "not-understood"),
    ] {
        assert_eq!(refusal(status, body).name(), name, "{status} {body}");
    }
}

#[test]
fn the_member_that_says_no_is_shown() {
    for (body, reason) in [
        (r#"{"status":500}"#, "HTTP 200, status 500"),
        (r#"{"result":"fail"}"#, "HTTP 200, result fail"),
        (r#"{"errors":[{"why":"boom"}]}"#, "HTTP 200, errors boom"),
        (r#"{"data":"操作失败"}"#, "HTTP 200, data 操作失败"),
        (r#"{"data":{"err":1},"message":"ok"}"#, "HTTP 200, err 1: ok"),
        (r#"{"success":true,"failCount":2}"#, "HTTP 200, failCount 2"),
        (r#"{"message":"系统异常"}"#, "HTTP 200: 系统异常"),
        ("false", "HTTP 200: false"),
        (r#"{"code":500}"#, "HTTP 200, code 500"),
    ] {
        let Told::NotTold { reason: shown, .. } = told(200, body) else { panic!("{body}") };
        assert_eq!(shown, reason, "{body}");
    }
    assert_eq!(
        told(200, "code=500"),
        Told::Unclear { reason: "answered, but not with a yes: HTTP 200, code=500".to_owned() }
    );
}

#[test]
fn what_dataphin_says_is_kept_short_on_one_line_and_without_secrets() {
    let body =
        json!({"success": false, "code": "a\u{1b}b", "message": format!("token\n{}", "x".repeat(9_000))});
    let Refusal::NotUnderstood(said) = refusal(400, &body.to_string()) else { panic!("another cause") };
    assert_eq!(said.code.as_deref(), Some("a\\u{1b}b"));
    assert!(said.message.starts_with("***\\nxxx") && said.message.len() <= 150);
    let Told::NotTold { reason, .. } = told(400, &body.to_string()) else { panic!("told") };
    assert!(reason.starts_with("HTTP 400, code a") && reason.len() <= 200 && !reason.contains("token"));
}

#[test]
fn a_redirect_is_named_without_the_ticket_in_it() {
    let location = "https://u:p@sso.example/login;jsessionid?ticket=SECRET#SECRET";
    let verdict = verdict_by("plain", 302, &[("location", location)], "");
    let Told::NotTold { reason, .. } = Told::from(&verdict) else { panic!("told") };
    assert!(reason.contains("https://sso.example/login"), "{reason}");
    assert!(!reason.contains("SECRET") && !reason.contains("u:p"), "{reason}");
    let expected =
        Refusal::Redirect { status: 302, location: Some("https://sso.example/login;jsessionid".to_owned()) };
    assert_eq!(verdict, DryRun::Refused(expected));
}

#[test]
fn an_encrypted_answer_is_opened_by_the_profiles_cipher_and_must_say_success() {
    for profile in Profile::CANDIDATES {
        let Some(cipher) = Profile::parse(profile).unwrap().bare_aes() else { continue };
        let answer = |text: &str| {
            let sealed = cipher.seal(&KEY.parse().unwrap(), text.as_bytes(), [7; 16]);
            verdict_by(profile, 200, &[], json!({"encrypt": sealed}).to_string())
        };
        assert_eq!(answer("success"), DryRun::Accepted(Acceptance::Confirmed), "{profile}");
        let closed = answer(r#"{"success":false,"message":"the approval request does not exist"}"#);
        let said = "HTTP 200, success false: the encrypted answer says: the approval request does not exist";
        assert_eq!(Told::from(&closed), Told::ClosedAlready { said: said.to_owned() }, "{profile}");
        for (other, name) in
            [("", "unclear"), ("failed", "no"), (r#"{"success":false}"#, "no"), ("\u{0}", "unclear")]
        {
            let sealed = cipher.seal(&KEY.parse().unwrap(), other.as_bytes(), [7; 16]);
            assert_eq!(
                name_by(profile, 200, &[], json!({"encrypt": sealed}).to_string()),
                name,
                "{profile} {other}"
            );
            let denied = json!({"success": false, "encrypt": sealed}).to_string();
            assert_eq!(name_by(profile, 200, &[], denied), "no", "{profile} {other}");
        }
        let no = cipher.seal(&KEY.parse().unwrap(), br#"{"success":false}"#, [7; 16]);
        for beside in [json!({"data": no}), json!({"data": {"encrypt": no}}), json!({"msg_encrypt": no})] {
            let mut answer = beside;
            answer["success"] = json!(true);
            assert_eq!(name_by(profile, 200, &[], answer.to_string()), "no", "{profile} {answer}");
        }
        let token = json!({"success": true, "data": "c2Vzc2lvbi0xMjM0NTY3ODkwYWJjZA=="}).to_string();
        assert_eq!(name_by(profile, 200, &[], token), "yes", "{profile}: a text that only looks encrypted");
        for damaged in [r#"{"encrypt":"AAAA"}"#, r#"{"success":true,"encrypt":"AAAA"}"#] {
            let damaged = verdict_by(profile, 200, &[], damaged);
            assert!(matches!(damaged, DryRun::Unclear(Unclear::Undecipherable(_))), "{profile}");
        }
    }
}

#[test]
fn only_a_busy_dataphin_says_when_to_come_back() {
    for (status, seconds) in [(429, Some(7)), (503, Some(7)), (500, None), (400, None)] {
        let told = Told::from(&verdict_by("plain", status, &[("retry-after", "7")], ""));
        let Told::NotTold { retry_after, .. } = told else { panic!("told") };
        assert_eq!(retry_after, seconds.map(SignedDuration::from_secs), "{status}");
    }
}

/// What an answer may be wrapped in without meaning anything else.
fn wrappers() -> [fn(&str) -> Vec<u8>; 9] {
    use std::io::Write;

    use flate2::{Compression, write};

    fn quoted(body: &str) -> String {
        Value::from(body).to_string()
    }
    [
        |body| format!("\u{feff}{body}").into_bytes(),
        |body| format!(" \r\n{body}\n").into_bytes(),
        |body| quoted(body).into_bytes(),
        |body| quoted(&quoted(body)).into_bytes(),
        |body| {
            format!("[{}]", if body.starts_with('{') { body.to_owned() } else { quoted(body) }).into_bytes()
        },
        |body| [0xfeff].into_iter().chain(body.encode_utf16()).flat_map(u16::to_le_bytes).collect(),
        |body| [0xfeff].into_iter().chain(body.encode_utf16()).flat_map(u16::to_be_bytes).collect(),
        |body| {
            let mut encoder = write::GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(body.as_bytes()).unwrap();
            encoder.finish().unwrap()
        },
        |body| {
            let mut encoder = write::ZlibEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(body.as_bytes()).unwrap();
            encoder.finish().unwrap()
        },
    ]
}

/// Members of an answer that say no.
const NOES: [&str; 12] = [
    r#""success":false"#,
    r#""isSuccess":"N""#,
    r#""Success":0"#,
    r#""code":"E1""#,
    r#""errcode":1"#,
    r#""ret":-1"#,
    r#""error":"x""#,
    r#""result":false"#,
    r#""message":"系统异常""#,
    r#""status":500"#,
    r#""punish":"deny""#,
    r#""data":"{\"success\":false}""#,
];

/// Members of an answer that say yes, or nothing.
const OTHERS: [&str; 8] = [
    r#""success":true"#,
    r#""code":0"#,
    r#""errcode":"0""#,
    r#""result":"success""#,
    r#""message":"ok""#,
    r#""data":{"id":7}"#,
    r#""foo":[1,null]"#,
    r#""requestId":"8f""#,
];

fn answers() -> impl Strategy<Value = String> {
    let member = proptest::sample::select([&NOES[..], &OTHERS].concat());
    let object = vec(member, 0..4).prop_map(|members| format!("{{{}}}", members.join(",")));
    prop_oneof![object, Just("success".to_owned()), Just("fail".to_owned()), Just("收到".to_owned())]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_answer_is_judged_in_one_short_line(status in 200_u16..600, body in vec(any::<u8>(), 0..300), wrap: bool) {
        let text = String::from_utf8_lossy(&body).into_owned();
        let body = if wrap {
            json!({"code": text, "message": text, "encrypt": text}).to_string().into_bytes()
        } else {
            body
        };
        for profile in Profile::CANDIDATES {
            let line = verdict_by(profile, status, &[("location", "/\t?a")], body.clone()).to_string();
            prop_assert!(line.chars().count() <= 200 && !line.contains(char::is_control), "{line}");
        }
    }

    #[test]
    fn a_no_anywhere_is_never_a_yes(
        no in proptest::sample::select(&NOES[..]),
        around in vec(proptest::sample::select(&OTHERS[..]), 0..4),
        depth in 0_usize..4,
        wrapper in 0_usize..9,
    ) {
        let mut body = format!("{{{no}}}");
        for _ in 0..depth {
            body = format!(r#"{{"data":{body}}}"#);
        }
        for member in around {
            body = format!("{},{member}}}", &body[..body.len() - 1]);
        }
        let wrapped = wrappers()[wrapper](&body);
        prop_assert!(["no", "closed"].contains(&name_by("plain", 200, &[], wrapped)), "{body}");
    }

    #[test]
    fn a_wrapper_changes_no_verdict(body in answers(), first in 0_usize..9, status in proptest::sample::select(&[200_u16, 400, 404][..])) {
        let bare = name_by("plain", status, &[], body.as_str());
        prop_assert_eq!(name_by("plain", status, &[], wrappers()[first](&body)), bare, "{}", body);
    }

    #[test]
    fn a_cut_answer_is_never_a_yes(body in answers(), cut in 1_usize..60) {
        let Some(end) = body.len().checked_sub(cut).filter(|end| body.starts_with('{') && body.is_char_boundary(*end)) else {
            return Ok(());
        };
        prop_assert_ne!(name_by("plain", 200, &[], &body[..end]), "yes", "{}", &body[..end]);
    }
}
