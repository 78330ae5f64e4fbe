//! A rehearsal: the bridge between a simulated DingTalk and a simulated Dataphin, on a clock that the test moves.
//!
//! `REHEARSE_IN` says where the bridge runs: in the test's `process` (unless it is set), as `serve`, or as Lambda `functions`.

#![allow(clippy::expect_used, clippy::missing_panics_doc, clippy::panic)]

pub mod between;
mod clock;
mod place;
pub mod raw;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bridge::sandbox::{Sandbox, SandboxSettings};
use jiff::SignedDuration;
use lambda_functions::Held;
use shared::{
    approval::{Approval, ApprovalId, Status},
    engine::Engine,
    template::Templates,
    world::{SystemRandom, World},
};
use simulators::{
    dataphin::{Filed, Kind, Operator, Person, Request, Told},
    dingtalk::{Filter, InstanceId, PushOptions, Todo},
};

pub use clock::TestClock;
use place::{Choice, Folder, Place, Placed};

/// Nothing that is bound to happen takes longer, however slow the machine.
const PATIENCE: Duration = Duration::from_mins(5);

/// A running rehearsal.
pub struct Rehearsal {
    /// The simulators.
    pub sandbox: Sandbox,
    /// The bridge's address.
    pub bridge: String,
    engine: Engine,
    clock: TestClock,
    world: World,
    place: Place,
    _folder: Folder,
}

/// What differs from a plain rehearsal, where DingTalk pushes only ends of instances and limits no calls.
pub struct Setting {
    /// The simulators' settings.
    pub sandbox: SandboxSettings,
    /// Variables of the bridge that are set otherwise; empty: not set.
    pub variables: Vec<(&'static str, &'static str)>,
}

impl Default for Setting {
    fn default() -> Self {
        let mut sandbox = SandboxSettings::default();
        sandbox.dingtalk.qps = None;
        // The clock is moved by the second: a push must not be too late by that.
        sandbox.dingtalk.push_deadline = SignedDuration::from_hours(1);
        sandbox.pushes = PushOptions { filter: Filter::recommended(), ..PushOptions::default() };
        Self { sandbox, variables: vec![("DINGTALK_CALLS_PER_SECOND", "0")] }
    }
}

impl Setting {
    /// With a variable of the bridge set so.
    #[must_use]
    pub fn variable(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }

    /// With the simulators set otherwise.
    #[must_use]
    pub fn simulators(mut self, change: impl FnOnce(&mut SandboxSettings)) -> Self {
        change(&mut self.sandbox);
        self
    }
}

impl Rehearsal {
    /// A plain rehearsal.
    pub async fn start() -> Self {
        Self::with(Setting::default()).await
    }

    /// A plain rehearsal of what the bridge's own HTTP server does; `None` where another stands in its place.
    pub async fn before_its_own_server() -> Option<Self> {
        match Choice::made() {
            Choice::Process | Choice::Serve => Some(Self::start().await),
            Choice::Functions => None,
        }
    }

    /// A plain rehearsal in which hundreds of things become due one after another; `None` in `serve`, which looks once a second of
    /// real time: that would take too long.
    pub async fn of_hundreds_of_steps() -> Option<Self> {
        match Choice::made() {
            Choice::Process | Choice::Functions => Some(Self::start().await),
            Choice::Serve => None,
        }
    }

    /// How many processes look for lost instances, each by itself: `relay` and `sweep` where they are functions.
    pub fn lookers() -> u64 {
        match Choice::made() {
            Choice::Process | Choice::Serve => 1,
            Choice::Functions => 2,
        }
    }

    /// Whether the bridge takes each step of time for a gap, after which it looks for what it missed.
    pub fn sees_gaps(&self) -> bool {
        matches!(Choice::made(), Choice::Serve)
    }

    /// A rehearsal in another setting, in which much time passes; `None` where processes of their own must keep up with it.
    pub async fn of_much_time(setting: Setting) -> Option<Self> {
        match Choice::made() {
            Choice::Process => Some(Self::with(setting).await),
            Choice::Serve | Choice::Functions => None,
        }
    }

    /// A rehearsal in another setting, whose clock can be set; `None` where processes of their own follow it.
    pub async fn on_a_clock_to_set(setting: Setting) -> Option<Self> {
        Self::of_much_time(setting).await
    }

    /// A rehearsal in another setting.
    pub async fn with(setting: Setting) -> Self {
        let (choice, folder) = (Choice::made(), Folder::new());
        let clock = choice.clock(&folder);
        let world = World { clock: clock.clock(), random: Arc::new(SystemRandom) };
        let mut sandbox = Sandbox::start(&world, setting.sandbox).await.expect("the simulators start");
        for (name, value) in setting.variables {
            sandbox.set(name, value);
        }
        let placed = choice.start(&mut sandbox, &folder, &clock, &world).await;
        let Placed { place, address: bridge, engine } = placed;
        sandbox.connect(&bridge).await.expect("DingTalk accepts the callback address");
        Self { sandbox, bridge, engine, clock, world, place, _folder: folder }
    }

    /// An engine over the bridge's store.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Write requests so far, where they can be counted.
    pub fn writes(&self) -> Option<u64> {
        self.place.writes(&self.engine)
    }

    /// The bridge's templates, as the operator's calls and the command line have them.
    pub fn templates(&self, system_name: &str) -> Templates {
        let (store, dingtalk) = (self.engine().store().clone(), self.engine().dingtalk().clone());
        Templates::new(store, &dingtalk, self.world.clone(), system_name)
    }

    /// What time it is for the bridge and the simulators.
    pub fn now(&self) -> jiff::Timestamp {
        self.world.now()
    }

    /// Moves the clock.
    pub fn pass(&self, duration: SignedDuration) {
        self.clock.pass(duration);
    }

    /// Sets the clock ahead, or back by a negative duration, while no time passes.
    pub fn set_clock(&self, by: SignedDuration) {
        self.clock.set_by(by);
    }

    /// Lets time pass in which the bridge does not run.
    pub fn stand_still(&self, duration: SignedDuration) {
        self.clock.stand_still(duration);
    }

    /// How much time has passed, whatever the clock was set to.
    pub fn uptime(&self) -> SignedDuration {
        self.world.uptime()
    }

    /// Moves the clock to when something is due for a request, if that is still to come. A sweep need not be waited for then.
    pub async fn pass_until_due(&self, apply_id: &str) {
        let due_at = self.approval(apply_id).await.state.due_at();
        let wait = due_at.map(|due_at| due_at.duration_since(self.world.now()));
        if let Some(wait) = wait.filter(|wait| wait.is_positive()) {
            self.pass(wait);
        }
        self.place.sweep().await;
    }

    /// Keeps `sweep` from being woken, where it is a function of its own: it may read what `relay` reads at the same time, and
    /// then that costs a call more.
    pub async fn hold_sweeps(&self) -> Option<Held> {
        self.place.hold_sweeps().await
    }

    /// Lets time pass, a quarter of a second at a time, until something holds.
    pub async fn until<T>(&self, what: &str, mut holds: impl AsyncFnMut() -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(value) = holds().await {
                return value;
            }
            assert!(began.elapsed() < PATIENCE, "in vain waited until {what}");
            self.clock.step(SignedDuration::from_millis(250)).await;
        }
    }

    /// Does something that takes time.
    pub async fn as_time_passes<T>(&self, work: impl Future<Output = T>) -> T {
        let passing = async {
            loop {
                self.clock.tick().await;
            }
        };
        tokio::select! {
            done = work => done,
            () = passing => unreachable!("time passes for ever"),
        }
    }

    /// Files a request in Dataphin, which submits it.
    pub async fn file(&self, request: Request) -> Filed {
        self.sandbox.dataphin.file(request).await
    }

    /// Files a request that the bridge must accept; gives its id in Dataphin.
    pub async fn accepted(&self, request: Request) -> String {
        let filed = self.file(request).await;
        assert!(filed.answer.accepted(), "{}", filed.body());
        filed.apply_id
    }

    /// The approval that stands for a request of Dataphin's.
    pub async fn approval(&self, apply_id: &str) -> Approval {
        let record = self.sandbox.dataphin.request(apply_id).expect("Dataphin knows the request");
        let id = record.process_instance_id().expect("the bridge accepted the request");
        self.load(&id).await.expect("the approval is stored")
    }

    /// An approval by its own id.
    pub async fn load(&self, id: &str) -> Option<Approval> {
        self.engine().store().load(&ApprovalId::new(id)).await.expect("the store answers")
    }

    /// Lets time pass until an approval has a status.
    pub async fn reaches(&self, apply_id: &str, status: Status) -> Approval {
        self.until(&format!("{apply_id} is {status:?}"), async || {
            Some(self.approval(apply_id).await).filter(|approval| approval.state.status() == status)
        })
        .await
    }

    /// The DingTalk instance of a request.
    pub async fn instance(&self, apply_id: &str) -> InstanceId {
        let approval = self.approval(apply_id).await;
        InstanceId::from(approval.state.instance().expect("an instance").id.as_str())
    }

    /// Waits until something is on someone's desk in DingTalk.
    pub async fn desk(&self, person: &Person) -> Todo {
        self.until(&format!("something is on {}'s desk", person.user_name), async || {
            self.sandbox.dingtalk.todos(&person.user_source_id).into_iter().next()
        })
        .await
    }

    /// Someone agrees to what is on their desk.
    pub async fn agree(&self, person: &Person, remark: &str) {
        let todo = self.desk(person).await;
        self.sandbox.dingtalk.agree(todo.task, remark).expect("they may agree");
    }

    /// Someone refuses what is on their desk.
    pub async fn refuse(&self, person: &Person, remark: &str) {
        let todo = self.desk(person).await;
        self.sandbox.dingtalk.refuse(todo.task, remark).expect("they may refuse");
    }

    /// Lets time pass until Dataphin was told of a request, and the bridge knows that it was.
    pub async fn told(&self, apply_id: &str) -> Told {
        self.reaches(apply_id, Status::Delivered).await;
        let ledger = self.sandbox.dataphin.ledger(apply_id);
        assert_eq!(self.sandbox.dataphin.contradictions(), 0);
        ledger.into_iter().next().expect("an outcome in the ledger")
    }

    /// Dataphin's people, who are DingTalk's too.
    pub fn people(&self) -> Vec<Person> {
        self.sandbox.dataphin.settings().people
    }

    /// A request of the first person's that the second decides.
    pub fn request(&self) -> Request {
        let people = self.people();
        Request::of(Kind::TablePermission).asked_by(people[0].clone()).then(Operator::Or, [people[1].clone()])
    }

    /// Who decides a plain request.
    pub fn approver(&self) -> Person {
        self.people().swap_remove(1)
    }

    /// Dataphin's credentials, as they stand in a query.
    pub fn credentials(&self) -> String {
        let token = self.sandbox.dataphin.settings().access_token;
        let timestamp = self.world.now().as_millisecond();
        format!("accessToken={token}&timestamp={timestamp}")
    }

    /// Sends something to the bridge as Dataphin would; gives status and body.
    pub async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> (u16, serde_json::Value) {
        let request =
            reqwest::Client::new().post(format!("{}{path}?{}", self.bridge, self.credentials())).body(body);
        let response = request.send().await.expect("the bridge answers");
        let status = response.status().as_u16();
        (status, response.json().await.expect("the answer is JSON"))
    }
}
