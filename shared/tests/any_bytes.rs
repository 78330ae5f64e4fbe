//! Whatever arrives, whoever sends it: the parsers answer and do not panic, and what is sealed opens again.

#![allow(clippy::expect_used)]

use aes::Aes256;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cbc::cipher::{BlockModeEncrypt, KeyIvInit, block_padding::NoPadding};
use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use shared::{
    dataphin::{
        Profile, Submission, WithdrawalRequest,
        bare_aes::{BareAes, Iv},
        content,
        tree::Tree,
    },
    dingtalk::{
        Event,
        crypto::{AesKey, CallbackKeys, Envelope},
    },
    hex::hex,
    visible::is_unseen,
};

const TOKEN: &str = "a token";
/// 32 times zero.
const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

const BARE: [BareAes; 4] =
    [BareAes::Cbc(Iv::KeyStart), BareAes::Cbc(Iv::Prefixed), BareAes::Cbc(Iv::Zero), BareAes::Ecb];

fn key() -> AesKey {
    KEY.parse().expect("a key")
}

fn keys() -> CallbackKeys {
    CallbackKeys::new(TOKEN.into(), key())
}

/// The signature as whoever knows the token makes it.
fn signed(encrypt: String) -> Envelope {
    let mut parts = [TOKEN, "1", "n", &encrypt];
    parts.sort_unstable();
    let signature = hex(&Sha1::digest(parts.concat()));
    Envelope { signature, timestamp: "1".to_owned(), nonce: "n".to_owned(), encrypt }
}

/// Everything that reads what comes from outside.
fn read(bytes: &[u8]) {
    let _ = Submission::parse(bytes);
    let _ = WithdrawalRequest::parse(bytes);
    let _ = Event::parse(bytes);
    let text = String::from_utf8_lossy(bytes).into_owned();
    let _ = Profile::parse(&text);
    let _ = text.parse::<AesKey>();
    for cipher in BARE {
        let _ = cipher.open(&key(), &text);
        let _ = cipher.open(&key(), &STANDARD.encode(bytes));
    }
    let _ = keys().open(&signed(text.clone()));
    let _ = keys().open(&Envelope {
        signature: text.clone(),
        timestamp: text.clone(),
        nonce: text.clone(),
        encrypt: text.clone(),
    });
    let body = json!({"content": text}).to_string();
    for tree in [Tree::member(body.as_bytes(), "content"), Tree::Text(text)] {
        assert!(content::readable(&tree, &[]).to_string().len() <= content::LIMIT);
    }
}

/// Any JSON, a few levels deep, with the members that are looked at more often than others.
fn any_json() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        "(applyId|title|content|type|tenantId|applyUser|applyUserInfo|templateCode|userId|userSourceId)",
        "(approveNodes|approveOrder|approveOperator|approveUsers|processInstanceId|EventType|data|result)",
        "(resourceType|grantToUsers|account|period|bpmsEnvironment|operateTypes|staffId|finishTime)",
        "\\PC{0,8}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "(finish|agree|terminate|start|AND|OR|bpms_instance_change|bpms_task_change)".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..8).prop_map(Value::from),
            vec((name.clone(), inner.clone()), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
            inner.prop_map(|value| Value::String(value.to_string())),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..2_000)) {
        read(&bytes);
    }

    #[test]
    fn any_json_is_read_or_refused(value in any_json()) {
        read(value.to_string().as_bytes());
        let tree = Tree::read(value.to_string().as_bytes()).unwrap_or_default();
        let details = content::readable(&tree, &[]);
        prop_assert!(details.to_string().len() <= content::LIMIT);
        let unseen = |c: char| !matches!(c, '\n' | '\t') && is_unseen(c);
        prop_assert!(!details.to_string().contains(unseen) && !details.to_string().contains("]("));
        read(json!({"applyId": "1", "content": value}).to_string().as_bytes());
        read(json!({"applyId": "1", "approveNodes": value, "applyUserInfo": value}).to_string().as_bytes());
        read(json!({"EventType": "bpms_instance_change", "data": value}).to_string().as_bytes());
        read(json!({"base": "plain", "results": value}).to_string().as_bytes());
    }

    #[test]
    fn a_request_damaged_anywhere_is_read_or_refused(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let fixtures: [&[u8]; 4] = [
            include_bytes!("fixtures/dataphin/create.edition-3.json"),
            include_bytes!("fixtures/dataphin/content.table-permission.json"),
            include_bytes!("fixtures/dingtalk/event_instance_finish_agree_doc_new.json"),
            include_bytes!("fixtures/dingtalk/event_instance_finish_stream_doc.json"),
        ];
        for fixture in fixtures {
            let at = at.index(fixture.len());
            let mut damaged = fixture.to_vec();
            damaged[at] = byte;
            read(&damaged);
            read(&fixture[..at]);
        }
    }

    #[test]
    fn any_plaintext_under_the_right_keys_opens_or_is_refused(blocks in vec(any::<[u8; 16]>(), 0..8)) {
        let (key, plain) = ([0_u8; 32], blocks.concat());
        let cipher = cbc::Encryptor::<Aes256>::new_from_slices(&key, &key[..16]).expect("a key");
        let _ = keys().open(&signed(STANDARD.encode(cipher.encrypt_padded_vec::<NoPadding>(&plain))));
    }

    #[test]
    fn any_length_field_opens_or_is_refused(length: u32, message in vec(any::<u8>(), 0..100), pad in 0_u8..40) {
        let mut plain = [&[7; 16][..], &length.to_be_bytes(), &message].concat();
        plain.resize(plain.len().next_multiple_of(32), pad);
        let key = [0_u8; 32];
        let cipher = cbc::Encryptor::<Aes256>::new_from_slices(&key, &key[..16]).expect("a key");
        let _ = keys().open(&signed(STANDARD.encode(cipher.encrypt_padded_vec::<NoPadding>(&plain))));
    }

    #[test]
    fn what_is_sealed_opens_to_the_same_message_and_owner_key(
        message in vec(any::<u8>(), 0..500), owner_key: String, timestamp: String, nonce: String, random: [u8; 16],
    ) {
        let sealed = keys().seal(&message, &owner_key, timestamp, nonce, random);
        let opened = keys().open(&sealed).expect("it opens");
        prop_assert_eq!((opened.message, opened.owner_key), (message, owner_key));
    }

    #[test]
    fn what_a_bare_cipher_seals_it_opens(message in vec(any::<u8>(), 0..500), random: [u8; 16]) {
        for cipher in BARE {
            let sealed = cipher.seal(&key(), &message, random);
            prop_assert_eq!(cipher.open(&key(), &sealed), Ok(message.clone()));
        }
    }

    #[test]
    fn a_sealed_envelope_with_another_byte_stays_shut(message in vec(any::<u8>(), 0..200), at: prop::sample::Index) {
        let sealed = keys().seal(&message, "owner", "1".to_owned(), "n".to_owned(), [7; 16]);
        let mut encrypt = sealed.encrypt.clone().into_bytes();
        let at = at.index(encrypt.len());
        encrypt[at] = if encrypt[at] == b'A' { b'B' } else { b'A' };
        let encrypt = String::from_utf8(encrypt).expect("text");
        let opened = keys().open(&Envelope { encrypt, ..sealed });
        prop_assert!(opened.is_err());
    }
}

#[test]
fn a_body_of_a_megabyte_is_read_within_bounds() {
    let many = |member: &str| member.repeat((1 << 20) / member.len());
    for content in [
        format!("{{{}}}", many(r#""a":1,"#).trim_end_matches(',')),
        format!("[{}]", many("{},").trim_end_matches(',')),
        format!("[{}]", many("[[],[[]]],").trim_end_matches(',')),
        format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)),
        format!("\"{}\"", many("\\u202e")),
        format!("\"{}\"", many("](")),
        format!("{{\"{}\":1}}", many("k")),
    ] {
        read(format!(r#"{{"applyId":"1","content":{content}}}"#).as_bytes());
        read(json!({"applyId": "1", "content": content}).to_string().as_bytes());
    }
}

#[test]
fn nesting_without_end_is_refused_or_shown_as_it_is() {
    for unit in ["[", "{\"a\":", "[{\"data\":", "{\"EventType\":"] {
        let deep = unit.repeat(100_000);
        read(deep.as_bytes());
        read(json!({"applyId": "1", "content": deep}).to_string().as_bytes());
        read(json!({"EventType": "bpms_instance_change", "data": deep}).to_string().as_bytes());
    }
}
