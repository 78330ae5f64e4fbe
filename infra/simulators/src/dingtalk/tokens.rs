//! Application tokens: 7,200 seconds, the same one again while it is valid, and the permission points of its birth.
//!
//! "Obtain the access token of an internal app", and spec section 1.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    call::Call,
    errors::{Answer, Refusal},
    permissions::Grants,
    state::State,
};

/// How long a token lives, in seconds.
pub const LIFE_SECONDS: i64 = 7_200;

/// The tokens that were handed out and are still valid.
#[derive(Default)]
pub(crate) struct Tokens {
    valid: HashMap<String, Issued>,
    newest: Option<String>,
}

struct Issued {
    expires: Timestamp,
    grants: Grants,
}

impl Tokens {
    /// What the token may do: `None` when it is unknown or expired.
    pub fn grants(&self, token: &str, now: Timestamp) -> Option<&Grants> {
        self.valid.get(token).filter(|issued| issued.expires > now).map(|issued| &issued.grants)
    }

    /// Ends every token at once.
    pub fn expire(&mut self) {
        self.valid.clear();
        self.newest = None;
    }

    /// The newest token again, extended; a new one when there is none, or when the grants have changed since.
    fn issue(&mut self, grants: &Grants, now: Timestamp, fresh: impl FnOnce() -> String) -> String {
        let expires = now + SignedDuration::from_secs(LIFE_SECONDS);
        self.valid.retain(|_, issued| issued.expires > now);
        if let Some(token) = &self.newest
            && let Some(issued) = self.valid.get_mut(token)
            && issued.grants == *grants
        {
            issued.expires = expires;
            return token.clone();
        }
        let token = fresh();
        self.valid.insert(token.clone(), Issued { expires, grants: grants.clone() });
        self.newest = Some(token.clone());
        token
    }
}

/// `POST /v1.0/oauth2/accessToken`
pub(crate) fn access_token(state: &mut State, call: &Call) -> Answer {
    call.need_json()?;
    let key = call.text("appKey").ok_or_else(|| Refusal::missing("appKey"))?;
    let secret = call.text("appSecret").ok_or_else(|| Refusal::missing("appSecret"))?;
    if !is_ours(state, key, secret) {
        return Err(Refusal::v1("invalidClientIdOrSecret", "无效的clientId或者clientSecret"));
    }
    Ok(json!({"accessToken": issue(state), "expireIn": LIFE_SECONDS}))
}

/// `POST /v1.0/oauth2/{corpId}/token`
pub(crate) fn corp_token(state: &mut State, call: &Call) -> Answer {
    call.need_json()?;
    if call.parameter.as_deref() != Some(state.settings.corp_id.as_str()) {
        return Err(Refusal::v1_status(500, "unknownError", "未知错误"));
    }
    let key = call.text("client_id").unwrap_or_default();
    let secret = call.text("client_secret").unwrap_or_default();
    if call.text("grant_type") != Some("client_credentials") {
        return Err(Refusal::v1("unsupported.grant.type", "不支持的grant_type"));
    }
    if !is_ours(state, key, secret) {
        return Err(Refusal::v1("invalid.client", "无效的client_id或者client_secret"));
    }
    Ok(json!({"access_token": issue(state), "expires_in": LIFE_SECONDS}))
}

/// `GET /gettoken`: the parameters must be in the query.
pub(crate) fn get_token(state: &mut State, call: &Call) -> Answer {
    let Some(key) = call.query("appkey") else {
        return Err(Refusal::oapi(40_035, "缺少参数 corpid or appkey"));
    };
    if !is_ours(state, key, call.query("appsecret").unwrap_or_default()) {
        return Err(Refusal::oapi(40_096, "不合法的appKey或appSecret"));
    }
    Ok(json!({"errcode": 0, "access_token": issue(state), "errmsg": "ok", "expires_in": LIFE_SECONDS}))
}

fn is_ours(state: &State, key: &str, secret: &str) -> bool {
    key == state.settings.app_key && secret == state.settings.app_secret
}

fn issue(state: &mut State) -> String {
    let random = state.world.random.clone();
    let now = state.now();
    state.tokens.issue(&state.grants, now, || random.letters_and_digits(32).to_lowercase())
}
