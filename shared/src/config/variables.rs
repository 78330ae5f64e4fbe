//! The variables as they were found, before anything is read from them: what the diagnosis looks at.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

use super::environment::VARIABLES;

/// Variables of the environment whose names begin so are ours, or are meant to be.
const PREFIXES: [&str; 3] = ["DINGTALK_", "DATAPHIN_", "BRIDGE_"];

/// Variables whose values are never shown.
pub const SECRETS: [&str; 9] = [
    "DINGTALK_APP_SECRET",
    "DINGTALK_CALLBACK_TOKEN",
    "DINGTALK_CALLBACK_TOKEN_PREVIOUS",
    "DINGTALK_CALLBACK_AES_KEY",
    "DINGTALK_CALLBACK_AES_KEY_PREVIOUS",
    "DATAPHIN_ACCESS_TOKEN",
    "DATAPHIN_ACCESS_TOKEN_PREVIOUS",
    "DATAPHIN_CALLBACK_AES_KEY",
    "BRIDGE_OPERATOR_TOKEN",
];

/// Names and values. The values are secrets, all of them: nobody knows what was typed where.
#[derive(Clone, Default)]
pub struct Variables(BTreeMap<String, SecretString>);

/// Whether a name is one of ours, or was meant to be: in small letters, with an `export` that a shell's file has before it.
fn is_ours(name: &str) -> bool {
    let name = bare(name).to_ascii_uppercase();
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// A name without what a shell's file has before it.
pub(crate) fn bare(name: &str) -> &str {
    let name = name.trim();
    ["export ", "set "].iter().find_map(|word| name.strip_prefix(word)).unwrap_or(name).trim()
}

impl Variables {
    /// Those of the process's environment that are ours, or look so.
    pub fn from_env() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .filter(|(name, _)| is_ours(name))
            .map(|(name, value)| (name, value.to_string_lossy().into_owned()))
            .collect()
    }

    /// The known ones of any source.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let known = VARIABLES.iter().copied().flatten();
        known.filter_map(|variable| Some((variable.name.to_owned(), lookup(variable.name)?))).collect()
    }

    /// These, and others that come before them.
    #[must_use]
    pub fn with(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// A value, as it was typed.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.expose_secret())
    }

    /// A value without the blanks around it; `None` where nothing is left.
    pub fn given(&self, name: &str) -> Option<&str> {
        self.get(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl FromIterator<(String, SecretString)> for Variables {
    fn from_iter<T: IntoIterator<Item = (String, SecretString)>>(variables: T) -> Self {
        Self(variables.into_iter().collect())
    }
}

impl FromIterator<(String, String)> for Variables {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(variables: T) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name, value.into())).collect())
    }
}
