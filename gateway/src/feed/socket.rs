//! The life of one WebSocket: what its client asks for, what it is told, and the end.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message as Frame, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use serde_json::Value;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Error as SocketError;
use tokio_tungstenite::tungstenite::error::ProtocolError;

use super::SILENCE;
use super::message::Message;
use super::places::Place;
use super::stream::End;
use super::subscriptions::{Subscriptions, Wish};
use crate::error::ApiError;
use crate::gateway::Gateway;
use crate::identity::Opener;
use crate::metrics::names::STREAMS_ENDED;

/// What of a client is read at once, in bytes. It says little.
const READ_BYTES: usize = 4 << 10;
/// How long a client is given to answer the close of its socket.
const LINGER: Duration = Duration::from_secs(1);

/// The codes with which sockets are closed (RFC 6455, 7.4.1, and the registry of IANA). Other refusals have 4000 and their status.
const CLOSE_NORMAL: u16 = 1_000;
const CLOSE_GOING_AWAY: u16 = 1_001;
const CLOSE_POLICY: u16 = 1_008;
const CLOSE_TOO_LARGE: u16 = 1_009;
const CLOSE_TRY_AGAIN: u16 = 1_013;
const CLOSE_REFUSED: u16 = 4_000;

/// Why a socket ends.
enum Ending {
    /// As a stream does.
    Of(End),
    /// What the client asked for is refused.
    Refused(ApiError),
}

impl From<End> for Ending {
    fn from(end: End) -> Ending {
        Ending::Of(end)
    }
}

impl From<ApiError> for Ending {
    fn from(refusal: ApiError) -> Ending {
        Ending::Refused(refusal)
    }
}

impl Ending {
    /// The name in metrics.
    fn as_str(&self) -> &'static str {
        match self {
            Ending::Of(end) => end.as_str(),
            Ending::Refused(_) => "refused",
        }
    }

    /// What the client is told, if anything.
    fn farewell(&self) -> Option<Message> {
        match self {
            Ending::Of(end) => end.farewell(),
            Ending::Refused(refusal) => Some(Message::without_id("error", &told(refusal))),
        }
    }

    /// How the socket is closed, where there is somebody left who reads it.
    fn close(&self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Ending::Of(End::Left) => return None,
            Ending::Of(End::Over) => (CLOSE_NORMAL, "over"),
            Ending::Of(End::Stopping) => (CLOSE_GOING_AWAY, "shutting_down"),
            Ending::Of(End::TooSlow) => (CLOSE_TRY_AGAIN, "too_slow"),
            Ending::Of(End::SessionExpired) => refused(&ApiError::SessionExpired),
            Ending::Refused(refusal) => refused(refusal),
        };
        Some(CloseFrame { code, reason: Utf8Bytes::from_static(reason) })
    }
}

fn refused(refusal: &ApiError) -> (u16, &'static str) {
    let code = match refusal {
        ApiError::Malformed(_) => CLOSE_POLICY,
        ApiError::BodyTooLarge(_) => CLOSE_TOO_LARGE,
        other => CLOSE_REFUSED + other.status().as_u16(),
    };
    (code, refusal.code())
}

/// The problem, with what a header would say.
fn told(refusal: &ApiError) -> Value {
    let mut problem = refusal.problem();
    if let Some(seconds) = refusal.wait_seconds() {
        problem["retry_after_seconds"] = seconds.into();
    }
    problem
}

/// The answer that makes a WebSocket of the connection.
pub fn respond(gateway: Arc<Gateway>, upgrade: WebSocketUpgrade, place: Place, opener: Opener) -> Response {
    let most = gateway.config().limits.body_bytes_max as usize;
    let upgrade = upgrade.read_buffer_size(READ_BYTES).max_message_size(most).max_frame_size(most);
    // Taken before the answer, so that a stop waits also for who is just coming in.
    let stopping = gateway.feed().stopping();
    upgrade.on_upgrade(|socket| live(socket, gateway, place, opener, stopping))
}

async fn live(
    mut socket: WebSocket,
    gateway: Arc<Gateway>,
    mut place: Place,
    opener: Opener,
    mut stopping: watch::Receiver<bool>,
) {
    let ending = tokio::select! {
        biased;
        _ = stopping.wait_for(|is_stopping| *is_stopping) => Ending::Of(End::Stopping),
        Err(ending) = converse(&mut socket, &gateway, &mut place, opener) => ending,
    };
    STREAMS_ENDED.count(&[("reason", ending.as_str())]).increment(1);
    part(&mut socket, &ending).await;
}

/// Hears what the client asks for, and tells it.
async fn converse(
    socket: &mut WebSocket,
    gateway: &Arc<Gateway>,
    place: &mut Place,
    opener: Opener,
) -> Result<Infallible, Ending> {
    let limits = &gateway.config().limits;
    let patience = Duration::from_secs(u64::from(limits.body_read_seconds));
    let said = tokio::time::timeout(patience, next_text(socket, limits.body_bytes_max)).await;
    let wish = Wish::read(&said.map_err(|_| ApiError::BodyTimedOut)??, limits.body_depth_max)?;
    let subscriptions = Subscriptions::open(gateway, wish, opener, place)?;
    relay(socket, subscriptions, limits.body_bytes_max).await
}

/// Tells what comes, and keeps the connection awake.
async fn relay(socket: &mut WebSocket, mut subscriptions: Subscriptions, bytes_max: u32) -> Result<Infallible, Ending> {
    let mut silence = tokio::time::interval(SILENCE);
    silence.reset();
    loop {
        tokio::select! {
            message = subscriptions.next() => {
                send(socket, Frame::Text(message?.frame())).await?;
                silence.reset();
            }
            said = next_text(socket, bytes_max) => {
                said?;
                return Err(ApiError::Malformed("a socket takes one message: open another one".to_owned()).into());
            }
            _ = silence.tick() => send(socket, Frame::Ping(Bytes::new())).await?,
        }
    }
}

/// The next text that the client sends. Pings are answered meanwhile, and nothing is read until the answer is taken:
/// else answers would pile up for who sends pings and reads nothing.
async fn next_text(socket: &mut WebSocket, bytes_max: u32) -> Result<Utf8Bytes, Ending> {
    loop {
        match socket.recv().await {
            Some(Ok(Frame::Text(text))) => return Ok(text),
            Some(Ok(Frame::Ping(payload))) => send(socket, Frame::Pong(payload)).await?,
            Some(Ok(Frame::Pong(_))) => {}
            Some(Ok(Frame::Binary(_))) => return Err(ApiError::Malformed("a message is a text".to_owned()).into()),
            Some(Ok(Frame::Close(_))) | None => return Err(End::Left.into()),
            Some(Err(error)) => return Err(fault(error, bytes_max)),
        }
    }
}

/// What it means that nothing can be read: the client sends what is no message, or has gone.
fn fault(error: axum::Error, bytes_max: u32) -> Ending {
    match error.into_inner().downcast_ref::<SocketError>() {
        Some(SocketError::Capacity(_)) => ApiError::BodyTooLarge(bytes_max).into(),
        Some(SocketError::Utf8(_)) => ApiError::Malformed("a text must be UTF-8".to_owned()).into(),
        Some(SocketError::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => End::Left.into(),
        Some(SocketError::Protocol(error)) => ApiError::Malformed(error.to_string()).into(),
        _ => End::Left.into(),
    }
}

/// Fails where the client has gone, or has taken nothing for `limits.write_stall_seconds`.
async fn send(socket: &mut WebSocket, frame: Frame) -> Result<(), End> {
    socket.send(frame).await.map_err(|_| End::Left)
}

/// Says why it ends, and closes in good order: bytes that are left unread at the end would make the kernel send a
/// reset, which could overtake the last words. A client that has gone, or takes nothing any more, loses nothing by it.
async fn part(socket: &mut WebSocket, ending: &Ending) {
    if let Some(farewell) = ending.farewell() {
        let _ = send(socket, Frame::Text(farewell.frame())).await;
    }
    if let Some(close) = ending.close() {
        let _ = send(socket, Frame::Close(Some(close))).await;
    }
    let closed = async { while let Some(Ok(_)) = socket.recv().await {} };
    let _ = tokio::time::timeout(LINGER, closed).await;
}
