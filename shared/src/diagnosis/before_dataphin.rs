//! What stands before Dataphin and answers in its place: a firewall, a gateway, an old service bus.

use super::{Failure, Words, blocked::Blocked, places, stranger::is_xml};
use crate::dataphin::ShownAnswer;

/// What stands before Dataphin, where its answer shows that it is not Dataphin's: a firewall, a gateway, an old service bus.
pub(super) fn gatekeeper(answer: &ShownAnswer) -> Option<Failure> {
    let (status, body) = (answer.status, answer.body.trim_start());
    let path = Words::new("the path of DATAPHIN_CALLBACK_URL", "DATAPHIN_CALLBACK_URL 的路径");
    // What JSON says is judged by its words.
    let is_page = !body.starts_with(['{', '[']);
    if let Some(blocked) = Blocked::of(status, body.as_bytes()).filter(|_| is_page) {
        let cause = blocked.cause(status, "DATAPHIN_CALLBACK_URL", &Words::new("Dataphin", "Dataphin "));
        return Some(Failure::new(cause, blocked.fix(&path)).code(blocked.code()));
    }
    if is_xml(body.as_bytes()) && status < 500 {
        let cause = Words::new(
            format!(
                "DATAPHIN_CALLBACK_URL does not lead to Dataphin: XML answers (HTTP {status}), a web service or a gateway"
            ),
            format!(
                "DATAPHIN_CALLBACK_URL 没有指向 Dataphin：返回 XML（HTTP {status}），可能是 Web 服务或网关"
            ),
        );
        return Some(Failure::new(cause, places::variable("DATAPHIN_CALLBACK_URL")).code("xml"));
    }
    if !body.starts_with('<') {
        return None;
    }
    match status {
        401 | 403 | 407 => {
            let cause = Words::new(
                format!(
                    "a gateway or firewall before Dataphin refuses the callback with a page of its own (HTTP {status})"
                ),
                format!("Dataphin 前置网关或防火墙以自己的页面拒绝了回调（HTTP {status}）"),
            );
            let fix = Words::new(
                format!(
                    "the gateway or firewall before Dataphin: let POST to {} pass, from the bridge's address",
                    path.en
                ),
                format!("Dataphin 前置网关或防火墙：放行审批桥出口 IP 对 {} 的 POST 请求", path.zh),
            );
            Some(
                Failure::new(cause, fix.or(&places::variable("DATAPHIN_CALLBACK_URL")))
                    .code(format!("http-{status}")),
            )
        }
        429 => Some(too_often(status)),
        _ => None,
    }
}

pub(super) fn too_often(status: u16) -> Failure {
    let cause = Words::new(
        format!("Dataphin, or the gateway before it, limits how often it is called (HTTP {status})"),
        format!("Dataphin 或其前置网关限制了调用频率（HTTP {status}）"),
    );
    let fix = Words::new(
        "raise the rate limit of Dataphin's gateway for the bridge's address; outcomes are delivered again by themselves",
        "在 Dataphin 前置网关上为审批桥的出口 IP 调高频率限制；审批结果会自动重新投递",
    );
    Failure::new(cause, fix).code(format!("http-{status}"))
}

/// The address is one of TLS, and whoever ends it calls a port of TLS without.
pub(super) fn plain_upstream() -> Failure {
    let cause = Words::new(
        "the gateway before Dataphin passes the callback on with http:// to a port at which TLS is spoken (HTTP 400)",
        "Dataphin 前置网关以 http:// 将回调转发到了一个 TLS 端口（HTTP 400）",
    );
    let fix = Words::new(
        "the gateway before Dataphin: call its upstream with https://",
        "Dataphin 前置网关：以 https:// 访问其上游",
    );
    Failure::new(cause, fix).code("tls-expected")
}

pub(super) fn too_large() -> Failure {
    Failure::new(
        Words::new(
            "the gateway before Dataphin refuses the body of the callback as too large (HTTP 413): an outcome with a long \
             comment would not arrive",
            "Dataphin 前置网关认为回调的请求体过大（HTTP 413）：审批意见较长的结果将无法送达",
        ),
        Words::new(
            "the gateway or proxy before Dataphin: its limit for the size of a body, 1 MB at least (nginx: \
             client_max_body_size)",
            "Dataphin 前置网关或代理：请求体大小限制，至少 1 MB（nginx：client_max_body_size）",
        ),
    )
    .code("body-size")
}
