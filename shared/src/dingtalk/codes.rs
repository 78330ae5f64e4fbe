//! DingTalk's codes and words that are known, and what each means. What is not here is not known.
//!
//! Published in "Global error codes", "Create an approval instance", "Create an approval form template" and "How to process
//! API throttling"; `Throttling` and `ServiceUnavailable` are the gateway's, and integrators report them.

use super::Class;

/// What a code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The call was not carried out, for a reason of this class.
    NotExecuted(Class),
    /// Usually a bad value; sometimes a passing fault, also after the work was done.
    Doubtful,
    /// DingTalk itself failed.
    Failed,
}

use Class::{Permanent, Permission, Quota, Throttled, Token};
use Meaning::{Doubtful, Failed, NotExecuted};

/// Codes, spelt so.
const CODES: [(Meaning, &[&str]); 7] = [
    (
        NotExecuted(Token),
        &[
            "InvalidAuthentication",
            "invalidClientIdOrSecret",
            "invalid.client",
            "unauthorized.client",
            "40001",
            "40014",
            "40096",
            "41001",
            "42001",
        ],
    ),
    (NotExecuted(Permission), &["60011", "60020"]),
    (NotExecuted(Throttled), &["autoflowLikeTriggerRateLimited", "90002", "90018"]),
    (NotExecuted(Quota), &["90020"]),
    (Doubtful, &["internalError", "sysErrror"]),
    (
        Failed,
        &[
            "systemError",
            "system.error",
            "unknownError",
            "server.error",
            "-1",
            "15",
            "500",
            "502",
            "503",
            "504",
        ],
    ),
    (
        NotExecuted(Permanent),
        &[
            // Create an instance.
            "targetSelectApproverScopeError",
            "targetSelectApproverMissing",
            "invalidParameter",
            "processInstanceInvalidParameter",
            "processInstanceStartFailed",
            "needAuth",
            "invalidAgentId",
            "processGroupGetFailed",
            "processCodeError",
            "processSetupNoPermission",
            "processGetFailed",
            "formConverterError",
            "illegalComponent",
            "benefitStatusInvalid",
            // Create or update a template.
            "formschema.error",
            "permission.error",
            "processcode.error",
            "formName.error",
            "schema.sysAttrs.error",
            // Both, in the older API's numbers.
            "810002",
            "810003",
            "810007",
            "820001",
            "820010",
            "830001",
        ],
    ),
];

/// Ends of codes that begin otherwise.
const ENDS: [(&str, Class); 2] =
    [("AccessTokenPermissionDenied", Permission), ("IpNotInWhiteList", Permission)];

/// Parts of codes.
const PARTS: [(&str, Class); 3] =
    [("QpsLimit", Throttled), ("QpmLimit", Throttled), ("ApiCountLimit", Quota)];

/// Beginnings of the gateway's codes, in whatever case: it turns a call away before any API sees it.
const BEGINNINGS: [(&str, Class); 6] = [
    ("Throttling", Throttled),
    ("ServiceUnavailable", Throttled),
    ("Forbidden.AccessDenied", Permanent),
    ("AuthenticationFailed", Permanent),
    ("InvalidAction", Permanent),
    // `Missingname`, `Missingbody`, …: a field that is mandatory.
    ("Missing", Permanent),
];

/// Words of an answer that bears no code: all of a row must be there.
const WORDS: [(&[&str], Class); 14] = [
    (&["没有", "权限"], Permanent),
    (&["无", "权限"], Permanent),
    (&["no permission"], Permanent),
    (&["参数", "不合法"], Permanent),
    (&["参数", "无效"], Permanent),
    (&["参数", "缺"], Permanent),
    (&["参数", "错误"], Permanent),
    (&["发起人", "不存在"], Permanent),
    (&["发起人", "不在"], Permanent),
    (&["审批人", "不存在"], Permanent),
    (&["审批人", "不在"], Permanent),
    (&["模板", "不存在"], Permanent),
    (&["模板", "停用"], Permanent),
    (&["限流"], Throttled),
];

/// Words that something was made: beside them no words mean that nothing was.
const MADE: [&str; 10] = [
    "已发起",
    "已创建",
    "已提交",
    "已生成",
    "发起成功",
    "创建成功",
    "提交成功",
    "created",
    "submitted",
    "succe",
];

/// What a code means, where that is known.
pub(super) fn meaning(code: &str) -> Option<Meaning> {
    let listed = CODES.iter().find(|(_, codes)| codes.contains(&code)).map(|(meaning, _)| *meaning);
    let begins = |beginning: &str| {
        code.get(..beginning.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(beginning))
    };
    let family = || {
        let end = ENDS.iter().find(|(end, _)| code.ends_with(end));
        let part = || PARTS.iter().find(|(part, _)| code.contains(part));
        let beginning = || BEGINNINGS.iter().find(|(beginning, _)| begins(beginning));
        end.or_else(part).or_else(beginning).map(|(_, class)| NotExecuted(*class))
    };
    listed.or_else(family)
}

/// What the words of an answer without a code mean, where that is known.
pub(super) fn meaning_of_words(words: &str) -> Option<Meaning> {
    let lower = words.to_ascii_lowercase();
    if MADE.iter().any(|made| lower.contains(made)) {
        return None;
    }
    let row = WORDS.iter().find(|(parts, _)| parts.iter().all(|part| words.contains(part)));
    row.map(|(_, class)| NotExecuted(*class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_known_by_their_spelling_and_families_by_their_parts() {
        let table = [
            ("processCodeError", Some(NotExecuted(Permanent))),
            ("ProcessCodeError2", None),
            ("Missingvalue", Some(NotExecuted(Permanent))),
            ("Forbidden.AccessDenied.QpsLimitForApi", Some(NotExecuted(Throttled))),
            ("Forbidden.AccessDenied.ApiCountLimitForOrg", Some(NotExecuted(Quota))),
            ("Forbidden.AccessDenied.IpNotInWhiteList", Some(NotExecuted(Permission))),
            ("Forbidden.AccessDenied.Another", Some(NotExecuted(Permanent))),
            ("Throttling", Some(NotExecuted(Throttled))),
            ("throttling.User", Some(NotExecuted(Throttled))),
            ("ServiceUnavailableTemporary", Some(NotExecuted(Throttled))),
            ("internalError", Some(Doubtful)),
            ("systemError", Some(Failed)),
            ("somethingNew", None),
            ("", None),
            ("限流", None),
        ];
        for (code, known) in table {
            assert_eq!(meaning(code), known, "{code}");
        }
    }

    #[test]
    fn only_words_that_name_a_reason_are_a_refusal() {
        for words in
            ["没有操作审批流的权限", "无操作审批流的权限", "缺少参数 processCode", "发起人不在发起部门中"]
        {
            assert_eq!(meaning_of_words(words), Some(NotExecuted(Permanent)), "{words}");
        }
        for words in ["", "系统错误", "操作失败", "未知错误", "服务器开小差了", "error", "审批实例不存在"]
        {
            assert_eq!(meaning_of_words(words), None, "{words}");
        }
        assert_eq!(meaning_of_words("请求被限流"), Some(NotExecuted(Throttled)));
    }
}
