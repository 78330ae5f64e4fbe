//! The built-in profiles: the candidates for what the vendor does not publish.

use super::{
    bare_aes::Iv,
    closed::ClosedRule,
    profile::{Cipher, Names, Profile, ResultWords},
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
            cipher: Cipher::DingTalk,
            iv: Iv::KeyStart,
            names: Names {
                signature: text("signature"),
                timestamp: text("timestamp"),
                nonce: text("nonce"),
                encrypt: text("encrypt"),
                access_token: text("accessToken"),
            },
            owner_key: String::new(),
            event_type: text("finish"),
            results: ResultWords {
                approved: text("agree"),
                rejected: text("refuse"),
                withdrawn: text("revoke"),
                expired: text("refuse"),
                failed: text("refuse"),
            },
            success_codes: list(&["0", "200", "OK", "success"]),
            closed: ClosedRule {
                subjects: list(&[
                    "request", "requests", "apply", "applyid", "approval", "process", "instance", "flow",
                    "task", "申请", "审批", "流程", "实例", "单据", "工单",
                ]),
                phrases: list(&[
                    "not exist",
                    "not found",
                    "finished",
                    "closed",
                    "completed",
                    "revoked",
                    "terminated",
                    "ended",
                    "不存在",
                    "已结束",
                    "已完成",
                    "已关闭",
                    "已撤销",
                    "已撤回",
                    "已终止",
                ]),
            },
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
