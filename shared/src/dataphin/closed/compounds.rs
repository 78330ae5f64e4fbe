//! Nouns that mean the request when they stand alone, and something else in company: a service's *instance*, a cron *task*, the
//! *request* that a network carries.

use super::{
    items::{Item, Role},
    tokens::Kind,
};

/// Nouns that a noun before them makes another's.
const COMMON: [&str; 10] =
    ["instance", "task", "process", "request", "flow", "实例", "任务", "请求", "流程", "待办"];
/// Those of which we must know what stands before them.
const OF_ANYTHING: [&str; 5] = ["instance", "task", "process", "实例", "任务"];
const REQUEST: [&str; 2] = ["request", "请求"];
/// Words of the network, and of what is refused before it is read: a request beside them is one that a network carries.
const NETWORK: [&str; 16] = [
    "expired",
    "expire",
    "timeout",
    "timed",
    "connection",
    "client",
    "gateway",
    "proxy",
    "upstream",
    "server",
    "network",
    "http",
    "https",
    "tcp",
    "socket",
    "ip",
];
const NETWORK_HAN: [&str; 12] =
    ["拒绝", "取消", "过期", "失效", "勿重复", "超时", "网络", "网关", "代理服务", "服务器", "连接", "频率"];

/// Takes from common nouns what they do not mean here. `text` is what the items are of.
pub(super) fn resolve(items: &mut [Item], text: &str) {
    let has_network = items.iter().any(|item| item.is_one_of(&NETWORK))
        || NETWORK_HAN.iter().any(|word| text.contains(word));
    for index in 0..items.len() {
        if items[index].role != Role::Subject {
            continue;
        }
        let is_one_of = |words: &[&str]| words.iter().any(|word| is(&items[index], word));
        let before = index.checked_sub(1).map(|before| &items[before].role);
        let role = match before {
            Some(Role::Other) if is_one_of(&COMMON) => Role::Other,
            Some(Role::Unknown) if is_one_of(&OF_ANYTHING) && !is_named(items, index) => Role::Unknown,
            _ if is_one_of(&REQUEST) && (has_network || is_before_a_name(items, index)) => Role::Unknown,
            _ => continue,
        };
        items[index].role = role;
    }
}

fn is(item: &Item, word: &str) -> bool {
    let word = word.chars();
    match &item.term[..] {
        [Kind::Word(own)] => word.eq(own.chars()),
        han => word.map(Kind::Han).eq(han.iter().cloned()),
    }
}

/// Whether the word before it is an id.
fn is_named(items: &[Item], index: usize) -> bool {
    index > 1 && items[index - 2].role == Role::IdFollows
}

/// `请求AK`, `请求 body`: what is named after a Chinese "request" is a part of one.
fn is_before_a_name(items: &[Item], index: usize) -> bool {
    items[index].han && items.get(index + 1).is_some_and(|next| next.role == Role::Unknown && !next.han)
}
