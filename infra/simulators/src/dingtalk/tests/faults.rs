//! A bad day of the network and of the service.

use jiff::SignedDuration;
use serde_json::json;

use super::Stage;
use crate::dingtalk::{Api, Fault, Trouble};

const CREATE: &str = "/v1.0/workflow/processInstances";

#[tokio::test]
async fn a_server_error_did_nothing() {
    let stage = Stage::new().await;
    stage.simulator.fault(Fault::of(Api::CreateInstance, Trouble::ServerError).once());
    let order = stage.order(&json!([{"actionType": "NONE", "userIds": ["boss"]}]));
    let (status, refused) = stage.post(CREATE, &order).await;
    assert_eq!((status.as_u16(), &refused["code"]), (500, &json!("systemError")));
    assert!(stage.simulator.instances().is_empty());
    assert_eq!(stage.post(CREATE, &order).await.0, 200);
    stage.simulator.fault(Fault::everywhere(Trouble::ServerError));
    assert_eq!(stage.oapi("/topapi/v2/user/get", &json!({"userid": "boss"})).await["errcode"], -1);
}

#[tokio::test]
async fn calls_that_a_fault_kept_away_are_counted_by_themselves() {
    let stage = Stage::new().await;
    let order = stage.order(&json!([{"actionType": "NONE", "userIds": ["boss"]}]));
    for trouble in [Trouble::ServerError, Trouble::CloseBefore] {
        stage.simulator.fault(Fault::of(Api::CreateInstance, trouble).once());
        let _ = stage.client.post(stage.at(CREATE)).json(&order).send().await;
    }
    let count = stage.simulator.calls().of(Api::CreateInstance);
    assert_eq!((count.calls, count.paid, count.turned_away, count.failed), (0, 0, 0, 2));
    let console = stage.client.get(stage.at("/console")).send().await.unwrap().text().await.unwrap();
    assert!(console.contains("Failed by a fault"));
}

#[tokio::test]
async fn an_answer_can_be_held_back_after_the_work_is_done() {
    let stage = Stage::new().await;
    stage.simulator.fault(Fault::of(Api::CreateInstance, Trouble::HoldAnswer(60_000)).once());
    let order = stage.order(&json!([{"actionType": "NONE", "userIds": ["boss"]}]));
    let answer = stage.post(CREATE, &order);
    tokio::pin!(answer);
    // The instance is there while its caller still waits.
    loop {
        tokio::select! {
            biased;
            _ = &mut answer => panic!("answered at once"),
            () = tokio::task::yield_now() => {}
        }
        if !stage.simulator.instances().is_empty() {
            break;
        }
    }
    // Whether the handler sleeps already or not, it wakes once the clock has gone far enough.
    let ticks = async {
        loop {
            stage.clock.advance(SignedDuration::from_secs(60));
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        (status, _) = answer => assert_eq!(status, 200),
        () = ticks => {}
    }
}

#[tokio::test]
async fn a_connection_can_close_without_an_answer_before_and_after_the_work() {
    let stage = Stage::new().await;
    let order = stage.order(&json!([{"actionType": "NONE", "userIds": ["boss"]}]));
    let send = async || {
        let request = stage.client.post(stage.at(CREATE)).json(&order);
        request.header("x-acs-dingtalk-access-token", &stage.token).send().await
    };
    stage.simulator.fault(Fault::of(Api::CreateInstance, Trouble::CloseBefore).once());
    assert!(send().await.is_err());
    assert_eq!(stage.simulator.instances().len(), 0);
    stage.simulator.fault(Fault::of(Api::CreateInstance, Trouble::CloseAfter).once());
    assert!(send().await.is_err());
    assert_eq!(stage.simulator.instances().len(), 1);
    assert_eq!(send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn nobody_answers_once_the_handle_is_gone() {
    let stage = Stage::new().await;
    let url = stage.at("/");
    assert_eq!(stage.client.get(&url).send().await.unwrap().status(), 200);
    let (simulator, client) = (stage.simulator, stage.client);
    drop(simulator);
    // The listener closes as soon as its task runs again.
    while client.get(&url).send().await.is_ok() {
        tokio::task::yield_now().await;
    }
}
