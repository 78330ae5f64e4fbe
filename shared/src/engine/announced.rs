//! What a create call announced, and whether an instance that bears the approval's reference is that.
//!
//! What DingTalk leaves out of its answer is no mismatch; what it shows must be what was asked for.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::people::Cast;
use crate::{
    approval::{Details, Record, UserId},
    dingtalk::InstanceSnapshot,
    template::{Template, Way, fill},
};

/// DingTalk shows minutes, and its clock's offset is known to a second or so.
const CLOCK_MARGIN: SignedDuration = SignedDuration::from_mins(2);

/// What was announced.
pub(super) struct Announced {
    originator: UserId,
    /// Empty where the template's flow chooses them.
    approvers: Vec<UserId>,
    /// Label and text of each text field.
    texts: Vec<(String, String)>,
    /// When, by DingTalk's clock.
    at: Timestamp,
}

/// How an instance differs from what was announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mismatch {
    Originator,
    Approvers,
    /// The field with this label.
    Field(String),
    CreatedEarlier,
}

impl Announced {
    /// What a create call of `at`, by DingTalk's clock, asked for.
    pub fn of(record: &Record, details: &Details, cast: &Cast, template: &Template, at: Timestamp) -> Self {
        let originator = cast.originator.user_id.clone();
        let approvers = match template.way {
            Way::Source => cast.approvers.iter().flat_map(|(_, users)| users.clone()).collect(),
            Way::Template => Vec::new(),
        };
        let texts = fill::texts(&template.fills, record, details, &originator);
        Self { originator, approvers, texts, at }
    }

    /// Whether an instance can be the one that was announced.
    pub fn check(&self, instance: &InstanceSnapshot) -> Result<(), Mismatch> {
        if instance.originator.as_ref().is_some_and(|originator| *originator != self.originator) {
            return Err(Mismatch::Originator);
        }
        if instance.created_at.is_some_and(|created_at| created_at + CLOCK_MARGIN < self.at) {
            return Err(Mismatch::CreatedEarlier);
        }
        if !self.approvers.is_empty() && !instance.approvers.is_empty() {
            let asked =
                |user: &UserId| self.approvers.contains(user) || instance.countersigned_by.contains(user);
            let all_asked = self.approvers.iter().all(|user| instance.approvers.contains(user));
            let nobody_else = !instance.countersigned_by.is_empty() || instance.approvers.iter().all(asked);
            if !(all_asked && nobody_else) {
                return Err(Mismatch::Approvers);
            }
        }
        let differs = |(label, text): &&(String, String)| {
            let shown = instance.fields.iter().find(|(shown, _)| shown == label);
            shown.is_some_and(|(_, shown)| !is_shown_as(text, shown))
        };
        match self.texts.iter().find(differs) {
            Some((label, _)) => Err(Mismatch::Field(label.clone())),
            None => Ok(()),
        }
    }
}

/// Whether DingTalk may show a text so: blanks may differ, an empty field is shown as `null`, a long text may be cut.
fn is_shown_as(text: &str, shown: &str) -> bool {
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    let (text, shown) = (squeezed(text), squeezed(shown));
    shown == "null" || text.starts_with(shown.trim_end_matches('…'))
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Originator => f.write_str("somebody else originated it"),
            Self::Approvers => f.write_str("it has other approvers"),
            Self::Field(label) => write!(f, "its field “{label}” holds something else"),
            Self::CreatedEarlier => f.write_str("it was created before the bridge asked for it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: &str) -> UserId {
        UserId::new(id)
    }

    fn announced() -> Announced {
        Announced {
            originator: user("requester"),
            approvers: vec![user("a"), user("b")],
            texts: vec![("标题 Title".into(), "Read\r\ndwd_orders".into()), ("说明".into(), String::new())],
            at: "2026-11-28T02:00:30Z".parse().unwrap(),
        }
    }

    fn field(label: &str, text: &str) -> (String, String) {
        (label.to_owned(), text.to_owned())
    }

    fn snapshot() -> InstanceSnapshot {
        InstanceSnapshot {
            originator: Some(user("requester")),
            approvers: vec![user("b"), user("a")],
            created_at: Some("2026-11-28T02:00:00Z".parse().unwrap()),
            fields: vec![field("标题 Title", "Read\ndwd_orders"), field("说明", "null"), field("other", "x")],
            ..InstanceSnapshot::default()
        }
    }

    #[test]
    fn what_was_announced_is_recognised_also_where_dingtalk_leaves_parts_out() {
        assert_eq!(announced().check(&snapshot()), Ok(()));
        assert_eq!(announced().check(&InstanceSnapshot::default()), Ok(()));
        let late =
            InstanceSnapshot { created_at: Some("2026-11-28T02:09:00Z".parse().unwrap()), ..snapshot() };
        assert_eq!(announced().check(&late), Ok(()), "a proxy delivered the call late");
    }

    #[test]
    fn another_originator_approver_text_or_time_is_a_mismatch() {
        let check = |instance| announced().check(&instance);
        let originator = Some(user("employee"));
        assert_eq!(check(InstanceSnapshot { originator, ..snapshot() }), Err(Mismatch::Originator));
        for approvers in
            [vec![user("a")], vec![user("a"), user("friend")], vec![user("a"), user("b"), user("c")]]
        {
            assert_eq!(check(InstanceSnapshot { approvers, ..snapshot() }), Err(Mismatch::Approvers));
        }
        let fields = vec![field("标题 Title", "lunch order")];
        let mismatch = Mismatch::Field("标题 Title".to_owned());
        assert_eq!(check(InstanceSnapshot { fields, ..snapshot() }), Err(mismatch));
        let created_at = Some("2026-11-28T01:55:00Z".parse().unwrap());
        assert_eq!(check(InstanceSnapshot { created_at, ..snapshot() }), Err(Mismatch::CreatedEarlier));
    }
}
