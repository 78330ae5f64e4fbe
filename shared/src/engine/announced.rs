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
/// A call is carried out within this time or never.
const MAX_DELAY: SignedDuration = SignedDuration::from_hours(1);
/// A text that is longer may be shown cut.
const MIN_CUT_CHARS: usize = 200;

/// What was announced.
pub(super) struct Announced {
    originator: UserId,
    /// Empty where the template's flow chooses them.
    approvers: Vec<UserId>,
    /// Label and text of each text field, as far as they are still stored.
    texts: Vec<(String, String)>,
    /// When the first and the last call were sent, by DingTalk's clock.
    calls: (Timestamp, Timestamp),
}

/// What speaks for an instance that is as it was announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// It names the approvers whom the create call named: DingTalk shows that only of an instance that a program made.
    MadeByProgram,
    /// Nothing speaks against it. It may be a copy that somebody filed by hand.
    NoContradiction,
}

/// How an instance differs from what was announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mismatch {
    Originator,
    Approvers,
    /// The field with this label.
    Field(String),
    CreatedEarlier,
    CreatedLater,
    Template,
}

impl Announced {
    /// What the create calls asked for of which the first and the last were sent then, by DingTalk's clock.
    pub fn of(
        record: &Record,
        details: Option<&Details>,
        cast: &Cast,
        template: &Template,
        calls: (Timestamp, Timestamp),
    ) -> Self {
        let originator = cast.originator.user_id.clone();
        let approvers = match template.way {
            Way::Source => cast.approvers.iter().flat_map(|(_, users)| users.clone()).collect(),
            Way::Template => Vec::new(),
        };
        let texts = details.map(|details| fill::texts(&template.fills, record, details, &originator));
        let texts = texts.unwrap_or_default();
        Self { originator, approvers, texts, calls }
    }

    /// Whether an instance can be the one that was announced.
    pub fn check(&self, instance: &InstanceSnapshot) -> Result<Proof, Mismatch> {
        if instance.originator.as_ref().is_some_and(|originator| *originator != self.originator) {
            return Err(Mismatch::Originator);
        }
        let (first, last) = self.calls;
        if let Some(created_at) = instance.created_at {
            if created_at + CLOCK_MARGIN < first {
                return Err(Mismatch::CreatedEarlier);
            }
            if created_at > last + MAX_DELAY {
                return Err(Mismatch::CreatedLater);
            }
        }
        let proof = self.check_approvers(instance)?;
        let differs = |(label, text): &&(String, String)| {
            let mut shown = instance.fields.iter().filter(|(shown, _)| shown == label);
            shown.any(|(_, shown)| !is_shown_as(text, shown))
        };
        match self.texts.iter().find(differs) {
            Some((label, _)) => Err(Mismatch::Field(label.clone())),
            None => Ok(proof),
        }
    }

    fn check_approvers(&self, instance: &InstanceSnapshot) -> Result<Proof, Mismatch> {
        if self.approvers.is_empty() {
            return Ok(Proof::NoContradiction);
        }
        let is_named = |user: &UserId| self.approvers.contains(user);
        let has_added = !instance.countersigned_by.is_empty();
        if instance.approvers.is_empty() {
            let mut asked = instance.asked.iter().chain(&instance.decided_by);
            return if has_added || asked.all(is_named) {
                Ok(Proof::NoContradiction)
            } else {
                Err(Mismatch::Approvers)
            };
        }
        let all_asked = self.approvers.iter().all(|user| instance.approvers.contains(user));
        let nobody_else = has_added || instance.approvers.iter().all(is_named);
        if all_asked && nobody_else { Ok(Proof::MadeByProgram) } else { Err(Mismatch::Approvers) }
    }
}

/// Whether DingTalk may show a text so: blanks and the way of writing some signs may differ, an empty field is shown as `null`, a
/// very long text may be cut.
fn is_shown_as(text: &str, shown: &str) -> bool {
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    let (text, plain) = (squeezed(text), squeezed(shown));
    let unescaped =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", ""), ("&amp;", "&")]
            .iter()
            .fold(plain.clone(), |shown, (escape, sign)| shown.replace(escape, sign));
    let is_empty = text.is_empty() && (plain == "null" || plain.is_empty());
    let cut = unescaped.trim_end_matches('…');
    let is_cut = cut.chars().count() >= MIN_CUT_CHARS && text.starts_with(cut);
    is_empty || text == plain || text == unescaped || is_cut
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Originator => f.write_str("somebody else originated it"),
            Self::Approvers => f.write_str("it has other approvers"),
            Self::Field(label) => write!(f, "its field “{label}” holds something else"),
            Self::CreatedEarlier => f.write_str("it was created before the bridge asked for it"),
            Self::CreatedLater => f.write_str("it was created long after the bridge asked for it"),
            Self::Template => f.write_str("it is of another template"),
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
            calls: ("2026-11-28T02:00:30Z".parse().unwrap(), "2026-11-28T02:10:30Z".parse().unwrap()),
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
        assert_eq!(announced().check(&snapshot()), Ok(Proof::MadeByProgram));
        assert_eq!(announced().check(&InstanceSnapshot::default()), Ok(Proof::NoContradiction));
        let late =
            InstanceSnapshot { created_at: Some("2026-11-28T03:09:00Z".parse().unwrap()), ..snapshot() };
        assert_eq!(announced().check(&late), Ok(Proof::MadeByProgram), "a proxy delivered the call late");
    }

    #[test]
    fn a_copy_that_was_filed_by_hand_proves_nothing_and_its_approvers_betray_it() {
        let copy = InstanceSnapshot { approvers: Vec::new(), ..snapshot() };
        assert_eq!(announced().check(&copy), Ok(Proof::NoContradiction));
        let asked = |asked: Vec<UserId>| announced().check(&InstanceSnapshot { asked, ..copy.clone() });
        assert_eq!(asked(vec![user("a")]), Ok(Proof::NoContradiction));
        assert_eq!(asked(vec![user("friend")]), Err(Mismatch::Approvers));
        let decided_by = Some(user("friend"));
        assert_eq!(
            announced().check(&InstanceSnapshot { decided_by, ..copy.clone() }),
            Err(Mismatch::Approvers)
        );
    }

    #[test]
    fn a_text_is_shown_whole() {
        let long = "x".repeat(300);
        for (text, shown) in
            [("a b", "a  b"), ("", "null"), ("", ""), ("a<b", "a&lt;b"), (&long, &long[..250])]
        {
            assert!(is_shown_as(text, shown), "{text}: {shown}");
        }
        for (text, shown) in
            [("title", "t"), ("title", ""), ("title", "null"), ("title", "t…"), ("title", "…"), ("", "x")]
        {
            assert!(!is_shown_as(text, shown), "{text}: {shown}");
        }
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
        let created_at = Some("2026-11-28T08:00:00Z".parse().unwrap());
        assert_eq!(check(InstanceSnapshot { created_at, ..snapshot() }), Err(Mismatch::CreatedLater));
    }
}
