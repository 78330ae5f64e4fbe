//! Whether what was read is the instance that was asked for: a cache or a proxy in between may mix answers up.

use crate::{
    approval::{ApprovalId, Reference},
    template::{Content, Fill},
};

/// Whether what an instance shows (label and value of each field) names another approval than `own`. `fills`: how its template is
/// filled, where the bridge still uses it. What DingTalk leaves out says nothing.
pub(super) fn names_another(fills: Option<&[Fill]>, shown: &[(String, String)], own: &ApprovalId) -> bool {
    let fill = fills.into_iter().flatten().find(|fill| fill.content == Content::Reference);
    let labelled = |label: &str| shown.iter().find(|(name, _)| name == label).map(|(_, value)| value.trim());
    match fill.and_then(|fill| labelled(&fill.label)) {
        // An unfilled field is read back as the text `null`.
        Some("" | "null") => false,
        Some(named) => Reference::parse(named).is_none_or(|reference| reference.approval != *own),
        // The template was changed, or is not used any more: any field may hold the reference.
        None => {
            let mut named = shown.iter().filter_map(|(_, value)| Reference::parse(value)).peekable();
            named.peek().is_some() && !named.any(|reference| reference.approval == *own)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::official;

    const OWN: &str = "ap-0123456789abcdef0123456789abcdef";
    const OTHER: &str = "ap-fedcba9876543210fedcba9876543210";

    const NONCE: &str = "aB3dE6gH9jK2mN5pQ8sT";

    fn approval() -> ApprovalId {
        ApprovalId::parse(OWN).unwrap()
    }

    #[test]
    fn only_a_reference_to_another_approval_is_a_mix_up() {
        let fills = official::by_hand();
        let label = fills.iter().find(|fill| fill.content == Content::Reference).unwrap().label.clone();
        let (own, other) = (format!("{OWN}-{NONCE}"), format!("{OTHER}-{NONCE}"));
        let table: [(&str, String, bool); 11] = [
            (&label, OWN.to_owned(), false),
            (&label, own.clone(), false),
            (&label, format!(" {own} "), false),
            (&label, OTHER.to_owned(), true),
            (&label, other, true),
            (&label, "lunch order".to_owned(), true),
            (&label, String::new(), false),
            (&label, "null".to_owned(), false),
            ("Renamed", own.clone(), false),
            ("Renamed", OTHER.to_owned(), true),
            ("Renamed", "lunch order".to_owned(), false),
        ];
        for (label, value, another) in table {
            let shown = [("Title".to_owned(), "lunch".to_owned()), (label.to_owned(), value.clone())];
            assert_eq!(names_another(Some(&fills), &shown, &approval()), another, "{label}: {value}");
        }
        assert!(!names_another(Some(&fills), &[], &approval()), "no fields say nothing");
        assert!(!names_another(None, &[("x".to_owned(), OWN.to_owned())], &approval()));
        assert!(names_another(None, &[("x".to_owned(), OTHER.to_owned())], &approval()));
    }
}
