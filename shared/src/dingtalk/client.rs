//! One call to DingTalk: a slot from the limiter, a token, the call, and what the answer means.

use std::sync::Arc;

use reqwest::{Method, Request};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::{
    Class, DingTalkError, DingTalkSettings, contacts::ContactCache, error, limiter::Limiter, token::Token,
    token::TokenCache,
};
use crate::{
    http::{Http, HttpAnswer},
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
    UserGet,
    UserByMobile,
    UserByUnionId,
    FailedPushes,
}

/// DingTalk. Cheap to clone; clones share token, limiter and connections.
#[derive(Clone)]
pub struct DingTalk(Arc<Inner>);

struct Inner {
    settings: DingTalkSettings,
    http: Http,
    world: World,
    token: TokenCache,
    limiter: Limiter,
    contacts: ContactCache,
}

impl DingTalk {
    /// DingTalk as reached through `http`.
    pub fn new(settings: DingTalkSettings, http: Http, world: World) -> Self {
        let limiter = Limiter::new(settings.calls_per_second, world.clone());
        let contacts = ContactCache::new(world.clone());
        Self(Arc::new(Inner { settings, http, world, token: TokenCache::new(), limiter, contacts }))
    }

    /// How DingTalk is reached.
    pub fn settings(&self) -> &DingTalkSettings {
        &self.0.settings
    }

    pub(super) fn contacts(&self) -> &ContactCache {
        &self.0.contacts
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
        let url = format!("{}{path}", self.0.settings.api_url);
        let build = |token: &Token| {
            let mut request = self.0.http.client().request(method.clone(), &url).query(query);
            request = request.header("x-acs-dingtalk-access-token", token.value.expose_secret());
            if let Some(body) = body {
                request = request.json(body);
            }
            request.build()
        };
        self.with_token(api, build, error::new_style).await
    }

    /// A call to the older oapi host: the token in the query, errors behind a 200.
    pub(super) async fn call_oapi(
        &self,
        api: Api,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, DingTalkError> {
        let url = format!("{}{path}", self.0.settings.oapi_url);
        let build = |token: &Token| {
            let token = token.value.expose_secret();
            let mut request =
                self.0.http.client().request(method.clone(), &url).query(&[("access_token", token)]);
            if let Some(body) = body {
                request = request.json(body);
            }
            request.build()
        };
        self.with_token(api, build, error::old_style).await
    }

    /// Sends what `build` makes of a token. A token that DingTalk does not accept is replaced, once.
    async fn with_token(
        &self,
        api: Api,
        build: impl Fn(&Token) -> reqwest::Result<Request>,
        take: impl Fn(&HttpAnswer) -> Result<Value, DingTalkError>,
    ) -> Result<Value, DingTalkError> {
        let mut replaced = false;
        loop {
            let token = self.token().await?;
            self.0.limiter.slot(api).await?;
            let request = build(&token).map_err(|_| {
                DingTalkError::new(
                    Class::Permanent,
                    "bad-address",
                    "DingTalk's address in the settings is no URL",
                )
            })?;
            match take(&self.0.http.send(request).await?) {
                Err(error) if error.class == Class::Token && !replaced => {
                    self.0.token.forget(&token).await;
                    replaced = true;
                }
                answered => {
                    if let Err(error) = &answered {
                        tracing::info!(api = ?api, class = ?error.class, code = error.code, "DingTalk refused a call");
                    }
                    return answered;
                }
            }
        }
    }

    async fn token(&self) -> Result<Token, DingTalkError> {
        let Inner { token, http, settings, world, .. } = &*self.0;
        token.get(http, settings, world).await.map_err(|error| match error.class {
            // The call that needs the token was never made.
            Class::UnknownOutcome => DingTalkError { class: Class::Transient, ..error },
            _ => error,
        })
    }
}
