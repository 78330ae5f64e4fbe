//! Which items a file holds, in sixteen bytes each: enough to tell whether a store holds the same.

use sha2::{Digest as _, Sha256};
use shared::store::RawItem;

/// Stands for an item, all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest(u128);

impl Digest {
    /// The digest of an item.
    pub fn of(item: &RawItem) -> Self {
        let whole: [u8; 32] = Sha256::digest(item.json()).into();
        Self(whole.iter().take(16).fold(0, |sum, byte| (sum << 8) | u128::from(*byte)))
    }
}

/// The digests of a file's items, and which of them were met elsewhere.
pub struct Digests {
    ordered: Vec<Digest>,
    met: Vec<bool>,
}

impl Digests {
    /// Takes them in any order; none is met yet.
    pub fn new(mut digests: Vec<Digest>) -> Self {
        digests.sort_unstable();
        Self { met: vec![false; digests.len()], ordered: digests }
    }

    /// Notes that an item was met; false when it is none of these.
    pub fn meet(&mut self, digest: Digest) -> bool {
        let found = self.ordered.binary_search(&digest).ok().and_then(|at| self.met.get_mut(at));
        found.map(|met| *met = true).is_some()
    }

    /// Whether it was met.
    pub fn is_met(&self, digest: Digest) -> bool {
        self.ordered.binary_search(&digest).ok().and_then(|at| self.met.get(at)).is_some_and(|met| *met)
    }

    /// How many were met.
    pub fn count_met(&self) -> u64 {
        self.met.iter().filter(|met| **met).count() as u64
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.ordered.len() as u64
    }

    /// None is met any more.
    pub fn begin_anew(&mut self) {
        self.met.fill(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_met_is_known_and_what_is_another_is_not() {
        let item = |n: u32| RawItem::read(&format!(r#"{{"pk":{{"S":"A#{n}"}}}}"#)).unwrap();
        let mut digests = Digests::new((0..100).rev().map(|n| Digest::of(&item(n))).collect());
        assert!(digests.meet(Digest::of(&item(7))) && digests.meet(Digest::of(&item(7))));
        assert!(!digests.meet(Digest::of(&item(100))));
        assert_eq!((digests.count_met(), digests.count()), (1, 100));
        assert!(digests.is_met(Digest::of(&item(7))) && !digests.is_met(Digest::of(&item(8))));
    }
}
