//! What is cut short, damaged, throttled or out of date.

use std::{
    os::unix::fs::PermissionsExt,
    sync::{Arc, atomic::Ordering},
};

use bridge::embedded::Embedded;
use tokio::sync::Notify;

use crate::{
    filled::{archive_of, fill},
    place::{Endpoint, Folder, done, number_before, put, read, refused, start, store_in},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_killed_goes_on_where_it_was() {
    let folder = Folder::new();
    let (archive, items) = archive_of(&folder, 80).await;
    for kill_after in [1, 5, 60, 90] {
        let reached = Arc::new(Notify::new());
        let (notify, engine) = (reached.clone(), Embedded::in_memory().expect("an engine"));
        let endpoint = Endpoint::watched(engine, move |_, number| {
            if number == kill_after {
                notify.notify_one();
            }
            None
        })
        .await;
        let there = [("BRIDGE_DYNAMODB_ENDPOINT", &*endpoint.address)];
        let mut child = start(&["import", &archive], &there);
        reached.notified().await;
        child.kill().expect("it is killed");
        child.wait().expect("it ends");
        let said = done(&["import", &archive], &there).await;
        let (new, same) = (number_before(" items put", &said), number_before(" were there already", &said));
        assert_eq!(new + same, items, "{said}");
        assert!(said.contains("verified: the store holds the same"), "{said}");
        let (again, writes) =
            (done(&["import", &archive], &there).await, endpoint.requests.load(Ordering::Relaxed));
        assert!(again.contains(&format!("0 items put, {items} were there already")), "{again}");
        done(&["import", &archive], &there).await;
        let more = endpoint.requests.load(Ordering::Relaxed) - writes;
        assert!(more < 10, "what is there is not written again: {more} requests");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_is_killed_leaves_no_archive_and_can_be_run_again() {
    let folder = Folder::new();
    let (archive, _) = archive_of(&folder, 80).await;
    let reached = Arc::new(Notify::new());
    let (notify, engine) = (reached.clone(), Embedded::in_memory().expect("an engine"));
    let endpoint = Endpoint::watched(engine, move |operation, _| {
        if operation == "Scan" {
            notify.notify_one();
        }
        None
    })
    .await;
    let there = [("BRIDGE_DYNAMODB_ENDPOINT", &*endpoint.address)];
    fill(&endpoint.store().await, 80).await;
    let second = folder.path("second");
    let mut child = start(&["export", &second], &there);
    reached.notified().await;
    child.kill().expect("it is killed");
    child.wait().expect("it ends");
    assert!(!folder.names().contains(&"second".to_owned()));
    std::fs::copy(&archive, &second).expect("an older archive");
    done(&["export", &second], &there).await;
    assert!(!folder.names().contains(&"second.part".to_owned()));
    assert_eq!(std::fs::metadata(&second).expect("a file").permissions().mode() & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_archive_is_refused_before_anything_is_put() {
    let folder = Folder::new();
    let (archive, _) = archive_of(&folder, 40).await;
    let whole = read(&archive);
    let text = String::from_utf8(whole.clone()).expect("text");
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let flipped = |at: usize, bit: u8| {
        let mut bytes = whole.clone();
        bytes[at] ^= bit;
        bytes
    };
    let cut = |length: usize| whole[..length].to_vec();
    let mut damaged: Vec<(Vec<u8>, &str)> = vec![
        (lines[..10].concat().into_bytes(), "is not whole"),
        (cut(whole.len() - 1 - lines[lines.len() - 1].len()), "is not whole"),
        (cut(0), "is no archive"),
        (b"nonsense\n".to_vec(), "is no archive"),
        (vec![b'x'; 20 << 20], "is no archive"),
        ([lines[0].as_bytes(), &vec![b'x'; 20 << 20]].concat(), "line 2"),
        (lines[1..].concat().into_bytes(), "is no archive"),
        (text.replacen("\"version\":1", "\"version\":2", 1).into_bytes(), "archive of version 2"),
        ([&whole[..], b"{}\n"].concat(), "goes on after its seal"),
        ([lines[0], lines[2], lines[1], &lines[3..].concat()].concat().into_bytes(), "out of order"),
        ([lines[0], lines[1], lines[1], &lines[2..].concat()].concat().into_bytes(), "out of order"),
        ([lines[0], lines[1], &lines[3..].concat()].concat().into_bytes(), "its checksum does not fit"),
        (text.replacen("AUTH", "AUTO", 1).into_bytes(), "its checksum does not fit"),
        (flipped(lines[0].len() + 40, 0x80), "line 2"),
    ];
    damaged.extend((0..whole.len()).step_by(whole.len() / 12).map(|at| (flipped(at, 1), "")));
    let endpoint = Endpoint::new().await;
    for (bytes, why) in damaged {
        std::fs::write(&archive, bytes).expect("it is written");
        let said = refused(&["import", &archive], &[("BRIDGE_DYNAMODB_ENDPOINT", &endpoint.address)]).await;
        assert!(said.contains(why), "{why}: {said}");
        assert!(said.len() < 500 && said.lines().count() == 1, "{said}");
    }
    assert_eq!(endpoint.requests.load(Ordering::Relaxed), 0, "nothing was put");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_and_faulty_endpoint_takes_everything_in_the_end() {
    let folder = Folder::new();
    let (archive, items) = archive_of(&folder, 100).await;
    let engine = Embedded::in_memory().expect("an engine");
    let endpoint = Endpoint::watched(engine, |operation, number| {
        if !["PutItem", "GetItem", "Scan"].contains(&operation) {
            return None;
        }
        let throttled = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException"}"#;
        let exceeded =
            r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}"#;
        match number % 9 {
            2 | 3 => Some((400, throttled.to_owned())),
            4 => Some((400, exceeded.to_owned())),
            5 => {
                Some((500, r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError"}"#.to_owned()))
            }
            6 => Some((503, "<html>busy</html>".to_owned())),
            _ => None,
        }
    })
    .await;
    let there = [("BRIDGE_DYNAMODB_ENDPOINT", &*endpoint.address)];
    let said = done(&["import", &archive], &there).await;
    assert!(said.contains(&format!("the same {items} items")), "{said}");
    done(&["export", &folder.path("second")], &there).await;
    assert!(read(&archive) == read(&folder.path("second")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_expired_since_the_export_is_left_out() {
    let folder = Folder::new();
    let archive = folder.path("archive");
    let mut seconds = [3, 10, 30].into_iter();
    // On a slow machine its time may be over before the export has begun.
    let soon = loop {
        let seconds = seconds.next().expect("an export takes less than half a minute");
        let first = folder.path(&format!("bridge-{seconds}.db"));
        let store = store_in(&first).await;
        let soon = jiff::Timestamp::now().as_second() + seconds;
        put(&store, &format!(r#"{{"expires":{{"N":"{soon}"}},"pk":{{"S":"E#1"}}}}"#)).await;
        put(&store, r#"{"pk":{"S":"M#1"}}"#).await;
        drop(store);
        let said = done(&["export", &archive], &[("BRIDGE_FILE", &first)]).await;
        if said.starts_with("2 items") {
            break soon;
        }
        assert!(said.starts_with("1 item"), "{said}");
    };
    let world = shared::world::World::real();
    world.clock.sleep_until(jiff::Timestamp::from_second(soon).expect("a moment")).await;
    let said = done(&["import", &archive], &[("BRIDGE_FILE", &folder.path("second.db"))]).await;
    assert!(said.contains("1 were left out because their time is over"), "{said}");
    assert!(said.contains("verified: "), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_write_over_something_else_is_refused() {
    let folder = Folder::new();
    let (archive, file) = (archive_of(&folder, 3).await.0, folder.path("bridge.db"));
    drop(store_in(&file).await);
    let before = read(&file);
    let said = refused(&["export", &file], &[("BRIDGE_FILE", &file)]).await;
    assert!(said.contains("is no archive: give another name"), "{said}");
    assert!(before == read(&file));
    let said = refused(&["export", &archive], &[("BRIDGE_FILE", &folder.path("bridge.dv"))]).await;
    assert!(said.contains("there is no data file"), "{said}");
    assert!(!folder.names().contains(&"bridge.dv".to_owned()), "none is made");
    let said = refused(&["export", &folder.path("no/such/folder")], &[("BRIDGE_FILE", &file)]).await;
    assert!(said.contains("cannot be written"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_expired_where_it_is_imported_makes_room() {
    let folder = Folder::new();
    let (first, archive, second) =
        (folder.path("first.db"), folder.path("archive"), folder.path("second.db"));
    let item = |expires: i64| format!(r#"{{"expires":{{"N":"{expires}"}},"pk":{{"S":"E#1"}}}}"#);
    let now = jiff::Timestamp::now().as_second();
    put(&store_in(&first).await, &item(now + 3600)).await;
    // DynamoDB deletes what has expired when it comes to it.
    put(&store_in(&second).await, &item(now - 3600)).await;
    done(&["export", &archive], &[("BRIDGE_FILE", &first)]).await;
    let said = done(&["import", &archive], &[("BRIDGE_FILE", &second)]).await;
    assert!(said.contains("verified: the store holds the same 1 items"), "{said}");
}
