//! What can be wrong between the bridge and DingTalk, each named with its cause and place.

#![allow(clippy::expect_used, clippy::panic)]

use doctor::{
    Site, in_time, is_healthy_after_a_restart, names, number_behind, one, outcome,
    stranger::{self, Manner, nobody},
    until,
};
use jiff::{SignedDuration, Timestamp};
use shared::{
    approval::{ApplyId, Approval, NeedsOperator, State, Status},
    diagnosis::{Check, Diagnosis, Outcome},
};
use simulators::{
    dataphin::{Kind, Operator, Request, Verb},
    dingtalk::{Api, Fault, Person, Standing, Trouble, permissions},
};

#[tokio::test]
async fn a_secret_that_is_wrong() {
    let site = Site::start().await;
    let diagnosis = site.diagnosis_with(&[("DINGTALK_APP_SECRET", "another-apps-secret")]).await;
    names(&diagnosis, "credentials", "DINGTALK_APP_SECRET", "凭证与基础信息");
    let (_, failure) = one(&diagnosis);
    assert_eq!(failure.code.as_deref(), Some("invalidClientIdOrSecret"));
    assert!(
        matches!(outcome(&diagnosis, Check::InstanceWrite), Outcome::Skipped { why } if why.en.contains("App credentials"))
    );
}

#[tokio::test]
async fn an_app_key_that_is_another_apps() {
    let site = Site::start().await;
    let diagnosis = site.diagnosis_with(&[("DINGTALK_APP_KEY", "dinganotherappskey00")]).await;
    names(&diagnosis, "credentials", "DINGTALK_APP_KEY", "Credentials and Basic Information");
}

#[tokio::test]
async fn a_token_that_dingtalk_gives_and_then_refuses_is_named_once() {
    let site = Site::start().await;
    let refusal =
        Trouble::answer_before(401, r#"{"code":"InvalidAuthentication","message":"不合法的access_token"}"#);
    for api in WORKFLOW {
        site.sandbox.dingtalk.fault(Fault::of(api, refusal.clone()));
    }
    let diagnosis = site.diagnosis().await;
    names(
        &diagnosis,
        "credentials",
        "gives an access token, and then does not accept it",
        "x-acs-dingtalk-access-token",
    );
}

const WORKFLOW: [Api; 5] =
    [Api::Forecast, Api::GetInstance, Api::ReadForm, Api::SaveForm, Api::CreateInstance];

#[tokio::test]
async fn a_refusal_of_the_gateway_proves_no_permission() {
    let site = Site::start().await;
    let table = [
        (
            400,
            "AuthenticationFailed.MissingParameter",
            "dingtalk-api",
            "does not arrive at DingTalk",
            "x-acs-dingtalk-access-token",
        ),
        (
            400,
            "MissingprocessCode",
            "dingtalk-api",
            "does not arrive at DingTalk",
            "query and body unchanged",
        ),
        (404, "InvalidAction.NotFound", "dingtalk-api", "under another path", "pass the path on"),
        (400, "needAuth", "permission-instance-write", "needAuth", "权限管理"),
        (
            403,
            "Forbidden.AccessDenied.AppNotInstalled",
            "permission-instance-write",
            "AppNotInstalled",
            "确认应用已发布",
        ),
    ];
    for (status, code, check, cause, fix) in table {
        let answer = format!(r#"{{"code":"{code}","message":"no"}}"#);
        for api in WORKFLOW {
            site.sandbox.dingtalk.fault(Fault::of(api, Trouble::answer_before(status, &answer)));
        }
        let diagnosis = site.diagnosis().await;
        let first = diagnosis.failed().next().expect("a failure");
        assert_eq!(first.check.facts().id, check, "{code}: {diagnosis:#?}");
        let failure = first.failure().expect("a failure");
        assert!(failure.cause.en.contains(cause), "{failure:?}");
        assert!(failure.mend.en.contains(fix) || failure.mend.zh.contains(fix), "{failure:?}");
        site.sandbox.dingtalk.clear_faults();
    }
    assert!(site.diagnosis().await.is_healthy());
}

#[tokio::test]
async fn a_template_that_dingtalk_does_not_show_is_no_template_that_works() {
    let site = Site::start().await;
    let refusal = Trouble::answer_before(400, r#"{"code":"noPermission","message":"not your template"}"#);
    site.sandbox.dingtalk.fault(Fault::of(Api::ReadForm, refusal));
    names(
        &site.diagnosis().await,
        "template",
        "does not show the template: not your template",
        "bridge template check",
    );
}

#[tokio::test]
async fn a_permission_that_is_missing_is_named_one_by_one() {
    let table = [
        (permissions::INSTANCE_WRITE, "permission-instance-write", "工作流实例写权限"),
        (permissions::INSTANCE_READ, "permission-instance-read", "工作流实例读权限"),
        (permissions::FORM_READ, "permission-form-read", "工作流模板读权限"),
        (permissions::FORM_WRITE, "permission-form-write", "工作流模板写权限"),
        (permissions::MEMBER, "permission-member", "成员信息读权限"),
    ];
    let site = Site::start().await;
    for (point, check, zh) in table {
        site.sandbox.dingtalk.deny(point);
        let diagnosis = site.diagnosis().await;
        names(&diagnosis, check, point, zh);
        names(&diagnosis, check, point, &format!("Permission Management > {point}"));
        site.sandbox.dingtalk.grant(point);
    }
    assert!(site.diagnosis().await.is_healthy());
    assert!(site.sandbox.dingtalk.instances().is_empty(), "nothing was started");
}

#[tokio::test]
async fn people_by_mobile_number_need_their_own_permission() {
    let site = Site::start().await;
    site.sandbox.dingtalk.deny(permissions::MEMBER_BY_MOBILE);
    assert!(site.diagnosis().await.is_healthy(), "nobody is looked up by number here");
    let diagnosis = site.diagnosis_with(&[("DATAPHIN_ACCOUNT_KIND", "mobile")]).await;
    names(&diagnosis, "permission-member-by-mobile", "qyapi_get_member_by_mobile", "根据手机号");
}

#[tokio::test]
async fn a_permission_that_was_granted_a_moment_ago_is_no_alarm_and_the_next_submit_works() {
    let site = Site::start().await;
    site.sandbox.dingtalk.deny(permissions::INSTANCE_WRITE);
    // The bridge looks people up, and so gets a token that lacks the point.
    let people = site.sandbox.dataphin.settings().people;
    let mut stranger = people[1].clone();
    stranger.user_source_id = "a-stranger".to_owned();
    let request =
        Request::of(Kind::TablePermission).asked_by(people[0].clone()).then(Operator::Or, [stranger]);
    assert!(!site.sandbox.dataphin.file(request).await.answer.accepted());
    site.sandbox.dingtalk.add_person(Person::new("a-stranger", "No stranger any more"));
    names(
        &site.diagnosis().await,
        "permission-instance-write",
        "Workflow.Instance.Write",
        "工作流实例写权限",
    );
    site.sandbox.dingtalk.grant(permissions::INSTANCE_WRITE);
    assert!(site.diagnosis().await.is_healthy());
    site.round_trip().await;
}

#[tokio::test]
async fn a_server_that_is_not_on_the_address_list() {
    let site = Site::start().await;
    site.sandbox.dingtalk.refuse_address(true);
    names(&site.diagnosis().await, "address-list", "not on the app's list", "服务器出口 IP");
}

#[tokio::test]
async fn a_quota_that_is_used_up() {
    let site = Site::start().await;
    site.sandbox.dingtalk.set_api_quota(Some(0));
    names(&site.diagnosis().await, "quota", "monthly quota", "资源管理");
}

#[tokio::test]
async fn calls_that_are_turned_away_for_their_number() {
    let site = Site::start().await;
    site.sandbox.dingtalk.set_qps(Some(0));
    names(&site.diagnosis().await, "rate-limit", "turns calls away", "DINGTALK_CALLS_PER_SECOND");
}

#[tokio::test]
async fn an_address_that_is_banned() {
    let site = Site::start().await;
    let ban = r#"{"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"xxx"}"#;
    let banned = stranger::start(Manner::Json(200, ban)).await;
    let diagnosis = site.diagnosis_with(&[("DINGTALK_API_URL", &banned)]).await;
    names(&diagnosis, "rate-limit", "banned", "DINGTALK_CALLS_PER_SECOND");
    let (_, failure) = one(&diagnosis);
    assert!(!failure.mend.en.contains("buy API calls"), "{failure:?}");
}

#[tokio::test]
async fn ten_diagnoses_at_once_do_not_alarm_each_other() {
    let site = Site::with(|it| it.dingtalk.qps = Some(20), &[]).await;
    site.round_trip().await;
    let examined = (0..10).map(|_| {
        let doctor = site.doctor();
        tokio::spawn(async move { doctor.full().await })
    });
    for diagnosis in examined.collect::<Vec<_>>() {
        let diagnosis = diagnosis.await.expect("it ends");
        assert!(diagnosis.is_healthy(), "{diagnosis:#?}");
        for check in [Check::Template, Check::AgentId, Check::FailedPushes] {
            assert!(matches!(outcome(&diagnosis, check), Outcome::Passed { .. }), "{diagnosis:#?}");
        }
    }
}

#[tokio::test]
async fn a_dingtalk_that_is_slow_is_named_where_a_check_could_not_be_made_for_it() {
    let site = Site::start().await;
    let too_slowly = "answers too slowly: ";
    let seconds = |diagnosis: &Diagnosis| number_behind(too_slowly, &one(diagnosis).1.cause.en);
    site.sandbox.dingtalk.fault(Fault::everywhere(Trouble::Slow(4_400)));
    let diagnosis = site.diagnosis().await;
    names(&diagnosis, "dingtalk-api", too_slowly, "网络");
    assert!((4.4..=7.0).contains(&seconds(&diagnosis)), "{diagnosis:#?}");
    names(&site.doctor().quick().await, "dingtalk-api", "does not answer in time", "its network and proxy");
    site.sandbox.dingtalk.clear_faults();
    // A second call has no time.
    site.sandbox.dingtalk.fault(Fault::everywhere(Trouble::Slow(2_150)));
    let diagnosis = site.doctor().quick().await;
    names(&diagnosis, "dingtalk-api", too_slowly, "网络");
    assert!((2.1..=2.8).contains(&seconds(&diagnosis)), "{diagnosis:#?}");
    site.sandbox.dingtalk.clear_faults();
    site.sandbox.dingtalk.fault(Fault::everywhere(Trouble::Slow(400)));
    for diagnosis in [site.diagnosis().await, site.doctor().quick().await] {
        assert!(diagnosis.is_healthy(), "{diagnosis:#?}");
        assert!(matches!(outcome(&diagnosis, Check::Template), Outcome::Passed { .. }), "{diagnosis:#?}");
    }
}

#[tokio::test]
async fn the_permission_of_the_failed_list() {
    let site = Site::start().await;
    site.sandbox.dingtalk.deny(permissions::BASE);
    names(&site.diagnosis().await, "failed-pushes", "qyapi_base", "Permission Management > qyapi_base");
}

#[tokio::test]
async fn the_quick_subset_looks_at_contacts_and_the_service_person() {
    let site = Site::start().await;
    let doctor = |changes: &[(&str, &str)]| {
        let storage = shared::diagnosis::Storage::Open(site.store().clone());
        let world = shared::world::World::real();
        shared::diagnosis::Doctor::beside(site.variables(changes), storage, world).expect("a doctor")
    };
    let diagnosis = doctor(&[("DINGTALK_SERVICE_USER_ID", "nobody")]).quick().await;
    names(&diagnosis, "service-person", "nobody in DingTalk", "DINGTALK_SERVICE_USER_ID");
    site.sandbox.dingtalk.deny(permissions::MEMBER);
    names(&doctor(&[]).quick().await, "permission-member", "qyapi_get_member", "成员信息读权限");
}

#[tokio::test]
async fn a_change_that_the_running_bridge_has_not_taken_up() {
    let site = Site::start().await;
    site.sandbox.dingtalk.add_person(Person::new("other", "Other"));
    let diagnosis = site.diagnosis_with(&[("DINGTALK_SERVICE_USER_ID", "other")]).await;
    is_healthy_after_a_restart(&diagnosis, "DINGTALK_SERVICE_USER_ID");
    assert!(one(&diagnosis).1.cause.zh.contains("启动时使用的 DINGTALK_SERVICE_USER_ID"), "{diagnosis:#?}");
}

#[tokio::test]
async fn clocks_that_differ() {
    let site = Site::start().await;
    site.sandbox.dingtalk.set_clock_skew(SignedDuration::from_mins(10));
    names(&site.diagnosis().await, "clock", "seconds behind DingTalk's", "NTP");
    site.sandbox.dingtalk.set_clock_skew(SignedDuration::from_mins(-10));
    names(&site.diagnosis().await, "clock", "seconds ahead of DingTalk's", "系统时钟");
    site.sandbox.dingtalk.set_clock_skew(SignedDuration::from_secs(20));
    assert!(site.diagnosis().await.is_healthy());
}

#[tokio::test]
async fn somebody_else_at_dingtalks_address() {
    let site = Site::start().await;
    let strangers = [
        (nobody(), "is refused"),
        ("http://no-such-host.invalid".to_owned(), "is not resolved"),
        (stranger::start(Manner::Page(200)).await, "page in HTML (HTTP 200, titled “Sign in”)"),
        (stranger::start(Manner::Page(404)).await, "page in HTML (HTTP 404, titled “Sign in”)"),
        (
            stranger::start(Manner::Redirect("https://login.acme.cn/in?ticket=1")).await,
            "redirect (HTTP 302) to https://login.acme.cn/in",
        ),
        (stranger::start(Manner::Status(502)).await, "HTTP 502"),
        (stranger::start(Manner::Json(200, "{}")).await, "no such API"),
    ];
    for (address, cause) in &strangers {
        let diagnosis = site.diagnosis_with(&[("DINGTALK_API_URL", address)]).await;
        names(&diagnosis, "dingtalk-api", cause, "DINGTALK_API_URL");
        let diagnosis = site.diagnosis_with(&[("DINGTALK_OAPI_URL", address)]).await;
        names(&diagnosis, "dingtalk-oapi", &cause.replace("API_URL", "OAPI_URL"), "DINGTALK_OAPI_URL");
    }
}

#[tokio::test]
async fn a_tls_that_is_none() {
    let site = Site::start().await;
    let plain = site.sandbox.dingtalk.url().replace("http://", "https://");
    let diagnosis = site.diagnosis_with(&[("DINGTALK_API_URL", &plain)]).await;
    names(&diagnosis, "dingtalk-api", "the TLS of 127.0.0.1", "the scheme (http:// or https://)");
}

#[tokio::test]
async fn dingtalk_itself_failing() {
    let site = Site::start().await;
    site.sandbox.dingtalk.fault(Fault::of(Api::AccessToken, Trouble::ServerError));
    names(
        &site.diagnosis().await,
        "dingtalk-api",
        "DingTalk itself fails (HTTP 500)",
        "nothing to fix on our side",
    );
    site.sandbox.dingtalk.clear_faults();
    site.sandbox.dingtalk.fault(Fault::of(Api::AccessToken, Trouble::CloseBefore));
    names(&site.diagnosis().await, "dingtalk-api", "closes the connection", "DINGTALK_API_URL");
}

#[tokio::test]
async fn a_failure_of_dingtalks_proves_no_permission() {
    let site = Site::start().await;
    for api in [Api::Forecast, Api::GetInstance, Api::ReadForm] {
        site.sandbox.dingtalk.fault(Fault::of(api, Trouble::ServerError));
        let diagnosis = site.diagnosis().await;
        names(&diagnosis, "dingtalk-api", "fails itself at another call", "nothing to fix on our side");
        for permission in [Check::InstanceWrite, Check::InstanceRead, Check::FormRead] {
            let found = outcome(&diagnosis, permission);
            assert!(matches!(found, Outcome::Skipped { .. }), "{found:?}");
        }
        site.sandbox.dingtalk.clear_faults();
    }
}

#[tokio::test]
async fn a_create_call_that_lacks_its_permission_counts_where_the_forecast_is_let_through() {
    let site = Site::start().await;
    let body = r#"{"code":"Forbidden.AccessDenied.AccessTokenPermissionDenied","requestid":"r-1",
        "message":"no permission","accessdenieddetail":{"requiredScopes":["Workflow.Instance.Write"]}}"#;
    site.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::answer_before(403, body)));
    let diagnosis = site.diagnosis().await;
    names(&diagnosis, "permission-instance-write", "Workflow.Instance.Write", "Permission Management");
}

#[tokio::test]
async fn a_time_out_that_is_shorter_than_dingtalks_answers() {
    let site = Site::start().await;
    site.sandbox.dingtalk.fault(Fault::of(Api::AccessToken, Trouble::Slow(1_300)));
    let diagnosis = site.diagnosis_with(&[("DINGTALK_TIMEOUT_SECONDS", "1")]).await;
    names(&diagnosis, "dingtalk-api", "gives up after 1000 ms", "DINGTALK_TIMEOUT_SECONDS");
    assert!(site.diagnosis().await.is_healthy());
}

#[tokio::test]
async fn a_template_that_lets_nobody_revoke() {
    let site = Site::with(|it| it.dingtalk.revoke_after = SignedDuration::ZERO, &[]).await;
    let apply_id = site.accepted().await;
    site.sandbox.dingtalk.set_allow_revoke(&site.sandbox.variables()["DINGTALK_PROCESS_CODE"], false);
    assert!(site.sandbox.dataphin.withdraw(&apply_id, Verb::Revoke).await.is_ok());
    let approval =
        site.sandbox.dataphin.request(&apply_id).and_then(|it| it.process_instance_id()).expect("an id");
    let id = shared::approval::ApprovalId::new(approval);
    // The engine does not try before DingTalk would let it.
    until("the withdrawal has failed", async || {
        let approval = site.store().load(&id).await.expect("the store answers").expect("an approval");
        let mut happened = approval.record.timeline.entries().iter().map(|entry| entry.what.to_string());
        happened.any(|what| what.contains("withdrawal failed"))
    })
    .await;
    names(&site.diagnosis().await, "withdrawals", "does not let its initiator revoke", "高级设置");
}

#[tokio::test]
async fn the_quick_subset_answers_in_time_whatever_hangs() {
    let site = Site::start().await;
    let silent = stranger::start(Manner::Silent).await;
    for variable in ["DINGTALK_API_URL", "DINGTALK_OAPI_URL"] {
        let storage = shared::diagnosis::Storage::Open(site.store().clone());
        let world = shared::world::World::real();
        let doctor =
            shared::diagnosis::Doctor::beside(site.variables(&[(variable, &silent)]), storage, world);
        let diagnosis = in_time(&doctor.expect("a doctor")).await;
        let (id, failure) = one(&diagnosis);
        assert!(
            id.starts_with("dingtalk-") && failure.cause.en.contains("does not answer in time"),
            "{failure:?}"
        );
    }
    site.sandbox.dingtalk.fault(Fault::of(Api::Forecast, Trouble::Slow(60_000)));
    let diagnosis = in_time(&site.doctor()).await;
    names(&diagnosis, "dingtalk-api", "to another call no answer", "网络");
}

#[tokio::test]
async fn dataphins_connection_test_shows_the_first_cause_with_its_place() {
    let site = Site::start().await;
    site.sandbox.dingtalk.deny(permissions::INSTANCE_READ);
    let shown = site.sandbox.dataphin.test_connection().await.message;
    for part in [
        "lacks the permission Workflow.Instance.Read",
        "Permission Management",
        "权限管理",
        "permission-instance-read",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
}

#[tokio::test]
async fn people_who_cannot_be_asked() {
    let site = Site::start().await;
    let mut hidden = Person::new("hidden", "Hidden");
    hidden.visible = false;
    site.sandbox.dingtalk.add_person(hidden);
    site.sandbox.dingtalk.add_person(Person::new("asleep", "Asleep").standing(Standing::NotActivated));
    site.sandbox.dingtalk.add_person(Person::new("gone", "Gone").standing(Standing::Left));
    site.sandbox.dingtalk.add_person(Person::new("homeless", "Homeless").departments(&[]));
    let table = [
        ("nobody", "nobody in DingTalk has this userid", "通讯录"),
        ("gone", "nobody in DingTalk has this userid", "通讯录"),
        ("hidden", "the app may not see them", "可见范围"),
        ("asleep", "never signed in", "成员管理"),
        ("homeless", "belongs to no department", "Members"),
    ];
    for (user, cause, mend) in table {
        for (variable, check) in
            [("DINGTALK_TEST_USER_ID", "test-person"), ("DINGTALK_SERVICE_USER_ID", "service-person")]
        {
            let diagnosis = site.diagnosis_with(&[(variable, user)]).await;
            names(&diagnosis, check, cause, mend);
            names(&diagnosis, check, variable, mend);
        }
    }
}

#[tokio::test]
async fn an_agent_id_that_is_another_apps() {
    let site = Site::start().await;
    let diagnosis = site.diagnosis_with(&[("DINGTALK_AGENT_ID", "77")]).await;
    names(&diagnosis, "agent-id", "not this app's AgentId", "凭证与基础信息");
    assert!(site.sandbox.dingtalk.instances().is_empty());
}

#[tokio::test]
async fn a_gateway_in_dingtalks_place_is_one_cause() {
    let site = Site::start().await;
    for manner in [
        Manner::Page(200),
        Manner::Page(502),
        Manner::Status(407),
        Manner::Redirect("/login"),
        Manner::Json(502, r#"{"error":"x"}"#),
    ] {
        let gateway = stranger::start(manner).await;
        let changes = [("DINGTALK_API_URL", gateway.as_str()), ("DINGTALK_OAPI_URL", &gateway)];
        let diagnosis = site.diagnosis_with(&changes).await;
        names(&diagnosis, "dingtalk-api", "but a", "the network or proxy between the bridge and DingTalk");
    }
}

#[tokio::test]
async fn a_request_that_needs_an_operator() {
    let site = Site::start().await;
    site.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::CloseAfter).once());
    site.sandbox.dingtalk.fault(Fault::of(Api::ListInstanceIds, Trouble::ServerError));
    let apply_id = ApplyId::new(site.accepted().await);
    until("it waits for an operator", async || {
        let found = site.store().find(Some(&apply_id), &[Status::Received]).await.expect("a store");
        let Some(id) = found.first() else { return false };
        let approval = site.store().load(id).await.expect("a store").expect("the approval");
        let Approval { record, state: State::Received(state) } = approval else { panic!("received") };
        let asked = Approval { record, state }.ask_operator(NeedsOperator::NotFound, Timestamp::now());
        site.store().commit(asked).await.is_ok()
    })
    .await;
    site.sandbox.dingtalk.clear_faults();
    names(&site.diagnosis().await, "waiting", "1 request(s) need an operator", "bridge adopt");
}
