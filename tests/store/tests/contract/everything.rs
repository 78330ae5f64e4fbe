//! Everything that is stored can be taken to another place, the same to the byte.

use shared::store::{Put, RawItem};
use store_contract::{Fixture, at, received};

fn item(line: &str) -> RawItem {
    RawItem::read(line).expect("an item")
}

#[tokio::test]
async fn everything_comes_page_by_page_and_once() {
    let f = Fixture::new().await;
    let long = "x".repeat(300_000);
    let items: Vec<_> = (0..8)
        .map(|number| item(&format!(r#"{{"a":{{"S":"{long}"}},"pk":{{"S":"A#{number}"}}}}"#)))
        .collect();
    for item in &items {
        assert_eq!(f.store.put_raw(item).await.expect("a write"), Put::Done);
    }
    let (all, pages) = f.everything(at(0)).await;
    assert!(all == items, "{} items", all.len());
    // An engine that puts everything on one page proves less, and is run with this said.
    if std::env::var("STORE_CONTRACT_LACKS").as_deref() != Ok("scan-pages") {
        assert!(pages > 1, "they do not fit into one page");
    }
}

#[tokio::test]
async fn an_item_is_put_where_none_is_and_never_over_another() {
    let f = Fixture::new().await;
    let one = item(r#"{"a":{"N":"1"},"pk":{"S":"A#1"}}"#);
    let other = item(r#"{"a":{"N":"2"},"pk":{"S":"A#1"}}"#);
    assert_eq!(f.store.put_raw(&one).await.expect("a write"), Put::Done);
    assert_eq!(f.store.put_raw(&one).await.expect("an answer"), Put::Same);
    assert_eq!(f.store.put_raw(&other).await.expect("an answer"), Put::Other(Box::new(one.clone())));
    assert_eq!(f.everything(at(0)).await.0, [one]);
}

#[tokio::test]
async fn an_item_takes_the_place_of_the_one_that_was_seen_and_of_no_later_one() {
    let f = Fixture::new().await;
    let [one, other, late] = [1, 2, 3].map(|n| item(&format!(r#"{{"a":{{"N":"{n}"}},"pk":{{"S":"A#1"}}}}"#)));
    assert_eq!(f.store.put_raw(&one).await.expect("a write"), Put::Done);
    assert_eq!(f.store.replace_raw(&other, &one).await.expect("a write"), Put::Done);
    assert_eq!(
        f.store.replace_raw(&late, &one).await.expect("an answer"),
        Put::Other(Box::new(other.clone()))
    );
    assert_eq!(f.everything(at(0)).await.0, [other]);
}

#[tokio::test]
async fn every_kind_of_value_comes_back_the_same() {
    let f = Fixture::new().await;
    let values = item(concat!(
        r#"{"empty":{"M":{}},"false":{"BOOL":false},"list":{"L":[{"N":"-1"},{"L":[]},{"NULL":true},{"S":""}]},"#,
        r#""map":{"M":{"a b":{"N":"1800000000000"},"零":{"BOOL":true}}},"number":{"N":"0"},"pk":{"S":"A#1"},"#,
        r#""text":{"S":"标题 \"with\"\nevery\u0001thing😀"}}"#
    ));
    assert_eq!(f.store.put_raw(&values).await.expect("a write"), Put::Done);
    assert_eq!(f.everything(at(0)).await.0, [values]);
}

#[tokio::test]
async fn an_approval_that_was_taken_elsewhere_is_the_same_there() {
    let (f, elsewhere) = (Fixture::new().await, Fixture::new().await);
    let approval = f.store.commit(received("1")).await.expect("a commit");
    let (all, _) = f.everything(at(0)).await;
    for item in &all {
        assert_eq!(elsewhere.store.put_raw(item).await.expect("a write"), Put::Done);
    }
    assert_eq!(elsewhere.everything(at(0)).await.0, all);
    let there = elsewhere.store.load(&approval.record.id).await.expect("an answer");
    assert_eq!(there, Some(approval.clone().into()));
    let on = elsewhere.store.commit(approval.ask_withdrawal(at(1))).await.expect("it goes on there");
    assert_eq!(on.record.version, 2);
}
