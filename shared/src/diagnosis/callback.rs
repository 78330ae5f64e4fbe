//! The callback: DingTalk's `check_url`, sent by ourselves through the public address.

use std::{net::IpAddr, time::Duration};

use reqwest::Url;
use tokio::time::{Instant, timeout};

use super::{
    Failure, Outcome, Words,
    limits::Limits,
    places,
    reach::{self, Unreached, is_public},
    turned_away::refusal,
};
use crate::{
    config::{BridgeConfig, DingTalkConfig},
    dingtalk::knock::{KNOCK_HEADER, STORE_HEADER},
    http::{Http, SendError},
    world::World,
};

/// DingTalk waits no longer, by its strictest page.
const DEADLINE: Duration = Duration::from_millis(1_500);
/// How long we wait, to tell slow from silent.
const PATIENCE: Duration = Duration::from_secs(5);
const PATH: &str = "/dingtalk/callback";
/// The code of a check_url that the running bridge does not believe.
pub(super) const NOT_BELIEVED: &str = "http-403";
/// The codes of a callback behind which no bridge runs.
pub(super) const NO_BRIDGE: [&str; 5] =
    ["connection-refused", "connection-closed", "http-502", "http-503", "http-504"];

/// What came of knocking.
pub(super) struct Knocked {
    /// The judgement.
    pub outcome: Outcome,
    /// Which store the bridge that answered works on, if it said so.
    pub store: Option<String>,
}

impl From<Outcome> for Knocked {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, store: None }
    }
}

/// One answer as DingTalk would have taken it.
struct Answered {
    took: Duration,
    store: Option<String>,
}

/// Knocks and judges.
pub(super) async fn check(
    bridge: &BridgeConfig,
    dingtalk: &DingTalkConfig,
    http: &Http,
    world: &World,
    limits: Limits,
) -> Knocked {
    let mut store = None;
    let outcome = knock_for_each_owner(bridge, dingtalk, http, world, limits, &mut store).await;
    let url = bridge.public_url.as_deref().and_then(|base| Url::parse(base).ok());
    // It works, and hides nothing else.
    let outcome = match (outcome, url) {
        (Outcome::Passed { .. }, Some(url)) if !is_loopback(&url) && url.scheme() != "https" => {
            Outcome::Warned(in_the_clear())
        }
        (outcome, _) => outcome,
    };
    Knocked { outcome, store }
}

async fn knock_for_each_owner(
    bridge: &BridgeConfig,
    dingtalk: &DingTalkConfig,
    http: &Http,
    world: &World,
    limits: Limits,
    store: &mut Option<String>,
) -> Outcome {
    let Some(base) = &bridge.public_url else {
        return Outcome::skipped(
            "BRIDGE_PUBLIC_URL is not set: set it to the address typed into DingTalk and Dataphin",
        );
    };
    let Ok(url) = Url::parse(base) else { return Outcome::skipped("BRIDGE_PUBLIC_URL is no address") };
    let settings = &dingtalk.settings;
    let is_loopback_text = |address: &str| Url::parse(address).is_ok_and(|address| is_loopback(&address));
    // One of the two will do: the other may be what is wrong.
    let rehearsal =
        is_loopback(&url) && (is_loopback_text(&settings.api_url) || is_loopback_text(&settings.oapi_url));
    if !rehearsal && let Some(failure) = not_public(&url) {
        return failure.into();
    }
    let address = format!("{base}{PATH}");
    let mut proved = String::new();
    for owner_key in dingtalk.verifier.owner_keys() {
        // A first slow answer may be a cold start; DingTalk tries again, too.
        let mut knocked = knock(&address, owner_key, dingtalk, http, world, limits).await;
        let first_took = knocked.as_ref().map_or(Duration::ZERO, |answered| answered.took);
        if first_took > DEADLINE {
            knocked = knock(&address, owner_key, dingtalk, http, world, limits).await;
        }
        let took = knocked.map(|answered| {
            *store = answered.store;
            answered.took
        });
        match took {
            Err(failure) => return owner_failure(failure, dingtalk, owner_key).into(),
            Ok(took) if took > DEADLINE => {
                let cause = format!(
                    "the bridge answers check_url after {} ms: DingTalk waits {} ms",
                    took.as_millis(),
                    DEADLINE.as_millis()
                );
                return Failure::new(
                    cause,
                    places::proxy("its speed, and the bridge's", "其速度以及网桥的速度"),
                )
                .code("slow")
                .into();
            }
            Ok(took) if first_took > DEADLINE => {
                proved =
                    format!("answered in {} ms, at first in {} ms", took.as_millis(), first_took.as_millis());
            }
            Ok(took) if proved.is_empty() => proved = format!("answered in {} ms", took.as_millis()),
            Ok(_) => {}
        }
    }
    let mention = if !rehearsal && has_inner_name(&url).await {
        "; seen from here its name leads to an inner address"
    } else {
        ""
    };
    Outcome::passed(format!("check_url through {} is {proved}{mention}", shown(&url)))
}

/// The address as it may be shown: without a user, a password or a query.
fn shown(url: &Url) -> String {
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Why DingTalk cannot come to this address, as far as the address itself says it.
fn not_public(url: &Url) -> Option<Failure> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']', '.']).to_ascii_lowercase();
    let inner_suffixes = [".local", ".internal", ".lan", ".intranet", ".localdomain", ".home", ".corp"];
    let inner = match host.parse::<IpAddr>() {
        Ok(address) => !is_public(address),
        Err(_) => {
            host == "localhost"
                || host.ends_with(".localhost")
                || !host.contains('.')
                || inner_suffixes.iter().any(|suffix| host.ends_with(suffix))
        }
    };
    let mend = places::variable("BRIDGE_PUBLIC_URL");
    if inner {
        let cause = Words::new(
            format!("BRIDGE_PUBLIC_URL is not public: DingTalk, on the internet, cannot reach {host}"),
            format!("BRIDGE_PUBLIC_URL 不是公网地址：钉钉无法从互联网访问 {host}"),
        );
        return Some(Failure::new(cause, mend).code("not-public"));
    }
    None
}

fn in_the_clear() -> Failure {
    let cause = Words::new(
        "BRIDGE_PUBLIC_URL begins with http://: it leads to the bridge, and tokens travel in the clear; use https://",
        "BRIDGE_PUBLIC_URL 以 http:// 开头：可以到达网桥，但令牌以明文传输；请改用 https://",
    );
    Failure::new(cause, places::variable("BRIDGE_PUBLIC_URL")).code("not-https")
}

/// Whether the name leads to an inner address from here: a split DNS, or a mistake.
async fn has_inner_name(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    match timeout(Duration::from_secs(1), tokio::net::lookup_host((host, 443))).await {
        Ok(Ok(mut addresses)) => addresses.any(|address| !is_public(address.ip())),
        _ => false,
    }
}

/// One knock: how long it took, or what DingTalk would not have taken.
async fn knock(
    address: &str,
    owner_key: &str,
    dingtalk: &DingTalkConfig,
    http: &Http,
    world: &World,
    limits: Limits,
) -> Result<Answered, Failure> {
    let knock = dingtalk.verifier.knock(owner_key, world);
    let request = http.client().post(address).query(&knock.query).json(&knock.body).header(KNOCK_HEADER, "1");
    let request =
        request.build().map_err(|_| Failure::new("no URL", places::variable("BRIDGE_PUBLIC_URL")))?;
    let began = Instant::now();
    let sent = timeout(PATIENCE, http.send(request)).await.unwrap_or(Err(SendError::TimedOut));
    let took = began.elapsed();
    let answer = match sent {
        Ok(answer) => answer,
        Err(error) => {
            let unreached = reach::why(address, &error, limits.until()).await;
            let proxy =
                places::proxy("does it run, and does it lead to the bridge?", "是否运行并转发到网桥？");
            let mend = match &unreached {
                Unreached::Refused { .. } => places::serve().or(&proxy),
                _ => proxy.or(&places::serve()),
            };
            return Err(unreached.failure("BRIDGE_PUBLIC_URL", mend, places::proxy_certificate()));
        }
    };
    if let Some(failure) = refusal(&answer) {
        return Err(failure);
    }
    match dingtalk.verifier.judge(&knock, &answer) {
        Ok(()) => {
            let store = answer.headers.get(STORE_HEADER).and_then(|store| store.to_str().ok());
            Ok(Answered { took, store: store.map(ToOwned::to_owned) })
        }
        Err(bad) => {
            let cause = match reach::page(&answer) {
                Some(page) => format!("not the bridge answers check_url, but {page}"),
                None => format!("the answer to check_url is not what DingTalk takes: {bad}"),
            };
            Err(Failure::new(
                cause,
                places::proxy("it must pass the bridge's answer on unchanged", "须原样返回网桥的响应"),
            )
            .code("bad-reply"))
        }
    }
}

/// Only events that are addressed to the CorpId are refused: then the bridge that runs does not know it.
fn owner_failure(failure: Failure, dingtalk: &DingTalkConfig, owner_key: &str) -> Failure {
    if failure.code.as_deref() == Some("http-403")
        && dingtalk.verifier.owner_keys().first().is_some_and(|it| it != owner_key)
    {
        return Failure::new(
            "the running bridge does not take events that are addressed to DINGTALK_CORP_ID: has it taken up the change?",
            places::restart().or(&Words::variable("DINGTALK_CORP_ID")),
        )
        .code("http-403");
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_dingtalk_cannot_reach_is_told_by_itself() {
        let code = |url: &str| not_public(&Url::parse(url).unwrap()).and_then(|failure| failure.code);
        for url in [
            "https://localhost",
            "https://10.0.0.7",
            "https://bridge",
            "https://bridge.local",
            "https://[fd00::1]",
            "http://127.0.0.1:8080",
        ] {
            assert_eq!(code(url).as_deref(), Some("not-public"), "{url}");
        }
        assert_eq!(code("http://bridge.acme.cn"), None, "a warning, which hides nothing");
        assert_eq!(code("https://bridge.acme.cn"), None);
        assert_eq!(code("https://47.98.1.2:8443/approvals"), None);
    }
}
