//! One stream, from its connection to its messages.

use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::handshake;
use hyper::header::{AUTHORIZATION, HOST, HeaderValue};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::error::LoadError;

/// The id of an event begins somewhere in the first bytes of its figures.
const LOOKED_AT_BYTES: usize = 64;

/// Which stream is opened.
#[derive(Clone, Debug)]
pub enum Door {
    /// The public stream of this event.
    Event(Arc<str>),
    /// The own stream of the session with this `Authorization` header.
    Session(HeaderValue),
    /// A WebSocket that tells of this event.
    Socket(Arc<str>),
}

/// A stream that is open.
pub enum Reading {
    /// Server-sent events, and what has come of a message that is not whole yet.
    Events(Incoming, Vec<u8>),
    /// A WebSocket.
    Socket(Box<WebSocketStream<TcpStream>>),
}

impl Reading {
    /// Opens it.
    ///
    /// # Errors
    ///
    /// The server refused it, or cannot be reached.
    pub async fn open(address: SocketAddr, door: Door) -> Result<Reading, LoadError> {
        match door {
            Door::Event(event) => Reading::open_events(address, &format!("/v1/events/{event}/stream"), None).await,
            Door::Session(credential) => Reading::open_events(address, "/v1/stream", Some(credential)).await,
            Door::Socket(event) => Reading::open_socket(address, &event).await,
        }
    }

    async fn open_events(
        address: SocketAddr,
        path: &str,
        credential: Option<HeaderValue>,
    ) -> Result<Reading, LoadError> {
        let (mut sender, connection) = handshake(TokioIo::new(TcpStream::connect(address).await?)).await?;
        // It ends with its answer, which is the stream.
        tokio::spawn(connection);
        let mut request = Request::builder().method(Method::GET).uri(path).header(HOST, "holdfast");
        if let Some(credential) = credential {
            request = request.header(AUTHORIZATION, credential);
        }
        let request = request.body(Empty::<Bytes>::new()).map_err(|error| LoadError::new(error.to_string()))?;
        let response = sender.send_request(request).await?;
        match response.status().as_u16() {
            200 => Ok(Reading::Events(response.into_body(), Vec::new())),
            status => Err(LoadError::new(format!("a stream was answered {status}"))),
        }
    }

    async fn open_socket(address: SocketAddr, event: &str) -> Result<Reading, LoadError> {
        let stream = TcpStream::connect(address).await?;
        let (mut socket, _) = client_async(format!("ws://{address}/v1/ws"), stream).await.map_err(broken)?;
        let wish = json!({ "subscribe": [format!("event:{event}")] }).to_string();
        socket.send(Message::text(wish)).await.map_err(broken)?;
        Ok(Reading::Socket(Box::new(socket)))
    }

    /// The next figures of an event, as JSON. `None` at the end of the stream.
    ///
    /// # Errors
    ///
    /// The stream broke.
    pub async fn next_figures(&mut self) -> Result<Option<Bytes>, LoadError> {
        match self {
            Reading::Events(body, unread) => next_event(body, unread).await,
            Reading::Socket(socket) => next_text(socket).await,
        }
    }
}

async fn next_event(body: &mut Incoming, unread: &mut Vec<u8>) -> Result<Option<Bytes>, LoadError> {
    loop {
        while let Some(block) = take_block(unread) {
            if let Some(figures) = figures_of_block(&block) {
                return Ok(Some(figures));
            }
        }
        let Some(frame) = body.frame().await.transpose()? else { return Ok(None) };
        if let Some(data) = frame.data_ref() {
            unread.extend_from_slice(data);
        }
    }
}

/// The first whole block of what has come, which ends at an empty line.
fn take_block(unread: &mut Vec<u8>) -> Option<Vec<u8>> {
    let end = unread.windows(2).position(|pair| pair == b"\n\n")? + 2;
    let rest = unread.split_off(end);
    Some(std::mem::replace(unread, rest))
}

/// The data of a block that tells figures.
fn figures_of_block(block: &[u8]) -> Option<Bytes> {
    let mut lines = block.strip_prefix(b"event: stats\n")?.split(|byte| *byte == b'\n');
    lines.find_map(|line| line.strip_prefix(b"data: ")).map(Bytes::copy_from_slice)
}

async fn next_text(socket: &mut WebSocketStream<TcpStream>) -> Result<Option<Bytes>, LoadError> {
    while let Some(message) = socket.next().await {
        if let Message::Text(text) = message.map_err(broken)?
            && text.starts_with("{\"event\":\"stats\"")
        {
            return Ok(Some(Bytes::from(text)));
        }
    }
    Ok(None)
}

fn broken(error: impl std::fmt::Display) -> LoadError {
    LoadError::new(format!("a socket broke: {error}"))
}

/// The event that everybody watches, by the id that figures have.
#[derive(Clone, Debug)]
pub struct Watched {
    id: String,
    /// How figures tell it.
    told: Arc<[u8]>,
}

impl Watched {
    /// The event of this id.
    pub fn new(id: &str) -> Watched {
        Watched { id: id.to_owned(), told: format!("\"id\":\"{id}\"").into_bytes().into() }
    }

    /// How many tickets are booked, by its figures. `None` for those of another event.
    ///
    /// # Errors
    ///
    /// They are no figures.
    pub fn booked(&self, figures: &[u8]) -> Result<Option<u64>, LoadError> {
        let told: Value = serde_json::from_slice(figures).map_err(|error| LoadError::new(error.to_string()))?;
        // A message of a WebSocket has the object inside.
        let event = told.get("data").unwrap_or(&told);
        let booked = event["booked"].as_u64().ok_or_else(|| LoadError::new("figures have no number of bookings"))?;
        Ok(Some(booked).filter(|_| event["id"] == self.id.as_str()))
    }

    /// Whether figures are its own. A full parse would cost the readers time that the server then lacks.
    pub fn is_told_by(&self, figures: &[u8]) -> bool {
        figures.windows(self.told.len()).take(LOOKED_AT_BYTES).any(|window| window == &*self.told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_taken_one_by_one_whole() {
        let mut unread = b"retry: 1000\n\nevent: stats\nid: 7\ndata: {\"booked\":1}\n\nevent: sta".to_vec();
        let blocks: Vec<Vec<u8>> = std::iter::from_fn(|| take_block(&mut unread)).collect();
        let figures: Vec<Option<Bytes>> = blocks.iter().map(|block| figures_of_block(block)).collect();
        assert_eq!(figures, [None, Some(Bytes::from_static(b"{\"booked\":1}"))]);
        assert_eq!(unread, b"event: sta");
    }

    #[test]
    fn only_the_event_that_everybody_watches_counts() {
        let watched = Watched::new("watched");
        let rows: [(&[u8], Option<u64>); 3] = [
            (br#"{"id":"watched","booked":3}"#, Some(3)),
            (br#"{"event":"stats","id":null,"data":{"id":"watched","booked":4}}"#, Some(4)),
            (br#"{"id":"neighbour-1","booked":5}"#, None),
        ];
        for (figures, expected) in rows {
            assert_eq!(watched.booked(figures).expect("figures"), expected);
            assert_eq!(watched.is_told_by(figures), expected.is_some());
        }
        assert!(watched.booked(b"{}").is_err());
    }
}
