//! The ids of a template's instances, by the time of their creation.
//!
//! Protocol: "Obtain an approval list of instance ids". A list that does not say all it should is an error, never an empty
//! list: whoever looks for an instance must know that it looked in vain.

use std::collections::HashSet;

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Api, DingTalk, DingTalkError,
    answer::{member, number_or_text},
    snapshot::ID_LIMIT,
};
use crate::approval::{InstanceId, ProcessCode, UserId};

const IDS_A_PAGE: usize = 20;
/// A list that goes on after so many empty pages in a row does not end.
const MAX_EMPTY_PAGES: usize = 2;

/// Instances of a template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstanceList {
    /// Their ids, each once, in DingTalk's order.
    pub ids: Vec<InstanceId>,
    /// Whether these are all; else there were more pages than allowed, or the list did not advance.
    pub complete: bool,
}

/// Which instances are asked for.
pub(super) struct ListQuery<'a> {
    pub process_code: &'a ProcessCode,
    pub from: Timestamp,
    pub until: Timestamp,
    pub originator: Option<&'a UserId>,
    /// None: whatever theirs is.
    pub statuses: &'a [&'a str],
}

impl DingTalk {
    /// Instances of a template that were created within a window of time, of one originator or of all; no more than so
    /// many pages of 20 hold, each of which is a paid call.
    pub async fn instance_ids(
        &self,
        process_code: &ProcessCode,
        from: Timestamp,
        until: Timestamp,
        originator: Option<&UserId>,
        max_pages: usize,
    ) -> Result<InstanceList, DingTalkError> {
        self.list(&ListQuery { process_code, from, until, originator, statuses: &[] }, max_pages).await
    }

    /// Those of them that have not ended.
    pub(crate) async fn running_ids(
        &self,
        process_code: &ProcessCode,
        from: Timestamp,
        until: Timestamp,
        max_pages: usize,
    ) -> Result<InstanceList, DingTalkError> {
        let query = ListQuery { process_code, from, until, originator: None, statuses: &["RUNNING"] };
        self.list(&query, max_pages).await
    }

    async fn list(&self, query: &ListQuery<'_>, max_pages: usize) -> Result<InstanceList, DingTalkError> {
        let path = "/v1.0/workflow/processes/instanceIds/query";
        let mut walk = Walk::default();
        for _ in 0..max_pages {
            let Next::Page(token) = walk.next else { break };
            let body = query.body(token);
            let answer = self.call(Api::ListInstanceIds, Method::POST, path, &[], Some(&body)).await;
            let page = answer
                .and_then(|answer| page(&answer).ok_or_else(|| DingTalkError::unreadable("no list of ids")));
            match page {
                Ok(page) => walk.take(page),
                Err(error) if walk.ids.is_empty() => return Err(error),
                // What came before is seen all the same.
                Err(_) => walk.next = Next::End { complete: false },
            }
        }
        Ok(InstanceList { complete: walk.next == Next::End { complete: true }, ids: walk.ids })
    }
}

impl ListQuery<'_> {
    fn body(&self, token: i64) -> Value {
        let mut body = json!({
            "processCode": self.process_code,
            "startTime": self.from.as_millisecond(),
            "endTime": self.until.as_millisecond(),
            "nextToken": token,
            "maxResults": IDS_A_PAGE,
        });
        if let Some(originator) = self.originator {
            body["userIds"] = json!([originator]);
        }
        if !self.statuses.is_empty() {
            body["statuses"] = json!(self.statuses);
        }
        body
    }
}

/// One page of the list.
#[derive(Debug, PartialEq, Eq)]
struct Page {
    ids: Vec<InstanceId>,
    after: After,
    has_more: bool,
}

/// What a page says of the next one.
#[derive(Debug, PartialEq, Eq)]
enum After {
    /// There is none.
    Nothing,
    /// This is its token.
    Token(i64),
    /// There is one, and how to ask for it cannot be read.
    Unreadable,
}

/// Reads a page; `None` where it is not whole.
fn page(answer: &Value) -> Option<Page> {
    let answer = answer.as_object()?;
    let result = member(answer, &["result"])?.as_object()?;
    // Some stand beside the result.
    let said = |names: &[&str]| member(result, names).or_else(|| member(answer, names));
    let id = |id: &Value| {
        let id = id.as_str().filter(|id| (1..=ID_LIMIT).contains(&id.len()));
        id.map(InstanceId::new)
    };
    let list = member(result, &["list"])?.as_array()?;
    let ids: Vec<InstanceId> = list.iter().filter_map(id).collect();
    if ids.is_empty() && !list.is_empty() {
        return None;
    }
    let is_whole = ids.len() == list.len();
    let total = said(&["totalcount", "total"]).and_then(number_or_text).unwrap_or(0);
    let has_more = said(&["hasmore"]).is_some_and(is_true) || (list.is_empty() && total > 0);
    // Sent as a number, given back as text; absent at the end.
    let after = match said(&["nexttoken", "nextcursor"]) {
        _ if !is_whole => After::Unreadable,
        None if has_more => After::Unreadable,
        None => After::Nothing,
        Some(Value::String(text)) if text.trim().is_empty() && has_more => After::Unreadable,
        Some(Value::String(text)) if text.trim().is_empty() => After::Nothing,
        Some(token) => number_or_text(token).map_or(After::Unreadable, After::Token),
    };
    Some(Page { ids, after, has_more })
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(value) => *value,
        Value::String(text) => {
            ["true", "1", "y", "yes"].iter().any(|word| text.trim().eq_ignore_ascii_case(word))
        }
        value => number_or_text(value).is_some_and(|number| number != 0),
    }
}

/// Where a walk through the pages stands.
#[derive(Debug, Default)]
struct Walk {
    ids: Vec<InstanceId>,
    known: HashSet<InstanceId>,
    sent: HashSet<i64>,
    /// Empty pages in a row.
    empty: usize,
    next: Next,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The page with this token is to be asked for.
    Page(i64),
    /// The walk is over.
    End { complete: bool },
}

impl Default for Next {
    fn default() -> Self {
        Self::Page(0)
    }
}

impl Walk {
    fn take(&mut self, page: Page) {
        if let Next::Page(token) = self.next {
            self.sent.insert(token);
        }
        let is_full = page.ids.len() >= IDS_A_PAGE;
        let before = self.ids.len();
        let count = page.ids.len();
        self.ids.extend(page.ids.into_iter().filter(|id| self.known.insert(id.clone())));
        let repeats = self.ids.len() - before < count;
        self.empty = if count == 0 { self.empty + 1 } else { 0 };
        self.next = match page.after {
            After::Nothing => Next::End { complete: true },
            After::Unreadable => Next::End { complete: false },
            After::Token(_) if self.empty > MAX_EMPTY_PAGES => Next::End { complete: false },
            After::Token(token) if token > 0 && !self.sent.contains(&token) => Next::Page(token),
            // It names a page that it does not give.
            After::Token(token) if token > 0 && count == 0 => Next::End { complete: false },
            // A token that does not advance ends the walk. After a page that is not full there is nothing more; one
            // that is full, that came before, or that says that there is more is not the last.
            After::Token(_) => Next::End { complete: !is_full && !repeats && !page.has_more },
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks through answers, each given when its token is asked for; gives the calls, the ids and whether these are all.
    fn walked(pages: &[Value]) -> Option<(usize, usize, bool)> {
        let mut walk = Walk::default();
        let mut calls = 0;
        while let (Next::Page(_), true) = (walk.next, calls < 50) {
            let answer = json!({"success": true, "result": pages[calls.min(pages.len() - 1)]});
            walk.take(page(&answer)?);
            calls += 1;
        }
        Some((calls, walk.ids.len(), walk.next == Next::End { complete: true }))
    }

    fn ids(from: usize, count: usize) -> Value {
        (from..from + count).map(|n| format!("i{n}")).collect()
    }

    #[test]
    fn a_token_that_does_not_advance_ends_the_walk() {
        for token in [json!(0), json!("0"), json!(-1), json!("-1"), json!(0.0)] {
            let empty = json!({"list": [], "nextToken": token});
            assert_eq!(walked(&[empty]), Some((1, 0, true)), "{token}");
            let some = json!({"list": ids(0, 3), "nextToken": token});
            assert_eq!(walked(&[some]), Some((1, 3, true)), "{token}");
            let full = json!({"list": ids(0, 20), "nextToken": token});
            assert_eq!(walked(&[full]), Some((1, 20, false)), "after a full page there may be more: {token}");
        }
        let first = json!({"list": ids(0, 20), "nextToken": "20"});
        let stuck = json!({"list": ids(20, 20), "nextToken": "20"});
        assert_eq!(walked(&[first.clone(), stuck]), Some((2, 40, false)), "the token that was sent");
        assert_eq!(walked(std::slice::from_ref(&first)), Some((2, 20, false)), "the same page again");
        let last = json!({"list": ids(20, 4), "nextToken": "20"});
        assert_eq!(walked(&[first.clone(), last]), Some((2, 24, true)));
        let second = json!({"list": ids(20, 20), "nextToken": 40});
        let back = json!({"list": ids(40, 20), "nextToken": 20});
        assert_eq!(walked(&[first, second, back]), Some((3, 60, false)), "a token that was seen before");
    }

    #[test]
    fn a_list_that_advances_is_walked_to_its_end() {
        let first = json!({"list": ids(0, 20), "nextToken": "20"});
        for end in [json!({"list": ids(20, 3)}), json!({"list": ids(20, 3), "nextToken": null})] {
            assert_eq!(walked(&[first.clone(), end]), Some((2, 23, true)));
        }
        let none = json!({"list": [], "nextToken": ""});
        assert_eq!(walked(&[first.clone(), none]), Some((2, 20, true)));
        let endless = |n: usize| json!({"list": ids(n * 20, 20), "nextToken": (n + 1) * 20});
        let pages: Vec<Value> = (0..50).map(endless).collect();
        assert_eq!(walked(&pages), Some((50, 1_000, false)));
        for token in [json!(0), json!("0"), json!(-1), json!(""), json!(" "), json!(null), json!("abc")] {
            let page = json!({"list": [], "hasMore": true, "nextToken": token});
            assert_eq!(walked(&[page]), Some((1, 0, false)), "there is more, and no way to it: {token}");
        }
        for more in [json!(1), json!("1"), json!("true")] {
            assert_eq!(walked(&[json!({"list": [], "hasMore": more})]), Some((1, 0, false)), "{more}");
        }
        assert_eq!(walked(&[json!({"list": [], "totalCount": 3})]), Some((1, 0, false)));
        let same = json!({"list": [], "nextToken": "20"});
        assert_eq!(walked(&[same.clone(), same]), Some((2, 0, false)), "a page that is never given");
        let beside = json!({"result": {"list": []}, "hasMore": true, "nextToken": 0});
        assert!(page(&beside).unwrap().has_more);
        let unreadable = [json!({"list": [], "nextToken": "abc"}), json!({"list": [], "hasMore": true})];
        assert_eq!(unreadable.map(|page| walked(&[page])), [Some((1, 0, false)); 2]);
        let upper = json!({"List": ids(0, 3), "HasMore": false});
        assert_eq!(walked(&[upper]), Some((1, 3, true)));
    }

    #[test]
    fn a_list_that_is_not_whole_is_no_list() {
        let table = [
            json!({}),
            json!({"result": null}),
            json!({"result": []}),
            json!({"result": {}}),
            json!({"result": {"list": null}}),
            json!({"result": {"list": "i1"}}),
            json!({"result": {"list": {"0": "i1"}}}),
        ];
        for answer in table {
            assert_eq!(page(&answer), None, "{answer}");
        }
        for list in [json!(["i1", 7]), json!(["i1", ""]), json!(["i1", "i".repeat(129)])] {
            assert_eq!(walked(&[json!({"list": list})]), Some((1, 1, false)), "its other ids are: {list}");
        }
        let endless = |n: usize| json!({"list": [], "nextToken": n + 1});
        let pages: Vec<Value> = (0..50).map(endless).collect();
        assert_eq!(walked(&pages), Some((3, 0, false)), "empty pages without end");
    }

    #[test]
    fn the_originator_is_asked_for_by_name() {
        let (code, ada) = (ProcessCode::new("PROC-1"), UserId::new("ada"));
        let now = Timestamp::UNIX_EPOCH;
        let mut query =
            ListQuery { process_code: &code, from: now, until: now, originator: Some(&ada), statuses: &[] };
        assert_eq!(query.body(20)["userIds"], json!(["ada"]));
        query.originator = None;
        assert_eq!(query.body(0).get("userIds"), None);
    }
}
