//! What a no of Dataphin's is about, by its words: none of them is published, and each version words them otherwise.

mod words;

use words::{
    ACCESS_TOKEN, ADDRESS, ADDRESS_LIST, BUSY, CLOCK, ENTRY, EXPIRED, FORM, GATEWAY, HTTPS, INSIDE, INTERNAL,
    KEY, LICENCE, NO_BODY, NOT_ADMITTED, OF_TIME, OTHER_API, OTHERS, OUT_OF_TIME, PERMISSION, PLUMBING,
    REPLAY, SHAPE, SIGN_IN, SWITCHED_OFF, TENANT, TWICE, WRONG,
};
pub(super) use words::{MISSING, SIGNATURE, TIMESTAMP, TOKEN};

use crate::dataphin::Said;

/// What a no is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// A part of the credentials did not arrive.
    Missing,
    /// The callback was taken for a repeated one.
    Replay,
    /// One of the two clocks.
    Clock,
    /// The address that calls.
    Address,
    /// Dataphin's licence.
    Licence,
    /// The tenant.
    Tenant,
    /// The callback's signature.
    Signature,
    /// The access token.
    Token,
    /// The AES key.
    Key,
    /// The external approval system is not set up, or switched off.
    SwitchedOff,
    /// Dataphin's own state.
    Busy,
    /// A failure inside Dataphin.
    Internal,
    /// A gateway or firewall before Dataphin.
    Gateway,
    /// The callback's body did not arrive.
    NoBody,
    /// Another interface answers than the callback's.
    OtherApi,
    /// A sign-in of a person.
    SignIn,
    /// The scheme of the address.
    Https,
    /// A permission.
    Permission,
    /// The shape of a callback: its profile.
    Form,
    /// Who may come in, without saying by what: token and profile both may be meant.
    Entry,
    /// Anything else.
    Else,
}

/// What is about one thing, whatever else it mentions; in order.
fn specific(text: &str) -> Option<Subject> {
    let any = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let is_missing = any(MISSING);
    let is_json = any(&["unexpected token", "json", "parse", "解析", "unrecognized field"]);
    if any(INSIDE) {
        return Some(Subject::Internal);
    }
    if any(OTHER_API) {
        return Some(Subject::OtherApi);
    }
    if any(NO_BODY) {
        return Some(Subject::NoBody);
    }
    if any(HTTPS) {
        return Some(Subject::Https);
    }
    let names_token = any(ACCESS_TOKEN);
    let of_token = !is_json && (names_token || (any(TOKEN) && (any(WRONG) || is_missing)));
    let signs_in = any(SIGN_IN) || ["log in", "sign in", "sso"].iter().any(|words| has_phrase(text, words));
    let is_sign_in = signs_in && !any(&["access token", "accesstoken", "access_token"]);
    let of_signature = any(SIGNATURE) && !is_sign_in;
    let is_shape = any(SHAPE) || has_phrase(text, "format");
    let is_unsigned = of_signature && any(&["不存在", "not exist", "not found"]);
    let is_failing = any(&["超时", "timeout", "timed out", "调用", "暂不可用"]);
    let of_credentials = of_signature || of_token;
    let is_out_of_time = if of_credentials { any(OF_TIME) } else { any(OUT_OF_TIME) };
    let is_clock =
        any(CLOCK) || has_phrase(text, "server time") || (any(TIMESTAMP) && is_out_of_time) || any(EXPIRED);
    let of_nonce = text.contains("nonce") || text.contains("随机数") || text.contains("随机串");
    let is_replay = any(REPLAY) || (of_nonce && any(TWICE));
    let of_list = any(ADDRESS_LIST) && (has_word(text, "ip") || !any(OTHERS));
    let of_address = any(ADDRESS) || of_list || (has_word(text, "ip") && any(NOT_ADMITTED));
    let of_licence = any(LICENCE) || (text.contains("到期") && !of_credentials && !is_sign_in);
    let of_tenant = any(TENANT) && !is_json && !of_signature && !names_token;
    let of_key = any(KEY) && !is_json;
    let is_off = any(SWITCHED_OFF) && !any(OTHERS) && !any(PLUMBING);
    let of_gateway = (any(GATEWAY) || has_word(text, "waf")) && !is_sign_in && !any(BUSY);
    Some(if of_gateway && !of_address && !of_signature {
        Subject::Gateway
    } else if is_shape && (of_signature || any(TIMESTAMP))
        || (of_key && any(&["不支持", "not supported", "unsupported"]))
    {
        Subject::Form
    } else if (is_missing && (of_token || of_signature || of_nonce || any(TIMESTAMP))) || is_unsigned {
        Subject::Missing
    } else if is_replay {
        Subject::Replay
    } else if is_clock && !is_missing && any(&["集群", "节点", "cluster"]) {
        Subject::Internal
    } else if is_clock && !is_missing {
        Subject::Clock
    } else if of_address {
        Subject::Address
    } else if of_licence {
        Subject::Licence
    } else if of_tenant && is_failing {
        Subject::Internal
    } else if of_tenant && !is_missing {
        Subject::Tenant
    } else if of_signature {
        Subject::Signature
    } else if of_token && is_sign_in {
        Subject::SignIn
    } else if of_token {
        Subject::Token
    } else if of_key && !is_missing {
        Subject::Key
    } else if is_off {
        Subject::SwitchedOff
    } else if any(BUSY) {
        Subject::Busy
    } else if is_sign_in {
        Subject::SignIn
    } else if any(PERMISSION) {
        Subject::Permission
    } else if any(INTERNAL) && !is_json {
        Subject::Internal
    } else {
        return None;
    })
}

/// Whether a text has a word that stands by itself.
fn has_word(text: &str, word: &str) -> bool {
    text.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|part| part == word)
}

/// Whether a text has words that stand by themselves.
fn has_phrase(text: &str, phrase: &str) -> bool {
    let is_letter = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    text.match_indices(phrase).any(|(at, _)| {
        !is_letter(text[..at].chars().next_back()) && !is_letter(text[at + phrase.len()..].chars().next())
    })
}

/// What says little by itself; in order.
fn vague(text: &str) -> Subject {
    let any = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if any(MISSING) || any(FORM) {
        Subject::Form
    } else if any(ENTRY) {
        Subject::Entry
    } else {
        Subject::Else
    }
}

pub(super) fn subject(said: &Said) -> Subject {
    let message = said.message.to_lowercase();
    let code = said.code.as_deref().unwrap_or_default().to_lowercase();
    let found = specific(&message).or_else(|| specific(&code));
    found.unwrap_or_else(|| vague(&format!("{code} {message}")))
}

#[cfg(test)]
mod tests;
