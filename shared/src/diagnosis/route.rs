//! Dataphin's way to the bridge: its connection test, sent by ourselves through the public address.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{
    Failure, Outcome, Words,
    blocked::Blocked,
    limits::Limits,
    places, reach,
    sizes::{self, Passage, Way},
    stranger::{page, target, wants_tls},
    turned_away::{another_bridge, is_ours, quoting},
};
use crate::{
    config::DataphinConfig,
    http::{
        Http, HttpAnswer, SendError,
        probe::{self, KNOCK_HEADER, Unmet},
    },
    world::World,
};

/// Longer than any bridge takes to say who it is.
const PATIENCE: Duration = Duration::from_secs(5);
const PATH: &str = "/dataphin/bpms/check/connect";
/// The bridge takes 1 MiB, which is the limit of many a proxy, too.
const LARGE: usize = 1_000_000;
/// What requests of Dataphin's hold, and firewalls like to block.
const SQL: &str =
    "SELECT a.id FROM orders a WHERE a.dt = '2026-01-01' OR 1 = 1; INSERT INTO t VALUES (1) -- <b>";
/// The code of a bridge that runs with another access token than this configuration.
pub(super) const OTHER_TOKEN: &str = "access-token";

/// Whom to call, and as whom.
pub(super) struct Route<'a> {
    /// The public address, which has led to the bridge just before.
    pub base: &'a str,
    /// The store of the bridge that it led to, if it said so.
    pub store: Option<&'a str>,
    pub dataphin: &'a DataphinConfig,
    pub http: &'a Http,
    pub world: &'a World,
    pub limits: Limits,
}

/// Calls and judges.
pub(super) async fn check(route: &Route<'_>) -> Outcome {
    let body = json!({"checkEvent": "connectivity"}).to_string();
    let sent = body.len();
    let answer = match route.call(body).await {
        Ok(answer) => answer,
        Err(error) => {
            let address = format!("{}{PATH}", route.base);
            let unreached = reach::why(&address, &error, route.limits.until()).await;
            let failure =
                unreached.failure("BRIDGE_PUBLIC_URL", to_be_passed_on(), places::proxy_certificate());
            return Failure { cause: not_passed_on(&failure.cause), ..failure }.into();
        }
    };
    if let Err(failure) = judge(&answer, route.store, sent) {
        return failure.into();
    }
    let with_sql = json!({"checkEvent": "connectivity", "content": SQL}).to_string();
    if let Ok(answer) = route.call(with_sql).await
        && said(&answer).is_none()
        && !is_ours(&answer)
        && matches!(answer.status.as_u16(), 400 | 403 | 405 | 406 | 418 | 444 | 493)
    {
        return content_blocked(&answer).into();
    }
    if let Some(limit) = sizes::try_up_to(LARGE, route.limits, route).await {
        let whose = Words::new("Dataphin's requests may have up to 1 MB", "Dataphin 的申请可达 1 MB");
        return limit.failure("/dataphin", &whose).into();
    }
    Outcome::passed(Words::new(
        "Dataphin's connection test reaches the bridge through BRIDGE_PUBLIC_URL, and so does a body of 1 MB",
        "Dataphin 的连接测试可经 BRIDGE_PUBLIC_URL 到达审批桥，1 MB 的请求体也可到达",
    ))
}

impl Route<'_> {
    async fn call(&self, body: String) -> Result<HttpAnswer, SendError> {
        let timestamp = self.world.now().as_millisecond().to_string();
        let query = [("accessToken", self.dataphin.access.token.expose_secret()), ("timestamp", &timestamp)];
        let request = self.http.client().post(format!("{}{PATH}", self.base)).query(&query);
        let request = request.header("content-type", "application/json").header(KNOCK_HEADER, "1").body(body);
        let Ok(request) = request.build() else { return Err(SendError::NotSent("no URL".to_owned())) };
        timeout(PATIENCE, self.http.send(request)).await.unwrap_or(Err(SendError::TimedOut))
    }
}

impl Way for Route<'_> {
    async fn send(&self, bytes: usize) -> Passage {
        let mut body = json!({"checkEvent": "connectivity", "padding": ""}).to_string();
        let padding = "x".repeat(bytes.saturating_sub(body.len()));
        body.truncate(body.len() - "\"}".len());
        body = format!("{body}{padding}\"}}");
        let sent = body.len();
        let answer = match self.call(body).await {
            Ok(answer) => answer,
            Err(error) => return Passage::of_error(&error),
        };
        match said(&answer) {
            Some(said) => {
                let arrived = probe::arrived(&answer.headers).filter(|arrived| *arrived < sent);
                let is_broken = ["[broken-body,", "[slow-body,"].iter().any(|code| said.contains(code));
                if arrived.is_some() || is_broken { Passage::Cut { arrived } } else { Passage::Whole }
            }
            None if is_ours(&answer) => Passage::Whole,
            None => Passage::of_stranger(&answer),
        }
    }
}

/// What the bridge says to a connection test.
fn said(answer: &HttpAnswer) -> Option<String> {
    let body = serde_json::from_slice::<Value>(&answer.body).ok()?;
    body.get("checkResult")?.as_str().map(ToOwned::to_owned)
}

/// `store`: that of the bridge that answers check_url. `sent`: so many bytes.
fn judge(answer: &HttpAnswer, store: Option<&str>, sent: usize) -> Result<(), Failure> {
    let status = answer.status.as_u16();
    let said = said(answer);
    let ours = is_ours(answer);
    if let (Some(store), Some(other)) = (store, probe::store(&answer.headers))
        && store != other
    {
        let why = Words::new(
            "another store than that of the bridge that answers at /dingtalk/callback",
            "其存储与响应 /dingtalk/callback 的审批桥不同",
        );
        return Err(another_bridge("/dataphin", &why));
    }
    // The last is what the bridge says to a wrong credential that is not the first.
    let refused =
        said.as_ref().is_some_and(|said| said.contains("[access-token,")) || (ours && status == 429);
    match (Unmet::of(&answer.headers), said) {
        (Some(Unmet::Query), _) => Err(Failure::new(
            Words::new(
                "the bridge is reached, and Dataphin's connection test arrives without accessToken or timestamp: the proxy \
                 drops or renames the query's parameters of /dataphin",
                "已到达审批桥，但 Dataphin 的连接测试到达时缺少 accessToken 或 timestamp：代理丢弃或改写了 /dataphin 的查询参数",
            ),
            places::proxy("the query must pass unchanged", "查询参数须原样转发"),
        )
        .code("query")),
        (Some(Unmet::Token), _) => Err(Failure::new(
            Words::new(
                "the running bridge holds another DATAPHIN_ACCESS_TOKEN than this configuration (has it taken up the change?)",
                "运行中的审批桥使用的 DATAPHIN_ACCESS_TOKEN 与当前配置不同（修改后是否已重启？）",
            ),
            places::restart().or(&places::variable("DATAPHIN_ACCESS_TOKEN")),
        )
        .code(OTHER_TOKEN)),
        _ if refused => Err(Failure::new(
            Words::new(
                "the running bridge holds another DATAPHIN_ACCESS_TOKEN than this configuration (has it taken up the \
                 change?), or the proxy drops the query of /dataphin",
                "运行中的审批桥使用的 DATAPHIN_ACCESS_TOKEN 与当前配置不同（修改后是否已重启？），或代理丢弃了 /dataphin 的查询参数",
            ),
            places::restart().or(&places::variable("DATAPHIN_ACCESS_TOKEN")),
        )
        .code(OTHER_TOKEN)),
        (unmet, said) if unmet == Some(Unmet::Timestamp) || said.as_ref().is_some_and(|it| it.contains("[timestamp,")) => {
            Err(Failure::new(
                Words::new(
                    "the running bridge's clock and this machine's are too far from each other",
                    "运行中的审批桥与本机的时钟相差过大",
                ),
                places::clock(),
            )
            .code("timestamp"))
        }
        (_, Some(_)) => match probe::arrived(&answer.headers).filter(|arrived| *arrived < sent) {
            Some(arrived) => Err(cut(arrived, sent)),
            // Whatever else it says, it is the bridge that says it.
            None => Ok(()),
        },
        (_, None) if ours => Err(Failure::new(
            Words::new(
                format!("the bridge is reached, and /dataphin arrives as another path or method (HTTP {status})"),
                format!("已到达审批桥，但 /dataphin 到达时路径或方法已改变（HTTP {status}）"),
            ),
            places::proxy("it must pass path and method on unchanged", "须原样转发路径与方法"),
        )
        .code(format!("http-{status}"))),
        (_, None) => Err(stranger(answer)),
    }
}

/// Something before the bridge looks into bodies.
fn content_blocked(answer: &HttpAnswer) -> Failure {
    let status = answer.status.as_u16();
    let cause = Words::new(
        format!(
            "a firewall in front of the bridge blocks bodies that hold SQL (HTTP {status}), as requests of Dataphin's do; others get \
             through to /dataphin"
        ),
        format!(
            "审批桥前面的防火墙拦截含有 SQL 的请求体（HTTP {status}），而 Dataphin 的申请中会有 SQL；其他请求体可以到达 /dataphin"
        ),
    );
    let fix = places::proxy(
        "take /dataphin out of its rules about the content of bodies (SQL injection, XSS)",
        "对 /dataphin 关闭请求体内容规则（SQL 注入、XSS）",
    );
    Failure::new(cause, fix).code("content-blocked")
}

fn cut(arrived: usize, sent: usize) -> Failure {
    let cause = Words::new(
        format!(
            "the bridge is reached, and Dataphin's connection test arrives cut: {arrived} bytes of {sent}; the proxy drops or \
             cuts the body"
        ),
        format!(
            "已到达审批桥，但 Dataphin 连接测试的请求体不完整：{sent} 字节中仅到达 {arrived} 字节，代理丢弃或截断了请求体"
        ),
    );
    Failure::new(cause, places::proxy("the body must pass unchanged", "请求体须原样转发")).code("body-cut")
}

/// Somebody else answers.
fn stranger(answer: &HttpAnswer) -> Failure {
    let status = answer.status.as_u16();
    if let Some(blocked) = Blocked::of(status, &answer.body) {
        let cause = blocked.cause(
            status,
            "BRIDGE_PUBLIC_URL",
            &Words::new("the bridge's /dataphin", "审批桥 /dataphin "),
        );
        return Failure::new(cause, blocked.fix(&Words::new("/dataphin", "/dataphin"))).code(blocked.code());
    }
    if status == 400 && wants_tls(&String::from_utf8_lossy(&answer.body)) {
        let cause = Words::new(
            "the proxy passes /dataphin on with http:// to a port at which TLS is spoken (HTTP 400), and /dingtalk rightly",
            "代理以 http:// 将 /dataphin 转发到了一个 TLS 端口（HTTP 400），而 /dingtalk 的转发正常",
        );
        return Failure::new(cause, to_be_passed_on()).code("tls-expected");
    }
    if matches!(status, 502..=504) {
        let cause = Words::new(
            format!(
                "the proxy does not reach the bridge for /dataphin (HTTP {status}), though it does for /dingtalk: its upstream is down at times, or another"
            ),
            format!(
                "代理转发 /dataphin 时无法连通审批桥（HTTP {status}），而转发 /dingtalk 时可以：上游时断时续，或配置了另一个上游"
            ),
        );
        return Failure::new(cause, places::leads_to()).code(format!("http-{status}"));
    }
    if matches!(status, 405 | 501) {
        let cause = Words::new(
            format!(
                "the proxy does not let the method POST through to /dataphin (HTTP {status}), though it does for /dingtalk"
            ),
            format!("代理不允许对 /dataphin 使用 POST 方法（HTTP {status}），而 /dingtalk 可以"),
        );
        let fix = places::proxy(
            "allow POST for /dataphin, as for /dingtalk",
            "与 /dingtalk 一样，允许对 /dataphin 使用 POST 方法",
        );
        return Failure::new(cause, fix).code(format!("http-{status}"));
    }
    let what = if answer.status.is_redirection() {
        let to = target(answer);
        Words::new(format!("a redirect{}", to.en), format!("一个重定向{}", to.zh))
    } else {
        page(answer).unwrap_or_else(|| Words::new(format!("HTTP {status}"), format!(" HTTP {status} 的响应")))
    };
    let answers = Words::new(
        format!("{} answers, and not the bridge", what.en),
        format!("应答的不是审批桥，而是{}", what.zh),
    );
    quoting(Failure::new(not_passed_on(&answers), to_be_passed_on()).code(format!("http-{status}")), answer)
}

fn not_passed_on(why: &Words) -> Words {
    Words::new(
        format!(
            "the proxy passes /dingtalk on to the bridge, but not /dataphin, which Dataphin calls: {}",
            why.en
        ),
        format!("代理将 /dingtalk 转发到了审批桥，但没有转发 Dataphin 调用的 /dataphin：{}", why.zh),
    )
}

fn to_be_passed_on() -> Words {
    places::proxy("route /dataphin to the bridge, as /dingtalk", "将 /dataphin 与 /dingtalk 一样转发到审批桥")
}
