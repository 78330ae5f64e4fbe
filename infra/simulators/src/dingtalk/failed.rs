//! The failed list: events that no attempt delivered. Each call deletes what the previous call returned.
//!
//! Spec section 4.4.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{call::Call, errors::Answer, state::State};

const LARGEST_PAGE: usize = 200;

/// An event that nobody acknowledged.
pub(crate) struct Failed {
    pub tag: &'static str,
    pub corp_id: String,
    pub happened: Timestamp,
    /// When it shows in the list.
    pub visible: Timestamp,
    pub body: Value,
}

impl Failed {
    fn data(&self) -> Value {
        json!({"bpmsCallBackData": self.body, "corpid": self.corp_id})
    }
}

/// All such events.
#[derive(Default)]
pub(crate) struct FailedList {
    waiting: VecDeque<Failed>,
    returned: usize,
}

impl FailedList {
    pub fn add(&mut self, failed: Failed) {
        self.waiting.push_back(failed);
    }

    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// The next ones, and whether there are more.
    fn next(&mut self, now: Timestamp) -> (Vec<&Failed>, bool) {
        self.waiting.drain(..self.returned);
        let visible = self.waiting.iter().take_while(|failed| failed.visible <= now).count();
        self.returned = visible.min(LARGEST_PAGE);
        (self.waiting.iter().take(self.returned).collect(), visible > self.returned)
    }
}

/// `GET /call_back/get_call_back_failed_result`
#[allow(clippy::unnecessary_wraps)] // the catalog's calls can all fail
pub(crate) fn legacy(state: &mut State, _: &Call) -> Answer {
    let now = state.now();
    let (failed, has_more) = state.failed.next(now);
    let list: Vec<Value> = failed
        .into_iter()
        .map(|failed| {
            let mut entry = Map::new();
            entry.insert(failed.tag.into(), failed.data());
            entry.insert("call_back_tag".into(), json!(failed.tag));
            entry.insert("event_time".into(), json!(failed.happened.as_millisecond()));
            entry.into()
        })
        .collect();
    Ok(json!({"errcode": 0, "errmsg": "ok", "failed_list": list, "has_more": has_more}))
}

/// `GET /v1.0/event/callbacks/failedResults`
#[allow(clippy::unnecessary_wraps)] // the catalog's calls can all fail
pub(crate) fn v1(state: &mut State, _: &Call) -> Answer {
    let now = state.now();
    let (failed, has_more) = state.failed.next(now);
    let list: Vec<Value> = failed
        .into_iter()
        .map(|failed| {
            json!({
                "callBackData": failed.data(),
                "callBackTag": failed.tag,
                "corpId": failed.corp_id,
                "eventTime": failed.happened.as_millisecond(),
            })
        })
        .collect();
    Ok(json!({"failedList": list, "hasMore": has_more}))
}
