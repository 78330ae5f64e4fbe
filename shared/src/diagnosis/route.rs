//! Dataphin's way to the bridge: its connection test, sent by ourselves through the public address.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{
    Failure, Outcome, Words,
    limits::Limits,
    places,
    reach::{self, target},
    turned_away::OUR_HEADER,
};
use crate::{
    config::DataphinConfig,
    dingtalk::knock::KNOCK_HEADER,
    http::{Http, HttpAnswer, SendError},
    world::World,
};

/// Longer than any bridge takes to say who it is.
const PATIENCE: Duration = Duration::from_secs(5);
const PATH: &str = "/dataphin/bpms/check/connect";
/// The code of a bridge that runs with another access token than this configuration.
pub(super) const OTHER_TOKEN: &str = "access-token";

/// Calls and judges. `base`: the public address, which has led to the bridge just before.
pub(super) async fn check(
    base: &str,
    dataphin: &DataphinConfig,
    http: &Http,
    world: &World,
    limits: Limits,
) -> Outcome {
    let address = format!("{base}{PATH}");
    let timestamp = world.now().as_millisecond().to_string();
    let query = [("accessToken", dataphin.access.token.expose_secret()), ("timestamp", &timestamp)];
    let body = json!({"checkEvent": "connectivity"});
    let request = http.client().post(&address).query(&query).json(&body).header(KNOCK_HEADER, "1").build();
    let Ok(request) = request else { return Outcome::skipped("BRIDGE_PUBLIC_URL is no address") };
    match timeout(PATIENCE, http.send(request)).await.unwrap_or(Err(SendError::TimedOut)) {
        Ok(answer) => judge(&answer).map_or_else(Outcome::from, |()| {
            Outcome::passed("Dataphin's connection test reaches the bridge through BRIDGE_PUBLIC_URL")
        }),
        Err(error) => {
            let unreached = reach::why(&address, &error, limits.until()).await;
            let failure =
                unreached.failure("BRIDGE_PUBLIC_URL", to_be_passed_on(), places::proxy_certificate());
            Failure { cause: not_passed_on(&failure.cause.en).into(), ..failure }.into()
        }
    }
}

fn judge(answer: &HttpAnswer) -> Result<(), Failure> {
    let status = answer.status.as_u16();
    let said = serde_json::from_slice::<Value>(&answer.body).ok();
    let said = said.as_ref().and_then(|said| said.get("checkResult")).and_then(Value::as_str);
    let ours = answer.headers.contains_key(OUR_HEADER);
    // The second is what the bridge says to a wrong credential that is not the first.
    let refused = said.is_some_and(|said| said.contains("[access-token,")) || (ours && status == 429);
    match said {
        _ if refused => Err(Failure::new(
            "the running bridge holds another DATAPHIN_ACCESS_TOKEN than this configuration (has it taken up the \
             change?), or the proxy drops the query of /dataphin",
            places::restart().or(&places::variable("DATAPHIN_ACCESS_TOKEN")),
        )
        .code(OTHER_TOKEN)),
        Some(said) if said.contains("[timestamp,") => Err(Failure::new(
            "the running bridge's clock and this machine's are too far from each other",
            places::machine("its clock (NTP)", "系统时钟（NTP）"),
        )
        .code("timestamp")),
        // Whatever else it says, it is the bridge that says it.
        Some(_) => Ok(()),
        None if ours => Err(Failure::new(
            format!("the bridge is reached, and /dataphin arrives as another path or method (HTTP {status})"),
            places::proxy("it must pass path and method on unchanged", "须原样转发路径与方法"),
        )
        .code(format!("http-{status}"))),
        None => {
            let what = if answer.status.is_redirection() {
                format!("a redirect{}", target(answer))
            } else {
                reach::page(answer).unwrap_or_else(|| format!("HTTP {status}"))
            };
            let cause = not_passed_on(&format!("{what} answers, and not the bridge"));
            Err(Failure::new(cause, to_be_passed_on()).code(format!("http-{status}")))
        }
    }
}

fn not_passed_on(why: &str) -> String {
    format!("the proxy passes /dingtalk on to the bridge, but not /dataphin, which Dataphin calls: {why}")
}

fn to_be_passed_on() -> Words {
    places::proxy("route /dataphin to the bridge, as /dingtalk", "将 /dataphin 与 /dingtalk 一样转发到网桥")
}
