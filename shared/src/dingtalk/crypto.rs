//! The callback's envelope: AES-256-CBC under a 43-character key, signed with SHA-1.
//!
//! Protocol: "Callback event message body encryption and decryption". The traps that its users met are in the
//! tests: keys whose last character has spare bits, padding to 16 or 32, length fields that lie.

use std::str::FromStr;

use aes::Aes256;
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, block_padding::NoPadding};
use secrecy::{ExposeSecret, SecretString};
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

use super::fingerprint::Fingerprint;
use crate::hex::hex;

/// The characters of an AES key as consoles show it.
pub const AES_KEY_LENGTH: usize = 43;
const KEY_BYTES: usize = 32;
const IV_BYTES: usize = 16;
const RANDOM_BYTES: usize = 16;
const LENGTH_BYTES: usize = 4;
const PAD_TO: usize = 32;
/// Random bytes, length, the shortest event and whom it is addressed to, in whole blocks.
const SHORTEST: usize = 48;

/// Base64 as found in the field: spare bits in the last character, padding or none.
pub(crate) const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A 43-character AES key, decoded.
#[derive(Clone)]
pub struct AesKey([u8; KEY_BYTES]);

/// The text is no 43-character base64 key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an AES key has 43 characters (letters, digits, + and /)")]
pub struct BadAesKey;

impl FromStr for AesKey {
    type Err = BadAesKey;

    fn from_str(text: &str) -> Result<Self, BadAesKey> {
        if text.len() != AES_KEY_LENGTH {
            return Err(BadAesKey);
        }
        let bytes = LENIENT.decode(text).map_err(|_| BadAesKey)?;
        Ok(Self(bytes.try_into().map_err(|_| BadAesKey)?))
    }
}

impl AesKey {
    pub(crate) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// The text but its last character, whose spare bits are lost: to find it where it must not be.
    pub(crate) fn without_spare_bits(&self) -> SecretString {
        let mut text = STANDARD.encode(self.0);
        text.truncate(AES_KEY_LENGTH - 1);
        text.into()
    }

    pub(crate) fn iv(&self) -> &[u8] {
        &self.0[..IV_BYTES]
    }
}

/// The token and the AES key that both ends of a callback share.
#[derive(Clone)]
pub struct CallbackKeys {
    token: SecretString,
    key: AesKey,
}

/// A signed envelope, as it travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Hexadecimal SHA-1 over token, timestamp, nonce and ciphertext.
    pub signature: String,
    /// Milliseconds, as text.
    pub timestamp: String,
    /// A few random characters.
    pub nonce: String,
    /// The ciphertext in base64.
    pub encrypt: String,
}

impl Envelope {
    /// Whether DingTalk could have sealed it under some token and key: its form says so much.
    pub fn is_like_dingtalks(&self) -> bool {
        let is_signature =
            self.signature.len() == 40 && self.signature.bytes().all(|c| c.is_ascii_hexdigit());
        let is_time = self.timestamp.len() == 13 && self.timestamp.bytes().all(|c| c.is_ascii_digit());
        let encrypt: String = self.encrypt.split_ascii_whitespace().collect();
        let is_ciphertext = LENIENT
            .decode(encrypt)
            .is_ok_and(|bytes| bytes.len() >= SHORTEST && bytes.len().is_multiple_of(IV_BYTES));
        is_signature && is_time && is_ciphertext
    }
}

/// What a verified envelope held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The message.
    pub message: Vec<u8>,
    /// Who it is addressed to: AppKey, CorpId or SuiteKey; not checked here.
    pub owner_key: String,
}

/// Why an envelope was not believed. For the log; a caller is told nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// Token, AES key, timestamp or nonce differ between the two ends.
    #[error("the signature does not match: is the token the same on both sides?")]
    Signature,
    /// The ciphertext is no base64 of whole blocks.
    #[error("the encrypted text is damaged")]
    Ciphertext,
    /// The decrypted bytes make no sense.
    #[error("the decrypted text is damaged: is the AES key the same on both sides?")]
    Plaintext,
}

impl CallbackKeys {
    /// What tells these keys from others.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.token.expose_secret(), self.key.bytes())
    }

    pub(super) fn fingerprint_of_setting(&self, name: &str, value: &str) -> String {
        Fingerprint::part_of(self.key.bytes(), name, value)
    }

    /// Pairs a token with a key.
    pub fn new(token: SecretString, key: AesKey) -> Self {
        Self { token, key }
    }

    /// Verifies, then decrypts.
    pub fn open(&self, envelope: &Envelope) -> Result<Opened, Unverified> {
        // Some senders break their base64 into lines; the signature is over the text without the breaks.
        let encrypt: String = envelope.encrypt.split_ascii_whitespace().collect();
        let expected = self.sign(&envelope.timestamp, &envelope.nonce, &encrypt);
        let given = envelope.signature.to_ascii_lowercase();
        if !bool::from(expected.as_bytes().ct_eq(given.as_bytes())) {
            return Err(Unverified::Signature);
        }
        let ciphertext = LENIENT.decode(encrypt).map_err(|_| Unverified::Ciphertext)?;
        self.decrypt(&ciphertext)
    }

    /// Encrypts `message` to `owner_key` and signs it. `random` must be fresh.
    pub fn seal(
        &self,
        message: &[u8],
        owner_key: &str,
        timestamp: String,
        nonce: String,
        random: [u8; RANDOM_BYTES],
    ) -> Envelope {
        let encrypt = STANDARD.encode(self.encrypt(message, owner_key, random));
        let signature = self.sign(&timestamp, &nonce, &encrypt);
        Envelope { signature, timestamp, nonce, encrypt }
    }

    fn sign(&self, timestamp: &str, nonce: &str, encrypt: &str) -> String {
        let mut parts = [self.token.expose_secret(), timestamp, nonce, encrypt];
        parts.sort_unstable();
        hex(&Sha1::digest(parts.concat()))
    }

    fn encrypt(&self, message: &[u8], owner_key: &str, random: [u8; RANDOM_BYTES]) -> Vec<u8> {
        // A message is bounded by the body limits, far below 4 GiB.
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
        let mut plain = [&random[..], &length.to_be_bytes(), message, owner_key.as_bytes()].concat();
        let padding = PAD_TO - plain.len() % PAD_TO;
        // `padding` is 1 to 32.
        #[allow(clippy::cast_possible_truncation)]
        plain.resize(plain.len() + padding, padding as u8);
        cbc::Encryptor::<Aes256>::new_from_slices(&self.key.0, self.key.iv())
            .map(|cipher| cipher.encrypt_padded_vec::<NoPadding>(&plain))
            .unwrap_or_default()
    }

    fn decrypt(&self, ciphertext: &[u8]) -> Result<Opened, Unverified> {
        let plain = cbc::Decryptor::<Aes256>::new_from_slices(&self.key.0, self.key.iv())
            .map_err(|_| Unverified::Ciphertext)?
            .decrypt_padded_vec::<NoPadding>(ciphertext)
            .map_err(|_| Unverified::Ciphertext)?;
        parse(&plain).ok_or(Unverified::Plaintext)
    }
}

/// Takes `random ‖ length ‖ message ‖ owner key ‖ padding` apart; `None` when any part lies.
fn parse(plain: &[u8]) -> Option<Opened> {
    let padding = usize::from(*plain.last()?);
    if !(1..=PAD_TO).contains(&padding) {
        return None;
    }
    let (content, pad) = plain.split_at_checked(plain.len().checked_sub(padding)?)?;
    if pad.iter().any(|byte| usize::from(*byte) != padding) {
        return None;
    }
    let (length, rest) = content.get(RANDOM_BYTES..)?.split_first_chunk::<LENGTH_BYTES>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (message, owner_key) = rest.split_at_checked(length)?;
    Some(Opened { message: message.to_vec(), owner_key: std::str::from_utf8(owner_key).ok()?.to_owned() })
}
