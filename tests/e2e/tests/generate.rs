//! Generating templates: one command makes the official one and keeps it right, and never makes a second.

#![allow(clippy::expect_used, clippy::panic)]

use e2e::{Rehearsal, Setting};
use jiff::SignedDuration;
use shared::template::{Making, Purpose, Templates};
use simulators::dingtalk::{Api, Fault, NewTemplate, TemplateStatus, Trouble};

const NAME: &str = "Dataphin审批 Dataphin Approval";

/// A bridge whose DingTalk has no template yet.
async fn bare() -> Rehearsal {
    Rehearsal::with(Setting::default().simulators(|it| it.without_template = true)).await
}

async fn make(r: &Rehearsal, templates: &Templates) -> (Making, String) {
    let made = r.as_time_passes(templates.generate(&Purpose::Default, None)).await.expect("a template");
    (made.making, made.template.process_code.to_string())
}

#[tokio::test]
async fn the_first_time_makes_it_and_every_other_time_finds_it() {
    let r = bare().await;
    let templates = r.templates(NAME);
    let (making, code) = make(&r, &templates).await;
    assert_eq!(making, Making::Created);
    for _ in 0..9 {
        assert_eq!(make(&r, &templates).await, (Making::Unchanged, code.clone()));
    }
    let [template] = &r.sandbox.dingtalk.templates()[..] else { panic!("one template") };
    assert_eq!((template.process_code.as_str(), template.name.as_str()), (code.as_str(), NAME));
}

#[tokio::test]
async fn ten_at_once_make_one() {
    let r = bare().await;
    let mut making = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let templates = r.templates(NAME);
        making.spawn(async move { templates.generate(&Purpose::Default, None).await.expect("a template") });
    }
    let made = r.as_time_passes(making.join_all()).await;
    assert_eq!(made.iter().filter(|made| made.making == Making::Created).count(), 1);
    assert!(made.iter().all(|other| other.template.process_code == made[0].template.process_code));
    assert_eq!(r.sandbox.dingtalk.templates().len(), 1);
}

#[tokio::test]
async fn another_name_renames_it() {
    let r = bare().await;
    let (_, code) = make(&r, &r.templates(NAME)).await;
    let renamed = r.templates("Acme Data Approval");
    assert_eq!(make(&r, &renamed).await, (Making::Updated, code.clone()));
    assert_eq!(make(&r, &renamed).await, (Making::Unchanged, code.clone()));
    assert_eq!(r.sandbox.dingtalk.template(&code).expect("the template").name, "Acme Data Approval");
    assert_eq!(r.sandbox.dingtalk.templates().len(), 1);
}

#[tokio::test]
async fn one_that_was_deleted_in_dingtalk_is_made_again() {
    let r = bare().await;
    let templates = r.templates(NAME);
    let (_, first) = make(&r, &templates).await;
    r.sandbox.dingtalk.remove_template(&first);
    let (making, second) = make(&r, &templates).await;
    assert_eq!(making, Making::Created);
    assert_ne!(first, second);
    r.accepted(r.request()).await;
}

#[tokio::test]
async fn an_older_one_of_ours_is_taken_up_by_its_name_and_brought_up_to_date() {
    let r = bare().await;
    let old = NewTemplate::named(NAME).text("单号 Reference", false).text("something", true);
    let old = r.sandbox.dingtalk.add_template(old).expect("a template");
    assert_eq!(make(&r, &r.templates(NAME)).await, (Making::Adopted, old.to_string()));
    let labels = labels(&r, old.as_str());
    assert!(labels.contains(&"标题 Title".to_owned()) && !labels.contains(&"something".to_owned()));
    assert_eq!(r.sandbox.dingtalk.templates().len(), 1);
}

#[tokio::test]
async fn somebodys_own_form_of_the_same_name_is_never_overwritten() {
    let r = bare().await;
    let own = NewTemplate::named(NAME).text("Colour", true).text("Amount", false);
    let own = r.sandbox.dingtalk.add_template(own).expect("a template");
    let error = r.templates(NAME).generate(&Purpose::Default, None).await.expect_err("not ours").to_string();
    assert!(error.contains("bridge template adopt") && error.contains("BRIDGE_SYSTEM_NAME"), "{error}");
    assert_eq!(labels(&r, own.as_str()), ["Colour", "Amount"]);
}

#[tokio::test]
async fn a_field_that_was_lost_in_the_console_comes_back() {
    let r = bare().await;
    let templates = r.templates(NAME);
    let (_, code) = make(&r, &templates).await;
    let mut body = serde_json::json!({"processCode": code, "name": NAME, "formComponents": []});
    body["formComponents"] = serde_json::json!([{"componentType": "TextField", "props": {"label": "only"}}]);
    save(&r, &body).await;
    assert_eq!(make(&r, &templates).await, (Making::Updated, code));
}

#[tokio::test]
async fn a_create_call_without_an_answer_makes_no_second_one() {
    for trouble in
        [Trouble::CloseAfter, Trouble::HoldAnswer(60_000), Trouble::ServerError, Trouble::CloseBefore]
    {
        let r =
            Rehearsal::with(Setting::default().variable("DINGTALK_TIMEOUT_SECONDS", "1").simulators(|it| {
                it.without_template = true;
                it.dingtalk.name_delay = SignedDuration::from_secs(2);
            }))
            .await;
        r.sandbox.dingtalk.fault(Fault::of(Api::SaveForm, trouble.clone()).once());
        make(&r, &r.templates(NAME)).await;
        assert_eq!(r.sandbox.dingtalk.templates().len(), 1, "{trouble:?}");
    }
}

#[tokio::test]
async fn a_field_that_conditions_need_stops_the_update_with_a_word_on_it() {
    let r = bare().await;
    let templates = r.templates(NAME);
    let (_, code) = make(&r, &templates).await;
    let own = serde_json::json!({"processCode": code, "name": NAME, "formComponents": [
        {"componentType": "NumberField", "props": {"componentId": "amount", "label": "Amount"}}]});
    save(&r, &own).await;
    r.sandbox.dingtalk.set_conditions(&code, &["amount"]);
    let error = templates.generate(&Purpose::Default, None).await.expect_err("cannot be updated").to_string();
    assert!(error.contains("conditions"), "{error}");
}

#[tokio::test]
async fn one_that_nobody_can_start_is_told_as_such() {
    let r = bare().await;
    let templates = r.templates(NAME);
    let (_, code) = make(&r, &templates).await;
    r.sandbox.dingtalk.set_status(&code, TemplateStatus::Invalid);
    assert!(!templates.generate(&Purpose::Default, None).await.expect("it is there").published);
}

#[tokio::test]
async fn a_dingtalk_that_takes_no_more_calls_this_second_is_waited_for() {
    let r = Rehearsal::with(Setting::default().simulators(|it| {
        it.without_template = true;
        it.dingtalk.qps = Some(1);
    }))
    .await;
    assert_eq!(make(&r, &r.templates(NAME)).await.0, Making::Created);
}

#[tokio::test]
async fn each_type_of_request_may_have_its_own() {
    let r = bare().await;
    let templates = r.templates(NAME);
    for purpose in ["default", "type:AUTH", "quick-bi"] {
        let purpose: Purpose = purpose.parse().expect("a purpose");
        templates.generate(&purpose, None).await.expect("a template");
        templates.generate(&purpose, None).await.expect("the same template");
    }
    assert_eq!(r.sandbox.dingtalk.templates().len(), 3);
    let apply_id = r.accepted(r.request()).await;
    let instance = r.sandbox.dingtalk.instance(r.instance(&apply_id).await.as_str()).expect("the instance");
    assert_eq!(instance.title, "Li Na提交的Dataphin审批 Dataphin Approval - 权限 permission");
}

fn labels(r: &Rehearsal, code: &str) -> Vec<String> {
    let template = r.sandbox.dingtalk.template(code).expect("the template");
    template.components.into_iter().map(|component| component.label).collect()
}

/// An administrator changes a template in the console.
async fn save(r: &Rehearsal, body: &serde_json::Value) {
    let dingtalk = r.sandbox.dingtalk.url();
    let client = reqwest::Client::new();
    let app = serde_json::json!({
        "appKey": r.sandbox.variables()["DINGTALK_APP_KEY"],
        "appSecret": r.sandbox.variables()["DINGTALK_APP_SECRET"],
    });
    let token = client.post(format!("{dingtalk}/v1.0/oauth2/accessToken")).json(&app).send().await;
    let token: serde_json::Value = token.expect("an answer").json().await.expect("JSON");
    let token = token["accessToken"].as_str().expect("a token").to_owned();
    let call = client.post(format!("{dingtalk}/v1.0/workflow/forms"));
    let answer =
        call.header("x-acs-dingtalk-access-token", token).json(body).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{:?}", answer.text().await);
}
