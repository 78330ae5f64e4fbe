//! Keeps secrets out of what people read, and harm out of what terminals are sent.

use reqwest::Url;

pub(super) use crate::visible::visible;

/// What stands in place of a secret.
pub(super) const COVER: &str = "***";

/// The secrets of one callback, in the spellings in which an answer may repeat them.
pub(crate) struct Mask(Vec<String>);

impl Mask {
    /// Covers these.
    pub fn of<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let secrets = secrets.into_iter().filter(|secret| !secret.is_empty());
        let mut spellings: Vec<String> = secrets.flat_map(spellings).collect();
        // The longest first: one may be a part of another.
        spellings.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        spellings.dedup();
        Self(spellings)
    }

    /// The text without them.
    pub fn cover(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, COVER))
    }

    /// The text without them, in visible characters, and no longer than `limit`.
    pub fn line(&self, text: &str, limit: usize) -> String {
        visible(&self.cover(text)).chars().take(limit).collect()
    }
}

/// As it is, in a query, in JSON, in JSON inside JSON, in JSON as some write it, and (a signature) in capitals.
fn spellings(secret: &str) -> Vec<String> {
    let in_json = json_text(secret);
    let twice = json_text(&in_json);
    let mut spellings =
        vec![secret.to_owned(), in_json.replace('/', "\\/"), in_json, twice, secret.to_uppercase()];
    if let Ok(url) = Url::parse_with_params("http://a/", [("s", secret)]) {
        spellings.extend(url.query().and_then(|query| query.strip_prefix("s=")).map(ToOwned::to_owned));
    }
    spellings
}

/// A text as it stands between the quotes of JSON.
fn json_text(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    json.get(1..json.len() - 1).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_covered_however_it_is_spelt() {
        let mask = Mask::of(["a+b/c d\"e", "", "0af3"]);
        for echoed in [
            "a+b/c d\"e",
            "a%2Bb%2Fc+d%22e",
            r#"a+b/c d\"e"#,
            r#"a+b\/c d\"e"#,
            "0af3",
            r#"a+b/c d\\\"e"#,
            "0AF3",
        ] {
            assert_eq!(mask.cover(&format!("<{echoed}>")), "<***>", "{echoed}");
        }
    }

    #[test]
    fn a_secret_within_another_leaves_nothing_of_it() {
        assert_eq!(Mask::of(["abc", "abcdef"]).cover("abcdef abc"), "*** ***");
    }
}
