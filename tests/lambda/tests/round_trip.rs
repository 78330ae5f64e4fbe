//! The round trip through the function binaries.

#![allow(clippy::expect_used)]

use std::time::Duration;

use lambda_functions::Site;
use simulators::dataphin::{Kind, Operator, Outcome, Request};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_goes_round_through_the_function_binaries() {
    let site = Site::start().await;
    let test = site.sandbox.dataphin.test_connection().await;
    assert!(test.passed, "{:?}", test.message);
    let people = site.sandbox.dataphin.settings().people;
    let request = Request::of(Kind::TablePermission).asked_by(people[0].clone());
    let filed = site.sandbox.dataphin.file(request.then(Operator::Or, [people[1].clone()])).await;
    assert!(filed.answer.accepted(), "{}", filed.body());
    let todo = site.sandbox.dingtalk.todos("emp1002").into_iter().next().expect("it is on their desk");
    site.sandbox.dingtalk.agree(todo.task, "fine").expect("they may");
    let told =
        tokio::time::timeout(Duration::from_mins(1), site.sandbox.dataphin.told(&filed.apply_id)).await;
    let told = told.expect("in time").expect("Dataphin knows the request");
    assert_eq!((told.outcome, told.comment.as_deref()), (Outcome::Approved, Some("fine")));
}
