//! How to reach DingTalk, and how DingTalk reaches us.

use std::time::Duration;

use jiff::SignedDuration;
use secrecy::SecretString;

use super::environment::{
    Environment,
    Fallback::{Is, None as Off, Required},
    Variable,
};
use crate::{
    approval::{ProcessCode, UserId},
    dingtalk::{CallbackVerifier, DingTalkSettings, crypto::CallbackKeys},
};

const APP_KEY: Variable = Variable {
    name: "DINGTALK_APP_KEY",
    about: "AppKey (Client ID) of the app: developer console > Credentials and Basic Information",
    fallback: Required,
};
const APP_SECRET: Variable = Variable {
    name: "DINGTALK_APP_SECRET",
    about: "AppSecret (Client Secret) of the app, same page",
    fallback: Required,
};
const AGENT_ID: Variable =
    Variable { name: "DINGTALK_AGENT_ID", about: "AgentId of the app, same page", fallback: Off };
const CORP_ID: Variable = Variable {
    name: "DINGTALK_CORP_ID",
    about: "CorpId of the organisation; needed where events are addressed to it instead of the AppKey",
    fallback: Off,
};
const PROCESS_CODE: Variable = Variable {
    name: "DINGTALK_PROCESS_CODE",
    about: "code (PROC-…) of the template for requests that name none; without it the one that \
            `bridge template generate` made",
    fallback: Off,
};
const CALLBACK_TOKEN: Variable = Variable {
    name: "DINGTALK_CALLBACK_TOKEN",
    about: "Token of the event subscription (`bridge keygen` makes one)",
    fallback: Required,
};
const CALLBACK_AES_KEY: Variable = Variable {
    name: "DINGTALK_CALLBACK_AES_KEY",
    about: "aes_key of the event subscription, 43 characters (`bridge keygen` makes one)",
    fallback: Required,
};
const CALLBACK_TOKEN_PREVIOUS: Variable = Variable {
    name: "DINGTALK_CALLBACK_TOKEN_PREVIOUS",
    about: "the Token before it was changed: accepted as well, until the event subscription has the new one",
    fallback: Off,
};
const CALLBACK_AES_KEY_PREVIOUS: Variable = Variable {
    name: "DINGTALK_CALLBACK_AES_KEY_PREVIOUS",
    about: "the aes_key before it was changed, likewise",
    fallback: Off,
};
const SERVICE_USER_ID: Variable = Variable {
    name: "DINGTALK_SERVICE_USER_ID",
    about: "userid of whoever originates requests whose requester is not in DingTalk; without it they are refused",
    fallback: Off,
};
const TEST_USER_ID: Variable = Variable {
    name: "DINGTALK_TEST_USER_ID",
    about: "userid of whoever sets the bridge up: checks and tries act in this name; without it the service user's",
    fallback: Off,
};
const API_URL: Variable = Variable {
    name: "DINGTALK_API_URL",
    about: "address of the new API",
    fallback: Is("https://api.dingtalk.com"),
};
const OAPI_URL: Variable = Variable {
    name: "DINGTALK_OAPI_URL",
    about: "address of the older API",
    fallback: Is("https://oapi.dingtalk.com"),
};
const CALLS_PER_SECOND: Variable = Variable {
    name: "DINGTALK_CALLS_PER_SECOND",
    about: "calls a second to each API; the standard edition allows 20; 0: no limit",
    fallback: Is("20"),
};
const TIMEOUT_SECONDS: Variable =
    Variable { name: "DINGTALK_TIMEOUT_SECONDS", about: "time-out of a call, 1 to 15", fallback: Is("5") };

const EVENT_MAY_APPROVE: Variable = Variable {
    name: "DINGTALK_EVENT_MAY_APPROVE",
    about: "true: a signed event alone approves a request whose instance has not told its outcome for half an hour; \
            whoever gets hold of the event subscription's token and aes_key can then approve",
    fallback: Is("false"),
};
const UNASKED_READS_A_DAY: Variable = Variable {
    name: "DINGTALK_UNASKED_READS_A_DAY",
    about: "instances read a day that no event asks for, in all: paid calls that make up for lost events; 0: none",
    fallback: Is("100"),
};

const EVENT_WINDOW_SECONDS: Variable = Variable {
    name: "DINGTALK_EVENT_WINDOW_SECONDS",
    about: "how far from now, before or after, an event may have been signed to be believed; 0: whenever",
    fallback: Is("604800"),
};

pub(super) const VARIABLES: &[Variable] = &[
    APP_KEY,
    APP_SECRET,
    CALLBACK_TOKEN,
    CALLBACK_AES_KEY,
    CALLBACK_TOKEN_PREVIOUS,
    CALLBACK_AES_KEY_PREVIOUS,
    PROCESS_CODE,
    AGENT_ID,
    CORP_ID,
    SERVICE_USER_ID,
    TEST_USER_ID,
    API_URL,
    OAPI_URL,
    CALLS_PER_SECOND,
    TIMEOUT_SECONDS,
    EVENT_MAY_APPROVE,
    UNASKED_READS_A_DAY,
    EVENT_WINDOW_SECONDS,
];

/// DingTalk, both ways.
#[derive(Clone)]
pub struct DingTalkConfig {
    /// For our calls.
    pub settings: DingTalkSettings,
    /// Time-out of our calls (`DINGTALK_TIMEOUT_SECONDS`).
    pub timeout: Duration,
    /// For its calls (`DINGTALK_EVENT_WINDOW_SECONDS`).
    pub verifier: CallbackVerifier,
    /// `DINGTALK_EVENT_MAY_APPROVE`.
    pub event_may_approve: bool,
    /// `DINGTALK_UNASKED_READS_A_DAY`.
    pub unasked_reads_a_day: u32,
}

impl DingTalkConfig {
    pub(super) fn read(environment: &mut Environment<'_>) -> Option<Self> {
        // All are read before any is missed, so that all problems are named.
        let app_key = environment.text(&APP_KEY);
        let app_secret = environment.secret(&APP_SECRET);
        let agent_id = environment.whole::<i64>(&AGENT_ID, 0..=i64::MAX);
        let corp_id = environment.text(&CORP_ID);
        let process_code = environment.text(&PROCESS_CODE);
        let keys = callback_keys(environment);
        let service_user = environment.text(&SERVICE_USER_ID).map(UserId::new);
        let test_user = environment.text(&TEST_USER_ID).map(UserId::new).or_else(|| service_user.clone());
        let api_url = environment.address(&API_URL);
        let oapi_url = environment.address(&OAPI_URL);
        let calls_per_second = environment.whole(&CALLS_PER_SECOND, 0..=u32::MAX.into());
        let timeout = environment.whole(&TIMEOUT_SECONDS, 1..=15);
        let event_may_approve = environment.choice(&EVENT_MAY_APPROVE, &[("true", true), ("false", false)]);
        let unasked_reads_a_day = environment.whole(&UNASKED_READS_A_DAY, 0..=u32::MAX.into());
        let window = environment.whole::<u32>(&EVENT_WINDOW_SECONDS, 0..=u32::MAX.into());
        let app_key = app_key?;
        let (keys, previous_keys) = keys?;
        let owner_keys = [app_key.clone()].into_iter().chain(corp_id).collect();
        Some(Self {
            verifier: CallbackVerifier::new(keys, owner_keys)
                .or_previous(previous_keys)
                .within(SignedDuration::from_secs(i64::from(window?))),
            timeout: Duration::from_secs(timeout?),
            event_may_approve: event_may_approve?,
            unasked_reads_a_day: unasked_reads_a_day?,
            settings: DingTalkSettings {
                api_url: api_url?,
                oapi_url: oapi_url?,
                app_key,
                app_secret: app_secret?,
                agent_id,
                process_code: process_code.map(ProcessCode::new),
                service_user,
                test_user,
                calls_per_second: calls_per_second?,
            },
        })
    }
}

/// The keys of the event subscription: today's, and those before, while both are about.
fn callback_keys(environment: &mut Environment<'_>) -> Option<(CallbackKeys, Option<CallbackKeys>)> {
    let token: Option<SecretString> = environment.secret(&CALLBACK_TOKEN);
    let key = environment.aes_key(&CALLBACK_AES_KEY);
    let token_before = environment.secret(&CALLBACK_TOKEN_PREVIOUS);
    let key_before = environment.aes_key(&CALLBACK_AES_KEY_PREVIOUS);
    let (token, key) = (token?, key?);
    let changed = token_before.is_some() || key_before.is_some();
    let before = changed.then(|| {
        let token = token_before.unwrap_or_else(|| token.clone());
        CallbackKeys::new(token, key_before.unwrap_or_else(|| key.clone()))
    });
    Some((CallbackKeys::new(token, key), before))
}
