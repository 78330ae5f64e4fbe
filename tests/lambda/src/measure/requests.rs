//! Real requests, one at a time, each checked: what is not done right is not measured.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, Method, Uri};
use serde_json::{Value, json};
use shared::{
    approval::{ApprovalId, HintResult, State, Status},
    dingtalk::crypto::{CallbackKeys, Envelope},
    world::World,
};
use simulators::dataphin::{Kind, Operator, Request};

use super::{
    figures::Served,
    process,
    program::Program,
    surroundings::{OPERATOR_TOKEN, Surroundings},
};
use crate::{Function, Reply, gateway};

/// As the event source of the SAM template batches.
const MOST_RECORDS: usize = 10;

/// The six functions between table, secret and simulators; nothing wakes them but the requests here.
pub(super) struct Installation {
    surroundings: Surroundings,
    functions: BTreeMap<&'static str, (&'static str, Function)>,
    front: String,
    keys: CallbackKeys,
    operator: reqwest::Client,
}

impl Drop for Installation {
    /// The front, which outlives this, has clones of them.
    fn drop(&mut self) {
        self.functions.values().for_each(|(_, function)| function.kill());
    }
}

/// An approval that was decided in DingTalk; the bridge does not know yet.
pub(super) struct DecidedThere {
    id: ApprovalId,
    instance: String,
}

impl Installation {
    /// Starts these programs, one for each function.
    pub async fn start(programs: &[Program]) -> Self {
        let surroundings = Surroundings::start().await;
        let mut functions = BTreeMap::new();
        for program in programs {
            let function =
                Function::run(program.function, program.command(), &surroundings.environment).await;
            function.started().await;
            functions.insert(program.function, (program.title, function));
        }
        let of = |name: &str| functions[name].1.clone();
        let routes = gateway::Routes {
            submit: of("submit"),
            callback: of("callback"),
            test_connection: of("test-connection"),
            template: of("template"),
        };
        let front = gateway::serve(routes).await;
        surroundings.sandbox.connect(&front).await.expect("DingTalk accepts the callback address");
        let variables = surroundings.sandbox.variables();
        let key = variables["DINGTALK_CALLBACK_AES_KEY"].parse().expect("a key");
        let keys = CallbackKeys::new(variables["DINGTALK_CALLBACK_TOKEN"].clone().into(), key);
        Self { surroundings, functions, front, keys, operator: reqwest::Client::new() }
    }

    /// What the functions in these rows have needed so far.
    pub fn served(&self, titles: &[&str]) -> BTreeMap<&'static str, Served> {
        let functions = self.functions.values().filter(|(title, _)| titles.contains(title));
        let served = |function: &Function| Served {
            times: function.times(),
            memory: process::memory(function.process_id()),
        };
        functions.map(|(title, function)| (*title, served(function))).collect()
    }

    /// `submit`: Dataphin hands over a request; then someone agrees in DingTalk.
    pub async fn decided(&self) -> DecidedThere {
        let sandbox = &self.surroundings.sandbox;
        let people = sandbox.dataphin.settings().people;
        let request = Request::of(Kind::TablePermission).asked_by(people[0].clone());
        let filed = sandbox.dataphin.file(request.then(Operator::Or, [people[1].clone()])).await;
        assert!(filed.answer.accepted(), "{}", filed.body());
        let request = sandbox.dataphin.request(&filed.apply_id).expect("Dataphin knows its request");
        let id = ApprovalId::new(request.process_instance_id().expect("the bridge's id"));
        let todo = sandbox.dingtalk.todos(&people[1].user_source_id).pop().expect("it is on their desk");
        sandbox.dingtalk.agree(todo.task, "fine").expect("they may");
        DecidedThere { id, instance: todo.instance.as_str().to_owned() }
    }

    /// `callback`: DingTalk's signed event. Its acknowledgement says `success`, and the event is in the table.
    pub async fn callback(&self, decided: &DecidedThere) {
        let variables = self.surroundings.sandbox.variables();
        let (world, now) = (World::real(), World::real().now().as_millisecond());
        let message = json!({"EventType": "bpms_instance_change", "type": "finish", "result": "agree", "finishTime": now,
            "processInstanceId": decided.instance, "processCode": variables["DINGTALK_PROCESS_CODE"]});
        let mut random = [0; 16];
        world.random.fill(&mut random);
        let (owner_key, nonce) = (&variables["DINGTALK_APP_KEY"], world.random.letters_and_digits(8));
        let sealed =
            self.keys.seal(message.to_string().as_bytes(), owner_key, now.to_string(), nonce, random);
        let uri = format!(
            "/dingtalk/callback?msg_signature={}&timestamp={}&nonce={}",
            sealed.signature, sealed.timestamp, sealed.nonce
        );
        let body = json!({"encrypt": sealed.encrypt}).to_string();
        let headers = HeaderMap::from_iter([(
            axum::http::header::CONTENT_TYPE,
            axum::http::HeaderValue::from_static("application/json"),
        )]);
        let uri: Uri = uri.parse().expect("an address");
        let event = gateway::event(&Method::POST, &uri, &headers, &body.into());
        let answer = self.invoke("callback", event).await;
        assert_eq!(answer["statusCode"], 200, "{answer}");
        let answer: BTreeMap<String, String> =
            serde_json::from_slice(&gateway::body(&answer)).expect("an acknowledgement");
        let envelope = Envelope {
            signature: answer["msg_signature"].clone(),
            timestamp: answer["timeStamp"].clone(),
            nonce: answer["nonce"].clone(),
            encrypt: answer["encrypt"].clone(),
        };
        let opened = self.keys.open(&envelope).expect("DingTalk believes it");
        assert_eq!((&opened.message[..], &opened.owner_key), (&b"success"[..], owner_key));
        let State::Pending(pending) = self.state(decided).await else { panic!("not pending any more") };
        assert_eq!(pending.reading.hint.map(|hint| hint.result), Some(HintResult::Agreed));
    }

    /// `relay`: what the table's stream holds by now, in a batch. Dataphin knows afterwards.
    pub async fn relay(&mut self, decided: &DecidedThere) {
        for records in self.written().chunks(MOST_RECORDS) {
            let answer = self.invoke("relay", json!({"Records": records})).await;
            assert_eq!(answer, json!({"batchItemFailures": []}));
        }
        assert_eq!(self.state(decided).await.status(), Status::Delivered);
        self.written();
    }

    /// `sweep`: the clock's minute, with one approval due. Dataphin knows afterwards.
    pub async fn sweep(&mut self, decided: &DecidedThere) {
        self.written();
        let answer = self.invoke("sweep", json!({"source": "aws.events"})).await;
        assert_eq!(answer["failed"], 0, "{answer}");
        assert_eq!(self.state(decided).await.status(), Status::Delivered);
    }

    /// `test-connection`: as Dataphin's button does.
    pub async fn test_connection(&self) {
        let test = self.surroundings.sandbox.dataphin.test_connection().await;
        assert!(test.passed, "{:?}", test.message);
    }

    /// `template`: the operator's page, the list of templates and the check of one, in turn.
    pub async fn template(&self, number: usize) {
        let address = |path: &str| format!("{}/operator{path}", self.front);
        let request = match number % 3 {
            0 => self.operator.get(address("")),
            1 => self.operator.get(address("/templates")),
            _ => self.operator.post(address("/templates/check")),
        };
        let response = request.bearer_auth(OPERATOR_TOKEN).send().await.expect("an answer");
        let status = response.status();
        let text = response.text().await.expect("all of it");
        assert!(status.is_success(), "{status}: {text}");
    }

    async fn invoke(&self, name: &str, event: Value) -> Value {
        match self.functions[name].1.invoke(event).await {
            Reply::Answered(answer) => answer,
            Reply::Failed(error) => panic!("{name} failed: {error}"),
        }
    }

    async fn state(&self, decided: &DecidedThere) -> State {
        let approval = self.surroundings.store.load(&decided.id).await.expect("the store answers");
        approval.expect("it is stored").state
    }

    /// The stream's records up to now.
    fn written(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.surroundings.stream.try_recv().ok()).collect()
    }
}
