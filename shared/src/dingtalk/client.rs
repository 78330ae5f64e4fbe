//! One call to DingTalk: a slot from the limiter, a token, the call, and what the answer means.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, Request};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::{
    Class, DingTalkError, DingTalkSettings, answer, clock_offset::ClockOffset, contacts::ContactCache,
    limiter::Limiter, token, token::Token, token::TokenCache,
};
use crate::{
    http::{Http, HttpAnswer, SendError},
    metrics::{self, Count},
    world::World,
};

/// DingTalk's APIs that the bridge calls, each with its own limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // The names are DingTalk's.
pub enum Api {
    CreateInstance,
    ReadInstance,
    TerminateInstance,
    CommentInstance,
    ListInstanceIds,
    SaveForm,
    ReadForm,
    FormByName,
    ListForms,
    Forecast,
    UserGet,
    UserByMobile,
    UserByUnionId,
    FailedPushes,
}

impl Api {
    /// Whether a call counts for the month; contact calls are free.
    fn is_paid(self) -> bool {
        !matches!(self, Self::UserGet | Self::UserByMobile | Self::UserByUnionId)
    }

    /// Whether a second call would make a second thing; every other one may be made twice.
    fn makes_something_new(self) -> bool {
        matches!(self, Self::CreateInstance | Self::SaveForm)
    }
}

/// DingTalk. Cheap to clone; clones share token, limiter and connections.
#[derive(Clone)]
pub struct DingTalk {
    shared: Arc<Inner>,
    /// No call is sent later.
    not_after: Option<SendBy>,
    /// How long a call that is turned away for its number is made again.
    patience: Patience,
}

/// What is turned away for its number comes again so much later, and up to twice that: DingTalk counts by the second.
const COME_AGAIN_MS: u32 = 400;

/// The last moment at which a call may be sent. Others see by the clock whether it may still come, so it must not be late by that;
/// and not by the uptime either, or a clock that is set back would give it more time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SendBy {
    moment: Timestamp,
    uptime: SignedDuration,
}

impl SendBy {
    #[cfg(test)]
    pub const AT_ANY_TIME: Self = Self { moment: Timestamp::MAX, uptime: SignedDuration::MAX };

    /// So long after a moment that has just been.
    pub fn within(time: SignedDuration, of: Timestamp, world: &World) -> Self {
        let left = (time - world.now().duration_since(of)).min(time);
        let moment = of.saturating_add(time).unwrap_or(Timestamp::MAX);
        Self { moment, uptime: world.uptime().saturating_add(left) }
    }

    fn is_over(self, world: &World) -> bool {
        world.now() > self.moment || world.uptime() > self.uptime
    }
}

/// How long a call that is turned away for its number is made again, by the uptime.
#[derive(Debug, Clone, Copy)]
enum Patience {
    None,
    Until(SignedDuration),
    EachCall,
}

/// After so long a diagnosis makes a call again.
const TRY_AGAIN: SignedDuration = SignedDuration::from_millis(300);
/// A person waits so long for one call.
const EACH_CALL: SignedDuration = SignedDuration::from_secs(10);

impl Patience {
    fn until(self, now: SignedDuration) -> Option<SignedDuration> {
        match self {
            Self::None => None,
            Self::Until(uptime) => Some(uptime),
            Self::EachCall => Some(now + EACH_CALL),
        }
    }
}

struct Inner {
    settings: DingTalkSettings,
    http: Http,
    world: World,
    token: TokenCache,
    limiter: Limiter,
    contacts: ContactCache,
    clock_offset: ClockOffset,
}

impl DingTalk {
    /// DingTalk as reached through `http`.
    pub fn new(settings: DingTalkSettings, http: Http, world: World) -> Self {
        let limiter = Limiter::new(settings.calls_per_second, world.clone());
        let contacts = ContactCache::new(world.clone());
        let (token, clock_offset) = (TokenCache::new(), ClockOffset::default());
        let shared = Inner { settings, http, world, token, limiter, contacts, clock_offset };
        Self { shared: Arc::new(shared), not_after: None, patience: Patience::None }
    }

    /// How DingTalk is reached.
    pub fn settings(&self) -> &DingTalkSettings {
        &self.shared.settings
    }

    /// How far DingTalk's clock is ahead of ours, by its latest answer; zero while there was none.
    pub fn clock_offset(&self) -> SignedDuration {
        self.shared.clock_offset.get()
    }

    /// The same, for a call that must leave before a moment or not at all.
    pub(super) fn before(&self, not_after: SendBy) -> Self {
        Self { not_after: Some(not_after), ..self.clone() }
    }

    /// The same, for someone who has time: a call that is turned away for its number is made again until then.
    #[must_use]
    pub(crate) fn patient_until(self, moment: Timestamp) -> Self {
        let world = &self.shared.world;
        let until = world.uptime().saturating_add(moment.duration_since(world.now()));
        Self { patience: Patience::Until(until), ..self }
    }

    /// The same, for a person who can wait a little with each call.
    #[must_use]
    pub fn patient(&self) -> Self {
        Self { patience: Patience::EachCall, ..self.clone() }
    }

    /// Waits before a call that was turned away is made again; false when there is no time for it.
    pub(crate) async fn comes_again(&self, error: &DingTalkError) -> bool {
        self.waited_for(error, self.patience.until(self.shared.world.uptime())).await
    }

    /// Whether a diagnosis makes a call again that DingTalk itself failed at: one failure may be an accident. Its calls change nothing.
    pub(crate) async fn tries_again(&self, error: &DingTalkError) -> bool {
        let world = &self.shared.world;
        let has_time = matches!(self.patience, Patience::Until(until) if world.uptime() + TRY_AGAIN < until);
        let tries = has_time && error.is_own_failure();
        if tries {
            world.sleep(TRY_AGAIN).await;
        }
        tries
    }

    async fn waited_for(&self, error: &DingTalkError, until: Option<SignedDuration>) -> bool {
        let Inner { world, .. } = &*self.shared;
        let chance = i64::try_from(world.random.below(u64::from(COME_AGAIN_MS))).unwrap_or(0);
        let wait = SignedDuration::from_millis(i64::from(COME_AGAIN_MS) + chance);
        let passes = error.class == Class::Throttled && !error.is_ban() && !error.is_busy();
        if !passes || until.is_none_or(|until| world.uptime() + wait > until) {
            return false;
        }
        world.sleep(wait).await;
        true
    }

    pub(super) fn contacts(&self) -> &ContactCache {
        &self.shared.contacts
    }

    /// Proves the credentials: an access token can be had.
    pub async fn check_credentials(&self) -> Result<(), DingTalkError> {
        self.token().await.map(|_| ())
    }

    /// A call to the v1.0 API: JSON in and out, the token in a header.
    pub(super) async fn call(
        &self,
        api: Api,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, DingTalkError> {
        let url = format!("{}{path}", self.shared.settings.api_url);
        let build = |token: &Token| {
            let mut request = self.shared.http.client().request(method.clone(), &url).query(query);
            request = request.header("x-acs-dingtalk-access-token", token.value.expose_secret());
            if let Some(body) = body {
                request = request.json(body);
            }
            request.build()
        };
        self.with_token(api, build, answer::new_style).await
    }

    /// A call to the older oapi host: the token in the query, errors behind a 200.
    pub(super) async fn call_oapi(
        &self,
        api: Api,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, DingTalkError> {
        let url = format!("{}{path}", self.shared.settings.oapi_url);
        let build = |token: &Token| {
            let token = token.value.expose_secret();
            let mut request =
                self.shared.http.client().request(method.clone(), &url).query(&[("access_token", token)]);
            if let Some(body) = body {
                request = request.json(body);
            }
            request.build()
        };
        self.with_token(api, build, answer::old_style).await
    }

    /// Sends what `build` makes of a token. A token that DingTalk does not accept is replaced, once; and so is one that
    /// lacks a permission point, now and then: a point that was granted a minute ago comes with a new token only.
    async fn with_token(
        &self,
        api: Api,
        build: impl Fn(&Token) -> reqwest::Result<Request>,
        take: impl Fn(&HttpAnswer) -> Result<Value, DingTalkError>,
    ) -> Result<Value, DingTalkError> {
        let (mut replaced, mut failed) = (false, false);
        let patient_until = self.patience.until(self.shared.world.uptime());
        loop {
            let token = self.token().await?;
            self.shared.limiter.slot(api).await?;
            let request = build(&token).map_err(|_| {
                DingTalkError::new(
                    Class::Permanent,
                    "bad-address",
                    "DingTalk's address in the settings is no URL",
                )
            })?;
            // Directly before it leaves: whatever came before may have taken long.
            if self.not_after.is_some_and(|send_by| send_by.is_over(&self.shared.world)) {
                return Err(DingTalkError::busy());
            }
            if api.is_paid() {
                metrics::count(Count::PaidCalls);
            }
            match self
                .answered(api, request, &take)
                .await
                .map_err(|error| error.without(token.value.expose_secret()))
                .map_err(|error| error.without(self.shared.settings.app_secret.expose_secret()))
            {
                Err(error) if error.class == Class::Token && !replaced => {
                    self.shared.token.forget(&token).await;
                    replaced = true;
                }
                Err(error)
                    if error.is_missing_permission()
                        && !replaced
                        && self.shared.token.renew(&token, self.shared.world.uptime()).await =>
                {
                    replaced = true;
                }
                Err(error) if self.waited_for(&error, patient_until).await => {}
                Err(error) if !failed && self.tries_again(&error).await => failed = true,
                answered => {
                    if let Err(error) = &answered {
                        if error.class == Class::Quota {
                            metrics::count(Count::QuotaUsedUp);
                        }
                        tracing::info!(api = ?api, class = ?error.class, code = error.code, "DingTalk refused a call");
                    }
                    return answered;
                }
            }
        }
    }

    /// Sends one request, and takes what is answered. DingTalk's clock shows in its own answers only.
    async fn answered(
        &self,
        api: Api,
        request: Request,
        take: impl Fn(&HttpAnswer) -> Result<Value, DingTalkError>,
    ) -> Result<Value, DingTalkError> {
        let taken = match self.shared.http.send(request).await {
            Ok(answer) => {
                let taken = take(&answer);
                if taken.as_ref().map_or_else(DingTalkError::is_dingtalks_own, |_| true) {
                    self.shared.clock_offset.note(&answer.headers, self.shared.world.now());
                }
                taken
            }
            Err(error) => Err(error.into()),
        };
        taken.map_err(|error| if api.makes_something_new() { error } else { error.harmless() })
    }

    /// The client that it is called with.
    pub(crate) fn http(&self) -> &Http {
        &self.shared.http
    }

    /// What DingTalk answers when it is asked for a token, whatever that is: who else answers there shows at once. A
    /// token is used for the calls that follow.
    pub(crate) async fn ask_for_token(&self) -> Result<HttpAnswer, SendError> {
        let Inner { http, settings, world, token, .. } = &*self.shared;
        let answer = token::ask(http, settings).await?;
        token.keep(&answer, world).await;
        Ok(answer)
    }

    /// What the older API answers to a call without parameters.
    pub(crate) async fn ask_oapi(&self) -> Result<HttpAnswer, SendError> {
        let url = format!("{}/gettoken", self.shared.settings.oapi_url);
        let request = self.shared.http.client().get(url).build();
        let request = request.map_err(|_| SendError::NotSent("the address is no URL".to_owned()))?;
        self.shared.http.send(request).await
    }

    async fn token(&self) -> Result<Token, DingTalkError> {
        let Inner { token: cache, http, settings, world, clock_offset, .. } = &*self.shared;
        // The call that needs the token was never made.
        let error = match cache.get(http, settings, world, clock_offset).await {
            Ok(token) => return Ok(token),
            Err(error) => error.without(settings.app_secret.expose_secret()).harmless(),
        };
        // Whatever DingTalk has against it, it has nothing against the request that waits for the token.
        let class = if error.class == Class::Permanent { Class::Token } else { error.class };
        Err(DingTalkError { class, ..error })
    }
}
