//! The vendor's published callback vectors, and vectors for every trap that its users met.

#![allow(clippy::expect_used)]

use serde::Deserialize;
use shared::dingtalk::crypto::{CallbackKeys, Envelope, Unverified};

#[derive(Deserialize)]
struct Vector {
    name: String,
    token: String,
    aes_key: String,
    owner_key: String,
    timestamp: String,
    nonce: String,
    random: Option<String>,
    signature: String,
    encrypt: String,
    plaintext: Option<String>,
    expect: String,
}

impl Vector {
    fn keys(&self) -> CallbackKeys {
        CallbackKeys::new(self.token.clone().into(), self.aes_key.parse().expect("a usable key"))
    }

    fn envelope(&self) -> Envelope {
        Envelope {
            signature: self.signature.clone(),
            timestamp: self.timestamp.clone(),
            nonce: self.nonce.clone(),
            encrypt: self.encrypt.clone(),
        }
    }
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("fixtures/dingtalk/callback-vectors.json"))
        .expect("the vectors are JSON")
}

#[test]
fn every_vector_opens_or_is_refused_as_it_says() {
    for vector in vectors() {
        let opened = vector.keys().open(&vector.envelope());
        match vector.expect.as_str() {
            "ok" => {
                let opened = opened.expect(&vector.name);
                assert_eq!(
                    opened.message,
                    vector.plaintext.expect("a plaintext").into_bytes(),
                    "{}",
                    vector.name
                );
                assert_eq!(opened.owner_key, vector.owner_key, "{}", vector.name);
            }
            "signature_mismatch" => assert_eq!(opened, Err(Unverified::Signature), "{}", vector.name),
            // The envelope opens; whose it is, is the receiver's question.
            "owner_mismatch" => assert_ne!(opened.expect(&vector.name).owner_key, "dingtestappkey000000"),
            "bad_length" | "bad_padding" => assert_eq!(opened, Err(Unverified::Plaintext), "{}", vector.name),
            other => panic!("{}: unknown expectation {other}", vector.name),
        }
    }
}

#[test]
fn published_vectors_are_made_again_byte_for_byte() {
    for vector in vectors() {
        let (Some(random), Some(plaintext)) = (&vector.random, &vector.plaintext) else { continue };
        let random = random.as_bytes().try_into().expect("16 bytes");
        let (timestamp, nonce) = (vector.timestamp.clone(), vector.nonce.clone());
        let sealed = vector.keys().seal(plaintext.as_bytes(), &vector.owner_key, timestamp, nonce, random);
        assert_eq!(sealed, vector.envelope(), "{}", vector.name);
    }
}

#[test]
fn line_breaks_in_the_base64_are_not_part_of_it() {
    for vector in vectors().into_iter().filter(|vector| vector.expect == "ok") {
        let mut envelope = vector.envelope();
        envelope.encrypt.insert(76, '\n');
        envelope.encrypt.push('\n');
        assert!(vector.keys().open(&envelope).is_ok(), "{}", vector.name);
    }
}
