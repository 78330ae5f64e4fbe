//! The language of what a command prints: Chinese or English, as the environment asks.

use shared::diagnosis::{Finding, Words};

/// A language that we speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Chinese,
}

impl Language {
    /// The one that `LC_ALL`, `LC_MESSAGES` or `LANG` asks for, the first that is set.
    pub fn of_environment() -> Self {
        Self::of_lookup(|name| std::env::var(name).ok())
    }

    fn of_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set).unwrap_or_default();
        if locale.to_ascii_lowercase().starts_with("zh") { Self::Chinese } else { Self::English }
    }

    /// One of two words.
    pub fn choose<'a>(self, en: &'a str, zh: &'a str) -> &'a str {
        match self {
            Self::English => en,
            Self::Chinese => zh,
        }
    }

    /// A text in this language.
    pub fn of(self, words: &Words) -> &str {
        self.choose(&words.en, &words.zh)
    }

    /// The name of a finding's check.
    pub fn name(self, finding: &Finding) -> &'static str {
        let facts = finding.check.facts();
        self.choose(facts.en, facts.zh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_locale_that_is_set_decides() {
        let table: [(&[(&str, &str)], Language); 6] = [
            (&[], Language::English),
            (&[("LANG", "zh_CN.UTF-8")], Language::Chinese),
            (&[("LANG", "zh_CN.UTF-8"), ("LC_MESSAGES", "C")], Language::English),
            (&[("LANG", "en_US.UTF-8"), ("LC_ALL", "zh_TW")], Language::Chinese),
            (&[("LANG", "ZH"), ("LC_ALL", "")], Language::Chinese),
            (&[("LC_ALL", "C.UTF-8"), ("LANG", "zh_CN")], Language::English),
        ];
        for (set, expected) in table {
            let lookup = |name: &str| {
                set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(Language::of_lookup(lookup), expected, "{set:?}");
        }
    }
}
