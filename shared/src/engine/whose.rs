//! Whether what was read is the instance that was asked for: a cache or a proxy in between may mix answers up.

use crate::{
    approval::ApprovalId,
    template::{Content, Fill},
};

/// Whether what an instance shows (label and value of each field) names another approval than `own`, the reference that
/// the approval's form was filled with. `fills`: how its template is filled, where the bridge still uses it.
///
/// What DingTalk leaves out says nothing.
pub(super) fn names_another(fills: Option<&[Fill]>, shown: &[(String, String)], own: &str) -> bool {
    let fill = fills.into_iter().flatten().find(|fill| fill.content == Content::Reference);
    let labelled = |label: &str| shown.iter().find(|(name, _)| name == label).map(|(_, value)| value.trim());
    match fill.and_then(|fill| labelled(&fill.label)) {
        // An unfilled field is read back as the text `null`.
        Some("" | "null") => false,
        Some(named) => !is_own(named, own),
        // The template was changed, or is not used any more: any field may hold the reference.
        None => {
            let values = || shown.iter().map(|(_, value)| value.trim());
            !values().any(|value| is_own(value, own)) && ApprovalId::found_in(values().map(id_part)).is_some()
        }
    }
}

/// Whether a text is this approval's reference. Its first part is the approval's id; what follows is not compared: an
/// instance that was made before references had another part carries the id alone.
fn is_own(text: &str, own: &str) -> bool {
    id_part(text) == id_part(own)
}

/// `ap-<32 hexadecimal digits>` of `ap-<32 hexadecimal digits>-<anything>`.
fn id_part(reference: &str) -> &str {
    match reference.match_indices('-').nth(1) {
        Some((end, _)) => reference.get(..end).unwrap_or(reference),
        None => reference,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::official;

    const OWN: &str = "ap-0123456789abcdef0123456789abcdef";
    const OTHER: &str = "ap-fedcba9876543210fedcba9876543210";

    #[test]
    fn only_a_reference_to_another_approval_is_a_mix_up() {
        let fills = official::by_hand();
        let label = fills.iter().find(|fill| fill.content == Content::Reference).unwrap().label.clone();
        let own = format!("{OWN}-s3cr3t");
        let table: [(&str, String, bool); 11] = [
            (&label, OWN.to_owned(), false),
            (&label, own.clone(), false),
            (&label, format!(" {own} "), false),
            (&label, OTHER.to_owned(), true),
            (&label, format!("{OTHER}-s3cr3t"), true),
            (&label, "lunch order".to_owned(), true),
            (&label, String::new(), false),
            (&label, "null".to_owned(), false),
            ("Renamed", own.clone(), false),
            ("Renamed", OTHER.to_owned(), true),
            ("Renamed", "lunch order".to_owned(), false),
        ];
        for (label, value, another) in table {
            for own in [OWN, &own] {
                let shown = [("Title".to_owned(), "lunch".to_owned()), (label.to_owned(), value.clone())];
                assert_eq!(names_another(Some(&fills), &shown, own), another, "{label}: {value}");
            }
        }
        assert!(!names_another(Some(&fills), &[], OWN), "no fields say nothing");
        assert!(!names_another(None, &[("x".to_owned(), OWN.to_owned())], OWN));
        assert!(names_another(None, &[("x".to_owned(), OTHER.to_owned())], OWN));
    }
}
