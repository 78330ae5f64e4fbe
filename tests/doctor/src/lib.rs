//! A site to be diagnosed: a bridge between both simulators, over real HTTP and on the real clock.

#![allow(clippy::expect_used, clippy::missing_panics_doc, clippy::panic)]

pub mod stranger;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use bridge::{
    host::{Host, Storage as Kept},
    sandbox::{Sandbox, SandboxSettings},
};
use shared::{
    config::Variables,
    diagnosis::{Check, Diagnosis, Doctor, Failure, Outcome, Storage},
    world::World,
};
use simulators::{
    dataphin::{Kind, Operator, Request},
    dingtalk::{Filter, PushOptions},
};
use tokio::net::TcpListener;

/// Nothing that is bound to happen takes longer, however slow the machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Dataphin does not wait for its connection test any longer.
const QUICK: Duration = Duration::from_millis(4_500);

/// Opens the operator's calls.
pub const OPERATOR_TOKEN: &str = "operator-of-the-tests-81";

/// A running site.
pub struct Site {
    /// The simulators.
    pub sandbox: Sandbox,
    /// The bridge's address.
    pub bridge: String,
    host: Host,
}

impl Site {
    /// A healthy site: everything that can be set is set.
    pub async fn start() -> Self {
        Self::with(|_| {}, &[]).await
    }

    /// A site whose simulators are set otherwise, and some of the bridge's variables (empty: not set).
    pub async fn with(change: impl FnOnce(&mut SandboxSettings), variables: &[(&'static str, &str)]) -> Self {
        let site = Self::unconnected(change, variables).await;
        site.sandbox.connect(&site.bridge).await.expect("DingTalk accepts the callback address");
        site
    }

    /// The same, before either end knows the bridge.
    pub async fn unconnected(
        change: impl FnOnce(&mut SandboxSettings),
        variables: &[(&'static str, &str)],
    ) -> Self {
        let mut settings = SandboxSettings {
            pushes: PushOptions { filter: Filter::recommended(), ..PushOptions::default() },
            ..SandboxSettings::default()
        };
        change(&mut settings);
        let mut sandbox = Sandbox::start(&World::real(), settings).await.expect("the simulators start");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let bridge = format!("http://{}", listener.local_addr().expect("an address"));
        sandbox.set("BRIDGE_PUBLIC_URL", &bridge);
        sandbox.set("BRIDGE_OPERATOR_TOKEN", OPERATOR_TOKEN);
        sandbox.set("DINGTALK_TEST_USER_ID", "emp1001");
        for (name, value) in variables {
            sandbox.set(name, *value);
        }
        let config = sandbox.config().expect("the configuration is complete");
        let host =
            Host::start(&config, Kept::Memory, World::real(), listener).await.expect("the bridge starts");
        Self { sandbox, bridge, host }
    }

    /// The full diagnosis of the running bridge.
    pub async fn diagnosis(&self) -> Diagnosis {
        self.doctor().full().await
    }

    /// A doctor beside the running bridge.
    pub fn doctor(&self) -> Doctor {
        let config = self.sandbox.config().expect("the configuration is complete");
        Doctor::new(&config, self.host.engine(), World::real()).expect("a doctor")
    }

    /// The diagnosis of the same site under other variables (empty: not set), as the command line makes it.
    pub async fn diagnosis_with(&self, changes: &[(&str, &str)]) -> Diagnosis {
        let storage = Storage::Open(self.host.engine().store().clone());
        let doctor = Doctor::beside(self.variables(changes), storage, World::real()).expect("a doctor");
        doctor.full().await
    }

    /// The site's variables with some set otherwise.
    pub fn variables(&self, changes: &[(&str, &str)]) -> Variables {
        let mut all: BTreeMap<String, String> = BTreeMap::new();
        all.extend(self.sandbox.variables().iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        all.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }

    /// The bridge's store.
    pub fn store(&self) -> &shared::store::Store {
        self.host.engine().store()
    }

    /// A request of the first person's that the second decides: filed, and accepted by the bridge.
    pub async fn accepted(&self) -> String {
        let people = self.sandbox.dataphin.settings().people;
        let request = Request::of(Kind::TablePermission).asked_by(people[0].clone());
        let filed = self.sandbox.dataphin.file(request.then(Operator::Or, [people[1].clone()])).await;
        assert!(filed.answer.accepted(), "{}", filed.body());
        filed.apply_id
    }

    /// The second person agrees to what is on their desk.
    pub async fn agree(&self) {
        let approver = self.sandbox.dataphin.settings().people[1].user_source_id.clone();
        let began = Instant::now();
        loop {
            if let Some(todo) = self.sandbox.dingtalk.todos(&approver).into_iter().next() {
                return self.sandbox.dingtalk.agree(todo.task, "").expect("they may agree");
            }
            assert!(began.elapsed() < PATIENCE, "nothing came to the desk");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// A whole round trip.
    pub async fn round_trip(&self) {
        let apply_id = self.accepted().await;
        self.agree().await;
        let told = tokio::time::timeout(PATIENCE, self.sandbox.dataphin.told(&apply_id)).await;
        told.expect("Dataphin is told in time").expect("an outcome");
    }
}

/// The quick subset, which must be there in time.
pub async fn in_time(doctor: &Doctor) -> Diagnosis {
    tokio::time::timeout(QUICK, doctor.quick()).await.expect("Dataphin waits no longer")
}

/// Waits until something is so.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < PATIENCE, "in vain waited until {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The first number behind these words.
#[track_caller]
pub fn number_behind(words: &str, text: &str) -> f64 {
    let behind = text.split_once(words).unwrap_or_else(|| panic!("no “{words}”: {text}")).1.trim_start();
    let digits = behind.split(|letter: char| !letter.is_ascii_digit() && letter != '.').next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_else(|| panic!("no number: {text}"))
}

/// The one failure of a diagnosis: everything else passed or was skipped.
#[track_caller]
pub fn one(diagnosis: &Diagnosis) -> (&'static str, &Failure) {
    let failed: Vec<_> = diagnosis.failed().collect();
    let [finding] = failed[..] else { panic!("not one failure: {failed:#?}") };
    (finding.check.facts().id, finding.failure().expect("a failure"))
}

/// Asserts that a diagnosis has one failure: of this check, with words that name the thing and the place to mend it.
#[track_caller]
pub fn names(diagnosis: &Diagnosis, check: &str, cause: &str, mend: &str) {
    let (id, failure) = one(diagnosis);
    assert_eq!(id, check, "{failure:#?}");
    assert!(failure.cause.en.contains(cause), "{failure:#?}");
    let places = format!("{} {}", failure.mend.en, failure.mend.zh);
    assert!(places.contains(mend), "{failure:#?}");
    assert!(!failure.mend.zh.is_ascii(), "the place is named in Chinese, too: {failure:#?}");
}

/// Asserts that nothing is wrong with a configuration but that the bridge was started with another value of `variable`.
#[track_caller]
pub fn is_healthy_after_a_restart(diagnosis: &Diagnosis, variable: &str) {
    names(
        diagnosis,
        "callback",
        &format!("was started with other values of {variable} than"),
        "restart `bridge serve`",
    );
}

/// What came of a check.
#[track_caller]
pub fn outcome(diagnosis: &Diagnosis, check: Check) -> &Outcome {
    let found = diagnosis.findings.iter().find(|finding| finding.check == check);
    &found.unwrap_or_else(|| panic!("no finding of {check:?}")).outcome
}
