//! A store that is at work, or was.

use bridge::embedded::Embedded;
use jiff::Timestamp;
use shared::{
    approval::{
        ApplyId, Approval, ApprovalKey, Hint, HintResult, InstanceId, ProcessCode, Source, State, Status,
        Tenant,
    },
    store::{Owner, Sighting, Store},
    template::{Template, TemplateBook},
};

use crate::{
    filled::{archive_of, fill},
    place::{Endpoint, Folder, done, put, read, refused, store_in, store_on},
};

fn id(n: usize) -> shared::approval::ApprovalId {
    let apply_id = ApplyId::new(format!("apply-{n}"));
    ApprovalKey { source: Source::Dataphin, tenant: Tenant::new("300023201"), apply_id }.id()
}

async fn load(store: &Store, n: usize) -> Approval {
    store.load(&id(n)).await.expect("a store").expect("it is there")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_file_that_is_served_is_neither_exported_nor_imported_into() {
    let folder = Folder::new();
    let (archive, _) = archive_of(&folder, 3).await;
    let file = folder.path("bridge.db");
    let _serving = store_in(&file).await;
    for verb in ["export", "import"] {
        let said = refused(&[verb, &archive], &[("BRIDGE_FILE", &file)]).await;
        assert!(said.contains("uses the data file") && said.contains("stop it first"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_changes_while_it_is_exported_gives_no_archive() {
    let folder = Folder::new();
    let engine = Embedded::in_memory().expect("an engine");
    fill(&store_on(engine.clone()).await, 30).await;
    let change = r#"{"TableName":"approval-bridge","Item":{"pk":{"S":"A#new"},"version":{"N":"1"}}}"#;
    let endpoint = Endpoint::watched(engine.clone(), move |operation, number| {
        if operation == "Scan" && number == 2 {
            engine.answer("PutItem", change.as_bytes());
        }
        None
    })
    .await;
    let there = [("BRIDGE_DYNAMODB_ENDPOINT", &*endpoint.address)];
    let said = refused(&["export", &folder.path("archive")], &there).await;
    assert!(said.contains("1 items changed while everything was read"), "{said}");
    assert!(!folder.names().contains(&"archive".to_owned()));
    done(&["export", &folder.path("archive")], &there).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployed_stack_keeps_its_own_notes_and_takes_the_approvals_and_templates() {
    let folder = Folder::new();
    let (archive, items) = archive_of(&folder, 30).await;
    let endpoint = Endpoint::new().await;
    let there = endpoint.store().await;
    let name = there.identity_made().await.expect("a name");
    there.claim_turn("lost-events", Timestamp::now(), Timestamp::now()).await.expect("a mark");
    there.saw(Sighting::DataphinCall, "7").await;
    let book = TemplateBook { templates: vec![Template::by_hand(ProcessCode::new("PROC-NEW"))], version: 0 };
    there.commit_templates(book).await.expect("templates");
    let said = done(&["import", &archive], &[("BRIDGE_DYNAMODB_ENDPOINT", &endpoint.address)]).await;
    assert!(said.contains("3 are the store's own or newer there, and were left"), "{said}");
    assert!(said.contains(&format!("verified: of {items} items the store holds {}", items - 3)), "{said}");
    assert_eq!(there.identity().await.expect("a name"), name);
    let templates = there.templates().await.expect("templates").templates;
    assert_eq!(templates[0].process_code, ProcessCode::new("PROC-标准"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_went_on_where_it_was_put_is_not_set_back() {
    let folder = Folder::new();
    let (archive, _) = archive_of(&folder, 30).await;
    let endpoint = Endpoint::new().await;
    let there = [("BRIDGE_DYNAMODB_ENDPOINT", &*endpoint.address)];
    done(&["import", &archive], &there).await;
    let store = endpoint.store().await;
    let Approval { record, state: State::Parked(parked) } = load(&store, 4).await else {
        unreachable!("parked")
    };
    store.commit(Approval { record, state: parked }.resend(Timestamp::now())).await.expect("a commit");
    let said = done(&["import", &archive], &there).await;
    assert!(said.contains("1 are the store's own or newer there"), "{said}");
    assert_eq!(load(&store, 4).await.state.status(), Status::Decided);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_came_before_its_approval_was_moved_is_looked_into_at_once() {
    let folder = Folder::new();
    let (archive, _) = archive_of(&folder, 30).await;
    let endpoint = Endpoint::new().await;
    let store = endpoint.store().await;
    let instance = InstanceId::new("instance-1");
    let hint = Hint { result: HintResult::Agreed, finished_at: None, received_at: Timestamp::now() };
    store.keep_early(&instance, None, &hint).await.expect("an early event");
    let began = Timestamp::now();
    done(&["import", &archive], &[("BRIDGE_DYNAMODB_ENDPOINT", &endpoint.address)]).await;
    assert_eq!(store.owner(&instance).await.expect("an owner"), Owner::Approval(id(1)));
    let State::Pending(pending) = load(&store, 1).await.state else { unreachable!("pending") };
    assert!(pending.reading.at >= began && pending.reading.at <= Timestamp::now(), "it is due");
}

#[tokio::test(flavor = "multi_thread")]
async fn approvals_of_another_bridge_are_told_before_anything_is_put() {
    let folder = Folder::new();
    let (archive, items) = archive_of(&folder, 10).await;
    let endpoint = Endpoint::new().await;
    let there = [("BRIDGE_DYNAMODB_ENDPOINT", &*endpoint.address)];
    let store = endpoint.store().await;
    put(&store, r#"{"pk":{"S":"A#theirs"},"version":{"N":"1"}}"#).await;
    let said = refused(&["import", &archive], &there).await;
    assert!(
        said.contains("1 approvals that are not in the file (A#theirs)") && said.contains("--join"),
        "{said}"
    );
    assert_eq!(store.load(&id(0)).await.expect("a store"), None);
    let said = done(&["import", "--join", &archive], &there).await;
    assert!(said.contains(&format!("the same {items} items")), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_state_that_is_not_newer_is_told_before_anything_is_put() {
    let folder = Folder::new();
    let (archive, _) = archive_of(&folder, 10).await;
    let text = String::from_utf8(read(&archive)).expect("text");
    let changed = text.lines().nth(3).expect("an item").replace(r#""commit":{"S":""#, r#""commit":{"S":"x"#);
    let endpoint = Endpoint::new().await;
    let store = endpoint.store().await;
    put(&store, &changed).await;
    let said = refused(&["import", &archive], &[("BRIDGE_DYNAMODB_ENDPOINT", &endpoint.address)]).await;
    assert!(said.contains("is there already, and differs without being newer"), "{said}");
    let (items, _) = store.raw_page(None, Timestamp::now()).await.expect("a page");
    assert_eq!(items.len(), 1, "nothing was put");
}
