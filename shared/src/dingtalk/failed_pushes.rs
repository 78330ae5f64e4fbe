//! Events that DingTalk gave up pushing: its list of failed pushes.

use reqwest::Method;
use serde_json::Value;

use super::{Api, DingTalk, DingTalkError, Event, Verified};
use crate::json;

impl DingTalk {
    /// A page of the events that could not be pushed, and whether there are more. **Each call deletes what the one
    /// before returned.** They come over an authenticated call, so they are as good as a verified push.
    pub async fn failed_pushes(&self) -> Result<(Vec<Verified<Event>>, bool), DingTalkError> {
        let path = "/call_back/get_call_back_failed_result";
        let answer = self.call_oapi(Api::FailedPushes, Method::GET, path, None).await?;
        let entries = answer.get("failed_list").and_then(Value::as_array).into_iter().flatten();
        let more = answer.get("has_more").is_some_and(|more| *more == true || *more == "true");
        Ok((events(entries), more))
    }
}

fn events<'a>(entries: impl Iterator<Item = &'a Value>) -> Vec<Verified<Event>> {
    entries.filter_map(event).map(Verified::fetched).collect()
}

/// `{"call_back_tag":"bpms_instance_change","bpms_instance_change":{"bpmsCallBackData":{…}}}`: the event is inside, as an
/// object or as JSON text. One that cannot be read is left out: the page holds others.
fn event(entry: &Value) -> Option<Event> {
    let tag = entry.get("call_back_tag")?.as_str()?;
    let outer = unwrapped(entry.get(tag)?)?;
    let bare = || outer.get("processInstanceId").map(|_| &outer);
    let mut inside = unwrapped(outer.get("bpmsCallBackData").or_else(bare)?)?;
    inside.as_object_mut()?.entry("EventType").or_insert_with(|| tag.into());
    Event::parse(inside.to_string().as_bytes()).ok()
}

fn unwrapped(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => json::read(text.as_bytes()).ok(),
        other => Some(other.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_undelivered_end_of_an_instance_is_found_in_its_entry() {
        let entry = json!({"call_back_tag": "bpms_instance_change", "event_time": 1, "bpms_instance_change": {
            "corpid": "ding", "bpmsCallBackData": {"type": "finish", "result": "agree", "processInstanceId": "i"}}});
        assert!(matches!(event(&entry), Some(Event::InstanceEnded { .. })));
        assert_eq!(event(&json!({"call_back_tag": "user_add_org", "user_add_org": {"userid": ["a"]}})), None);
    }

    #[test]
    fn one_odd_entry_does_not_lose_the_page() {
        let entry = |inside: &str| {
            let head = r#"{"call_back_tag":"bpms_instance_change","bpms_instance_change":"#;
            format!(r"{head}{inside}}}")
        };
        let data = r#"{"type":"finish","result":"agree","processInstanceId":"i"}"#;
        let odd_remark = data.replace(r#""agree""#, "\"agree\",\"remark\":\"a\nb\\ud83d\"");
        let entries = [
            entry(&format!(r#"{{"bpmsCallBackData":{data}}}"#)),
            entry(&format!(r#"{{"bpmsCallBackData":{odd_remark}}}"#)),
            entry(&json!({"bpmsCallBackData": odd_remark}).to_string()),
            entry(&json!(format!(r#"{{"bpmsCallBackData":{data}}}"#)).to_string()),
            entry("{\"other\":{}}"),
            entry("\"no json\""),
            entry("[]"),
            "7".to_owned(),
            "null".to_owned(),
            "{}".to_owned(),
        ];
        let page = format!(r#"{{"errcode":0,"failed_list":[{}],"has_more":false}}"#, entries.join(","));
        let page: Value = json::read(page.as_bytes()).unwrap();
        let events = events(page["failed_list"].as_array().unwrap().iter());
        let ended = events.iter().filter(|event| matches!(event.get(), Event::InstanceEnded { .. })).count();
        assert_eq!(ended, 4);
    }
}
