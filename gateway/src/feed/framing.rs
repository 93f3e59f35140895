//! How the parts of a stream stand in the body of its answer, whose length nobody knows (RFC 9112, 6.3).

use axum::body::Bytes;
use axum::http::Version;

use super::message::Message;

/// How a part is told from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Each is a chunk, and an empty one is the last: HTTP/1.1.
    Chunks,
    /// Not at all: the body ends with its connection. So nginx asks, unless it is told otherwise: HTTP/1.0.
    ToTheEnd,
}

impl Framing {
    /// As HTTP frames the body of an answer to a request of this version.
    pub fn of(version: Version) -> Framing {
        if version == Version::HTTP_10 { Framing::ToTheEnd } else { Framing::Chunks }
    }

    /// A message.
    pub fn of_message(self, message: &Message) -> Bytes {
        match self {
            Framing::Chunks => message.chunk(),
            Framing::ToTheEnd => message.block(),
        }
    }

    /// Says nothing, so that proxies do not take the stream for dead.
    pub fn comment(self) -> &'static [u8] {
        match self {
            Framing::Chunks => b"3\r\n:\n\n\r\n",
            Framing::ToTheEnd => b":\n\n",
        }
    }

    /// Says that nothing more comes.
    pub fn end(self) -> &'static [u8] {
        match self {
            Framing::Chunks => b"0\r\n\r\n",
            Framing::ToTheEnd => b"",
        }
    }
}
