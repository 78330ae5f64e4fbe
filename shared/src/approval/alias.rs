//! Which approvals bear one id of the source: one a tenant. A source may name the tenant in one call and leave it out in the
//! next, and means the same request.

use std::collections::BTreeSet;

use super::{ApprovalId, ApprovalKey, Tenant};

/// The approvals that are known under one id of the source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alias {
    approvals: BTreeSet<ApprovalId>,
}

/// Which approval a key means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// This one.
    Known(ApprovalId),
    /// One that is not known yet.
    New,
    /// One of several tenants': the key names none, and none is guessed.
    Ambiguous,
}

impl Alias {
    /// An alias of these approvals.
    pub fn of(approvals: impl IntoIterator<Item = ApprovalId>) -> Self {
        Self { approvals: approvals.into_iter().collect() }
    }

    /// The approvals.
    pub fn approvals(&self) -> impl ExactSizeIterator<Item = &ApprovalId> {
        self.approvals.iter()
    }

    /// Which of them a key means. A tenant that is left out is the one that is known, and one that is named now may have
    /// been left out before.
    pub fn meaning(&self, key: &ApprovalKey) -> Meaning {
        let without_tenant = ApprovalKey { tenant: Tenant::new(""), ..key.clone() }.id();
        let mut approvals = self.approvals.iter();
        match (key.id(), approvals.next(), approvals.next()) {
            (id, _, _) if self.approvals.contains(&id) => Meaning::Known(id),
            (_, None, _) => Meaning::New,
            (_, Some(only), None) if key.tenant.is_empty() || *only == without_tenant => {
                Meaning::Known(only.clone())
            }
            _ if key.tenant.is_empty() => Meaning::Ambiguous,
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
        let table = [
            (&[][..], "", Meaning::New),
            (&[], "a", Meaning::New),
            (&["a"], "a", known("a")),
            (&["a"], "", known("a")),
            (&["a"], "b", Meaning::New),
            (&[""], "", known("")),
            (&[""], "a", known("")),
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
}
