//! The bridge itself.

use std::net::SocketAddr;

use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};

use crate::approval::schedule::LookSchedule;

use super::environment::{
    Environment,
    Fallback::{Is, None as Off},
    Problems, Variable,
};
use crate::{http::TrustedProxies, words::Words};

const LISTEN: Variable = Variable {
    name: "BRIDGE_LISTEN",
    about: "address and port `bridge serve` listens on; put TLS in front of it",
    fallback: Is("127.0.0.1:8080"),
};
const FILE: Variable =
    Variable { name: "BRIDGE_FILE", about: "`bridge serve`'s one data file", fallback: Is("bridge.db") };
const TABLE: Variable =
    Variable { name: "BRIDGE_TABLE", about: "the DynamoDB table", fallback: Is("approval-bridge") };
const DYNAMODB_ENDPOINT: Variable = Variable {
    name: "BRIDGE_DYNAMODB_ENDPOINT",
    about: "a DynamoDB-compatible endpoint to use instead of the data file",
    fallback: Off,
};
const SUBMIT_WAIT_SECONDS: Variable = Variable {
    name: "BRIDGE_SUBMIT_WAIT_SECONDS",
    about: "how long a submit waits for DingTalk while Dataphin holds the line, 1 to 25",
    fallback: Is("8"),
};
const LOOK_SECONDS: Variable = Variable {
    name: "BRIDGE_LOOK_SECONDS",
    about: "how long the instance of a create call without a clear answer is looked for, five times in all, before another \
            call is made, 5 to 86400",
    fallback: Is("600"),
};

const PUBLIC_URL: Variable = Variable {
    name: "BRIDGE_PUBLIC_URL",
    about: "the public https address in front of the bridge, as typed into Dataphin; the diagnosis calls the bridge through it",
    fallback: Off,
};
const OPERATOR_TOKEN: Variable = Variable {
    name: "BRIDGE_OPERATOR_TOKEN",
    about: "opens the operator's page and calls under `/operator`, 16 characters or more (`bridge keygen` makes one); \
            without it they are off",
    fallback: Off,
};
const TRUSTED_PROXIES: Variable = Variable {
    name: "BRIDGE_TRUSTED_PROXIES",
    about: "addresses or networks, separated by commas, of the proxies in front of `bridge serve` whose X-Forwarded-For names \
            the caller, so that guessing is counted by callers; without it by the other end of the connection",
    fallback: Off,
};
const SYSTEM_NAME: Variable = Variable {
    name: "BRIDGE_SYSTEM_NAME",
    about: "the approval system's name, at most 128 characters: generated templates bear it",
    fallback: Is("Dataphin审批 Dataphin Approval"),
};

/// Read where a function starts, see [`crate::lambda`].
const SECRET_ID: Variable = Variable {
    name: "BRIDGE_SECRET_ID",
    about: "on AWS: the Secrets Manager secret with what is secret of these variables, as a JSON object",
    fallback: Off,
};
/// See [`crate::lambda::live`].
const SECRET_KEEP_SECONDS: Variable = Variable {
    name: "BRIDGE_SECRET_KEEP_SECONDS",
    about: "on AWS: how long a value of the secret is used before it is looked at again, 1 to 3600",
    fallback: Is("300"),
};
/// See [`crate::metrics`].
const SERVICE: Variable = Variable {
    name: "BRIDGE_SERVICE",
    about: "on AWS: the name that metrics bear, the stack's",
    fallback: Off,
};

/// Read where logging starts, see [`crate::logs`].
const LOG: Variable = Variable {
    name: "BRIDGE_LOG",
    about: "how much is logged to standard error: error, warn, info, debug or trace",
    fallback: Is("info"),
};

pub(super) const VARIABLES: &[Variable] = &[
    LISTEN,
    PUBLIC_URL,
    OPERATOR_TOKEN,
    TRUSTED_PROXIES,
    SYSTEM_NAME,
    FILE,
    TABLE,
    DYNAMODB_ENDPOINT,
    SUBMIT_WAIT_SECONDS,
    LOOK_SECONDS,
    LOG,
    SECRET_ID,
    SECRET_KEEP_SECONDS,
    SERVICE,
];

const SHORTEST_OPERATOR_TOKEN: usize = 16;
const LONGEST_SYSTEM_NAME: usize = 128;

/// The bridge itself.
#[derive(Clone)]
pub struct BridgeConfig {
    /// `BRIDGE_LISTEN`.
    pub listen: SocketAddr,
    /// `BRIDGE_PUBLIC_URL`.
    pub public_url: Option<String>,
    /// `BRIDGE_OPERATOR_TOKEN`.
    pub operator_token: Option<SecretString>,
    /// `BRIDGE_TRUSTED_PROXIES`.
    pub trusted_proxies: TrustedProxies,
    /// `BRIDGE_SYSTEM_NAME`.
    pub system_name: String,
    /// `BRIDGE_FILE`.
    pub file: String,
    /// `BRIDGE_TABLE`.
    pub table: String,
    /// `BRIDGE_DYNAMODB_ENDPOINT`.
    pub dynamodb_endpoint: Option<String>,
    /// `BRIDGE_SUBMIT_WAIT_SECONDS`.
    pub submit_wait: SignedDuration,
    /// `BRIDGE_LOOK_SECONDS`.
    pub looks: LookSchedule,
    /// `BRIDGE_SECRET_KEEP_SECONDS`.
    pub secret_keep: SignedDuration,
}

impl BridgeConfig {
    /// Reads the process's environment, for commands that need no more.
    pub fn from_env() -> Result<Self, Problems> {
        let lookup = |name: &str| std::env::var(name).ok();
        let mut environment = Environment::new(&lookup);
        let read = Self::read(&mut environment);
        let problems = environment.problems();
        read.filter(|_| problems.is_empty()).ok_or(problems)
    }

    pub(super) fn read(environment: &mut Environment<'_>) -> Option<Self> {
        let listen = environment.parsed(
            &LISTEN,
            &Words::new("an address and a port, like 127.0.0.1:8080", "地址和端口，例如 127.0.0.1:8080"),
        );
        let file = environment.text(&FILE);
        let table = environment.text(&TABLE);
        let dynamodb_endpoint = environment.address(&DYNAMODB_ENDPOINT);
        let public_url = environment.address(&PUBLIC_URL);
        let operator_token = environment.secret(&OPERATOR_TOKEN);
        let length = operator_token.as_ref().map(|token| token.expose_secret().chars().count());
        if length.is_some_and(|length| length < SHORTEST_OPERATOR_TOKEN) {
            let why = Words::new(
                format!(
                    "is too short to withstand guessing: set one of {SHORTEST_OPERATOR_TOKEN} characters or more (`bridge \
                     keygen` makes one)"
                ),
                format!(
                    "过短，容易被猜出：请设置至少 {SHORTEST_OPERATOR_TOKEN} 个字符的令牌（可用 `bridge keygen` 生成）"
                ),
            );
            environment.wrong(&OPERATOR_TOKEN, why);
        }
        let proxies = Words::new(
            "addresses or networks, like 127.0.0.1,10.0.0.0/8",
            " IP 地址或网段，例如 127.0.0.1,10.0.0.0/8",
        );
        let trusted_proxies = environment.parsed(&TRUSTED_PROXIES, &proxies).unwrap_or_default();
        let system_name = environment.text(&SYSTEM_NAME);
        if system_name.as_ref().is_some_and(|name| name.chars().count() > LONGEST_SYSTEM_NAME) {
            let what = Words::new(
                format!("is too long: at most {LONGEST_SYSTEM_NAME} characters"),
                format!("过长：最多 {LONGEST_SYSTEM_NAME} 个字符"),
            );
            environment.wrong(&SYSTEM_NAME, what);
        }
        let wait = environment.whole(&SUBMIT_WAIT_SECONDS, 1..=25);
        let look = environment.whole(&LOOK_SECONDS, 5..=86_400);
        let keep = environment.whole(&SECRET_KEEP_SECONDS, 1..=3600);
        Some(Self {
            listen: listen?,
            public_url,
            operator_token,
            trusted_proxies,
            system_name: system_name?,
            file: file?,
            table: table?,
            dynamodb_endpoint,
            submit_wait: SignedDuration::from_secs(wait?),
            looks: LookSchedule::taking(SignedDuration::from_secs(look?)),
            secret_keep: SignedDuration::from_secs(keep?),
        })
    }
}
