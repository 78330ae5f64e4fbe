//! What can be wrong between the bridge and Dataphin, each named with its cause and place.

#![allow(clippy::expect_used, clippy::panic)]

use doctor::{
    Site, is_healthy_after_a_restart, names, number_behind, outcome,
    stranger::{self, Manner, nobody},
    until,
};
use shared::{
    diagnosis::{Check, Outcome},
    store::Sighting,
};
use simulators::dataphin::{Fault, Kind, Operator, Profile, Request, Times};

#[tokio::test]
async fn an_access_token_that_differs() {
    let site = Site::start().await;
    site.sandbox
        .dataphin
        .change_settings(|it| it.access_token = "typed-otherwise".to_owned())
        .expect("saved");
    let connection = site.sandbox.dataphin.test_connection().await;
    assert!(!connection.passed && connection.message.contains("access-token"), "{}", connection.message);
    let diagnosis = site.diagnosis().await;
    // What Dataphin calls with, and what it signs with, are one setting.
    let failed: Vec<&str> = diagnosis.failed().map(|finding| finding.check.facts().id).collect();
    assert_eq!(failed, ["dataphin-calls"], "{diagnosis:#?}");
    names(&diagnosis, "dataphin-calls", "another Access Token than DATAPHIN_ACCESS_TOKEN", "审批设置");
}

#[tokio::test]
async fn a_proxy_that_passes_dingtalk_on_and_not_dataphin() {
    let site = Site::start().await;
    for (status, cause, fix) in [
        (404, "HTML (HTTP 404)", "route /dataphin to the bridge"),
        (502, "does not reach the bridge for /dataphin (HTTP 502)", "let it lead to BRIDGE_LISTEN"),
        (200, "HTML (HTTP 200)", "route /dataphin to the bridge"),
    ] {
        let proxy = stranger::start(Manner::Only(site.bridge.clone(), "/dingtalk", status)).await;
        let diagnosis = site.diagnosis_with(&[("BRIDGE_PUBLIC_URL", &proxy)]).await;
        names(&diagnosis, "dataphin-route", cause, fix);
    }
    let diagnosis = site.diagnosis().await;
    assert!(diagnosis.is_healthy(), "{diagnosis:#?}");
    let calls = outcome(&diagnosis, Check::DataphinCalls);
    assert!(matches!(calls, Outcome::Skipped { .. }), "our own call is none of Dataphin's: {calls:?}");
}

#[tokio::test]
async fn an_access_token_that_was_changed_on_both_sides_but_not_in_the_running_bridge() {
    let site = Site::start().await;
    site.sandbox.dataphin.change_settings(|it| it.access_token = "new-on-both".to_owned()).expect("saved");
    assert!(!site.sandbox.dataphin.test_connection().await.passed);
    let diagnosis = site.diagnosis_with(&[("DATAPHIN_ACCESS_TOKEN", "new-on-both")]).await;
    names(&diagnosis, "dataphin-route", "holds another DATAPHIN_ACCESS_TOKEN", "restart `bridge serve`");
    // Or this one is wrong, and both others right.
    site.sandbox.dataphin.change_settings(|it| it.access_token = "as-it-was".to_owned()).expect("saved");
    let diagnosis = site.diagnosis_with(&[("DATAPHIN_ACCESS_TOKEN", "wrong-here")]).await;
    names(&diagnosis, "dataphin-route", "holds another DATAPHIN_ACCESS_TOKEN", "DATAPHIN_ACCESS_TOKEN");
}

#[tokio::test]
async fn a_rotation_that_dataphin_has_not_followed_yet() {
    let old = "the-old-access-token-1";
    let set = |it: &mut bridge::sandbox::SandboxSettings| it.dataphin.access_token = old.to_owned();
    let rotated =
        [("DATAPHIN_ACCESS_TOKEN", "the-new-access-token-1"), ("DATAPHIN_ACCESS_TOKEN_PREVIOUS", old)];
    let site = Site::with(set, &rotated).await;
    site.round_trip().await;
    let diagnosis = site.diagnosis().await;
    assert!(diagnosis.is_healthy(), "{diagnosis:#?}");
    let Outcome::Warned(warning) = outcome(&diagnosis, Check::DataphinCallback) else {
        panic!("{diagnosis:#?}")
    };
    assert!(warning.cause.en.contains("still has the previous Access Token"), "{warning:?}");
    assert!(warning.mend.en.contains("type the new Access Token into Dataphin"), "{warning:?}");
    assert_eq!(site.sandbox.dataphin.settings().access_token, old);
}

#[tokio::test]
async fn a_callback_address_that_leads_to_the_bridge() {
    let site = Site::start().await;
    let url = format!("{}/api/oa/bpms/integration/thirdparty/callback", site.bridge);
    let diagnosis = site.diagnosis_with(&[("DATAPHIN_CALLBACK_URL", &url)]).await;
    names(&diagnosis, "dataphin-callback", "leads to the bridge itself", "DATAPHIN_CALLBACK_URL");
}

#[tokio::test]
async fn a_gateway_that_refuses_the_size_of_a_callback() {
    let site = Site::start().await;
    let callback = site.sandbox.dataphin.callback_url();
    let (dataphin, path) = callback.split_once("/api/").expect("a path");
    for limit in [200, 2_000] {
        let proxy = stranger::start(Manner::Limited(dataphin.to_owned(), limit, 413)).await;
        let url = format!("{proxy}/api/{path}");
        let diagnosis = site.diagnosis_with(&[("DATAPHIN_CALLBACK_URL", &url)]).await;
        names(&diagnosis, "dataphin-callback", "as too large (HTTP 413)", "client_max_body_size");
    }
}

#[tokio::test]
async fn a_submit_address_with_too_much_at_its_end() {
    let site = Site::start().await;
    site.sandbox.dataphin.set_bridge(format!("{}/dataphin/bpms", site.bridge));
    assert!(!site.sandbox.dataphin.test_connection().await.passed);
    names(&site.diagnosis().await, "dataphin-calls", "too much at its end", "Submit Approval Request URL");
}

#[tokio::test]
async fn a_clock_of_dataphins_that_is_off() {
    let site = Site::start().await;
    let client = reqwest::Client::new();
    let call = async |offset_ms: i64| {
        let token = &site.sandbox.variables()["DATAPHIN_ACCESS_TOKEN"];
        let timestamp = jiff::Timestamp::now().as_millisecond() + offset_ms;
        let url =
            format!("{}/dataphin/bpms/check/connect?accessToken={token}&timestamp={timestamp}", site.bridge);
        client.post(url).body("{}").send().await.expect("an answer");
    };
    call(-180_000).await;
    let diagnosis = site.diagnosis().await;
    assert!(diagnosis.is_healthy());
    let told = outcome(&diagnosis, Check::DataphinCalls);
    let Outcome::Passed { proved } = told else { panic!("{told:?}") };
    assert!(proved.en.contains(" seconds behind ours"), "{proved:?}");
    // The call may have been under way for a while.
    assert!((179.0..190.0).contains(&number_behind("its clock is ", &proved.en)), "{proved:?}");
    call(7_200_000).await;
    names(
        &site.diagnosis().await,
        "dataphin-calls",
        "seconds ahead of ours",
        "DATAPHIN_TIMESTAMP_WINDOW_SECONDS",
    );
}

#[tokio::test]
async fn a_callback_address_that_leads_elsewhere() {
    let site = Site::start().await;
    let path = "/api/oa/bpms/integration/thirdparty/callback";
    let table = [
        (nobody(), "is refused"),
        ("http://no-such-host.invalid".to_owned(), "is not resolved"),
        (stranger::start(Manner::Redirect("https://login.acme.cn/in")).await, "redirect"),
        (stranger::start(Manner::Page(200)).await, "HTML page"),
        (stranger::start(Manner::Status(404)).await, "serves nothing at the path"),
        (stranger::start(Manner::Status(503)).await, "cannot answer now"),
    ];
    for (address, cause) in &table {
        let diagnosis = site.diagnosis_with(&[("DATAPHIN_CALLBACK_URL", &format!("{address}{path}"))]).await;
        names(&diagnosis, "dataphin-callback", cause, "DATAPHIN_CALLBACK_URL");
    }
    let plain = site.sandbox.dataphin.callback_url().replace("http://", "https://");
    let diagnosis = site.diagnosis_with(&[("DATAPHIN_CALLBACK_URL", &plain)]).await;
    names(&diagnosis, "dataphin-callback", "no TLS is spoken", "the scheme (http:// or https://)");
}

#[tokio::test]
async fn an_address_that_says_yes_to_everything() {
    let site = Site::start().await;
    let path = "/api/oa/bpms/integration/thirdparty/callback";
    let url = format!("{}{path}", stranger::start(Manner::Json(200, r#"{"success":true}"#)).await);
    let diagnosis = site.diagnosis_with(&[("DATAPHIN_CALLBACK_URL", &url)]).await;
    names(&diagnosis, "dataphin-callback", "says yes to everything", "bridge probe dataphin --apply-id");
    for manner in [Manner::Status(200), Manner::Json(200, "{}"), Manner::Json(200, r#"{"success":tr"#)] {
        let url = format!("{}{path}", stranger::start(manner).await);
        let diagnosis = site.diagnosis_with(&[("DATAPHIN_CALLBACK_URL", &url)]).await;
        names(&diagnosis, "dataphin-callback", "neither a yes nor a no", "bridge probe dataphin --apply-id");
    }
    let url = format!("{}{path}", stranger::start(Manner::Reading("encrypt")).await);
    let diagnosis = site.diagnosis_with(&[("DATAPHIN_CALLBACK_URL", &url)]).await;
    // One that looks, and says yes to what does not exist.
    is_healthy_after_a_restart(&diagnosis, "DATAPHIN_CALLBACK_URL");
    let busy = r#"{"success":false,"code":"DPN.1","message":"system is busy"}"#;
    let url = format!("{}{path}", stranger::start(Manner::Json(200, busy)).await);
    let diagnosis = site.diagnosis_with(&[("DATAPHIN_CALLBACK_URL", &url)]).await;
    names(&diagnosis, "dataphin-callback", "Dataphin is busy or under maintenance", "whether Dataphin runs");
}

#[tokio::test]
async fn a_dataphin_of_any_profile_is_not_taken_for_one_that_says_yes_to_everything() {
    let site = Site::start().await;
    for (profile, name) in [
        (Profile::Plain, "plain"),
        (Profile::AesCbc, "aes-cbc"),
        (Profile::AesEcb, "aes-ecb"),
        (Profile::Encrypted, "encrypted"),
    ] {
        site.sandbox.dataphin.change_settings(|it| it.profile = profile).expect("saved");
        let diagnosis = site.diagnosis_with(&[("DATAPHIN_CALLBACK_PROFILE", name)]).await;
        // It is what the bridge was started with.
        if profile == Profile::Encrypted {
            assert!(diagnosis.is_healthy(), "{diagnosis:#?}");
        } else {
            is_healthy_after_a_restart(&diagnosis, "DATAPHIN_CALLBACK_PROFILE");
        }
    }
}

#[tokio::test]
async fn a_key_or_a_profile_that_differs() {
    let site = Site::start().await;
    let other_key = [("DATAPHIN_CALLBACK_AES_KEY", "Zt4Qm8Wk2Xc6Vb1Nn5Lp9Rs3Ty7Uh0Gj2Fd4Sa6Qe8i")];
    names(
        &site.diagnosis_with(&other_key).await,
        "dataphin-callback",
        "Encoding AES Key",
        "Encoding AES Key",
    );
    site.sandbox.dataphin.change_settings(|it| it.profile = Profile::Plain).expect("saved");
    names(&site.diagnosis().await, "dataphin-callback", "profile", "bridge probe dataphin");
    let diagnosis = site.diagnosis_with(&[("DATAPHIN_CALLBACK_PROFILE", "plain")]).await;
    is_healthy_after_a_restart(&diagnosis, "DATAPHIN_CALLBACK_PROFILE");
}

#[tokio::test]
async fn accounts_that_are_mobile_numbers() {
    let site = Site::start().await;
    let mut people = site.sandbox.dataphin.settings().people;
    people[0].user_source_id = "13800138001".to_owned();
    people[1].user_source_id = "13800138002".to_owned();
    let request = Request::of(Kind::TablePermission)
        .asked_by(people[0].clone())
        .then(Operator::Or, [people[1].clone()]);
    assert!(!site.sandbox.dataphin.file(request).await.answer.accepted());
    let diagnosis = site.diagnosis().await;
    names(&diagnosis, "refused", "mobile numbers: set DATAPHIN_ACCOUNT_KIND=mobile", "DATAPHIN_ACCOUNT_KIND");
    assert!(
        !serde_json::to_string(&diagnosis).expect("JSON").contains("13800138"),
        "an account is never shown"
    );
}

#[tokio::test]
async fn accounts_that_are_userids_where_unionids_are_meant() {
    let site = Site::with(|_| {}, &[("DATAPHIN_ACCOUNT_KIND", "unionid")]).await;
    for _ in 0..3 {
        assert!(!file_for(&site, None).await);
    }
    names(&site.diagnosis().await, "refused", "anything but unionids", "DATAPHIN_ACCOUNT_KIND");
}

#[tokio::test]
async fn people_none_of_whom_dingtalk_knows() {
    let site = Site::start().await;
    for _ in 0..3 {
        assert!(!file_for(&site, Some("zhang.wei")).await);
    }
    let diagnosis = site.diagnosis().await;
    names(&diagnosis, "refused", "3 request(s)", "DATAPHIN_ACCOUNT_KIND");
    names(&diagnosis, "refused", "none was accepted", "可见范围");
    assert!(file_for(&site, None).await);
    assert!(site.diagnosis().await.is_healthy(), "some people are unknown, and the setting is right");
}

/// Files a request whose approver has this account, or their own; whether it is accepted.
async fn file_for(site: &Site, account: Option<&str>) -> bool {
    let mut people = site.sandbox.dataphin.settings().people;
    if let Some(account) = account {
        account.clone_into(&mut people[1].user_source_id);
    }
    let request = Request::of(Kind::TablePermission).asked_by(people[0].clone());
    site.sandbox.dataphin.file(request.then(Operator::Or, [people[1].clone()])).await.answer.accepted()
}

#[tokio::test]
async fn one_person_who_has_left_is_no_alarm_beside_a_request_that_is_accepted() {
    let site = Site::start().await;
    let mut people = site.sandbox.dataphin.settings().people;
    people[1].user_source_id = "has-left".to_owned();
    let request = Request::of(Kind::TablePermission)
        .asked_by(people[0].clone())
        .then(Operator::Or, [people[1].clone()]);
    assert!(!site.sandbox.dataphin.file(request).await.answer.accepted());
    assert!(file_for(&site, None).await);
    let diagnosis = site.diagnosis().await;
    assert!(diagnosis.is_healthy(), "{diagnosis:#?}");
    let told = outcome(&diagnosis, Check::Refused);
    assert!(
        matches!(told, Outcome::Passed { proved } if proved.en.contains("bridge list refused")),
        "{told:?}"
    );
}

#[tokio::test]
async fn outcomes_that_dataphin_does_not_take() {
    let site = Site::start().await;
    let apply_id = site.accepted().await;
    site.sandbox.dataphin.fault(Fault::RefuseWith200, Times::Next(3));
    site.agree().await;
    let approval =
        site.sandbox.dataphin.request(&apply_id).and_then(|it| it.process_instance_id()).expect("an id");
    let id = shared::approval::ApprovalId::new(approval);
    until("the third attempt was in vain", async || {
        let approval = site.store().load(&id).await.expect("the store answers").expect("an approval");
        matches!(&approval.state, shared::approval::State::Decided(decided)
            if decided.delivery.attempts >= 3 && decided.delivery.last_error.is_some())
    })
    .await;
    names(&site.diagnosis().await, "deliveries", "does not take 1 outcome(s)", "bridge show");
    let connection = site.sandbox.dataphin.test_connection().await;
    assert!(connection.passed, "what is fixed in Dataphin's settings must not keep them from being saved");
    assert!(site.store().sightings().await.expect("sightings").contains_key(&Sighting::Started));
}

#[tokio::test]
async fn a_firewall_that_blocks_what_dataphin_sends() {
    let site = Site::start().await;
    let firewall = stranger::start(Manner::Blocking(site.bridge.clone(), "INSERT INTO")).await;
    let diagnosis = site.diagnosis_with(&[("BRIDGE_PUBLIC_URL", &firewall)]).await;
    names(&diagnosis, "dataphin-route", "blocks bodies that hold SQL (HTTP 405)", "请求体内容规则");
}

#[tokio::test]
async fn what_stands_before_dataphin_is_told_from_dataphin() {
    let site = Site::start().await;
    let path = "/api/oa/bpms/integration/thirdparty/callback";
    let table = [
        (Manner::Page(403), "a gateway or firewall before Dataphin", "放行"),
        (
            Manner::Json(401, r#"{"message":"No API key found in request"}"#),
            "a gateway or firewall before Dataphin",
            "放行",
        ),
        (
            Manner::Json(429, r#"{"code":"Throttling","message":"请求过于频繁"}"#),
            "limits how often",
            "频率限制",
        ),
        (Manner::Json(200, "<?xml version=\"1.0\"?><Fault/>"), "XML answers", "DATAPHIN_CALLBACK_URL"),
        (
            Manner::Json(400, "<html>No required SSL certificate was sent</html>"),
            "a client certificate",
            "客户端证书",
        ),
        (
            Manner::Json(500, r#"{"success":false,"code":"500","message":"java.lang.NullPointerException"}"#),
            "Dataphin fails at the callback",
            "日志",
        ),
    ];
    for (manner, cause, fix) in table {
        let url = format!("{}{path}", stranger::start(manner).await);
        let diagnosis = site.diagnosis_with(&[("DATAPHIN_CALLBACK_URL", &url)]).await;
        names(&diagnosis, "dataphin-callback", cause, fix);
    }
}

#[tokio::test]
async fn a_dataphin_that_knows_no_such_request_in_words_of_its_own_is_healthy() {
    let site = Site::start().await;
    let path = "/api/oa/bpms/integration/thirdparty/callback";
    let answer = r#"{"success":false,"code":"403","message":"该申请不存在或无权限查看"}"#;
    let url = format!("{}{path}", stranger::start(Manner::Json(200, answer)).await);
    let diagnosis = site.diagnosis_with(&[("DATAPHIN_CALLBACK_URL", &url)]).await;
    is_healthy_after_a_restart(&diagnosis, "DATAPHIN_CALLBACK_URL");
    // It has not read the callback: nothing was closed.
    let answer = r#"{"success":false,"code":"500","message":"审批单解密失败，流程已终止"}"#;
    let url = format!("{}{path}", stranger::start(Manner::Json(200, answer)).await);
    let diagnosis = site.diagnosis_with(&[("DATAPHIN_CALLBACK_URL", &url)]).await;
    names(&diagnosis, "dataphin-callback", "cannot decrypt", "DATAPHIN_CALLBACK_AES_KEY");
}
