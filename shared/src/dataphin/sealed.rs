//! Opening an encrypted answer.

use super::{answer::node::Node, callback::DataphinSettings};
use crate::dingtalk::crypto::{CallbackKeys, Envelope};

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
