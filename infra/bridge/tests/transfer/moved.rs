//! There and back.

use std::time::Instant;

use crate::{
    filled::fill,
    place::{Endpoint, Folder, done, number_before, read, store_in},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_to_dynamodb_and_back_the_same_to_the_byte() {
    there_and_back(210).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute"]
async fn fifty_thousand_approvals_go_to_dynamodb_and_back_the_same_to_the_byte() {
    let approvals = std::env::var("TRANSFER_APPROVALS").ok().and_then(|n| n.parse().ok());
    there_and_back(approvals.unwrap_or(50_000)).await;
}

/// By way of the embedded engine, or of another one at `STORE_CONTRACT_ENDPOINT`.
async fn there_and_back(approvals: usize) {
    let folder = Folder::new();
    let (file, back) = (folder.path("bridge.db"), folder.path("back.db"));
    let archives = ["first", "second", "third"].map(|name| folder.path(name));
    let began = Instant::now();
    let items = fill(&store_in(&file).await, approvals).await;
    println!("{approvals} approvals made in {:.1?}", began.elapsed());
    let served = Endpoint::new().await;
    let endpoint = std::env::var("STORE_CONTRACT_ENDPOINT").unwrap_or(served.address);
    let table = format!("moved-{}", std::process::id());
    let there = [("BRIDGE_DYNAMODB_ENDPOINT", &*endpoint), ("BRIDGE_TABLE", &*table)];
    let (from, to) = ([("BRIDGE_FILE", &*file)], [("BRIDGE_FILE", &*back)]);
    let steps = [
        ("export", &archives[0], &from[..]),
        ("import", &archives[0], &there[..]),
        ("export", &archives[1], &there[..]),
        ("import", &archives[1], &to[..]),
        ("export", &archives[2], &to[..]),
    ];
    for (verb, archive, place) in steps {
        let began = Instant::now();
        let said = done(&[verb, archive], place).await;
        println!("{verb} ({}): {:.1?}\n{said}", place[0].0, began.elapsed());
        assert_eq!(number_before(" items", &said), items, "{said}");
        assert_eq!(number_before(" approvals, ", &said), approvals, "{said}");
        if verb == "import" {
            assert!(said.contains(&format!("verified: the store holds the same {items} items")), "{said}");
        }
    }
    let [first, second, third] = archives.map(|path| read(&path));
    println!("{} bytes", first.len());
    assert!(first == second, "the same bytes there");
    assert!(first == third, "and back");
    let names: Vec<String> = folder.names().into_iter().filter(|name| !name.contains(".db")).collect();
    assert_eq!(names, ["first", "second", "third"], "nothing else is left behind");
}
