//! The first bytes of a connection, in time, and not those of HTTP/2.
//!
//! The connection builder of hyper-util that can upgrade to WebSocket looks by itself whether a connection begins as HTTP/2
//! does, whatever it was told to speak; it waits for those bytes without a limit, and would then speak HTTP/2, for which none
//! of our limits hold. So it gets to see only connections whose first bytes are there, and are of something else.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// How every connection of HTTP/2 begins (RFC 9113, 3.4).
const HTTP2_PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Waits for the first bytes behind `inner`.
#[derive(Clone)]
pub struct FirstBytes<A> {
    inner: A,
    patience: Duration,
    stopping: watch::Receiver<bool>,
}

impl<A> FirstBytes<A> {
    /// Closes connections whose first bytes do not come within `patience` of the end of `inner`, and those from which none
    /// have come when `stopping` becomes true.
    pub fn behind(inner: A, patience: Duration, stopping: watch::Receiver<bool>) -> FirstBytes<A> {
        FirstBytes { inner, patience, stopping }
    }
}

impl<A, S> Accept<TcpStream, S> for FirstBytes<A>
where
    A: Accept<TcpStream, S>,
    A::Stream: AsyncRead + Unpin + Send + 'static,
    A::Service: Send + 'static,
    A::Future: Send + 'static,
{
    type Stream = Rewound<A::Stream>;
    type Service = A::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Rewound<A::Stream>, A::Service)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let (accepted, patience) = (self.inner.accept(stream, service), self.patience);
        let mut stopping = self.stopping.clone();
        Box::pin(async move {
            let begin = async {
                let (stream, service) = accepted.await?;
                Ok((tokio::time::timeout(patience, Rewound::begin(stream)).await??, service))
            };
            tokio::select! {
                biased;
                begun = begin => begun,
                _ = stopping.wait_for(|is_stopping| *is_stopping) => Err(io::Error::other("the server stops")),
            }
        })
    }
}

/// A stream whose first bytes have been looked at, and are read again.
pub struct Rewound<S> {
    first: [u8; HTTP2_PREFACE.len()],
    /// What of `first` was read from the stream, and not from here yet.
    unread: std::ops::Range<usize>,
    stream: S,
}

impl<S: AsyncRead + Unpin> Rewound<S> {
    /// Reads until it is clear that this is not HTTP/2. Fails where it is, and where the stream ends before that.
    pub async fn begin(mut stream: S) -> io::Result<Rewound<S>> {
        let (mut first, mut length) = ([0; HTTP2_PREFACE.len()], 0);
        while HTTP2_PREFACE.starts_with(&first[..length]) {
            if length == HTTP2_PREFACE.len() {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the client speaks HTTP/2"));
            }
            match stream.read(&mut first[length..]).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => length += read,
            }
        }
        Ok(Rewound { first, unread: 0..length, stream })
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Rewound<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.unread.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let end = self.unread.end.min(self.unread.start + buffer.remaining());
        buffer.put_slice(&self.first[self.unread.start..end]);
        self.unread.start = end;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Rewound<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_looked_at_is_read_again() {
        for text in ["G", "POST / HTTP/1.1\r\n\r\n", "PRI * HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r!"] {
            let mut rewound = Rewound::begin(text.as_bytes()).await.expect("not HTTP/2");
            let mut read = String::new();
            rewound.read_to_string(&mut read).await.expect("text");
            assert_eq!(read, text);
        }
    }

    #[tokio::test]
    async fn http_2_and_silence_go_no_further() {
        for bytes in [&HTTP2_PREFACE[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0", b"", b"PRI * HTT"] {
            assert!(Rewound::begin(bytes).await.is_err(), "{bytes:?}");
        }
    }
}
