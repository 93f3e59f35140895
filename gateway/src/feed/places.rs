//! How many streams there may be at once, and who has them.

use std::net::IpAddr;
use std::sync::Arc;

use holdfast_engine::core::id::LoginSeq;
use holdfast_engine::error::Unavailable;

use crate::client::Client;
use crate::config::LimitsConfig;
use crate::error::ApiError;
use crate::metrics::names::{STREAMS, STREAMS_REFUSED};
use crate::rates;
use crate::room::{self, Room, TooMany};

/// After how many seconds one who has too many streams may try again.
const RETRY_AFTER_SECONDS: u64 = 5;

/// Whose a stream is, where that is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Owner {
    Session(LoginSeq),
    Network(IpAddr),
}

/// What a stream is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The figures of one event.
    Event,
    /// What a session's user has.
    Session,
    /// A WebSocket: whatever its client subscribes to.
    Socket,
}

impl Kind {
    /// The name in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Event => "event",
            Kind::Session => "session",
            Kind::Socket => "socket",
        }
    }
}

/// The places of all streams.
pub struct Places {
    room: Arc<Room<Owner>>,
    /// `None` where bounds per session are off.
    most_per_session: Option<u32>,
    /// `None` where bounds per address are off. Each stream has a connection, so an address has as many as connections; but
    /// behind a proxy connections are the proxy's, and only this counts.
    most_per_network: Option<u32>,
}

/// The place of one stream. It is given back when this is dropped.
#[must_use]
pub struct Place {
    place: room::Place<Owner>,
    /// What the stream is about.
    pub kind: Kind,
}

impl Places {
    /// No stream yet.
    pub fn new(limits: &LimitsConfig) -> Places {
        Places {
            room: Arc::new(Room::new(limits.streams_max, Arc::default())),
            most_per_session: limits.enabled.then_some(limits.streams_per_session_max),
            most_per_network: limits.enabled.then_some(limits.connections_per_address_max),
        }
    }

    /// A place for a public stream, or a socket, to `client`.
    ///
    /// # Errors
    ///
    /// Overloaded where there are `limits.streams_max`, rate limited where its address has as many as it may have
    /// connections.
    pub fn of_client(&self, kind: Kind, client: &Client) -> Result<Place, ApiError> {
        let most = self.most_per_network.filter(|_| client.is_bounded);
        self.take(kind, most.map(|most| (Owner::Network(client.network()), most)))
    }

    /// A place for the own stream of `session`.
    ///
    /// # Errors
    ///
    /// Overloaded where there are `limits.streams_max`, rate limited where the session has
    /// `limits.streams_per_session_max`.
    pub fn of_session(&self, session: LoginSeq) -> Result<Place, ApiError> {
        self.take(Kind::Session, self.bound_of(session))
    }

    /// Makes `place` one of `session`: its socket tells what is the session's own.
    ///
    /// # Errors
    ///
    /// Rate limited where the session has `limits.streams_per_session_max`.
    pub fn give_to_session(&self, place: &mut Place, session: LoginSeq) -> Result<(), ApiError> {
        place.place.pass_on(self.bound_of(session)).map_err(refused)
    }

    fn bound_of(&self, session: LoginSeq) -> Option<(Owner, u32)> {
        self.most_per_session.map(|most| (Owner::Session(session), most))
    }

    fn take(&self, kind: Kind, bound: Option<(Owner, u32)>) -> Result<Place, ApiError> {
        let place = self.room.take(bound).map_err(refused)?;
        STREAMS.level(&[("kind", kind.as_str())]).increment(1.0);
        Ok(Place { place, kind })
    }
}

fn refused(too_many: TooMany) -> ApiError {
    match too_many {
        TooMany::InAll => {
            STREAMS_REFUSED.count(&[("reason", "in_all")]).increment(1);
            ApiError::Unavailable(Unavailable::Overloaded)
        }
        TooMany::OfOwner => {
            STREAMS_REFUSED.count(&[("reason", "per_owner")]).increment(1);
            rates::refused("streams", RETRY_AFTER_SECONDS)
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        STREAMS.level(&[("kind", self.kind.as_str())]).decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(adjust: impl FnOnce(&mut LimitsConfig)) -> Places {
        let mut limits = LimitsConfig {
            streams_max: 5,
            streams_per_session_max: 2,
            connections_per_address_max: 3,
            ..LimitsConfig::default()
        };
        adjust(&mut limits);
        Places::new(&limits)
    }

    fn client(address: &str, is_bounded: bool) -> Client {
        Client { address: address.parse().expect("an address"), is_bounded }
    }

    fn code(refused: Result<Place, ApiError>) -> Option<&'static str> {
        refused.err().map(|error| error.code())
    }

    #[test]
    fn a_session_has_its_share_and_no_more() {
        let places = places(|_| ());
        let mut own: Vec<_> = (0..2).map(|_| places.of_session(LoginSeq(1))).collect();
        assert_eq!(code(places.of_session(LoginSeq(1))), Some("rate_limited"));
        let other = places.of_session(LoginSeq(2));
        assert!(other.is_ok());
        own.pop();
        assert!(places.of_session(LoginSeq(1)).is_ok());
        drop((own, other));
        assert_eq!(places.room.taken(), (0, 0), "who has gone is forgotten");
    }

    #[test]
    fn an_address_has_its_share_and_a_sale_is_not_one_client() {
        let places = places(|_| ());
        let crowd: Vec<_> = (0..3).map(|_| places.of_client(Kind::Event, &client("192.0.2.1", true))).collect();
        assert_eq!(code(places.of_client(Kind::Event, &client("192.0.2.1", true))), Some("rate_limited"));
        drop(crowd);
        let sale: Vec<_> = (0..5).map(|_| places.of_client(Kind::Event, &client("127.0.0.1", false))).collect();
        assert!(sale.iter().all(Result::is_ok));
        assert_eq!(code(places.of_client(Kind::Event, &client("127.0.0.1", false))), Some("overloaded"));
        drop(sale);
        assert_eq!(places.room.taken().0, 0);
    }

    #[test]
    fn a_socket_becomes_a_sessions_without_a_second_place() {
        let places = places(|limits| limits.streams_max = 3);
        let socket = || places.of_client(Kind::Socket, &client("192.0.2.1", true)).expect("room");
        let mut sockets = [socket(), socket(), socket()];
        assert_eq!(places.room.taken(), (3, 1), "the room is full");
        for socket in &mut sockets[..2] {
            places.give_to_session(socket, LoginSeq(1)).expect("a share of two");
        }
        let refused = places.give_to_session(&mut sockets[2], LoginSeq(1)).expect_err("one too many");
        assert_eq!(refused.code(), "rate_limited");
        assert_eq!(places.room.taken(), (3, 2), "the third is still the client's");
        drop(sockets);
        assert_eq!(places.room.taken(), (0, 0), "who has gone is forgotten");
    }

    #[test]
    fn without_limits_only_the_sum_is_bounded() {
        let places = places(|limits| limits.enabled = false);
        let own: Vec<_> = (0..5).map(|_| places.of_session(LoginSeq(1))).collect();
        assert!(own.iter().all(Result::is_ok));
        assert_eq!(code(places.of_session(LoginSeq(1))), Some("overloaded"));
    }
}
