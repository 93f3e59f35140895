//! The server's life: bind, answer `recovering`, recover, serve, drain, stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::clock::Clock;
use holdfast_engine::engine::{Engine, Wheels};
use holdfast_engine::error::OpenError;
use holdfast_engine::storage::EXIT_CONFIGURATION;
use metrics_exporter_prometheus::{BuildError, PrometheusHandle};

use crate::config::Config;
use crate::connections::raise_open_files_limit;
use crate::gateway::Gateway;
use crate::listener::{Listener, Side};
use crate::login::{Login, LoginError};
use crate::metrics::Exposition;
use crate::tls::{Tls, TlsError};
use crate::tokens::{Tokens, TokensError};
use crate::traces::{Traces, TracesError};

/// The exit code of a process that cannot listen where it was told to.
pub const EXIT_UNAVAILABLE: u8 = 69;
/// The exit code of a command that names what is there already, or is not there, or cannot be.
pub const EXIT_USAGE: u8 = 64;
/// The exit code of a process that met a fault of the operating system.
pub const EXIT_OS: u8 = 71;

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address is in use, or not ours. No data was touched.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The certificate cannot be used. No data was touched.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The engine could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The tokens cannot be used.
    #[error(transparent)]
    Tokens(#[from] TokensError),
    /// Logins could not be checked.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// The operating system failed.
    #[error("cannot run the server: {0}")]
    System(#[from] std::io::Error),
    /// The collector of the traces could never be reached. No data was touched.
    #[error(transparent)]
    Traces(#[from] TracesError),
    /// The metrics could not be set up.
    #[error("cannot set up metrics: {0}")]
    Metrics(#[from] BuildError),
}

impl ServerError {
    /// The exit code of a process that this error ends.
    pub fn exit_code(&self) -> u8 {
        match self {
            ServerError::Listen { .. } => EXIT_UNAVAILABLE,
            ServerError::Tls(_) | ServerError::Traces(_) => EXIT_CONFIGURATION,
            ServerError::Open(error) => error.exit_code(),
            ServerError::Tokens(error) => error.exit_code(),
            ServerError::Login(error) => error.exit_code(),
            ServerError::System(_) | ServerError::Metrics(_) => EXIT_OS,
        }
    }
}

/// A server that listens, and whose engine has recovered.
pub struct Server {
    gateway: Arc<Gateway>,
    public: Listener,
    /// The listener of administration, where it has one of its own.
    admin: Option<Listener>,
    /// The listener of the metrics, where they have one of their own.
    metrics: Option<Listener>,
    new_admin_token: Option<String>,
    upkeep: Vec<tokio::task::JoinHandle<()>>,
}

/// What a start needs besides the configuration.
pub struct Surroundings {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who turns the wheels, and has changed files read again ([`Gateway::reread_files`]).
    pub wheels: Wheels,
    /// Where metrics go; `None` where nothing is counted.
    pub metrics: Option<PrometheusHandle>,
    /// `HOLDFAST_ADMIN_TOKEN`.
    pub admin_token: Option<String>,
}

impl Server {
    /// Binds first, so that a port in use touches no data; then recovers, answering `recovering` meanwhile; then serves.
    pub async fn start(config: Config, surroundings: Surroundings) -> Result<Server, ServerError> {
        let Surroundings { clock, wheels, metrics, admin_token } = surroundings;
        Tokens::check_environment(admin_token.as_deref())?;
        let login = Login::start(&config)?;
        let tls = Tls::open(&config.tls)?;
        let public = listen(config.server.listen)?;
        let admin = config.admin_listen().map(listen).transpose()?;
        let own_metrics = config.metrics_listen().map(listen).transpose()?;
        let traces = Traces::start(&config.traces)?;
        raise_open_files_limit(config.limits.connections_max, if admin.is_some() { 2 } else { 1 });
        let exposition = Exposition::new(metrics, config.metrics.events_max);
        let gateway = Arc::new(Gateway::new(config.clone(), login, tls, traces, &clock, exposition));
        let side = if admin.is_some() { Side::Public } else { Side::Both };
        let public = Listener::serve(public, side, &gateway)?;
        let admin = admin.map(|listener| Listener::serve(listener, Side::Admin, &gateway)).transpose()?;
        let metrics = own_metrics.map(|listener| Listener::serve(listener, Side::Metrics, &gateway)).transpose()?;

        let (data, engine_config) = (config.server.data.clone(), config.engine());
        let open = move || -> Result<_, ServerError> {
            let engine = Engine::open(engine_config, &data, clock, wheels)?;
            // The directory is ours now: its lock is held.
            let tokens = Tokens::open(admin_token.as_deref(), &data)?;
            Ok((engine, tokens))
        };
        let opened = tokio::task::spawn_blocking(open).await.map_err(std::io::Error::other)?;
        let (engine, (tokens, new_admin_token)) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                public.abort();
                admin.iter().chain(&metrics).for_each(Listener::abort);
                return Err(error);
            }
        };
        gateway.serve(engine, tokens);
        let mut upkeep =
            vec![tokio::spawn(keep_metrics(Arc::clone(&gateway))), tokio::spawn(keep_rates(Arc::clone(&gateway)))];
        // Whoever turns the wheels by hand has the files read again by hand, too: no test may depend on the wall clock.
        if wheels == Wheels::ByThread {
            upkeep.push(tokio::spawn(reread_files(Arc::clone(&gateway))));
        }
        Ok(Server { gateway, public, admin, metrics, new_admin_token, upkeep })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.public.address()
    }

    /// Where administration is, if it has a listener of its own.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(Listener::address)
    }

    /// Where the metrics are, if they have a listener of their own.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(Listener::address)
    }

    /// The admin token, where this start made it. To be printed once, and kept nowhere.
    pub fn new_admin_token(&self) -> Option<&str> {
        self.new_admin_token.as_deref()
    }

    /// What its requests share.
    pub fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }

    /// Lets requests under way finish, at most `server.drain_seconds`, then stops the engine in good order.
    pub async fn stop(self) {
        self.gateway.begin_stop();
        let drain = Duration::from_secs(u64::from(self.gateway.config().server.drain_seconds));
        let admin = async {
            if let Some(admin) = self.admin {
                admin.stop(drain).await;
            }
        };
        // A stream never finishes by itself, and must not keep the drain waiting. A socket is no request under way any
        // more, so that the listener would not wait for its last words.
        let feed = self.gateway.feed();
        feed.stop();
        let (_, (), _) = tokio::join!(self.public.stop(drain), admin, tokio::time::timeout(drain, feed.ended()));
        self.upkeep.iter().for_each(tokio::task::JoinHandle::abort);
        if let Ok(engine) = self.gateway.engine() {
            engine.shutdown().await;
        }
        // Whoever watches sees the stop nearly to its end.
        if let Some(metrics) = self.metrics {
            metrics.stop(Duration::ZERO).await;
        }
        stop_traces(self.gateway).await;
    }
}

async fn stop_traces(gateway: Arc<Gateway>) {
    let stop = move || gateway.traces().iter().for_each(|traces| traces.stop());
    if let Err(error) = tokio::task::spawn_blocking(stop).await {
        tracing::error!(%error, "the traces ended abruptly");
    }
}

fn listen(address: SocketAddr) -> Result<std::net::TcpListener, ServerError> {
    Listener::bind(address).map_err(|source| ServerError::Listen { address, source })
}

/// The memory of the recorder grows between two upkeeps, by 8 bytes for each time that is taken.
const METRICS_UPKEEP: Duration = Duration::from_secs(1);
/// That of the rates grows, too.
const RATES_UPKEEP: Duration = Duration::from_secs(5);

async fn keep_metrics(gateway: Arc<Gateway>) {
    let mut interval = tokio::time::interval(METRICS_UPKEEP);
    loop {
        interval.tick().await;
        gateway.keep_metrics();
    }
}

async fn keep_rates(gateway: Arc<Gateway>) {
    let mut interval = tokio::time::interval(RATES_UPKEEP);
    loop {
        interval.tick().await;
        let gateway = Arc::clone(&gateway);
        if let Err(error) = tokio::task::spawn_blocking(move || gateway.rates().forget_the_quiet()).await {
            tracing::error!(%error, "the upkeep of the rates ended abruptly");
        }
    }
}

/// Exchanges certificates, keys and tokens without a restart. Files are read where it may block.
async fn reread_files(gateway: Arc<Gateway>) {
    let mut interval = tokio::time::interval(Duration::from_secs(u64::from(gateway.config().server.reread_seconds)));
    loop {
        interval.tick().await;
        let gateway = Arc::clone(&gateway);
        if let Err(error) = tokio::task::spawn_blocking(move || gateway.reread_files()).await {
            tracing::error!(%error, "reading the files again ended abruptly");
        }
    }
}
