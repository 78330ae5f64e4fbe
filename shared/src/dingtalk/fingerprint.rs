//! A fingerprint of the callback's Token and aes_key: it tells whether either was changed, and gives nothing of them away.
//!
//! Both parts are keyed with the aes_key's 256 bits, so a short Token cannot be guessed from its part.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::hex::hex;

const BLOCK: usize = 64;
/// Bytes of each part.
const SHOWN: usize = 6;

/// What tells keys from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    token: String,
    key: String,
}

/// What was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// The Token; the aes_key is the same.
    Token,
    /// The aes_key, and perhaps the Token.
    Key,
}

impl Fingerprint {
    pub(super) fn of(token: &str, key: &[u8; 32]) -> Self {
        let part = |label: &str, text: &str| {
            hex(&hmac(key, &[b"approval-bridge callback ", label.as_bytes(), text.as_bytes()])[..SHOWN])
        };
        Self { token: part("token ", token), key: part("aes_key", "") }
    }

    /// A part for something else that both ends should have the same, under the same key.
    pub(super) fn part_of(key: &[u8; 32], name: &str, value: &str) -> String {
        let parts = [b"approval-bridge setting ".as_slice(), name.as_bytes(), b"=", value.as_bytes()];
        hex(&hmac(key, &parts)[..SHOWN])
    }

    /// One as it was written down; `None` where the text is none.
    pub fn read(text: &str) -> Option<Self> {
        let (token, key) = text.split_once('-')?;
        let fits = |part: &str| part.len() == 2 * SHOWN && part.bytes().all(|byte| byte.is_ascii_hexdigit());
        (fits(token) && fits(key)).then(|| Self { token: token.to_owned(), key: key.to_owned() })
    }

    /// What differs from keys that are all in use; `None`: it is of one of them.
    pub fn differs_from(&self, all: &[Self]) -> Option<Changed> {
        if all.contains(self) {
            return None;
        }
        let same_key = all.iter().any(|other| other.key == self.key);
        Some(if same_key { Changed::Token } else { Changed::Key })
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.token, self.key)
    }
}

/// HMAC-SHA256 (RFC 2104) under a key that is shorter than a block.
fn hmac(key: &[u8; 32], message: &[&[u8]]) -> [u8; 32] {
    let padded = |with: u8| {
        let mut block = [with; BLOCK];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let mut inner = Sha256::new();
    inner.update(padded(0x36));
    for part in message {
        inner.update(part);
    }
    let mut outer = Sha256::new();
    outer.update(padded(0x5c));
    outer.update(inner.finalize());
    outer.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_is_told_and_nothing_of_it_shown() {
        let (one, other) = ([1; 32], [2; 32]);
        let of = |token: &str, key| Fingerprint::of(token, key);
        let written = of("secret-token", &one).to_string();
        assert!(!written.contains("secret") && written.len() == 4 * SHOWN + 1, "{written}");
        let read = Fingerprint::read(&written).unwrap();
        assert_eq!(read.differs_from(&[of("x", &other), of("secret-token", &one)]), None);
        assert_eq!(read.differs_from(&[of("another", &one)]), Some(Changed::Token));
        assert_eq!(read.differs_from(&[of("secret-token", &other)]), Some(Changed::Key));
        for text in ["", "cipher", "a-b", "zzzzzzzzzzzz-zzzzzzzzzzzz"] {
            assert_eq!(Fingerprint::read(text), None, "{text}");
        }
    }

    #[test]
    fn the_hash_is_hmac_sha256() {
        // RFC 4231, test case 1, with its key of 20 bytes filled up by zeros, which changes nothing.
        let mut key = [0; 32];
        key[..20].fill(0x0b);
        let expected = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
        assert_eq!(hex(&hmac(&key, &[b"Hi ", b"There"])), expected);
    }
}
