//! How the messages of the feed look: as server-sent events, in the format of the HTML standard, section 9.2, and as
//! the JSON of a WebSocket.

use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use axum::extract::ws::Utf8Bytes;
use serde::Serialize;
use serde_json::json;

/// The shortest time after which a client that lost its stream comes back, in milliseconds …
const RETRY_MS: u64 = 1_000;
/// … and how much longer it may be, so that those who lost theirs together do not come back together.
const RETRY_JITTER_MS: u64 = 2_000;

/// A message. Each way in which it is sent is encoded once for all who get it so.
#[derive(Clone, Debug)]
pub struct Message(Arc<Content>);

#[derive(Debug)]
struct Content {
    /// The kind, in the words of the API.
    event: String,
    /// The journal number that it has as its id, if it has one.
    seq: Option<u64>,
    /// The JSON of the object.
    data: String,
    unnumbered: OnceLock<Message>,
    block: OnceLock<Bytes>,
    chunk: OnceLock<Bytes>,
    frame: OnceLock<Utf8Bytes>,
}

impl Message {
    /// A message of the kind `event` whose id is the journal number `seq`.
    pub fn new(event: &str, seq: u64, data: &impl Serialize) -> Message {
        Message::with(event, Some(seq), data)
    }

    /// A message that nobody comes back with.
    pub fn without_id(event: &str, data: &impl Serialize) -> Message {
        Message::with(event, None, data)
    }

    fn with(event: &str, seq: Option<u64>, data: &impl Serialize) -> Message {
        Message::of(event.to_owned(), seq, serde_json::to_string(data).expect("what is told can be written"))
    }

    fn of(event: String, seq: Option<u64>, data: String) -> Message {
        let (unnumbered, frame) = (OnceLock::new(), OnceLock::new());
        let (block, chunk) = (OnceLock::new(), OnceLock::new());
        Message(Arc::new(Content { event, seq, data, unnumbered, block, chunk, frame }))
    }

    /// The same without its id, likewise shared by all who get it so.
    pub fn unnumbered(&self) -> Message {
        let Content { event, data, unnumbered, .. } = &*self.0;
        unnumbered.get_or_init(|| Message::of(event.clone(), None, data.clone())).clone()
    }

    /// The journal number that it has as its id, if it has one.
    pub fn seq(&self) -> Option<u64> {
        self.0.seq
    }

    /// The message as a server-sent event. JSON has no line breaks of its own, so one line of `data` is enough.
    pub fn block(&self) -> Bytes {
        self.0.block.get_or_init(|| self.event_text().into()).clone()
    }

    /// The same as a chunk of a body whose length is not known (RFC 9112, 7.1).
    pub fn chunk(&self) -> Bytes {
        let encode = || {
            let text = self.event_text();
            format!("{:x}\r\n{text}\r\n", text.len()).into()
        };
        self.0.chunk.get_or_init(encode).clone()
    }

    fn event_text(&self) -> String {
        let Content { event, seq, data, .. } = &*self.0;
        let id = seq.map(|seq| format!("id: {seq}\n")).unwrap_or_default();
        format!("event: {event}\n{id}data: {data}\n\n")
    }

    /// The message as a text of a WebSocket.
    pub fn frame(&self) -> Utf8Bytes {
        let Content { event, seq, data, frame, .. } = &*self.0;
        let id = || seq.map_or_else(|| "null".to_owned(), |seq| seq.to_string());
        frame.get_or_init(|| format!(r#"{{"event":"{event}","id":{},"data":{data}}}"#, id()).into()).clone()
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_is_one_block() {
        let message = Message::new("stats", 7, &json!({ "name": "A\nB" }));
        assert_eq!(message.block(), "event: stats\nid: 7\ndata: {\"name\":\"A\\nB\"}\n\n");
        assert_eq!(server("shutting_down").block(), "event: server\ndata: {\"status\":\"shutting_down\"}\n\n");
    }

    #[test]
    fn a_frame_is_one_object() {
        let message = Message::new("stats", 7, &json!({ "name": "A\nB" }));
        assert_eq!(message.frame().as_str(), r#"{"event":"stats","id":7,"data":{"name":"A\nB"}}"#);
        let server = server("shutting_down");
        assert_eq!(server.frame().as_str(), r#"{"event":"server","id":null,"data":{"status":"shutting_down"}}"#);
    }

    #[test]
    fn all_who_get_a_message_share_its_bytes() {
        let message = Message::new("stats", 7, &json!({}));
        assert_eq!(message.block().as_ptr(), message.clone().block().as_ptr());
        assert_eq!(message.chunk().as_ptr(), message.clone().chunk().as_ptr());
        assert_eq!(message.frame().as_ptr(), message.clone().frame().as_ptr());
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
