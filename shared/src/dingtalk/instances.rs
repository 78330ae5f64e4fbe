//! Approval instances: create, read, terminate, comment.

use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Api, Class, DingTalk, DingTalkError, SendBy,
    answer::member,
    snapshot::{ID_LIMIT, REMARK_LIMIT, snapshot},
};
pub use super::{
    instance_list::InstanceList,
    snapshot::{Ending, InstanceSnapshot},
};
use crate::approval::{InstanceId, ProcessCode, UserId};

/// DingTalk takes no more nodes than this.
pub const MOST_NODES: usize = 20;

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

impl DingTalk {
    /// Creates an instance. There is no idempotency key: an unknown outcome must be looked into. Nothing is sent after
    /// `send_by`.
    pub(crate) async fn create_instance(
        &self,
        new: &NewInstance,
        send_by: SendBy,
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
            self.before(send_by).call(Api::CreateInstance, Method::POST, path, &[], Some(&body)).await?;
        let id =
            answer.as_object().and_then(|answer| member(answer, &["instanceid"])).and_then(Value::as_str);
        let is_id = |id: &&str| (1..=ID_LIMIT).contains(&id.len()) && !id.contains(char::is_whitespace);
        id.filter(is_id)
            .map(InstanceId::new)
            .ok_or_else(|| DingTalkError::unreadable_outcome("no instanceId"))
    }

    /// Reads an instance.
    pub async fn read_instance(&self, id: &InstanceId) -> Result<InstanceSnapshot, DingTalkError> {
        let path = "/v1.0/workflow/processInstances";
        let query = [("processInstanceId", id.as_str())];
        let answer = self.call(Api::ReadInstance, Method::GET, path, &query, None).await?;
        let result = answer.as_object().and_then(|answer| member(answer, &["result"]));
        let instance = result.and_then(snapshot);
        instance.ok_or_else(|| DingTalkError::unreadable("the instance has another shape"))
    }

    /// Terminates a running instance that is at least 15 seconds old.
    pub async fn terminate_instance(&self, id: &InstanceId, remark: &str) -> Result<(), DingTalkError> {
        let remark: String = remark.chars().take(REMARK_LIMIT).collect();
        let body = json!({"processInstanceId": id, "isSystem": true, "remark": remark});
        let path = "/v1.0/workflow/processInstances/terminate";
        let answer = self.call(Api::TerminateInstance, Method::POST, path, &[], Some(&body)).await?;
        match answer.get("result") {
            Some(result) if *result == true || *result == "true" => Ok(()),
            Some(result) if *result == false || *result == "false" => Err(DingTalkError::new(
                Class::Permanent,
                "not-terminated",
                "DingTalk answered that it did not terminate it",
            )),
            _ => Err(DingTalkError::unreadable("neither terminated nor not")),
        }
    }

    /// Writes a comment under an instance.
    pub async fn comment(&self, id: &InstanceId, user: &UserId, text: &str) -> Result<(), DingTalkError> {
        let text: String = text.chars().take(REMARK_LIMIT).collect();
        let body = json!({"processInstanceId": id, "commentUserId": user, "text": text});
        let path = "/v1.0/workflow/processInstances/comments";
        self.call(Api::CommentInstance, Method::POST, path, &[], Some(&body)).await.map(|_| ())
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
