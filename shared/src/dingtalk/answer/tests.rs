use reqwest::StatusCode;

use super::*;
use Class::{Permanent, Permission, Quota, Throttled, Token, Transient, UnknownOutcome};

fn answer(status: u16, body: impl AsRef<[u8]>) -> HttpAnswer {
    HttpAnswer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: reqwest::header::HeaderMap::new(),
        body: body.as_ref().to_vec(),
    }
}

fn v1(status: u16, body: impl AsRef<[u8]>) -> DingTalkError {
    new_style(&answer(status, body)).unwrap_err()
}

fn oapi(body: impl AsRef<[u8]>) -> DingTalkError {
    old_style(&answer(200, body)).unwrap_err()
}

fn published() -> Value {
    serde_json::from_str(include_str!("../../../tests/fixtures/dingtalk/error_bodies.json")).unwrap()
}

#[test]
fn published_error_bodies_are_classified() {
    let bodies = published();
    let class = |name: &str, status: u16| {
        let answer = answer(status, bodies[name].to_string());
        let taken = if name.starts_with("oapi") { old_style(&answer) } else { new_style(&answer) };
        taken.unwrap_err().harmless().class
    };
    assert_eq!(class("v1_bad_secret_400", 400), Token);
    assert_eq!(class("v1_bad_token_400", 400), Token);
    assert_eq!(class("v1_permission_403_detail", 403), Permission);
    assert_eq!(class("v1_permission_403", 403), Permission);
    assert_eq!(class("oapi_bad_token_200", 200), Token);
    assert_eq!(class("oapi_bad_secret_200", 200), Token);
    assert_eq!(class("ip_ban", 200), Throttled);
    assert_eq!(class("oapi_mixed_ids_200", 200), Permanent);
}

#[test]
fn the_missing_permission_point_is_found_in_every_place() {
    let bodies = published();
    let scopes = |name: &str| v1(403, bodies[name].to_string()).scopes;
    assert_eq!(scopes("v1_permission_403_detail"), ["Contact.User.Read"]);
    assert_eq!(scopes("v1_permission_403"), ["Document.AIAssistant.Read"]);
    let sdks = r#"{"Code":"Forbidden.AccessDenied.AccessTokenPermissionDenied","StatusCode":403,"Message":"m",
        "AccessDeniedDetail":{"requiredScopes":["Contact.Org.Read"]}}"#;
    assert_eq!(v1(403, sdks).scopes, ["Contact.Org.Read"]);
    let text = r#"{"errcode":88,"errmsg":"ding talk error[subcode=60011,submsg=应用尚未开通所需的权限：[qyapi_get_member]]"}"#;
    assert_eq!(oapi(text).scopes, ["qyapi_get_member"]);
}

/// What each answer means of a create call, and of a call that may be made twice; and whether it is DingTalk's own.
const MEANINGS: [(u16, &str, Class, Class, bool); 52] = [
    // Known to mean that nothing was carried out.
    (400, r#"{"code":"processCodeError","message":""}"#, Permanent, Permanent, true),
    (400, r#"{"code":"formConverterError","message":""}"#, Permanent, Permanent, true),
    (400, r#"{"code":"Missingvalue","message":""}"#, Permanent, Permanent, true),
    (404, r#"{"code":"InvalidAction.NotFound","message":""}"#, Permanent, Permanent, true),
    (400, r#"{"code":"InvalidAuthentication","message":null,"accessdenieddetail":null}"#, Token, Token, true),
    (403, r#"{"code":"Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"}"#, Throttled, Throttled, true),
    (403, r#"{"code":"Forbidden.AccessDenied.ApiCountLimitForOrg"}"#, Quota, Quota, true),
    (403, r#"{"code":"Forbidden.AccessDenied.IpNotInWhiteList"}"#, Permission, Permission, true),
    (400, r#"{"code":"Throttling"}"#, Throttled, Throttled, true),
    (403, r#"{"code":"Throttling.RateLimit"}"#, Throttled, Throttled, true),
    (429, r#"{"code":"Throttling.Api"}"#, Throttled, Throttled, true),
    (503, r#"{"Code":"ServiceUnavailable","Message":"m"}"#, Throttled, Throttled, true),
    (400, r#"{"code":"ServiceUnavailable"}"#, Throttled, Throttled, true),
    (200, r#"{"errcode":90018,"errmsg":""}"#, Throttled, Throttled, true),
    (200, r#"{"errcode":810007,"errmsg":"没有操作审批流的权限"}"#, Permanent, Permanent, true),
    (200, r#"{"success":false,"errorMsg":"没有操作审批流的权限"}"#, Permanent, Permanent, true),
    (200, r#"{"success":"false","code":"processCodeError"}"#, Permanent, Permanent, true),
    // DingTalk's own, and it does not say that nothing was carried out.
    (400, r#"{"code":"somethingNew","message":"x"}"#, UnknownOutcome, Permanent, true),
    (400, r#"{"errcode":400,"errmsg":"参数错误"}"#, UnknownOutcome, Permanent, true),
    (400, r#"{"code":400,"message":"参数错误"}"#, UnknownOutcome, Permanent, true),
    (400, r#"{"Code":"SomethingNew","Message":"x"}"#, UnknownOutcome, Permanent, true),
    (403, r#"{"code":"somethingNew","requestid":"r"}"#, UnknownOutcome, Permanent, true),
    (400, r#"{"code":"internalError","message":"x"}"#, UnknownOutcome, Transient, true),
    (400, r#"{"code":"sysErrror","message":"x"}"#, UnknownOutcome, Transient, true),
    (500, r#"{"code":"systemError","message":""}"#, UnknownOutcome, Transient, true),
    (500, r#"{"code":"somethingNew","message":""}"#, UnknownOutcome, Transient, true),
    (200, r#"{"success":false,"errorMsg":"系统错误","result":{"list":[]}}"#, UnknownOutcome, Transient, true),
    (200, r#"{"errcode":-1,"errmsg":"系统繁忙"}"#, UnknownOutcome, Transient, true),
    (200, r#"{"success":false,"code":"processCodeError","instanceId":"i"}"#, UnknownOutcome, Transient, true),
    // A server's failure, whatever its code; and words that something was made.
    (500, r#"{"code":"processCodeError","message":""}"#, UnknownOutcome, Transient, true),
    (504, r#"{"code":"invalidParameter","message":""}"#, UnknownOutcome, Transient, true),
    (500, r#"{"code":"Throttling.User","message":""}"#, UnknownOutcome, Transient, true),
    (504, r#"{"Code":"ServiceUnavailable","Message":"m"}"#, UnknownOutcome, Transient, true),
    (
        200,
        r#"{"success":false,"errorMsg":"审批单已发起，但审批人消息通知不成功"}"#,
        UnknownOutcome,
        Transient,
        true,
    ),
    (200, r#"{"success":false,"errorMsg":"审批已创建，通知被限流"}"#, UnknownOutcome, Transient, true),
    (
        200,
        r#"{"success":false,"errorMsg":"审批已创建，但没有发送工作通知的权限"}"#,
        UnknownOutcome,
        Transient,
        true,
    ),
    // Not DingTalk's, or a ban.
    (403, r#"{"message":"Forbidden"}"#, UnknownOutcome, Transient, false),
    (403, r#"{"code":403,"message":"Forbidden"}"#, UnknownOutcome, Transient, false),
    (502, r#"{"code":502,"message":"Bad Gateway"}"#, UnknownOutcome, Transient, false),
    (407, r#"{"code":"ProxyAuthRequired"}"#, UnknownOutcome, Transient, false),
    (403, "<html>denied</html>", UnknownOutcome, Transient, false),
    (404, "<html>nginx</html>", UnknownOutcome, Transient, false),
    (400, "", UnknownOutcome, Transient, false),
    (408, "", UnknownOutcome, Transient, false),
    (429, "", UnknownOutcome, Throttled, false),
    (499, "", UnknownOutcome, Transient, false),
    (302, "", UnknownOutcome, Transient, false),
    (502, "<html>bad gateway</html>", UnknownOutcome, Transient, false),
    (200, "<html>captcha</html>", UnknownOutcome, Transient, false),
    (200, r#""text""#, UnknownOutcome, Transient, false),
    (200, r#"{"status":1111,"wait":5,"source":"x5","punish":"deny"}"#, UnknownOutcome, Throttled, false),
    (
        403,
        "<script>location='https://h/_____tmd_____/punish?x5secdata=x'</script>",
        UnknownOutcome,
        Throttled,
        false,
    ),
];

#[test]
fn only_an_answer_that_is_known_to_mean_it_means_that_nothing_was_carried_out() {
    for (status, body, created, harmless, is_own) in MEANINGS {
        let error = v1(status, body);
        assert_eq!(error.class, created, "{status} {body}");
        assert_eq!(error.is_dingtalks_own(), is_own, "{status} {body}");
        assert_eq!(error.harmless().class, harmless, "{status} {body}");
    }
}

#[test]
fn the_same_words_twice_are_a_refusal_with_these_words() {
    for (status, body, words) in [
        (400, r#"{"errcode":400,"errmsg":"参数错误"}"#, "400: 参数错误"),
        (400, r#"{"Code":"Other","Message":"参数错误"}"#, "Other: 参数错误"),
        (400, r#"{"code":4001,"message":"参数错误"}"#, "4001: 参数错误"),
        (400, r#"{"success":false,"errorMsg":"表单错误"}"#, "no-code: 表单错误"),
        (400, r#"{"code":"internalError","message":"x"}"#, "internalError: x"),
        (200, r#"{"success":false,"errorCode":"E1","errorMsg":"表单错误"}"#, "E1: 表单错误"),
    ] {
        let error = v1(status, body);
        assert_eq!((error.class, error.to_string().as_str()), (UnknownOutcome, words), "{body}");
        assert_eq!(error.after_another_try().class, Permanent, "{body}");
    }
    for (status, body) in [(500, r#"{"code":"systemError"}"#), (404, "<html>"), (429, ""), (200, "{}x")] {
        assert_eq!(v1(status, body).after_another_try().class, UnknownOutcome, "{status} {body}");
    }
}

#[test]
fn the_gateways_88_is_read_down_to_the_code_in_its_text() {
    let of = |sub: &str| {
        oapi(format!(r#"{{"errcode":88,"errmsg":"ding talk error[subcode={sub},submsg=limit]"}}"#))
    };
    let table = [
        ("40014", Token),
        ("42001", Token),
        ("90002", Throttled),
        ("60011", Permission),
        ("60020", Permission),
        ("60121", Permanent),
        ("400002", Permanent),
        ("-1", Transient),
    ];
    for (sub, class) in table {
        let error = of(sub).harmless();
        assert_eq!((error.class, error.code.as_str()), (class, format!("88/{sub}").as_str()));
        assert_eq!(error.message, "limit");
    }
    assert!(of("60020").is_address_refused() && of("60011").is_missing_permission());
    assert!(of("60121").is_nobody() && of("400002").is_nobody() && !of("40014").is_nobody());
    let members = r#"{"errcode":"88","sub_code":60121,"sub_msg":"不存在","errmsg":"ding talk error[subcode=60121,submsg=不存在]"}"#;
    assert!(oapi(members).is_nobody());
    assert_eq!(oapi(r#"{"errcode":88,"errmsg":"busy"}"#).harmless().class, Transient);
}

#[test]
fn a_whole_answer_is_taken_in_every_dialect() {
    for body in [
        r#"{"instanceId":"i"}"#,
        r#"{"success":true,"result":{}}"#,
        r#"{"success":"true","result":{},"code":"200","message":"ok"}"#,
        r#"{"errcode":0,"errmsg":"ok","result":{}}"#,
        r#"{"success":true,"code":"OK"}"#,
        "\u{feff}{\"result\":{\"remark\":\"a\\ud83d\nb\"}}",
    ] {
        assert!(new_style(&answer(200, body)).is_ok(), "{body}");
    }
    for body in [r#"{"errcode":"0"}"#, r#"{"errcode":0,"errmsg":"ok"}"#, r#"{"success":true,"result":{}}"#] {
        assert!(old_style(&answer(200, body)).is_ok(), "{body}");
    }
    assert!(old_style(&answer(200, "{}")).is_err(), "nothing says that it worked");
    assert_eq!(oapi(r#"{"code":"InvalidAuthentication","message":"m"}"#).class, Token);
}

#[test]
fn numbers_are_read_in_every_shape() {
    let table = [
        (Value::from(20), Some(20)),
        (Value::from("20"), Some(20)),
        (Value::from(" 20 "), Some(20)),
        (Value::from(20.0), Some(20)),
        (Value::from("7200.0"), Some(7200)),
        (Value::from(-1), Some(-1)),
        (Value::from(2.5), None),
        (Value::from(1e300), None),
        (Value::from("NaN"), None),
        (Value::from("abc"), None),
        (Value::Null, None),
        (Value::from(true), None),
    ];
    for (value, number) in table {
        assert_eq!(number_or_text(&value), number, "{value}");
    }
}

#[test]
fn words_are_short_and_plain() {
    let long = format!(r#"{{"code":"x","message":"{}\u001b[31m"}}"#, "字".repeat(400));
    assert_eq!(v1(400, long).message.chars().count(), MESSAGE_LIMIT);
    assert_eq!(v1(400, "{\"code\":\"x\",\"message\":\"a\\u001b[31mb\nc\"}").message, "a[31mbc");
}

proptest::proptest! {
    #[test]
    fn no_answer_makes_it_panic(status in 100u16..1000, body in proptest::prelude::any::<Vec<u8>>()) {
        let answer = answer(status, body);
        let _ = (new_style(&answer), old_style(&answer));
    }
}
