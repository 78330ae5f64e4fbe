//! What the administrator who tests the connection reads: Chinese first, for whoever presses the button; then English, for whoever
//! is asked for help.

use axum::http::StatusCode;
use shared::{
    diagnosis::{Finding, LastKnown},
    http::Problem,
};

/// What the test does not look at.
const NOT_TESTED: &str = "连接成功。本测试不检查审批桥的公网地址、对 Dataphin 的回调和钉钉事件；请运行 `bridge doctor` 检查这些内容。 / \
                          Connected. This test does not look at the bridge's public address, the callback to Dataphin and DingTalk's \
                          events: run `bridge doctor` for those.";

/// A failure, short enough for the line that Dataphin shows.
pub(crate) fn problem(finding: &Finding) -> Problem {
    Problem::new(StatusCode::BAD_GATEWAY, finding.check.facts().id, sentence(finding))
}

/// A failure that was seen earlier.
pub(crate) fn last_known(known: &LastKnown) -> Problem {
    let message = format!("上次检测到的问题（尚未解决）：{}", sentence(&known.finding));
    Problem::new(StatusCode::BAD_GATEWAY, known.finding.check.facts().id, message)
}

/// What stands beside a success: what was last known to be wrong all the same, and what was not looked at.
pub(crate) fn success(passing: &[LastKnown]) -> String {
    let last = |known: &LastKnown| format!("上次检测到的问题（尚未解决）：{} ", sentence(&known.finding));
    passing.iter().map(last).chain([NOT_TESTED.to_owned()]).collect()
}

fn sentence(finding: &Finding) -> String {
    finding.failure().map_or_else(String::new, |failure| {
        let code = failure.code.as_ref().map_or_else(String::new, |code| format!(" ({code})"));
        let (cause, fix) = (&failure.cause, &failure.mend);
        let zh_code = failure.code.as_ref().map_or_else(String::new, |code| format!("（{code}）"));
        let en = cause.en.trim_end_matches('.');
        format!("{}{zh_code}。修复：{} / {en}{code}. Fix: {}", cause.zh, fix.zh, fix.en)
    })
}
