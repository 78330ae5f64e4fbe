//! Requests that were refused or that wait, each named with its cause; and the fix that the diagnosis names, applied.

#![allow(clippy::expect_used, clippy::panic)]

use doctor::{Site, is_healthy_after_a_restart, names, one, outcome, until};
use serde_json::Value;
use shared::{
    approval::{Approval, Happening, Status},
    config::Config,
    diagnosis::{Check, Outcome},
    dingtalk::DingTalk,
    http::Http,
    template::{Purpose, Templates},
    world::World,
};
use simulators::{
    dataphin::{Kind, Operator, Request},
    dingtalk::{Api, Fault, Person, Standing, Trouble},
};

/// Files a request whose approver has this account and name; whether it is accepted.
async fn file_for(site: &Site, account: &str, name: &str) -> bool {
    let mut people = site.sandbox.dataphin.settings().people;
    (people[1].user_source_id, people[1].user_name) = (account.to_owned(), name.to_owned());
    let request = Request::of(Kind::TablePermission).asked_by(people[0].clone());
    site.sandbox.dataphin.file(request.then(Operator::Or, [people[1].clone()])).await.answer.accepted()
}

/// What the bridge answers to Dataphin's connection test.
async fn connect(site: &Site) -> Value {
    let token = &site.sandbox.variables()["DATAPHIN_ACCESS_TOKEN"];
    let now = jiff::Timestamp::now().as_millisecond();
    let path = "/dataphin/bpms/check/connect";
    let url = format!("{}{path}?accessToken={token}&timestamp={now}", site.bridge);
    let body = r#"{"checkEvent":"connectivity"}"#;
    let answer = reqwest::Client::new().post(url).body(body).send().await.expect("an answer");
    serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("JSON")
}

#[tokio::test]
async fn a_connection_test_that_passes_says_what_it_does_not_look_at() {
    let site = Site::start().await;
    site.round_trip().await;
    let answer = connect(&site).await;
    assert_eq!(answer["checkResult"], "success", "{answer}");
    let message = answer["message"].as_str().expect("a text");
    assert!(message.starts_with("连接成功") && message.contains("run `bridge doctor`"), "{message}");
}

#[tokio::test]
async fn a_connection_test_passes_though_one_person_could_not_be_asked_and_says_who() {
    let site = Site::start().await;
    assert!(!file_for(&site, "gone", "Li Na").await);
    // Whoever tests the connection can do nothing about one person.
    let answer = connect(&site).await;
    assert_eq!(answer["checkResult"], "success", "{answer}");
    let message = answer["message"].as_str().expect("a text");
    assert!(message.contains("上次检测到的问题") && message.contains("gone (Li Na)"), "{message}");
}

fn told(diagnosis: &shared::diagnosis::Diagnosis) -> String {
    match outcome(diagnosis, Check::Refused) {
        Outcome::Passed { proved } => proved.en.clone(),
        other => panic!("{other:#?}"),
    }
}

#[tokio::test]
async fn who_cannot_be_asked_and_why_is_named_and_is_over_as_soon_as_dingtalk_knows_them() {
    let site = Site::start().await;
    site.sandbox.dingtalk.add_person(Person::new("hidden", "Hidden").hidden());
    site.sandbox.dingtalk.add_person(Person::new("asleep", "Asleep").standing(Standing::NotActivated));
    let table = [
        ("gone", "Li Na", "has left the organisation (60121)", "Contacts > Members"),
        ("hidden", "Zhang Wei", "outside the app's visible range (50002)", "可见范围"),
        ("asleep", "Wang Fang", "never signed in to DingTalk", "成员管理"),
    ];
    for (account, name, why, fix) in table {
        assert!(!file_for(&site, account, name).await);
        let diagnosis = site.diagnosis().await;
        names(&diagnosis, "refused", &format!("{account} ({name})"), fix);
        names(&diagnosis, "refused", why, fix);
        let zh = &one(&diagnosis).1.cause.zh;
        assert!(zh.contains(name) && zh.contains("申请"), "{zh}");
        site.sandbox.dingtalk.add_person(Person::new(account, name));
        let diagnosis = site.diagnosis().await;
        assert!(diagnosis.is_healthy(), "{diagnosis:#?}");
    }
    let answers: String =
        site.sandbox.dataphin.requests().iter().map(|request| request.answers[0].body.clone()).collect();
    assert!(answers.contains("gone (Li Na)") && answers.contains("60121"), "Dataphin is told: {answers}");
}

#[tokio::test]
async fn one_odd_person_beside_many_accepted_requests_is_no_alarm() {
    let site = Site::start().await;
    for _ in 0..3 {
        site.accepted().await;
    }
    assert!(!file_for(&site, "gone", "Li Na").await);
    let diagnosis = site.diagnosis().await;
    assert!(diagnosis.is_healthy(), "{diagnosis:#?}");
    assert!(told(&diagnosis).contains("gone (Li Na)"), "{diagnosis:#?}");
    assert!(!file_for(&site, "gone-too", "Li Li").await);
    names(&site.diagnosis().await, "refused", "2 request(s) were refused", "Contacts > Members");
}

#[tokio::test]
async fn a_request_accepted_since_ends_the_alarm() {
    let site = Site::start().await;
    assert!(!file_for(&site, "gone", "Li Na").await);
    names(&site.diagnosis().await, "refused", "none was accepted since", "Contacts > Members");
    site.accepted().await;
    let diagnosis = site.diagnosis().await;
    assert!(diagnosis.is_healthy() && told(&diagnosis).contains("bridge list refused"), "{diagnosis:#?}");
}

#[tokio::test]
async fn a_create_call_that_fails_again_and_again_is_named_at_once_and_by_the_connection_test_too() {
    let site = Site::start().await;
    let fault = Trouble::answer_before(503, r#"{"code":"ServiceUnavailable","message":"busy"}"#);
    site.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, fault));
    site.accepted().await;
    let failed = async |times: usize| {
        let received = site.store().list(Status::Received, None, 5, None).await.expect("the store");
        let Some(id) = received.ids.first() else { return false };
        let Some(Approval { record, .. }) = site.store().load(id).await.expect("the store") else {
            return false;
        };
        let failed = |what: &Happening| matches!(what, Happening::CreateFailed { .. });
        record.timeline.entries().iter().filter(|entry| failed(&entry.what)).count() >= times
    };
    until("the create call failed twice", async || failed(2).await).await;
    site.sandbox.dingtalk.clear_faults();
    names(&site.diagnosis().await, "waiting", "DingTalk itself fails (ServiceUnavailable)", "bridge show");
    let shown = connect(&site).await["checkResult"].to_string();
    assert!(
        shown.contains("上次检测到的问题") && shown.contains("修复：") && shown.contains("Fix: "),
        "{shown}"
    );
}

fn templates(site: &Site, changes: &[(&str, &str)]) -> Templates {
    let config = Config::read(site.variables(changes)).expect("a configuration");
    let http = Http::new(config.dingtalk.timeout).expect("a client");
    let dingtalk = DingTalk::new(config.dingtalk.settings, http, World::real());
    Templates::new(site.store().clone(), &dingtalk, World::real(), "Dataphin")
}

#[tokio::test]
async fn the_template_of_one_type_is_fixed_by_the_command_that_is_named() {
    let site = Site::start().await;
    let purpose: Purpose = "type:AUTH".parse().expect("a purpose");
    let templates = templates(&site, &[]);
    let made = templates.generate(&purpose, None).await.expect("a template");
    assert!(site.diagnosis().await.is_healthy());
    site.sandbox.dingtalk.remove_template(made.template.process_code.as_str());
    names(
        &site.diagnosis().await,
        "template",
        "template for type:AUTH",
        "`bridge template generate --for type:AUTH`",
    );
    templates.generate(&Purpose::Default, None).await.expect("another one");
    assert!(!site.diagnosis().await.is_healthy(), "the default is not what is wrong");
    templates.generate(&purpose, None).await.expect("a template");
    assert!(site.diagnosis().await.is_healthy());
}

#[tokio::test]
async fn an_adopted_template_is_first_forgotten() {
    let site = Site::start().await;
    let purpose: Purpose = "type:AUTH".parse().expect("a purpose");
    let templates = templates(&site, &[]);
    let generated = templates.generate(&"type:PUBLISH".parse().expect("a purpose"), None).await.expect("one");
    let which = shared::template::Which::Code(generated.template.process_code.clone());
    templates.adopt(&purpose, &which, shared::template::Way::Source, &[]).await.expect("adopted");
    templates.forget(&"type:PUBLISH".parse().expect("a purpose")).await.expect("forgotten");
    assert!(site.diagnosis().await.is_healthy());
    site.sandbox.dingtalk.remove_template(generated.template.process_code.as_str());
    let fix = "`bridge template forget --for type:AUTH`, then `bridge template generate --for type:AUTH`";
    names(&site.diagnosis().await, "template", "template for type:AUTH", fix);
    templates.forget(&purpose).await.expect("forgotten");
    templates.generate(&purpose, None).await.expect("a template");
    assert!(site.diagnosis().await.is_healthy());
}

#[tokio::test]
async fn a_variable_that_goes_before_the_generated_template_is_named() {
    let site = Site::start().await;
    site.sandbox.dingtalk.remove_template(&site.sandbox.variables()["DINGTALK_PROCESS_CODE"]);
    names(&site.diagnosis().await, "template", "there is no template", "unset DINGTALK_PROCESS_CODE");
    templates(&site, &[]).generate(&Purpose::Default, None).await.expect("a template");
    assert!(!site.diagnosis().await.is_healthy(), "the variable goes before it");
    let diagnosis = site.diagnosis_with(&[("DINGTALK_PROCESS_CODE", "")]).await;
    is_healthy_after_a_restart(&diagnosis, "DINGTALK_PROCESS_CODE");
}
