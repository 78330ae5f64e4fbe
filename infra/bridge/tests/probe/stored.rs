//! `bridge probe dataphin --apply-id` of a request that this machine's bridge keeps.

use bridge::embedded::Embedded;
use jiff::Timestamp;
use serde_json::Value;
use shared::{
    approval::{
        ApplyId, Approval, ApprovalKey, ProcessCode, Received, Record, Request as Asked, Source, Tenant,
    },
    store::Store,
    world::{Random, SystemRandom, World},
};
use simulators::dataphin::{Profile, Request, RequestState};

use super::{dataphin, json, probe, texts};

/// A data file that is gone in the end.
struct File(String);

impl File {
    async fn with(approval: Approval) -> (Self, Store) {
        let name = format!("bridge-probe-{}.db", (&SystemRandom as &dyn Random).letters_and_digits(12));
        let file = Self(std::env::temp_dir().join(name).to_string_lossy().into_owned());
        let engine = Embedded::open(&file.0).expect("a data file");
        let store = Store::inside(engine, "approval-bridge", World::real());
        store.create_table_if_missing().await.expect("a table");
        store.commit(approval).await.expect("it is put");
        (file, store)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn received() -> Approval<Received> {
    let key = ApprovalKey {
        source: Source::Dataphin,
        tenant: Tenant::new("100000001"),
        apply_id: ApplyId::new("1223"),
    };
    let asked = Asked {
        title: "a table".to_owned(),
        kind: "AUTH".to_owned(),
        template: None,
        requester: None,
        nodes: Vec::new(),
    };
    let now = Timestamp::now();
    Approval::receive(Record::of(key, asked, "digest".to_owned(), now), ProcessCode::new("PROC-1"), now)
}

async fn timeline(store: &Store) -> Vec<String> {
    let id = received().record.id;
    let approval = store.load(&id).await.expect("an answer").expect("the approval");
    approval.record.timeline.entries().iter().map(|entry| entry.what.to_string()).collect()
}

#[tokio::test]
async fn a_stored_request_is_told_with_its_own_outcome_and_its_timeline_says_so() {
    let now = Timestamp::now();
    let parked = received().withdrawn(now).delivery_failed("HTTP 200".to_owned(), None, now);
    for approval in [received().withdrawn(now).into_any(), parked] {
        let dataphin = dataphin(Profile::Plain).await;
        dataphin.file(Request::default().with_id("1223")).await;
        let (file, store) = File::with(approval).await;
        let variables = [("BRIDGE_FILE", file.0.as_str())];
        let arguments = ["--apply-id", "1223", "--profile", "plain", "--json"];
        let found: Value = json(&probe(&dataphin, &variables, &arguments).await);
        assert_eq!(found["tried"][0]["cause"], "confirmed", "{found}");
        assert_eq!(dataphin.request("1223").expect("the request").state, RequestState::Revoked);
        let told = dataphin.ledger("1223").swap_remove(0);
        assert_eq!(told.process_instance_id, Some(received().record.id.to_string()));
        let lines = timeline(&store).await;
        let last: Vec<&str> = lines.iter().rev().take(2).map(String::as_str).collect();
        assert_eq!(
            last,
            [
                "`bridge probe` sent 1 callbacks; the answer: confirmed",
                "an operator tells the source withdrawn with `bridge probe`"
            ]
        );
    }
}

#[tokio::test]
async fn another_outcome_than_the_stored_one_is_never_told_and_none_before_there_is_one() {
    let now = Timestamp::now();
    for (approval, result, why) in [
        (received().into_any(), &[][..], "is received: it has no outcome"),
        (received().into_any(), &["--result", "approved"], "is received: it has no outcome"),
        (received().refused("x".into(), "no".into(), now).into_any(), &[], "is refused: it has no outcome"),
        (received().withdrawn(now).into_any(), &["--result", "approved"], "is withdrawn: Dataphin is told"),
    ] {
        let dataphin = dataphin(Profile::Plain).await;
        dataphin.file(Request::default().with_id("1223")).await;
        let (file, store) = File::with(approval).await;
        let before = timeline(&store).await;
        let variables = [("BRIDGE_FILE", file.0.as_str())];
        for tenant in [&[][..], &["--tenant", "100000001"]] {
            let arguments = [&["--apply-id", "1223"], tenant, result].concat();
            let output = probe(&dataphin, &variables, &arguments).await;
            let (_, error) = texts(&output);
            assert!(output.status.code() == Some(1) && error.contains(why), "{error}");
        }
        assert!(dataphin.ledger("1223").is_empty());
        assert_eq!(timeline(&store).await, before);
    }
}
