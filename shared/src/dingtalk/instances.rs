//! Approval instances: create, read, terminate, list, comment.

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz};
use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Api, Class, DingTalk, DingTalkError, error::number_or_text};
use crate::approval::{InstanceId, ProcessCode, UserId};

/// DingTalk takes no more nodes than this.
pub const MOST_NODES: usize = 20;
const IDS_A_PAGE: usize = 20;
const MOST_PAGES: usize = 50;
/// Also what an item of the store can bear with ease.
const REMARK_LIMIT: usize = 1024;
const LONGEST_ID: usize = 128;
const MOST_USERS: usize = 50;
/// How exact DingTalk's times are.
const A_MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// What an instance is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInstance {
    /// The template.
    pub process_code: ProcessCode,
    /// In whose name.
    pub originator: UserId,
    /// A department of the originator; the root is -1.
    pub dept_id: i64,
    /// Who decides.
    pub approvers: Approvers,
    /// What the form holds.
    pub values: Vec<FormValue>,
}

/// Who decides about an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Approvers {
    /// These, in order, instead of the template's flow.
    Given(Vec<(NodeAction, Vec<UserId>)>),
    /// The template's flow; with the people chosen for its nodes that leave the choice, by the node's key.
    Flow(Vec<(String, Vec<UserId>)>),
}

/// What one field of a form holds. DingTalk wants every value as text, whatever the component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FormValue {
    /// The field's id, where it is known: two fields may have the same label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The field's label.
    pub name: String,
    /// What it holds.
    pub value: String,
}

/// How the people of a node decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeAction {
    /// One person alone (`NONE`).
    Alone,
    /// All of them (`AND`).
    All,
    /// Any of them (`OR`).
    Any,
}

/// An instance as DingTalk shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Label and value of each field.
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
    /// COMPLETED, without a result that says how.
    Unclear,
}

impl DingTalk {
    /// Creates an instance. There is no idempotency key: an unknown outcome must be looked into. Nothing is sent after
    /// `not_after`.
    pub async fn create_instance(
        &self,
        new: &NewInstance,
        not_after: Timestamp,
    ) -> Result<InstanceId, DingTalkError> {
        let mut body = json!({
            "processCode": new.process_code,
            "originatorUserId": new.originator,
            "deptId": new.dept_id,
            "formComponentValues": new.values,
        });
        if let Some(agent_id) = self.settings().agent_id {
            body["microappAgentId"] = agent_id.into();
        }
        match &new.approvers {
            Approvers::Given(nodes) => body["approvers"] = nodes.iter().map(given_node).collect(),
            Approvers::Flow(chosen) if chosen.is_empty() => {}
            Approvers::Flow(chosen) => {
                let chosen =
                    chosen.iter().map(|(key, users)| json!({"actionerKey": key, "actionerUserIds": users}));
                body["targetSelectActioners"] = chosen.collect();
            }
        }
        let path = "/v1.0/workflow/processInstances";
        let answer =
            self.before(not_after).call(Api::CreateInstance, Method::POST, path, &[], Some(&body)).await?;
        let id = answer
            .get("instanceId")
            .and_then(Value::as_str)
            .filter(|id| (1..=LONGEST_ID).contains(&id.len()));
        id.map(InstanceId::new).ok_or_else(|| DingTalkError::unreadable("no instanceId"))
    }

    /// Reads an instance.
    pub async fn read_instance(&self, id: &InstanceId) -> Result<InstanceSnapshot, DingTalkError> {
        let path = "/v1.0/workflow/processInstances";
        let query = [("processInstanceId", id.as_str())];
        let answer = self.call(Api::ReadInstance, Method::GET, path, &query, None).await?;
        let instance = answer.get("result").and_then(snapshot);
        instance.ok_or_else(|| DingTalkError::unreadable("the instance has another shape"))
    }

    /// Terminates a running instance that is at least 15 seconds old.
    pub async fn terminate_instance(&self, id: &InstanceId, remark: &str) -> Result<(), DingTalkError> {
        let remark: String = remark.chars().take(REMARK_LIMIT).collect();
        let body = json!({"processInstanceId": id, "isSystem": true, "remark": remark});
        let path = "/v1.0/workflow/processInstances/terminate";
        let answer = self.call(Api::TerminateInstance, Method::POST, path, &[], Some(&body)).await?;
        if answer.get("result").is_some_and(|result| *result == true || *result == "true") {
            return Ok(());
        }
        Err(DingTalkError::new(
            Class::Permanent,
            "not-terminated",
            "DingTalk answered that it did not terminate it",
        ))
    }

    /// Writes a comment under an instance.
    pub async fn comment(&self, id: &InstanceId, user: &UserId, text: &str) -> Result<(), DingTalkError> {
        let text: String = text.chars().take(REMARK_LIMIT).collect();
        let body = json!({"processInstanceId": id, "commentUserId": user, "text": text});
        let path = "/v1.0/workflow/processInstances/comments";
        self.call(Api::CommentInstance, Method::POST, path, &[], Some(&body)).await.map(|_| ())
    }

    /// Instances of a template that were created within a window of time.
    pub async fn instance_ids(
        &self,
        process_code: &ProcessCode,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<InstanceId>, DingTalkError> {
        match self.list_ids(process_code, from, until, &[], MOST_PAGES).await? {
            (ids, true) => Ok(ids),
            (_, false) => Err(DingTalkError::new(
                Class::Transient,
                "too-many-instances",
                "too many instances to look through",
            )),
        }
    }

    /// Those of them that have not ended; no more than so many pages hold, the oldest first.
    pub(crate) async fn running_ids(
        &self,
        process_code: &ProcessCode,
        from: Timestamp,
        until: Timestamp,
        most_pages: usize,
    ) -> Result<Vec<InstanceId>, DingTalkError> {
        self.list_ids(process_code, from, until, &["RUNNING"], most_pages).await.map(|(ids, _)| ids)
    }

    /// Ids, and whether these are all. No `statuses`: whatever theirs is.
    async fn list_ids(
        &self,
        process_code: &ProcessCode,
        from: Timestamp,
        until: Timestamp,
        statuses: &[&str],
        most_pages: usize,
    ) -> Result<(Vec<InstanceId>, bool), DingTalkError> {
        let path = "/v1.0/workflow/processes/instanceIds/query";
        let (mut ids, mut next_token) = (Vec::new(), 0);
        for _ in 0..most_pages {
            let mut body = json!({
                "processCode": process_code,
                "startTime": from.as_millisecond(),
                "endTime": until.as_millisecond(),
                "nextToken": next_token,
                "maxResults": IDS_A_PAGE,
            });
            if !statuses.is_empty() {
                body["statuses"] = json!(statuses);
            }
            let answer = self.call(Api::ListInstanceIds, Method::POST, path, &[], Some(&body)).await?;
            let result = answer.get("result").ok_or_else(|| DingTalkError::unreadable("no list of ids"))?;
            let page = result.get("list").and_then(Value::as_array).into_iter().flatten();
            ids.extend(page.filter_map(Value::as_str).map(InstanceId::new));
            // Sent as a number, given back as text; absent at the end.
            match result.get("nextToken").and_then(number_or_text) {
                Some(next) => next_token = next,
                None => return Ok((ids, true)),
            }
        }
        Ok((ids, false))
    }
}

impl InstanceSnapshot {
    /// The moment after which it ended, as close as its minute and its creation tell.
    pub(crate) fn ended_after(&self, created_at: Timestamp) -> Timestamp {
        self.finished_at.map_or(created_at, |minute| minute.max(created_at.min(minute + A_MINUTE)))
    }
}

fn given_node((action, users): &(NodeAction, Vec<UserId>)) -> Value {
    let action = match action {
        NodeAction::Alone => "NONE",
        NodeAction::All => "AND",
        NodeAction::Any => "OR",
    };
    json!({"actionType": action, "userIds": users})
}

/// Reads an instance: `status` must be there, everything else as far as it has the shape we know.
fn snapshot(instance: &Value) -> Option<InstanceSnapshot> {
    let text = |value: &Value, name: &str| Some(value.get(name)?.as_str()?.to_owned());
    let list = |name: &str| instance.get(name).and_then(Value::as_array).into_iter().flatten();
    // A running instance can carry a result in the documentation's sample: only both together say how it ended.
    let ending = match (instance.get("status")?.as_str()?, text(instance, "result").as_deref()) {
        ("COMPLETED", Some("agree")) => Some(Ending::Agreed),
        ("COMPLETED", Some("refuse")) => Some(Ending::Refused),
        ("COMPLETED", _) => Some(Ending::Unclear),
        ("TERMINATED" | "CANCELED", _) => Some(Ending::Terminated),
        _ => None,
    };
    // Not simply the last record: PROCESS_CC and others follow the one that decided.
    let decider = list("operationRecords").rfind(|record| {
        text(record, "type").is_some_and(|kind| kind.starts_with("EXECUTE_TASK"))
            && matches!(text(record, "result").as_deref(), Some("AGREE" | "REFUSE"))
    });
    let remark = decider.and_then(|record| text(record, "remark")).filter(|remark| !remark.is_empty());
    Some(InstanceSnapshot {
        ending,
        originator: user(text(instance, "originatorUserId")),
        decided_by: user(decider.and_then(|record| text(record, "userId"))),
        remark: remark.map(|remark| remark.chars().take(REMARK_LIMIT).collect()),
        countersigned_by: distinct_users(
            list("operationRecords")
                .filter(|record| text(record, "type").is_some_and(|kind| kind.starts_with("APPEND_TASK")))
                .map(|record| text(record, "userId")),
        ),
        asked: distinct_users(list("tasks").map(|task| text(task, "userId"))),
        finished_at: text(instance, "finishTime").as_deref().and_then(local_time),
        fields: list("formComponentValues")
            .filter_map(|field| Some((text(field, "name")?, text(field, "value")?)))
            .collect(),
    })
}

/// Each person once, in order; no more than a timeline bears.
fn distinct_users(ids: impl Iterator<Item = Option<String>>) -> Vec<UserId> {
    let mut users: Vec<UserId> = Vec::new();
    for user in ids.filter_map(user) {
        if !users.contains(&user) && users.len() < MOST_USERS {
            users.push(user);
        }
    }
    users
}

fn user(id: Option<String>) -> Option<UserId> {
    id.filter(|id| (1..=LONGEST_ID).contains(&id.len())).map(UserId::new)
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
}
