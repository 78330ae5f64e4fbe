//! An instance as DingTalk shows it. Its status must be there; everything else is read as far as it has the shape we know.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz};
use serde_json::Value;

use crate::approval::UserId;

/// Also what an item of the store can bear with ease.
pub(super) const REMARK_LIMIT: usize = 1024;
pub(super) const ID_LIMIT: usize = 128;
/// Those that a timeline names: no more than it bears.
const MAX_USERS: usize = 50;
/// A create call names no more: 20 nodes of 50.
const MAX_APPROVERS: usize = 1_000;
const STATUS_LIMIT: usize = 32;
/// How exact DingTalk's times are.
const A_MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// An instance as DingTalk shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstanceSnapshot {
    /// How it ended; `None`: people are still at it.
    pub ending: Option<Ending>,
    /// In whose name it was made.
    pub originator: Option<UserId>,
    /// Who decided, if someone did.
    pub decided_by: Option<UserId>,
    /// What they wrote.
    pub remark: Option<String>,
    /// Who added approvers while it ran (countersigning, 加签).
    pub countersigned_by: Vec<UserId>,
    /// Whose desks it has been on.
    pub asked: Vec<UserId>,
    /// When it ended; DingTalk gives minutes.
    pub finished_at: Option<Timestamp>,
    /// When it was created; DingTalk gives minutes.
    pub created_at: Option<Timestamp>,
    /// Whom the create call named as approvers, where it named some.
    pub approvers: Vec<UserId>,
    /// DingTalk's word for where it stands: RUNNING, TERMINATED, COMPLETED, …
    pub status: String,
    /// Label and value of each field; none: that says nothing of what it holds.
    pub fields: Vec<(String, String)>,
}

/// How an instance ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// COMPLETED and agreed.
    Agreed,
    /// COMPLETED and refused.
    Refused,
    /// TERMINATED.
    Terminated,
    /// COMPLETED without a result that says how, or in a state that is not known.
    Unclear,
}

impl InstanceSnapshot {
    /// The moment after which it ended, as close as its minute and its creation tell.
    pub(crate) fn ended_after(&self, created_at: Timestamp) -> Timestamp {
        self.finished_at.map_or(created_at, |minute| minute.max(created_at.min(minute + A_MINUTE)))
    }
}

/// Reads an instance.
pub(super) fn snapshot(instance: &Value) -> Option<InstanceSnapshot> {
    let list = |name: &str| named(instance, name).and_then(Value::as_array).into_iter().flatten();
    let status = text(instance, "status")?.trim().to_ascii_uppercase();
    let status: String = status.chars().filter(|c| !c.is_control()).take(STATUS_LIMIT).collect();
    if status.is_empty() {
        return None;
    }
    let result = text(instance, "result").unwrap_or_default().trim().to_ascii_lowercase();
    // A running instance can carry a result in the documentation's sample: only both together say how it ended.
    let ending = match (status.as_str(), result.as_str()) {
        ("COMPLETED", "agree") => Some(Ending::Agreed),
        ("COMPLETED", "refuse") => Some(Ending::Refused),
        ("TERMINATED" | "CANCELED", _) => Some(Ending::Terminated),
        ("RUNNING" | "NEW", _) => None,
        // No status that is published: it does not say that people are still at it.
        _ => Some(Ending::Unclear),
    };
    let decider = list("operationRecords").rfind(|record| decides(record, ending));
    let remark = decider.and_then(|record| text(record, "remark")).filter(|remark| !remark.is_empty());
    let created_at = text(instance, "createTime").as_deref().and_then(local_time);
    let approvers = list("approverUserIds").map(|id| id.as_str().map(ToOwned::to_owned));
    Some(InstanceSnapshot {
        ending,
        originator: user(text(instance, "originatorUserId")),
        decided_by: user(decider.and_then(|record| text(record, "userId"))),
        remark: remark.map(|remark| remark.chars().take(REMARK_LIMIT).collect()),
        countersigned_by: distinct_users(
            list("operationRecords")
                .filter(|record| text(record, "type").is_some_and(|kind| kind.starts_with("APPEND_TASK")))
                .map(|record| text(record, "userId")),
            MAX_USERS,
        ),
        asked: distinct_users(list("tasks").map(|task| text(task, "userId")), MAX_USERS),
        finished_at: text(instance, "finishTime").as_deref().and_then(local_time),
        created_at,
        approvers: distinct_users(approvers, MAX_APPROVERS),
        status,
        fields: list("formComponentValues")
            .filter_map(|field| Some((text(field, "name")?, text(field, "value")?)))
            .collect(),
    })
}

/// Whether a record is a person's decision, and the one that the instance ended with. It is not simply the last record:
/// copies follow it, and what the flow did by itself, which names nobody.
fn decides(record: &Value, ending: Option<Ending>) -> bool {
    let word = |name: &str| text(record, name).unwrap_or_default().trim().to_ascii_uppercase();
    let decided = match (word("result").as_str(), ending) {
        ("AGREE", Some(Ending::Refused)) | ("REFUSE", Some(Ending::Agreed)) => false,
        ("AGREE" | "REFUSE", _) => true,
        _ => false,
    };
    decided && word("type").starts_with("EXECUTE_TASK") && user(text(record, "userId")).is_some()
}

fn text(value: &Value, name: &str) -> Option<String> {
    Some(named(value, name)?.as_str()?.to_owned())
}

/// A member, in letters of either case.
fn named<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let members = value.as_object()?;
    let is_it = |(own, value): &(&String, &'a Value)| own.eq_ignore_ascii_case(name) && !value.is_null();
    members.get(name).or_else(|| members.iter().find(is_it).map(|(_, value)| value))
}

/// Each person once, in order, and no more than `max`.
fn distinct_users(ids: impl Iterator<Item = Option<String>>, max: usize) -> Vec<UserId> {
    let mut known = HashSet::new();
    ids.filter_map(user).filter(|user| known.insert(user.clone())).take(max).collect()
}

fn user(id: Option<String>) -> Option<UserId> {
    id.filter(|id| (1..=ID_LIMIT).contains(&id.len())).map(UserId::new)
}

/// DingTalk's times end in `Z` and are local (UTC+8) all the same: a captured answer's id proves it.
fn local_time(text: &str) -> Option<Timestamp> {
    let text = text.trim_end_matches('Z');
    let formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"];
    let parsed = formats.iter().find_map(|format| DateTime::strptime(format, text).ok())?;
    tz::offset(8).to_timestamp(parsed).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> InstanceSnapshot {
        let answer: Value = serde_json::from_str(text).unwrap();
        snapshot(&answer["result"]).unwrap()
    }

    #[test]
    fn a_running_instance_has_no_ending_whatever_its_result_says() {
        let documented = read(include_str!("../../tests/fixtures/dingtalk/get_instance.response.json"));
        assert_eq!(documented.ending, None);
        let captured = read(include_str!("../../tests/fixtures/dingtalk/get_instance.captured-running.json"));
        assert_eq!(captured.ending, None);
        assert_eq!(captured.fields[0], ("客户名称".to_owned(), "ttt".to_owned()));
    }

    #[test]
    fn who_decided_is_the_last_to_agree_or_refuse_not_the_last_record() {
        let ended = read(
            r#"{"result":{"status":"COMPLETED","result":"refuse","finishTime":"2026-04-16T15:34Z","operationRecords":[
                {"userId":"a","type":"START_PROCESS_INSTANCE","result":"NONE"},
                {"userId":"b","type":"EXECUTE_TASK_NORMAL","result":"AGREE","remark":"fine"},
                {"userId":"c","type":"EXECUTE_TASK_AGENT","result":"REFUSE","remark":"no"},
                {"userId":"d","type":"PROCESS_CC","result":"NONE"}]}}"#,
        );
        assert_eq!(ended.ending, Some(Ending::Refused));
        assert_eq!(ended.decided_by, Some(UserId::new("c")));
        assert_eq!(ended.remark.as_deref(), Some("no"));
        assert_eq!(ended.finished_at, Some("2026-04-16T07:34:00Z".parse().unwrap()));
    }

    #[test]
    fn only_the_status_must_be_there() {
        let odd = read(
            r#"{"result":{"status":"COMPLETED","result":"agree","operationRecords":null,"finishTime":7,
                "formComponentValues":[{"name":"n","value":7}],"originatorUserId":null}}"#,
        );
        assert_eq!((odd.ending, odd.decided_by, odd.fields), (Some(Ending::Agreed), None, vec![]));
        assert_eq!(snapshot(&json!({"result": "agree"})), None);
    }

    #[test]
    fn a_step_that_the_flow_took_by_itself_does_not_hide_the_person_who_decided() {
        let auto = json!({"type": "EXECUTE_TASK_AUTO", "result": "AGREE", "remark": "系统自动通过"});
        let person =
            json!({"userId": "a1", "type": "EXECUTE_TASK_NORMAL", "result": "AGREE", "remark": "ok"});
        let nobody = json!({"userId": "", "type": "EXECUTE_TASK_AUTO", "result": "REFUSE"});
        let table = [
            ("agree", json!([person, auto]), Some("a1"), Some("ok")),
            ("agree", json!([auto, person, nobody]), Some("a1"), Some("ok")),
            ("agree", json!([auto]), None, None),
            // Who agreed did not refuse.
            ("refuse", json!([person, nobody]), None, None),
        ];
        for (result, records, by, remark) in table {
            let instance = json!({"status": "COMPLETED", "result": result, "operationRecords": records});
            let read = snapshot(&instance).unwrap();
            assert_eq!((read.decided_by, read.remark.as_deref()), (by.map(UserId::new), remark), "{records}");
        }
    }

    #[test]
    fn words_are_read_in_any_case() {
        let table = [
            ("completed", "AGREE", Some(Ending::Agreed)),
            ("Completed", " refuse ", Some(Ending::Refused)),
            ("COMPLETED", "", Some(Ending::Unclear)),
            ("canceled", "", Some(Ending::Terminated)),
            ("NEW", "agree", None),
        ];
        for (status, result, ending) in table {
            let read = snapshot(&json!({"status": status, "result": result})).unwrap();
            assert_eq!((read.ending, read.status), (ending, status.to_uppercase()), "{status} {result}");
        }
    }

    #[test]
    fn what_it_was_made_of_is_read_where_it_is_shown() {
        let shown = snapshot(&json!({"status": "RUNNING", "createTime": "2026-04-16T15:34Z",
            "approverUserIds": ["a1", 7, "a2", "a1"]}))
        .unwrap();
        assert_eq!(shown.created_at, Some("2026-04-16T07:34:00Z".parse().unwrap()));
        assert_eq!(shown.approvers, [UserId::new("a1"), UserId::new("a2")]);
        let all: Vec<String> = (0..1_000).map(|n| format!("a{n}")).collect();
        let shown = snapshot(&json!({"status": "RUNNING", "approverUserIds": all})).unwrap();
        assert_eq!(shown.approvers.len(), 1_000, "as many as a submit may name");
        let odd = snapshot(&json!({"status": "RUNNING", "createTime": "today", "approverUserIds": "a1",
            "formComponentValues": {}, "tasks": 7, "operationRecords": [7, null, {"type": 7}]}))
        .unwrap();
        assert_eq!((odd.created_at, odd.approvers.len(), odd.fields.len()), (None, 0, 0));
    }
}
