//! Whether an address can be connected to at all: its name, and a TCP connection.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, lookup_host},
    time::{Instant, timeout_at},
};

use super::{Failure, Words, places};

/// A resolver that takes longer is too slow for every call.
pub(super) const SLOW_NAME: Duration = Duration::from_secs(2);
/// The codes of a resolver that does not answer, or late.
pub(super) const NO_DNS: &str = "dns";
pub(super) const SLOW_DNS: &str = "dns-slow";
/// Whoever takes longer does not take the connection.
const TIMEOUT: Duration = Duration::from_millis(1_500);
/// `HTTP/1.1 200`
const STATUS_LINE: usize = 12;
/// More addresses of a name are not tried.
const MAX_ADDRESSES: usize = 4;

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unconnected {
    /// The host's name leads nowhere.
    NoName { host: String },
    /// The DNS servers do not say where the host is.
    NoDns { host: String },
    /// Nothing listens there.
    Refused { place: String },
    /// The connection is reset at once.
    Reset { place: String },
    /// Nobody answers the connection: a firewall drops it.
    Dropped { place: String },
    /// There is no route to it.
    NoRoute { place: String },
    /// This machine's own firewall forbids it.
    Forbidden { place: String },
}

/// Where a name leads, and how long that took.
pub(super) struct Named {
    pub addresses: Vec<SocketAddr>,
    pub took: Duration,
}

/// Looks a name up. Takes no longer than `until`.
pub(super) async fn resolve(host: &str, port: u16, until: Instant) -> Result<Named, Unconnected> {
    let began = Instant::now();
    let host_owned = || host.to_owned();
    match timeout_at(until, lookup_host((host, port))).await {
        Ok(Ok(addresses)) => {
            Ok(Named { addresses: addresses.take(MAX_ADDRESSES).collect(), took: began.elapsed() })
        }
        Ok(Err(error)) if !is_dead_dns(&error) => Err(Unconnected::NoName { host: host_owned() }),
        _ => Err(Unconnected::NoDns { host: host_owned() }),
    }
}

/// A place as it is shown: `name:port`, with the address that the name leads to.
pub(super) fn shown(place: &str, address: SocketAddr) -> String {
    let is_address = place == address.to_string() || place == format!("{}:{}", address.ip(), address.port());
    if is_address {
        place.to_owned()
    } else if is_fake(address.ip()) {
        format!("{place} ({}, fake-IP)", address.ip())
    } else {
        format!("{place} ({})", address.ip())
    }
}

/// An address that local proxies (Clash and the like) give to names that they look up themselves.
fn is_fake(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(v4) if v4.octets()[0] == 198 && matches!(v4.octets()[1], 18 | 19))
}

/// Connects to the first address that takes it. Takes no longer than `until`.
pub(super) async fn to_any(
    addresses: &[SocketAddr],
    place: &str,
    until: Instant,
) -> Result<TcpStream, Unconnected> {
    let mut why: Option<Unconnected> = None;
    for address in addresses {
        let place = || shown(place, *address);
        let until = until.min(Instant::now() + TIMEOUT);
        let failed = match timeout_at(until, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => match error.kind() {
                io::ErrorKind::ConnectionRefused => Unconnected::Refused { place: place() },
                io::ErrorKind::ConnectionReset => Unconnected::Reset { place: place() },
                io::ErrorKind::PermissionDenied => Unconnected::Forbidden { place: place() },
                io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable
                | io::ErrorKind::AddrNotAvailable => Unconnected::NoRoute { place: place() },
                _ => Unconnected::Dropped { place: place() },
            },
            Err(_) => Unconnected::Dropped { place: place() },
        };
        if why.as_ref().is_none_or(|why| failed.rank() < why.rank()) {
            why = Some(failed);
        }
    }
    Err(why.unwrap_or_else(|| Unconnected::Dropped { place: place.to_owned() }))
}

/// Whether plain HTTP is spoken where TLS is meant. A server of TLS says 400 to it.
pub(super) async fn speaks_http(stream: &mut TcpStream, host: &str, until: Instant) -> bool {
    let ask = async {
        let request = format!("HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut line = [0; STATUS_LINE];
        stream.read_exact(&mut line).await.ok()?;
        Some(line.starts_with(b"HTTP/") && !line.ends_with(b"400"))
    };
    timeout_at(until.min(Instant::now() + TIMEOUT), ask).await.ok().flatten().unwrap_or(false)
}

/// The name may lead to another machine than was meant.
pub(super) fn where_it_leads() -> Words {
    places::machine(
        "see where /etc/hosts and the DNS lead the name (a line of old, a login portal)",
        "检查 /etc/hosts 与 DNS 对该域名的解析（可能是旧的 hosts 行或上网认证页）",
    )
}

/// What stands between us and an address must let us through.
pub(super) fn passing() -> Words {
    places::machine("let its firewall and proxy pass the connection", "在防火墙与代理中放行该连接")
}

/// Whether it is the resolver that fails, and not the name that is unknown: `EAI_AGAIN`.
fn is_dead_dns(error: &io::Error) -> bool {
    let text = error.to_string().to_lowercase();
    text.contains("temporary failure") || text.contains("try again")
}

impl Unconnected {
    /// Of several addresses the one that got farthest says it: without IPv6 there is no route to those of IPv6.
    fn rank(&self) -> u8 {
        match self {
            Self::Refused { .. } => 0,
            Self::Reset { .. } => 1,
            Self::Dropped { .. } => 2,
            Self::Forbidden { .. } => 3,
            Self::NoRoute { .. } => 4,
            Self::NoName { .. } | Self::NoDns { .. } => 5,
        }
    }

    /// Whether it says of the network what another says, too: then it is one cause.
    pub fn is_like(&self, other: &Self) -> bool {
        let is_network = matches!(
            self,
            Self::NoName { .. }
                | Self::NoDns { .. }
                | Self::Dropped { .. }
                | Self::NoRoute { .. }
                | Self::Forbidden { .. }
                | Self::Reset { .. }
        );
        is_network && std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// The same as a failure. `mend`: where the way to the address is mended.
    pub fn failure(&self, mend: Words) -> Failure {
        let here = places::machine;
        let (mend, code) = match self {
            Self::NoName { .. } => {
                (mend.or(&here("add the name to its DNS", "在其 DNS 中添加该域名")), "name-not-resolved")
            }
            Self::NoDns { .. } => (
                here(
                    "name a DNS server that answers (/etc/resolv.conf)",
                    "换用可用的 DNS 服务器（/etc/resolv.conf）",
                ),
                NO_DNS,
            ),
            Self::Refused { place } if place.contains("(127.") => (
                here("take the line of that name out of /etc/hosts", "删除 /etc/hosts 中该域名的行")
                    .or(&mend),
                "connection-refused",
            ),
            Self::Refused { .. } => (mend.or(&where_it_leads()), "connection-refused"),
            Self::Reset { .. } => (mend.or(&passing()), "connection-reset"),
            Self::Dropped { .. } => (
                here(
                    "let its firewall and proxy pass the connection, and check its routes",
                    "在防火墙与代理中放行该连接，并检查路由",
                )
                .or(&mend)
                .or(&where_it_leads()),
                "connection-timed-out",
            ),
            Self::NoRoute { .. } => (
                here(
                    "add the route (gateway, VPN, IPv6), or find what rejects the connection on the way",
                    "添加路由（网关、VPN、IPv6），或排查途中拒绝连接的设备",
                )
                .or(&mend),
                "no-route",
            ),
            Self::Forbidden { .. } => (
                here(
                    "allow it in its own firewall and security rules (outgoing)",
                    "在本机防火墙与安全策略（出方向）中放行",
                ),
                "connection-forbidden",
            ),
        };
        Failure::new(self.words(), mend).code(code)
    }

    /// What it says, as a sentence.
    pub fn words(&self) -> Words {
        let (en, zh) = match self {
            Self::NoName { host } => {
                (format!("the name {host} is not resolved"), format!("域名 {host} 无法解析"))
            }
            Self::NoDns { host } => (
                format!("the DNS servers do not answer, so the name {host} is not resolved"),
                format!("DNS 服务器没有应答，无法解析 {host}"),
            ),
            Self::Refused { place } => (
                format!("the connection to {place} is refused: nothing listens there"),
                format!("连接 {place} 被拒绝：该端口没有服务监听"),
            ),
            Self::Reset { place } => (
                format!(
                    "{place} resets the connection: the service there fails, or a firewall on the way cuts it"
                ),
                format!("{place} 重置了连接：对端服务异常，或被途中的防火墙切断"),
            ),
            Self::Dropped { place } => (
                format!("no connection to {place}: nobody answers (a firewall?)"),
                format!("无法建立到 {place} 的 TCP 连接：无响应（可能被防火墙丢弃）"),
            ),
            Self::NoRoute { place } => (
                format!("no route to {place}: the network says that it is unreachable"),
                format!("没有到 {place} 的路由：网络返回目标不可达"),
            ),
            Self::Forbidden { place } => (
                format!("this machine does not let connections to {place} out"),
                format!("本机禁止连接 {place}"),
            ),
        };
        Words::new(en, zh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resolver_that_fails_is_told_from_a_name_that_is_unknown() {
        let error = |text: &str| io::Error::other(text.to_owned());
        let lookup = "failed to lookup address information: ";
        assert!(is_dead_dns(&error(&format!("{lookup}Temporary failure in name resolution"))));
        assert!(!is_dead_dns(&error(&format!("{lookup}Name or service not known"))));
    }

    #[tokio::test]
    async fn of_several_addresses_the_one_that_got_farthest_says_why() {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let refused = listener.local_addr().unwrap();
        drop(listener);
        // Nothing is routed to it.
        let nowhere: SocketAddr = "[100::1]:9".parse().unwrap();
        let until = Instant::now() + Duration::from_secs(5);
        for addresses in [[refused, nowhere], [nowhere, refused]] {
            let why = to_any(&addresses, "a:9", until).await.unwrap_err();
            assert_eq!(why, Unconnected::Refused { place: "a:9 (127.0.0.1)".to_owned() });
        }
    }
}
