//! Telling Dataphin an outcome, and trying whether it could be told.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use reqwest::{Request, Url, header::HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{
    exchange::{self, Exchange, ShownAnswer, ShownRequest},
    mask::Mask,
    message::TestRequest,
    profile::{Cipher, Method, Names, Profile, TokenPlace},
    reading,
    verdict::{DryRun, NotMade, Refusal, Told, Unclear},
};
use crate::{
    approval::{Approval, Decided},
    dingtalk::crypto::{AesKey, CallbackKeys},
    http::{Http, HttpAnswer, SendError},
    world::World,
};

/// Where and how Dataphin is told.
#[derive(Clone)]
pub struct DataphinSettings {
    /// The callback URL from Dataphin's approval settings.
    pub callback_url: String,
    /// The access token; signs the encrypted profile, and goes where the profile says in the others.
    pub access_token: SecretString,
    /// The encoding AES key from Dataphin's approval settings; the plain profile needs none.
    pub aes_key: Option<AesKey>,
    /// The profile of the callback.
    pub profile: Profile,
}

/// Dataphin's end of the callback. Cheap to clone.
#[derive(Clone)]
pub struct Dataphin(Arc<Inner>);

struct Inner {
    settings: DataphinSettings,
    /// The access token before it was changed, while Dataphin may still have it.
    previous: Option<SecretString>,
    http: Http,
    world: World,
    /// Dataphin has not accepted our credentials.
    turned_away: AtomicBool,
}

/// What is shorter in the query of a callback URL is covered there only.
const SHORTEST_SECRET: usize = 6;

/// One callback, and what came of it.
struct Attempt {
    request: Option<Request>,
    answer: Option<HttpAnswer>,
    mask: Mask,
    verdict: DryRun,
}

impl Dataphin {
    /// Dataphin as reached through `http`.
    pub fn new(settings: DataphinSettings, http: Http, world: World) -> Self {
        Self::build(settings, None, http, world)
    }

    /// The same, which also has the access token before it was changed: Dataphin may not have the new one yet.
    #[must_use]
    pub fn or_previous(&self, previous: Option<SecretString>) -> Self {
        let Inner { settings, http, world, .. } = &*self.0;
        Self::build(settings.clone(), previous, http.clone(), world.clone())
    }

    /// The same under the access token before it was changed, if that is known.
    pub fn under_previous(&self) -> Option<Self> {
        let Inner { settings, previous, http, world, .. } = &*self.0;
        let settings = DataphinSettings { access_token: previous.clone()?, ..settings.clone() };
        Some(Self::build(settings, None, http.clone(), world.clone()))
    }

    fn build(settings: DataphinSettings, previous: Option<SecretString>, http: Http, world: World) -> Self {
        Self(Arc::new(Inner { settings, previous, http, world, turned_away: AtomicBool::new(false) }))
    }

    /// The same Dataphin, told by another profile.
    pub fn with_profile(&self, profile: Profile) -> Self {
        let Inner { settings, http, world, .. } = &*self.0;
        Self::new(DataphinSettings { profile, ..settings.clone() }, http.clone(), world.clone())
    }

    /// Tells Dataphin the decision.
    pub async fn tell(&self, approval: &Approval<Decided>) -> Told {
        let decided = TestRequest::decided(&approval.record, &approval.state.decision);
        let message = decided.message(&self.0.settings.profile, approval.state.decision.at);
        let mut verdict = self.send(&message).await.verdict;
        if verdict.is_about_credentials()
            && let Some(before) = self.under_previous()
        {
            // It was not let in, so nothing was told; what is told now is the same.
            let again = before.send(&message).await.verdict;
            if !again.is_about_credentials() {
                verdict = again;
            }
        }
        if matches!(verdict, DryRun::Refused(Refusal::Unauthorized(_))) {
            self.0.turned_away.store(true, Ordering::Relaxed);
        }
        Told::from(&verdict)
    }

    /// Whether Dataphin has not accepted our credentials since this was last asked.
    pub fn turned_away(&self) -> bool {
        self.0.turned_away.swap(false, Ordering::Relaxed)
    }

    /// Tells Dataphin of a test request as it is told of a decision, and shows what went to and fro.
    pub async fn probe(&self, test: &TestRequest) -> Exchange {
        let Inner { settings: DataphinSettings { profile, .. }, world, .. } = &*self.0;
        let began = world.now();
        let message = test.message(profile, began);
        let Attempt { request, answer, mask, verdict } = self.send(&message).await;
        Exchange {
            message: mask.line(&message.to_string(), usize::MAX),
            request: request.map(|request| ShownRequest::of(&request, profile, &mask)),
            likeness: answer.as_ref().map(|answer| reading::likeness(answer, &verdict)),
            by_bridge: answer.as_ref().is_some_and(exchange::is_a_bridges),
            answer: answer.map(|answer| ShownAnswer::of(&answer, &mask)),
            took: world.now().duration_since(began),
            verdict,
        }
    }

    /// Whether Dataphin could be told, by telling it of a request that cannot exist. Decides nothing.
    pub async fn dry_run(&self) -> DryRun {
        self.probe(&TestRequest::impossible(&*self.0.world.random)).await.verdict
    }

    /// What is said to a callback that means nothing under any profile. Decides nothing.
    pub async fn nonsense(&self) -> DryRun {
        self.attempt(self.unreadable_request()).await.verdict
    }

    async fn send(&self, message: &Value) -> Attempt {
        self.attempt(self.request(message)).await
    }

    async fn attempt(&self, request: Result<Request, NotMade>) -> Attempt {
        let Inner { settings, http, .. } = &*self.0;
        let request = match request {
            Ok(request) => request,
            Err(why) => {
                let verdict = DryRun::Refused(why.into());
                return Attempt { request: None, answer: None, mask: self.mask(None), verdict };
            }
        };
        let mask = self.mask(Some(&request));
        let copy = request.try_clone();
        let (answer, verdict) = match http.send(request).await {
            Ok(answer) => {
                let verdict = reading::read(&answer, settings, &mask);
                (Some(answer), verdict)
            }
            Err(SendError::TooLong) => (None, DryRun::Unclear(Unclear::TooLong)),
            Err(error) => (None, DryRun::Refused(error.into())),
        };
        Attempt { request: copy, answer, mask, verdict }
    }

    fn request(&self, message: &Value) -> Result<Request, NotMade> {
        let Inner {
            settings: DataphinSettings { callback_url, access_token, aes_key, profile },
            http,
            world,
            ..
        } = &*self.0;
        let names = &profile.names;
        let key = || aes_key.clone().ok_or(NotMade::KeyMissing);
        let timestamp = world.now().as_millisecond().to_string();
        let mut random = [0; 16];
        world.random.fill(&mut random);
        let text = message.to_string();
        let mut query: Vec<(&str, String)> = Vec::new();
        let mut body = match profile.cipher {
            Cipher::DingTalk => {
                let nonce = world.random.letters_and_digits(8);
                let keys = CallbackKeys::new(access_token.clone(), key()?);
                let sealed = keys.seal(text.as_bytes(), &profile.owner_key, timestamp, nonce, random);
                query.push((&names.signature, sealed.signature));
                query.push((&names.timestamp, sealed.timestamp));
                query.push((&names.nonce, sealed.nonce));
                json!({&names.encrypt: sealed.encrypt})
            }
            Cipher::AesCbc | Cipher::AesEcb => {
                let sealed =
                    profile.bare_aes().map(|cipher| Ok(cipher.seal(&key()?, text.as_bytes(), random)));
                query.push((&names.timestamp, timestamp));
                json!({&names.encrypt: sealed.transpose()?})
            }
            Cipher::None => {
                query.push((&names.timestamp, timestamp));
                message.clone()
            }
        };
        let token = || format!("{}{}", profile.token_prefix, access_token.expose_secret());
        let mut call = http.client().request(method(profile.method), callback_url);
        match profile.token_place() {
            TokenPlace::Query | TokenPlace::Default => query.insert(0, (&names.access_token, token())),
            TokenPlace::Header => {
                let mut value = HeaderValue::try_from(token()).map_err(|_| NotMade::BadToken)?;
                value.set_sensitive(true);
                call = call.header(&names.access_token, value);
            }
            TokenPlace::Body => body[&names.access_token] = json!(token()),
            TokenPlace::Nowhere => {}
        }
        query.retain(|(name, _)| !name.is_empty());
        if !query.is_empty() {
            call = call.query(&query);
        }
        call.json(&body).build().map_err(|_| NotMade::BadUrl)
    }

    /// The same address, and neither a signature nor a token nor a message that anybody could take for one.
    fn unreadable_request(&self) -> Result<Request, NotMade> {
        let Inner { settings: DataphinSettings { callback_url, profile, .. }, http, world, .. } = &*self.0;
        let names = &profile.names;
        let timestamp = world.now().as_millisecond().to_string();
        let wrong = world.random.letters_and_digits(40);
        let query = [
            (&names.signature, wrong.as_str()),
            (&names.timestamp, &timestamp),
            (&names.nonce, "bridge-test"),
            (&names.access_token, &wrong),
        ];
        let query: Vec<_> = query.into_iter().filter(|(name, _)| !name.is_empty()).collect();
        let body = json!({"bridgeTest": "this is no callback, and must be refused"});
        let call = http.client().request(method(profile.method), callback_url);
        call.query(&query).json(&body).build().map_err(|_| NotMade::BadUrl)
    }

    /// Covers what the two ends share, this request's signature, and whatever else the callback URL holds.
    fn mask(&self, request: Option<&Request>) -> Mask {
        let DataphinSettings { callback_url, access_token, aes_key, profile } = &self.0.settings;
        let Names { signature, timestamp, nonce, .. } = &profile.names;
        let key = aes_key.as_ref().map(|key| key.without_spare_bits());
        let pairs = request.iter().flat_map(|request| request.url().query_pairs());
        let of_query = pairs
            .filter(|(name, value)| {
                // A short word of the address is no secret, and may stand anywhere in an answer.
                name == signature || (name != timestamp && name != nonce && value.len() >= SHORTEST_SECRET)
            })
            .map(|(_, value)| value.into_owned());
        let password = Url::parse(callback_url).ok().and_then(|url| url.password().map(ToOwned::to_owned));
        let found: Vec<String> = of_query.chain(password).collect();
        let shared = [access_token.expose_secret(), key.as_ref().map_or("", |key| key.expose_secret())];
        Mask::of(shared.into_iter().chain(found.iter().map(String::as_str)))
    }
}

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Get => reqwest::Method::GET,
    }
}
