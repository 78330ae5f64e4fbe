//! The app's access token: cached, refreshed early, asked for by one caller at a time.

use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{
    DingTalkError, DingTalkSettings,
    answer::{self, member, number_or_text},
    clock_offset::ClockOffset,
};
use crate::{
    http::{Http, HttpAnswer, SendError},
    world::World,
};

/// How long a token lives whose answer does not say it.
const LIFE: i64 = 7_200;

/// Whatever an answer says, a token is not asked for before every call.
const LIFE_LIMITS: (i64, i64) = (60, 24 * 3600);

/// A token is replaced so long before its end.
const REFRESH_EARLY: SignedDuration = SignedDuration::from_secs(300);

/// Those who wait for a token while DingTalk gives none get the same answer, instead of asking one after the other.
const REMEMBER_FAILURE: SignedDuration = SignedDuration::from_secs(1);

/// A token that lacks a permission is replaced so often at most: the point may have been granted since its birth.
const RENEW_EVERY: SignedDuration = SignedDuration::from_secs(15);

pub(super) struct TokenCache {
    cached: Mutex<Cached>,
}

/// All by the uptime: what was set to a day ahead and back again must not keep an answer for a day.
#[derive(Default)]
struct Cached {
    token: Option<Token>,
    failed: Option<(SignedDuration, DingTalkError)>,
    renewed_at: Option<SignedDuration>,
}

#[derive(Clone)]
pub(super) struct Token {
    pub value: SecretString,
    good_until: SignedDuration,
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
        clock_offset: &ClockOffset,
    ) -> Result<Token, DingTalkError> {
        let mut cached = self.cached.lock().await;
        if let Some(token) = cached.token.as_ref().filter(|token| world.uptime() < token.good_until) {
            return Ok(token.clone());
        }
        if let Some((_, error)) = cached.failed.as_ref().filter(|(until, _)| world.uptime() < *until) {
            return Err(error.clone());
        }
        match fetch(http, settings, world, clock_offset).await {
            Ok(token) => {
                *cached = Cached { token: Some(token.clone()), failed: None, ..*cached };
                Ok(token)
            }
            Err(error) => {
                cached.failed = Some((world.uptime() + REMEMBER_FAILURE, error.clone()));
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
    pub async fn renew(&self, lacking: &Token, now: SignedDuration) -> bool {
        let mut cached = self.cached.lock().await;
        let is_cached = |token: &Token| token.value.expose_secret() == lacking.value.expose_secret();
        if !cached.token.as_ref().is_some_and(is_cached) {
            return true;
        }
        if cached.renewed_at.is_some_and(|at| now - at < RENEW_EVERY) {
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

async fn fetch(
    http: &Http,
    settings: &DingTalkSettings,
    world: &World,
    clock_offset: &ClockOffset,
) -> Result<Token, DingTalkError> {
    let answer = ask(http, settings).await?;
    let token = taken(&answer, world)?;
    clock_offset.note(&answer.headers, world.now());
    Ok(token)
}

/// The token of an answer. How long it lives comes as a number, as text, with a decimal point, or not at all.
fn taken(answer: &HttpAnswer, world: &World) -> Result<Token, DingTalkError> {
    let body = answer::new_style(answer)?;
    let member = |names: &[&str]| member(body.as_object()?, names);
    let value = member(&["accesstoken"]).and_then(Value::as_str).filter(|value| !value.is_empty());
    let value = value.ok_or_else(|| DingTalkError::unreadable("no access token in the answer"))?;
    let life = member(&["expirein", "expiresin"]).and_then(number_or_text).unwrap_or(LIFE);
    let life = SignedDuration::from_secs(life.clamp(LIFE_LIMITS.0, LIFE_LIMITS.1));
    let good_until = world.uptime() + (life - REFRESH_EARLY).max(life / 2);
    Ok(Token { value: value.into(), good_until })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;
    use reqwest::StatusCode;

    use super::*;
    use crate::{
        dingtalk::Class,
        world::{ManualClock, SystemRandom},
    };

    fn read(body: &str) -> Result<Token, DingTalkError> {
        let clock = Arc::new(ManualClock::starting_at(Timestamp::UNIX_EPOCH));
        let world = World { clock, random: Arc::new(SystemRandom) };
        let headers = reqwest::header::HeaderMap::new();
        taken(&HttpAnswer { status: StatusCode::OK, headers, body: body.into() }, &world)
    }

    #[test]
    fn a_token_is_good_however_its_life_is_written() {
        let table = [
            (r#"{"accessToken":"tok","expireIn":7200}"#, 6_900),
            (r#"{"accessToken":"tok"}"#, 6_900),
            (r#"{"accessToken":"tok","expireIn":null}"#, 6_900),
            (r#"{"accessToken":"tok","expireIn":"7200"}"#, 6_900),
            (r#"{"accessToken":"tok","expireIn":7200.0}"#, 6_900),
            (r#"{"accessToken":"tok","expireIn":"soon"}"#, 6_900),
            (r#"{"access_token":"tok","expires_in":7200,"errcode":0,"errmsg":"ok"}"#, 6_900),
            (r#"{"accessToken":"tok","expireIn":0}"#, 30),
            (r#"{"accessToken":"tok","expireIn":-1}"#, 30),
            (r#"{"accessToken":"tok","expireIn":1e300}"#, 6_900),
        ];
        for (body, seconds) in table {
            let token = read(body).unwrap_or_else(|error| panic!("{body}: {error}"));
            assert_eq!((token.value.expose_secret(), token.good_until.as_secs()), ("tok", seconds), "{body}");
        }
    }

    #[test]
    fn a_refused_token_keeps_dingtalks_words() {
        let error = read(r#"{"errcode":40096,"errmsg":"不合法的appKey或appSecret"}"#).err().unwrap();
        assert_eq!((error.class, error.message.as_str()), (Class::Token, "不合法的appKey或appSecret"));
        for body in ["{}", r#"{"accessToken":""}"#, r#"{"accessToken":7}"#, "[]", "<html>"] {
            assert!(read(body).is_err(), "{body}");
        }
    }
}
