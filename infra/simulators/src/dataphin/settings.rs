//! What an administrator types into *Management Center > System Settings > Approval Settings > External approval
//! system > Other*, and what the vendor does not let anyone choose but this simulator does.

use std::net::{Ipv4Addr, SocketAddr};

use reqwest::Url;
use serde::{Deserialize, Serialize};
use shared::{
    dataphin::bare_aes::{BareAes, Iv},
    dingtalk::crypto::{AesKey, BadAesKey, CallbackKeys},
};

use super::request::{Person, seeded_people};

/// Dataphin's side of the connection to an external approval system.
#[derive(Clone)]
pub struct Settings {
    /// Where the simulator listens.
    pub listen: SocketAddr,
    /// *Approval System Name*: free text.
    pub approval_system_name: String,
    /// *Submit Approval Request URL*: the bridge's base address, with or without a path.
    pub bridge_url: Option<String>,
    /// *Access Token*: sent with every call; signs the callback in the encrypted profile, comes with it in the others.
    pub access_token: String,
    /// *Encoding AES Key*: 43 characters.
    pub aes_key: String,
    /// How the callback is spoken.
    pub profile: Profile,
    /// Answer an accepted outcome with an encrypted `success`, as DingTalk's own callbacks are answered.
    pub encrypted_answer: bool,
    /// The tenant that requests carry (in the edition that knows tenants).
    pub tenant_id: Option<String>,
    /// Which edition of the body a submit has.
    pub edition: Edition,
    /// `Content-Type` of what is sent; the vendor promises none.
    pub content_type: String,
    /// Who can ask and decide.
    pub people: Vec<Person>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            approval_system_name: "Approval Bridge".to_owned(),
            bridge_url: None,
            access_token: "6d1b2n1c".to_owned(),
            aes_key: "DataphinSimulatorEncodingAesKeyForDemosOnl0".to_owned(),
            profile: Profile::Encrypted,
            encrypted_answer: false,
            tenant_id: Some("100000001".to_owned()),
            edition: Edition::Third,
            content_type: "application/json".to_owned(),
            people: seeded_people(),
        }
    }
}

/// How the callback is spoken; the names are those of the bridge's callback profiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Signed query, body `{"encrypt"}` as in DingTalk's callbacks.
    Encrypted,
    /// The message as JSON, `accessToken` and `timestamp` in the query.
    Plain,
    /// The same query, body `{"encrypt"}`: bare AES-CBC, whose vector is the first 16 bytes of the key.
    AesCbc,
    /// The same with a random vector before the ciphertext.
    AesCbcPrefixed,
    /// The same with a vector of zeros.
    AesCbcZero,
    /// The same query and body: bare AES-ECB.
    AesEcb,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Encrypted, Self::Plain, Self::AesCbc, Self::AesCbcPrefixed, Self::AesCbcZero, Self::AesEcb];

    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Encrypted => "encrypted",
            Self::Plain => "plain",
            Self::AesCbc => "aes-cbc",
            Self::AesCbcPrefixed => "aes-cbc-prefixed",
            Self::AesCbcZero => "aes-cbc-zero",
            Self::AesEcb => "aes-ecb",
        }
    }

    /// The bare cipher, where it has one.
    pub fn bare_aes(self) -> Option<BareAes> {
        match self {
            Self::Encrypted | Self::Plain => None,
            Self::AesCbc => Some(BareAes::Cbc(Iv::KeyStart)),
            Self::AesCbcPrefixed => Some(BareAes::Cbc(Iv::Prefixed)),
            Self::AesCbcZero => Some(BareAes::Cbc(Iv::Zero)),
            Self::AesEcb => Some(BareAes::Ecb),
        }
    }
}

/// The published editions of the submit's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Edition {
    /// The oldest: no requester, no nodes.
    First,
    /// With requester and nodes.
    Second,
    /// Of 2025-11: with the tenant.
    Third,
}

/// Settings that Dataphin does not save.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadSettings {
    /// The *Encoding AES Key* is no key.
    AesKey(BadAesKey),
    /// The *Submit Approval Request URL* is no address to build paths on.
    BridgeUrl,
}

impl std::error::Error for BadSettings {}

impl std::fmt::Display for BadSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AesKey(bad) => write!(f, "Encoding AES Key: {bad}"),
            Self::BridgeUrl => f.write_str(
                "Submit Approval Request URL: it must be an http:// or https:// address without ? and #",
            ),
        }
    }
}

/// Settings that have been checked, with the keys made of them.
pub(super) struct InForce {
    pub settings: Settings,
    pub key: AesKey,
    pub keys: CallbackKeys,
}

impl TryFrom<Settings> for InForce {
    type Error = BadSettings;

    fn try_from(mut settings: Settings) -> Result<Self, BadSettings> {
        let key = settings.aes_key.parse::<AesKey>().map_err(BadSettings::AesKey)?;
        settings.bridge_url = settings.bridge_url.filter(|url| !url.trim().is_empty());
        if settings.bridge_url.as_deref().is_some_and(|url| !is_base_address(url)) {
            return Err(BadSettings::BridgeUrl);
        }
        let keys = CallbackKeys::new(settings.access_token.clone().into(), key.clone());
        Ok(Self { settings, key, keys })
    }
}

/// Whether paths can be appended to it.
fn is_base_address(url: &str) -> bool {
    Url::parse(url.trim()).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_address_is_http_and_ends_in_its_path() {
        for url in ["http://127.0.0.1:1", " https://bridge.example/prod/ "] {
            assert!(is_base_address(url), "{url}");
        }
        for url in ["nonsense", "bridge.example", "ftp://a", "http://", "http://a?b=c", "http://a/#b"] {
            assert!(!is_base_address(url), "{url}");
        }
    }
}
