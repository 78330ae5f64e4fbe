//! Keeps secrets out of what people read, and harm out of what terminals are sent.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use reqwest::Url;

use crate::hex::hex;
pub(super) use crate::visible::visible;

/// What stands in place of a secret.
pub(super) const COVER: &str = "***";

/// So much of a secret's beginning is covered, too.
const MIN_BEGINNING: usize = 12;

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
        let whole = self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, COVER));
        self.0.iter().fold(whole, |text, secret| without_beginnings(text, secret))
    }

    /// The text without them, in visible characters, and no longer than `limit`.
    pub fn line(&self, text: &str, limit: usize) -> String {
        visible(&self.cover(text)).chars().take(limit).collect()
    }
}

/// A text without the beginning of a secret, however long it is.
fn without_beginnings(text: String, secret: &str) -> String {
    let Some((end, _)) = secret.char_indices().nth(MIN_BEGINNING) else { return text };
    if !text.contains(&secret[..end]) {
        return text;
    }
    let mut parts = text.split(&secret[..end]);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |covered, part| {
        let more = part.chars().zip(secret[end..].chars()).take_while(|(a, b)| a == b);
        covered + COVER + &part[more.map(|(c, _)| c.len_utf8()).sum()..]
    })
}

/// As it is, in base64, in hexadecimal, in a query, in JSON, in JSON inside JSON, in JSON as some write it, and (a signature) in capitals.
fn spellings(secret: &str) -> Vec<String> {
    let in_json = json_text(secret);
    let twice = json_text(&in_json);
    let mut spellings =
        vec![secret.to_owned(), in_json.replace('/', "\\/"), in_json, twice, secret.to_uppercase()];
    spellings.extend([
        STANDARD_NO_PAD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
        hex(secret.as_bytes()),
    ]);
    spellings.push(hex(secret.as_bytes()).to_uppercase());
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
    fn a_secret_in_another_alphabet_and_its_beginning_are_covered() {
        let mask = Mask::of(["a-long-access-token"]);
        for echoed in [
            "YS1sb25nLWFjY2Vzcy10b2tlbg",
            "612d6c6f6e672d6163636573732d746f6b656e",
            "612D6C6F6E672D6163636573732D746F6B656E",
            "a-long-acces",
            "a-long-access-tok",
        ] {
            assert_eq!(mask.cover(&format!("<{echoed}> <{echoed}>")), "<***> <***>", "{echoed}");
        }
        assert_eq!(mask.cover("a-long-acce"), "a-long-acce");
    }

    #[test]
    fn a_secret_within_another_leaves_nothing_of_it() {
        assert_eq!(Mask::of(["abc", "abcdef"]).cover("abcdef abc"), "*** ***");
    }
}
