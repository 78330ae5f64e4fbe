//! Why nobody answers at an address: looked into step by step, after a request has failed.

use std::{net::IpAddr, time::Duration};

use reqwest::Url;
use tokio::{net::TcpStream, time::Instant};

use super::{
    Failure, Words,
    connect::{self, SLOW_DNS, Unconnected, passing},
    places,
    tls::TlsFault,
    tunnel,
};
use crate::http::{SendError, peer::Network};

/// The code of a proxy of the environment that fails.
pub(super) const PROXY: &str = "proxy";

/// The code of a certificate that is out of date by this machine's clock.
pub(super) const OUT_OF_DATE: &str = "certificate-time";

/// How far a request got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unreached {
    /// There is no connection.
    Unconnected(Unconnected),
    /// The DNS servers take so long for the host's name.
    SlowName { host: String, took: Duration },
    /// The connection stands, and its TLS is not trusted.
    Tls { place: String, why: TlsFault },
    /// The connection stands, and the other side does not finish the TLS handshake in time.
    TlsStalls { place: String },
    /// The connection was closed during the TLS handshake.
    TlsClosed { place: String },
    /// The connection was reset.
    Reset { place: String },
    /// The connection was closed without an answer.
    Closed { place: String },
    /// What came is no HTTP.
    NotHttp { place: String },
    /// The connection stands, and no answer came in time.
    Slow { place: String },
    /// A proxy of the environment is in between, and fails.
    Proxy { variable: &'static str, why: Words, mend: Words },
}

/// Looks into it. Takes no longer than `until`.
pub(super) async fn why(url: &str, error: &SendError, until: Instant) -> Unreached {
    let parsed = Url::parse(url).ok();
    let host =
        parsed.as_ref().and_then(Url::host_str).unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = parsed.as_ref().and_then(Url::port_or_known_default).unwrap_or(443);
    let scheme = parsed.as_ref().map_or("https", Url::scheme);
    let environment = |name: &str| std::env::var(name).ok();
    if let Some(variable) = proxy_of(scheme, &host, &environment) {
        let proxy = environment(variable).unwrap_or_default();
        let to = (scheme == "https").then(|| format!("{host}:{port}"));
        let fault = tunnel::why(variable, &proxy, to.as_deref(), until).await;
        let (why, mend) = match fault {
            _ if is_meant_exempt(&host, &environment) => unread_exemption(&host),
            fault => {
                let (why, fix) = fault.unwrap_or_else(|| through_it(variable, &host, error));
                (why, fix.or(&exemption(&host)))
            }
        };
        return Unreached::Proxy { variable, why, mend };
    }
    let place = format!("{host}:{port}");
    let named = match connect::resolve(&host, port, until).await {
        Ok(named) => named,
        Err(unconnected) => return Unreached::Unconnected(unconnected),
    };
    if named.took >= connect::SLOW_NAME {
        return Unreached::SlowName { host, took: named.took };
    }
    match connect::to_any(&named.addresses, &place, until).await {
        Ok(mut stream) => match connected(peer(&place, &stream), scheme == "https", error) {
            Unreached::TlsStalls { place } | Unreached::TlsClosed { place }
                if connect::speaks_http(&mut stream, &host, until).await =>
            {
                Unreached::Tls { place, why: TlsFault::NoTls }
            }
            unreached => unreached,
        },
        Err(Unconnected::Reset { place }) => Unreached::Reset { place },
        Err(unconnected) => Unreached::Unconnected(unconnected),
    }
}

/// A place, with the address that a connection to it leads to.
fn peer(place: &str, stream: &TcpStream) -> String {
    stream.peer_addr().map_or_else(|_| place.to_owned(), |address| connect::shown(place, address))
}

/// Why an error came over a connection that can be made.
fn connected(place: String, tls: bool, error: &SendError) -> Unreached {
    let says = |words: &[&str]| {
        let text = error.to_string();
        words.iter().any(|word| text.contains(word))
    };
    if matches!(error, SendError::TimedOut) {
        return Unreached::Slow { place };
    }
    if matches!(error, SendError::NotSent(_)) && tls {
        if let Some(why) = TlsFault::of(error) {
            return Unreached::Tls { place, why };
        }
        if says(&["timed out", "deadline has elapsed", "timeout"]) {
            return Unreached::TlsStalls { place };
        }
        if !says(&["reset"]) {
            return Unreached::TlsClosed { place };
        }
    }
    // With TLS 1.3 the other side asks for our certificate after the handshake.
    if tls && TlsFault::of(error) == Some(TlsFault::ClientCertificate) {
        Unreached::Tls { place, why: TlsFault::ClientCertificate }
    } else if says(&["reset"]) {
        Unreached::Reset { place }
    } else if says(&["invalid HTTP version", "invalid HTTP status"]) {
        Unreached::NotHttp { place }
    } else {
        Unreached::Closed { place }
    }
}

impl Unreached {
    /// Whether it says of the network what another says, too: then it is one cause.
    pub fn is_like(&self, other: &Self) -> bool {
        matches!(
            (self, other),
            (Self::SlowName { .. }, Self::SlowName { .. })
                | (Self::TlsStalls { .. }, Self::TlsStalls { .. })
                | (Self::TlsClosed { .. }, Self::TlsClosed { .. })
                | (Self::Reset { .. }, Self::Reset { .. })
                | (Self::Slow { .. }, Self::Slow { .. })
                | (Self::Proxy { .. }, Self::Proxy { .. })
        ) || matches!((self, other), (Self::Unconnected(one), Self::Unconnected(also)) if one.is_like(also))
            || matches!((self, other), (Self::Tls { why, .. }, Self::Tls { why: also, .. }) if why == also)
            // Both at one place, and nobody there.
            || self == other
    }

    /// Whether a certificate is out of date, by this machine's clock.
    pub fn is_out_of_date(&self) -> bool {
        matches!(self, Self::Tls { why: TlsFault::Expired | TlsFault::NotYet, .. })
    }

    /// The same as a failure, of the address in `variable`: `mend` is where the way to it is mended, `certificate` what
    /// it shows for itself.
    pub fn failure(&self, variable: &str, mend: Words, certificate: Words) -> Failure {
        let dns = || {
            places::machine(
                "name a faster DNS server (/etc/resolv.conf)",
                "换用响应更快的 DNS 服务器（/etc/resolv.conf）",
            )
        };
        let (mend, code) = match self {
            Self::Unconnected(unconnected) => return unconnected.failure(mend),
            Self::SlowName { .. } => (dns(), SLOW_DNS),
            Self::TlsStalls { .. } => (mend.or(&passing()), "tls-timed-out"),
            Self::TlsClosed { .. } => (mend.or(&passing()), "tls-closed"),
            Self::Reset { .. } => (mend.or(&passing()), "connection-reset"),
            Self::Tls { why, .. } => {
                let code = if self.is_out_of_date() { OUT_OF_DATE } else { "tls" };
                (why.mend(variable, certificate), code)
            }
            Self::Closed { .. } => (mend, "connection-closed"),
            Self::NotHttp { .. } => (TlsFault::NoTls.mend(variable, certificate), "not-http"),
            Self::Slow { .. } => {
                (mend.or(&places::machine("check its network and proxy", "检查网络与代理")), "timed-out")
            }
            Self::Proxy { mend, .. } => (mend.clone(), PROXY),
        };
        Failure::new(self.words(), mend).code(code)
    }

    /// What it says, as a sentence.
    pub fn words(&self) -> Words {
        let (en, zh) = match self {
            Self::Unconnected(unconnected) => return unconnected.words(),
            Self::SlowName { host, took } => (
                format!(
                    "the DNS servers are too slow: they answer for {host} after {:.1} s",
                    took.as_secs_f64()
                ),
                format!("DNS 服务器响应过慢：解析 {host} 耗时 {:.1} 秒", took.as_secs_f64()),
            ),
            Self::Tls { place, why } => (
                format!("the TLS of {place} fails: {why}"),
                format!("与 {place} 的 TLS 连接失败：{}", why.in_chinese()),
            ),
            Self::TlsStalls { place } => (
                format!("{place} is connected, and does not finish the TLS handshake in time"),
                format!("{place} 已建立 TCP 连接，但未及时完成 TLS 握手"),
            ),
            Self::TlsClosed { place } => (
                format!("{place} is connected, and closes the connection during the TLS handshake"),
                format!("{place} 已建立 TCP 连接，但在 TLS 握手期间关闭了连接"),
            ),
            Self::Reset { place } => (
                format!(
                    "{place} resets the connection: the service there fails, or a firewall on the way cuts it"
                ),
                format!("{place} 重置了连接：对端服务异常，或被途中的防火墙切断"),
            ),
            Self::Closed { place } => (
                format!("{place} closes the connection without an answer"),
                format!("{place} 未返回任何响应就断开了连接"),
            ),
            Self::NotHttp { place } => (
                format!(
                    "what answers at {place} speaks no HTTP/1.1: another port or scheme may be meant, or it takes HTTP/2 only"
                ),
                format!(
                    "{place} 上的服务不支持 HTTP/1.1：可能应使用其他端口或协议（http/https），或对端只支持 HTTP/2"
                ),
            ),
            Self::Slow { place } => (
                format!("{place} is connected, and does not answer in time"),
                format!("{place} 已连接，但未及时响应"),
            ),
            Self::Proxy { variable, why, .. } => (
                format!("the proxy of {variable} does not get through: {}", why.en),
                format!("{variable} 指定的代理不通：{}", why.zh),
            ),
        };
        Words::new(en, zh)
    }
}

/// What fails behind a proxy that makes the tunnel.
fn through_it(variable: &str, host: &str, error: &SendError) -> (Words, Words) {
    if TlsFault::of(error) != Some(TlsFault::Untrusted) {
        return (
            last_words(error),
            places::machine(&format!("correct {variable}"), &format!("修改 {variable}")),
        );
    }
    let why = Words::new(
        format!(
            "the certificate of {host} that comes through it is signed by an authority that this machine does not know"
        ),
        format!("经由它返回的 {host} 证书由本机不信任的 CA 签发（代理可能对 TLS 做了解密）"),
    );
    let fix = places::machine(
        "install the authority with which the proxy signs (SSL_CERT_FILE)",
        "安装代理用于签发证书的 CA（SSL_CERT_FILE）",
    );
    (why, fix)
}

/// What stands at the end of an error's text: the cause of all the others.
fn last_words(error: &SendError) -> Words {
    if let Some(fault) = TlsFault::of(error) {
        return Words::new(fault.to_string(), fault.in_chinese());
    }
    if matches!(error, SendError::TimedOut) || error.to_string().contains("timed out") {
        return Words::new("no answer comes through it in time", "未及时收到经由它返回的响应");
    }
    let text = error.to_string();
    let last = text.rsplit("(Connect): ").next().unwrap_or(&text);
    let last: String = last.chars().filter(|c| !c.is_control()).take(160).collect();
    Words::new(&last, &last)
}

/// The variable that puts a proxy between us and a host, by the process's environment.
pub(super) fn proxy_of(
    scheme: &str,
    host: &str,
    environment: &impl Fn(&str) -> Option<String>,
) -> Option<&'static str> {
    let set = |name: &&'static str| environment(name).is_some_and(|value| !value.trim().is_empty());
    let names: [&'static str; 4] = if scheme == "https" {
        ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
    } else {
        ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]
    };
    let variable = names.into_iter().find(set)?;
    let mut lists = ["NO_PROXY", "no_proxy"].iter().filter_map(|name| environment(name));
    (!lists.any(|list| is_exempt(list.split(','), host))).then_some(variable)
}

/// Whether `NO_PROXY` names a host, and nobody reads it so: its entries are separated by something else than commas.
fn is_meant_exempt(host: &str, environment: &impl Fn(&str) -> Option<String>) -> bool {
    ["NO_PROXY", "no_proxy"].iter().filter_map(|name| environment(name)).any(|list| {
        let entries = list.split(|c: char| matches!(c, ',' | ';' | '；' | '，' | '、') || c.is_whitespace());
        is_exempt(entries, host)
    })
}

/// How a host is reached without the proxy.
fn exemption(host: &str) -> Words {
    let domain = host.split_once('.').map_or(host, |(_, domain)| domain);
    places::machine(
        &format!(
            "if {host} is to be reached without the proxy, add it to NO_PROXY by name (`{host}` or `.{domain}`; `*.{domain}` is not \
             understood, nor a network for a name)"
        ),
        &format!(
            "若应直连 {host}，请按域名加入 NO_PROXY（`{host}` 或 `.{domain}`；不支持 `*.{domain}`，网段对域名无效）"
        ),
    )
}

fn unread_exemption(host: &str) -> (Words, Words) {
    let why = Words::new(
        format!(
            "NO_PROXY names {host}, and separates its entries by something else than commas, so that nobody reads it"
        ),
        format!("NO_PROXY 中有 {host}，但各项没有用英文逗号分隔，因此不生效"),
    );
    let fix = places::machine("separate the entries of NO_PROXY by commas", "用英文逗号分隔 NO_PROXY 的各项");
    (why, fix)
}

fn is_exempt<'a>(mut entries: impl Iterator<Item = &'a str>, host: &str) -> bool {
    entries.any(|entry| {
        let entry = entry.trim().trim_start_matches('.');
        let names = entry == "*" || host == entry || host.ends_with(&format!(".{entry}"));
        !entry.is_empty() && (names || holds(entry, host))
    })
}

/// Whether a network of `NO_PROXY` holds an address.
fn holds(entry: &str, host: &str) -> bool {
    let network = entry.parse::<Network>().ok();
    network.zip(host.parse().ok()).is_some_and(|(network, host)| network.contains(host))
}

/// Whether the internet can reach an address.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_documentation()
                || v4.is_multicast()
                // Carriers' and clouds' inner networks.
                || (a == 100 && (64..128).contains(&b)))
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_public(IpAddr::V4(v4)),
            None => {
                !(v6.is_loopback()
                    || v6.is_unspecified()
                    || v6.is_multicast()
                    || v6.is_unique_local()
                    || v6.is_unicast_link_local())
            }
        },
    }
}

/// A value and how long it took.
pub(super) struct Timed<T> {
    pub value: T,
    pub took: Duration,
}

/// Measures.
pub(super) async fn timed<T>(work: impl Future<Output = T>) -> Timed<T> {
    let began = Instant::now();
    let value = work.await;
    Timed { value, took: began.elapsed() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    #[tokio::test]
    async fn a_refused_connection_is_told_from_a_name_that_is_not_known() {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let error = SendError::NotSent(String::new());
        let refused = why(&format!("http://127.0.0.1:{port}"), &error, soon()).await;
        let place = format!("127.0.0.1:{port}");
        assert_eq!(refused, Unreached::Unconnected(Unconnected::Refused { place }));
        let unknown = why("http://no-such-host.invalid", &error, soon()).await;
        let host = "no-such-host.invalid".to_owned();
        assert_eq!(unknown, Unreached::Unconnected(Unconnected::NoName { host }));
    }

    #[test]
    fn an_exemption_that_nobody_reads_is_told_from_one_that_is_not_meant() {
        let exempt = |list: &'static str| {
            let environment = move |name: &str| match name {
                "HTTPS_PROXY" => Some("http://proxy.corp:3128".to_owned()),
                "NO_PROXY" => Some(list.to_owned()),
                _ => None,
            };
            let host = "dataphin.acme.cn";
            (proxy_of("https", host, &environment).is_none(), is_meant_exempt(host, &environment))
        };
        assert_eq!(exempt("localhost,.acme.cn"), (true, true));
        for list in
            ["localhost;.acme.cn", "localhost dataphin.acme.cn", "localhost，acme.cn", "a;dataphin.acme.cn;b"]
        {
            assert_eq!(exempt(list), (false, true), "{list}");
        }
        assert_eq!(exempt("localhost;bridge.acme.cn"), (false, false));
    }

    #[tokio::test]
    async fn a_server_of_plain_http_that_waits_for_a_line_is_told_from_one_that_stalls() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};

        let error = SendError::NotSent("client error (Connect): operation timed out".to_owned());
        for (answer, is_plain) in [
            ("HTTP/1.1 404 Not Found\r\n\r\n", true),
            ("HTTP/1.1 400 Bad Request\r\n\r\n", false),
            ("", false),
        ] {
            let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            let place = listener.local_addr().unwrap().to_string();
            tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 256]).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            });
            let unreached = why(&format!("https://{place}"), &error, soon()).await;
            let expected = if is_plain {
                Unreached::Tls { place, why: TlsFault::NoTls }
            } else {
                Unreached::TlsStalls { place }
            };
            assert_eq!(unreached, expected, "{answer}");
        }
    }

    #[test]
    fn each_way_of_failing_over_a_connection_is_named() {
        let at = |error: SendError, tls| connected("a:1".to_owned(), tls, &error);
        let not_sent = |text: &str| SendError::NotSent(format!("client error (Connect): {text}"));
        let no_answer = |text: &str| SendError::NoAnswer(text.to_owned());
        let place = || "a:1".to_owned();
        for (error, tls, expected) in [
            (not_sent("operation timed out"), true, Unreached::TlsStalls { place: place() }),
            (not_sent("connection reset by peer"), true, Unreached::Reset { place: place() }),
            (not_sent("unexpected end of file"), true, Unreached::TlsClosed { place: place() }),
            (
                not_sent("invalid peer certificate: UnknownIssuer"),
                true,
                Unreached::Tls { place: place(), why: TlsFault::Untrusted },
            ),
            (
                not_sent("received fatal alert: ProtocolVersion"),
                true,
                Unreached::Tls { place: place(), why: TlsFault::Version },
            ),
            (SendError::TimedOut, true, Unreached::Slow { place: place() }),
            (no_answer("connection reset by peer"), true, Unreached::Reset { place: place() }),
            (
                no_answer("connection closed before message completed"),
                false,
                Unreached::Closed { place: place() },
            ),
        ] {
            assert_eq!(at(error, tls), expected);
        }
    }

    #[test]
    fn a_handshake_that_stalls_is_no_certificate_fault() {
        let stalls = Unreached::TlsStalls { place: "a:443".to_owned() };
        let failure = stalls.failure("X_URL", Words::variable("X_URL"), Words::variable("X_CA_FILE"));
        assert!(!failure.mend.en.contains("X_CA_FILE"), "{failure:?}");
    }

    #[test]
    fn inner_networks_are_not_public() {
        for address in [
            "10.1.2.3",
            "192.168.0.1",
            "172.16.0.1",
            "127.0.0.1",
            "169.254.1.1",
            "100.64.0.1",
            "::1",
            "fd00::1",
            "fe80::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in ["47.96.1.1", "100.128.0.1", "2408:4000::1"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }
}
