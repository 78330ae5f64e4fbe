//! Every check there is, in the order of dependence.

/// A check, in the order of dependence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // The table says what each one proves.
pub enum Check {
    Configuration,
    Store,
    DingTalkApi,
    DingTalkOapi,
    Credentials,
    AddressList,
    Clock,
    Quota,
    RateLimit,
    InstanceWrite,
    InstanceRead,
    FormRead,
    FormWrite,
    Member,
    MemberByMobile,
    ServicePerson,
    TestPerson,
    AgentId,
    Template,
    Callback,
    Events,
    FailedPushes,
    DataphinRoute,
    DataphinCalls,
    DataphinCallback,
    Deliveries,
    Waiting,
    Withdrawals,
    Refused,
    Exposure,
}

/// What is known of a check.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// Stable, for machines.
    pub id: &'static str,
    /// Its name in English.
    pub en: &'static str,
    /// Its name in Chinese.
    pub zh: &'static str,
    /// What it proves, for the README.
    pub proves: &'static str,
    /// Where one of these failed, this one has nothing to say.
    pub needs: &'static [Check],
    /// Where one of these variables is wrong, likewise.
    pub variables: &'static [&'static str],
    /// Whether Dataphin's *Test Connection* makes it, too.
    pub quick: bool,
    /// Paid calls to DingTalk, at most.
    pub paid: u8,
}

impl Check {
    /// All of them, in order.
    pub const ALL: [Self; 30] = [
        Self::Configuration,
        Self::Store,
        Self::DingTalkApi,
        Self::DingTalkOapi,
        Self::Credentials,
        Self::AddressList,
        Self::Clock,
        Self::Quota,
        Self::RateLimit,
        Self::InstanceWrite,
        Self::InstanceRead,
        Self::FormRead,
        Self::FormWrite,
        Self::Member,
        Self::MemberByMobile,
        Self::ServicePerson,
        Self::TestPerson,
        Self::AgentId,
        Self::Template,
        Self::Callback,
        Self::Events,
        Self::FailedPushes,
        Self::DataphinRoute,
        Self::DataphinCalls,
        Self::DataphinCallback,
        Self::Deliveries,
        Self::Waiting,
        Self::Withdrawals,
        Self::Refused,
        Self::Exposure,
    ];
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_check_has_an_id_of_its_own_and_needs_only_what_comes_before_it() {
        let ids: BTreeSet<&str> = Check::ALL.iter().map(|check| check.facts().id).collect();
        assert_eq!(ids.len(), Check::ALL.len());
        for pair in Check::ALL.windows(2) {
            assert!(pair[0] < pair[1]);
        }
        for check in Check::ALL {
            assert!(check.facts().needs.iter().all(|needed| *needed < check), "{check:?}");
        }
    }

    #[test]
    fn what_a_quick_check_needs_is_quick() {
        for check in Check::ALL.into_iter().filter(|check| check.facts().quick) {
            assert!(check.facts().needs.iter().all(|needed| needed.facts().quick), "{check:?}");
        }
    }
}
