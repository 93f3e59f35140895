//! What every request handler shares.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use holdfast_engine::clock::Clock;
use holdfast_engine::core::id::Slug;
use holdfast_engine::engine::{Cleanup, Engine};
use ipnet::IpNet;

use crate::admission::Admission;
use crate::config::Config;
use crate::error::ApiError;
use crate::feed::Feed;
use crate::lockout::Lockout;
use crate::log::RefusalSampler;
use crate::login::Login;
use crate::metrics::Exposition;
use crate::metrics::http::HttpMetrics;
use crate::origin::Origins;
use crate::rates::Rates;
use crate::readiness::Readiness;
use crate::rereading::Rereading;
use crate::tls::{Tls, TlsError};
use crate::tokens::Tokens;
use crate::traces::Traces;

/// A cleanup that an organiser asked for.
#[derive(Clone, Debug)]
pub struct DoneCleanup {
    /// When it was done, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Who asked, by the name of their token.
    pub organiser: Slug,
    /// What it did.
    pub cleanup: Cleanup,
}

/// What every request handler shares. It answers before the engine has recovered: everything but the probes with
/// `recovering`.
pub struct Gateway {
    config: Config,
    login: Login,
    trusted_proxies: Vec<IpNet>,
    admission: Admission,
    origins: Origins,
    /// `None` where the server speaks plain HTTP.
    tls: Option<Tls>,
    /// Held while files are read again, so that whoever calls for it finds everything in force afterwards.
    rereading: Mutex<Rereading>,
    http_metrics: HttpMetrics,
    exposition: Exposition,
    rates: Rates,
    lockout: Lockout,
    feed: Feed,
    newest_cleanup: Mutex<Option<DoneCleanup>>,
    clock: Arc<dyn Clock>,
    refusals: RefusalSampler,
    /// `None` where nothing is traced.
    traces: Option<Traces>,
    is_stopping: AtomicBool,
    recovered: OnceLock<Recovered>,
}

struct Recovered {
    engine: Engine,
    tokens: Tokens,
}

impl Gateway {
    /// A gateway without an engine. `clock` is that which the engine will have.
    pub fn new(
        config: Config,
        login: Login,
        tls: Option<Tls>,
        traces: Option<Traces>,
        clock: &Arc<dyn Clock>,
        exposition: Exposition,
    ) -> Gateway {
        Gateway {
            admission: Admission::new(&config),
            trusted_proxies: config.trusted_proxies(),
            origins: Origins::new(&config),
            rates: Rates::new(&config.limits, clock),
            lockout: Lockout::new(&config.admin),
            feed: Feed::new(&config.limits),
            newest_cleanup: Mutex::default(),
            clock: Arc::clone(clock),
            refusals: RefusalSampler::new(clock),
            traces,
            is_stopping: AtomicBool::new(false),
            rereading: Mutex::new(Rereading::new()),
            recovered: OnceLock::new(),
            config,
            login,
            tls,
            http_metrics: HttpMetrics::new(),
            exposition,
        }
    }

    /// The engine has recovered: from now on, requests are served.
    pub fn serve(&self, engine: Engine, tokens: Tokens) {
        let is_first = self.recovered.set(Recovered { engine, tokens }).is_ok();
        assert!(is_first, "a gateway has one engine");
    }

    /// What the operator has set.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// How a login proves who it is.
    pub fn login(&self) -> &Login {
        &self.login
    }

    /// The proxies that are believed when they say for whom they ask.
    pub fn trusted_proxies(&self) -> &[IpNet] {
        &self.trusted_proxies
    }

    /// The door that every request passes first.
    pub fn admission(&self) -> &Admission {
        &self.admission
    }

    /// How often callers may ask.
    pub fn rates(&self) -> &Rates {
        &self.rates
    }

    /// Whom the admin API does not listen to for a while.
    pub fn lockout(&self) -> &Lockout {
        &self.lockout
    }

    /// The live feed.
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// The newest cleanup that an organiser asked for, since the start.
    pub fn newest_cleanup(&self) -> Option<DoneCleanup> {
        self.newest_cleanup.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// An organiser has had a cleanup done.
    pub fn note_cleanup(&self, done: DoneCleanup) {
        *self.newest_cleanup.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
    }

    /// Which other sites' pages may use the API.
    pub fn origins(&self) -> &Origins {
        &self.origins
    }

    /// The server's certificate, where it speaks TLS itself.
    pub fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    /// Reads again whatever files have changed: a line for each thing that can be exchanged while the server runs. To be
    /// called every `server.reread_seconds`, where reading may block.
    pub fn reread_files(&self) {
        let mut rereading = self.rereading.lock().unwrap_or_else(PoisonError::into_inner);
        rereading.note("certificate", self.tls.as_ref().map_or(Ok::<_, TlsError>(false), Tls::reread));
        rereading.note("login keys", self.login.reread());
        if let Some(recovered) = self.recovered.get() {
            rereading.note("tokens", recovered.tokens.reread());
        }
    }

    /// The engine.
    pub fn engine(&self) -> Result<&Engine, ApiError> {
        self.recovered.get().map(|recovered| &recovered.engine).ok_or(ApiError::Recovering)
    }

    /// Who administers, looks, or logs others in.
    pub fn tokens(&self) -> Result<&Tokens, ApiError> {
        self.recovered.get().map(|recovered| &recovered.tokens).ok_or(ApiError::Recovering)
    }

    /// The time, in milliseconds since the Unix epoch. It is the engine's, also before there is an engine.
    pub fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// Which refusals are logged.
    pub fn refusals(&self) -> &RefusalSampler {
        &self.refusals
    }

    /// Where traces go, if anything is traced.
    pub fn traces(&self) -> Option<&Traces> {
        self.traces.as_ref()
    }

    /// The server stops: it is not ready any more, though requests under way are still answered.
    pub fn begin_stop(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    /// Whether it does.
    pub fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    /// Requests, as they are counted.
    pub fn http_metrics(&self) -> &HttpMetrics {
        &self.http_metrics
    }

    /// The metrics in Prometheus' text format; `None` where nothing is counted.
    pub fn render_metrics(&self) -> Option<String> {
        self.admission.record();
        self.exposition.render(self.engine().ok(), Readiness::of(self))
    }

    /// Keeps the metrics' memory bounded; to be called about every second.
    pub fn keep_metrics(&self) {
        self.exposition.keep_up();
    }
}
