//! From which address a request comes. Only a trusted proxy is believed when it says so for somebody else.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

use crate::header_names::X_FORWARDED_FOR;

/// Where a request comes from, as far as that can be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// The address.
    pub address: IpAddr,
    /// Whether bounds per address hold for it. They do not for loopback and for trusted proxies that speak for themselves:
    /// behind such an address is a whole sale.
    pub is_bounded: bool,
}

impl Client {
    /// The client behind `peer`, which is at the other end of the connection.
    ///
    /// Each proxy appends to `X-Forwarded-For` whom it heard, so the header is read from its end, as long as the addresses
    /// are those of trusted proxies; what stands before the first other address anybody may have made up. A trusted proxy
    /// that appends no address leaves nothing to go by but its own, and is bounded as one client.
    pub fn of(peer: SocketAddr, headers: &HeaderMap, trusted_proxies: &[IpNet]) -> Client {
        let is_trusted = |address: &IpAddr| trusted_proxies.iter().any(|network| network.contains(address));
        let peer = peer.ip().to_canonical();
        if !is_trusted(&peer) {
            return Client { address: peer, is_bounded: !peer.is_loopback() };
        }
        let lines: Vec<&[u8]> = headers.get_all(X_FORWARDED_FOR).iter().map(|line| line.as_bytes()).collect();
        if lines.is_empty() {
            return Client { address: peer, is_bounded: false };
        }
        let mut heard = peer;
        for text in lines.iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b',')) {
            let Some(address) = parse(text) else { return Client { address: heard, is_bounded: true } };
            heard = address;
            if !is_trusted(&address) {
                break;
            }
        }
        Client { address: heard, is_bounded: true }
    }

    /// What bounds per address go by: an IPv4 address, or an IPv6 network of 64 bits, which is what one customer has.
    pub fn network(&self) -> IpAddr {
        network(self.address)
    }
}

/// See [`Client::network`].
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) >> 64 << 64)),
    }
}

/// An address, as proxies write it: bare, with a port, or in brackets.
fn parse(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let address: IpAddr = text.parse().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip())).or_else(bare)?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn client(peer: &str, forwarded_for: &[&str]) -> (String, bool) {
        let trusted: Vec<IpNet> = ["10.0.0.0/8", "127.0.0.1/32"].map(|text| text.parse().expect("a network")).into();
        let mut headers = HeaderMap::new();
        for line in forwarded_for {
            headers.append("x-forwarded-for", HeaderValue::from_bytes(line.as_bytes()).expect("a header"));
        }
        let client = Client::of(peer.parse().expect("an address and a port"), &headers, &trusted);
        (client.address.to_string(), client.is_bounded)
    }

    #[test]
    fn only_a_trusted_proxy_speaks_for_others() {
        let rows: [(&str, &[&str], &str, bool); 14] = [
            ("192.0.2.1:5", &[], "192.0.2.1", true),
            ("192.0.2.1:5", &["203.0.113.9"], "192.0.2.1", true),
            ("[::1]:5", &[], "::1", false),
            ("[::1]:5", &["203.0.113.9"], "::1", false),
            ("[::ffff:192.0.2.1]:5", &[], "192.0.2.1", true),
            ("10.1.2.3:5", &[], "10.1.2.3", false),
            ("10.1.2.3:5", &["203.0.113.9"], "203.0.113.9", true),
            ("10.1.2.3:5", &["6.6.6.6, 203.0.113.9"], "203.0.113.9", true),
            ("10.1.2.3:5", &["6.6.6.6", "203.0.113.9 , 10.9.9.9"], "203.0.113.9", true),
            ("10.1.2.3:5", &["203.0.113.9:4711"], "203.0.113.9", true),
            ("10.1.2.3:5", &["[2001:db8::7]:4711"], "2001:db8::7", true),
            ("10.1.2.3:5", &["[2001:db8::7]"], "2001:db8::7", true),
            ("10.1.2.3:5", &["127.0.0.1, unknown"], "10.1.2.3", true),
            ("10.1.2.3:5", &["10.4.4.4, 10.9.9.9"], "10.4.4.4", true),
        ];
        for (peer, forwarded_for, address, is_bounded) in rows {
            assert_eq!(client(peer, forwarded_for), (address.to_owned(), is_bounded), "{peer} {forwarded_for:?}");
        }
    }

    #[test]
    fn one_customer_is_one_network() {
        let of = |text: &str| network(text.parse().expect("an address")).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
