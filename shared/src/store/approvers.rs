//! The approvers of a pending approval stand in its request, too: each is stored once, there. In the list of approvers stands the
//! place in the request. Older items have the person itself, and are read the same.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    StoreError,
    item::{Item, number},
};
use crate::approval::{Approval, State};

const APPROVERS: [&str; 3] = ["state", "pending", "approvers"];
const NODES: [&str; 3] = ["record", "request", "nodes"];
const PERSON: &str = "person";

/// Writes the place of each approver in the request for the approver.
pub(super) fn fold(item: &mut Item, approval: &Approval) {
    let State::Pending(pending) = &approval.state else { return };
    let people = approval.record.request.nodes.iter().flat_map(|node| &node.approvers).enumerate();
    let people: Vec<_> = people.collect();
    let mut from = 0;
    for (identity, stored) in pending.approvers.iter().zip(list(item, APPROVERS)) {
        // They come in the order of the request; some may have been left out.
        let Some((at, _)) = people[from..].iter().find(|(_, person)| **person == identity.person) else {
            continue;
        };
        from = *at;
        if let (AttributeValue::M(stored), Ok(at)) = (stored, u32::try_from(*at)) {
            stored.insert(PERSON.to_owned(), number(at));
        }
    }
}

/// Puts the approvers in their places again.
pub(super) fn unfold(item: &mut Item) -> Result<(), StoreError> {
    let is_folded = |stored: &AttributeValue| place(stored).is_some();
    if !list(item, APPROVERS).iter().any(is_folded) {
        return Ok(());
    }
    let mut people = Vec::new();
    for node in list(item, NODES) {
        if let AttributeValue::M(node) = node
            && let Some(AttributeValue::L(approvers)) = node.get("approvers")
        {
            people.extend(approvers.iter().cloned());
        }
    }
    for stored in list(item, APPROVERS) {
        let Some(at) = place(stored) else { continue };
        let person = at.ok().and_then(|at: usize| people.get(at)).ok_or(StoreError::Damaged)?;
        if let AttributeValue::M(stored) = stored {
            stored.insert(PERSON.to_owned(), person.clone());
        }
    }
    Ok(())
}

/// Where an approver stands in the request, if that is what is stored.
fn place(stored: &AttributeValue) -> Option<Result<usize, std::num::ParseIntError>> {
    match stored {
        AttributeValue::M(stored) => stored.get(PERSON)?.as_n().ok().map(|at| at.parse()),
        _ => None,
    }
}

/// The list at a path; empty where there is none.
fn list<'a>(item: &'a mut Item, path: [&str; 3]) -> &'a mut [AttributeValue] {
    fn inner<'a>(value: &'a mut AttributeValue, name: &str) -> Option<&'a mut AttributeValue> {
        match value {
            AttributeValue::M(members) => members.get_mut(name),
            _ => None,
        }
    }
    let [outer, middle, name] = path;
    let found =
        item.get_mut(outer).and_then(|value| inner(value, middle)).and_then(|value| inner(value, name));
    match found {
        Some(AttributeValue::L(list)) => list,
        _ => &mut [],
    }
}
