//! The built-in profiles: the candidates for what the vendor does not publish.

use std::collections::BTreeMap;

use super::{
    bare_aes::Iv,
    closed::ClosedRule,
    profile::{AnswerNames, Cipher, MessageNames, Method, Names, Profile, ResultWords, TokenPlace},
};

impl Profile {
    /// The names of the built-in profiles.
    pub const BUILT_IN: [&str; 4] = ["encrypted", "plain", "aes-cbc", "aes-ecb"];

    /// What is tried when nobody knows: the built-in profiles, and `aes-cbc` with its other vectors. Each can be set as
    /// it stands here.
    pub const CANDIDATES: [&str; 6] = [
        "encrypted",
        "plain",
        "aes-cbc",
        r#"{"base":"aes-cbc","iv":"prefixed"}"#,
        r#"{"base":"aes-cbc","iv":"zero"}"#,
        "aes-ecb",
    ];

    /// A built-in profile by its name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "encrypted" => Some(Self::encrypted()),
            "plain" => Some(Self { cipher: Cipher::None, ..Self::encrypted() }),
            "aes-cbc" => Some(Self { cipher: Cipher::AesCbc, ..Self::encrypted() }),
            "aes-ecb" => Some(Self { cipher: Cipher::AesEcb, ..Self::encrypted() }),
            _ => None,
        }
    }

    /// The default.
    pub fn encrypted() -> Self {
        let text = |text: &str| text.to_owned();
        let list = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        Self {
            method: Method::Post,
            cipher: Cipher::DingTalk,
            iv: Iv::KeyStart,
            token: TokenPlace::Default,
            token_prefix: String::new(),
            names: Names {
                signature: text("signature"),
                timestamp: text("timestamp"),
                nonce: text("nonce"),
                encrypt: text("encrypt"),
                access_token: text("accessToken"),
            },
            owner_key: String::new(),
            event_type: text("finish"),
            message: MessageNames {
                apply_id: text("applyId"),
                process_instance_id: text("processInstanceId"),
                tenant_id: text("tenantId"),
                event_type: text("type"),
                result: text("result"),
                approve_user: text("approveUser"),
                user_id: text("userId"),
                user_source_id: text("userSourceId"),
                user_name: text("userName"),
                comment: text("comment"),
                finish_time: text("finishTime"),
            },
            constants: BTreeMap::new(),
            results: ResultWords {
                approved: "agree".into(),
                rejected: "refuse".into(),
                withdrawn: "revoke".into(),
                expired: "refuse".into(),
                failed: "refuse".into(),
            },
            success_codes: list(&["0", "0000", "200", "OK", "success"]),
            answer: AnswerNames { code: list(&["code"]), message: list(&["message"]), yes: BTreeMap::new() },
            accepts: Vec::new(),
            closed: ClosedRule::usual(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_and_every_candidate_is_a_profile_of_its_own() {
        for name in Profile::BUILT_IN {
            assert_eq!(Profile::parse(name).ok(), Profile::named(name), "{name}");
            assert!(Profile::CANDIDATES.contains(&name), "{name}");
        }
        let profiles = Profile::CANDIDATES.map(|candidate| Profile::parse(candidate).unwrap());
        for (index, profile) in profiles.iter().enumerate() {
            assert!(!profiles[..index].contains(profile), "{}", Profile::CANDIDATES[index]);
        }
    }
}
