//! The two kinds of event that approvals give rise to, and the two shapes in which they were pushed over the years.
//!
//! Spec section 4.5.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use shared::world::Random;

use super::{
    ids::{InstanceId, ProcessCode, UserId},
    instances::{Instance, Task},
};

/// The event type of an instance's changes.
pub const INSTANCE_CHANGE: &str = "bpms_instance_change";
/// The event type of a task's changes.
pub const TASK_CHANGE: &str = "bpms_task_change";

/// In which shape event bodies are pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventShape {
    /// With `eventId`, `EventTime`, `CorpId`.
    #[default]
    New,
    /// As captured from 2017 to 2023: `corpId`, and neither id nor time of the event.
    Captured,
}

/// Something that happened.
#[derive(Debug, Clone, Serialize)]
#[allow(clippy::struct_field_names)] // `EventType` is the protocol's own word
pub struct Event {
    /// Its own id.
    pub id: String,
    /// [`INSTANCE_CHANGE`] or [`TASK_CHANGE`].
    pub event_type: &'static str,
    /// `start`, `finish`, `terminate`, `delete`, `cancel` or `comment`.
    pub kind: &'static str,
    /// The template.
    pub process_code: ProcessCode,
    /// The instance.
    pub instance: InstanceId,
    /// When it happened.
    pub at: Timestamp,
    corp_id: String,
    fields: Map<String, Value>,
}

impl Event {
    /// The body that is pushed.
    pub fn body(&self, shape: EventShape) -> Value {
        let mut body = self.fields.clone();
        body.insert("EventType".into(), json!(self.event_type));
        match shape {
            EventShape::New => {
                let time = self.at.as_millisecond();
                body.insert("EventTime".into(), json!(time));
                body.insert("CorpId".into(), json!(self.corp_id));
                body.insert("BizId".into(), json!(time.to_string()));
                body.insert("eventId".into(), json!(self.id));
            }
            EventShape::Captured => {
                body.insert("corpId".into(), json!(self.corp_id));
            }
        }
        body.into()
    }

    /// The organisation in which it happened.
    pub fn corp_id(&self) -> &str {
        &self.corp_id
    }
}

/// An instance started, finished, was terminated or deleted.
pub(crate) fn instance(
    instance: &Instance,
    corp_id: &str,
    random: &dyn Random,
    kind: &'static str,
    now: Timestamp,
) -> Event {
    let mut fields = common(instance, kind);
    fields.insert("staffId".into(), json!(instance.originator));
    fields.insert("createTime".into(), json!(instance.created.as_millisecond()));
    fields.insert("businessType".into(), json!(""));
    fields.insert("url".into(), json!(page_address(corp_id, &instance.id)));
    if let (Some(finished), "finish" | "terminate") = (instance.finished, kind) {
        fields.insert("finishTime".into(), json!(finished.as_millisecond()));
    }
    if let (Some(outcome), "finish") = (instance.outcome, kind) {
        fields.insert("result".into(), json!(outcome));
    }
    event(instance, INSTANCE_CHANGE, kind, corp_id, fields, random, now)
}

/// A task started, finished or was cancelled.
pub(crate) fn task(
    instance: &Instance,
    corp_id: &str,
    random: &dyn Random,
    task: &Task,
    kind: &'static str,
    remark: Option<&str>,
    now: Timestamp,
) -> Event {
    let mut fields = common(instance, kind);
    fields.insert("taskId".into(), json!(task.id));
    fields.insert("staffId".into(), json!(task.user));
    fields.insert("createTime".into(), json!(task.created.as_millisecond()));
    if let Some(finished) = task.finished {
        fields.insert("finishTime".into(), json!(finished.as_millisecond()));
    }
    if let Some(outcome) = task.outcome {
        fields.insert("result".into(), json!(outcome));
    }
    if let Some(remark) = remark {
        fields.insert("remark".into(), json!(remark));
    }
    event(instance, TASK_CHANGE, kind, corp_id, fields, random, now)
}

/// Somebody wrote a comment.
pub(crate) fn comment(
    instance: &Instance,
    corp_id: &str,
    random: &dyn Random,
    user: &UserId,
    text: &str,
    now: Timestamp,
) -> Event {
    let mut fields = common(instance, "comment");
    fields.insert("staffId".into(), json!(user));
    fields.insert("createTime".into(), json!(now.as_millisecond()));
    fields.insert("content".into(), json!(text));
    event(instance, TASK_CHANGE, "comment", corp_id, fields, random, now)
}

fn common(instance: &Instance, kind: &str) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("type".into(), json!(kind));
    fields.insert("processInstanceId".into(), json!(instance.id));
    fields.insert("processCode".into(), json!(instance.process_code));
    fields.insert("businessId".into(), json!(instance.business_id));
    fields.insert("bizCategoryId".into(), json!(""));
    fields.insert("title".into(), json!(instance.title));
    fields
}

fn event(
    instance: &Instance,
    event_type: &'static str,
    kind: &'static str,
    corp_id: &str,
    fields: Map<String, Value>,
    random: &dyn Random,
    now: Timestamp,
) -> Event {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    Event {
        id: format!("{:032x}", u128::from_be_bytes(bytes)),
        event_type,
        kind,
        process_code: instance.process_code.clone(),
        instance: instance.id.clone(),
        at: now,
        corp_id: corp_id.to_owned(),
        fields,
    }
}

fn page_address(corp_id: &str, id: &InstanceId) -> String {
    format!(
        "https://aflow.dingtalk.com/dingtalk/mobile/homepage.htm?corpid={corp_id}&dd_share=false&showmenu=false\
         &dd_progress=false&back=native&procInstId={id}&taskId=&swfrom=isv&dinghash=approval&dtaction=os\
         &dd_from=corp#approval"
    )
}
