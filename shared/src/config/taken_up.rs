//! Whether the bridge that runs has taken up a change: fingerprints of the settings that it started with.

use super::{Fallback, VARIABLES, Variables};
use crate::dingtalk::CallbackVerifier;

/// Settings that no check of the running bridge shows otherwise.
const COMPARED: [&str; 9] = [
    "DINGTALK_APP_SECRET",
    "DINGTALK_AGENT_ID",
    "DINGTALK_PROCESS_CODE",
    "DINGTALK_SERVICE_USER_ID",
    "DATAPHIN_CALLBACK_URL",
    "DATAPHIN_CALLBACK_AES_KEY",
    "DATAPHIN_CALLBACK_PROFILE",
    "DATAPHIN_ACCOUNT_KIND",
    "DATAPHIN_CA_FILE",
];

/// The fingerprints, in one word.
pub fn fingerprint(variables: &Variables, verifier: &CallbackVerifier) -> String {
    let of = |name: &&str| {
        let value = variables.given(name).or_else(|| default_of(name)).unwrap_or_default();
        verifier.fingerprint_of_setting(name, value)
    };
    COMPARED.iter().map(of).collect::<Vec<_>>().join("-")
}

fn default_of(name: &str) -> Option<&'static str> {
    let variable = VARIABLES.iter().copied().flatten().find(|variable| variable.name == name)?;
    match variable.fallback {
        Fallback::Is(text) => Some(text),
        Fallback::Required | Fallback::None => None,
    }
}

/// The settings in which two differ; none where one of them is another version's, or under another key.
pub fn differing(one: &str, other: &str) -> Vec<&'static str> {
    let (one, other): (Vec<_>, Vec<_>) = (one.split('-').collect(), other.split('-').collect());
    if one.len() != COMPARED.len() || other.len() != COMPARED.len() {
        return Vec::new();
    }
    let pairs = COMPARED.iter().zip(one.into_iter().zip(other));
    let differing: Vec<_> = pairs.filter(|(_, (one, other))| one != other).map(|(name, _)| *name).collect();
    // Under another aes_key all of them do, and that says nothing of them.
    if differing.len() == COMPARED.len() { Vec::new() } else { differing }
}
