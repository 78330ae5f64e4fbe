//! Whether another program than the bridge holds the port of `BRIDGE_LISTEN`.

use std::{net::SocketAddr, time::Duration};

use super::{Failure, Words, places, turned_away::is_ours};
use crate::{config::Home, http::HttpAnswer};

/// Whoever is on this machine answers sooner.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// Whether it is a program of this machine that answers in the bridge's place.
pub(super) fn failure(listen: SocketAddr, public: &HttpAnswer, local: &HttpAnswer) -> Option<Failure> {
    let is_same = public.status == local.status && public.body == local.body && !is_ours(local);
    if !is_same || Home::here() != Home::Machine {
        return None;
    }
    let status = local.status.as_u16();
    let cause = Words::new(
        format!(
            "another program, not the bridge, holds the port of BRIDGE_LISTEN ({listen}) on this machine: it answers \
             /dingtalk/callback with HTTP {status}"
        ),
        format!(
            "本机 BRIDGE_LISTEN 的端口（{listen}）被其他程序占用，应答的不是审批桥：对 /dingtalk/callback 返回 HTTP {status}"
        ),
    );
    let fix = Words::new(
        "stop that program, or give BRIDGE_LISTEN another port and lead the proxy there; then start `bridge serve`",
        "停止该程序，或为 BRIDGE_LISTEN 换一个端口并修改代理的转发目标；然后启动 `bridge serve`",
    );
    Some(Failure::new(cause, fix.or(&places::serve())).code("other-program"))
}
