//! Who change the event: each books one ticket after the other, in an open loop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use hyper::Method;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

use crate::clock;
use crate::connection::Connection;
use crate::error::LoadError;
use crate::pacer::Pacer;

/// A booking that was acknowledged, which is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Booked {
    /// The journal number of the change.
    pub seq: u64,
    /// When its buyer was told.
    pub at: Instant,
}

/// Lets the sessions of `credentials` book one ticket of `event` each in turn, `rate` a second in all, for `length`. Returns all
/// bookings in the order in which they were made.
///
/// # Errors
///
/// One of them was refused, or the server cannot be reached.
pub async fn buy(
    address: SocketAddr,
    event: &str,
    credentials: &[HeaderValue],
    rate: u64,
    length: Duration,
) -> Result<Vec<Booked>, LoadError> {
    let start = clock::now();
    let (pacer, dues) = Pacer::new(credentials.len() as u32, rate, start, start + length);
    let mut buyers = JoinSet::new();
    let path: Arc<str> = format!("/v1/events/{event}/bookings").into();
    for (credential, dues) in credentials.iter().zip(dues) {
        let connection = Connection::open(address).await?;
        buyers.spawn(book_when_due(connection, credential.clone(), Arc::clone(&path), dues));
    }
    thread::spawn(|| pacer.run());
    let bought: Result<Vec<Vec<Booked>>, LoadError> = buyers.join_all().await.into_iter().collect();
    let mut bookings = bought?.concat();
    bookings.sort_unstable();
    Ok(bookings)
}

async fn book_when_due(
    mut connection: Connection,
    credential: HeaderValue,
    path: Arc<str>,
    mut dues: UnboundedReceiver<Instant>,
) -> Result<Vec<Booked>, LoadError> {
    let mut bookings = Vec::new();
    while dues.recv().await.is_some() {
        let body = Bytes::from_static(b"{\"quantity\":1}");
        let answer = connection.send(Method::POST, &path, Some(&credential), None, body).await?;
        let at = clock::now();
        answer.json()?;
        let seq = answer.seq.ok_or_else(|| LoadError::new("a booking has no number"))?;
        bookings.push(Booked { seq, at });
    }
    Ok(bookings)
}
