//! What is measured: a bridge over a file, between two simulators without DingTalk's limits.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use shared::world::World;
use simulators::{
    dataphin::{Kind, Operator, Person, Request},
    dingtalk::{Filter, PushOptions, Todo},
};
use tokio::net::TcpListener;

use crate::{
    host::{Host, Storage},
    sandbox::{Sandbox, SandboxSettings},
};

const MOST_WORKERS: usize = 64;

pub(super) struct Site {
    pub sandbox: Sandbox,
    pub host: Host,
    pub world: World,
    folder: PathBuf,
}

impl Site {
    pub async fn start() -> Result<Self> {
        let world = World::real();
        let folder = folder(&world)?;
        let mut sandbox = simulators(&world).await?;
        sandbox.set("BRIDGE_FILE", folder.join("bridge.db").to_string_lossy());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let host = Host::start(&sandbox.config()?, Storage::Configured, world.clone(), listener).await?;
        sandbox.connect(&format!("http://{}", host.address())).await?;
        Ok(Self { sandbox, host, world, folder })
    }

    pub async fn stop(self) {
        self.host.stop().await;
        let _ = std::fs::remove_dir_all(self.folder);
    }
}

/// Simulators without limits that push only ends of instances.
pub(super) async fn simulators(world: &World) -> Result<Sandbox> {
    let mut settings = SandboxSettings::default();
    (settings.dingtalk.qps, settings.dingtalk.api_quota, settings.dingtalk.push_quota) = (None, None, None);
    settings.dataphin.people = (0..=MOST_WORKERS).map(person).collect();
    settings.pushes = PushOptions { filter: Filter::recommended(), ..PushOptions::default() };
    let mut sandbox = Sandbox::start(world, settings).await?;
    sandbox.set("DINGTALK_CALLS_PER_SECOND", "0");
    Ok(sandbox)
}

fn person(number: usize) -> Person {
    Person::new(&format!("3{number:08}"), &format!("emp{number}"), &format!("Person {number}"))
}

/// A new folder for one data file.
pub(super) fn folder(world: &World) -> Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("bridge-bench-{}", world.random.letters_and_digits(8)));
    std::fs::create_dir(&folder)?;
    Ok(folder)
}

/// One who files requests and decides them, on a desk of their own.
pub(super) struct Worker {
    requester: Person,
    approver: Person,
}

/// So many workers, each with another approver.
pub(super) fn workers(sandbox: &Sandbox, count: usize) -> Vec<Worker> {
    let people = sandbox.dataphin.settings().people;
    let worker = |approver: &Person| Worker { requester: people[0].clone(), approver: approver.clone() };
    people.iter().skip(1).take(count).map(worker).collect()
}

impl Worker {
    /// Files a request; gives its id in Dataphin, and the to-do in DingTalk.
    pub async fn file(&self, sandbox: &Sandbox) -> Result<(String, Todo)> {
        let request = Request::of(Kind::TablePermission).asked_by(self.requester.clone());
        let filed = sandbox.dataphin.file(request.then(Operator::Or, [self.approver.clone()])).await;
        ensure!(filed.answer.accepted(), "not accepted: {}", filed.body());
        let todo =
            sandbox.dingtalk.todos(&self.approver.user_source_id).pop().context("nothing on the desk")?;
        Ok((filed.apply_id, todo))
    }
}
