//! DingTalk as the bridge uses it.

pub mod crypto;
