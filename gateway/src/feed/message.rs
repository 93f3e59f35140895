//! How the messages of a stream look. The format is that of server-sent events in the HTML standard, section 9.2.

use axum::body::Bytes;
use serde_json::{Value, json};

/// The shortest time after which a client that lost its stream comes back, in milliseconds …
const RETRY_MS: u64 = 1_000;
/// … and how much longer it may be, so that those who lost theirs together do not come back together.
const RETRY_JITTER_MS: u64 = 2_000;

/// A message, encoded once for all who get it.
#[derive(Clone, Debug)]
pub struct Message {
    /// The journal number that it has as its id.
    pub seq: Option<u64>,
    /// The message as it is sent.
    pub bytes: Bytes,
}

impl Message {
    /// A message of the kind `event`. JSON has no line breaks of its own, so one line of `data` is enough.
    pub fn new(event: &str, seq: u64, data: &Value) -> Message {
        Message { seq: Some(seq), bytes: format!("event: {event}\nid: {seq}\ndata: {data}\n\n").into() }
    }

    /// A message that nobody comes back with.
    pub fn without_id(event: &str, data: &Value) -> Message {
        Message { seq: None, bytes: format!("event: {event}\ndata: {data}\n\n").into() }
    }
}

/// What the server says about itself. It has no id: nothing of the journal is told by it.
pub fn server(status: &str) -> Message {
    Message::without_id("server", &json!({ "status": status }))
}

/// Tells a client when to come back after it lost the stream.
pub fn retry() -> Bytes {
    // Without random bytes they come back together; that is no reason to refuse them.
    let jitter_ms = getrandom::u64().unwrap_or_default() % (RETRY_JITTER_MS + 1);
    format!("retry: {}\n\n", RETRY_MS + jitter_ms).into()
}

/// Says nothing, so that proxies do not take the stream for dead.
pub fn comment() -> Bytes {
    Bytes::from_static(b":\n\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_is_one_block() {
        let message = Message::new("stats", 7, &json!({ "name": "A\nB" }));
        assert_eq!(message.bytes, "event: stats\nid: 7\ndata: {\"name\":\"A\\nB\"}\n\n");
        assert_eq!(server("shutting_down").bytes, "event: server\ndata: {\"status\":\"shutting_down\"}\n\n");
    }

    #[test]
    fn clients_come_back_within_three_seconds() {
        for _ in 0..100 {
            let text = String::from_utf8(retry().to_vec()).expect("text");
            let ms: u64 = text.trim_start_matches("retry: ").trim_end().parse().expect("a number");
            assert!((1_000..=3_000).contains(&ms), "{text}");
        }
    }
}
