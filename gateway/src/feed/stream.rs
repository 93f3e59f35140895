//! The life of one stream, from the head of its answer to its end.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use http_body::Frame;
use metrics::counter;
use tokio::sync::mpsc;
use tokio::time::Interval;

use super::message::{self, Message};
use super::places::{Kind, Place};
use super::{ENDED, Feed, MESSAGES, SILENCE};
use crate::error::Success;

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
    kind: Kind,
}

impl Outlet {
    /// The way to whoever takes from `messages`.
    pub fn new(messages: mpsc::Sender<Message>, kind: Kind) -> Outlet {
        Outlet { messages, kind }
    }

    /// Hands over a message once the client has taken those before.
    ///
    /// # Errors
    ///
    /// [`End::Left`] if the client has gone.
    pub async fn send(&self, message: Message) -> Result<(), End> {
        self.messages.send(message).await.map_err(|_| End::Left)?;
        counter!(MESSAGES, "kind" => self.kind.as_str()).increment(1);
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

/// The answer that streams what `tell` hands to its outlet, until that is over, the client leaves, or the server stops.
pub fn respond<F>(feed: &Feed, place: Place, tell: impl FnOnce(Outlet) -> F) -> Response
where
    F: Future<Output = End> + Send + 'static,
{
    let (messages, taken) = mpsc::channel(1);
    let (kind, mut stopping) = (place.kind, feed.stopping());
    let telling = tell(Outlet::new(messages.clone(), kind));
    tokio::spawn(async move {
        let end = tokio::select! {
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
    (Success::Ok.status(), headers, Body::new(StreamBody::new(taken, place))).into_response()
}

/// The body of a stream. Its place is free as soon as the connection lets go of it.
struct StreamBody {
    /// When to come back; it is the first that is said.
    retry: Option<Bytes>,
    messages: mpsc::Receiver<Message>,
    silence: Interval,
    _place: Place,
}

impl StreamBody {
    fn new(messages: mpsc::Receiver<Message>, place: Place) -> StreamBody {
        let mut silence = tokio::time::interval(SILENCE);
        silence.reset();
        StreamBody { retry: Some(message::retry()), messages, silence, _place: place }
    }

    /// The next that is said; `None` at the end.
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(retry) = self.retry.take() {
            return Poll::Ready(Some(retry));
        }
        if let Poll::Ready(message) = self.messages.poll_recv(context) {
            self.silence.reset();
            return Poll::Ready(message.map(|message| message.block()));
        }
        self.silence.poll_tick(context).map(|_| Some(message::comment()))
    }
}

impl HttpBody for StreamBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.get_mut().poll_next(context).map(|next| next.map(|bytes| Ok(Frame::data(bytes))))
    }
}
