//! Nouns that mean the request when they stand alone, and something else in company: a cron *task*, a login *ticket*, the *request*
//! that a network carries.

use super::{
    items::{Item, Role},
    tokens::Kind,
};

/// Nouns that a noun before them makes another's.
const COMMON: [&str; 6] = ["task", "request", "ticket", "任务", "请求", "流程"];
/// Those of which we must know what stands before them.
const OF_ANYTHING: [&str; 3] = ["task", "ticket", "任务"];
const REQUEST: [&str; 2] = ["request", "请求"];
/// Words of the network, and of what is refused before it is read: a request beside them is one that a network carries.
const NETWORK: [&str; 35] = [
    "async",
    "asynchronou",
    "asynchronous",
    "concurrent",
    "deadlock",
    "limiter",
    "limiting",
    "lock",
    "previou",
    "previous",
    "servlet",
    "terminated",
    "transaction",
    "cancelled",
    "canceled",
    "client",
    "connection",
    "expired",
    "expire",
    "gateway",
    "header",
    "http",
    "https",
    "idempotency",
    "ip",
    "network",
    "peer",
    "proxy",
    "server",
    "socket",
    "timed",
    "timeout",
    "unknown",
    "upstream",
    "web",
];
const NETWORK_HAN: [&str; 23] = [
    "上一",
    "上个",
    "上次",
    "前一",
    "同一",
    "当前请求",
    "并发",
    "异步",
    "处理中",
    "拒绝",
    "取消",
    "过期",
    "失效",
    "重复",
    "终止",
    "关闭",
    "超时",
    "网络",
    "网关",
    "代理服务",
    "服务器",
    "连接",
    "频率",
];

/// A task beside one of these is one that a machine runs.
const MACHINE_HAN: [&str; 9] = ["取消", "终止", "超时", "定时", "调度", "异步", "子任务", "后台", "执行"];
const TASK_HAN: [&str; 1] = ["任务"];

/// Gives each noun the role that it has in its company. `text` is what the items are of.
pub(super) fn resolve(items: &mut [Item], text: &str) {
    let is_of_the_network =
        |kind: &Kind| matches!(kind, Kind::Word(word) if NETWORK.contains(&word.as_str()));
    let has_network = items.iter().flat_map(|item| &item.term).any(is_of_the_network);
    let has_network_han = NETWORK_HAN.iter().any(|word| text.contains(word));
    let has_machine_han = MACHINE_HAN.iter().any(|word| text.contains(word));
    for index in 0..items.len() {
        if is_an_application(items, index) || is_an_instance(items, index) {
            items[index].role = Role::Subject;
        }
        if items[index].role != Role::Subject {
            continue;
        }
        let before = index.checked_sub(1).map(|before| &items[before].role);
        let is_one_of = |words: &[&str]| words.iter().any(|word| items[index].is(word));
        let is_carried = if items[index].han { has_network_han } else { has_network };
        let role = match before {
            // "approval request".
            Some(Role::Subject) => continue,
            Some(Role::Other) if is_one_of(&COMMON) => Role::Other,
            Some(Role::Unknown) if is_one_of(&OF_ANYTHING) && !is_named(items, index) => Role::Unknown,
            _ if is_one_of(&TASK_HAN) && has_machine_han => Role::Unknown,
            _ if is_one_of(&REQUEST) && (is_carried || is_before_a_name(items, index)) => Role::Unknown,
            _ => continue,
        };
        items[index].role = role;
    }
}

/// An application is a program, or what somebody applied for: "application already …", "application has been …".
fn is_an_application(items: &[Item], index: usize) -> bool {
    let next = items.get(index + 1).and_then(|next| next.term.first());
    let is_done = matches!(next, Some(Kind::Word(word)) if matches!(word.as_str(), "already" | "been"));
    let has_deleted = |item: &Item| item.term.iter().any(|kind| *kind == Kind::Word("deleted".to_owned()));
    items[index].is("application") && is_done && !items[index..].iter().any(has_deleted)
}

/// `审批流程实例`, a "task instance"; every other instance is a server's.
fn is_an_instance(items: &[Item], index: usize) -> bool {
    items[index].is_one_of(&["instance", "实例"]) && index > 0 && items[index - 1].role == Role::Subject
}

/// Whether the word before it is an id.
fn is_named(items: &[Item], index: usize) -> bool {
    index > 1 && items[index - 2].role == Role::IdFollows
}

/// `请求AK`, `请求 body`, `请求ID`: what is named after a Chinese "request" is a part of one.
fn is_before_a_name(items: &[Item], index: usize) -> bool {
    let is_name = |next: &Item| !next.han && (next.role == Role::Unknown || next.is("id"));
    items[index].han && items.get(index + 1).is_some_and(is_name)
}
