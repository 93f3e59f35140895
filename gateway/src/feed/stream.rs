//! The life of one stream, from the head of its answer to its end.

use std::future::Future;
use std::io;

use axum::http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, Version};
use axum::response::{IntoResponse, Response};
use metrics::Counter;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot, watch};

use super::framing::Framing;
use super::message::{self, Message};
use super::places::{Kind, Place};
use super::{Feed, SILENCE};
use crate::connections::handover::{Connection, Handover};
use crate::error::Success;
use crate::metrics::names::{STREAM_MESSAGES, STREAMS_ENDED};

/// Why a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its client has gone.
    Left,
    /// What it tells of is there no more.
    Over,
    /// The session that it belongs to has ended, or its token opens nothing any more.
    SessionExpired,
    /// More has happened than is kept for a client that takes so little. It can come back and hear what it missed.
    TooSlow,
    /// The server stops.
    Stopping,
}

impl End {
    /// The name in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            End::Left => "left",
            End::Over => "over",
            End::SessionExpired => "session_expired",
            End::TooSlow => "too_slow",
            End::Stopping => "stopping",
        }
    }

    /// What the client is told, if anything.
    pub fn farewell(self) -> Option<Message> {
        match self {
            End::Left | End::Over | End::TooSlow => None,
            End::SessionExpired => Some(message::server("session_expired")),
            End::Stopping => Some(message::server("shutting_down")),
        }
    }
}

/// Where the messages of a stream, or of a subscription of a socket, go. One waits at most: a slow client gets the
/// newest when it is ready, not all that it missed.
#[derive(Clone)]
pub struct Outlet {
    messages: mpsc::Sender<Message>,
    handed_over: Counter,
}

impl Outlet {
    /// The way to whoever takes from `messages`.
    pub fn new(messages: mpsc::Sender<Message>, kind: Kind) -> Outlet {
        Outlet { messages, handed_over: STREAM_MESSAGES.count(&[("kind", kind.as_str())]) }
    }

    /// Hands over a message once the client has taken those before.
    ///
    /// # Errors
    ///
    /// [`End::Left`] if the client has gone.
    pub async fn send(&self, message: Message) -> Result<(), End> {
        self.messages.send(message).await.map_err(|_| End::Left)?;
        self.handed_over.increment(1);
        Ok(())
    }

    /// Waits for `next`, however long it takes. Whoever takes the messages keeps the connection awake meanwhile.
    ///
    /// # Errors
    ///
    /// [`End::Left`] if the client has gone.
    pub async fn awake_until<T>(&self, next: impl Future<Output = T>) -> Result<T, End> {
        tokio::select! {
            biased;
            come = next => Ok(come),
            () = self.messages.closed() => Err(End::Left),
        }
    }
}

/// The connection on which a stream was asked for, and how its client reads.
pub struct Line {
    /// The way to the connection itself.
    pub handover: Handover,
    /// The version of HTTP of the request.
    pub version: Version,
}

/// The answer that streams what `tell` hands to its outlet, until that is over, the client leaves, or the server stops.
pub fn respond<F>(feed: &Feed, place: Place, line: Line, tell: impl FnOnce(Outlet) -> F) -> Response
where
    F: Future<Output = End> + Send + 'static,
{
    let (messages, taken) = mpsc::channel(1);
    let telling = tell(Outlet::new(messages.clone(), place.kind));
    let (body, connection) = line.handover.after(message::retry());
    let (mut stopping, framing) = (feed.stopping(), Framing::of(line.version));
    tokio::spawn(async move {
        // A stop waits until the last words are written.
        let telling = tell_until_the_end(telling, &mut stopping, messages);
        // First who tells, so that what is told is written at once.
        let _ = tokio::join!(biased; telling, relay(connection, taken, framing));
        drop(place);
    });
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // Nothing else is answered on a connection that HTTP has let go of.
        (CONNECTION, HeaderValue::from_static("close")),
        // nginx would keep messages back to fill its buffers.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    let mut response = (Success::Ok.status(), headers, body).into_response();
    // Else HTTP would tell a client of HTTP/1.0 that asks for it that the connection is kept, too.
    *response.version_mut() = line.version;
    response
}

async fn tell_until_the_end(
    telling: impl Future<Output = End>,
    stopping: &mut watch::Receiver<bool>,
    messages: mpsc::Sender<Message>,
) {
    let end = tokio::select! {
        _ = stopping.wait_for(|is_stopping| *is_stopping) => End::Stopping,
        // Whatever the teller waits for: a disk that is full, or many who come back at once.
        () = messages.closed() => End::Left,
        end = telling => end,
    };
    STREAMS_ENDED.count(&[("reason", end.as_str())]).increment(1);
    if let Some(farewell) = end.farewell() {
        // A client that has gone, or takes nothing any more, loses nothing by it.
        let _ = messages.send(farewell).await;
    }
}

/// Writes the messages to the connection as they come, and keeps it awake, until no more come, or the client has gone.
async fn relay(
    connection: oneshot::Receiver<Connection>,
    mut messages: mpsc::Receiver<Message>,
    framing: Framing,
) -> io::Result<()> {
    let mut connection = connection.await.map_err(io::Error::other)?;
    let mut silence = tokio::time::interval(SILENCE);
    silence.reset();
    let mut is_heard = true;
    loop {
        let mut said = [0];
        tokio::select! {
            biased;
            message = messages.recv() => match message {
                Some(message) => {
                    write(&mut connection, &framing.of_message(&message)).await?;
                    silence.reset();
                }
                None => break,
            },
            read = connection.read(&mut said), if is_heard => match read? {
                0 => return Ok(()),
                // What a client says after its request is for nobody, and no more of it is read.
                _ => is_heard = false,
            },
            _ = silence.tick() => write(&mut connection, framing.comment()).await?,
        }
    }
    write(&mut connection, framing.end()).await?;
    connection.shutdown().await
}

/// Fails where the client has gone, or has taken nothing for `limits.write_stall_seconds`.
async fn write(connection: &mut Connection, bytes: &[u8]) -> io::Result<()> {
    connection.write_all(bytes).await?;
    connection.flush().await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::client::Client;
    use crate::config::LimitsConfig;

    /// Far longer than it takes.
    const PATIENCE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_place_is_free_when_its_client_has_gone_whatever_its_teller_waits_for() {
        let feed = Feed::new(&LimitsConfig { streams_max: 1, ..LimitsConfig::default() });
        let client = Client { address: "127.0.0.1".parse().expect("an address"), is_bounded: false };
        let take = || feed.places().of_client(Kind::Event, &client);
        let place = take().expect("a place");
        let line = Line { handover: Handover::default(), version: Version::HTTP_11 };
        let answer = respond(&feed, place, line, |outlet| async move {
            let _outlet = outlet;
            std::future::pending().await
        });
        assert!(take().is_err());
        drop(answer);
        let freed = async {
            while take().is_err() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, freed).await.expect("a place");
    }
}
