//! What every request handler shares.

use std::sync::OnceLock;

use holdfast_engine::engine::Engine;
use ipnet::IpNet;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::admin_token::AdminToken;
use crate::config::Config;
use crate::error::ApiError;
use crate::origin::Origins;
use crate::rereading::Rereading;
use crate::tls::{Tls, TlsError};

/// What every request handler shares. It answers before the engine has recovered: everything but the probes with
/// `recovering`.
pub struct Gateway {
    config: Config,
    trusted_proxies: Vec<IpNet>,
    origins: Origins,
    /// `None` where the server speaks plain HTTP.
    tls: Option<Tls>,
    rereading: Rereading,
    metrics: PrometheusHandle,
    recovered: OnceLock<Recovered>,
}

struct Recovered {
    engine: Engine,
    admin_token: AdminToken,
}

impl Gateway {
    /// A gateway without an engine.
    pub fn new(config: Config, tls: Option<Tls>, metrics: PrometheusHandle) -> Gateway {
        let (trusted_proxies, origins) = (config.trusted_proxies(), Origins::new(&config));
        let (rereading, recovered) = (Rereading::new(), OnceLock::new());
        Gateway { config, trusted_proxies, origins, tls, rereading, metrics, recovered }
    }

    /// The engine has recovered: from now on, requests are served.
    pub fn serve(&self, engine: Engine, admin_token: AdminToken) {
        let is_first = self.recovered.set(Recovered { engine, admin_token }).is_ok();
        assert!(is_first, "a gateway has one engine");
    }

    /// What the operator has set.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The proxies that are believed when they say for whom they ask.
    pub fn trusted_proxies(&self) -> &[IpNet] {
        &self.trusted_proxies
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
        self.rereading.note("certificate", self.tls.as_ref().map_or(Ok::<_, TlsError>(false), Tls::reread));
    }

    /// The engine.
    pub fn engine(&self) -> Result<&Engine, ApiError> {
        self.recovered.get().map(|recovered| &recovered.engine).ok_or(ApiError::Recovering)
    }

    /// Whether `candidate` is the admin token.
    pub fn is_admin_token(&self, candidate: &str) -> Result<bool, ApiError> {
        let recovered = self.recovered.get().ok_or(ApiError::Recovering)?;
        Ok(recovered.admin_token.matches(candidate))
    }

    /// The metrics in Prometheus' text format.
    pub fn render_metrics(&self) -> String {
        if let Ok(engine) = self.engine() {
            engine.record_levels();
        }
        self.metrics.render()
    }

    /// Keeps the metrics' memory bounded; to be called every few seconds.
    pub fn keep_metrics(&self) {
        self.metrics.run_upkeep();
    }
}
