//! The simulator's promises, over real HTTP, on a clock that stands still until it is moved.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod acts;
mod contacts;
mod countersigns;
mod faults;
mod flows;
mod forms;
mod gate;
mod instances;
mod pages;
mod pushes;
mod receiver;
mod subscriptions;
mod templates;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;
use serde_json::{Value, json};
use shared::world::{ManualClock, World};

use super::{Department, InstanceId, NewTemplate, Person, ProcessCode, Settings, Simulator, TaskId};

/// A simulator with a few people and one template, and an application that calls it.
struct Stage {
    simulator: Simulator,
    clock: Arc<ManualClock>,
    client: reqwest::Client,
    token: String,
    template: ProcessCode,
}

impl Stage {
    async fn new() -> Self {
        Self::with(Settings { qps: None, ..Settings::default() }).await
    }

    async fn with(settings: Settings) -> Self {
        // 2026-04-16 07:34:37 UTC, which is 15:34 in China.
        let clock = Arc::new(ManualClock::starting_at(Timestamp::from_second(1_776_324_877).unwrap()));
        let world = World { clock: clock.clone(), random: World::real().random };
        let simulator = Simulator::start(world, settings).await.unwrap();
        let department = Department { id: 10, name: "Data".into(), parent: Some(1) };
        simulator.add_department(department);
        simulator
            .add_person(Person::new("asker", "Ada").departments(&[10]).manager("boss").mobile("13800000001"));
        for (id, name) in [("boss", "Bo"), ("lead", "Lee"), ("head", "Hu"), ("root", "Ro")] {
            simulator.add_person(Person::new(id, name));
        }
        let template = NewTemplate::named("Data access")
            .text("Reference", true)
            .textarea("Details", false)
            .select("Kind", &["read", "write"], false);
        let template = simulator.add_template(template).unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut stage = Self { simulator, clock, client, token: String::new(), template };
        stage.token = stage.new_token().await;
        stage
    }

    async fn new_token(&self) -> String {
        let keys = Settings::default();
        let body = json!({"appKey": keys.app_key, "appSecret": keys.app_secret});
        let (status, answer) = self.post("/v1.0/oauth2/accessToken", &body).await;
        assert_eq!(status, 200, "{answer}");
        answer["accessToken"].as_str().unwrap().to_owned()
    }

    fn pass(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = self.client.post(self.at(path)).json(body);
        answer(request.header("x-acs-dingtalk-access-token", &self.token)).await
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        let request = self.client.get(self.at(path));
        answer(request.header("x-acs-dingtalk-access-token", &self.token)).await
    }

    /// A call of the older API.
    async fn oapi(&self, path: &str, body: &Value) -> Value {
        let request = self.client.post(self.at(path)).query(&[("access_token", &self.token)]).json(body);
        let (status, answer) = answer(request).await;
        assert_eq!(status, 200);
        answer
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.simulator.url())
    }

    /// A request for an instance that would pass.
    fn order(&self, approvers: &Value) -> Value {
        json!({
            "processCode": self.template,
            "originatorUserId": "asker",
            "deptId": 10,
            "approvers": approvers,
            "formComponentValues": [{"name": "Reference", "value": "R-1"}, {"name": "Kind", "value": "read"}],
        })
    }

    async fn create(&self, approvers: &Value) -> InstanceId {
        let (status, answer) = self.post("/v1.0/workflow/processInstances", &self.order(approvers)).await;
        assert_eq!(status, 200, "{answer}");
        answer["instanceId"].as_str().unwrap().into()
    }

    /// An instance on the boss's desk, and the task there.
    async fn create_for_boss(&self) -> (InstanceId, TaskId) {
        let id = self.create(&json!([{"actionType": "NONE", "userIds": ["boss"]}])).await;
        (id, self.task_of("boss"))
    }

    async fn read(&self, id: &InstanceId) -> Value {
        let (status, answer) =
            self.get(&format!("/v1.0/workflow/processInstances?processInstanceId={id}")).await;
        assert_eq!(status, 200, "{answer}");
        answer["result"].clone()
    }

    fn task_of(&self, user: &str) -> TaskId {
        self.simulator.todos(user).last().unwrap_or_else(|| panic!("{user} has nothing to do")).task
    }

    fn desks(&self) -> Vec<&'static str> {
        let people = ["asker", "boss", "lead", "head", "root"];
        people.into_iter().filter(|user| !self.simulator.todos(user).is_empty()).collect()
    }
}

async fn answer(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    let status = response.status();
    (status, response.json().await.unwrap())
}
