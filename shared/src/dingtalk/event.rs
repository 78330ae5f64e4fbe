//! What DingTalk reports, in every shape it was seen to take, as events of our own.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::answer::number_or_text;
use crate::approval::{HintResult, InstanceId, ProcessCode, UserId};

/// No id of DingTalk's is longer, in bytes.
const LONGEST_ID: usize = 128;

/// The member that tells our own `check_url` from DingTalk's.
pub(super) const OWN_CHECK: &str = "approvalBridge";

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// DingTalk checks our address while an administrator saves it.
    CheckUrl,
    /// We check our address ourselves.
    OwnCheck,
    /// An instance has begun.
    InstanceStarted {
        /// Which.
        instance: InstanceId,
        /// Of which template; older pushes do not say.
        process_code: Option<ProcessCode>,
    },
    /// An instance has ended.
    InstanceEnded {
        /// Which.
        instance: InstanceId,
        /// Of which template; older pushes do not say.
        process_code: Option<ProcessCode>,
        /// How it ended.
        result: HintResult,
        /// When, by DingTalk's clock.
        finished_at: Option<Timestamp>,
    },
    /// Something happened to one person's task.
    Task {
        /// Of which instance.
        instance: InstanceId,
        /// Whose task.
        user: UserId,
        /// What happened, for the timeline.
        what: &'static str,
    },
    /// Anything else, by its name: acknowledged and forgotten.
    Other(String),
}

/// The message is no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the decrypted message is no event")]
pub struct NoEvent;

impl Event {
    /// The instance that it is about.
    pub fn instance(&self) -> Option<&InstanceId> {
        match self {
            Self::InstanceStarted { instance, .. }
            | Self::InstanceEnded { instance, .. }
            | Self::Task { instance, .. } => Some(instance),
            Self::CheckUrl | Self::OwnCheck | Self::Other(_) => None,
        }
    }

    /// Reads an event from the decrypted message of an HTTP push, or from a Stream frame.
    pub fn parse(message: &[u8]) -> Result<Self, NoEvent> {
        let Ok(Value::Object(outer)) = serde_json::from_slice(message) else { return Err(NoEvent) };
        let kind = text(&outer, &["EventType", "eventType"]).ok_or(NoEvent)?;
        // Stream mode nests the rest in `data`: drawn as an object in the documentation, JSON text on the wire.
        let inner = match outer.get("data") {
            Some(Value::Object(inner)) => inner.clone(),
            Some(Value::String(inner)) => serde_json::from_str(inner).unwrap_or_default(),
            _ => outer,
        };
        Ok(match kind.as_str() {
            "check_url" if inner.contains_key(OWN_CHECK) => Self::OwnCheck,
            "check_url" => Self::CheckUrl,
            "bpms_instance_change" => instance_change(&inner).unwrap_or(Self::Other(kind)),
            "bpms_task_change" => task_change(&inner).unwrap_or(Self::Other(kind)),
            _ => Self::Other(kind),
        })
    }
}

fn instance_change(event: &Map<String, Value>) -> Option<Event> {
    let process_code = text(event, &["processCode"]).map(ProcessCode::new);
    if text(event, &["type"])? == "start" {
        return Some(Event::InstanceStarted { instance: instance(event)?, process_code });
    }
    let result = match (text(event, &["type"])?.as_str(), text(event, &["result"]).as_deref()) {
        ("finish", Some("agree")) => HintResult::Agreed,
        ("finish", Some("refuse")) => HintResult::Refused,
        ("finish", _) => HintResult::Finished,
        ("terminate", _) => HintResult::Terminated,
        ("delete", _) => HintResult::Deleted,
        _ => return None,
    };
    let finished_at = event.get("finishTime").and_then(number_or_text);
    Some(Event::InstanceEnded {
        instance: instance(event)?,
        process_code,
        result,
        finished_at: finished_at.and_then(|ms| Timestamp::from_millisecond(ms).ok()),
    })
}

fn task_change(event: &Map<String, Value>) -> Option<Event> {
    let what = match (text(event, &["type"])?.as_str(), text(event, &["result"]).as_deref()) {
        ("start", _) => "has it on their desk",
        ("finish", Some("agree")) => "agreed",
        ("finish", Some("refuse")) => "refused",
        ("finish", Some("redirect")) => "passed it on",
        ("finish", _) => "is done with it",
        ("cancel", _) => "need not decide any more",
        ("comment", _) => "commented",
        _ => return None,
    };
    Some(Event::Task { instance: instance(event)?, user: UserId::new(id(event, "staffId")?), what })
}

fn instance(event: &Map<String, Value>) -> Option<InstanceId> {
    id(event, "processInstanceId").map(InstanceId::new)
}

/// What goes into the store is bounded.
fn id(event: &Map<String, Value>, name: &str) -> Option<String> {
    text(event, &[name]).filter(|id| id.len() <= LONGEST_ID)
}

fn text(event: &Map<String, Value>, names: &[&str]) -> Option<String> {
    let text = names.iter().find_map(|name| event.get(*name)?.as_str())?;
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../tests/fixtures/dingtalk/", $name, ".json"))
        };
    }

    fn ended(message: &[u8]) -> (String, HintResult, bool) {
        match Event::parse(message).unwrap() {
            Event::InstanceEnded { instance, result, finished_at, .. } => {
                (instance.to_string(), result, finished_at.is_some())
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_end_of_an_instance_is_read_from_every_published_shape() {
        let id = "9Qgx5QqjR7axMwxxxx".to_owned();
        assert_eq!(
            ended(fixture!("event_instance_finish_agree_doc_new")),
            (id.clone(), HintResult::Agreed, true)
        );
        assert_eq!(ended(fixture!("event_instance_finish_stream_doc")), (id, HintResult::Agreed, true));
        let old = ended(fixture!("event_instance_finish_refuse_doc"));
        assert_eq!((old.1, old.2), (HintResult::Refused, true));
    }

    #[test]
    fn a_stream_frame_with_text_inside_is_read_too() {
        let frame = br#"{"eventType":"bpms_instance_change","data":"{\"type\":\"terminate\",\"processInstanceId\":\"i\",\"finishTime\":\"1495592272000\"}"}"#;
        assert_eq!(ended(frame), ("i".to_owned(), HintResult::Terminated, true));
    }

    #[test]
    fn a_start_is_told_from_an_end() {
        let event = Event::parse(fixture!("event_instance_start_doc")).unwrap();
        assert!(matches!(event, Event::InstanceStarted { .. }), "{event:?}");
    }

    #[test]
    fn tasks_are_read_in_old_and_new_shapes() {
        let events: Vec<Value> = serde_json::from_slice(fixture!("events_task_doc")).unwrap();
        let whats: Vec<_> = events
            .iter()
            .map(|event| match Event::parse(event.to_string().as_bytes()).unwrap() {
                Event::Task { what, .. } => what,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(whats, ["has it on their desk", "refused", "passed it on"]);
        assert!(matches!(
            Event::parse(fixture!("event_task_finish_doc_new")),
            Ok(Event::Task { what: "agreed", .. })
        ));
    }

    #[test]
    fn an_id_longer_than_any_is_not_kept() {
        for (instance, staff) in [("i", "s".repeat(129)), (&*"i".repeat(129), "s".to_owned())] {
            let event = serde_json::json!({"EventType": "bpms_task_change", "type": "start",
                "processInstanceId": instance, "staffId": staff});
            let event = Event::parse(event.to_string().as_bytes()).unwrap();
            assert_eq!(event, Event::Other("bpms_task_change".to_owned()));
        }
    }

    #[test]
    fn what_is_no_event_is_said_to_be_none() {
        for message in [&b""[..], b"success", b"[]", b"{}", b"{\"EventType\":7}", b"\xff"] {
            assert_eq!(Event::parse(message), Err(NoEvent));
        }
        assert_eq!(Event::parse(fixture!("event_check_url")), Ok(Event::CheckUrl));
    }
}
