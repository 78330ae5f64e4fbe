//! The app's access token: cached, refreshed early, asked for by one caller at a time.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;

use super::{DingTalkError, DingTalkSettings, error};
use crate::{http::Http, world::World};

/// A token is replaced so long before its end.
const REFRESH_EARLY: SignedDuration = SignedDuration::from_secs(300);

/// Those who wait for a token while DingTalk gives none get the same answer, instead of asking one after the other.
const REMEMBER_FAILURE: SignedDuration = SignedDuration::from_secs(1);

pub(super) struct TokenCache {
    cached: Mutex<Cached>,
}

#[derive(Default)]
struct Cached {
    token: Option<Token>,
    failed: Option<(Timestamp, DingTalkError)>,
}

#[derive(Clone)]
pub(super) struct Token {
    pub value: SecretString,
    good_until: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenAnswer {
    access_token: SecretString,
    expire_in: i64,
}

impl TokenCache {
    pub fn new() -> Self {
        Self { cached: Mutex::default() }
    }

    /// The token, from the cache or fresh.
    pub async fn get(
        &self,
        http: &Http,
        settings: &DingTalkSettings,
        world: &World,
    ) -> Result<Token, DingTalkError> {
        let mut cached = self.cached.lock().await;
        if let Some(token) = cached.token.as_ref().filter(|token| world.now() < token.good_until) {
            return Ok(token.clone());
        }
        if let Some((_, error)) = cached.failed.as_ref().filter(|(until, _)| world.now() < *until) {
            return Err(error.clone());
        }
        match fetch(http, settings, world).await {
            Ok(token) => {
                *cached = Cached { token: Some(token.clone()), failed: None };
                Ok(token)
            }
            Err(error) => {
                cached.failed = Some((world.now() + REMEMBER_FAILURE, error.clone()));
                Err(error)
            }
        }
    }

    /// Forgets `bad`, unless someone has replaced it already.
    pub async fn forget(&self, bad: &Token) {
        let mut cached = self.cached.lock().await;
        if cached.token.as_ref().is_some_and(|token| token.value.expose_secret() == bad.value.expose_secret())
        {
            cached.token = None;
        }
    }
}

/// Asks DingTalk for a token ("Obtain the access token of an internal app"); free of the quota.
async fn fetch(http: &Http, settings: &DingTalkSettings, world: &World) -> Result<Token, DingTalkError> {
    let url = format!("{}/v1.0/oauth2/accessToken", settings.api_url);
    let body = json!({"appKey": settings.app_key, "appSecret": settings.app_secret.expose_secret()});
    let request = http.client().post(url).json(&body).build();
    let request = request.map_err(|_| DingTalkError::unreadable("the API address is no URL"))?;
    let answer = error::new_style(&http.send(request).await?)?;
    let answer: TokenAnswer = serde_json::from_value(answer)
        .map_err(|_| DingTalkError::unreadable("no access token in the answer"))?;
    let life = SignedDuration::from_secs(answer.expire_in.clamp(0, 24 * 3600));
    Ok(Token { value: answer.access_token, good_until: world.now() + (life - REFRESH_EARLY).max(life / 2) })
}
