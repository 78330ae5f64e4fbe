//! A store on the embedded engine, or on the DynamoDB API at `STORE_CONTRACT_ENDPOINT`, in a table of its own.

#![allow(clippy::expect_used, clippy::missing_panics_doc)]

mod engine;

use jiff::Timestamp;
use shared::{
    approval::{
        ApplyId, Approval, ApprovalId, ApprovalKey, Details, Hint, HintResult, Instance, InstanceId,
        ProcessCode, Received, Record, Request, Source, Tenant, UserId,
    },
    store::{RawItem, Store},
    world::World,
};

pub use engine::{Engine, Fault};

/// A store and the engine that it is on.
pub struct Fixture {
    table: String,
    /// The store.
    pub store: Store,
    /// The engine.
    pub engine: Engine,
}

impl Fixture {
    /// A store with an empty table.
    pub async fn new() -> Self {
        let fixture = Self::without_table();
        fixture.store.create_table_if_missing().await.expect("a table");
        fixture
    }

    /// A store whose table is not there yet.
    pub fn without_table() -> Self {
        let (world, engine) = (World::real(), Engine::of_this_run());
        let table = format!("contract-{}", world.random.letters_and_digits(10));
        Self { store: Store::inside(engine.clone(), &table, world), engine, table }
    }

    /// The same table, as another process sees it.
    pub fn another_store(&self) -> Store {
        Store::inside(self.engine.clone(), &self.table, World::real())
    }

    /// Everything that is stored and has not expired at `now`, in the order of the keys, and on how many pages it came.
    pub async fn everything(&self, now: Timestamp) -> (Vec<RawItem>, usize) {
        let (mut all, mut from, mut pages) = (Vec::new(), None, 0);
        loop {
            let (items, next) = self.store.raw_page(from, now).await.expect("a page");
            all.extend(items);
            pages += 1;
            from = next;
            if from.is_none() {
                all.sort_by(|one, other| one.key().cmp(other.key()));
                return (all, pages);
            }
        }
    }
}

/// A moment of the test's.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("a moment")
}

/// A request that has just arrived, never committed.
pub fn received(apply_id: &str) -> Approval<Received> {
    received_at(apply_id, "1", at(0))
}

/// One of a tenant, that arrived at a moment.
pub fn received_at(apply_id: &str, tenant: &str, now: Timestamp) -> Approval<Received> {
    let key = ApprovalKey {
        source: Source::Dataphin,
        tenant: Tenant::new(tenant),
        apply_id: ApplyId::new(apply_id),
    };
    let request = Request {
        title: "标题 “with” everything\u{1F600}".into(),
        kind: "AUTH".into(),
        template: Some(String::new()),
        requester: None,
        nodes: Vec::new(),
    };
    let record = Record::of(key, request, "digest".into(), now);
    Approval::receive(record, ProcessCode::new("PROC-1"), now)
}

/// What its form shows.
pub fn details() -> Details {
    Details {
        items: vec![("item".into(), "value".into()), ("零".into(), String::new())],
        text: "line one\nline two".into(),
    }
}

/// The id of tenant 1's request.
pub fn id(apply_id: &str) -> ApprovalId {
    received(apply_id).record.id
}

/// An instance for it.
pub fn instance(id: &str) -> Instance {
    Instance {
        id: InstanceId::new(id),
        process_code: ProcessCode::new("PROC-1"),
        originator: UserId::new("u"),
        created_at: at(1),
    }
}

/// An event that reports the end of an instance.
pub fn hint(result: HintResult) -> Hint {
    Hint { result, finished_at: Some(at(3)), received_at: at(4) }
}
