//! Somebody who reads a stream.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::HeaderMap;
use hyper::body::Incoming;
use serde_json::Value;

use crate::http::{Answer, Connection, Request};

/// How long is waited for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A message, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub event: String,
    pub id: Option<u64>,
    pub data: Value,
    /// The whole block.
    pub text: String,
}

impl Message {
    fn read(text: String) -> Message {
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let data = field("data").map(|data| serde_json::from_str(data).expect("JSON")).unwrap_or_default();
        let id = field("id").map(|id| id.parse().expect("a number"));
        Message { event: field("event").unwrap_or_default().to_owned(), id, data, text }
    }
}

/// An open stream.
pub struct Listener {
    pub headers: HeaderMap,
    body: Incoming,
    unread: String,
    _connection: Connection,
}

impl Listener {
    /// Opens a stream, or returns the refusal.
    pub async fn try_open(connection: Connection, request: Request) -> Result<Listener, Answer> {
        let answer = connection.begin(request.with("accept", "text/event-stream")).await;
        if !answer.status().is_success() {
            return Err(Answer::whole(answer, "a stream".to_owned()).await);
        }
        let (parts, body) = answer.into_parts();
        Ok(Listener { headers: parts.headers, body, unread: String::new(), _connection: connection })
    }

    /// Opens a stream that must be there.
    pub async fn open(connection: Connection, request: Request) -> Listener {
        Listener::try_open(connection, request).await.unwrap_or_else(|answer| panic!("{answer:?}"))
    }

    /// The next block but comments; `None` at the end of the stream.
    pub async fn next_block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.unread.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.unread = rest;
                if block.starts_with(':') {
                    continue;
                }
                return Some(block);
            }
            let frame = tokio::time::timeout(PATIENCE, self.body.frame()).await.expect("something within the time");
            let Some(frame) = frame else {
                assert_eq!(self.unread, "", "half a message at the end");
                return None;
            };
            let data = frame.expect("a stream that is not cut").into_data().expect("data");
            self.unread += std::str::from_utf8(&data).expect("text");
        }
    }

    /// The next message; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<Message> {
        loop {
            let block = self.next_block().await?;
            if !block.starts_with("retry: ") {
                return Some(Message::read(block));
            }
        }
    }

    /// All messages up to and including the first one as wished.
    pub async fn read_until(&mut self, is_as_wished: impl Fn(&Message) -> bool) -> Vec<Message> {
        let mut messages = Vec::new();
        loop {
            let next = self.next().await;
            let message = next.unwrap_or_else(|| panic!("the stream ended after {messages:?}"));
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

    /// All messages up to the end of the stream.
    pub async fn rest(&mut self) -> Vec<Message> {
        let mut messages = Vec::new();
        while let Some(message) = self.next().await {
            messages.push(message);
        }
        messages
    }
}
