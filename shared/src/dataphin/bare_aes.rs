//! AES-256 with PKCS#7 padding and nothing around it: neither signature nor length. Two of the profiles speak it.

use aes::{
    Aes256, Block,
    cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, block_padding::NoPadding};
use serde::{Deserialize, Serialize};

use crate::dingtalk::crypto::{AesKey, LENIENT};

const BLOCK: usize = 16;

/// How blocks follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BareAes {
    /// Chained, from this initialisation vector.
    Cbc(Iv),
    /// Each for itself.
    Ecb,
}

/// Where the initialisation vector of a chain comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Iv {
    /// The first 16 bytes of the key.
    KeyStart,
    /// 16 random bytes that travel before the ciphertext.
    Prefixed,
    /// 16 times zero.
    Zero,
}

/// Why a text was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// It is no base64 of whole blocks.
    #[error("the encrypted text is damaged")]
    Ciphertext,
    /// The decrypted bytes do not end in their padding.
    #[error("the decrypted text is damaged: is the AES key the same on both sides?")]
    Plaintext,
}

impl BareAes {
    /// Encrypts; gives base64. `random` must be fresh, and is used for a prefixed vector only.
    pub fn seal(self, key: &AesKey, message: &[u8], random: [u8; BLOCK]) -> String {
        let plain = padded(message);
        STANDARD.encode(match self {
            Self::Cbc(Iv::KeyStart) => chain(key, key.iv(), &plain),
            Self::Cbc(Iv::Zero) => chain(key, &[0; BLOCK], &plain),
            Self::Cbc(Iv::Prefixed) => [&random[..], &chain(key, &random, &plain)].concat(),
            Self::Ecb => {
                let cipher = Aes256::new(key.bytes().into());
                each_block(plain, |block| cipher.encrypt_block(block))
            }
        })
    }

    /// Decrypts what `seal` gives. Nothing but the padding tells a wrong key.
    pub fn open(self, key: &AesKey, text: &str) -> Result<Vec<u8>, Unopened> {
        // Some senders break their base64 into lines.
        let text: String = text.split_ascii_whitespace().collect();
        let bytes = LENIENT.decode(text).map_err(|_| Unopened::Ciphertext)?;
        let plain = match self {
            Self::Cbc(Iv::KeyStart) => unchain(key, key.iv(), &bytes)?,
            Self::Cbc(Iv::Zero) => unchain(key, &[0; BLOCK], &bytes)?,
            Self::Cbc(Iv::Prefixed) => {
                let (iv, chained) = bytes.split_at_checked(BLOCK).ok_or(Unopened::Ciphertext)?;
                unchain(key, iv, chained)?
            }
            Self::Ecb => {
                let cipher = Aes256::new(key.bytes().into());
                if !bytes.len().is_multiple_of(BLOCK) {
                    return Err(Unopened::Ciphertext);
                }
                each_block(bytes, |block| cipher.decrypt_block(block))
            }
        };
        unpadded(plain).ok_or(Unopened::Plaintext)
    }
}

fn chain(key: &AesKey, iv: &[u8], plain: &[u8]) -> Vec<u8> {
    // Key and vector have the right lengths by their types and by `BLOCK`.
    cbc::Encryptor::<Aes256>::new_from_slices(key.bytes(), iv)
        .map(|cipher| cipher.encrypt_padded_vec::<NoPadding>(plain))
        .unwrap_or_default()
}

fn unchain(key: &AesKey, iv: &[u8], chained: &[u8]) -> Result<Vec<u8>, Unopened> {
    cbc::Decryptor::<Aes256>::new_from_slices(key.bytes(), iv)
        .map_err(|_| Unopened::Ciphertext)?
        .decrypt_padded_vec::<NoPadding>(chained)
        .map_err(|_| Unopened::Ciphertext)
}

fn each_block(mut bytes: Vec<u8>, change: impl Fn(&mut Block)) -> Vec<u8> {
    for bytes in bytes.chunks_exact_mut(BLOCK) {
        let mut block = Block::default();
        block.copy_from_slice(bytes);
        change(&mut block);
        bytes.copy_from_slice(&block);
    }
    bytes
}

fn padded(message: &[u8]) -> Vec<u8> {
    let padding = BLOCK - message.len() % BLOCK;
    let mut plain = message.to_vec();
    // `padding` is 1 to 16.
    #[allow(clippy::cast_possible_truncation)]
    plain.resize(message.len() + padding, padding as u8);
    plain
}

fn unpadded(mut plain: Vec<u8>) -> Option<Vec<u8>> {
    let padding = usize::from(*plain.last()?);
    let length = plain.len().checked_sub(padding).filter(|_| (1..=BLOCK).contains(&padding))?;
    let pad_agrees = plain[length..].iter().all(|byte| usize::from(*byte) == padding);
    plain.truncate(length);
    pad_agrees.then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij";
    const ALL: [BareAes; 4] =
        [BareAes::Cbc(Iv::KeyStart), BareAes::Cbc(Iv::Prefixed), BareAes::Cbc(Iv::Zero), BareAes::Ecb];

    fn key() -> AesKey {
        KEY.parse().unwrap()
    }

    /// Made with `openssl enc -aes-256-cbc` and `-aes-256-ecb`, for each cipher of `ALL` in turn.
    const VECTORS: [(&str, [&str; 4]); 3] = [
        (
            r#"{"applyId":"1223","result":"agree"}"#,
            [
                "kmRxH1o7RIE2cHi1BmJCc9hgrSdKipJ+eOW59FuJ4JYoLuRC2v8LfgyQ6YyizD33",
                "BwcHBwcHBwcHBwcHBwcHB0eXR407N4jNs0H6mD2utFwRkMBb4qXr6XN7JDbXTci6/LadHU+7q4bPAOfKoX4Svg==",
                "Wr9SVB6vFcYsaM67K1a46hTFGgJ8qQ9MNVZRRuU2v4QHmvgp77L/99S+/2yT49OC",
                "Wr9SVB6vFcYsaM67K1a46nnX9V+Slj02AF70eYtNzmBVPnMFBICkyw3D7ZZCCtlC",
            ],
        ),
        (
            "success",
            [
                "imnY987kcbxa+2nBUJYSYQ==",
                "BwcHBwcHBwcHBwcHBwcHB05JVdM2wwn4H/gMalCcDQI=",
                "kNJemVFOsRGrqbCR3IQAOA==",
                "kNJemVFOsRGrqbCR3IQAOA==",
            ],
        ),
        (
            "sixteen bytes ok",
            [
                "9XMsR+iPV3TJrQbJ7vhRNUZZ6b4gkjnu41Wo9h/Z6uk=",
                "BwcHBwcHBwcHBwcHBwcHB+XTj9rMMZb0sN3RqxCc/SubNKDpPyIUc1ezYkwlrV8Y",
                "isM/N/L/boD8MF5y5muA7tWQ3+zljO+qBFnyhWQTEKY=",
                "isM/N/L/boD8MF5y5muA7toY7zjdzedPbSp1HFRmxcI=",
            ],
        ),
    ];

    #[test]
    fn each_cipher_agrees_with_another_implementation() {
        for (message, sealed) in VECTORS {
            for (cipher, sealed) in ALL.into_iter().zip(sealed) {
                assert_eq!(cipher.seal(&key(), message.as_bytes(), [7; 16]), sealed, "{cipher:?}");
                assert_eq!(cipher.open(&key(), sealed).unwrap(), message.as_bytes(), "{cipher:?}");
            }
        }
    }

    #[test]
    fn base64_broken_into_lines_and_without_its_padding_is_opened() {
        let (first, second) = VECTORS[0].1[0].split_at(20);
        assert!(ALL[0].open(&key(), &format!("{first}\r\n{second}\n")).is_ok());
        assert_eq!(ALL[0].open(&key(), "imnY987kcbxa+2nBUJYSYQ").unwrap(), b"success");
    }

    #[test]
    fn what_is_damaged_or_under_another_key_stays_shut() {
        let other: AesKey = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".parse().unwrap();
        for cipher in ALL {
            let sealed = cipher.seal(&key(), b"success", [7; 16]);
            assert_eq!(cipher.open(&other, &sealed), Err(Unopened::Plaintext), "{cipher:?}");
            for damaged in ["\u{0}", "AAAA", "imnY987kcbxa+2nBUJYSYWE="] {
                assert_eq!(cipher.open(&key(), damaged), Err(Unopened::Ciphertext), "{cipher:?} {damaged}");
            }
        }
        assert_eq!(BareAes::Ecb.open(&key(), ""), Err(Unopened::Plaintext));
        assert_eq!(BareAes::Cbc(Iv::Prefixed).open(&key(), ""), Err(Unopened::Ciphertext));
    }
}
