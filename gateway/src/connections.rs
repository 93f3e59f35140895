//! How many connections there may be at once, and who has them. A connection too many is refused before a byte of it is
//! read.
//!
//! [`Doorkeeper`] stands between the listener and HTTP, [`FirstBytes`] behind it, and behind TLS where there is TLS, and
//! [`HandsOver`] behind them all.

mod doorkeeper;
pub mod first_bytes;
pub mod handover;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use axum::http::HeaderMap;
use ipnet::IpNet;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

pub use doorkeeper::{BoundedStream, Doorkeeper};
pub use first_bytes::{FirstBytes, Rewound};
pub use handover::HandsOver;

use crate::client::Client;
use crate::config::LimitsConfig;
use crate::metrics::names::{HTTP_CONNECTIONS, HTTP_CONNECTIONS_REFUSED};
use crate::room::{self, Room, TooMany};

/// Files that the process has open besides connections: the journal, snapshots, threads' event queues, refused connections.
const OTHER_FILES_MAX: u64 = 256;

/// The connections of one listener. Each counts by itself, so that a crowd at one of them does not shut the other.
pub struct Connections {
    /// How many are open is known also to whoever decides what else is let in.
    room: Arc<Room<IpAddr>>,
    /// `None` where bounds per address are off.
    most_per_network: Option<u32>,
    /// Who is not one client, but many.
    trusted_proxies: Vec<IpNet>,
}

/// The place of one connection. It is given back when this is dropped.
#[must_use]
pub struct Place {
    _place: room::Place<IpAddr>,
}

impl Connections {
    /// No connection yet. `in_all` is kept at how many there are.
    pub fn new(limits: &LimitsConfig, trusted_proxies: &[IpNet], in_all: Arc<AtomicU32>) -> Connections {
        Connections {
            room: Arc::new(Room::new(limits.connections_max, in_all)),
            most_per_network: limits.enabled.then_some(limits.connections_per_address_max),
            trusted_proxies: trusted_proxies.to_vec(),
        }
    }

    /// A place for a connection from `peer`, if there is one. A refusal is counted.
    pub fn admit(&self, peer: SocketAddr) -> Result<Place, TooMany> {
        let client = Client::of(peer, &HeaderMap::new(), &self.trusted_proxies);
        let most = self.most_per_network.filter(|_| client.is_bounded);
        let admitted = self.room.take(most.map(|most| (client.network(), most)));
        match admitted {
            Ok(_) => HTTP_CONNECTIONS.level(&[]).increment(1.0),
            Err(TooMany::InAll) => HTTP_CONNECTIONS_REFUSED.count(&[("reason", "in_all")]).increment(1),
            Err(TooMany::OfOwner) => HTTP_CONNECTIONS_REFUSED.count(&[("reason", "per_address")]).increment(1),
        }
        admitted.map(|place| Place { _place: place })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        HTTP_CONNECTIONS.level(&[]).decrement(1.0);
    }
}

/// Raises the process's limit of open files as far as it may, and says so where that is too little for `connections_max` at
/// each of `listeners` listeners.
pub fn raise_open_files_limit(connections_max: u32, listeners: u32) {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let in_force = setrlimit(Resource::Nofile, raised).map_or(limit.current, |()| limit.maximum);
    let needed = u64::from(connections_max) * u64::from(listeners) + OTHER_FILES_MAX;
    if let Some(files) = in_force.filter(|files| *files < needed) {
        tracing::warn!(
            files,
            needed,
            "the limit of open files is too low for limits.connections_max: raise it (ulimit -n), or lower the key"
        );
    }
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    fn connections(adjust: impl FnOnce(&mut LimitsConfig)) -> Arc<Connections> {
        let mut limits = LimitsConfig { connections_max: 5, connections_per_address_max: 2, ..LimitsConfig::default() };
        adjust(&mut limits);
        Arc::new(Connections::new(&limits, &["10.0.0.0/8".parse().expect("a network")], Arc::default()))
    }

    fn peer(text: &str) -> SocketAddr {
        SocketAddr::new(text.parse().expect("an address"), 4_711)
    }

    #[test]
    fn a_place_is_free_again_when_its_connection_is_gone() {
        let connections = connections(|_| ());
        let mut places: Vec<Place> = (0..5).map(|_| connections.admit(peer("::1")).expect("a place")).collect();
        assert_eq!(connections.admit(peer("::1")).err(), Some(TooMany::InAll));
        places.pop();
        let last = connections.admit(peer("::1"));
        assert!(last.is_ok());
        assert_eq!(connections.admit(peer("192.0.2.1")).err(), Some(TooMany::InAll));
        drop((places, last));
        assert_eq!(connections.room.taken().0, 0);
    }

    #[test]
    fn a_network_has_its_share_and_no_more() {
        let connections = connections(|_| ());
        let one = connections.admit(peer("2001:db8::1"));
        let other = connections.admit(peer("2001:db8::2"));
        assert!(one.is_ok() && other.is_ok());
        assert_eq!(connections.admit(peer("2001:db8::3")).err(), Some(TooMany::OfOwner));
        let neighbour = connections.admit(peer("2001:db8:0:1::1"));
        assert!(neighbour.is_ok());
        drop(one);
        assert!(connections.admit(peer("2001:db8::3")).is_ok());
        drop((other, neighbour));
        assert_eq!(connections.room.taken(), (0, 0), "who has gone is forgotten");
    }

    #[test]
    fn this_machine_and_trusted_proxies_are_not_one_client() {
        for address in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.1.2.3"] {
            let connections = connections(|_| ());
            let places: Vec<_> = (0..5).map(|_| connections.admit(peer(address))).collect();
            assert!(places.iter().all(Result::is_ok), "{address}");
            assert_eq!(connections.admit(peer(address)).err(), Some(TooMany::InAll), "{address}");
        }
    }

    #[test]
    fn connections_and_refusals_are_counted() {
        let recorder = PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            let connections = connections(|_| ());
            let places: Vec<_> =
                ["192.0.2.1", "192.0.2.1", "192.0.2.1", "::1"].map(|text| connections.admit(peer(text))).into();
            let rendered = recorder.handle().render();
            assert!(rendered.contains("\nholdfast_http_connections 3\n"), "{rendered}");
            assert!(
                rendered.contains("holdfast_http_connections_refused_total{reason=\"per_address\"} 1"),
                "{rendered}"
            );
            drop(places);
            let crowd: Vec<_> = (0..7).map(|_| connections.admit(peer("::1"))).collect();
            drop(crowd);
        });
        let rendered = recorder.handle().render();
        assert!(rendered.contains("\nholdfast_http_connections 0\n"), "{rendered}");
        assert!(rendered.contains("holdfast_http_connections_refused_total{reason=\"in_all\"} 2"), "{rendered}");
    }

    #[test]
    fn without_limits_only_the_sum_is_bounded() {
        let connections = connections(|limits| limits.enabled = false);
        let places: Vec<_> = (0..5).map(|_| connections.admit(peer("192.0.2.1"))).collect();
        assert!(places.iter().all(Result::is_ok));
        assert_eq!(connections.admit(peer("192.0.2.1")).err(), Some(TooMany::InAll));
    }
}
