//! Somebody who reads a WebSocket.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::http::{Request, get};
use crate::listener::Message;
use crate::server::TestServer;

/// How long is waited for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request for a WebSocket, as a browser sends it, for what comes back where it is refused.
pub fn upgrade() -> Request {
    get("/v1/ws")
        .with("connection", "Upgrade")
        .with("upgrade", "websocket")
        .with("sec-websocket-version", "13")
        .with("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
}

/// An open WebSocket.
pub struct Subscriber {
    socket: WebSocketStream<TcpStream>,
}

impl Subscriber {
    /// Opens a socket, with these headers besides, and says nothing.
    pub async fn open(server: &TestServer, headers: &[(&'static str, &str)]) -> Subscriber {
        Subscriber::open_at(server.address(), headers).await
    }

    /// The same, where a server listens at `address`.
    pub async fn open_at(address: SocketAddr, headers: &[(&'static str, &str)]) -> Subscriber {
        let mut request = format!("ws://{address}/v1/ws").into_client_request().expect("a request");
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header"));
        }
        let stream = TcpStream::connect(address).await.expect("a server that listens");
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await.expect("a WebSocket");
        Subscriber { socket }
    }

    /// Opens a socket and sends this as the first message.
    pub async fn saying(server: &TestServer, message: Value) -> Subscriber {
        let mut subscriber = Subscriber::open(server, &[]).await;
        subscriber.say(message).await;
        subscriber
    }

    pub async fn say(&mut self, message: Value) {
        self.send(Frame::text(message.to_string())).await;
    }

    pub async fn send(&mut self, frame: Frame) {
        self.socket.send(frame).await.expect("a server that reads");
    }

    /// The connection, for what no client would send.
    pub fn connection(&mut self) -> &mut TcpStream {
        self.socket.get_mut()
    }

    /// The next frame, whatever it is; `None` at the end of the connection.
    pub async fn next_frame(&mut self) -> Option<Frame> {
        let frame = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("something within the time");
        frame.map(|frame| frame.expect("a socket that is not cut"))
    }

    /// The next message, or the code and reason with which the server closes.
    pub async fn next(&mut self) -> Result<Message, (u16, String)> {
        match self.next_frame().await.expect("a message or a close") {
            Frame::Text(text) => Ok(read(&text)),
            Frame::Close(close) => {
                let close = close.expect("a reason");
                Err((close.code.into(), close.reason.to_string()))
            }
            other => panic!("{other:?}"),
        }
    }

    /// All messages up to and including the first one as wished.
    pub async fn read_until(&mut self, is_as_wished: impl Fn(&Message) -> bool) -> Vec<Message> {
        let mut messages = Vec::new();
        loop {
            let next = self.next().await;
            let message = next.unwrap_or_else(|close| panic!("closed with {close:?} after {messages:?}"));
            messages.push(message);
            if messages.last().is_some_and(&is_as_wished) {
                return messages;
            }
        }
    }

    /// The first message as wished.
    pub async fn once(&mut self, is_as_wished: impl Fn(&Message) -> bool) -> Message {
        self.read_until(is_as_wished).await.pop().expect("a message")
    }

    /// All messages up to the close, and its code and reason.
    pub async fn rest(&mut self) -> (Vec<Message>, (u16, String)) {
        let mut messages = Vec::new();
        loop {
            match self.next().await {
                Ok(message) => messages.push(message),
                Err(close) => return (messages, close),
            }
        }
    }

    /// The problem of a refusal, which must be the last that the server says before it closes with `close_code`.
    pub async fn expect_refusal(&mut self, code: &str, close_code: u16) -> Value {
        let (messages, close) = self.rest().await;
        let [refusal] = &messages[..] else { panic!("{messages:?}") };
        assert_eq!((refusal.event.as_str(), refusal.id), ("error", None), "{}", refusal.text);
        assert_eq!(refusal.data["code"], code, "{}", refusal.text);
        assert_eq!(close, (close_code, code.to_owned()), "{}", refusal.text);
        refusal.data.clone()
    }
}

/// A message has these three members, and no other.
fn read(text: &str) -> Message {
    let value: Value = serde_json::from_str(text).expect("JSON");
    let names: Vec<&str> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(names, ["event", "id", "data"]);
    assert!(value["id"].is_null() || value["id"].is_u64(), "{text}");
    let event = value["event"].as_str().expect("a kind").to_owned();
    Message { event, id: value["id"].as_u64(), data: value["data"].clone(), text: text.to_owned() }
}
