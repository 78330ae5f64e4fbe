//! The message of the callback: what is told of a request.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

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
    /// Our id of it, as Dataphin knows it from our answer to the submit.
    pub instance: String,
    /// Who decided it.
    pub approver: Person,
}

impl TestRequest {
    /// A request that cannot exist: nothing is decided by telling Dataphin of it.
    pub fn impossible(random: &dyn Random) -> Self {
        let apply_id = ApplyId::new(format!("bridge-test-{}", random.letters_and_digits(16)));
        let (instance, approver) = ("bridge-test".to_owned(), Person::default());
        Self { apply_id, tenant: Tenant::new(""), outcome: Outcome::Rejected, instance, approver }
    }

    pub(super) fn message(&self, profile: &Profile, now: Timestamp) -> Value {
        Report {
            apply_id: &self.apply_id,
            instance: &self.instance,
            tenant: &self.tenant,
            outcome: self.outcome,
            user_id: &self.approver.user_id,
            user_source_id: self.approver.account().map_or("", Account::as_str),
            user_name: &self.approver.name,
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
        tenant: record.tenant(),
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
        let names = &profile.message;
        let decider = members([
            (&names.user_id, json!(self.user_id)),
            (&names.user_source_id, json!(self.user_source_id)),
            (&names.user_name, json!(self.user_name)),
        ]);
        let mut message = members([
            (&names.apply_id, json!(self.apply_id)),
            (&names.process_instance_id, json!(self.instance)),
            (&names.tenant_id, json!(self.tenant)),
            (&names.event_type, json!(profile.event_type)),
            (&names.result, json!(profile.result(self.outcome))),
            (&names.approve_user, Value::Object(decider)),
            (&names.comment, json!(self.comment)),
            (&names.finish_time, json!(self.at.as_millisecond())),
        ]);
        message.extend(profile.constants.iter().map(|(name, value)| (name.clone(), value.clone())));
        Value::Object(message)
    }
}

/// What has a name.
fn members<const N: usize>(members: [(&String, Value); N]) -> Map<String, Value> {
    let named = members.into_iter().filter(|(name, _)| !name.is_empty());
    named.map(|(name, value)| (name.clone(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(profile: &str) -> Value {
        let test = TestRequest {
            apply_id: ApplyId::new("1223"),
            tenant: Tenant::new("t"),
            outcome: Outcome::Approved,
            instance: "ap-1".to_owned(),
            approver: Person {
                user_id: "7".to_owned(),
                account: Account::new("zhang"),
                name: "Zhang".to_owned(),
            },
        };
        test.message(&Profile::parse(profile).unwrap(), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn the_message_is_as_the_protocol_notes_have_it() {
        let expected = json!({"applyId": "1223", "processInstanceId": "ap-1", "tenantId": "t", "type": "finish",
            "result": "agree", "approveUser": {"userId": "7", "userSourceId": "zhang", "userName": "Zhang"},
            "comment": "a test of Approval Bridge", "finishTime": 0});
        assert_eq!(message("encrypted"), expected);
    }

    #[test]
    fn every_name_every_word_and_what_is_left_out_is_data() {
        let profile = r#"{"base":"plain","results":{"approved":1},"event_type":"END","constants":{"source":"dingtalk","v":2},
            "message":{"apply_id":"flowId","process_instance_id":"outerId","tenant_id":"","type":"event","result":"state",
            "approve_user":"operator","user_id":"","user_source_id":"id","user_name":"","comment":"","finish_time":""}}"#;
        let expected = json!({"flowId": "1223", "outerId": "ap-1", "event": "END", "state": 1, "operator": {"id": "zhang"},
            "source": "dingtalk", "v": 2});
        assert_eq!(message(profile), expected);
    }
}
