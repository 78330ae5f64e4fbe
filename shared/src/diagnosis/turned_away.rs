//! What an answer to our `check_url` says that is none DingTalk would take: who turned it away, and why.

use super::{Failure, Words, places, reach::target};
use crate::http::HttpAnswer;

/// Every answer of the bridge's carries it.
pub(super) const OUR_HEADER: &str = "x-reference";

/// What an answer other than 200 says.
pub(super) fn refusal(answer: &HttpAnswer) -> Option<Failure> {
    let ours = answer.headers.contains_key(OUR_HEADER);
    // The bridge says so to a wrong credential that is not the first.
    let status = match answer.status.as_u16() {
        429 if ours => 403,
        status => status,
    };
    let failure = |cause: String, mend: Words| Some(Failure::new(cause, mend).code(format!("http-{status}")));
    match status {
        200 => None,
        300..=399 => failure(
            format!("the address redirects{}: DingTalk follows no redirect", target(answer)),
            places::variable("BRIDGE_PUBLIC_URL").or(&places::proxy("the redirect", "重定向规则")),
        ),
        401 | 403 if ours => failure(
            "the running bridge does not believe check_url: it holds another DINGTALK_CALLBACK_TOKEN or \
             DINGTALK_CALLBACK_AES_KEY than this configuration (has it taken up the change?), or the proxy changes query \
             or body"
                .to_owned(),
            places::restart()
                .or(&Words::variable("DINGTALK_CALLBACK_TOKEN"))
                .or(&Words::variable("DINGTALK_CALLBACK_AES_KEY"))
                .or(&places::proxy("query and body must pass unchanged", "查询参数与正文须原样转发")),
        ),
        401 | 403 | 407 => failure(
            format!("HTTP {status}, and not from the bridge: a sign-in or a firewall stands in front of it"),
            places::proxy(
                "let /dingtalk/callback pass without sign-in",
                "放行 /dingtalk/callback，无需登录",
            ),
        ),
        404 | 405 if ours => failure(
            format!("the bridge is reached, and /dingtalk/callback arrives as another path (HTTP {status})"),
            places::proxy("it must pass the path on unchanged", "须原样转发路径"),
        ),
        404 | 405 => failure(
            format!("HTTP {status}, and not from the bridge: the proxy has no route for /dingtalk/callback"),
            places::proxy("route /dingtalk/callback (and /dataphin) to the bridge", "将 /dingtalk/callback（及 /dataphin）转发到网桥"),
        ),
        500..=599 if ours => failure(
            format!("the bridge answers HTTP {status}: its store fails"),
            places::machine("the bridge's log, and its store", "网桥日志与存储"),
        ),
        500..=599 => failure(
            format!("HTTP {status}: the proxy does not reach the bridge"),
            places::leads_to(),
        ),
        _ => failure(
            format!("HTTP {status} where DingTalk takes 200 only"),
            places::proxy("the answer of /dingtalk/callback", "/dingtalk/callback 的响应"),
        ),
    }
}
