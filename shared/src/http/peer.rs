//! Where a request comes from: the address at the other end of the connection, or the one that a trusted proxy names.

use std::{net::IpAddr, str::FromStr};

use axum::http::HeaderMap;

/// The address at the other end of the connection, in a request's extensions; on Lambda the one that API Gateway saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// A longer chain of proxies is nobody's.
const MAX_PROXIES: usize = 16;
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Proxies whose `X-Forwarded-For` is believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

/// An address, or all that share its first bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Whether an address is one of them.
    pub fn contains(&self, other: IpAddr) -> bool {
        let same = |one: u128, other: u128, whole: u8| {
            let cut = u32::from(whole.saturating_sub(self.bits));
            one.checked_shr(cut).unwrap_or(0) == other.checked_shr(cut).unwrap_or(0)
        };
        match (self.address, other) {
            (IpAddr::V4(one), IpAddr::V4(other)) => same(one.to_bits().into(), other.to_bits().into(), 32),
            (IpAddr::V6(one), IpAddr::V6(other)) => same(one.to_bits(), other.to_bits(), 128),
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(drop)?;
        let address = address.to_canonical();
        let whole = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(whole), |bits| bits.parse().map_err(drop))?;
        // All addresses at once would be a mistake: then anybody could name any address.
        if bits == 0 || bits > whole { Err(()) } else { Ok(Self { address, bits }) }
    }
}

impl FromStr for TrustedProxies {
    type Err = ();

    /// Addresses and networks, separated by commas.
    fn from_str(text: &str) -> Result<Self, ()> {
        text.split(',').map(|part| part.trim().parse()).collect::<Result<_, ()>>().map(Self)
    }
}

impl TrustedProxies {
    /// Whether an address is a trusted proxy's.
    pub fn has(&self, address: IpAddr) -> bool {
        self.0.iter().any(|proxy| proxy.contains(address.to_canonical()))
    }

    /// Who calls. The header is read from its end, where the nearest proxy wrote; what stands before the first address that is
    /// no trusted proxy's may have been written by the caller.
    pub fn caller(&self, peer: Option<Peer>, headers: &HeaderMap) -> Option<IpAddr> {
        let mut caller = peer?.0.to_canonical();
        let named: Vec<&str> = headers
            .get_all(FORWARDED_FOR)
            .iter()
            .flat_map(|value| value.to_str().unwrap_or_default().split(','))
            .collect();
        for named in named.into_iter().rev().take(MAX_PROXIES) {
            if !self.has(caller) {
                break;
            }
            let Some(address) = address(named.trim()) else { break };
            caller = address;
        }
        Some(caller)
    }
}

/// An address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let address = text.parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|it| it.ip()));
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    address.or_else(bare).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(trusted: &str, peer: &str, headers: &[&str]) -> String {
        let trusted = if trusted.is_empty() { TrustedProxies::default() } else { trusted.parse().unwrap() };
        let mut map = HeaderMap::new();
        for value in headers {
            map.append(FORWARDED_FOR, value.parse().unwrap());
        }
        trusted.caller(Some(Peer(peer.parse().unwrap())), &map).unwrap().to_string()
    }

    #[test]
    fn only_a_trusted_proxy_names_who_calls() {
        for (trusted, peer, headers, expected) in [
            ("", "127.0.0.1", &["203.0.113.7"][..], "127.0.0.1"),
            ("127.0.0.1", "127.0.0.1", &["203.0.113.7"], "203.0.113.7"),
            ("127.0.0.1", "127.0.0.1", &[], "127.0.0.1"),
            ("127.0.0.1", "192.0.2.1", &["203.0.113.7"], "192.0.2.1"),
            // What the caller wrote stands before what the proxy wrote.
            ("127.0.0.1", "127.0.0.1", &["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
            ("127.0.0.1", "127.0.0.1", &["198.51.100.1", "203.0.113.7"], "203.0.113.7"),
            ("127.0.0.1, 10.0.0.0/8", "127.0.0.1", &["198.51.100.1, 203.0.113.7, 10.9.8.7"], "203.0.113.7"),
            ("10.0.0.0/8", "10.1.1.1", &["nonsense"], "10.1.1.1"),
            ("10.0.0.0/8", "10.1.1.1", &["203.0.113.7:4711"], "203.0.113.7"),
            ("::1", "::1", &["[2001:db8::7]:4711"], "2001:db8::7"),
            ("fd00::/8", "fd12::1", &["[2001:db8::7]"], "2001:db8::7"),
            ("127.0.0.1", "::ffff:127.0.0.1", &["203.0.113.7"], "203.0.113.7"),
        ] {
            assert_eq!(caller(trusted, peer, headers), expected, "{trusted} {peer} {headers:?}");
        }
    }

    #[test]
    fn a_list_of_proxies_that_is_none_is_refused() {
        for wrong in ["", ",", "proxy.corp", "10.0.0.0/33", "0.0.0.0/0", "10.0.0.0/x", "10.0.0.1;10.0.0.2"] {
            assert!(wrong.parse::<TrustedProxies>().is_err(), "{wrong}");
        }
        assert!("10.0.0.1,fd00::/8".parse::<TrustedProxies>().is_ok());
    }
}
