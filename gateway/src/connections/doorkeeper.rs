//! Lets connections in while there is room, and tells the others why not.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutWriter;

use super::{Connections, Place};
use crate::error;

/// How long a connection too many may take to ask something before it is told why it gets no answer.
const ASK: Duration = Duration::from_millis(250);
/// How long a connection too many is kept at most, so that its client gets to read why.
const LINGER: Duration = Duration::from_secs(1);
/// So many of them at once; more are closed without a word.
const LINGERING_MAX: usize = 64;

/// Lets connections in while there is room.
#[derive(Clone)]
pub struct Doorkeeper {
    connections: Arc<Connections>,
    lingering: Arc<Semaphore>,
    write_stall: Duration,
    /// Whether clients understand plain HTTP. Under TLS they do not, before a handshake that is too dear for a refusal.
    is_plain: bool,
}

impl Doorkeeper {
    /// Lets in as many as `connections` allow, and cuts who takes nothing of an answer for `write_stall`.
    pub fn new(connections: Connections, write_stall: Duration, is_plain: bool) -> Doorkeeper {
        let lingering = Arc::new(Semaphore::new(LINGERING_MAX));
        Doorkeeper { connections: Arc::new(connections), lingering, write_stall, is_plain }
    }

    async fn admit(&self, stream: TcpStream) -> io::Result<BoundedStream> {
        let place = match self.connections.admit(stream.peer_addr()?) {
            Ok(place) => place,
            Err(too_many) => {
                self.refuse(stream).await;
                return Err(io::Error::other(format!("too many connections: {too_many:?}")));
            }
        };
        stream.set_nodelay(true)?;
        let mut stream = TimeoutWriter::new(stream);
        stream.set_timeout(Some(self.write_stall));
        Ok(BoundedStream { stream: Box::pin(stream), _place: place })
    }

    async fn refuse(&self, stream: TcpStream) {
        if !self.is_plain {
            return;
        }
        let Ok(_lingering) = self.lingering.try_acquire() else { return };
        // A client that does not listen loses nothing but the reason.
        let _ = tokio::time::timeout(LINGER, tell(stream, &error::connection_refusal())).await;
    }
}

/// Sends the answer, but not before the client has asked, because many clients take an answer to nothing for an error. Then
/// reads until the client closes: a socket that is closed with unread bytes makes the kernel send a reset, which would
/// overtake the answer.
async fn tell(mut stream: TcpStream, answer: &[u8]) -> io::Result<()> {
    let _ = tokio::time::timeout(ASK, stream.peek(&mut [0])).await;
    stream.write_all(answer).await?;
    stream.shutdown().await?;
    let mut unread = [0; 1_024];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}

impl<S: Send + 'static> Accept<TcpStream, S> for Doorkeeper {
    type Stream = BoundedStream;
    type Service = S;
    type Future = Pin<Box<dyn Future<Output = io::Result<(BoundedStream, S)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let doorkeeper = self.clone();
        Box::pin(async move { Ok((doorkeeper.admit(stream).await?, service)) })
    }
}

/// A connection that was let in. It fails where a write has got no byte away for `limits.write_stall_seconds`, and gives its
/// place back when it is dropped.
pub struct BoundedStream {
    stream: Pin<Box<TimeoutWriter<TcpStream>>>,
    _place: Place,
}

impl AsyncRead for BoundedStream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream.as_mut().poll_read(context, buffer)
    }
}

impl AsyncWrite for BoundedStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().stream.as_mut().poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream.as_mut().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream.as_mut().poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().stream.as_mut().poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
