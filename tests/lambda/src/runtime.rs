//! A function as Lambda runs it: one invocation at a time, killed when its time is over; a process that has ended is started
//! again with the next invocation.

use std::{
    collections::HashMap,
    ffi::OsString,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::Value;
use shared::world::World;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

use crate::{
    binary,
    environment::{Environment, Lines, Process, Times, lock},
};

/// What an invocation may take, unless told otherwise.
const LIMIT: Duration = Duration::from_secs(30);

/// What came of an invocation.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// The function's answer.
    Answered(Value),
    /// The function failed, or did not answer in time.
    Failed(Value),
}

/// A function. Its process is killed with the last clone.
#[derive(Clone)]
pub struct Function(Arc<Running>);

struct Running {
    name: &'static str,
    /// A program and its arguments.
    program: Vec<OsString>,
    variables: HashMap<String, String>,
    world: Mutex<World>,
    limit: Mutex<Duration>,
    lines: Lines,
    times: Times,
    invocations: AtomicU64,
    starts: AtomicU64,
    turn: Arc<Turn<Option<Environment>>>,
    process: Mutex<Option<Arc<Process>>>,
}

/// Keeps a function from being invoked; whoever invokes it waits.
pub struct Held(#[allow(dead_code)] OwnedMutexGuard<Option<Environment>>);

impl Function {
    /// Starts a function with this environment, and nothing else of ours.
    pub async fn start(name: &'static str, variables: &HashMap<String, String>) -> Self {
        Self::run(name, Command::new(binary(name)), variables).await
    }

    /// The same, of whatever program.
    pub async fn run(name: &'static str, program: Command, variables: &HashMap<String, String>) -> Self {
        let words = std::iter::once(program.get_program()).chain(program.get_args());
        let function = Self(Arc::new(Running {
            name,
            program: words.map(ToOwned::to_owned).collect(),
            variables: variables.clone(),
            world: Mutex::new(World::real()),
            limit: Mutex::new(LIMIT),
            lines: Lines::default(),
            times: Times::default(),
            invocations: AtomicU64::new(0),
            starts: AtomicU64::new(0),
            turn: Arc::default(),
            process: Mutex::default(),
        }));
        function.0.running(&mut *function.0.turn.clone().lock_owned().await).await;
        function
    }

    /// The same, in a world whose clock its process follows.
    #[must_use]
    pub fn by(self, world: &World) -> Self {
        *lock(&self.0.world) = world.clone();
        self
    }

    /// Another one of the same, which runs beside this one.
    pub async fn another(&self) -> Self {
        self.another_with(&[]).await
    }

    /// Another one, with these variables set otherwise.
    pub async fn another_with(&self, variables: &[(&str, &str)]) -> Self {
        let changed = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let variables = self.0.variables.clone().into_iter().chain(changed).collect();
        let world = lock(&self.0.world).clone();
        Self::start(self.0.name, &variables).await.by(&world)
    }

    /// Another function of the same site, with some variables set otherwise (empty: not set).
    pub async fn beside(&self, name: &'static str, changes: &[(&str, &str)]) -> Self {
        let mut variables = self.0.variables.clone();
        variables.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        variables.retain(|_, value| !value.is_empty());
        Self::start(name, &variables).await
    }

    /// Invokes it and waits for what comes of it. Whoever stops waiting does not stop the invocation.
    pub async fn invoke(&self, event: Value) -> Reply {
        let running = self.0.clone();
        let invoked = tokio::spawn(async move {
            let mut environment = running.turn.clone().lock_owned().await;
            let id = running.invocations.fetch_add(1, Ordering::Relaxed).to_string();
            let (limit, world) = (*lock(&running.limit), lock(&running.world).clone());
            running.running(&mut environment).await.invoke(id, event, limit, &world).await
        });
        invoked.await.expect("an invocation ends")
    }

    /// Sets what an invocation may take from now on.
    pub fn set_limit(&self, limit: Duration) {
        *lock(&self.0.limit) = limit;
    }

    /// Keeps it from being invoked. An invocation that is under way ends first.
    pub async fn hold(&self) -> Held {
        Held(self.0.turn.clone().lock_owned().await)
    }

    /// Kills its process, whatever it is doing and whoever else has a clone.
    pub fn kill(&self) {
        self.process().kill();
    }

    /// How long it took from its process's start until it asked for the first invocation.
    pub async fn started(&self) -> Duration {
        let process = self.process();
        let started = tokio::time::timeout(LIMIT, process.started()).await.ok();
        started.unwrap_or_else(|| panic!("{} did not start in time", self.0.name))
    }

    /// How long each invocation took, from its handing over to its answer.
    pub fn times(&self) -> Vec<Duration> {
        lock(&self.0.times).clone()
    }

    /// Its process's number.
    pub fn process_id(&self) -> u32 {
        self.process().id()
    }

    fn process(&self) -> Arc<Process> {
        lock(&self.0.process).clone().expect("it has been started")
    }

    /// How many processes it has had.
    pub fn starts(&self) -> u64 {
        self.0.starts.load(Ordering::Relaxed)
    }

    /// The lines of metrics that it has written so far.
    pub fn metrics(&self) -> Vec<Value> {
        let lines = lock(&self.0.lines);
        let written = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        written.filter(|line| line.get("_aws").is_some()).collect()
    }

    /// The sum of a metric that it has written so far.
    pub fn metric(&self, name: &str) -> f64 {
        self.metrics().iter().filter_map(|line| line[name].as_f64()).sum()
    }

    /// Everything that it has written to its log.
    pub fn log(&self) -> String {
        lock(&self.0.lines).join("\n")
    }
}

impl Running {
    /// An environment with a process that has not ended.
    async fn running<'a>(&self, environment: &'a mut Option<Environment>) -> &'a Environment {
        let usable = environment.take().filter(|environment| !environment.process.has_ended());
        let environment = match usable {
            Some(usable) => environment.insert(usable),
            None => environment
                .insert(Environment::start(self.command(), self.lines.clone(), self.times.clone()).await),
        };
        let mut process = lock(&self.process);
        if process.as_ref().is_none_or(|process| !Arc::ptr_eq(process, &environment.process)) {
            self.starts.fetch_add(1, Ordering::Relaxed);
            *process = Some(environment.process.clone());
        }
        environment
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program[0]);
        command
            .args(&self.program[1..])
            .env_clear()
            .envs(&self.variables)
            .env("AWS_LAMBDA_FUNCTION_NAME", self.name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/test")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "test");
        command
    }
}
