//! Which member of an answer says what kind of thing. Names are compared without case, `_` and `-`.

use crate::dataphin::closed::tokens::{Kind, tokens};

/// What a member says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::dataphin) enum Says {
    /// Whether it worked: `success`. True is a yes.
    Success,
    /// The same under a name whose yes is not believed: `isSuccess`. False is a no.
    Worked,
    /// `code`: a yes, or a no.
    Code,
    /// `errcode`: 0 is a yes, anything else a no.
    ErrCode,
    /// Another code: a no, or nothing.
    OtherCode,
    /// What may be a code: a doubt, or nothing.
    CodeLike,
    /// What may be a result (`opResult`): a no where it says one.
    ResultLike,
    /// How many failed.
    FailCount,
    /// Whether it was carried out, or how often (`processed`, `affectedRows`): false and 0 raise doubt.
    Done,
    /// Whether it passed, which may be the decision itself within an answer's content: false raises doubt.
    Passed,
    /// What was in the way (`expired`, `loginUrl`): anything but nothing raises doubt.
    InTheWay,
    /// The HTTP status once more, as every gateway repeats it: a no, or nothing.
    HttpStatus,
    /// A status, which may be that of the request itself: a no only where it is one of an error.
    Status,
    /// `result`.
    Result,
    /// What holds the answer's content: false is a no.
    Data,
    /// An error: there, or not.
    Error,
    /// An error in words: none, or one.
    ErrorMessage,
    /// Words for people.
    Message,
    /// Words for people, or within an answer's content those of the request itself.
    Reason,
    /// A gateway's ban.
    Ban,
    /// Nothing that we know.
    Else,
}

const TABLE: [(Says, &[&str]); 17] = [
    (Says::Success, &["success"]),
    (
        Says::Worked,
        &[
            "succeed",
            "succeeded",
            "successful",
            "successfully",
            "ok",
            "isok",
            "accepted",
            "acknowledged",
            "ack",
            "succ",
            "suc",
        ],
    ),
    (Says::Code, &["code"]),
    (Says::ErrCode, &["errcode"]),
    (
        Says::OtherCode,
        &[
            "errorcode",
            "errno",
            "errorno",
            "ret",
            "retcode",
            "returncode",
            "resultcode",
            "respcode",
            "responsecode",
            "rspcode",
            "bizcode",
            "subcode",
            "rc",
        ],
    ),
    (Says::HttpStatus, &["statuscode", "httpcode", "httpstatus", "httpstatuscode"]),
    (Says::Status, &["status", "state"]),
    (Says::Result, &["result", "results", "checkresult"]),
    (
        Says::Data,
        &["data", "body", "response", "payload", "returnvalue", "model", "module", "object", "value"],
    ),
    (
        Says::Error,
        &[
            "error",
            "errors",
            "err",
            "haserror",
            "iserror",
            "fail",
            "failed",
            "failure",
            "failures",
            "isfail",
            "isfailed",
            "isfailure",
            "exception",
            "exceptions",
            "errorinfo",
            "errordetail",
            "errordetails",
            "stacktrace",
            "stack",
            "unauthorized",
            "needlogin",
            "loginrequired",
            "needretry",
            "unprocessed",
        ],
    ),
    (
        Says::ErrorMessage,
        &[
            "errormessage",
            "errormsg",
            "errmessage",
            "errordescription",
            "failmessage",
            "failreason",
            "exceptionmessage",
        ],
    ),
    (
        Says::Message,
        &[
            "message",
            "msg",
            "errmsg",
            "tip",
            "tips",
            "cause",
            "trace",
            "note",
            "retmsg",
            "returnmsg",
            "resultmsg",
            "resultmessage",
            "respmsg",
            "statustext",
            "statusmessage",
            "submsg",
        ],
    ),
    (
        Says::Reason,
        &[
            "reason",
            "remark",
            "comment",
            "opinion",
            "description",
            "desc",
            "detail",
            "details",
            "info",
            "text",
        ],
    ),
    (
        Says::Done,
        &[
            "flag",
            "valid",
            "allowed",
            "completed",
            "updated",
            "executed",
            "processed",
            "handled",
            "saved",
            "done",
            "affected",
            "affectedrows",
            "applied",
            "changed",
            "delivered",
            "matched",
            "modified",
            "modifiedcount",
            "persisted",
            "recorded",
            "rowsaffected",
            "synced",
            "updatecount",
            "updatedcount",
            "updatedrows",
        ],
    ),
    (Says::Passed, &["pass", "passed"]),
    (
        Says::InTheWay,
        &[
            "degraded",
            "expired",
            "ignored",
            "limited",
            "loginurl",
            "readonly",
            "redirecturl",
            "skipped",
            "throttled",
            "timedout",
            "timeout",
        ],
    ),
    (
        Says::Ban,
        &[
            "punish",
            "deny",
            "denied",
            "blocked",
            "forbidden",
            "banned",
            "captcha",
            "rgv587flag",
            "intercepted",
        ],
    ),
];

/// What a member of this name says: a known name, or one that is made of known parts.
pub(in crate::dataphin) fn says(name: &str) -> Says {
    let whole = squeezed(name);
    let known = TABLE.iter().find(|(_, names)| names.contains(&whole.as_str()));
    known.map_or_else(|| like(&whole).unwrap_or_else(|| by_parts(name)), |(says, _)| *says)
}

const FAILED: [&str; 7] = ["fail", "failed", "failure", "err", "error", "exception", "fault"];
/// Of the answer itself, and not of what it is about: `rtnCode`, but no `templateCode`.
const OF_THE_ANSWER: [&str; 28] = [
    "ack",
    "api",
    "biz",
    "business",
    "call",
    "callback",
    "deal",
    "exec",
    "execute",
    "handle",
    "handling",
    "head",
    "inner",
    "msg",
    "op",
    "operation",
    "proces",
    "process",
    "reply",
    "resp",
    "response",
    "result",
    "return",
    "ret",
    "rsp",
    "rtn",
    "state",
    "status",
];
const SHORT_OF_THE_ANSWER: [&str; 3] = ["res", "sub", "sys"];
const COUNTS: [&str; 7] = ["amount", "cnt", "count", "num", "number", "size", "total"];
const CODES: [&str; 3] = ["cd", "code", "no"];
const TEXTS: [&str; 7] = ["cause", "desc", "description", "message", "msg", "reason", "text"];
const THINGS: [&str; 10] = ["data", "detail", "flag", "id", "ids", "info", "item", "list", "record", "row"];
const BEFORE_FAILED: [&str; 6] = ["biz", "has", "inner", "is", "sub", "sys"];

/// What a name of several parts says: `failedIds`, `error_count`, `rtnCode`, `opResult`.
fn by_parts(name: &str) -> Says {
    let is_known = |word: &str| {
        [&FAILED[..], &OF_THE_ANSWER, &COUNTS, &CODES, &TEXTS, &THINGS]
            .iter()
            .any(|list| list.contains(&word))
    };
    let words = tokens(name, &is_known).into_iter().filter_map(|token| match token.kind {
        Kind::Word(word) => Some(word),
        _ => None,
    });
    let parts: Vec<String> = words.collect();
    let [first, .., last] = &parts[..] else { return Says::Else };
    let (first, last) = (first.as_str(), last.as_str());
    let is_of_the_answer = OF_THE_ANSWER.contains(&first) || SHORT_OF_THE_ANSWER.contains(&first);
    let has_failed = parts.iter().any(|part| FAILED.contains(&part.as_str()));
    if has_failed {
        return match last {
            last if COUNTS.contains(&last) => Says::FailCount,
            last if CODES.contains(&last) => Says::OtherCode,
            last if TEXTS.contains(&last) => Says::ErrorMessage,
            last if FAILED.contains(&first) && THINGS.contains(&last) => Says::Error,
            last if FAILED.contains(&last) && BEFORE_FAILED.contains(&first) => Says::Error,
            _ => Says::Else,
        };
    }
    match last {
        "code" | "cd" if matches!(first, "state" | "status") => Says::Status,
        // Of a DingTalk template.
        "code" if matches!(first, "process" | "proces") => Says::Else,
        "code" | "cd" if is_of_the_answer => Says::CodeLike,
        "result" | "status" | "flag" if is_of_the_answer => Says::ResultLike,
        last if is_of_the_answer && TEXTS.contains(&last) => Says::Message,
        _ => Says::Else,
    }
}

/// `isSuccess`, `bizSuccess`, `successFlag`; but no `successCount`.
fn like(name: &str) -> Option<Says> {
    const NOT_WHETHER: [&str; 10] =
        ["count", "num", "number", "total", "list", "time", "msg", "message", "code", "url"];
    let is_whether = name.contains("success") && !NOT_WHETHER.iter().any(|end| name.ends_with(end));
    is_whether.then_some(Says::Worked)
}

/// A name as it is compared.
pub(in crate::dataphin) fn squeezed(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_in_any_spelling() {
        for (name, expected) in [
            ("success", Says::Success),
            ("SUCCESS", Says::Success),
            ("is_success", Says::Worked),
            ("successFlag", Says::Worked),
            ("successCount", Says::Else),
            ("Code", Says::Code),
            ("err_code", Says::ErrCode),
            ("errorCode", Says::OtherCode),
            ("HttpStatusCode", Says::HttpStatus),
            ("applyId", Says::Else),
            ("failedIds", Says::Error),
            ("failCount", Says::FailCount),
            ("error_count", Says::FailCount),
            ("errorcount", Says::FailCount),
            ("failedList", Says::Error),
            ("failMsg", Says::ErrorMessage),
            ("failureReason", Says::ErrorMessage),
            ("exceptionMsg", Says::ErrorMessage),
            ("exceptionCode", Says::OtherCode),
            ("bizError", Says::Error),
            ("rtnCode", Says::CodeLike),
            ("rspCd", Says::CodeLike),
            ("stateCode", Says::Status),
            ("resultStatus", Says::ResultLike),
            ("opResult", Says::ResultLike),
            ("callbackResult", Says::ResultLike),
            ("statusDesc", Says::Message),
            ("affected_rows", Says::Done),
            ("loginUrl", Says::InTheWay),
            ("templateCode", Says::Else),
            ("processCode", Says::Else),
            ("tenantNo", Says::Else),
            ("errorLevel", Says::Else),
            ("failoverUrl", Says::Else),
        ] {
            assert_eq!(says(name), expected, "{name}");
        }
    }
}
