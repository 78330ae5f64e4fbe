//! What can be wrong with the store, each named with its cause and place.

#![allow(clippy::expect_used, clippy::panic)]

use bridge::embedded::Embedded;
use doctor::{Site, names, outcome, stranger::nobody};
use shared::{
    diagnosis::{Check, Doctor, Outcome, Storage},
    store::Store,
    world::World,
};

#[tokio::test]
async fn a_table_that_is_not_there() {
    let site = Site::start().await;
    let engine = Embedded::in_memory().expect("an engine");
    let store = Store::inside(engine, "no-such-table", World::real());
    let doctor = Doctor::beside(site.variables(&[]), Storage::Open(store), World::real()).expect("a doctor");
    let diagnosis = doctor.full().await;
    names(&diagnosis, "store", "there is no table no-such-table", "BRIDGE_TABLE");
    assert!(matches!(outcome(&diagnosis, Check::Events), Outcome::Skipped { .. }));
}

#[tokio::test]
async fn a_store_that_is_not_the_running_bridges() {
    let site = Site::start().await;
    let doctor = |storage, changes: &[(&str, &str)]| {
        Doctor::beside(site.variables(changes), storage, World::real()).expect("a doctor")
    };
    let engine = Embedded::in_memory().expect("an engine");
    let other = Store::inside(engine, "approval-bridge", World::real());
    other.create_table_if_missing().await.expect("a table");
    let absolute = [("BRIDGE_FILE", "/data/bridge.db")];
    let diagnosis = doctor(Storage::Open(other), &absolute).full().await;
    names(&diagnosis, "store", "another data file than /data/bridge.db", "BRIDGE_FILE");
    let not_yet = || Storage::NotYet("bridge.db is made at the first start".to_owned());
    let diagnosis = doctor(not_yet(), &[("BRIDGE_FILE", "bridge.db")]).full().await;
    names(&diagnosis, "store", "BRIDGE_FILE (bridge.db) is relative", "give the absolute path");
    let diagnosis = doctor(not_yet(), &[("BRIDGE_PUBLIC_URL", "")]).full().await;
    assert!(diagnosis.is_healthy(), "{diagnosis:#?}");
}

#[tokio::test]
async fn a_store_that_does_not_answer() {
    let site = Site::start().await;
    let store = Store::local(&nobody().await, "approval-bridge", World::real());
    let doctor = Doctor::beside(site.variables(&[]), Storage::Open(store), World::real()).expect("a doctor");
    names(&doctor.full().await, "store", "the store is not available", "BRIDGE_DYNAMODB_ENDPOINT");
    let began = std::time::Instant::now();
    names(&doctor.quick().await, "store", "", "BRIDGE_TABLE");
    assert!(began.elapsed() < std::time::Duration::from_millis(4_500), "{:?}", began.elapsed());
}
