//! How important a member of a content is, by its name.

/// How important a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Rank {
    /// What it is about, and what is to be done with it.
    Subject,
    /// Why.
    Reason,
    /// What something is called, and who is to get it.
    Name,
    /// What may be a reason, or says what something is.
    Remark,
    /// Anything else.
    Other,
}

/// Each rank's words: one of them in a member's name is enough.
const WORDS: [(Rank, &[&str]); 3] = [
    (Rank::Reason, &["reason", "remark", "purpose", "justification", "motivation", "why"]),
    (
        Rank::Name,
        &[
            "name",
            "guid",
            "table",
            "resource",
            "api",
            "path",
            "database",
            "schema",
            "datasource",
            "topic",
            "project",
            "grant",
        ],
    ),
    (Rank::Remark, &["description", "desc", "comment", "memo", "note", "explanation", "summary"]),
];

/// The same in Chinese, where a part of a name is enough.
const PARTS: [(Rank, &[&str]); 3] = [
    (Rank::Reason, &["原因", "理由", "事由", "用途", "目的", "备注"]),
    (Rank::Name, &["名", "资源", "数据源", "项目", "路径", "表"]),
    (Rank::Remark, &["说明", "描述", "注释", "附言", "摘要"]),
];

/// A shorter word is the end of too many others.
const MAX_SHORT: usize = 3;

impl Rank {
    /// The rank of a member.
    pub fn of(name: &str) -> Self {
        let words = words(name);
        if name.to_ascii_lowercase().starts_with("operate") || words.concat() == "resourcetype" {
            return Self::Subject;
        }
        // `tablename`: where a name is one word, its end counts.
        let ends = |known: &str| {
            let [word] = &words[..] else { return false };
            known.len() > MAX_SHORT && word.strip_suffix('s').unwrap_or(word).ends_with(known)
        };
        let is =
            |known: &str| words.iter().any(|word| word == known || word.strip_suffix('s') == Some(known));
        let has = |known: &str| is(known) || ends(known);
        let by_words = WORDS.iter().find(|(_, known)| known.iter().any(|word| has(word)));
        let by_parts = || PARTS.iter().find(|(_, known)| known.iter().any(|part| name.contains(part)));
        by_words.or_else(by_parts).map_or(Self::Other, |(rank, _)| *rank)
    }
}

/// `applyReason`, `apply_reason` and `APPLY-REASON` have the same words.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = ' ';
    for c in name.chars() {
        let begins = !last.is_alphanumeric() || (c.is_uppercase() && !last.is_uppercase());
        if c.is_alphanumeric() && (begins || words.is_empty()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
        last = c;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_and_a_name_are_known_by_their_words() {
        let table = [
            (Rank::Subject, "operateTypes resourceType resource_type"),
            (
                Rank::Reason,
                "reason applyReason apply_reason APPLY_REASON publishRemark remarks purpose usagePurpose",
            ),
            (Rank::Reason, "申请原因 申请理由 备注 用途"),
            (
                Rank::Name,
                "tableName tableGuid resourceCode apiPath projectId tables RESOURCES dbSchema 资源名称 表名",
            ),
            (Rank::Name, "tablename objectname applyresource"),
            (Rank::Reason, "applyreason publishremark"),
            (Rank::Remark, "description comment memo note notes columnComment 说明"),
            (Rank::Other, "code sql owner objectType seasonal notebook 负责人"),
        ];
        for (rank, names) in table {
            for name in names.split(' ') {
                assert_eq!(Rank::of(name), rank, "{name}");
            }
        }
    }
}
