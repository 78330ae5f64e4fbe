//! Why nobody answers at an address: looked into step by step, after a request has failed.

use std::{net::IpAddr, time::Duration};

use reqwest::Url;
use tokio::{
    net::{TcpStream, lookup_host},
    time::{Instant, timeout_at},
};

use super::{Failure, Words, places, tls::TlsFault};
use crate::http::{HttpAnswer, SendError, peer::Network};

/// The code of a proxy of the environment that fails.
pub(super) const PROXY: &str = "proxy";

/// A resolver that takes longer is too slow for every call.
const DNS_TIMEOUT: Duration = Duration::from_secs(2);
/// Whoever takes longer does not take the connection.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(1_500);

/// How far a request got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unreached {
    /// The host's name leads nowhere.
    NoName { host: String },
    /// The DNS servers do not say where the host is.
    NoDns { host: String },
    /// Nothing listens there.
    Refused { place: String },
    /// Nobody answers the connection: a firewall drops it.
    Dropped { place: String },
    /// The connection stands, and its TLS is not trusted.
    Tls { place: String, why: TlsFault },
    /// The connection stands, and the other side does not finish the TLS handshake in time.
    TlsStalls { place: String },
    /// The connection was closed without an answer.
    Closed { place: String },
    /// The connection stands, and no answer came in time.
    Slow { place: String },
    /// A proxy of the environment is in between, and fails.
    Proxy { variable: &'static str, why: String },
}

/// Looks into it. Takes no longer than `until`.
pub(super) async fn why(url: &str, error: &SendError, until: Instant) -> Unreached {
    let parsed = Url::parse(url).ok();
    let host =
        parsed.as_ref().and_then(Url::host_str).unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = parsed.as_ref().and_then(Url::port_or_known_default).unwrap_or(443);
    let place = format!("{host}:{port}");
    let environment = |name: &str| std::env::var(name).ok();
    if let Some(variable) = proxy_of(parsed.as_ref().map_or("https", Url::scheme), &host, &environment) {
        return Unreached::Proxy { variable, why: last_words(error) };
    }
    let dns_until = until.min(Instant::now() + DNS_TIMEOUT);
    let addresses = match timeout_at(dns_until, lookup_host((host.as_str(), port))).await {
        Ok(Ok(addresses)) => addresses,
        Ok(Err(error)) if !is_dead_dns(&error) => return Unreached::NoName { host: host.clone() },
        _ => return Unreached::NoDns { host: host.clone() },
    };
    let mut refused = false;
    for address in addresses.take(4) {
        let connect_until = until.min(Instant::now() + CONNECT_TIMEOUT);
        match timeout_at(connect_until, TcpStream::connect(address)).await {
            Ok(Ok(_)) => {
                return match error {
                    SendError::NotSent(_) if parsed.is_some_and(|url| url.scheme() == "https") => {
                        match TlsFault::of(error) {
                            Some(why) => Unreached::Tls { place, why },
                            None if is_timeout(error) => Unreached::TlsStalls { place },
                            None => Unreached::Closed { place },
                        }
                    }
                    SendError::TimedOut => Unreached::Slow { place },
                    _ => Unreached::Closed { place },
                };
            }
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => refused = true,
            _ => {}
        }
    }
    if refused { Unreached::Refused { place } } else { Unreached::Dropped { place } }
}

/// Whether a request that never left ran out of time.
fn is_timeout(error: &SendError) -> bool {
    let text = error.to_string();
    ["timed out", "deadline has elapsed", "timeout"].iter().any(|words| text.contains(words))
}

/// Whether it is the resolver that fails, and not the name that is unknown: `EAI_AGAIN`.
fn is_dead_dns(error: &std::io::Error) -> bool {
    let text = error.to_string().to_lowercase();
    text.contains("temporary failure") || text.contains("try again")
}

impl Unreached {
    /// Whether it says of the network what another says, too: then it is one cause.
    pub fn is_like(&self, other: &Self) -> bool {
        matches!(
            (self, other),
            (Self::NoName { .. }, Self::NoName { .. })
                | (Self::NoDns { .. }, Self::NoDns { .. })
                | (Self::TlsStalls { .. }, Self::TlsStalls { .. })
                | (Self::Dropped { .. }, Self::Dropped { .. })
                | (Self::Slow { .. }, Self::Slow { .. })
                | (Self::Proxy { .. }, Self::Proxy { .. })
        ) || matches!((self, other), (Self::Tls { why, .. }, Self::Tls { why: also, .. }) if why == also)
            // Both at one place, and nobody there.
            || self == other
    }

    /// The same as a failure, of the address in `variable`: `mend` is where the way to it is mended, `certificate` what
    /// it shows for itself.
    pub fn failure(&self, variable: &str, mend: Words, certificate: Words) -> Failure {
        let network = |en: &str, zh: &str| places::machine(en, zh);
        let (mend, code) = match self {
            Self::NoName { .. } => (mend.or(&network("its DNS", "DNS 设置")), "name-not-resolved"),
            Self::NoDns { .. } => {
                (network("its DNS servers (/etc/resolv.conf)", "DNS 服务器（/etc/resolv.conf）"), "dns")
            }
            Self::TlsStalls { .. } => {
                (network("its firewall and proxy", "防火墙与代理").or(&mend), "tls-timed-out")
            }
            Self::Refused { .. } => (mend.or(&network("its network", "网络")), "connection-refused"),
            Self::Dropped { .. } => (
                network("its firewall, routes and proxy", "防火墙、路由和代理").or(&mend),
                "connection-timed-out",
            ),
            Self::Tls { why, .. } => (why.mend(variable, certificate), "tls"),
            Self::Closed { .. } => (mend, "connection-closed"),
            Self::Slow { .. } => (mend.or(&network("its network and proxy", "网络与代理")), "timed-out"),
            Self::Proxy { variable, .. } => (network(variable, variable), PROXY),
        };
        Failure::new(Words::new(self.to_string(), self.in_chinese()), mend).code(code)
    }

    fn in_chinese(&self) -> String {
        match self {
            Self::NoName { host } => format!("域名 {host} 无法解析"),
            Self::NoDns { host } => format!("DNS 服务器没有及时响应，无法解析 {host}"),
            Self::Refused { place } => format!("连接 {place} 被拒绝：该端口没有服务监听"),
            Self::Dropped { place } => format!("无法建立到 {place} 的 TCP 连接：无响应（可能被防火墙丢弃）"),
            Self::Tls { place, why } => format!("与 {place} 的 TLS 连接失败：{}", why.in_chinese()),
            Self::TlsStalls { place } => format!("{place} 已建立 TCP 连接，但未及时完成 TLS 握手"),
            Self::Closed { place } => format!("{place} 未响应即关闭了连接"),
            Self::Slow { place } => format!("{place} 已连接，但未及时响应"),
            Self::Proxy { variable, why } => format!("{variable} 指定的代理不通：{why}"),
        }
    }
}

impl std::fmt::Display for Unreached {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoName { host } => write!(f, "the name {host} is not resolved"),
            Self::NoDns { host } => {
                write!(f, "the DNS servers do not answer in time, so the name {host} is not resolved")
            }
            Self::TlsStalls { place } => {
                write!(f, "{place} is connected, and does not finish the TLS handshake in time")
            }
            Self::Refused { place } => {
                write!(f, "the connection to {place} is refused: nothing listens there")
            }
            Self::Dropped { place } => write!(f, "no connection to {place}: nobody answers (a firewall?)"),
            Self::Tls { place, why } => write!(f, "the TLS of {place} fails: {why}"),
            Self::Closed { place } => write!(f, "{place} closes the connection without an answer"),
            Self::Slow { place } => write!(f, "{place} is connected, and does not answer in time"),
            Self::Proxy { variable, why } => write!(f, "the proxy of {variable} does not get through: {why}"),
        }
    }
}

/// What stands at the end of an error's text: the cause of all the others.
fn last_words(error: &SendError) -> String {
    let text = error.to_string();
    if let Some(fault) = TlsFault::of(error) {
        return fault.to_string();
    }
    let last = text.rsplit("(Connect): ").next().unwrap_or(&text);
    last.chars().filter(|c| !c.is_control()).take(160).collect()
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
    let exempt = ["NO_PROXY", "no_proxy"].iter().filter_map(|name| environment(name)).any(|list| {
        list.split(',').map(|entry| entry.trim().trim_start_matches('.')).any(|entry| {
            let names = entry == "*" || host == entry || host.ends_with(&format!(".{entry}"));
            !entry.is_empty() && (names || holds(entry, host))
        })
    });
    (!exempt).then_some(variable)
}

/// Whether a network of `NO_PROXY` holds an address.
fn holds(entry: &str, host: &str) -> bool {
    let network = entry.parse::<Network>().ok();
    network.zip(host.parse().ok()).is_some_and(|(network, host)| network.contains(host))
}

/// What an answer is that is none of the service that was meant.
pub(super) fn page(answer: &HttpAnswer) -> Option<String> {
    let status = answer.status.as_u16();
    if status == 407 {
        return Some("a proxy that asks for a sign-in (HTTP 407)".to_owned());
    }
    if answer.status.is_redirection() {
        return Some(format!("a redirect (HTTP {status}){}", target(answer)));
    }
    let body = answer.body.trim_ascii_start();
    if body.starts_with(b"<") {
        return Some(format!("a page in HTML (HTTP {status}): a proxy's or a sign-in's"));
    }
    if serde_json::from_slice::<serde_json::Value>(body).is_err() {
        return Some(format!("something that is no JSON (HTTP {status})"));
    }
    None
}

/// Where a redirect leads, without its query.
pub(super) fn target(answer: &HttpAnswer) -> String {
    let location = answer.headers.get("location").and_then(|location| location.to_str().ok());
    let location = location.map(|location| location.split(['?', '#']).next().unwrap_or_default());
    location.map_or_else(String::new, |location| {
        let shown: String = location.chars().filter(|c| !c.is_control()).take(120).collect();
        format!(" to {shown}")
    })
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
        assert_eq!(refused, Unreached::Refused { place: format!("127.0.0.1:{port}") });
        let unknown = why("http://no-such-host.invalid", &error, soon()).await;
        assert_eq!(unknown, Unreached::NoName { host: "no-such-host.invalid".to_owned() });
    }

    #[tokio::test]
    async fn a_tls_handshake_that_stalls_is_no_certificate_fault() {
        let silent = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let place = silent.local_addr().unwrap().to_string();
        let url = format!("https://{place}");
        let error = SendError::NotSent("client error (Connect): operation timed out".to_owned());
        let stalls = why(&url, &error, soon()).await;
        assert_eq!(stalls, Unreached::TlsStalls { place: place.clone() });
        let failure = stalls.failure("X_URL", Words::variable("X_URL"), Words::variable("X_CA_FILE"));
        assert!(!failure.mend.en.contains("X_CA_FILE"), "{failure:?}");
        let error = SendError::NotSent("client error (Connect): connection reset by peer".to_owned());
        assert_eq!(why(&url, &error, soon()).await, Unreached::Closed { place });
    }

    #[test]
    fn a_resolver_that_fails_is_told_from_a_name_that_is_unknown() {
        let error = |text: &str| std::io::Error::other(text.to_owned());
        let lookup = "failed to lookup address information: ";
        assert!(is_dead_dns(&error(&format!("{lookup}Temporary failure in name resolution"))));
        assert!(!is_dead_dns(&error(&format!("{lookup}Name or service not known"))));
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
