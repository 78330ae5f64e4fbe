//! The callback: DingTalk's `check_url`, sent by ourselves through the public address.

use std::{net::IpAddr, time::Duration};

use reqwest::{Request, Url};
use tokio::time::{Instant, timeout};

use super::{
    Failure, Outcome, Words,
    connect::{self, Unconnected},
    data_file,
    limits::Limits,
    neighbour, places,
    reach::{self, Unreached, is_public},
    several,
    sizes::{self, Passage, Way},
    stranger::page,
    tls::TlsFault,
    turned_away::{another_bridge, dataphins, is_ours, quoting, refusal},
};
use crate::{
    config::{BridgeConfig, DataphinConfig, DingTalkConfig},
    dingtalk::knock::{BadReply, Knock},
    http::{
        Http, HttpAnswer, SendError,
        probe::{self, KNOCK_HEADER, Unmet},
    },
    store::Store,
    world::World,
};

/// DingTalk waits no longer, by its strictest page.
const DEADLINE: Duration = Duration::from_millis(1_500);
/// How long we wait, to tell slow from silent.
const PATIENCE: Duration = Duration::from_secs(5);
/// Our own store says so soon what it is called.
pub(super) const LOOK_UP: Duration = Duration::from_millis(700);
const PATH: &str = "/dingtalk/callback";
/// The bridge takes 256 KiB.
const LARGE: usize = 250_000;
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
    /// What it was started with, as fingerprints.
    pub settings: Option<String>,
}

impl Knocked {
    /// Whether our bridge is behind the address: then what is behind it is looked at, too.
    pub fn led_to_us(&self) -> bool {
        matches!(self.outcome, Outcome::Passed { .. } | Outcome::Warned(_))
    }
}

impl From<Outcome> for Knocked {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, store: None, settings: None }
    }
}

/// Whom to knock at, and with what.
pub(super) struct Door<'a> {
    pub bridge: &'a BridgeConfig,
    pub dingtalk: &'a DingTalkConfig,
    pub dataphin: Option<&'a DataphinConfig>,
    /// Our own store: the bridge of another one is another bridge.
    pub store: Option<&'a Store>,
    pub http: &'a Http,
    pub world: &'a World,
    pub limits: Limits,
}

/// One answer as DingTalk would have taken it.
struct Answered {
    took: Duration,
    store: Option<String>,
    settings: Option<String>,
}

/// Knocks and judges.
pub(super) async fn check(door: &Door<'_>) -> Knocked {
    let Some(base) = &door.bridge.public_url else {
        return Outcome::skipped(Words::new(
            "BRIDGE_PUBLIC_URL is not set: set it to the address typed into DingTalk and Dataphin",
            "未设置 BRIDGE_PUBLIC_URL：请设为钉钉与 Dataphin 中填写的审批桥地址",
        ))
        .into();
    };
    let Ok(url) = Url::parse(base) else {
        let why = Words::new("BRIDGE_PUBLIC_URL is no address", "BRIDGE_PUBLIC_URL 不是有效地址");
        return Outcome::skipped(why).into();
    };
    let mut last = None;
    let outcome = match knock_for_each_owner(door, &url, base, &mut last).await {
        Ok(proved) => answered(&url, proved),
        Err(failure) => failure.into(),
    };
    let (store, settings) = last.map_or((None, None), |answered| (answered.store, answered.settings));
    Knocked { outcome, store, settings }
}

async fn knock_for_each_owner(
    door: &Door<'_>,
    url: &Url,
    base: &str,
    last: &mut Option<Answered>,
) -> Result<Words, Failure> {
    let settings = &door.dingtalk.settings;
    let is_loopback_text = |address: &str| Url::parse(address).is_ok_and(|address| is_loopback(&address));
    // One of the two will do: the other may be what is wrong.
    let rehearsal =
        is_loopback(url) && (is_loopback_text(&settings.api_url) || is_loopback_text(&settings.oapi_url));
    if !rehearsal && let Some(failure) = not_public(url) {
        return Err(failure);
    }
    let address = format!("{base}{PATH}");
    let owner_keys = door.dingtalk.verifier.owner_keys();
    let mut proved: Option<(Duration, Duration)> = None;
    // Once more where one would do: a balancer may lead every second call elsewhere.
    let again = owner_keys.first().filter(|_| owner_keys.len() == 1);
    for owner_key in owner_keys.iter().chain(again) {
        // A first slow answer may be a cold start; DingTalk tries again, too.
        let mut knocked = door.knock(&address, owner_key).await;
        let first_took = knocked.as_ref().map_or(Duration::ZERO, |answered| answered.took);
        if first_took > DEADLINE {
            knocked = door.knock(&address, owner_key).await;
        }
        let answered = knocked.map_err(|failure| owner_failure(failure, owner_keys, owner_key))?;
        let took = answered.took;
        if last
            .as_ref()
            .is_some_and(|last| several::is_another(last.store.as_deref(), answered.store.as_deref()))
        {
            return Err(several::in_turn(&shown(url)));
        }
        *last = Some(answered);
        if took > DEADLINE {
            return Err(slow(took));
        }
        if proved.is_none() || first_took > DEADLINE {
            proved = Some((took, first_took));
        }
    }
    if let Some(owner_key) = owner_keys.first() {
        if let Some(failure) = several::astray(door, url, &address, owner_key).await {
            return Err(failure);
        }
        let way = Large { door, address: &address, owner_key };
        if let Some(limit) = sizes::try_up_to(LARGE, door.limits, &way).await {
            let whose = Words::new("the bridge takes events of up to 256 KB", "审批桥接受最大 256 KB 的事件");
            return Err(limit.failure(PATH, &whose));
        }
    }
    let (took, first_took) = proved.unwrap_or_default();
    let (took_ms, first_ms) = (took.as_millis(), first_took.as_millis());
    let (at_first, zh_at_first) = if first_took > DEADLINE {
        (format!(", at first in {first_ms} ms"), format!("，首次耗时 {first_ms} 毫秒"))
    } else {
        (String::new(), String::new())
    };
    let (mention, zh_mention) = if !rehearsal && has_inner_name(url).await {
        ("; seen from here its name leads to an inner address", "；从本机看，该域名解析到内网地址")
    } else {
        ("", "")
    };
    let shown = shown(url);
    Ok(Words::new(
        format!("check_url through {shown} is answered in {took_ms} ms{at_first}{mention}"),
        format!("经由 {shown} 的 check_url 在 {took_ms} 毫秒内得到响应{zh_at_first}{zh_mention}"),
    ))
}

/// Our bridge answers. Without TLS that works, too, and hides nothing else.
fn answered(url: &Url, proved: Words) -> Outcome {
    if url.scheme() == "https" || is_loopback(url) {
        Outcome::passed(proved)
    } else {
        Outcome::Warned(in_the_clear())
    }
}

fn slow(took: Duration) -> Failure {
    let (took, deadline) = (took.as_millis(), DEADLINE.as_millis());
    let cause = Words::new(
        format!("the bridge answers check_url after {took} ms: DingTalk waits {deadline} ms"),
        format!("审批桥在 {took} 毫秒后才响应 check_url：钉钉只等待 {deadline} 毫秒"),
    );
    Failure::new(cause, places::proxy("its speed, and the bridge's", "其速度以及审批桥的速度")).code("slow")
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
        "BRIDGE_PUBLIC_URL 以 http:// 开头：可以到达审批桥，但令牌以明文传输；请改用 https://",
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

/// Whether no proxy of the environment is between us and a host.
pub(super) fn is_direct(scheme: &str, host: &str) -> bool {
    reach::proxy_of(scheme, host, &|name: &str| std::env::var(name).ok()).is_none()
}

/// The same cause with the addresses that the host's name leads to from here, of which one may be old; nothing is added where a proxy
/// looks the name up.
pub(super) async fn placed(cause: Words, address: &str) -> Words {
    let Some((host, leads_to)) = leads_to(address).await else { return cause };
    Words::new(
        format!("{}; {host} is {leads_to} seen from here", cause.en),
        format!("{}；从本机看，{host} 解析为 {leads_to}", cause.zh),
    )
}

async fn leads_to(address: &str) -> Option<(String, String)> {
    let url = Url::parse(address).ok()?;
    let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
    if !is_direct(url.scheme(), &host) || host.parse::<IpAddr>().is_ok() || host == "localhost" {
        return None;
    }
    let named = connect::resolve(&host, url.port_or_known_default()?, Instant::now() + LOOK_UP).await.ok()?;
    let addresses: Vec<String> = named.addresses.iter().map(|address| address.ip().to_string()).collect();
    (!addresses.is_empty()).then(|| (host, addresses.join(", ")))
}

/// Our `check_url` as a request.
pub(super) fn request(http: &Http, address: &str, knock: &Knock) -> Option<Request> {
    let request = http.client().post(address).query(&knock.query);
    let request = request.header("content-type", "application/json").header(KNOCK_HEADER, &knock.digest);
    request.body(knock.body.clone()).build().ok()
}

impl Door<'_> {
    async fn send(&self, address: &str, knock: &Knock) -> Result<HttpAnswer, SendError> {
        let Some(request) = request(self.http, address, knock) else {
            return Err(SendError::NotSent("no URL".to_owned()));
        };
        timeout(PATIENCE, self.http.send(request)).await.unwrap_or(Err(SendError::TimedOut))
    }

    /// One knock: how long it took, or what DingTalk would not have taken.
    async fn knock(&self, address: &str, owner_key: &str) -> Result<Answered, Failure> {
        let knock = self.dingtalk.verifier.knock(owner_key, self.world);
        let began = Instant::now();
        let sent = self.send(address, &knock).await;
        let took = began.elapsed();
        let answer = match sent {
            Ok(answer) => answer,
            Err(error) => return Err(self.unreached(address, &error).await),
        };
        if let Some(failure) = self.stranger(address, &answer).await {
            return Err(failure);
        }
        if let Some(failure) = refusal(&answer, knock.body.len(), address.starts_with("https://")) {
            return Err(self.placed(address, &knock, &answer, failure).await);
        }
        let bad = match self.dingtalk.verifier.judge(&knock, &answer) {
            Ok(()) => {
                let owned = |said: Option<&str>| said.map(ToOwned::to_owned);
                let (store, settings) = (probe::store(&answer.headers), probe::settings(&answer.headers));
                return Ok(Answered { took, store: owned(store), settings: owned(settings) });
            }
            Err(bad) => bad,
        };
        let failure = bad_reply(&answer, bad);
        Err(self.placed(address, &knock, &answer, failure).await)
    }

    /// The same failure with what this machine shows of a stranger's answer: another program at the bridge's own port, and
    /// where the name leads to.
    async fn placed(&self, address: &str, knock: &Knock, answer: &HttpAnswer, failure: Failure) -> Failure {
        if is_ours(answer) {
            return failure;
        }
        let listen = self.bridge.listen;
        let here = async {
            let address = data_file::local(listen)?;
            // A proxy of the environment must not see what is signed.
            if !is_direct("http", &address.ip().to_string()) {
                return None;
            }
            timeout(neighbour::PATIENCE, self.send(&format!("http://{address}{PATH}"), knock))
                .await
                .ok()?
                .ok()
        };
        match here.await.and_then(|local| neighbour::failure(listen, answer, &local)) {
            Some(other) => other,
            None => Failure { cause: placed(failure.cause, address).await, ..failure },
        }
    }

    async fn unreached(&self, address: &str, error: &SendError) -> Failure {
        let unreached = reach::why(address, error, self.limits.until()).await;
        let proxy =
            places::proxy("make sure it runs and forwards to the bridge", "确认其正在运行，并转发到审批桥");
        let tls = places::proxy(
            "see that its port 443 speaks TLS and is not stuck",
            "确认其 443 监听已启用 TLS 且没有卡住",
        );
        let rule = places::proxy(
            "see whether a rule cuts /dingtalk/callback (nginx: return 444, deny); make sure it runs and forwards to the bridge",
            "检查是否有规则断开 /dingtalk/callback（nginx：return 444、deny）；确认其正在运行，并转发到审批桥",
        );
        let fix = match &unreached {
            Unreached::Unconnected(Unconnected::Refused { .. }) if self.is_inner_port(address) => {
                inner_port().or(&places::serve()).or(&proxy)
            }
            Unreached::Unconnected(Unconnected::Refused { .. }) => places::serve().or(&proxy),
            Unreached::Tls { why: TlsFault::NoTls, .. } if self.is_inner_port(address) => {
                inner_port().or(&tls)
            }
            Unreached::TlsClosed { .. } | Unreached::Reset { .. } => tls.or(&Words::new(
                "if the domain has no ICP filing (备案), file it: such names are cut at the TLS handshake",
                "若域名未备案，请完成 ICP 备案：未备案的域名会在 TLS 握手时被切断",
            )),
            Unreached::Tls { .. } | Unreached::TlsStalls { .. } => tls,
            Unreached::Closed { .. } => rule.or(&places::serve()),
            _ => proxy.or(&places::serve()),
        };
        if matches!(&unreached, Unreached::Tls { why: TlsFault::NoTls, .. }) && self.is_inner_port(address) {
            return Failure::new(unreached.words(), fix).code("tls");
        }
        unreached.failure("BRIDGE_PUBLIC_URL", fix, places::proxy_certificate())
    }

    /// Whether the public address names the port at which the bridge itself listens.
    fn is_inner_port(&self, address: &str) -> bool {
        let url = Url::parse(address).ok().filter(|url| !is_loopback(url));
        url.and_then(|url| url.port()) == Some(self.bridge.listen.port())
    }

    /// Whether somebody else than our bridge gave an answer: Dataphin, or another bridge.
    async fn stranger(&self, address: &str, answer: &HttpAnswer) -> Option<Failure> {
        if is_ours(answer) {
            return self.another(answer).await;
        }
        let host = place(address)?;
        let callback = place(&self.dataphin?.settings.callback_url)?;
        let is_answer = answer.status.is_success() || matches!(answer.status.as_u16(), 302 | 400..=405);
        (host == callback && is_answer && !is_sealed(answer)).then(|| dataphins(&host, answer))
    }

    /// Whether a bridge that refuses what is ours works on another store than ours.
    async fn another(&self, answer: &HttpAnswer) -> Option<Failure> {
        let unmet = Unmet::of(&answer.headers)?;
        let theirs = probe::store(&answer.headers)?;
        if !matches!(unmet, Unmet::Signature | Unmet::Cipher | Unmet::Owner) {
            return None;
        }
        let ours = timeout(LOOK_UP, self.store?.identity()).await.ok()?.ok()?;
        let why = Words::new(
            "neither its store nor its keys are those of this configuration",
            "其存储与密钥均与当前配置不同",
        );
        (ours.as_deref() != Some(theirs)).then(|| another_bridge(PATH, &why))
    }
}

fn inner_port() -> Words {
    let source = Words::new(
        ": its port is that of BRIDGE_LISTEN; leave it out if the proxy serves the usual one (443)",
        "：其端口是 BRIDGE_LISTEN 的内部端口，代理使用默认端口（443）时请去掉",
    );
    Words::change(("correct", "修改"), "BRIDGE_PUBLIC_URL", &source)
}

/// Large checks.
struct Large<'a> {
    door: &'a Door<'a>,
    address: &'a str,
    owner_key: &'a str,
}

impl Way for Large<'_> {
    async fn send(&self, bytes: usize) -> Passage {
        let (door, verifier) = (self.door, &self.door.dingtalk.verifier);
        let knock = verifier.padded_knock(self.owner_key, bytes, door.world);
        let answer = match door.send(self.address, &knock).await {
            Ok(answer) => answer,
            Err(error) => return Passage::of_error(&error),
        };
        if verifier.judge(&knock, &answer).is_ok() {
            return Passage::Whole;
        }
        if !is_ours(&answer) {
            return Passage::of_stranger(&answer);
        }
        let arrived = probe::arrived(&answer.headers).filter(|arrived| *arrived < knock.body.len());
        match (Unmet::of(&answer.headers), answer.status.as_u16()) {
            (Some(Unmet::NoBody | Unmet::Body | Unmet::Altered), _) | (None, 400 | 403 | 408) => {
                Passage::Cut { arrived }
            }
            _ => Passage::Whole,
        }
    }
}

/// An answer with the right status that DingTalk would not take: the bridge's, and changed on its way, or somebody else's.
fn bad_reply(answer: &HttpAnswer, bad: BadReply) -> Failure {
    let status = answer.status.as_u16();
    let unchanged = places::proxy("it must pass the bridge's answer on unchanged", "须原样返回审批桥的响应");
    let through = places::proxy(
        "let /dingtalk/callback through to the bridge, and answer nothing in its place (sign-in, check of browsers, page of errors)",
        "将 /dingtalk/callback 转发到审批桥，不要代为应答（登录校验、人机验证、错误页）",
    );
    let is_changed = is_ours(answer) || contains_signature(answer);
    let (cause, fix) = match (page(answer), is_changed) {
        (Some(page), true) => (
            Words::new(
                format!(
                    "the bridge answers check_url, and the proxy changes its answer: what arrives is {}",
                    page.en
                ),
                format!("审批桥已响应 check_url，但代理改写了响应：到达的是{}", page.zh),
            ),
            unchanged,
        ),
        (Some(page), false) => (
            Words::new(
                format!("check_url is answered by {}, and not by the bridge", page.en),
                format!("响应 check_url 的不是审批桥，而是{}", page.zh),
            ),
            through,
        ),
        (None, true) => (
            Words::new(
                format!("the answer to check_url is not what DingTalk takes: {bad}"),
                format!("check_url 的响应不符合钉钉要求：{}", bad.in_chinese()),
            ),
            unchanged,
        ),
        (None, false) => (
            Words::new(
                format!("check_url is answered by a JSON (HTTP {status}) that is not the bridge's"),
                format!("响应 check_url 的不是审批桥，而是其他服务的 JSON（HTTP {status}）"),
            ),
            through,
        ),
    };
    let failure = Failure::new(cause, fix).code("bad-reply");
    if is_changed { failure } else { quoting(failure, answer) }
}

/// Whether a signature of ours is somewhere in an answer, whatever is around it.
fn contains_signature(answer: &HttpAnswer) -> bool {
    String::from_utf8_lossy(&answer.body).to_lowercase().contains("msg_signature")
}

/// Host and port of an address.
fn place(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
}

/// Whether an answer has the form of an acknowledgement: then a bridge gave it, whoever changed it.
fn is_sealed(answer: &HttpAnswer) -> bool {
    serde_json::from_slice::<serde_json::Value>(&answer.body).is_ok_and(|body| body.get("encrypt").is_some())
}

/// Only events that are addressed to the CorpId are refused: then the bridge that runs does not know it.
fn owner_failure(failure: Failure, owner_keys: &[String], owner_key: &str) -> Failure {
    if failure.code.as_deref() != Some(NOT_BELIEVED) || owner_keys.first().is_none_or(|it| it == owner_key) {
        return failure;
    }
    let cause = Words::new(
        "the running bridge does not take events that are addressed to DINGTALK_CORP_ID: has it taken up the change?",
        "运行中的审批桥不接受发给 DINGTALK_CORP_ID 的事件：修改后是否已重启？",
    );
    Failure::new(cause, places::restart().or(&Words::variable("DINGTALK_CORP_ID"))).code(NOT_BELIEVED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::Variables,
        diagnosis::{Check, report::Report},
    };

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

    #[test]
    fn an_address_without_tls_is_a_warning_and_what_is_behind_it_is_looked_at() {
        let outcome = |url: &str| answered(&Url::parse(url).unwrap(), Words::new("yes", "是"));
        let Outcome::Warned(warning) = outcome("http://bridge.acme.cn") else { panic!() };
        assert_eq!(warning.code.as_deref(), Some("not-https"));
        for url in ["https://bridge.acme.cn", "http://127.0.0.1:8080"] {
            assert!(matches!(outcome(url), Outcome::Passed { .. }), "{url}");
        }
        let knocked = Knocked::from(outcome("http://bridge.acme.cn"));
        assert!(knocked.led_to_us());
        let mut report = Report::new(false);
        report.judge(Check::Callback, Duration::ZERO, || knocked.outcome);
        for behind in [Check::Events, Check::DataphinRoute] {
            report.judge(behind, Duration::ZERO, || Outcome::passed(Words::new("yes", "是")));
        }
        let words: Vec<_> = report
            .done(&Variables::default())
            .findings
            .iter()
            .map(|finding| finding.outcome.word())
            .collect();
        assert_eq!(words, ["warned", "passed", "passed"]);
    }
}
