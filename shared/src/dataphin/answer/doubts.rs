//! Words beside a yes that make one doubt it: they say that something was in the way, and not clearly that it failed.

use crate::dataphin::closed::tokens::{Kind, Token, tokens};

const WORDS: [&str; 36] = [
    "again",
    "bad",
    "blocked",
    "breaker",
    "busy",
    "degraded",
    "dropped",
    "exceed",
    "exceeded",
    "expired",
    "fallback",
    "ignored",
    "later",
    "limit",
    "limited",
    "login",
    "maintenance",
    "mismatch",
    "missing",
    "mock",
    "nothing",
    "null",
    "quota",
    "refused",
    "required",
    "reset",
    "retry",
    "skipped",
    "throttled",
    "too",
    "unable",
    "unauthenticated",
    "unknown",
    "unsupported",
    "wrong",
    "default",
];
/// After "not" and "no": the outcome itself, or that nothing is wrong.
const NOT_IN_THE_WAY: [&str; 18] = [
    "agree",
    "agreed",
    "approve",
    "approved",
    "pass",
    "passed",
    "accepted",
    "error",
    "exception",
    "failure",
    "failed",
    "problem",
    "issue",
    "warning",
    "fault",
    "longer",
    "more",
    "further",
];
const HAN: [&str; 27] = [
    "不",
    "未",
    "无法",
    "没",
    "缺",
    "失效",
    "过期",
    "熔断",
    "降级",
    "限流",
    "频繁",
    "稍后",
    "重试",
    "拦截",
    "维护",
    "拒绝访问",
    "禁止",
    "黑名单",
    "忽略",
    "跳过",
    "下线",
    "抖动",
    "请勿",
    "无访问",
    "重新登录",
    "先登录",
    "请登录",
];
/// The outcome itself, or that nothing is wrong.
const HAN_NOT_IN_THE_WAY: [&str; 13] = [
    "不通过",
    "不同意",
    "不批准",
    "不予",
    "未通过",
    "未批准",
    "未同意",
    "没有错误",
    "没有异常",
    "没有问题",
    "没有失败",
    "未发现",
    "不再",
];
/// What has to pass before anything is read.
const CHECKS: [&str; 7] = ["鉴权", "验签", "签名", "校验", "认证", "验证", "检查"];
/// "更新了0条", "0 rows updated".
const CHANGES: [&str; 6] = ["更新", "成功", "影响", "处理", "保存", "修改"];

/// Whether a message for people, beside a yes, makes one doubt it.
pub(super) fn raises_doubt(text: &str) -> bool {
    let tokens = tokens(text, &|_| true);
    let word = |at: usize| match tokens.get(at).map(|token: &Token| &token.kind) {
        Some(Kind::Word(word)) => Some(word.as_str()),
        _ => None,
    };
    let is_fine = |at: usize| word(at).is_some_and(|word| NOT_IN_THE_WAY.contains(&word));
    let in_english = (0..tokens.len()).any(|at| match word(at) {
        // "apply no 5".
        Some("no") => word(at + 1).is_some() && !is_fine(at + 1),
        Some("not") => !(is_fine(at + 1) || word(at + 1) == Some("been") && is_fine(at + 2)),
        Some(word) => WORDS.contains(&word),
        None => false,
    });
    // A repeated callback is one that was taken before.
    if is_repeated(text) && ["ignored", "忽略"].iter().any(|word| text.contains(word)) {
        return false;
    }
    in_english || is_in_the_way(text) || changed_nothing(&tokens, text)
}

fn is_repeated(text: &str) -> bool {
    text.contains("重复") || text.to_ascii_lowercase().contains("duplicate")
}

fn is_in_the_way(text: &str) -> bool {
    let fails_a_check = CHECKS.iter().any(|check| text.contains(check))
        && ["不通过", "未通过", "没通过"].iter().any(|not| text.contains(not));
    let rest = HAN_NOT_IN_THE_WAY.iter().fold(text.to_owned(), |text, word| text.replace(word, ""));
    fails_a_check || HAN.iter().any(|word| rest.contains(word))
}

fn changed_nothing(tokens: &[Token], text: &str) -> bool {
    let zero = tokens.iter().position(|token| token.kind == Kind::Zero);
    let Some(zero) = zero else { return false };
    let han: String = tokens[..zero]
        .iter()
        .rev()
        .take(4)
        .filter_map(|token| match token.kind {
            Kind::Han(c) => Some(c),
            _ => None,
        })
        .collect();
    let before: String = han.chars().rev().collect();
    let is_counted = matches!(tokens.get(zero + 1).map(|token| &token.kind), Some(Kind::Word(word)) if matches!(word.as_str(), "row" | "record"));
    CHANGES.iter().any(|change| before.contains(change)) && !text.contains("失败")
        || is_counted && text.to_ascii_lowercase().contains("updated")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_in_the_way_raises_doubt_and_the_outcome_does_not() {
        for text in [
            "请重新登录",
            "token已失效",
            "没有权限",
            "签名不匹配",
            "验签不通过",
            "参数不合法",
            "缺少参数",
            "服务降级",
            "更新了0条",
            "circuit breaker open",
            "session expired",
            "signature mismatch",
            "tenant not found",
            "applyId is required",
            "rate limit exceeded",
            "cannot decrypt",
            "could not parse body",
            "0 rows updated",
            "no permission",
            "请稍后再试",
        ] {
            assert!(raises_doubt(text), "{text}");
        }
        for text in [
            "",
            "ok",
            "success",
            "操作成功",
            "审批不通过",
            "已更新为不通过",
            "审批拒绝成功",
            "Approval rejected",
            "not approved",
            "apply no 1223 updated",
            "no error",
            "no exceptions",
            "OK (0 failed)",
            "1 succeeded, 0 failed",
            "成功 1 条，失败 0 条",
            "成功0条，失败0条",
            "没有异常",
            "重复回调，已忽略",
            "request is closed now",
            "Process terminated normally",
            "无",
            "无错误",
        ] {
            assert!(!raises_doubt(text), "{text}");
        }
    }
}
