//! Buying over HTTP, one ticket at a time: the same client for Holdfast and for a server that only echoes.

use std::net::SocketAddr;
use std::time::Duration;

use holdfast_benches::clock;
use holdfast_benches::connection::Connection;
use hyper::Method;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use serde::Deserialize;

use crate::error::PeerError;
use crate::load::{Calls, Client};

/// Keep-alive connections, each of a client of its own.
pub const CONNECTIONS: u32 = 64;
/// The status of a hold that was placed, and of a booking that was made.
pub const CREATED: u16 = 201;
/// The status of an answer which says that too much is under way, and that nothing was done.
pub const OVERLOADED: u16 = 503;
/// When a client then asks again. The second that `Retry-After` says would take it out of the round.
pub const AGAIN_AFTER: Duration = Duration::from_millis(5);
/// How often a client asks again.
pub const REFUSALS_MAX: u64 = 1_000;
/// What is asked of an event.
pub const HOLD_PATH: &str = "/v1/events/hot/holds";

/// A connection that buys for some users in turns.
pub struct Buyer {
    connection: Connection,
    /// The users' credentials.
    users: Vec<HeaderValue>,
    next: usize,
}

impl Buyer {
    /// Connects.
    pub async fn connect(address: SocketAddr, users: Vec<HeaderValue>) -> Result<Buyer, PeerError> {
        Ok(Buyer { connection: Connection::open(address).await?, users, next: 0 })
    }

    fn next_user(&mut self) -> HeaderValue {
        let user = self.users[self.next].clone();
        self.next = (self.next + 1) % self.users.len();
        user
    }

    /// Asks for something, and again where nothing was done for want of room. Returns what was answered, and how often it
    /// was not done before.
    async fn post(&mut self, path: &str, user: &HeaderValue, body: Bytes) -> Result<(Bytes, u64), PeerError> {
        for refusals in 0..REFUSALS_MAX {
            let answer = self.connection.send(Method::POST, path, Some(user), None, body.clone()).await?;
            match answer.status {
                CREATED => return Ok((answer.body, refusals)),
                OVERLOADED => clock::pause(AGAIN_AFTER).await,
                status => {
                    let told = String::from_utf8_lossy(&answer.body);
                    return Err(PeerError::new(format!("{path} was answered {status}: {told}")));
                }
            }
        }
        Err(PeerError::new(format!("{path} was refused for want of room {REFUSALS_MAX} times")))
    }
}

impl Client for Buyer {
    async fn turn(&mut self, calls: &mut Calls) -> Result<u64, PeerError> {
        let user = self.next_user();
        let hold = self.post(HOLD_PATH, &user, Bytes::from_static(b"{\"quantity\":1}"));
        let (hold, refusals) = calls.time(hold).await?;
        calls.count_refusals(refusals);
        let confirm = format!("/v1/holds/{}/confirm", read::<Identified>(&hold)?.id);
        let (_, refusals) = calls.time(self.post(&confirm, &user, Bytes::new())).await?;
        calls.count_refusals(refusals);
        Ok(1)
    }
}

/// What is read of an answer that is about one thing.
#[derive(Deserialize)]
pub struct Identified<'a> {
    /// Its id.
    pub id: &'a str,
}

/// Reads an answer.
///
/// # Errors
///
/// It is not what it should be.
pub fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, PeerError> {
    let failed = |error| PeerError::while_doing(format!("an answer, {:?}", String::from_utf8_lossy(body)), error);
    serde_json::from_slice(body).map_err(failed)
}
