//! A store on the embedded engine, or on the DynamoDB API at `STORE_CONTRACT_ENDPOINT`, in a table of its own.

#![allow(clippy::expect_used, clippy::missing_panics_doc)]

use bridge::embedded::Embedded;
use jiff::Timestamp;
use shared::{
    approval::{
        ApplyId, Approval, ApprovalKey, Details, Instance, InstanceId, ProcessCode, Received, Record,
        Request, Source, Tenant, UserId,
    },
    store::Store,
    world::World,
};

/// A store with an empty table.
pub struct Fixture {
    /// The store.
    pub store: Store,
}

impl Fixture {
    /// Opens it.
    pub async fn new() -> Self {
        let world = World::real();
        let table = format!("contract-{}", world.random.letters_and_digits(10));
        let store = match std::env::var("STORE_CONTRACT_ENDPOINT") {
            Ok(endpoint) => Store::local(&endpoint, &table, world),
            Err(_) => Store::inside(Embedded::in_memory().expect("an engine"), &table, world),
        };
        store.create_table_if_missing().await.expect("a table");
        Self { store }
    }
}

/// A moment of the test's.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("a moment")
}

/// A request that has just arrived, never committed.
pub fn received(apply_id: &str) -> Approval<Received> {
    let key =
        ApprovalKey { source: Source::Dataphin, tenant: Tenant::new("1"), apply_id: ApplyId::new(apply_id) };
    let request = Request {
        title: "标题 “with” everything\u{1F600}".into(),
        kind: "AUTH".into(),
        template: Some(String::new()),
        requester: None,
        nodes: Vec::new(),
    };
    let details = Details {
        items: vec![("item".into(), "value".into()), ("零".into(), String::new())],
        text: "line one\nline two".into(),
    };
    let record = Record::of(key, request, "digest".into(), at(0));
    Approval::receive(record, details, ProcessCode::new("PROC-1"), at(0))
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
