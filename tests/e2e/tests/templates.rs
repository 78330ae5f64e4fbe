//! Which template a request gets, what its form shows, and who decides.

#![allow(clippy::expect_used)]

use e2e::{Rehearsal, Setting};
use serde_json::{Value, json};
use shared::{
    approval::{Happening, Outcome, Status},
    template::{Content, Purpose, Templates, Way, Which},
};
use simulators::{
    dataphin::{Kind, Operator, Request},
    dingtalk::{Filter, FlowNode, Instance, Method, NewTemplate, PushOptions, TemplateStatus},
};

const NAME: &str = "Dataphin审批 Dataphin Approval";

async fn bare() -> Rehearsal {
    Rehearsal::with(Setting::default().simulators(|it| it.without_template = true)).await
}

async fn instance(r: &Rehearsal, apply_id: &str) -> Instance {
    r.sandbox.dingtalk.instance(r.instance(apply_id).await.as_str()).expect("the instance")
}

async fn adopt(templates: &Templates, purpose: &str, name: &str, way: Way, fields: &[(&str, &str)]) {
    let fields: Vec<_> =
        fields.iter().map(|(label, content)| ((*label).to_owned(), Content::read(content))).collect();
    let purpose: Purpose = purpose.parse().expect("a purpose");
    templates.adopt(&purpose, &Which::read(name), way, &fields).await.expect("it can be adopted");
}

fn own() -> NewTemplate {
    NewTemplate::named("Own").text("标题", true).textarea("申请理由", true).text("单号", false)
}

#[tokio::test]
async fn the_generated_form_shows_what_is_asked_for_in_a_table() {
    let r = bare().await;
    r.templates(NAME).generate(&Purpose::Default, None).await.expect("a template");
    let content = json!({"resourceType": "PHYSICAL_TABLE", "bpmsEnvironment": {"resourceEnv": "PROD"}});
    let request = Request { content: Some(content), ..r.request() };
    let apply_id = r.accepted(request.titled("Read access")).await;
    let instance = instance(&r, &apply_id).await;
    assert_eq!(instance.value("标题 Title"), Some("Read access"));
    assert_eq!(instance.value("类型 Type"), Some("权限 permission (AUTH)"));
    let approval = r.approval(&apply_id).await;
    assert_eq!(instance.value("单号 Reference"), Some(approval.record.reference().to_string().as_str()));
    assert_eq!(instance.value("内容 Details"), Some(format!("dataphin: {apply_id}").as_str()));
    let rows: Value = serde_json::from_str(instance.value("资源 Resources").expect("a table")).expect("JSON");
    let cells: Vec<&str> = rows
        .as_array()
        .expect("rows")
        .iter()
        .flat_map(|row| row["rowValue"].as_array().expect("cells"))
        .filter_map(|cell| cell["value"].as_str())
        .collect();
    assert_eq!(cells, ["Resource", "physical table (PHYSICAL_TABLE)", "Environment", "PROD"]);
    r.agree(&r.approver(), "").await;
    r.told(&apply_id).await;
}

#[tokio::test]
async fn without_any_template_a_request_is_refused_with_what_to_do() {
    let r = bare().await;
    let filed = r.file(r.request().with_id("early")).await;
    assert!(!filed.answer.accepted());
    assert!(filed.body().to_string().contains("bridge template generate"), "{}", filed.body());
    r.templates(NAME).generate(&Purpose::Default, None).await.expect("a template");
    r.pass(jiff::SignedDuration::from_secs(1));
    let again = r.file(r.request().with_id("early")).await;
    assert!(again.answer.accepted(), "{}", again.body());
}

#[tokio::test]
async fn a_template_code_picks_a_template_and_an_unknown_one_is_a_clear_error() {
    let r = Rehearsal::start().await;
    let filed = r.file(r.request().with_template("T-1")).await;
    assert!(!filed.answer.accepted());
    let body = filed.body().to_string();
    assert!(body.contains("unknown-template-code") && body.contains("code:T-1"), "{body}");
    assert_eq!(r.sandbox.dingtalk.instances().len(), 0);

    let templates = r.templates(NAME);
    r.sandbox.dingtalk.add_template(own()).expect("a template");
    adopt(&templates, "code:T-1", "Own", Way::Source, &[]).await;
    let apply_id = r.accepted(r.request().with_template("T-1").titled("Mine")).await;
    let instance = instance(&r, &apply_id).await;
    assert_eq!(instance.value("标题"), Some("Mine"));
    let reference = r.approval(&apply_id).await.record.reference().to_string();
    assert_eq!(instance.value("单号"), Some(reference.as_str()));
    assert!(instance.value("申请理由").expect("a reason").contains(&apply_id));
}

#[tokio::test]
async fn fixed_values_fill_what_a_template_of_ones_own_wants_besides() {
    let r = bare().await;
    let contact = json!({"componentType": "InnerContactField", "props": {"label": "申请人", "required": true, "choice": "0"}});
    let template = own()
        .select("紧急程度", &["高", "低"], true)
        .select("类型", &["发布", "权限"], true)
        .component(contact);
    r.sandbox.dingtalk.add_template(template).expect("a template");
    let templates = r.templates(NAME);
    let wrong = [("紧急程度".to_owned(), Content::read("中"))];
    let refused = templates.adopt(&Purpose::Default, &Which::read("Own"), Way::Source, &wrong).await;
    assert!(refused.expect_err("no such choice").to_string().contains("choose one of 高, 低"));

    adopt(&templates, "default", "Own", Way::Source, &[("紧急程度", "低")]).await;
    let report = templates.check(&Purpose::Default, None).await.expect("a report");
    assert_eq!(report.problems, []);
    let apply_id = r.accepted(r.request()).await;
    let instance = instance(&r, &apply_id).await;
    assert_eq!((instance.value("紧急程度"), instance.value("类型")), (Some("低"), Some("权限")));
    assert_eq!(instance.value("申请人"), Some("Li Na"));
}

#[tokio::test]
async fn the_flow_designed_in_dingtalk_decides_and_asks_the_requests_approvers_where_it_leaves_the_choice() {
    let r = bare().await;
    let flow = vec![FlowNode::members(&["emp1003"], Method::OneByOne), FlowNode::chosen("pick", true)];
    r.sandbox.dingtalk.add_template(own().flow(flow)).expect("a template");
    adopt(&r.templates(NAME), "default", "Own", Way::Template, &[]).await;
    let people = r.people();
    let apply_id = r.accepted(r.request()).await;
    r.agree(&people[2], "first the flow's own").await;
    r.agree(&people[1], "then the request's").await;
    r.told(&apply_id).await;
    let approval = r.approval(&apply_id).await;
    assert_eq!(approval.state.decision().expect("a decision").outcome, Outcome::Approved);
    let noted = Happening::FlowOfTemplate { selected: 1 };
    assert!(approval.record.timeline.entries().iter().any(|entry| entry.what == noted));

    let too_many = r.request().then(Operator::Or, [people[3].clone()]);
    let filed = r.file(too_many).await;
    assert!(!filed.answer.accepted() && filed.body().to_string().contains("too-few-selectable-nodes"));
}

#[tokio::test]
async fn a_request_that_names_nobody_is_refused_where_the_flow_wants_a_choice() {
    let r = bare().await;
    r.sandbox.dingtalk.add_template(own().flow(vec![FlowNode::chosen("pick", true)])).expect("a template");
    let templates = r.templates(NAME);
    let nobody = || Request::of(Kind::TablePermission).asked_by(r.people()[0].clone());
    for way in [Way::Source, Way::Template] {
        adopt(&templates, "default", "Own", way, &[]).await;
        r.pass(jiff::SignedDuration::from_secs(6));
        let filed = r.file(nobody()).await;
        assert!(!filed.answer.accepted());
        assert!(filed.body().to_string().contains("the request names none"), "{}", filed.body());
    }
}

#[tokio::test]
async fn countersigning_stands_in_the_timeline_and_the_decision_is_dingtalks() {
    for before in [true, false] {
        let r = Rehearsal::with(Setting::default().simulators(|it| {
            it.pushes = PushOptions { filter: Filter::default(), ..PushOptions::default() };
        }))
        .await;
        let apply_id = r.accepted(r.request()).await;
        let todo = r.desk(&r.approver()).await;
        r.sandbox.dingtalk.countersign(todo.task, &["emp1005"], before, "you too").expect("they may");
        let added =
            r.people().into_iter().find(|person| person.user_source_id == "emp1005").expect("a person");
        if !before {
            r.agree(&r.approver(), "fine").await;
        }
        r.refuse(&added, "not with me").await;
        r.told(&apply_id).await;
        let approval = r.approval(&apply_id).await;
        let decision = approval.state.decision().expect("a decision");
        assert_eq!((decision.outcome, decision.comment.as_deref()), (Outcome::Rejected, Some("not with me")));
        assert_eq!(decision.by.as_ref().expect("someone").user_id.as_str(), "emp1005");
        let lines: Vec<String> =
            approval.record.timeline.entries().iter().map(|entry| entry.what.to_string()).collect();
        assert!(
            lines.iter().any(|line| line == "emp1002 had others countersign in DingTalk: emp1005"),
            "{lines:?}"
        );
    }
}

#[tokio::test]
async fn a_check_names_what_keeps_approvals_from_being_made() {
    let r = bare().await;
    let code = r.sandbox.dingtalk.add_template(own()).expect("a template");
    let templates = r.templates(NAME);
    adopt(&templates, "default", "Own", Way::Template, &[]).await;
    let codes = async || {
        let report = templates.check(&Purpose::Default, None).await.expect("a report");
        report.problems.iter().map(|problem| problem.code).collect::<Vec<_>>()
    };
    assert_eq!(codes().await, Vec::<&str>::new());
    r.sandbox.dingtalk.set_flow(code.as_str(), vec![FlowNode::role("finance", Method::Or)]);
    assert_eq!(codes().await, ["node-unsupported"]);
    r.sandbox.dingtalk.set_flow(code.as_str(), vec![FlowNode::Auto { agree: true }]);
    assert_eq!(codes().await, ["node-unsupported", "nobody-decides"]);
    r.sandbox.dingtalk.set_status(code.as_str(), TemplateStatus::Invalid);
    assert_eq!(codes().await, ["not-published"]);
    r.sandbox.dingtalk.remove_template(code.as_str());
    assert_eq!(codes().await, ["no-such-template"]);
}

#[tokio::test]
async fn a_create_call_without_an_answer_is_found_again_by_the_reference_of_ones_own_template() {
    let r = bare().await;
    r.sandbox.dingtalk.add_template(own()).expect("a template");
    adopt(&r.templates(NAME), "default", "Own", Way::Source, &[]).await;
    let fault = simulators::dingtalk::Fault::of(
        simulators::dingtalk::Api::CreateInstance,
        simulators::dingtalk::Trouble::CloseAfter,
    );
    r.sandbox.dingtalk.fault(fault.once());
    let apply_id = r.accepted(r.request()).await;
    r.reaches(&apply_id, Status::Pending).await;
    assert_eq!(r.sandbox.dingtalk.instances().len(), 1);
}
