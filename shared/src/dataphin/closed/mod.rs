//! How an answer says that a request is closed already: it does not exist, or it is finished.
//!
//! | file | idea |
//! |---|---|
//! | `tokens` | a text as tokens |
//! | `items` | tokens as what they mean to the rule: subjects, other nouns, phrases, small words |
//! | `compounds` | nouns that mean the request alone, and not as a part of something else |
//! | `nearest` | which noun a phrase belongs to |
//! | `usual` | the usual words: the rule of the built-in profiles |

mod compounds;
mod items;
mod nearest;
pub(super) mod tokens;
mod usual;

#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use items::{Item, Role, Vocabulary};
use nearest::Owner;
use tokens::Kind;

/// An answer that says one of the phrases of one of `subjects` ("request … does not exist") ends the delivery for good. The two
/// may stand apart, but a phrase belongs to its nearest noun: "request failed: user does not exist" is about the user. A bare "not
/// found" may as well be a wrong address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClosedRule {
    /// What is closed.
    pub subjects: Vec<String>,
    /// How that is said after the subject. `已…` also stands for `已经…`, `被…` and `已被 (somebody) …`.
    pub phrases: Vec<String>,
    /// How that is said before the subject; `…` stands for the subject, where words follow it.
    pub before: Vec<String>,
    /// Other nouns: what is said of one of these is not said of the request.
    pub others: Vec<String>,
    /// Words of an answer that is never about the request alone, whatever else it says.
    pub never: Vec<String>,
    #[serde(skip)]
    ready: Ready,
}

/// The rule's words as they are looked up, made when they are first needed.
#[derive(Debug, Default)]
struct Ready(OnceLock<Vocabulary>);

impl Clone for Ready {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Ready {
    /// It is made of the rule, and tells no two rules apart.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Ready {}

impl ClosedRule {
    /// The usual wordings, Chinese and English.
    pub(super) fn usual() -> Self {
        usual::rule()
    }

    /// Whether these texts of one answer say that the request is closed, and nothing of the kind of anything else.
    pub fn says_closed<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> bool {
        let vocabulary = self.ready.0.get_or_init(|| Vocabulary::of(self));
        let (mut closed, mut names_instance, mut bare_instance) = (false, false, false);
        for text in texts {
            let items = vocabulary.items(text);
            if items::is_vetoed(&items) {
                return false;
            }
            for owner in nearest::owners(&items) {
                match owner {
                    Owner::Subject => {
                        closed = true;
                        names_instance |= items.iter().any(is_instance);
                    }
                    Owner::Other if is_bare_instance(text) => bare_instance = true,
                    Owner::Other => return false,
                    Owner::Nobody => {}
                }
            }
        }
        closed && (names_instance || !bare_instance)
    }
}

/// Whether a noun is an instance of a process or an approval: 流程实例, "process instance".
fn is_instance(item: &Item) -> bool {
    let is_word = item.term.iter().any(|part| matches!(part, Kind::Word(word) if word.contains("instance")));
    matches!(item.role, Role::Subject)
        && (is_word || item.term.ends_with(&[Kind::Han('实'), Kind::Han('例')]))
}

/// Codes about the instance that the message beside them names. Any other word before them may be the noun.
const BARE_INSTANCE: [&str; 4] =
    ["instancenotfound", "instancenotexist", "instancenotexists", "instancedoesnotexist"];

/// Whether a text is such a code, perhaps behind the parts of a dotted name.
fn is_bare_instance(text: &str) -> bool {
    let last = text.rsplit('.').next().unwrap_or_default();
    let word: String = last.chars().filter(|c| !matches!(c, '_' | '-')).collect();
    BARE_INSTANCE.contains(&word.to_ascii_lowercase().as_str())
}
