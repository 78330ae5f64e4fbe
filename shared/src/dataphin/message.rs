//! The message of the callback: what is told of a request.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::profile::Profile;
use crate::{
    approval::{Account, ApplyId, Approval, Decided, Outcome, Person, Tenant},
    world::Random,
};

/// A request that a callback is tried with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestRequest {
    /// Its id.
    pub apply_id: ApplyId,
    /// Its tenant; may be empty.
    pub tenant: Tenant,
    /// What Dataphin is told of it.
    pub outcome: Outcome,
}

impl TestRequest {
    /// A request that cannot exist: nothing is decided by telling Dataphin of it.
    pub fn impossible(random: &dyn Random) -> Self {
        let apply_id = ApplyId::new(format!("bridge-test-{}", random.letters_and_digits(16)));
        Self { apply_id, tenant: Tenant::new(""), outcome: Outcome::Rejected }
    }

    pub(super) fn message(&self, profile: &Profile, now: Timestamp) -> Value {
        Report {
            apply_id: &self.apply_id,
            instance: "bridge-test",
            tenant: &self.tenant,
            outcome: self.outcome,
            user_id: "",
            user_source_id: "",
            user_name: "",
            comment: "a test of Approval Bridge",
            at: now,
        }
        .message(profile)
    }
}

/// The message that tells Dataphin a decision.
pub(super) fn of_decision(approval: &Approval<Decided>, profile: &Profile) -> Value {
    let Approval { record, state: Decided { decision, .. } } = approval;
    let decider = decision.by.as_ref().and_then(|by| by.person.as_ref());
    let account = decision.by.as_ref().map_or("", |by| by.user_id.as_str());
    Report {
        apply_id: &record.key.apply_id,
        instance: record.id.as_str(),
        tenant: &record.key.tenant,
        outcome: decision.outcome,
        user_id: decider.map_or("", |person| &person.user_id),
        user_source_id: decider.and_then(Person::account).map_or(account, Account::as_str),
        user_name: decision.by.as_ref().and_then(|by| by.name.as_deref()).unwrap_or_default(),
        comment: decision.comment.as_deref().unwrap_or_default(),
        at: decision.at,
    }
    .message(profile)
}

/// Everything that a message tells.
struct Report<'a> {
    apply_id: &'a ApplyId,
    instance: &'a str,
    tenant: &'a Tenant,
    outcome: Outcome,
    user_id: &'a str,
    user_source_id: &'a str,
    user_name: &'a str,
    comment: &'a str,
    at: Timestamp,
}

impl Report<'_> {
    fn message(&self, profile: &Profile) -> Value {
        json!({
            "applyId": self.apply_id,
            "processInstanceId": self.instance,
            "tenantId": self.tenant,
            "type": profile.event_type,
            "result": profile.result(self.outcome),
            "approveUser": {
                "userId": self.user_id,
                "userSourceId": self.user_source_id,
                "userName": self.user_name,
            },
            "comment": self.comment,
            "finishTime": self.at.as_millisecond(),
        })
    }
}
