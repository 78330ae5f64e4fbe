//! Whether what was read is the instance that was asked for: a cache or a proxy in between may mix answers up.

use crate::{
    approval::{ApprovalId, Instance, Reference},
    dingtalk::InstanceSnapshot,
    template::{Content, Fill},
};

/// Whose instance an answer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// It shows the approval's reference.
    Own,
    /// It shows no reference, and is in the same name.
    SameOriginator,
    /// It shows neither.
    Untold,
    /// Another approval's, or nobody's of ours.
    Another,
}

/// Whose instance an answer is about that was asked for as `instance` of approval `own`. `fills`: how its template is filled, where the
/// bridge still uses it. What DingTalk leaves out says nothing.
pub(super) fn whose(
    fills: Option<&[Fill]>,
    snapshot: &InstanceSnapshot,
    instance: &Instance,
    own: &ApprovalId,
) -> Whose {
    match named(fills, &snapshot.fields) {
        Named::Reference(references) if references.iter().any(|it| it.approval == *own) => Whose::Own,
        Named::Reference(_) | Named::Other => Whose::Another,
        Named::Nothing => match &snapshot.originator {
            // Found before it was known in whose name.
            _ if instance.originator.as_str().is_empty() => Whose::Untold,
            None => Whose::Untold,
            Some(originator) if *originator == instance.originator => Whose::SameOriginator,
            Some(_) => Whose::Another,
        },
    }
}

/// What a form shows where a reference stands.
enum Named {
    Reference(Vec<Reference>),
    /// A text that is none, or a form of another template.
    Other,
    Nothing,
}

fn named(fills: Option<&[Fill]>, shown: &[(String, String)]) -> Named {
    let value = |label: &str| shown.iter().find(|(name, _)| name == label).map(|(_, value)| value.trim());
    let fill = fills.into_iter().flatten().find(|fill| fill.content == Content::Reference);
    if let Some(text) = fill.and_then(|fill| value(&fill.label)) {
        return match Reference::parse(text) {
            Some(reference) => Named::Reference(vec![reference]),
            // An unfilled field is read back as the text `null`.
            None if matches!(text, "" | "null") => Named::Nothing,
            None => Named::Other,
        };
    }
    // The template was changed, or is not used any more: any field may hold the reference.
    let references: Vec<Reference> = shown.iter().filter_map(|(_, value)| Reference::parse(value)).collect();
    if !references.is_empty() {
        return Named::Reference(references);
    }
    let is_of_another =
        fills.is_some_and(|fills| !shown.is_empty() && fills.iter().all(|fill| value(&fill.label).is_none()));
    if is_of_another { Named::Other } else { Named::Nothing }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        approval::{InstanceId, ProcessCode, UserId},
        template::official,
    };

    const OWN: &str = "ap-0123456789abcdef0123456789abcdef";
    const OTHER: &str = "ap-fedcba9876543210fedcba9876543210";

    const NONCE: &str = "aB3dE6gH9jK2mN5pQ8sT";

    fn approval() -> ApprovalId {
        ApprovalId::parse(OWN).unwrap()
    }

    fn instance() -> Instance {
        Instance {
            id: InstanceId::new("i"),
            process_code: ProcessCode::new("PROC"),
            originator: UserId::new("ada"),
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn told(fills: Option<&[Fill]>, fields: &[(&str, &str)], originator: Option<&str>) -> Whose {
        let fields = fields.iter().map(|(label, value)| ((*label).to_owned(), (*value).to_owned())).collect();
        let originator = originator.map(UserId::new);
        let snapshot = InstanceSnapshot { originator, fields, ..InstanceSnapshot::default() };
        whose(fills, &snapshot, &instance(), &approval())
    }

    #[test]
    fn the_reference_says_whose_it_is() {
        let fills = official::by_hand();
        let label = fills.iter().find(|fill| fill.content == Content::Reference).unwrap().label.clone();
        let (own, other) = (format!("{OWN}-{NONCE}"), format!("{OTHER}-{NONCE}"));
        let title = fills.iter().find(|fill| fill.content == Content::Title).unwrap().label.clone();
        for (shown, value, expected) in [
            (label.as_str(), OWN, Whose::Own),
            (&label, &own, Whose::Own),
            (&label, &format!(" {own} "), Whose::Own),
            (&label, OTHER, Whose::Another),
            (&label, &other, Whose::Another),
            (&label, "lunch order", Whose::Another),
            (&label, "", Whose::SameOriginator),
            (&label, "null", Whose::SameOriginator),
            ("Renamed", &own, Whose::Own),
            ("Renamed", OTHER, Whose::Another),
            ("Renamed", "lunch order", Whose::SameOriginator),
        ] {
            assert_eq!(
                told(Some(&fills), &[(&title, "lunch"), (shown, value)], Some("ada")),
                expected,
                "{shown}: {value}"
            );
        }
        assert_eq!(told(None, &[("x", OWN)], Some("ada")), Whose::Own);
        assert_eq!(told(None, &[("x", OTHER)], Some("ada")), Whose::Another);
    }

    #[test]
    fn without_a_reference_the_originator_and_the_fields_tell() {
        let fills = official::by_hand();
        assert_eq!(told(Some(&fills), &[], Some("ada")), Whose::SameOriginator);
        assert_eq!(told(Some(&fills), &[], None), Whose::Untold);
        assert_eq!(told(Some(&fills), &[], Some("bob")), Whose::Another);
        assert_eq!(
            told(Some(&fills), &[("Days off", "3")], Some("ada")),
            Whose::Another,
            "a form of another template"
        );
        assert_eq!(told(None, &[("Days off", "3")], Some("ada")), Whose::SameOriginator);
    }
}
