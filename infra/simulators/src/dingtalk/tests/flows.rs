//! The flow that the console gives a template: every kind of node, as it is forecast and as it runs.

use serde_json::{Value, json};

use super::Stage;
use crate::dingtalk::{Department, FlowNode, Method, Objection, Person, Standing, TemplateStatus};

const CREATE: &str = "/v1.0/workflow/processInstances";
const FORECAST: &str = "/v1.0/workflow/processes/forecast";

impl Stage {
    fn flow(&self, flow: Vec<FlowNode>) {
        assert!(self.simulator.set_flow(self.template.as_str(), flow));
    }

    fn question(&self) -> Value {
        json!({
            "processCode": self.template, "deptId": 10, "userId": "asker",
            "formComponentValues": [{"name": "Reference", "value": "R"}],
        })
    }

    async fn forecast(&self) -> Value {
        let (status, forecast) = self.post(FORECAST, &self.question()).await;
        assert_eq!(status, 200, "{forecast}");
        forecast["result"].clone()
    }

    /// Creates with the template's own flow and these choices; the code of the refusal otherwise.
    async fn create_choosing(&self, choices: &Value) -> Result<Value, String> {
        let mut order = self.order(&Value::Null);
        order["targetSelectActioners"] = choices.clone();
        let (_, created) = self.post(CREATE, &order).await;
        match created["instanceId"].as_str() {
            Some(id) => Ok(self.read(&id.into()).await),
            None => Err(created["code"].as_str().unwrap().to_owned()),
        }
    }

    async fn run(&self) -> Value {
        self.create_choosing(&Value::Null).await.unwrap()
    }

    async fn last(&self) -> Value {
        let id = self.simulator.instances()[0].id.clone();
        self.read(&id).await
    }
}

fn record(read: &Value, index: usize) -> (&str, &str, &str, Option<&str>) {
    let record = &read["operationRecords"][index];
    let text = |field: &str| record[field].as_str().unwrap();
    (text("type"), text("result"), text("showName"), record["userId"].as_str())
}

#[tokio::test]
async fn a_role_is_forecast_by_its_label_and_asks_everybody_who_has_it() {
    let stage = Stage::new().await;
    for (id, name) in [("fin1", "Fi"), ("fin2", "Fo")] {
        stage.simulator.add_person(Person::new(id, name).role("财务"));
    }
    stage.simulator.add_person(Person::new("fin3", "Fa").role("财务").standing(Standing::NotActivated));
    stage.flow(vec![FlowNode::role("财务", Method::Or)]);
    let forecast = stage.forecast().await;
    let rule = &forecast["workflowActivityRules"][0];
    assert_eq!(rule["workflowActor"]["actorSelectionType"], "labels");
    let label = &rule["workflowActor"]["actorSelectionRange"]["labels"][0];
    assert_eq!(label["labelNames"], "财务");
    let person = stage.oapi("/topapi/v2/user/get", &json!({"userid": "fin1"})).await;
    assert_eq!(person["result"]["role_list"][0]["id"].to_string(), label["labels"].as_str().unwrap());
    let people: Vec<&Value> =
        rule["activityActioners"].as_array().unwrap().iter().map(|it| &it["userId"]).collect();
    assert_eq!(people, ["fin1", "fin2"]);
    let read = stage.run().await;
    assert_eq!(read["tasks"].as_array().unwrap().len(), 2);
    assert_eq!(read["tasks"][0]["activityId"], rule["activityId"], "a node's id is the same in both");
    stage.simulator.agree(stage.task_of("fin2"), "").unwrap();
    assert_eq!(stage.last().await["status"], "COMPLETED");
}

#[tokio::test]
async fn the_department_head_is_the_nearest_one_above_the_initiator() {
    let stage = Stage::new().await;
    stage.simulator.add_department(Department { id: 11, name: "Team".into(), parent: Some(10) });
    stage.simulator.add_person(Person::new("asker", "Ada").departments(&[10, 11]));
    stage.simulator.add_person(Person::new("head", "Hu").leads(&[10]));
    stage.flow(vec![FlowNode::DepartmentHead, FlowNode::Initiator]);
    let person = stage.oapi("/topapi/v2/user/get", &json!({"userid": "head"})).await;
    assert_eq!(person["result"]["leader_in_dept"], json!([{"dept_id": 1, "leader": false}]));
    let mut order = stage.order(&Value::Null);
    order["deptId"] = json!(11);
    assert_eq!(stage.post(CREATE, &order).await.0, 200);
    assert_eq!(stage.desks(), ["head"]);
    stage.simulator.agree(stage.task_of("head"), "").unwrap();
    stage.simulator.agree(stage.task_of("asker"), "").unwrap();
    assert_eq!(stage.last().await["result"], "agree");
}

#[tokio::test]
async fn copies_are_told_on_the_way_and_nobody_decides_there() {
    let stage = Stage::new().await;
    stage.flow(vec![
        FlowNode::members(&["boss"], Method::OneByOne),
        FlowNode::copies(&["lead", "root"]).named("知会"),
        FlowNode::members(&["head"], Method::OneByOne),
    ]);
    let forecast = stage.forecast().await;
    let rule = &forecast["workflowActivityRules"][1];
    assert_eq!(
        (&rule["activityName"], &rule["workflowActor"]["actorType"]),
        (&json!("知会"), &json!("notifier"))
    );
    assert_eq!(forecast["workflowActivityRules"][0]["activityName"], "审批人");
    let read = stage.run().await;
    assert!(read.get("ccUserIds").is_none(), "the flow is not there yet");
    stage.simulator.agree(stage.task_of("boss"), "").unwrap();
    assert_eq!(stage.desks(), ["head"]);
    let read = stage.last().await;
    assert_eq!(record(&read, 2), ("PROCESS_CC", "NONE", "知会", None));
    assert_eq!(read["ccUserIds"], json!(["lead", "root"]));
    assert_eq!(read["operationRecords"][2]["ccUserIds"], json!(["lead", "root"]));
    assert_eq!(read["operationRecords"][2]["activityId"], rule["activityId"]);
}

#[tokio::test]
async fn who_handles_submits_and_cannot_refuse() {
    let stage = Stage::new().await;
    stage.flow(vec![FlowNode::handlers(&["lead"], Method::Or)]);
    let forecast = stage.forecast().await;
    let rule = &forecast["workflowActivityRules"][0];
    assert_eq!(
        (&rule["activityName"], &rule["workflowActor"]["actorType"]),
        (&json!("办理人"), &json!("audit"))
    );
    stage.run().await;
    let task = stage.task_of("lead");
    assert_eq!(stage.simulator.refuse(task, "no"), Err(Objection::CannotRefuse));
    let id = stage.simulator.instances()[0].id.clone();
    let execute =
        json!({"processInstanceId": id, "taskId": task, "actionerUserId": "lead", "result": "refuse"});
    let (_, refused) = stage.post("/v1.0/workflow/processInstances/execute", &execute).await;
    assert_eq!(refused["code"], "aflowProcessInstCanNotBeExecuted");
    stage.simulator.agree(task, "paid").unwrap();
    let read = stage.last().await;
    assert_eq!(read["result"], "agree");
    assert_eq!(record(&read, 1), ("EXECUTE_TASK_NORMAL", "AGREE", "办理人", Some("lead")));
}

#[tokio::test]
async fn an_automatic_node_decides_without_anybody() {
    let stage = Stage::new().await;
    for (agree, approval_type, result, word) in
        [(true, "AUTO_AGREE", "agree", "AGREE"), (false, "AUTO_REFUSE", "refuse", "REFUSE")]
    {
        stage.flow(vec![FlowNode::Auto { agree }]);
        let forecast = stage.forecast().await;
        let rule = &forecast["workflowActivityRules"][0];
        assert_eq!(rule["workflowActor"]["approvalType"], approval_type);
        assert_eq!(rule["activityActioners"], json!([]));
        let read = stage.run().await;
        assert_eq!((&read["status"], &read["result"]), (&json!("COMPLETED"), &json!(result)));
        assert_eq!(record(&read, 1), ("EXECUTE_TASK_NORMAL", word, "审批人", None));
        assert!(read.get("tasks").is_none());
    }
    stage.flow(vec![FlowNode::Auto { agree: true }, FlowNode::Supervisor]);
    stage.run().await;
    assert_eq!(stage.desks(), ["boss"], "the flow goes on after an automatic agreement");
}

#[tokio::test]
async fn the_initiator_chooses_only_whom_the_node_allows() {
    let stage = Stage::new().await;
    stage.flow(vec![
        FlowNode::chosen_among("one", true, &["boss", "lead"]).single(),
        FlowNode::chosen("any", false).named("复核"),
    ]);
    let forecast = stage.forecast().await;
    let actor = &forecast["workflowActivityRules"][0]["workflowActor"];
    assert_eq!((&actor["actorSelectionType"], &actor["allowedMulti"]), (&json!("approvals"), &json!(false)));
    let range = json!([{"workNo": "boss", "userName": "Bo"}, {"workNo": "lead", "userName": "Lee"}]);
    assert_eq!(actor["actorSelectionRange"]["approvals"], range);
    let rule = &forecast["workflowActivityRules"][1];
    assert_eq!((&rule["activityName"], &rule["workflowActor"]["required"]), (&json!("复核"), &json!(false)));
    let choice = |key: &str, users: &[&str]| json!([{"actionerKey": key, "actionerUserIds": users}]);
    for (choices, code) in [
        (json!([]), "targetSelectApproverMissing"),
        (choice("any", &["boss"]), "targetSelectApproverMissing"),
        (choice("one", &["root"]), "targetSelectApproverScopeError"),
        (choice("one", &["boss", "lead"]), "targetSelectApproverScopeError"),
        (choice("one", &["nobody"]), "processInstanceInvalidParameter"),
    ] {
        assert_eq!(stage.create_choosing(&choices).await, Err(code.to_owned()), "{choices}");
    }
    stage.create_choosing(&choice("one", &["lead"])).await.unwrap();
    stage.simulator.agree(stage.task_of("lead"), "").unwrap();
    assert_eq!(stage.last().await["status"], "COMPLETED", "a choice that is left out is passed");
}

#[tokio::test]
async fn a_node_that_has_nobody_goes_to_an_administrator_or_fails_the_forecast() {
    let stage = Stage::new().await;
    stage.simulator.add_person(Person::new("asker", "Ada").departments(&[10]));
    for node in [
        FlowNode::Supervisor,
        FlowNode::DepartmentHead,
        FlowNode::role("财务", Method::Or),
        FlowNode::members(&["gone"], Method::And),
    ] {
        stage.flow(vec![FlowNode::Initiator, node]);
        let forecast = stage.forecast().await;
        assert_eq!(forecast["isForecastSuccess"], false);
        assert_eq!(forecast["workflowActivityRules"], json!([]));
        let refused = stage.create_choosing(&Value::Null).await;
        assert_eq!(refused, Err("processInstanceStartFailed".to_owned()));
    }
    stage.simulator.add_person(Person::new("root", "Ro").admin());
    stage.flow(vec![FlowNode::Supervisor]);
    let forecast = stage.forecast().await;
    assert_eq!(forecast["isForecastSuccess"], true);
    assert_eq!(forecast["workflowActivityRules"][0]["activityActioners"][0]["userId"], "root");
    stage.run().await;
    assert_eq!(stage.desks(), ["root"]);
}

#[tokio::test]
async fn a_forecast_is_as_strict_about_its_question_as_a_create() {
    let stage = Stage::new().await;
    stage.simulator.add_person(Person::new("gone", "Go").departments(&[10]).standing(Standing::Left));
    for (field, value, code) in [
        ("userId", json!("nobody"), "userNotExist"),
        ("userId", json!("gone"), "userNotExist"),
        ("deptId", Value::Null, "MissingdeptId"),
        ("deptId", json!(-1), "invalidParameter"),
        ("deptId", json!(77), "invalidParameter"),
        ("processCode", json!("PROC-X"), "processCodeError"),
        ("formComponentValues", Value::Null, "componentIsNull"),
        (
            "formComponentValues",
            json!(vec![json!({"name": "Reference", "value": "R"}); 151]),
            "invalidParameter",
        ),
    ] {
        let mut question = stage.question();
        question[field] = value;
        let (status, refused) = stage.post(FORECAST, &question).await;
        assert_eq!((status.as_u16(), &refused["code"]), (400, &json!(code)), "{field}: {refused}");
    }
    let mut question = stage.question();
    question["userId"] = json!("lead");
    question["deptId"] = json!(1);
    assert_eq!(stage.post(FORECAST, &question).await.1["code"], "invalidParameter");
    question["deptId"] = json!(-1);
    stage.simulator.add_person(Person::new("lead", "Lee").manager("boss"));
    assert_eq!(stage.post(FORECAST, &question).await.1["result"]["isForecastSuccess"], true);
    for status in [TemplateStatus::Invalid, TemplateStatus::Saved] {
        stage.simulator.set_status(stage.template.as_str(), status);
        assert_eq!(stage.post(FORECAST, &stage.question()).await.1["code"], "forecastError");
    }
}

#[test]
fn a_flow_is_written_as_the_page_explains_it() {
    let written = json!([
        "supervisor", "department_head", "initiator",
        {"members": {"users": ["a"]}},
        {"chosen": {"actor_key": "k", "required": true}},
        {"role": {"role": "财务", "method": "OR"}},
        {"handler": {"users": ["a"], "method": "AND"}},
        {"copy": {"users": ["a"]}},
        {"auto": {"agree": false}},
        {"named": {"name": "复核", "node": {"copy": {"users": ["a"]}}}},
    ]);
    let flow: Vec<FlowNode> = serde_json::from_value(written).unwrap();
    assert_eq!(flow.len(), 10);
    assert!(matches!(&flow[4], FlowNode::Chosen { allowed_multi: true, .. }));
}
