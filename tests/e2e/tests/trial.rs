//! Trying a template: the whole way once, from the administrator to themselves.

#![allow(clippy::expect_used, clippy::panic)]

use e2e::{Rehearsal, Setting};
use shared::template::{Purpose, Trial, trial::Standing};
use simulators::dingtalk::{Api, Fault, Filter, PushOptions, Status, Trouble};

const NAME: &str = "Dataphin审批 Dataphin Approval";

async fn try_out(r: &Rehearsal) -> Trial {
    let templates = r.templates(NAME);
    let trial = templates.try_out(&Purpose::Default, None).await.expect("it begins");
    r.until("the trial is over", async || {
        let trial = templates.look_at_trial(&trial.instance).await.expect("an answer").expect("the trial");
        (trial.standing() != Standing::UnderWay).then_some(trial)
    })
    .await
}

fn done(trial: &Trial) -> Vec<bool> {
    trial.legs().iter().map(|leg| leg.after_ms.is_some()).collect()
}

#[tokio::test]
async fn the_whole_way_is_shown_leg_by_leg_and_nothing_stays_on_the_desk() {
    let r = Rehearsal::start().await;
    let trial = try_out(&r).await;
    assert_eq!(trial.failures, Vec::<String>::new());
    assert_eq!(trial.standing(), Standing::Passed);
    // The start is not subscribed to, to save pushes.
    assert_eq!(done(&trial), [true, true, false, true, true]);
    let withdrawn = trial.withdrawn_at.expect("withdrawn").duration_since(trial.created_at);
    assert!(withdrawn.as_secs() >= 15, "{withdrawn}");
    let instance = r.sandbox.dingtalk.instance(trial.instance.as_str()).expect("the instance");
    assert_eq!(instance.status, Status::Terminated);
    assert!(r.sandbox.dingtalk.todos("bridge").is_empty());
}

#[tokio::test]
async fn the_event_of_the_start_is_shown_where_it_is_subscribed_to() {
    let r = Rehearsal::with(Setting::default().simulators(|it| {
        it.pushes = PushOptions { filter: Filter::default(), ..PushOptions::default() };
    }))
    .await;
    let trial = try_out(&r).await;
    assert_eq!((trial.standing(), done(&trial)), (Standing::Passed, vec![true; 5]));
}

#[tokio::test]
async fn one_that_the_administrator_decides_themselves_is_as_good() {
    let r = Rehearsal::start().await;
    let templates = r.templates(NAME);
    let trial = templates.try_out(&Purpose::Default, None).await.expect("it begins");
    let [todo] = &r.sandbox.dingtalk.todos("bridge")[..] else { panic!("one to-do") };
    r.sandbox.dingtalk.agree(todo.task, "").expect("they may");
    r.sandbox.dingtalk.pushes_settled().await;
    let trial = templates.look_at_trial(&trial.instance).await.expect("an answer").expect("the trial");
    assert_eq!(trial.standing(), Standing::Passed);
}

#[tokio::test]
async fn an_event_that_does_not_come_back_is_named_with_where_to_look() {
    let r = Rehearsal::start().await;
    r.sandbox.dingtalk.remove_subscription();
    let trial = try_out(&r).await;
    assert_eq!(trial.standing(), Standing::Failed);
    assert!(trial.failures[0].contains("Event Subscription"), "{:?}", trial.failures);
    let instance = r.sandbox.dingtalk.instance(trial.instance.as_str()).expect("the instance");
    assert_eq!(instance.status, Status::Terminated);
}

#[tokio::test]
async fn a_refused_event_is_named_as_soon_as_it_came() {
    let r = Rehearsal::start().await;
    r.sandbox.dingtalk.force_subscription(None, Some("AnotherToken"), None).expect("it is of the form");
    let trial = try_out(&r).await;
    assert_eq!(trial.standing(), Standing::Failed);
    assert!(trial.failures[0].contains("DINGTALK_CALLBACK_TOKEN"), "{:?}", trial.failures);
}

#[tokio::test]
async fn an_instance_whose_create_call_got_no_answer_is_found_and_withdrawn() {
    let r = Rehearsal::start().await;
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::CloseAfter).once());
    let templates = r.templates(NAME);
    let trial = r.as_time_passes(templates.try_out(&Purpose::Default, None)).await.expect("it is found");
    let ended = r
        .until("the trial is over", async || {
            let trial =
                templates.look_at_trial(&trial.instance).await.expect("an answer").expect("the trial");
            (trial.standing() != Standing::UnderWay).then_some(trial)
        })
        .await;
    assert_eq!(ended.standing(), Standing::Passed, "{:?}", ended.failures);
    assert_eq!(r.sandbox.dingtalk.instances().len(), 1);
}

#[tokio::test]
async fn a_template_that_may_not_be_revoked_is_named_with_its_switch() {
    let r = Rehearsal::start().await;
    r.sandbox.dingtalk.set_allow_revoke(&r.sandbox.variables()["DINGTALK_PROCESS_CODE"], false);
    let trial = try_out(&r).await;
    assert_eq!(trial.standing(), Standing::Failed);
    assert!(trial.failures[0].contains("Advanced Settings"), "{:?}", trial.failures);
}
