//! The life of one stream, from the head of its answer to its end.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use http_body::Frame;
use metrics::counter;
use tokio::sync::mpsc;

use super::places::{Kind, Place};
use super::{ENDED, Feed, MESSAGES, message, wait};
use crate::error::Success;

/// How long a stream may be silent, so that no proxy takes it for dead.
const SILENCE: Duration = Duration::from_secs(15);

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
    fn as_str(self) -> &'static str {
        match self {
            End::Left => "left",
            End::Over => "over",
            End::SessionExpired => "session_expired",
            End::TooSlow => "too_slow",
            End::Stopping => "stopping",
        }
    }

    /// What the client is told, if anything.
    fn farewell(self) -> Option<Bytes> {
        match self {
            End::Left | End::Over | End::TooSlow => None,
            End::SessionExpired => Some(message::server("session_expired").bytes),
            End::Stopping => Some(message::server("shutting_down").bytes),
        }
    }
}

/// Where a stream's messages go. One waits at most: a slow client gets the newest when it is ready, not all that it missed.
pub struct Outlet {
    messages: mpsc::Sender<Bytes>,
    kind: Kind,
}

impl Outlet {
    /// Hands over a message once the client has taken those before.
    ///
    /// # Errors
    ///
    /// [`End::Left`] if the client has gone.
    pub async fn send(&self, message: Bytes) -> Result<(), End> {
        self.messages.send(message).await.map_err(|_| End::Left)?;
        counter!(MESSAGES, "kind" => self.kind.as_str()).increment(1);
        Ok(())
    }

    /// Waits for `next`, however long it takes, and keeps the stream awake.
    ///
    /// # Errors
    ///
    /// [`End::Left`] if the client has gone.
    pub async fn awake_until<T>(&self, next: impl Future<Output = T>) -> Result<T, End> {
        tokio::pin!(next);
        loop {
            tokio::select! {
                biased;
                come = &mut next => return Ok(come),
                () = wait(SILENCE) => self.messages.send(message::comment()).await.map_err(|_| End::Left)?,
            }
        }
    }
}

/// The answer that streams what `tell` hands to its outlet, until that is over, the client leaves, or the server stops.
pub fn respond<F>(feed: &Feed, place: Place, tell: impl FnOnce(Outlet) -> F) -> Response
where
    F: Future<Output = End> + Send + 'static,
{
    let (messages, taken) = mpsc::channel(1);
    let (kind, mut stopping) = (place.kind, feed.stopping());
    let telling = tell(Outlet { messages: messages.clone(), kind });
    tokio::spawn(async move {
        let end = tokio::select! {
            () = messages.closed() => End::Left,
            _ = stopping.wait_for(|is_stopping| *is_stopping) => End::Stopping,
            end = telling => end,
        };
        counter!(ENDED, "reason" => end.as_str()).increment(1);
        if let Some(farewell) = end.farewell() {
            // A client that has gone, or takes nothing any more, loses nothing by it.
            let _ = messages.send(farewell).await;
        }
    });
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // nginx would keep messages back to fill its buffers.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (Success::Ok.status(), headers, Body::new(StreamBody { messages: taken, _place: place })).into_response()
}

/// The body of a stream. Its place is free as soon as the connection lets go of it.
struct StreamBody {
    messages: mpsc::Receiver<Bytes>,
    _place: Place,
}

impl HttpBody for StreamBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.get_mut().messages.poll_recv(context).map(|message| message.map(|bytes| Ok(Frame::data(bytes))))
    }
}
