//! Saving the event subscription: what the console demands of it, and the `check_url` whose answer must be right.

use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use shared::dingtalk::crypto::{AesKey, CallbackKeys};

use super::{
    core::Core,
    push::{owner_key, within},
    state::State,
    subscription::{Rejection, Subscription},
};

/// What is subscribed to, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subscribed {
    /// Where events go.
    pub url: String,
    /// Whether the address passed the check as it is now.
    pub checked: bool,
}

impl From<&Subscription> for Subscribed {
    fn from(subscription: &Subscription) -> Self {
        Self { url: subscription.url.clone(), checked: subscription.checked }
    }
}

/// What the console does when a subscription is saved: `check_url`, and the reply must be right.
pub(crate) async fn save(core: &Arc<Core>, url: &str, token: &str, aes_key: &str) -> Result<(), Rejection> {
    let subscription = read(url, token, aes_key, true)?;
    let (owner_key, deadline) = core.with(|state| (owner_key(state), state.settings.push_deadline));
    within(core, &subscription, &owner_key, br#"{"EventType":"check_url"}"#, deadline).await?;
    core.with(|state| state.subscription = Some(Arc::new(subscription)));
    Ok(())
}

/// Changes the subscription without the check; what is absent stays as it is.
pub(crate) fn force(
    state: &mut State,
    url: Option<&str>,
    token: Option<&str>,
    aes_key: Option<&str>,
) -> Result<(), Rejection> {
    let before = state.subscription.as_deref();
    let nothing = || Rejection::BadForm("there is no subscription yet: url, token and aes_key are needed");
    let url = url.or(before.map(|it| it.url.as_str())).ok_or_else(nothing)?;
    let token = token.or(before.map(|it| it.token.expose_secret())).ok_or_else(nothing)?;
    let aes_key = aes_key.or(before.map(|it| it.aes_key.expose_secret())).ok_or_else(nothing)?;
    let subscription = read(url, token, aes_key, false)?;
    state.subscription = Some(Arc::new(subscription));
    Ok(())
}

/// The form that the console takes: nothing else can be typed into it.
fn read(url: &str, token: &str, aes_key: &str, checked: bool) -> Result<Subscription, Rejection> {
    let is_plain = token.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !(3..=32).contains(&token.len()) || !is_plain {
        return Err(Rejection::BadForm("the token has 3 to 32 letters and digits"));
    }
    let key: AesKey = aes_key.parse().map_err(|_| Rejection::BadForm("the aes_key has 43 characters"))?;
    if !(url.starts_with("http://") || url.starts_with("https://")) {
        return Err(Rejection::BadForm("the address begins with http:// or https://"));
    }
    let keys = CallbackKeys::new(SecretString::from(token), key);
    let (token, aes_key) = (SecretString::from(token), SecretString::from(aes_key));
    Ok(Subscription { url: url.to_owned(), token, aes_key, keys, checked })
}
