//! The callback: a signed event arrives and is acknowledged. What follows from it goes on meanwhile.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use shared::dingtalk::crypto::{AesKey, CallbackKeys};
use simulators::dingtalk::{Filter, InstanceId, PushOptions, Rule};
use tokio::task::JoinSet;

use super::site::{Site, workers};

/// Sends `count` events about the ends of instances, so many at a time; gives how long each answer took.
pub(super) async fn measure(site: &Site, count: usize, at_once: usize) -> Result<Vec<Duration>> {
    // DingTalk pushes nothing itself: the events are sent from here.
    let nothing = Rule { event_type: Some("none".into()), kind: None, process_code: None };
    site.sandbox
        .dingtalk
        .set_push_options(PushOptions { filter: Filter(vec![nothing]), ..PushOptions::default() });
    let ended = Arc::new(Mutex::new(end(site, count).await?));
    let mut work = JoinSet::new();
    for _ in 0..at_once {
        let (ended, sender) = (ended.clone(), Sender::new(site)?);
        work.spawn(async move {
            let mut times = Vec::new();
            loop {
                let next = ended.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let Some(instance) = next else { return anyhow::Ok(times) };
                times.push(sender.send(&instance).await?);
            }
        });
    }
    let mut times = Vec::with_capacity(count);
    while let Some(done) = work.join_next().await {
        times.extend(done??);
    }
    Ok(times)
}

/// Makes instances that have just ended, without the bridge knowing.
async fn end(site: &Site, count: usize) -> Result<Vec<InstanceId>> {
    let worker = workers(&site.sandbox, 1).pop().context("a worker")?;
    let mut ended = Vec::with_capacity(count);
    for _ in 0..count {
        let (_, todo) = worker.file(&site.sandbox).await?;
        site.sandbox.dingtalk.agree(todo.task, "fine")?;
        ended.push(todo.instance);
    }
    Ok(ended)
}

/// Sends events as DingTalk does.
struct Sender {
    client: reqwest::Client,
    url: String,
    keys: CallbackKeys,
    owner_key: String,
    process_code: String,
    world: shared::world::World,
}

impl Sender {
    fn new(site: &Site) -> Result<Self> {
        let variables = site.sandbox.variables();
        let key: AesKey = variables["DINGTALK_CALLBACK_AES_KEY"].parse()?;
        Ok(Self {
            client: reqwest::Client::new(),
            url: format!("http://{}/dingtalk/callback", site.host.address()),
            keys: CallbackKeys::new(variables["DINGTALK_CALLBACK_TOKEN"].clone().into(), key),
            owner_key: variables["DINGTALK_APP_KEY"].clone(),
            process_code: variables["DINGTALK_PROCESS_CODE"].clone(),
            world: site.world.clone(),
        })
    }

    async fn send(&self, instance: &InstanceId) -> Result<Duration> {
        let now = self.world.now().as_millisecond();
        let event = json!({"EventType": "bpms_instance_change", "type": "finish", "result": "agree",
            "processInstanceId": instance.as_str(), "processCode": self.process_code, "finishTime": now});
        let mut random = [0; 16];
        self.world.random.fill(&mut random);
        let nonce = self.world.random.letters_and_digits(8);
        let sealed =
            self.keys.seal(event.to_string().as_bytes(), &self.owner_key, now.to_string(), nonce, random);
        let query = [
            ("msg_signature", &sealed.signature),
            ("timestamp", &sealed.timestamp),
            ("nonce", &sealed.nonce),
        ];
        let request = self.client.post(&self.url).query(&query).json(&json!({"encrypt": sealed.encrypt}));
        let began = Instant::now();
        let response = request.send().await?;
        ensure!(response.status().is_success(), "a callback was answered {}", response.status());
        response.bytes().await?;
        Ok(began.elapsed())
    }
}
