//! Instances that bear a reference of ours and are not what was asked for.

use e2e::Rehearsal;
use jiff::SignedDuration;
use shared::{
    approval::{Entry, Happening, InstanceId, NeedsOperator, Status},
    engine::OperatorError,
};
use simulators::{
    dataphin,
    dingtalk::{Api, Fault, Trouble},
};

use super::{
    by_hand::{again, agree_to, copy, file_by_program, form, task_of},
    needs_operator, quick,
};

#[tokio::test]
async fn a_forged_instance_with_the_computable_id_decides_nothing() {
    let r = Rehearsal::with(quick()).await;
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::ServerError).once());
    let apply_id = r.accepted(r.request()).await;
    let approval = r.approval(&apply_id).await;
    let people = r.people();
    let [employee, friend] = [&people[3].user_source_id, &people[4].user_source_id];
    let forged =
        file_by_program(&r, employee, friend, &form(approval.record.id.as_str(), "lunch order")).await;
    agree_to(&r, &forged);
    let approval = r.reaches(&apply_id, Status::Pending).await;
    assert_ne!(approval.state.instance().expect("an instance").id.as_str(), forged);
    let note = Happening::ForeignInstance { instance: InstanceId::new(forged) };
    assert!(approval.record.timeline.holds(&note), "it is noted");
    r.refuse(&r.approver(), "no").await;
    assert_eq!(r.told(&apply_id).await.outcome, dataphin::Outcome::Rejected);
}

#[tokio::test]
async fn an_instance_with_the_reference_and_another_content_waits_for_an_operator() {
    let r = Rehearsal::with(quick()).await;
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::ServerError).once());
    let apply_id = r.accepted(r.request()).await;
    let approval = r.approval(&apply_id).await;
    let reference = approval.record.reference().to_string();
    let people = r.people();
    let [employee, friend] = [&people[0].user_source_id, &people[1].user_source_id];
    let other = file_by_program(&r, employee, friend, &form(&reference, "lunch order")).await;
    agree_to(&r, &other);
    let why = needs_operator(&r, &apply_id).await;
    assert!(matches!(&why, NeedsOperator::Mismatch { instance, .. } if instance.as_str() == other), "{why}");
    assert_eq!(r.sandbox.dataphin.ledger(&apply_id).len(), 0, "Dataphin hears nothing");
    // An operator has looked, and has it created.
    r.engine().create_again_for_operator(&approval.record.id).await.expect("an operator may");
    let note = Happening::SecondInstance { instance: InstanceId::new(other.clone()) };
    assert!(r.approval(&apply_id).await.record.timeline.holds(&note), "the other one is ended");
    let approval = r.reaches(&apply_id, Status::Pending).await;
    assert_ne!(approval.state.instance().expect("an instance").id.as_str(), other);
    let twice = r.engine().create_again_for_operator(&approval.record.id).await;
    assert!(matches!(twice, Err(OperatorError::NotWaiting("pending"))));
}

#[tokio::test]
async fn of_two_instances_with_the_reference_an_operator_chooses_one_and_the_other_is_ended() {
    let r = Rehearsal::with(quick()).await;
    let delivered_twice = r.accepted(r.request()).await;
    let approval = r.approval(&delivered_twice).await;
    let own = approval.state.instance().expect("an instance").id.clone();
    // A proxy delivered the call once more.
    let second = again(&r, &own).await;
    agree_to(&r, &second);
    let note = Happening::SecondInstance { instance: InstanceId::new(second.clone()) };
    r.until("the second instance is noticed", async || {
        r.pass(SignedDuration::from_secs(30));
        r.approval(&delivered_twice).await.record.timeline.holds(&note).then_some(())
    })
    .await;
    assert_eq!(r.sandbox.dataphin.ledger(&delivered_twice).len(), 0, "an agreement to it decides nothing");
    r.sandbox.dingtalk.refuse(task_of(&r, own.as_str()), "no").expect("they may refuse");
    assert_eq!(r.told(&delivered_twice).await.outcome, dataphin::Outcome::Rejected);
}

#[tokio::test]
async fn two_matches_for_one_lost_answer_are_an_operators_choice() {
    let r = Rehearsal::with(quick()).await;
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::CloseAfter).once());
    let apply_id = r.accepted(r.request()).await;
    let first = InstanceId::new(r.sandbox.dingtalk.instances()[0].id.as_str());
    let second = again(&r, &first).await;
    let why = needs_operator(&r, &apply_id).await;
    assert!(matches!(why, NeedsOperator::SeveralInstances { .. }), "{why}");
    let id = r.approval(&apply_id).await.record.id;
    r.engine().adopt_for_operator(&id, &InstanceId::new(second.as_str())).await.expect("an operator may");
    let note = Happening::SecondInstance { instance: first };
    assert!(r.approval(&apply_id).await.record.timeline.holds(&note), "the other one is ended");
    agree_to(&r, &second);
    assert_eq!(r.told(&apply_id).await.outcome, dataphin::Outcome::Approved);
}

#[tokio::test]
async fn a_copy_that_the_requester_files_themselves_decides_nothing() {
    // Whatever keeps a look from seeing everything; in the end the copy's own event is all that is left.
    let blind = [
        Fault::of(Api::ListInstanceIds, Trouble::ServerError),
        Fault::of(Api::GetInstance, Trouble::ServerError).once(),
    ];
    for fault in blind {
        let r = Rehearsal::with(quick()).await;
        r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::CloseAfter).once());
        r.sandbox.dingtalk.fault(fault.clone());
        let apply_id = r.accepted(r.request()).await;
        let own = InstanceId::new(r.sandbox.dingtalk.instances()[0].id.as_str());
        let copied = copy(&r, &own).await;
        agree_to(&r, &copied);
        let why = needs_operator(&r, &apply_id).await;
        assert_eq!(r.sandbox.dataphin.ledger(&apply_id).len(), 0, "Dataphin hears nothing: {why}");
        let id = r.approval(&apply_id).await.record.id;
        r.engine().adopt_for_operator(&id, &own).await.expect("an operator may");
        r.sandbox.dingtalk.refuse(task_of(&r, own.as_str()), "no").expect("they may refuse");
        assert_eq!(r.told(&apply_id).await.outcome, dataphin::Outcome::Rejected, "{fault:?}");
    }
}

#[tokio::test]
async fn a_copy_of_an_owned_instance_with_another_content_is_left_alone() {
    let r = Rehearsal::with(quick()).await;
    let apply_id = r.accepted(r.request()).await;
    let reference = r.approval(&apply_id).await.record.reference().to_string();
    let people = r.people();
    let [colleague, friend] = [&people[3].user_source_id, &people[4].user_source_id];
    let other = file_by_program(&r, colleague, friend, &form(&reference, "lunch order")).await;
    agree_to(&r, &other);
    let note = Happening::ForeignInstance { instance: InstanceId::new(other.clone()) };
    r.until("the copy is noted", async || {
        r.pass(SignedDuration::from_secs(30));
        r.approval(&apply_id).await.record.timeline.holds(&note).then_some(())
    })
    .await;
    let second = Happening::SecondInstance { instance: InstanceId::new(other) };
    assert!(!r.approval(&apply_id).await.record.timeline.holds(&second), "a colleague's form is not ended");
}

#[tokio::test]
async fn what_needs_an_operator_is_not_forgotten_by_a_look_that_was_waiting() {
    // Each has its copy before the first look: time that runs by itself would not wait for that.
    let Some(r) = Rehearsal::of_much_time(quick()).await else { return };
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::CloseAfter).next(12));
    let mut accepted = Vec::new();
    for _ in 0..12 {
        accepted.push(r.accepted(r.request()).await);
    }
    for instance in r.sandbox.dingtalk.instances() {
        again(&r, &InstanceId::new(instance.id.as_str())).await;
    }
    for apply_id in &accepted {
        let why = needs_operator(&r, apply_id).await;
        assert!(matches!(why, NeedsOperator::SeveralInstances { .. }), "{why}");
    }
    let made = r.sandbox.dingtalk.instances().len();
    // Longer than all looks take.
    r.pass(SignedDuration::from_mins(5));
    for apply_id in &accepted {
        r.pass_until_due(apply_id).await;
        assert_eq!(r.approval(apply_id).await.state.status(), Status::NeedsOperator);
    }
    assert_eq!(r.sandbox.dingtalk.instances().len(), made, "nothing is created blindly");
}

#[tokio::test]
async fn an_answer_about_another_approvals_instance_ends_nobodys() {
    let r = Rehearsal::with(quick()).await;
    let first = r.accepted(r.request()).await;
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::CloseAfter).once());
    r.sandbox.dingtalk.fault(Fault::of(Api::GetInstance, Trouble::OtherInstance).once());
    let apply_id = r.accepted(r.request()).await;
    r.reaches(&apply_id, Status::Pending).await;
    assert_eq!(r.sandbox.dingtalk.instances().len(), 2);
    let ended = |entry: &Entry| matches!(entry.what, Happening::SecondInstance { .. });
    assert!(!r.approval(&first).await.record.timeline.entries().iter().any(ended));
}
