//! Names of things: one type each, so that no two can be mixed up.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::hex::hex;

macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as it is.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

text_id! {
    /// The id of a request in the source system (Dataphin: `applyId`).
    ApplyId;
    /// The tenant of the source system that a request belongs to; empty where the source names none.
    Tenant;
    /// The id of a DingTalk approval instance; opaque.
    InstanceId;
    /// The code of a DingTalk OA form template (`PROC-…`).
    ProcessCode;
    /// A person's id in DingTalk (`userid`).
    UserId;
    /// The bridge's own id of an approval, derived from its key; also the reference in DingTalk's form.
    ApprovalId;
}

impl Tenant {
    /// Whether the source names none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A system that asks for approvals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Alibaba Cloud Dataphin.
    Dataphin,
}

impl Source {
    /// The name used in ids and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dataphin => "dataphin",
        }
    }
}

/// What makes a request one and the same: who asks, and under which id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ApprovalKey {
    /// The system that asks.
    pub source: Source,
    /// Its tenant.
    pub tenant: Tenant,
    /// Its id of the request.
    pub apply_id: ApplyId,
}

impl ApprovalKey {
    /// The approval's id: the same key always gives the same id.
    pub fn id(&self) -> ApprovalId {
        let mut hash = Sha256::new();
        for part in [self.source.name(), self.tenant.as_str(), self.apply_id.as_str()] {
            // The length keeps ("a", "bc") and ("ab", "c") apart.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        ApprovalId(format!("ap-{}", hex(&hash.finalize()[..16])))
    }

    /// The same request, submitted without its tenant.
    #[must_use]
    pub fn without_tenant(&self) -> Self {
        Self { tenant: Tenant::new(""), ..self.clone() }
    }
}

impl ApprovalId {
    /// `ap-` and 32 hexadecimal digits.
    pub(super) const LENGTH: usize = 35;

    /// The id that a text is; `None` when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("ap-").filter(|_| text.len() == Self::LENGTH)?;
        let is_lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        digits.bytes().all(is_lower_hex).then(|| Self::new(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(tenant: &str, apply_id: &str) -> ApprovalId {
        ApprovalKey {
            source: Source::Dataphin,
            tenant: Tenant::new(tenant),
            apply_id: ApplyId::new(apply_id),
        }
        .id()
    }

    #[test]
    fn the_same_key_gives_the_same_id_and_another_key_another() {
        assert_eq!(id("1", "23"), id("1", "23"));
        assert_ne!(id("1", "23"), id("12", "3"));
        assert_ne!(id("", "1"), id("1", ""));
    }
}
