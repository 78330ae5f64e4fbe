//! The reference that an instance carries in its form: which approval it was made for, in a way that nobody can guess.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ApprovalId;
use crate::world::Random;

/// An approval's id can be computed by anybody who knows the request's; the nonce cannot. Only an instance that shows both
/// was made by the bridge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nonce(String);

impl Nonce {
    /// With the id before it, a reference stays below the 64 characters that every text field takes.
    const LENGTH: usize = 20;

    /// A new one.
    pub fn new(random: &dyn Random) -> Self {
        Self(random.letters_and_digits(Self::LENGTH))
    }
}

/// What the reference field of a form shows: `ap-<32 hex digits>-<nonce>`. Approvals of older versions have no nonce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The approval that it names.
    pub approval: ApprovalId,
    /// What proves that the bridge wrote it.
    pub nonce: Option<Nonce>,
}

impl Reference {
    /// Reads a field's text; `None` when it is no reference.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (id, nonce) = text.split_at_checked(ApprovalId::LENGTH)?;
        let approval = ApprovalId::parse(id)?;
        let nonce = match nonce.strip_prefix('-') {
            Some(nonce)
                if nonce.len() == Nonce::LENGTH && nonce.bytes().all(|b| b.is_ascii_alphanumeric()) =>
            {
                Some(Nonce(nonce.to_owned()))
            }
            None if nonce.is_empty() => None,
            _ => return None,
        };
        Some(Self { approval, nonce })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.nonce {
            Some(Nonce(nonce)) => write!(f, "{}-{nonce}", self.approval),
            None => write!(f, "{}", self.approval),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::SystemRandom;

    const ID: &str = "ap-0123456789abcdef0123456789abcdef";

    #[test]
    fn a_reference_is_read_as_it_is_written_and_fits_into_any_text_field() {
        let approval = ApprovalId::parse(ID).unwrap();
        for nonce in [None, Some(Nonce::new(&SystemRandom))] {
            let reference = Reference { approval: approval.clone(), nonce };
            assert_eq!(Reference::parse(&format!(" {reference} ")), Some(reference.clone()));
            assert!(reference.to_string().len() < 64);
        }
        let nonces = [Nonce::new(&SystemRandom), Nonce::new(&SystemRandom)];
        assert_ne!(nonces[0], nonces[1]);
    }

    #[test]
    fn anything_else_is_no_reference() {
        for text in [
            "",
            "lunch order",
            "ap-0123456789ABCDEF0123456789ABCDEF",
            "ap-0123456789abcdef0123456789abcdef-",
            "ap-0123456789abcdef0123456789abcdef-short",
            "ap-0123456789abcdef0123456789abcdef-aaaaaaaaaaaaaaaaaaaa-more",
            "ap-0123456789abcdef0123456789abcdefaaaaaaaaaaaaaaaaaaaaa",
            "ap-0123456789abcdef0123456789abcdé",
        ] {
            assert_eq!(Reference::parse(text), None, "{text}");
        }
    }
}
