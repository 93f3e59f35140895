//! Hands a connection over from HTTP to an answer that goes on.
//!
//! HTTP keeps buffers, timers and the whole service for each of its connections, because another request may come. After
//! a stream none does. So once the head of its answer is written, HTTP is made to let go of the connection, and all that
//! it kept is freed.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::Extension;
use axum::body::{Body, Bytes, HttpBody};
use axum::middleware::AddExtension;
use axum_server::accept::Accept;
use http_body::Frame;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tower::Layer;

/// A connection that HTTP has let go of.
pub type Connection = Pin<Box<dyn Stream>>;

/// What can be read and written.
pub trait Stream: AsyncRead + AsyncWrite + Send {}

impl<S: AsyncRead + AsyncWrite + Send> Stream for S {}

/// The connection of a request, as its handlers have it: it can be taken over from HTTP.
#[derive(Clone, Default)]
pub struct Handover {
    /// Who takes the connection over as soon as all is written that HTTP has to write.
    taker: Arc<Mutex<Option<oneshot::Sender<Connection>>>>,
}

impl Handover {
    /// The body of an answer that begins with `first`, and after it the connection itself. That never comes where the
    /// answer cannot be written.
    pub fn after(self, first: Bytes) -> (Body, oneshot::Receiver<Connection>) {
        let (taker, connection) = oneshot::channel();
        (Body::new(Beginning { first: Some((first, taker)), handover: self }), connection)
    }

    fn taker(&self) -> MutexGuard<'_, Option<oneshot::Sender<Connection>>> {
        self.taker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The part of a body that HTTP writes.
struct Beginning {
    first: Option<(Bytes, oneshot::Sender<Connection>)>,
    handover: Handover,
}

impl HttpBody for Beginning {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some((first, taker)) = self.first.take() {
            // HTTP takes this into its buffers at once, so that the next flush is over when it is written.
            *self.handover.taker() = Some(taker);
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        match *self.handover.taker() {
            // The flush wakes the task, which is that of the connection.
            Some(_) => Poll::Pending,
            // HTTP takes a body that fails for a connection that can be used no more, and writes nothing.
            None => Poll::Ready(Some(Err(handed_over()))),
        }
    }
}

fn handed_over() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "the connection was handed over")
}

/// Makes the connections of `inner` such that they can be handed over.
#[derive(Clone)]
pub struct HandsOver<A>(pub A);

impl<A, S> Accept<TcpStream, S> for HandsOver<A>
where
    A: Accept<TcpStream, S>,
    A::Stream: Stream + Unpin + 'static,
    A::Service: Send + 'static,
    A::Future: Send + 'static,
{
    type Stream = Lent<A::Stream>;
    type Service = AddExtension<A::Service, Handover>;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let accepted = self.0.accept(stream, service);
        Box::pin(async move {
            let (stream, service) = accepted.await?;
            let handover = Handover::default();
            let service = Extension(handover.clone()).layer(service);
            Ok((Lent { stream: Some(stream), handover }, service))
        })
    }
}

/// A stream that HTTP has until it is handed over.
pub struct Lent<S> {
    /// `None` once it is handed over.
    stream: Option<S>,
    handover: Handover,
}

impl<S: Stream + Unpin> Lent<S> {
    fn stream(&mut self) -> io::Result<Pin<&mut S>> {
        self.stream.as_mut().map(Pin::new).ok_or_else(handed_over)
    }
}

impl<S: Stream + Unpin> AsyncRead for Lent<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream()?.poll_read(context, buffer)
    }
}

impl<S: Stream + Unpin + 'static> AsyncWrite for Lent<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().stream()?.poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let lent = self.get_mut();
        std::task::ready!(lent.stream()?.poll_flush(context))?;
        let taker = lent.handover.taker().take();
        if let Some(taker) = taker {
            let stream = lent.stream.take().ok_or_else(handed_over)?;
            // Where nobody waits for it any more, this closes it.
            let _ = taker.send(Box::pin(stream));
            context.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream()?.poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().stream()?.poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }
}
