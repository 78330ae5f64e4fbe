//! Words for the outcomes: the published candidates.

use serde_json::{Value, json};
use shared::dataphin::{Acceptance, DryRun};

use super::{Candidate, Tried, contrast::odd_one_out};

/// The candidates, each as the profile's `results`.
fn published() -> [Value; 4] {
    let words = |approved: Value, rejected: Value, withdrawn: Value| json!({"approved": approved, "rejected": rejected, "withdrawn": withdrawn, "expired": rejected, "failed": rejected});
    [
        words(json!("agree"), json!("refuse"), json!("revoke")),
        words(json!("AGREE"), json!("REJECT"), json!("REVOKE")),
        words(json!(1), json!(2), json!(2)),
        words(json!("1"), json!("2"), json!("2")),
    ]
}

/// The same profile with each of the published words that it has not.
pub(super) fn others(candidate: &Candidate) -> Vec<Candidate> {
    let base: Value = if candidate.setting.starts_with('{') {
        serde_json::from_str(&candidate.setting).unwrap_or_default()
    } else {
        json!({"base": candidate.setting})
    };
    let with = |results: Value| {
        let mut setting = base.clone();
        setting["results"] = results;
        setting.to_string().parse::<Candidate>().ok()
    };
    published().into_iter().filter_map(with).filter(|other| other.profile != candidate.profile).collect()
}

/// Which of them Dataphin took: the only one that is accepted, or the one that is answered otherwise than all others. A
/// request that was `made` for this may be closed by a word before: that shows nothing of the word after it.
pub(super) fn taken(tried: &[&Tried], made: bool) -> Option<usize> {
    let is_taken = |index: usize, one: &Tried| match &one.exchange.verdict {
        DryRun::Accepted(Acceptance::Confirmed) => true,
        DryRun::Accepted(Acceptance::ClosedAlready(_)) => index == 0 || !made,
        DryRun::Unclear(_) => made,
        DryRun::Refused(_) => false,
    };
    let found = tried.iter().enumerate().filter(|(index, one)| is_taken(*index, one));
    let accepted: Vec<usize> = found.map(|(index, _)| index).collect();
    match accepted[..] {
        [one] => Some(one),
        [] => odd_one_out(tried),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_the_published_words_is_tried_on_any_profile() {
        for setting in ["plain", r#"{"base":"aes-cbc","iv":"zero"}"#] {
            let others = others(&setting.parse().expect("a profile"));
            assert_eq!(others.len(), 3, "{setting}");
            assert!(others.iter().all(|other| other.profile.cipher == others[0].profile.cipher));
        }
    }
}
