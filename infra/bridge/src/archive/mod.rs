//! Everything that is stored, as one file: a first line that says what this is, an item a line in the order of their keys, and a
//! last line with their number and checksum. The same items are always the same bytes.

mod proof;
mod read;
mod sort;
mod write;

pub use proof::{Digest, Digests};
pub use read::Reader;
pub use write::Writer;

use serde::{Deserialize, Serialize};

/// What a file is written as, and the only thing that is read.
const VERSION: u32 = 1;
const NAME: &str = "approval-bridge";

/// What the first line says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    archive: String,
    version: u32,
}

impl Head {
    fn ours() -> Self {
        Self { archive: NAME.to_owned(), version: VERSION }
    }
}

/// What the last line says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// How many items there are.
    pub items: u64,
    /// SHA-256 over all lines before it.
    pub sha256: String,
}
