//! What a check left in DingTalk, and which version of the secret is today's.

use shared::approval::InstanceId;
use store_contract::{Fixture, at};

#[tokio::test]
async fn what_a_check_left_is_kept_until_it_is_ended() {
    let f = Fixture::new().await;
    let left = async || f.store.leftovers().await.expect("an answer");
    assert_eq!(left().await, None);
    let (first, second) = (InstanceId::new("first"), InstanceId::new("second"));
    for (instance, seconds) in [(&first, 0), (&second, 5), (&second, 5)] {
        f.store.leave(instance, at(seconds)).await.expect("a commit");
    }
    let both = left().await.expect("they are there");
    assert_eq!((both.instances.len(), both.since), (2, at(5)));
    f.store.end_leaving(&first).await.expect("a commit");
    assert_eq!(left().await.expect("one is there").instances, std::slice::from_ref(&second));
    f.store.end_leaving(&second).await.expect("a commit");
    f.store.end_leaving(&second).await.expect("a commit");
    assert_eq!(left().await, None);
}

#[tokio::test]
async fn the_version_of_the_secret_is_the_one_noted_last() {
    let f = Fixture::new().await;
    assert_eq!(f.store.secret_version().await.expect("an answer"), None);
    for version in ["1", "2"] {
        f.store.set_secret_version(version).await.expect("a commit");
        assert_eq!(f.store.secret_version().await.expect("an answer").as_deref(), Some(version));
    }
}
