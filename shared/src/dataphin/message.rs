//! The message of the callback: what is told of a request.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::profile::Profile;
use crate::{
    approval::{Account, ApplyId, Decision, Outcome, Person, Record, Tenant},
    world::Random,
};

/// A request and its outcome, as a callback tells them.
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
    /// What they wrote.
    pub comment: String,
    /// When it was decided; nothing: now.
    pub at: Option<Timestamp>,
}

impl TestRequest {
    /// A request that cannot exist: nothing is decided by telling Dataphin of it.
    pub fn impossible(random: &dyn Random) -> Self {
        Self {
            apply_id: ApplyId::new(format!("bridge-test-{}", random.letters_and_digits(16))),
            tenant: Tenant::new(""),
            outcome: Outcome::Rejected,
            instance: "bridge-test".to_owned(),
            approver: Person::default(),
            comment: "a test of Approval Bridge".to_owned(),
            at: None,
        }
    }

    /// A decided request, exactly as a delivery tells it.
    pub fn decided(record: &Record, decision: &Decision) -> Self {
        let by = decision.by.as_ref();
        let person = by.and_then(|by| by.person.as_ref());
        let account = person.and_then(Person::account).cloned();
        Self {
            apply_id: record.key.apply_id.clone(),
            tenant: record.tenant().clone(),
            outcome: decision.outcome,
            instance: record.id.to_string(),
            approver: Person {
                user_id: person.map(|person| person.user_id.clone()).unwrap_or_default(),
                account: account.or_else(|| Account::new(by?.user_id.as_str())),
                name: by.and_then(|by| by.name.clone()).unwrap_or_default(),
            },
            comment: decision.comment.clone().unwrap_or_default(),
            at: Some(decision.at),
        }
    }

    /// The callback's message.
    pub(super) fn message(&self, profile: &Profile, now: Timestamp) -> Value {
        let (names, approver) = (&profile.message, &self.approver);
        let decider = members([
            (&names.user_id, json!(approver.user_id)),
            (&names.user_source_id, json!(approver.account().map_or("", Account::as_str))),
            (&names.user_name, json!(approver.name)),
        ]);
        let mut message = members([
            (&names.apply_id, json!(self.apply_id)),
            (&names.process_instance_id, json!(self.instance)),
            (&names.tenant_id, json!(self.tenant)),
            (&names.event_type, json!(profile.event_type)),
            (&names.result, json!(profile.result(self.outcome))),
            (&names.approve_user, Value::Object(decider)),
            (&names.comment, json!(self.comment)),
            (&names.finish_time, json!(self.at.unwrap_or(now).as_millisecond())),
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
            comment: "a test of Approval Bridge".to_owned(),
            at: None,
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
