//! What is due, and what operators list.

use shared::{
    approval::{ApplyId, Approval, Received, Status},
    store::{DUE_SHARDS, Due, DueItem},
};
use store_contract::{Fixture, at, id, received, received_at};

async fn due(f: &Fixture, seconds: i64) -> Vec<DueItem> {
    let mut due = Vec::<Due>::new();
    for shard in 0..DUE_SHARDS {
        due.extend(f.store.due(shard, at(seconds), 100, None).await.expect("an answer"));
    }
    due.into_iter().map(|due| due.what).collect()
}

#[tokio::test]
async fn what_is_due_is_found_and_nothing_else() {
    let f = Fixture::new().await;
    let approval = f.store.commit(received("1")).await.expect("a commit");
    assert_eq!(due(&f, 29).await, [], "someone is at it");
    assert_eq!(due(&f, 30).await, [DueItem::Approval(approval.record.id.clone())]);
    let _ = f.store.commit(approval.refused("code".into(), "message".into(), at(1))).await.expect("a commit");
    assert_eq!(due(&f, 1_000_000).await, [], "what rests is in no index of what is due");
}

#[tokio::test]
async fn of_what_is_due_the_oldest_comes_first_and_no_more_than_asked() {
    let f = Fixture::new().await;
    let arrived: Vec<_> = [7, 3, 11, 0, 5, 9, 2, 10, 1, 8, 4, 6]
        .map(|seconds| received_at(&seconds.to_string(), "1", at(seconds)))
        .to_vec();
    for approval in arrived.clone() {
        let _ = f.store.commit(approval).await.expect("a commit");
    }
    let mut found = 0;
    for shard in 0..DUE_SHARDS {
        let all = f.store.due(shard, at(100), 100, None).await.expect("an answer");
        let since = |due: &Due| {
            let is_it = |one: &&Approval<Received>| due.what == DueItem::Approval(one.record.id.clone());
            arrived.iter().find(is_it).map(|one| one.record.updated_at)
        };
        assert!(all.is_sorted_by_key(since) && all.is_sorted_by_key(|due| due.at));
        let (first, others) = all.split_at(all.len().min(2));
        assert_eq!(f.store.due(shard, at(100), 2, None).await.expect("an answer"), first);
        if let Some(last) = first.last() {
            let rest = f.store.due(shard, at(100), 100, Some(last)).await.expect("an answer");
            assert_eq!(rest, others, "the next page goes on where the first ended");
        }
        found += all.len();
    }
    assert_eq!(found, arrived.len());
}

#[tokio::test]
async fn a_status_is_listed_newest_first_page_by_page() {
    let f = Fixture::new().await;
    for number in 0..5 {
        let approval = received(&number.to_string()).ask_withdrawal(at(number));
        let _ = f.store.commit(approval).await.expect("a commit");
    }
    let first = f.store.list(Status::Received, None, 3, None).await.expect("a page");
    let second = f.store.list(Status::Received, None, 3, first.next).await.expect("a page");
    let ids: Vec<_> = first.ids.into_iter().chain(second.ids).collect();
    assert_eq!(ids, ["4", "3", "2", "1", "0"].map(id));
    assert!(f.store.list(Status::Pending, None, 3, None).await.expect("a page").ids.is_empty());
}

#[tokio::test]
async fn of_a_status_those_come_first_that_have_not_changed_for_the_longest_time() {
    let f = Fixture::new().await;
    for number in [2, 0, 3, 1] {
        let approval = received(&number.to_string()).ask_withdrawal(at(number));
        let _ = f.store.commit(approval).await.expect("a commit");
    }
    let oldest = f.store.longest_untouched(Status::Received, 3).await.expect("an answer");
    assert_eq!(oldest, ["0", "1", "2"].map(id));
    assert_eq!(f.store.longest_untouched(Status::Pending, 3).await.expect("an answer"), []);
}

#[tokio::test]
async fn one_is_found_by_the_source_s_id_on_whatever_page_it_is() {
    let f = Fixture::new().await;
    for number in 0..7 {
        let approval = received(&number.to_string()).ask_withdrawal(at(number));
        let _ = f.store.commit(approval).await.expect("a commit");
    }
    let apply_id = ApplyId::new("2");
    let (mut found, mut from, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = f.store.list(Status::Received, Some(&apply_id), 2, from).await.expect("a page");
        found.extend(page.ids);
        pages += 1;
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    assert_eq!(found, [id("2")]);
    assert!(pages >= 4, "a page counts what was looked at, not what was found");
}

#[tokio::test]
async fn a_search_goes_over_statuses_and_tenants() {
    let f = Fixture::new().await;
    let of_one = f.store.commit(received_at("7", "1", at(0))).await.expect("a commit");
    let of_two = f.store.commit(received_at("7", "2", at(0))).await.expect("a commit");
    let other = f.store.commit(received("8")).await.expect("a commit");
    let refused = of_two.refused("code".into(), "message".into(), at(1));
    let refused = f.store.commit(refused).await.expect("a commit");
    let statuses = [Status::Received, Status::Refused];
    let found = f.store.find(Some(&ApplyId::new("7")), &statuses).await.expect("an answer");
    assert_eq!(found, [of_one.record.id.clone(), refused.record.id.clone()]);
    let mut all = f.store.find(None, &statuses).await.expect("an answer");
    all.sort_by(|one, another| one.as_str().cmp(another.as_str()));
    let mut expected = vec![of_one.record.id, refused.record.id, other.record.id];
    expected.sort_by(|one, another| one.as_str().cmp(another.as_str()));
    assert_eq!(all, expected);
}
