//! Events that DingTalk gave up pushing: its list of failed pushes.

use reqwest::Method;
use serde_json::Value;

use super::{Api, DingTalk, DingTalkError, Event, Verified};

impl DingTalk {
    /// A page of the events that could not be pushed, and whether there are more. **Each call deletes what the one
    /// before returned.** They come over an authenticated call, so they are as good as a verified push.
    pub async fn failed_pushes(&self) -> Result<(Vec<Verified<Event>>, bool), DingTalkError> {
        let path = "/call_back/get_call_back_failed_result";
        let answer = self.call_oapi(Api::FailedPushes, Method::GET, path, None).await?;
        let entries = answer.get("failed_list").and_then(Value::as_array).into_iter().flatten();
        let more = answer.get("has_more").is_some_and(|more| *more == true || *more == "true");
        Ok((entries.filter_map(event).map(Verified::fetched).collect(), more))
    }
}

/// `{"call_back_tag":"bpms_instance_change","bpms_instance_change":{"bpmsCallBackData":{…}}}`: the event is inside.
fn event(entry: &Value) -> Option<Event> {
    let tag = entry.get("call_back_tag")?.as_str()?;
    let mut inside = entry.get(tag)?.get("bpmsCallBackData")?.clone();
    if let Value::String(text) = &inside {
        inside = serde_json::from_str(text).ok()?;
    }
    inside.as_object_mut()?.entry("EventType").or_insert_with(|| tag.into());
    Event::parse(inside.to_string().as_bytes()).ok()
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
}
