//! Opening an encrypted answer.

use super::{answer::node::Node, callback::DataphinSettings, profile::Profile};
use crate::dingtalk::crypto::{CallbackKeys, Envelope};

/// Names of what is encrypted, besides the profile's.
const ENCRYPTED: [&str; 3] = ["encrypt", "msg_encrypt", "encrypted"];
/// What holds an answer's content.
const CONTENT: [&str; 2] = ["data", "result"];
/// The shortest text that may be encrypted: a block in base64.
const MIN_CHARS: usize = 24;

/// What is encrypted in an answer, and the object that it stands in.
pub(super) fn find<'a>(node: &'a Node, profile: &Profile) -> Option<(&'a Node, &'a str)> {
    let own = node.text_of(&profile.names.encrypt).map(|text| (node, text));
    if own.is_some() || !profile.cipher.needs_key() {
        return own;
    }
    let named = |node: &'a Node| ENCRYPTED.iter().find_map(|name| Some((node, node.text_of(name)?)));
    let within = CONTENT.iter().filter_map(|name| node.member(name)).find_map(named);
    let whole = CONTENT.iter().filter_map(|name| Some((node, node.text_of(name)?)));
    named(node).or(within).or_else(|| whole.into_iter().find(|(_, text)| may_be_encrypted(text)))
}

/// Whether the name of what was found says that it is encrypted.
pub(super) fn is_named(node: &Node, encrypt: &str, profile: &Profile) -> bool {
    let names = ENCRYPTED.into_iter().chain([profile.names.encrypt.as_str()]);
    names.filter_map(|name| node.text_of(name)).any(|text| text == encrypt)
}

/// Whole blocks in base64.
fn may_be_encrypted(text: &str) -> bool {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    text.len() >= MIN_CHARS && text.len().is_multiple_of(4) && text.bytes().all(is_base64)
}

/// Opens an encrypted answer by the profile's cipher. That of DingTalk must be signed, too.
pub(super) fn open(encrypt: &str, answer: &Node, settings: &DataphinSettings) -> Result<Vec<u8>, String> {
    let DataphinSettings { access_token, aes_key, profile, .. } = settings;
    let key = aes_key.clone().ok_or("DATAPHIN_CALLBACK_AES_KEY is missing")?;
    if let Some(cipher) = profile.bare_aes() {
        return cipher.open(&key, encrypt).map_err(|unopened| unopened.to_string());
    }
    let part =
        |names: &[&str]| names.iter().find_map(|name| answer.text_of(name)).unwrap_or_default().to_owned();
    let envelope = Envelope {
        signature: part(&["msg_signature", "signature"]),
        timestamp: part(&["timeStamp", "timestamp"]),
        nonce: part(&["nonce"]),
        encrypt: encrypt.to_owned(),
    };
    let opened = CallbackKeys::new(access_token.clone(), key).open(&envelope);
    opened.map(|opened| opened.message).map_err(|unverified| unverified.to_string())
}
