//! What to do where the store holds something else under a key of the file.
//!
//! The place that is moved to may be at work already: on AWS the functions run from the moment they are deployed. What they
//! have done with an approval since it was put is newer than the file, and stays.

use std::collections::BTreeSet;

use shared::store::{RawItem, RawKind};

/// What becomes of an item of the file that meets another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The store's stays: it is newer, or its own business.
    Keep,
    /// The file's takes its place.
    Replace,
    /// What the file's names is added to the store's.
    Join,
    /// They contradict each other.
    Clash,
}

/// What is known of an item of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct There {
    version: Option<u64>,
    owner: Option<String>,
    named: BTreeSet<String>,
}

impl There {
    /// What there is to know.
    pub(super) fn of(item: &RawItem) -> Self {
        let owner = item.owner().map(str::to_owned);
        Self { version: item.version(), owner, named: item.named() }
    }
}

/// Judges between an item of the file and the other one. `is_fresh`: nobody has used the store for approvals yet.
pub(super) fn judge(item: &RawItem, there: &There, is_fresh: bool) -> Verdict {
    match item.kind() {
        RawKind::Templates if is_fresh => Verdict::Replace,
        RawKind::Note | RawKind::Templates => Verdict::Keep,
        RawKind::Approval | RawKind::Details if there.version > item.version() => Verdict::Keep,
        RawKind::Approval | RawKind::Details => Verdict::Clash,
        RawKind::Alias | RawKind::Tenants if item.named().is_subset(&there.named) => Verdict::Keep,
        RawKind::Alias | RawKind::Tenants => Verdict::Join,
        RawKind::Instance => match (item.owner(), there.owner.as_deref()) {
            // An event came before its instance did.
            (Some(_), None) => Verdict::Replace,
            (Some(ours), Some(theirs)) if ours != theirs => Verdict::Clash,
            _ => Verdict::Keep,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_store_did_itself_stays_and_what_contradicts_is_told() {
        let item = |text: &str| RawItem::read(text).unwrap();
        let approval = |n: u32| item(&format!(r#"{{"pk":{{"S":"A#1"}},"version":{{"N":"{n}"}}}}"#));
        let instance = |owner: &str| item(&format!(r#"{{{owner}"pk":{{"S":"I#1"}}}}"#));
        let (ours, theirs) = (r#""approval":{"S":"1"},"#, r#""approval":{"S":"2"},"#);
        let templates = item(r#"{"pk":{"S":"T#templates"}}"#);
        let note = item(r#"{"pk":{"S":"S#started"}}"#);
        let details = |n: u32| item(&format!(r#"{{"pk":{{"S":"D#1"}},"version":{{"N":"{n}"}}}}"#));
        let alias =
            |ids: &str| item(&format!(r#"{{"approvals":{{"SS":[{ids}]}},"pk":{{"S":"L#dataphin#1"}}}}"#));
        let tenants =
            |list: &str| item(&format!(r#"{{"pk":{{"S":"M#tenants"}},"tenants":{{"L":[{list}]}}}}"#));
        for (file, store, verdict) in [
            (approval(3), approval(4), Verdict::Keep),
            (approval(3), approval(3), Verdict::Clash),
            (approval(3), approval(2), Verdict::Clash),
            (instance(ours), instance(""), Verdict::Replace),
            (instance(""), instance(theirs), Verdict::Keep),
            (instance(ours), instance(ours), Verdict::Keep),
            (instance(ours), instance(theirs), Verdict::Clash),
            (details(1), details(5), Verdict::Keep),
            (details(5), details(1), Verdict::Clash),
            (alias(r#""1""#), alias(r#""1","2""#), Verdict::Keep),
            (alias(r#""1","2""#), alias(r#""2","3""#), Verdict::Join),
            (tenants(r#"{"S":"1"}"#), tenants(r#"{"S":""},{"S":"1"}"#), Verdict::Keep),
            (tenants(r#"{"S":"1"}"#), tenants(r#"{"S":"2"}"#), Verdict::Join),
            (note.clone(), note, Verdict::Keep),
        ] {
            assert_eq!(judge(&file, &There::of(&store), true), verdict, "{file:?} {store:?}");
        }
        assert_eq!(judge(&templates, &There::of(&templates), true), Verdict::Replace);
        assert_eq!(judge(&templates, &There::of(&templates), false), Verdict::Keep);
    }
}
