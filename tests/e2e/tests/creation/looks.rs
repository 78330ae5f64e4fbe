//! Looking for the instance of a call.

use e2e::{Rehearsal, Setting};
use jiff::SignedDuration;
use serde_json::json;
use shared::approval::{NeedsOperator, Status};
use simulators::dingtalk::{Api, Counts, Fault, Trouble};

use super::{needs_operator, quick};

#[tokio::test]
async fn a_look_that_could_not_see_is_not_a_look_that_found_nothing() {
    let lists = [
        r#"{"success":false,"errorMsg":"系统错误","result":{"list":[]}}"#,
        r#"{"success":true,"result":null}"#,
    ];
    let blind = [
        Fault::of(Api::ListInstanceIds, Trouble::answer_after(200, lists[0])),
        Fault::of(Api::ListInstanceIds, Trouble::answer_after(200, lists[1])),
        Fault::of(Api::GetInstance, Trouble::WithoutFormValues),
    ];
    for fault in blind {
        let Some(r) = Rehearsal::of_much_time(quick()).await else { return };
        r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::CloseAfter).once());
        r.sandbox.dingtalk.fault(fault.clone());
        let apply_id = r.accepted(r.request()).await;
        let why = needs_operator(&r, &apply_id).await;
        assert!(matches!(why, NeedsOperator::CannotLook { .. }), "{why}");
        assert_eq!(r.sandbox.dingtalk.instances().len(), 1, "{fault:?}");
        // Looking goes on, and finds it as soon as it can be seen.
        r.sandbox.dingtalk.clear_faults();
        r.pass_until_due(&apply_id).await;
        r.reaches(&apply_id, Status::Pending).await;
        assert_eq!(r.sandbox.dingtalk.instances().len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_list_that_does_not_advance_costs_one_call_a_look() {
    for token in [json!(0), json!("0"), json!(-1)] {
        let Some(r) = Rehearsal::of_much_time(quick()).await else { return };
        r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::CloseAfter).once());
        r.sandbox.dingtalk.fault(Fault::of(Api::ListInstanceIds, Trouble::StuckToken(token)));
        let apply_id = r.accepted(r.request()).await;
        r.reaches(&apply_id, Status::Pending).await;
        assert_eq!(r.sandbox.dingtalk.calls().of(Api::ListInstanceIds).calls, 1);
    }
}

#[tokio::test]
async fn a_bridge_whose_clock_is_wrong_makes_no_second_instance() {
    for skew in [90, -150] {
        let Some(r) = Rehearsal::of_much_time(quick()).await else { return };
        r.sandbox.dingtalk.set_clock_skew(SignedDuration::from_secs(skew));
        r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::CloseAfter).once());
        let apply_id = r.accepted(r.request()).await;
        r.reaches(&apply_id, Status::Pending).await;
        assert_eq!(r.sandbox.dingtalk.instances().len(), 1, "{skew}");
    }
}

#[tokio::test]
async fn an_instance_that_shows_late_in_dingtalks_list_is_waited_for() {
    let setting = Setting::default().simulators(|it| it.dingtalk.list_delay = SignedDuration::from_secs(90));
    let Some(r) = Rehearsal::of_much_time(setting).await else { return };
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::CloseAfter).once());
    let apply_id = r.accepted(r.request()).await;
    r.reaches(&apply_id, Status::Pending).await;
    assert_eq!(r.sandbox.dingtalk.instances().len(), 1);
}

#[tokio::test]
async fn when_many_calls_fail_one_look_answers_for_all() {
    let calls = calls_until_forty_are_pending(Trouble::ServerError).await;
    // Each of the forty is looked for five times; a look answers for several, the more the slower they come, and fewer where two
    // functions look.
    assert!(calls.of(Api::ListInstanceIds).calls <= 40 * 5 / 2, "{calls:?}");
}

#[tokio::test]
async fn when_many_answers_are_lost_each_instance_is_read_once_to_find_it() {
    let calls = calls_until_forty_are_pending(Trouble::CloseAfter).await;
    // Once by each process that looks.
    assert!((40..=40 * Rehearsal::lookers()).contains(&calls.of(Api::GetInstance).calls), "{calls:?}");
    assert!(calls.of(Api::ListInstanceIds).calls <= 12 * Rehearsal::lookers(), "{calls:?}");
}

/// Forty submits whose create calls all meet the same trouble, and what it takes until each has its one instance.
async fn calls_until_forty_are_pending(trouble: Trouble) -> Counts {
    let r = Rehearsal::with(quick()).await;
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, trouble).next(40));
    let mut accepted = Vec::new();
    for _ in 0..40 {
        accepted.push(r.accepted(r.request()).await);
    }
    for apply_id in &accepted {
        r.reaches(apply_id, Status::Pending).await;
    }
    assert_eq!(r.sandbox.dingtalk.instances().len(), 40);
    r.sandbox.dingtalk.calls()
}
