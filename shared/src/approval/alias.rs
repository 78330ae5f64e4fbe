//! Which approvals bear one id of the source: one a tenant. A source may name the tenant in one call and leave it out in the
//! next, and means the same request.

use std::collections::BTreeSet;

use super::{ApprovalId, ApprovalKey, Tenant};

/// The approvals that are known under one id of the source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alias {
    approvals: BTreeSet<ApprovalId>,
    claimed_by: Option<Tenant>,
}

/// Which approval a key means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// This one.
    Known(ApprovalId),
    /// This one, which was submitted without a tenant: the first tenant that is named claims it.
    Unclaimed(ApprovalId),
    /// One that is not known yet.
    New,
    /// One of several tenants': the key names none, and none is guessed.
    Ambiguous,
}

impl Alias {
    /// An alias of these approvals.
    pub fn of(approvals: impl IntoIterator<Item = ApprovalId>) -> Self {
        Self { approvals: approvals.into_iter().collect(), claimed_by: None }
    }

    /// The same, where a tenant has claimed the approval that was submitted without one.
    #[must_use]
    pub fn claimed_by(self, tenant: Option<Tenant>) -> Self {
        Self { claimed_by: tenant, ..self }
    }

    /// The approvals.
    pub fn approvals(&self) -> impl ExactSizeIterator<Item = &ApprovalId> {
        self.approvals.iter()
    }

    /// Which of them a key means. A tenant that is left out is the one that is known. One that is named now may have been left
    /// out before: that request belongs to the first tenant that is named for it, and to no other.
    pub fn meaning(&self, key: &ApprovalKey) -> Meaning {
        let (id, without_tenant) = (key.id(), key.without_tenant().id());
        let known = self.approvals.contains(&id);
        let mut approvals = self.approvals.iter();
        match (approvals.next(), approvals.next()) {
            (None, _) => Meaning::New,
            (Some(only), None) if key.tenant.is_empty() => Meaning::Known(only.clone()),
            _ if known && !(key.tenant.is_empty() && self.claimed_by.is_some()) => Meaning::Known(id),
            _ if key.tenant.is_empty() => Meaning::Ambiguous,
            _ if self.claimed_by.as_ref() == Some(&key.tenant) => Meaning::Known(without_tenant),
            (Some(only), None) if *only == without_tenant && self.claimed_by.is_none() => {
                Meaning::Unclaimed(without_tenant)
            }
            _ => Meaning::New,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::{ApplyId, Source};

    fn key(tenant: &str) -> ApprovalKey {
        ApprovalKey { source: Source::Dataphin, tenant: Tenant::new(tenant), apply_id: ApplyId::new("7") }
    }

    #[test]
    fn a_tenant_that_is_left_out_is_the_one_that_is_known_and_never_guessed() {
        let known = |tenant: &str| Meaning::Known(key(tenant).id());
        let unclaimed = || Meaning::Unclaimed(key("").id());
        let table = [
            (&[][..], "", Meaning::New),
            (&[], "a", Meaning::New),
            (&["a"], "a", known("a")),
            (&["a"], "", known("a")),
            (&["a"], "b", Meaning::New),
            (&[""], "", known("")),
            (&[""], "a", unclaimed()),
            (&["a", "b"], "", Meaning::Ambiguous),
            (&["a", "b"], "b", known("b")),
            (&["a", "b"], "c", Meaning::New),
            // Both came before one was known to be the other.
            (&["", "a"], "", known("")),
            (&["", "a"], "a", known("a")),
            (&["", "a"], "b", Meaning::New),
        ];
        for (tenants, asked, meaning) in table {
            let alias = Alias::of(tenants.iter().map(|tenant| key(tenant).id()));
            assert_eq!(alias.meaning(&key(asked)), meaning, "{asked:?} of {tenants:?}");
        }
    }

    #[test]
    fn a_request_without_a_tenant_belongs_to_the_first_one_that_is_named_and_to_no_other() {
        let known = |tenant: &str| Meaning::Known(key(tenant).id());
        let table = [
            (&[""][..], "a", known("")),
            (&[""], "", known("")),
            (&[""], "b", Meaning::New),
            (&["", "b"], "a", known("")),
            (&["", "b"], "b", known("b")),
            (&["", "b"], "c", Meaning::New),
            (&["", "b"], "", Meaning::Ambiguous),
        ];
        for (tenants, asked, meaning) in table {
            let alias = Alias::of(tenants.iter().map(|tenant| key(tenant).id()));
            let alias = alias.claimed_by(Some(Tenant::new("a")));
            assert_eq!(alias.meaning(&key(asked)), meaning, "{asked:?} of {tenants:?}");
        }
    }
}
