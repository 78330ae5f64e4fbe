//! What was seen last of each kind of call from outside.

use shared::store::{Seen, Sighting};
use store_contract::Fixture;

#[tokio::test]
async fn the_last_sighting_of_each_kind_is_remembered() {
    let f = Fixture::new().await;
    assert!(f.store.sightings().await.expect("an answer").is_empty());
    f.store.saw(Sighting::EventFinish, "").await;
    f.store.saw(Sighting::CallbackRefused, "the first").await;
    f.store.saw(Sighting::CallbackRefused, "名\nthe second").await;
    let seen = f.store.sightings().await.expect("an answer");
    assert_eq!(seen.keys().collect::<Vec<_>>(), [&Sighting::EventFinish, &Sighting::CallbackRefused]);
    let Seen { note, times, at } = &seen[&Sighting::CallbackRefused];
    assert_eq!((note.as_str(), *times), ("名the second", 2));
    assert!(*at >= seen[&Sighting::EventFinish].at);
}
