//! Who may report: whoever knows the secrets of the profile in force, and whose clock is not far off.

use axum::{
    body::Bytes,
    extract::{
        Query,
        rejection::{BytesRejection, QueryRejection},
    },
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use shared::{
    dataphin::bare_aes::BareAes,
    dingtalk::crypto::{AesKey, CallbackKeys, Envelope, Unverified},
};

use super::{
    callback::Refusal,
    settings::{InForce, Profile},
};

/// How far the caller's clock may be off.
const CLOCK_WINDOW_MS: u64 = 60 * 60 * 1000;

/// The query of all profiles.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct CallbackQuery {
    signature: Option<String>,
    timestamp: Option<String>,
    nonce: Option<String>,
    access_token: Option<String>,
}

#[derive(Deserialize)]
struct EncryptedBody {
    encrypt: String,
}

/// The message of a callback that proves to come from someone who knows the secrets.
pub(super) fn verify(
    in_force: &InForce,
    query: Result<Query<CallbackQuery>, QueryRejection>,
    body: Result<Bytes, BytesRejection>,
    now_ms: i64,
) -> Result<Vec<u8>, Refusal> {
    let Query(query) = query.map_err(|_| Refusal::Damaged("the query cannot be read"))?;
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::TooLarge,
        _ => Refusal::Damaged("the body cannot be read"),
    })?;
    let timestamp = query.timestamp.clone().ok_or(Refusal::Unauthentic("the timestamp is missing"))?;
    let sent_ms: i64 =
        timestamp.parse().map_err(|_| Refusal::Damaged("the timestamp is not in milliseconds"))?;
    let message = match in_force.settings.profile {
        Profile::Encrypted => open(&in_force.keys, query, timestamp, &body)?,
        profile => {
            if query.access_token.as_ref() != Some(&in_force.settings.access_token) {
                return Err(Refusal::Unauthentic("the access token is wrong"));
            }
            match profile.bare_aes() {
                Some(cipher) => open_bare(cipher, &in_force.key, &body)?,
                None => body.to_vec(),
            }
        }
    };
    if sent_ms.abs_diff(now_ms) > CLOCK_WINDOW_MS {
        return Err(Refusal::Unauthentic("the timestamp is more than an hour off"));
    }
    Ok(message)
}

fn open(
    keys: &CallbackKeys,
    query: CallbackQuery,
    timestamp: String,
    body: &[u8],
) -> Result<Vec<u8>, Refusal> {
    let (Some(signature), Some(nonce)) = (query.signature, query.nonce) else {
        return Err(Refusal::Unauthentic("the signature or the nonce is missing"));
    };
    let encrypt = encrypted(body)?;
    let opened =
        keys.open(&Envelope { signature, timestamp, nonce, encrypt }).map_err(
            |unverified| match unverified {
                Unverified::Signature => Refusal::Unauthentic("the signature is wrong"),
                Unverified::Ciphertext => Refusal::Damaged("the ciphertext is damaged"),
                Unverified::Plaintext => Refusal::Damaged("the decrypted text is damaged"),
            },
        )?;
    if !opened.owner_key.is_empty() {
        return Err(Refusal::Unauthentic("the owner key is not empty"));
    }
    Ok(opened.message)
}

/// Nothing is signed: that the text is an object in JSON is what shows that the key is the same.
fn open_bare(cipher: BareAes, key: &AesKey, body: &[u8]) -> Result<Vec<u8>, Refusal> {
    const WRONG: Refusal = Refusal::Undecipherable("the text cannot be decrypted with the Encoding AES Key");
    let opened = cipher.open(key, &encrypted(body)?).map_err(|_| WRONG)?;
    match serde_json::from_slice::<Map<String, Value>>(&opened) {
        Ok(_) => Ok(opened),
        Err(_) => Err(WRONG),
    }
}

fn encrypted(body: &[u8]) -> Result<String, Refusal> {
    let EncryptedBody { encrypt } =
        serde_json::from_slice(body).map_err(|_| Refusal::Damaged("the body is not {\"encrypt\": \"…\"}"))?;
    Ok(encrypt)
}
