//! Names that look like ours and are not: misspelt ones.

use super::Wrong;
use crate::{
    config::{VARIABLES, Variables, bare},
    diagnosis::{Failure, Words},
};

/// Letters that may differ between a misspelt name and the one that was meant.
const NEAR: usize = 3;

/// What Kubernetes sets for a service that happens to bear our name.
const OF_KUBERNETES: [&str; 5] = ["_SERVICE_HOST", "_SERVICE_PORT", "_PORT", "_PORT_", "_SERVICE_PORT_"];

fn known() -> impl Iterator<Item = &'static str> {
    VARIABLES.iter().copied().flatten().map(|variable| variable.name)
}

/// The set variable that was meant to be `missing`, if there is one.
pub(super) fn misspelt<'a>(missing: &str, variables: &'a Variables) -> Option<&'a str> {
    if variables.given(missing).is_some() {
        return None;
    }
    strangers(variables).find(|name| nearest(name) == Some(missing))
}

/// Names that nobody reads and that are almost ours.
pub(super) fn unknown(variables: &Variables) -> Wrong {
    let mut wrong = Wrong::new();
    for name in strangers(variables) {
        let Some(meant) = nearest(name) else { continue };
        // A required one that is missing is named already, with this as the reason.
        let required = VARIABLES.iter().copied().flatten().any(|variable| {
            variable.name == meant && matches!(variable.fallback, crate::config::Fallback::Required)
        });
        if required && variables.given(meant).is_none() {
            continue;
        }
        let cause = Words::new(
            format!("{} is set, which nobody reads: {meant} is the name", shown(name)),
            format!("已设置的 {} 不会被读取：正确的名称是 {meant}", shown(name)),
        );
        let mend = Words::new(
            format!("the bridge's environment: rename {} to {meant}, or remove it", shown(name)),
            format!("审批桥的环境变量：将 {} 改名为 {meant}，或删除", shown(name)),
        );
        wrong.insert(name.to_owned(), Failure::new(cause, mend));
    }
    wrong
}

/// A name as it is shown: with quotes where a blank is in it, which nobody would see.
pub(super) fn shown(name: &str) -> String {
    if name.contains(char::is_whitespace) { format!("“{name}”") } else { name.to_owned() }
}

fn strangers(variables: &Variables) -> impl Iterator<Item = &str> {
    variables
        .names()
        .filter(|name| known().all(|known| known != *name))
        .filter(|name| !OF_KUBERNETES.iter().any(|part| name.ends_with(part) || name.contains("_PORT_")))
}

/// The variable that was meant.
fn nearest(name: &str) -> Option<&'static str> {
    let name = bare(name);
    let (name, parts) = (squeezed(name), words(name));
    let near = known().map(|known| (distance(&name, &squeezed(known)), known));
    let (distance, nearest) = near.min_by_key(|(distance, _)| *distance)?;
    if distance <= NEAR.min(name.len() / 5) {
        return Some(nearest);
    }
    // A word left out or put in (DATAPHIN_TOKEN), or two words swapped.
    known().find(|known| {
        let known = words(known);
        let (few, many) = if parts.len() <= known.len() { (&parts, &known) } else { (&known, &parts) };
        few.len() >= 2 && many.len() - few.len() <= 1 && few.iter().all(|word| many.contains(word))
    })
}

fn words(name: &str) -> Vec<String> {
    name.split('_').map(str::to_ascii_uppercase).collect()
}

fn squeezed(name: &str) -> Vec<u8> {
    name.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_uppercase()).collect()
}

/// How many letters must be changed, put in or left out to make one of the other.
fn distance(one: &[u8], other: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, against) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != against);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{super::tests::one_wrong, *};

    #[test]
    fn a_misspelt_name_is_told_with_the_one_that_was_meant() {
        let table = [
            ("DINGTALK_SERVICE_USERID", "DINGTALK_SERVICE_USER_ID"),
            ("DINGTALK_PROCESSCODE", "DINGTALK_PROCESS_CODE"),
            ("DATAPHIN_CALBACK_PROFILE", "DATAPHIN_CALLBACK_PROFILE"),
            ("DATAPHIN_TOKEN", "DATAPHIN_ACCESS_TOKEN"),
            ("BRIDGE_PUBLIC_ULR", "BRIDGE_PUBLIC_URL"),
            ("BRIDGE_DATA_FILE", "BRIDGE_FILE"),
            ("export DINGTALK_PROCESS_CODE", "DINGTALK_PROCESS_CODE"),
            ("dingtalk_process_code", "DINGTALK_PROCESS_CODE"),
            ("DATAPHIN_CALLBACK_PROFILE ", "DATAPHIN_CALLBACK_PROFILE"),
        ];
        for (name, meant) in table {
            let (found, cause) = one_wrong(&[(name, "anything")]);
            assert_eq!(found, name);
            assert!(cause.ends_with(&format!("{meant} is the name")), "{cause}");
        }
    }

    #[test]
    fn others_names_are_left_alone() {
        for name in
            ["DINGTALK_ROBOT_WEBHOOK", "DATAPHIN_VERSION", "BRIDGE_SERVICE_HOST", "BRIDGE_PORT_8080_TCP_ADDR"]
        {
            assert_eq!(
                nearest(name).filter(|_| strangers(
                    &[(name.to_owned(), String::new())].into_iter().collect()
                )
                .next()
                .is_some()),
                None,
                "{name}"
            );
        }
    }
}
