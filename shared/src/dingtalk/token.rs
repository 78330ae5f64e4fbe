//! The app's access token: cached, refreshed early, asked for by one caller at a time.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;

use super::{DingTalkError, DingTalkSettings, error};
use crate::{
    http::{Http, HttpAnswer, SendError},
    world::World,
};

/// A token is replaced so long before its end.
const REFRESH_EARLY: SignedDuration = SignedDuration::from_secs(300);

/// Those who wait for a token while DingTalk gives none get the same answer, instead of asking one after the other.
const REMEMBER_FAILURE: SignedDuration = SignedDuration::from_secs(1);

/// A token that lacks a permission is replaced so often at most: the point may have been granted since its birth.
const RENEW_EVERY: SignedDuration = SignedDuration::from_secs(15);

pub(super) struct TokenCache {
    cached: Mutex<Cached>,
}

#[derive(Default)]
struct Cached {
    token: Option<Token>,
    failed: Option<(Timestamp, DingTalkError)>,
    renewed_at: Option<Timestamp>,
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
                *cached = Cached { token: Some(token.clone()), failed: None, ..*cached };
                Ok(token)
            }
            Err(error) => {
                cached.failed = Some((world.now() + REMEMBER_FAILURE, error.clone()));
                Err(error)
            }
        }
    }

    /// Keeps the token of an answer, if it holds one.
    pub async fn keep(&self, answer: &HttpAnswer, world: &World) {
        if let Ok(token) = taken(answer, world) {
            self.cached.lock().await.token = Some(token);
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

    /// Sees to it that the next token is another than `lacking`, if that may help: true when someone has replaced it
    /// already, or when nobody did for a while, and then it is forgotten.
    pub async fn renew(&self, lacking: &Token, now: Timestamp) -> bool {
        let mut cached = self.cached.lock().await;
        let is_cached = |token: &Token| token.value.expose_secret() == lacking.value.expose_secret();
        if !cached.token.as_ref().is_some_and(is_cached) {
            return true;
        }
        if cached.renewed_at.is_some_and(|at| now.duration_since(at) < RENEW_EVERY) {
            return false;
        }
        *cached = Cached { renewed_at: Some(now), ..Cached::default() };
        true
    }
}

/// Asks DingTalk for a token ("Obtain the access token of an internal app"); free of the quota.
pub(super) async fn ask(http: &Http, settings: &DingTalkSettings) -> Result<HttpAnswer, SendError> {
    let url = format!("{}/v1.0/oauth2/accessToken", settings.api_url);
    let body = json!({"appKey": settings.app_key, "appSecret": settings.app_secret.expose_secret()});
    let request = http.client().post(url).json(&body).build();
    http.send(request.map_err(|_| SendError::NotSent("the address is no URL".to_owned()))?).await
}

async fn fetch(http: &Http, settings: &DingTalkSettings, world: &World) -> Result<Token, DingTalkError> {
    taken(&ask(http, settings).await?, world)
}

fn taken(answer: &HttpAnswer, world: &World) -> Result<Token, DingTalkError> {
    let answer: TokenAnswer = serde_json::from_value(error::new_style(answer)?)
        .map_err(|_| DingTalkError::unreadable("no access token in the answer"))?;
    let life = SignedDuration::from_secs(answer.expire_in.clamp(0, 24 * 3600));
    Ok(Token { value: answer.access_token, good_until: world.now() + (life - REFRESH_EARLY).max(life / 2) })
}
