//! Words that say yes, and words that say no.

use crate::dataphin::closed::tokens::{Kind, Token, tokens};

/// A bare text that is a yes.
pub(super) const YES: [&str; 2] = ["success", "ok"];
/// A value that says no where it is asked whether something worked.
pub(in crate::dataphin) const FALSE: [&str; 10] =
    ["false", "0", "n", "no", "f", "off", "fail", "failed", "failure", "ko"];
/// A value that says that there is none.
pub(super) const NONE: [&str; 25] = [
    "n/a",
    "na",
    "successful",
    "successfully",
    "succeeded",
    "",
    "0",
    "false",
    "n",
    "no",
    "none",
    "null",
    "nil",
    "ok",
    "success",
    "undefined",
    "-",
    "no error",
    "no errors",
    "no_error",
    "noerror",
    "无",
    "无错误",
    "无异常",
    "没有错误",
];
/// What a gateway's ban has in some text.
pub(super) const BANS: [&str; 3] = ["punish", "_____tmd_____", "x5secdata"];

/// English beginnings of words of failure, wherever words stand.
const FAILURE: [&str; 14] = [
    "fail",
    "error",
    "exception",
    "denied",
    "unauthori",
    "forbidden",
    "errno",
    "npe",
    "unsuccess",
    "invalid",
    "timeout",
    "unavailable",
    "illegal",
    "overload",
];
/// The same in Chinese.
const FAILURE_HAN: [&str; 16] = [
    "失败",
    "异常",
    "错误",
    "出错",
    "报错",
    "系统繁忙",
    "服务不可用",
    "无权",
    "未成功",
    "不成功",
    "没有成功",
    "无效",
    "非法",
    "未登录",
    "未授权",
    "超时",
];
/// Words of failure where nothing but words is the answer.
const BARE: [&str; 24] = [
    "false",
    "invalid",
    "unavailable",
    "timeout",
    "refused",
    "rejected",
    "blocked",
    "illegal",
    "busy",
    "not",
    "bad",
    "unable",
    "can",
    "could",
    "deny",
    "missing",
    "unknown",
    "abort",
    "terminated",
    "wrong",
    "expired",
    "limit",
    "no",
    "ko",
];
const BARE_HAN: [&str; 19] = [
    "不", "未", "无", "拒绝", "禁止", "非法", "超时", "繁忙", "过期", "失效", "缺少", "稍后", "重试", "维护",
    "限流", "拦截", "重复", "驳回", "没有",
];
/// What takes a word of failure back, before it.
const NO: [&str; 6] = ["no", "not", "without", "zero", "non", "never"];
const NO_HAN: [&str; 5] = ["无", "没有", "未", "零", "没"];
/// What stands between words of failure and how many failed.
const COUNTERS: &str = "条个次项笔数量为是共码";

/// Whether a message for people tells of a failure. "no error" and "失败 0 条" do not.
pub(in crate::dataphin) fn tell_of_failure(text: &str) -> bool {
    tell(text, &FAILURE, &FAILURE_HAN)
}

/// Whether a message for people says that something is not there.
pub(super) fn tell_of_absence(text: &str) -> bool {
    const WORDS: [[&str; 2]; 4] = [["not", "exist"], ["no", "such"], ["not", "found"], ["not", "find"]];
    const HAN: [&str; 7] = ["不存在", "未找到", "没有找到", "找不到", "查不到", "未查到", "查无"];
    let tokens = tokens(text, &|_| true);
    let word = |token: &Token, word: &str| matches!(&token.kind, Kind::Word(own) if own == word);
    let mut pairs = tokens.windows(2);
    let is_absent = |pair: &[Token]| WORDS.iter().any(|[a, b]| word(&pair[0], a) && word(&pair[1], b));
    pairs.any(is_absent) || HAN.iter().any(|word| text.contains(word))
}

/// Whether a text that is the whole answer says no, or tells of a failure.
pub(super) fn say_no(text: &str) -> bool {
    let is_bare = |token: &Token| matches!(&token.kind, Kind::Word(word) if BARE.contains(&word.as_str()));
    tell_of_failure(text)
        || tokens(text, &|_| true).iter().any(is_bare)
        || BARE_HAN.iter().any(|word| text.contains(word))
}

fn tell(text: &str, words: &[&str], han: &[&str]) -> bool {
    let tokens = tokens(text, &|_| true);
    let tells = |(at, token): (usize, &Token)| match &token.kind {
        Kind::Word(word) => {
            words.iter().any(|start| word.starts_with(start)) && !is_taken_back(&tokens, at, 1)
        }
        Kind::Han(_) => han.iter().any(|word| {
            let length = word.chars().count();
            let matches = word
                .chars()
                .enumerate()
                .all(|(index, c)| tokens.get(at + index).is_some_and(|token| token.kind == Kind::Han(c)));
            matches && !is_taken_back(&tokens, at, length)
        }),
        _ => false,
    };
    tokens.iter().enumerate().any(tells) || glued(text, words)
}

/// "no error", "error: none", "0 errors", "无异常", "失败 0 条".
fn is_taken_back(tokens: &[Token], at: usize, length: usize) -> bool {
    is_counted_as_none(tokens, at, length) || is_denied(tokens, at, length)
}

/// A count of none beside it: "0 errors", "errors: 0", "失败 0 条", "0 条失败".
fn is_counted_as_none(tokens: &[Token], at: usize, length: usize) -> bool {
    let is_between = |token: &&Token| match &token.kind {
        Kind::Han(c) => COUNTERS.contains(*c),
        Kind::Word(word) => matches!(word.as_str(), "code" | "count" | "item" | "record" | "row"),
        Kind::Pause | Kind::Mark => true,
        Kind::Id | Kind::Zero | Kind::End => false,
    };
    let ends_before = |token: &&Token| token.kind == Kind::Pause || !is_between(token);
    let before = tokens[..at].iter().rev().find(ends_before);
    let after = tokens[(at + length).min(tokens.len())..].iter().find(|token| !is_between(token));
    [before, after].into_iter().flatten().any(|token| token.kind == Kind::Zero)
}

fn is_denied(tokens: &[Token], at: usize, length: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at)).map(|token| &token.kind);
    let no = match before(1) {
        Some(Kind::Word(word)) => NO.contains(&word.as_str()),
        Some(Kind::Han(last)) => NO_HAN.iter().any(|word| {
            let chars: Vec<char> = word.chars().collect();
            chars.last() == Some(last)
                && (chars.len() == 1 || before(2) == chars.first().map(|c| Kind::Han(*c)).as_ref())
        }),
        _ => false,
    };
    let mut after = tokens[(at + length).min(tokens.len())..].iter().map(|token| &token.kind);
    let next = after.find(|kind| !matches!(kind, Kind::Pause | Kind::Mark));
    no || matches!(next, Some(Kind::Word(word)) if matches!(word.as_str(), "none" | "null"))
}

/// Words written together: `SYSTEMERROR`, `submitfailed`.
fn glued(text: &str, words: &[&str]) -> bool {
    const SHORTEST: usize = 7;
    let holds = |word: &str| {
        let word = word.to_ascii_lowercase();
        // One that begins so was judged with the words around it.
        word.len() >= SHORTEST
            && words.iter().any(|part| part.len() > 3 && word.contains(part))
            && !words.iter().any(|part| word.starts_with(part))
            && !word.starts_with("no")
    };
    text.split(|c: char| !c.is_ascii_alphabetic()).any(holds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_in_either_language() {
        for text in [
            "fail",
            "FAILED",
            "failure",
            "Internal Server Error",
            "an error occurred",
            "SystemError",
            "SYSTEMERROR",
            "access denied",
            "NullPointerException",
            "系统异常",
            "操作失败",
            "发生错误",
            "内部错误，请重试",
            "成功 1 条，失败 3 条",
            "成功 0 条，失败 3 条",
            "失败 10 条",
            "10 errors",
            "done: 0, error 5",
        ] {
            assert!(tell_of_failure(text), "{text}");
        }
        for text in [
            "success",
            "操作成功",
            "ok",
            "no error",
            "without errors",
            "error: none",
            "0 errors",
            "errors: 0",
            "failed=0, done=1",
            "成功 1 条，失败 0 条",
            "成功1条，失败数：0",
            "0 条失败",
            "无异常",
            "Error code: 0",
            "错误码：0",
            "没有错误",
            "已受理",
            "",
            "rejected",
        ] {
            assert!(!tell_of_failure(text), "{text}");
        }
    }

    #[test]
    fn a_bare_text_says_no_in_more_words() {
        for text in [
            "false",
            "system is busy",
            "审批单不存在",
            "request not found",
            "无效的签名",
            "service unavailable",
            "请稍后再试",
            "bad gateway",
        ] {
            assert!(say_no(text), "{text}");
        }
        for text in ["received", "已收到", "true", "done", "1"] {
            assert!(!say_no(text), "{text}");
        }
    }
}
