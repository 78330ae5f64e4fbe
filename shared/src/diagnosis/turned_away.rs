//! What an answer to our `check_url` says that is none DingTalk would take: who turned it away, and why.

use super::{
    Failure, Words,
    blocked::Blocked,
    places,
    stranger::{page, target, wants_tls},
};
use crate::http::{
    HttpAnswer,
    door::REFERENCE_HEADER,
    page::title,
    probe::{self, Unmet},
};

/// Whether the bridge gave an answer, and nobody before it.
pub(super) fn is_ours(answer: &HttpAnswer) -> bool {
    answer.headers.contains_key(REFERENCE_HEADER)
}

/// What an answer other than 200 says to a check with a body of `sent` bytes. `https`: the address is one of TLS.
pub(super) fn refusal(answer: &HttpAnswer, sent: usize, https: bool) -> Option<Failure> {
    match answer.status.as_u16() {
        200 => None,
        status if is_ours(answer) => Some(by_the_bridge(answer, status, sent)),
        status => Some(quoting(before_the_bridge(answer, status, sent, https), answer)),
    }
}

/// The same with what is said in the bridge's place.
pub(super) fn quoting(failure: Failure, answer: &HttpAnswer) -> Failure {
    let title = title(&answer.body).filter(|title| !failure.cause.en.contains(title.as_str()));
    let Some(title) = title else { return failure };
    let cause = Words::new(
        format!("{}; what it shows: “{title}”", failure.cause.en),
        format!("{}；其返回的内容为“{title}”", failure.cause.zh),
    );
    Failure { cause, ..failure }
}

fn by_the_bridge(answer: &HttpAnswer, status: u16, sent: usize) -> Failure {
    match status {
        // The latter is for a wrong credential that is not the first.
        401 | 403 | 429 => match Unmet::of(&answer.headers) {
            Some(unmet) => not_met(unmet, probe::arrived(&answer.headers), sent),
            None => not_believed(),
        },
        405 => Failure::new(
            Words::new(
                "the bridge is reached, and check_url arrives by another method than POST (HTTP 405)",
                "已到达审批桥，但 check_url 到达时不是 POST 方法（HTTP 405）",
            ),
            places::proxy(
                "it must pass the method on unchanged (and not follow a redirect itself: give it the final address as its backend)",
                "须原样转发请求方法（代理自行跟随重定向也会改变方法：后端请直接填最终地址）",
            ),
        )
        .code("method"),
        404 => Failure::new(
            Words::new(
                "the bridge is reached, and /dingtalk/callback arrives as another path (HTTP 404)",
                "已到达审批桥，但 /dingtalk/callback 到达时路径已改变（HTTP 404）",
            ),
            places::proxy(
                "it must pass the path on unchanged, without a prefix or a slash at its end",
                "须原样转发路径，不增加前缀或末尾的“/”",
            ),
        )
        .code("http-404"),
        500..=599 => Failure::new(
            Words::new(
                format!("the bridge answers HTTP {status}: its store fails"),
                format!("审批桥返回 HTTP {status}：其存储出现故障"),
            ),
            places::machine("the bridge's log, and its store", "审批桥日志与存储"),
        )
        .code(format!("http-{status}")),
        _ => other_status(status),
    }
}

/// What the bridge says that it misses.
fn not_met(unmet: Unmet, arrived: Option<usize>, sent: usize) -> Failure {
    let changes = |en: &str, zh: &str, code: &str| {
        Failure::new(
            Words::new(format!("the bridge is reached, and {en}"), format!("已到达审批桥，但 {zh}")),
            places::proxy(
                "query and body must pass unchanged (no XSS filter, no change of the encoding)",
                "查询参数与请求体须原样转发（不做 XSS 过滤或编码转换）",
            ),
        )
        .code(code)
    };
    match unmet {
        Unmet::Query => changes(
            "check_url arrives without signature, timestamp or nonce: the proxy drops or renames the query's parameters",
            "check_url 到达时缺少 signature、timestamp 或 nonce：代理丢弃或改写了查询参数",
            "query",
        ),
        Unmet::NoBody => changes(
            "check_url arrives without its body: the proxy drops the body",
            "check_url 到达时没有请求体：代理丢弃了请求体",
            "body",
        ),
        Unmet::Body => match arrived.filter(|arrived| *arrived < sent) {
            Some(arrived) => changes(
                &format!("check_url arrives cut: {arrived} bytes of {sent}; the proxy cuts the body"),
                &format!("check_url 的请求体被截断：{sent} 字节中仅到达 {arrived} 字节，代理截断了请求体"),
                "body-cut",
            ),
            None => changes(
                "check_url arrives with another body than was sent: the proxy changes the body",
                "check_url 到达时请求体已改变：代理改写了请求体",
                "body",
            ),
        },
        Unmet::Altered => changes(
            "check_url arrives otherwise than it was sent: the proxy changes query or body",
            "check_url 到达时内容已改变：代理改写了查询参数或请求体",
            "altered",
        ),
        Unmet::Signature | Unmet::Token => {
            other_value("DINGTALK_CALLBACK_TOKEN", "does not believe check_url", "other-token")
        }
        Unmet::Cipher => {
            other_value("DINGTALK_CALLBACK_AES_KEY", "cannot decrypt check_url", "other-aes-key")
        }
        Unmet::Owner => other_value(
            "DINGTALK_APP_KEY",
            "does not take events that are addressed to this one's",
            "http-403",
        ),
        Unmet::Timestamp => Failure::new(
            Words::new(
                "the running bridge's clock and this machine's differ by more than DINGTALK_EVENT_WINDOW_SECONDS",
                "运行中的审批桥与本机的时钟相差超过 DINGTALK_EVENT_WINDOW_SECONDS",
            ),
            places::clock(),
        )
        .code("timestamp"),
    }
}

/// A value that the running bridge holds otherwise.
fn other_value(variable: &str, how: &str, code: &str) -> Failure {
    Failure::new(
        Words::new(
            format!(
                "the running bridge {how}: it holds another {variable} than this configuration (has it taken up the change?)"
            ),
            format!("运行中的审批桥使用的 {variable} 与当前配置不同（修改后是否已重启？）"),
        ),
        places::restart().or(&Words::variable(variable)),
    )
    .code(code)
}

/// The bridge does not say why.
fn not_believed() -> Failure {
    Failure::new(
        Words::new(
            "the running bridge does not believe check_url: it holds another DINGTALK_CALLBACK_TOKEN or \
             DINGTALK_CALLBACK_AES_KEY than this configuration (has it taken up the change?), or the proxy changes query or body",
            "运行中的审批桥不接受 check_url：其 DINGTALK_CALLBACK_TOKEN 或 DINGTALK_CALLBACK_AES_KEY 与当前配置不同（修改后是否已重启？），\
             或代理改写了查询参数或请求体",
        ),
        places::restart()
            .or(&Words::variable("DINGTALK_CALLBACK_TOKEN"))
            .or(&Words::variable("DINGTALK_CALLBACK_AES_KEY"))
            .or(&places::proxy("query and body must pass unchanged", "查询参数与请求体须原样转发")),
    )
    .code("http-403")
}

fn before_the_bridge(answer: &HttpAnswer, status: u16, sent: usize, https: bool) -> Failure {
    let failure = |en: String, zh: String, mend: Words| {
        Failure::new(Words::new(en, zh), mend).code(format!("http-{status}"))
    };
    if let Some(blocked) = Blocked::of(status, &answer.body) {
        let cause = blocked.cause(status, "BRIDGE_PUBLIC_URL", &Words::new("the bridge", "审批桥"));
        let paths = Words::new("/dingtalk/callback and /dataphin", "/dingtalk/callback 与 /dataphin");
        return Failure::new(cause, blocked.fix(&paths)).code(blocked.code());
    }
    match status {
        300..=399 => redirect(answer, status, https),
        400 if https && wants_tls(&String::from_utf8_lossy(&answer.body)) => failure(
            "HTTP 400: the proxy passes the call on with http:// to a port at which TLS is spoken".to_owned(),
            "HTTP 400：代理以 http:// 将请求转发到了一个 TLS 端口".to_owned(),
            places::proxy(
                "let it lead to the bridge's own port (BRIDGE_LISTEN, http), or call that upstream with https://",
                "将其转发到审批桥自己的端口（BRIDGE_LISTEN，http），或以 https:// 访问该上游",
            ),
        ),
        400 if wants_tls(&String::from_utf8_lossy(&answer.body)) => failure(
            "HTTP 400: TLS is spoken there, and BRIDGE_PUBLIC_URL begins with http://".to_owned(),
            "HTTP 400：该端口是 TLS 服务，而 BRIDGE_PUBLIC_URL 以 http:// 开头".to_owned(),
            places::variable("BRIDGE_PUBLIC_URL"),
        ),
        400 if says_headers_too_large(&answer.body) => not_two_hundred(status, HEADERS),
        401 | 403 | 407 => failure(
            format!(
                "HTTP {status}, and not from the bridge: a sign-in, a firewall or an IP allow-list stands in front of it"
            ),
            format!("HTTP {status}，该响应不是审批桥返回的：其前面有登录校验、防火墙或 IP 白名单"),
            places::proxy(
                "let /dingtalk/callback pass without sign-in; an IP allow-list must admit DingTalk's addresses for it, not only this \
                 machine's",
                "放行 /dingtalk/callback，无需登录；若有 IP 白名单，须放行钉钉推送的 IP（仅放行本机不够）",
            ),
        ),
        404 => failure(
            format!("HTTP {status}, and not from the bridge: the proxy has no route for /dingtalk/callback"),
            format!("HTTP {status}，该响应不是审批桥返回的：代理没有 /dingtalk/callback 的转发规则"),
            places::proxy(
                "route /dingtalk/callback (and /dataphin) to the bridge; if its rule has a path prefix, BRIDGE_PUBLIC_URL and both \
                 consoles must have it, too",
                "将 /dingtalk/callback（及 /dataphin）转发到审批桥；若其规则带路径前缀，BRIDGE_PUBLIC_URL 与两个控制台中的地址也须带上",
            ),
        ),
        405 | 501 => failure(
            format!(
                "HTTP {status}, and not from the bridge: the proxy does not let the method POST through, or serves a site of its own there"
            ),
            format!("HTTP {status}，该响应不是审批桥返回的：代理不允许 POST 方法，或此处是它自己的静态站点"),
            places::proxy(
                "pass /dingtalk/callback and /dataphin on to the bridge (nginx: server_name, proxy_pass), and allow POST for them",
                "将 /dingtalk/callback 与 /dataphin 转发到审批桥（nginx：server_name、proxy_pass），并允许 POST 方法",
            ),
        ),
        413 => failure(
            format!(
                "HTTP 413, and not from the bridge: the proxy refuses a body of {sent} bytes as too large"
            ),
            format!("HTTP 413，该响应不是审批桥返回的：代理认为 {sent} 字节的请求体过大"),
            places::proxy(
                "raise its limit for the size of a body (nginx: client_max_body_size 2m)",
                "调大请求体大小限制（nginx：client_max_body_size 2m）",
            ),
        ),
        429 => failure(
            "HTTP 429, and not from the bridge: the proxy limits how often it is called".to_owned(),
            "HTTP 429，该响应不是审批桥返回的：代理限制了调用频率".to_owned(),
            rate(),
        ),
        525 | 526 => other_status(status),
        500..=599 => no_upstream(status),
        _ => other_status(status),
    }
}

fn redirect(answer: &HttpAnswer, status: u16, https: bool) -> Failure {
    let to = target(answer);
    let is_itself = https && to.en.contains("https://") && to.en.ends_with("/dingtalk/callback");
    let (cause, fix) = if is_itself {
        (
            Words::new(
                format!(
                    "the address redirects{} (HTTP {status}), which is itself or another https:// host",
                    to.en
                ),
                format!("该地址返回重定向{}（HTTP {status}），目标是其自身或另一个 https:// 主机", to.zh),
            ),
            places::proxy(
                "TLS ends before what redirects to https://: redirect by X-Forwarded-Proto only",
                "TLS 在执行重定向的服务之前已终止：仅按 X-Forwarded-Proto 重定向到 https",
            )
            .or(&places::variable("BRIDGE_PUBLIC_URL")),
        )
    } else {
        (
            Words::new(
                format!("the address redirects{}: DingTalk follows no redirect", to.en),
                format!("该地址返回重定向{}：钉钉不跟随重定向", to.zh),
            ),
            places::variable("BRIDGE_PUBLIC_URL")
                .or(&places::proxy("take the redirect out for this path", "对该路径取消重定向")),
        )
    };
    Failure::new(cause, fix).code(format!("http-{status}"))
}

/// What stands in front of the bridge does not reach it.
fn no_upstream(status: u16) -> Failure {
    let (en, zh) = match status {
        503 => (
            ", because no backend seems healthy to it, or it limits how often it is called (nginx's limit_req says 503)",
            "：没有它认为可用的后端，或限制了调用频率（nginx limit_req 返回 503）",
        ),
        504 => (
            " in time: its backend's address is wrong, or a firewall drops the packets",
            "：连接后端超时，后端地址有误或被防火墙丢包",
        ),
        _ => ("", ""),
    };
    let cause = Words::new(
        format!("HTTP {status}: the proxy does not reach the bridge{en}"),
        format!("HTTP {status}：代理无法连通审批桥{zh}"),
    );
    let fix = if status == 503 { places::leads_to().or(&rate()) } else { places::leads_to() };
    Failure::new(cause, fix).code(format!("http-{status}"))
}

fn rate() -> Words {
    places::proxy("raise or lift its rate limit", "调高或取消频率限制")
}

/// How nginx says 431.
fn says_headers_too_large(body: &[u8]) -> bool {
    String::from_utf8_lossy(body).contains("Request Header Or Cookie Too Large")
}

fn other_status(status: u16) -> Failure {
    let (fix, zh) = match status {
        414 => ("raise its limit for the length of an address", "调大 URL 长度限制"),
        421 => (
            "its virtual host for this name (Host and SNI must be the same)",
            "该域名的虚拟主机配置（Host 与 SNI 须一致）",
        ),
        525 | 526 => (
            "it does not accept the certificate of what it leads to: let it lead to BRIDGE_LISTEN with http, or trust that certificate",
            "它不信任上游的证书：以 http 转发到 BRIDGE_LISTEN，或信任该证书",
        ),
        415 => ("let the content type application/json pass", "放行 Content-Type：application/json"),
        431 | 494 => HEADERS,
        _ => (
            "look at what it answers to /dingtalk/callback itself, and pass the path on to the bridge",
            "检查其对 /dingtalk/callback 的处理，并将该路径转发到审批桥",
        ),
    };
    not_two_hundred(status, (fix, zh))
}

/// What to do at a proxy that refuses large headers.
const HEADERS: (&str, &str) = ("raise its limit for the size of headers", "调大请求头大小限制");

fn not_two_hundred(status: u16, (fix, zh): (&str, &str)) -> Failure {
    Failure::new(
        Words::new(
            format!("HTTP {status}, and not from the bridge, where DingTalk takes 200 only"),
            format!("返回 HTTP {status}，该响应不是审批桥返回的；钉钉只认 HTTP 200"),
        ),
        places::proxy(fix, zh),
    )
    .code(format!("http-{status}"))
}

/// What answers at an address that is Dataphin's, too, in the bridge's place.
pub(super) fn dataphins(host: &str, answer: &HttpAnswer) -> Failure {
    let status = answer.status.as_u16();
    let what = page(answer).unwrap_or_else(|| {
        Words::new(format!("an answer (HTTP {status})"), format!("响应（HTTP {status}）"))
    });
    let cause = Words::new(
        format!(
            "BRIDGE_PUBLIC_URL has the same host as DATAPHIN_CALLBACK_URL ({host}), and not the bridge answers there, but {}: \
             it is Dataphin's address, or the proxy does not pass /dingtalk/callback on",
            what.en
        ),
        format!(
            "BRIDGE_PUBLIC_URL 与 DATAPHIN_CALLBACK_URL 的主机相同（{host}），且应答的不是审批桥，而是{}：该地址是 Dataphin 的地址，\
             或代理没有转发 /dingtalk/callback",
            what.zh
        ),
    );
    let route = places::proxy(
        "route /dingtalk/callback (and /dataphin) to the bridge",
        "将 /dingtalk/callback（及 /dataphin）转发到审批桥",
    );
    Failure::new(cause, places::variable("BRIDGE_PUBLIC_URL").or(&route)).code("dataphins-address")
}

/// A bridge of another installation.
pub(super) fn another_bridge(path: &str, why: &Words) -> Failure {
    let cause = Words::new(
        format!("another bridge answers at BRIDGE_PUBLIC_URL{path}: {}", why.en),
        format!("BRIDGE_PUBLIC_URL{path} 处应答的是另一个审批桥：{}", why.zh),
    );
    let leads = places::proxy(
        "let it lead to this bridge, and not to that of another environment",
        "将其转发到本审批桥，而不是其他环境的审批桥",
    );
    Failure::new(cause, leads.or(&Words::variable("BRIDGE_PUBLIC_URL"))).code(ANOTHER_BRIDGE)
}

/// The code of a bridge of another installation.
pub(super) const ANOTHER_BRIDGE: &str = "another-bridge";
