//! The templates are one item, committed under its version.

use shared::{
    approval::ProcessCode,
    store::CommitError,
    template::{Template, TemplateBook},
};
use store_contract::Fixture;

fn with(mut book: TemplateBook, code: &str) -> TemplateBook {
    book.templates = vec![Template::by_hand(ProcessCode::new(code))];
    book
}

#[tokio::test]
async fn templates_are_loaded_as_they_were_committed() {
    let f = Fixture::new().await;
    let none = f.store.templates().await.expect("an answer");
    assert_eq!(none, TemplateBook::default());
    let first = f.store.commit_templates(with(none, "PROC-1")).await.expect("the first commit");
    assert_eq!(f.store.templates().await.expect("an answer"), first);
    let second = f.store.commit_templates(with(first, "PROC-2")).await.expect("the second commit");
    assert_eq!((second.version, &f.store.templates().await.expect("an answer")), (2, &second));
}

#[tokio::test]
async fn templates_that_someone_else_changed_first_are_a_conflict() {
    let f = Fixture::new().await;
    let none = f.store.templates().await.expect("an answer");
    let first = f.store.commit_templates(with(none.clone(), "PROC-1")).await.expect("the first commit");
    assert!(matches!(f.store.commit_templates(with(none, "late")).await, Err(CommitError::Conflict)));
    let second = f.store.commit_templates(with(first.clone(), "PROC-2")).await.expect("the second commit");
    assert!(matches!(f.store.commit_templates(with(first, "late")).await, Err(CommitError::Conflict)));
    assert_eq!(f.store.templates().await.expect("an answer"), second);
}
