//! What was moved, counted by kind: an operator compares these numbers with what they know.

use std::fmt;

use shared::{
    approval::Status,
    store::{RawItem, RawKind},
};

/// In flight: something is still to happen to them.
const IN_FLIGHT: [Status; 3] = [Status::Received, Status::Pending, Status::Decided];

/// Items by kind, approvals by status.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Tally {
    by_status: [u64; Status::ALL.len()],
    instances: u64,
    others: u64,
}

impl Tally {
    /// Counts an item.
    pub(super) fn count(&mut self, item: &RawItem) {
        let status = Status::ALL.iter().position(|status| item.status() == Some(status.name()));
        match (item.kind(), status.and_then(|status| self.by_status.get_mut(status))) {
            (RawKind::Approval, Some(count)) => *count += 1,
            (RawKind::Instance, _) => self.instances += 1,
            _ => self.others += 1,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = || Status::ALL.into_iter().zip(self.by_status);
        let in_flight: u64 =
            counted().filter(|(status, _)| IN_FLIGHT.contains(status)).map(|(_, count)| count).sum();
        let by_status: Vec<String> = counted()
            .filter(|(_, count)| *count > 0)
            .map(|(status, count)| format!("{count} {}", status.name()))
            .collect();
        write!(f, "{} approvals, {in_flight} of them in flight", self.by_status.iter().sum::<u64>())?;
        if !by_status.is_empty() {
            write!(f, " ({})", by_status.join(", "))?;
        }
        write!(f, "; {} instances; {} other items", self.instances, self.others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_approval_is_counted_by_its_status() {
        let mut tally = Tally::default();
        for (key, status) in [("A#1", "pending"), ("A#2", "pending"), ("A#3", "delivered"), ("I#1", "x")] {
            let json = format!(r#"{{"pk":{{"S":"{key}"}},"status":{{"S":"{status}"}}}}"#);
            tally.count(&RawItem::read(&json).unwrap());
        }
        tally.count(&RawItem::read(r#"{"pk":{"S":"M#mark"}}"#).unwrap());
        let said = "3 approvals, 2 of them in flight (2 pending, 1 delivered); 1 instances; 1 other items";
        assert_eq!(tally.to_string(), said);
    }
}
