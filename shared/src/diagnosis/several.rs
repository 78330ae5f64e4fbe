//! A public address that leads to several places: a name with an address that does not lead to the bridge, a balancer that leads to
//! two bridges.

use std::{net::SocketAddr, time::Duration};

use reqwest::{Request, Url};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};

use super::{
    Failure, Words,
    callback::{Door, LOOK_UP, is_direct, request},
    connect, places,
    stranger::titled,
    turned_away::is_ours,
};
use crate::http::{Http, HttpAnswer};

/// An address that answers later says nothing.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether an address of the public name, which has just led to the bridge, leads elsewhere. An address that does not answer proves
/// nothing: not every network reaches all of them.
pub(super) async fn astray(door: &Door<'_>, url: &Url, address: &str, owner_key: &str) -> Option<Failure> {
    let host = url.host_str().filter(|host| is_direct(url.scheme(), host))?;
    let until = Instant::now() + LOOK_UP;
    let addresses = connect::resolve(host, url.port_or_known_default()?, until).await.ok()?.addresses;
    if addresses.len() < 2 {
        return None;
    }
    let mut asked = JoinSet::new();
    for place in addresses {
        let http = door.http.at(host, place).ok()?;
        let knock = door.dingtalk.verifier.knock(owner_key, door.world);
        let request = request(&http, address, &knock)?;
        asked.spawn(async move { (place, ask(&http, request).await) });
    }
    while let Some(answered) = asked.join_next().await {
        if let Ok((place, Some(answer))) = answered
            && !is_ours(&answer)
        {
            return Some(failure(host, place, &answer));
        }
    }
    None
}

/// Whether two answers came from bridges of two stores.
pub(super) fn is_another(one: Option<&str>, other: Option<&str>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one != other)
}

/// Calls come to two bridges in turn.
pub(super) fn in_turn(address: &str) -> Failure {
    let cause = Words::new(
        format!(
            "calls through {address} come to two bridges in turn, which work on two stores: each misses half of the events and requests"
        ),
        format!("经由 {address} 的请求轮流到达两个存储不同的审批桥：两者都会漏掉一半的事件与申请"),
    );
    let fix = places::proxy("take the other bridge out of its backends", "从后端中移除另一个审批桥");
    Failure::new(cause, fix).code("two-bridges")
}

async fn ask(http: &Http, request: Request) -> Option<HttpAnswer> {
    timeout(PATIENCE, http.send(request)).await.ok()?.ok()
}

fn failure(host: &str, place: SocketAddr, answer: &HttpAnswer) -> Failure {
    let (status, titled, address) = (answer.status.as_u16(), titled(&answer.body), place.ip());
    let cause = Words::new(
        format!(
            "{host} has several addresses, and {address} does not lead to the bridge (HTTP {status}{}): some calls of DingTalk and \
             Dataphin are lost there",
            titled.en
        ),
        format!(
            "{host} 解析到多个地址，其中 {address} 不通往审批桥（HTTP {status}{}）：钉钉与 Dataphin 的部分请求会在那里丢失",
            titled.zh
        ),
    );
    let fix = Words::new(
        format!("take {address} out of the DNS records of {host}, or let it lead to the bridge"),
        format!("从 {host} 的 DNS 记录中删除 {address}，或将其转发到审批桥"),
    );
    Failure::new(cause, fix.or(&places::variable("BRIDGE_PUBLIC_URL"))).code("one-address-astray")
}
