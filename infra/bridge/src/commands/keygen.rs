//! `keygen`: the two secrets of an event subscription, and the operator's.

use anyhow::Result;
use shared::world::World;

/// The console takes 3 to 32 letters and digits for a token, and 43 for a key.
const TOKEN_LENGTH: usize = 32;
const AES_KEY_LENGTH: usize = 43;

#[allow(clippy::unnecessary_wraps)] // All commands look alike.
pub(super) fn run() -> Result<()> {
    let random = World::real().random;
    say!("DINGTALK_CALLBACK_TOKEN={}", random.letters_and_digits(TOKEN_LENGTH));
    say!("DINGTALK_CALLBACK_AES_KEY={}", random.letters_and_digits(AES_KEY_LENGTH));
    say!("BRIDGE_OPERATOR_TOKEN={}", random.letters_and_digits(TOKEN_LENGTH));
    Ok(())
}
