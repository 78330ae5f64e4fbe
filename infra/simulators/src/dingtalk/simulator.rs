//! The handle of a running simulator: how tests and the demo start it, look at it and play its people.
//!
//! What only the organisation and its console set is in `administration`.

use std::{io, net::SocketAddr, sync::Arc};

use axum::Router;
use shared::world::World;
use tokio::{net::TcpListener, sync::watch};

use super::{
    acts::{Objection, Todo},
    control,
    core::{Core, until_stopped},
    gate,
    ids::{InstanceId, TaskId},
    instances::Instance,
    meter::Counts,
    page,
    push::Push,
    settings::Settings,
    state::State,
};

/// A running DingTalk. Clones share it; it stops when the last one is dropped.
#[derive(Clone)]
pub struct Simulator {
    running: Arc<Running>,
}

struct Running {
    core: Arc<Core>,
    address: SocketAddr,
    /// Everything that runs waits for this to go.
    _stop: watch::Sender<()>,
}

/// Starting, and what is seen from outside.
impl Simulator {
    /// Starts on the address of the settings.
    pub async fn start(world: World, settings: Settings) -> io::Result<Self> {
        let listener = TcpListener::bind(settings.listen).await?;
        Self::start_on(listener, world, settings)
    }

    /// Starts on a listener that is already there.
    pub fn start_on(listener: TcpListener, world: World, settings: Settings) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(io::Error::other)?;
        let (stop, stopped) = watch::channel(());
        let core = Arc::new(Core::new(State::new(world, settings), client, stopped.clone()));
        let router: Router = Router::new()
            .merge(page::routes())
            .merge(control::routes())
            .fallback(gate::answer)
            .with_state(core.clone());
        let server = axum::serve(listener, router).with_graceful_shutdown(until_stopped(stopped));
        tokio::spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "the DingTalk simulator stopped serving");
            }
        });
        Ok(Self { running: Arc::new(Running { core, address, _stop: stop }) })
    }

    /// The base address of both hosts, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.running.address)
    }

    /// All instances, newest first.
    pub fn instances(&self) -> Vec<Instance> {
        self.with(|state| state.instances.newest().cloned().collect())
    }

    /// One instance.
    pub fn instance(&self, id: &str) -> Option<Instance> {
        self.with(|state| state.instances.get(id).cloned())
    }

    /// A person's to-dos, oldest first.
    pub fn todos(&self, user: &str) -> Vec<Todo> {
        self.with(|state| state.todos_of(user))
    }

    /// How often each API was called, and what counts for the month.
    pub fn calls(&self) -> Counts {
        self.with(|state| state.meter.counts.clone())
    }

    /// Every attempt to push an event (the last 5,000), oldest first.
    pub fn pushes(&self) -> Vec<Push> {
        self.with(|state| state.pushes.iter().cloned().collect())
    }

    /// Waits until no push is under way; one that waits for its next attempt is not.
    pub async fn pushes_settled(&self) {
        self.running.core.settled().await;
    }

    /// How many events are in the failed list or on their way there.
    pub fn failed_pushes(&self) -> usize {
        self.with(|state| state.failed.len())
    }

    /// Does something with the platform's memory.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        self.core().with(act)
    }

    pub(super) fn core(&self) -> &Arc<Core> {
        &self.running.core
    }
}

/// What people do.
impl Simulator {
    /// Agrees; an empty remark is none.
    pub fn agree(&self, task: TaskId, remark: &str) -> Result<(), Objection> {
        self.with(|state| state.agree(task, None, remark))
    }

    /// Refuses, which ends the instance.
    pub fn refuse(&self, task: TaskId, remark: &str) -> Result<(), Objection> {
        self.with(|state| state.refuse(task, None, remark))
    }

    /// Hands the task to somebody else.
    pub fn transfer(&self, task: TaskId, to: &str, remark: &str) -> Result<(), Objection> {
        self.with(|state| state.transfer(task, None, to, remark))
    }

    /// Adds approvers who decide before this task, or after it.
    pub fn countersign(
        &self,
        task: TaskId,
        users: &[&str],
        before: bool,
        remark: &str,
    ) -> Result<(), Objection> {
        self.with(|state| state.countersign(task, None, users, before, remark))
    }

    /// Writes a comment.
    pub fn comment(&self, instance: &InstanceId, user: &str, text: &str) -> Result<(), Objection> {
        self.with(|state| state.comment(instance.as_str(), user, text))
    }

    /// Revokes as the originator.
    pub fn revoke(&self, instance: &InstanceId, remark: &str) -> Result<(), Objection> {
        self.with(|state| {
            let originator = state.instances.get(instance.as_str()).map(|it| it.originator.clone());
            let originator = originator.ok_or(Objection::NoSuchInstance)?;
            state.revoke(instance.as_str(), Some(originator.as_str()), remark)
        })
    }

    /// Deletes as an administrator.
    pub fn delete(&self, instance: &InstanceId) -> Result<(), Objection> {
        self.with(|state| state.delete_instance(instance.as_str()))
    }
}
