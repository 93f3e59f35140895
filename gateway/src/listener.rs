//! A socket that the server listens on: which paths are there, and how its connections are guarded.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
use axum_server::tls_rustls::RustlsAcceptor;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpSocket;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::LimitsConfig;
use crate::connections::{Connections, Doorkeeper, FirstBytes, HandsOver};
use crate::gateway::Gateway;
use crate::layers;
use crate::origin::is_admin_path;
use crate::pages;

/// How many connections may wait until they are accepted. One too many is left to try again after a second, so that a crowd
/// that comes at once must fit in. The kernel allows as many as its `net.core.somaxconn`, 4,096 where nobody has changed it.
const BACKLOG: u32 = 4_096;

/// The most connections at once to a listener of metrics: whoever scrapes, and who looks at probes.
const METRICS_CONNECTIONS_MAX: u32 = 64;

/// Which paths a listener has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// All: there is one listener.
    Both,
    /// All but administration, its page and metrics, which have a listener of their own.
    Public,
    /// Administration with its page and what that loads, metrics and the probes.
    Admin,
    /// Metrics and the probes.
    Metrics,
}

impl Side {
    /// Whether `path` can be there. `metrics_are_apart` is whether metrics have a listener of their own.
    pub fn has(self, path: &str, metrics_are_apart: bool) -> bool {
        if path == "/metrics" && metrics_are_apart {
            return self == Side::Metrics;
        }
        let is_probe = || matches!(path, "/livez" | "/readyz" | "/version");
        let is_admin = || is_admin_path(path) || pages::is_admin_page(path);
        match self {
            Side::Both => true,
            Side::Public => !is_admin(),
            Side::Admin => is_admin() || pages::is_shared(path) || is_probe(),
            Side::Metrics => is_probe(),
        }
    }
}

/// A socket that is served.
pub struct Listener {
    address: SocketAddr,
    handle: Handle<SocketAddr>,
    stopping: watch::Sender<bool>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Listener {
    /// Takes the address, and no connection yet. To be called where there is a runtime.
    pub fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // As the standard library does: connections of an earlier run that are not yet forgotten must not hinder a start.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)?.into_std()
    }

    /// Serves `side` on `listener` from now on.
    pub fn serve(listener: TcpListener, side: Side, gateway: &Arc<Gateway>) -> std::io::Result<Listener> {
        let address = listener.local_addr()?;
        let (handle, (stopping, stops)) = (Handle::new(), watch::channel(false));
        let limits = &gateway.config().limits;
        let mut server = axum_server::from_tcp(listener)?.handle(handle.clone());
        limit(server.http_builder(), limits);
        let service = layers::service(Arc::clone(gateway), side).into_make_service_with_connect_info::<SocketAddr>();
        let (head, write_stall) = (seconds(limits.header_read_seconds), seconds(limits.write_stall_seconds));
        // What buyers are let in for is decided by their own connections, not by those of administration.
        let is_for_buyers = matches!(side, Side::Both | Side::Public);
        let in_all = if is_for_buyers { gateway.admission().connections() } else { Arc::default() };
        let mut limits = limits.clone();
        if side == Side::Metrics {
            limits.connections_max = limits.connections_max.min(METRICS_CONNECTIONS_MAX);
        }
        let connections = Connections::new(&limits, gateway.trusted_proxies(), in_all);
        let doorkeeper = Doorkeeper::new(connections, write_stall, gateway.tls().is_none());
        let serving = match gateway.tls() {
            None => {
                let guard = HandsOver(FirstBytes::behind(doorkeeper, head, stops));
                tokio::spawn(server.acceptor(guard).serve(service))
            }
            Some(tls) => {
                let handshake = RustlsAcceptor::new(tls.in_force()).handshake_timeout(head).acceptor(doorkeeper);
                let guard = HandsOver(FirstBytes::behind(handshake, head, stops));
                tokio::spawn(server.acceptor(guard).serve(service))
            }
        };
        Ok(Listener { address, handle, stopping, serving })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes it, and every connection.
    pub fn abort(&self) {
        self.handle.shutdown();
    }

    /// Takes no more connections, and lets requests under way finish within `drain`.
    pub async fn stop(self, drain: Duration) {
        self.stopping.send_replace(true);
        self.handle.graceful_shutdown(Some(drain));
        match self.serving.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "serving ended with an error"),
            Err(error) => tracing::error!(%error, "serving ended abruptly"),
        }
    }
}

/// HTTP/1.1 within the limits of a head.
fn limit(builder: &mut Builder<TokioExecutor>, limits: &LimitsConfig) {
    let mut http1 = builder.http1();
    http1.timer(TokioTimer::new()).header_read_timeout(seconds(limits.header_read_seconds));
    http1.max_buf_size(limits.head_bytes_max as usize).max_headers(limits.head_fields_max as usize).half_close(false);
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::net::TcpStream;

    use super::{Listener, Side};

    /// Longer than all tries of a kernel whose connection finds no room would take to be of use.
    const PATIENCE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_crowd_that_comes_at_once_need_not_come_again() {
        let listener = Listener::bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
        let address = listener.local_addr().expect("an address");
        // Nobody accepts them; the backlog of the standard library would have room for 128.
        let mut crowd = Vec::new();
        for number in 0..300 {
            let connected = tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await;
            crowd.push(connected.unwrap_or_else(|_| panic!("no room for number {number}")).expect("a connection"));
        }
    }

    #[test]
    fn administration_is_on_one_side() {
        let rows = [
            ("/v1/admin/events", [true, false, true]),
            ("/v1/admin", [true, false, true]),
            ("/metrics", [true, false, true]),
            ("/livez", [true, true, true]),
            ("/readyz", [true, true, true]),
            ("/version", [true, true, true]),
            ("/v1/events", [true, true, false]),
            ("/v1/sessions", [true, true, false]),
            ("/v1/administrators", [true, true, false]),
            ("/metrics/", [true, true, false]),
            ("/", [true, true, false]),
            ("/buyer/page.js", [true, true, false]),
            ("/admin", [true, false, true]),
            ("/admin/page.js", [true, false, true]),
            ("/style.css", [true, true, true]),
            ("/render.js", [true, true, true]),
        ];
        for (path, expected) in rows {
            assert_eq!([Side::Both, Side::Public, Side::Admin].map(|side| side.has(path, false)), expected, "{path}");
        }
    }

    #[test]
    fn metrics_are_on_one_side() {
        let sides = [Side::Both, Side::Public, Side::Admin, Side::Metrics];
        for (path, expected) in [
            ("/metrics", [false, false, false, true]),
            ("/livez", [true, true, true, true]),
            ("/readyz", [true, true, true, true]),
            ("/version", [true, true, true, true]),
            ("/v1/events", [true, true, false, false]),
            ("/v1/admin/events", [true, false, true, false]),
            ("/", [true, true, false, false]),
            ("/style.css", [true, true, true, false]),
        ] {
            assert_eq!(sides.map(|side| side.has(path, true)), expected, "{path}");
        }
    }
}
