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

const LIST: &str = "/v1.0/workflow/processes/instanceIds/query";

/// The ids of the template's instances, and the token for more.
async fn listed(stage: &Stage) -> (usize, serde_json::Value) {
    let query = json!({"processCode": stage.template, "startTime": 1_776_320_000_000_i64, "nextToken": 0, "maxResults": 20});
    let (status, answer) = stage.post(LIST, &query).await;
    assert_eq!(status, 200, "{answer}");
    (answer["result"]["list"].as_array().unwrap().len(), answer["result"]["nextToken"].clone())
}

#[tokio::test]
async fn anything_can_be_answered_before_the_work_and_after_it() {
    let stage = Stage::new().await;
    let order = stage.order(&json!([{"actionType": "NONE", "userIds": ["boss"]}]));
    let send = async |trouble: Trouble| {
        stage.simulator.fault(Fault::of(Api::CreateInstance, trouble).once());
        let request = stage.client.post(stage.at(CREATE)).json(&order);
        let response = request.header("x-acs-dingtalk-access-token", &stage.token).send().await.unwrap();
        let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        (response.status().as_u16(), kind, response.text().await.unwrap(), stage.simulator.instances().len())
    };
    let html = Some("text/html;charset=utf-8".to_owned());
    let json = Some("application/json;charset=utf-8".to_owned());
    let page = "<html>nginx</html>".to_owned();
    assert_eq!(send(Trouble::answer_before(403, page.clone())).await, (403, html.clone(), page.clone(), 0));
    assert_eq!(send(Trouble::answer_after(404, page.clone())).await, (404, html, page, 1));
    let new = r#"{"code":"somethingNew"}"#.to_owned();
    assert_eq!(send(Trouble::answer_after(400, new.clone())).await, (400, json, new, 2));
    let bare = Trouble::AnswerAfter { status: 429, content_type: String::new(), body: String::new() };
    assert_eq!(send(bare).await, (429, None, String::new(), 3));
    let count = stage.simulator.calls().of(Api::CreateInstance);
    assert_eq!((count.calls, count.failed), (3, 1));
}

#[tokio::test]
async fn a_call_can_be_done_late_and_twice() {
    let stage = Stage::new().await;
    let order = stage.order(&json!([{"actionType": "NONE", "userIds": ["boss"]}]));
    let settled = async |count: usize| {
        stage.pass(75);
        while stage.simulator.instances().len() < count {
            tokio::task::yield_now().await;
        }
        stage.simulator.instances()[0].created
    };
    stage.simulator.fault(Fault::of(Api::CreateInstance, Trouble::DeliverLate(75_000)).once());
    let request = stage.client.post(stage.at(CREATE)).json(&order);
    assert!(request.header("x-acs-dingtalk-access-token", &stage.token).send().await.is_err());
    assert_eq!(stage.simulator.instances().len(), 0);
    let late = settled(1).await;
    assert_eq!(late.as_second(), 1_776_324_877 + 75);
    stage.simulator.fault(Fault::of(Api::CreateInstance, Trouble::DeliverTwice(75_000)).once());
    let first = stage.create(&json!([{"actionType": "NONE", "userIds": ["boss"]}])).await;
    assert_eq!(stage.simulator.instances().len(), 2);
    settled(3).await;
    assert_eq!(stage.simulator.instances()[1].id, first);
}

#[tokio::test]
async fn a_list_and_a_read_can_show_something_else() {
    let stage = Stage::new().await;
    let (first, _) = stage.create_for_boss().await;
    let (second, _) = stage.create_for_boss().await;
    assert_eq!(listed(&stage).await, (2, json!(null)));
    stage.simulator.fault(Fault::of(Api::ListInstanceIds, Trouble::StuckToken(json!("0"))).once());
    assert_eq!(listed(&stage).await, (2, json!("0")));
    stage.simulator.fault(Fault::of(Api::GetInstance, Trouble::WithoutFormValues).once());
    assert_eq!(stage.read(&first).await["formComponentValues"], json!([]));
    let true_business_id = stage.read(&second).await["businessId"].clone();
    stage.simulator.fault(Fault::of(Api::GetInstance, Trouble::OtherInstance).once());
    assert_eq!(stage.read(&first).await["businessId"], true_business_id);
    stage.simulator.set_list_delay(SignedDuration::from_secs(90));
    assert_eq!(listed(&stage).await, (0, json!(null)));
    stage.pass(90);
    assert_eq!(listed(&stage).await, (2, json!(null)));
}

#[tokio::test]
async fn everything_that_is_shown_goes_by_the_platforms_own_clock() {
    let stage = Stage::new().await;
    stage.simulator.set_clock_skew(SignedDuration::from_secs(150));
    let (id, _) = stage.create_for_boss().await;
    // 15:34:37 in China, and two and a half minutes.
    assert_eq!(stage.read(&id).await["createTime"], "2026-04-16T15:37Z");
    assert_eq!(stage.simulator.instance(id.as_str()).unwrap().created.as_second(), 1_776_324_877 + 150);
    let until = |moment: i64| {
        json!({"processCode": stage.template, "startTime": 1_776_320_000_000_i64, "endTime": moment * 1_000,
            "nextToken": 0, "maxResults": 20})
    };
    let ours = stage.post(LIST, &until(1_776_324_877 + 60)).await.1;
    assert_eq!(ours["result"]["list"], json!([]), "by our clock it is not there yet");
    let theirs = stage.post(LIST, &until(1_776_324_877 + 151)).await.1;
    assert_eq!(theirs["result"]["list"], json!([id]));
}

#[tokio::test]
async fn scripts_set_every_fault() {
    let stage = Stage::new().await;
    let faults = [
        json!({"api": "createInstance", "trouble": {"answer_after": {"status": 429, "body": ""}}, "spell": {"next": 1}}),
        json!({"trouble": {"deliver_late": 75_000}}),
        json!({"trouble": {"stuck_token": -1}}),
        json!({"trouble": "other_instance"}),
    ];
    for fault in &faults {
        let sent = stage.client.post(stage.at("/simulator/faults")).json(fault).send().await.unwrap();
        assert!(sent.status().is_success(), "{fault}");
    }
}
