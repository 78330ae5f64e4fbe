//! Which member of an answer says what kind of thing. Names are compared without case, `_` and `-`.

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

const TABLE: [(Says, &[&str]); 14] = [
    (Says::Success, &["success"]),
    (
        Says::Worked,
        &["succeed", "succeeded", "successful", "successfully", "ok", "isok", "accepted", "acknowledged"],
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
            "description",
            "desc",
            "detail",
            "details",
            "tip",
            "tips",
            "info",
            "retmsg",
            "returnmsg",
            "resultmsg",
            "resultmessage",
            "respmsg",
            "statustext",
            "statusmessage",
            "text",
            "submsg",
        ],
    ),
    (Says::Reason, &["reason", "remark", "comment", "opinion"]),
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

/// What a member of this name says.
pub(in crate::dataphin) fn says(name: &str) -> Says {
    let name = squeezed(name);
    let known = TABLE.iter().find(|(_, names)| names.contains(&name.as_str()));
    known.map_or_else(|| like(&name), |(says, _)| *says)
}

/// `isSuccess`, `bizSuccess`, `successFlag`; but no `successCount`.
fn like(name: &str) -> Says {
    const NOT_WHETHER: [&str; 10] =
        ["count", "num", "number", "total", "list", "time", "msg", "message", "code", "url"];
    if name.contains("success") && !NOT_WHETHER.iter().any(|end| name.ends_with(end)) {
        Says::Worked
    } else {
        Says::Else
    }
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
        ] {
            assert_eq!(says(name), expected, "{name}");
        }
    }
}
