//! How an answer says that a request is closed already.

use serde::{Deserialize, Serialize};

/// An answer that says one of `phrases` of one of `subjects` ("request … does not exist") ends the delivery for good.
/// The two must stand side by side, small words apart: a bare "not found" may as well be a wrong address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClosedRule {
    /// What is closed.
    pub subjects: Vec<String>,
    /// How that is said.
    pub phrases: Vec<String>,
}

/// Words that may stand between a subject and what is said of it.
const SMALL_WORDS: [&str; 12] =
    ["is", "was", "has", "have", "been", "be", "does", "do", "did", "already", "the", "id"];

impl ClosedRule {
    /// Whether `text` says that the request is closed.
    pub fn says_closed(&self, text: &str) -> bool {
        let text = squeezed(text);
        self.subjects.iter().any(|subject| {
            let subject = squeezed(subject);
            self.phrases.iter().any(|phrase| {
                let phrase = squeezed(phrase);
                text.contains(&format!("{subject}{phrase}")) || text.contains(&format!("nosuch{subject}"))
            })
        })
    }
}

/// Letters and digits in lower case, without small words: `The request has been closed.` is `requestclosed`.
fn squeezed(text: &str) -> String {
    let lower = text.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !SMALL_WORDS.contains(word)).collect()
}
