//! What every request handler shares.

use std::sync::OnceLock;

use holdfast_engine::engine::Engine;
use ipnet::IpNet;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::admin_token::AdminToken;
use crate::admission::Admission;
use crate::config::Config;
use crate::error::ApiError;

/// What every request handler shares. It answers before the engine has recovered: everything but the probes with
/// `recovering`.
pub struct Gateway {
    config: Config,
    trusted_proxies: Vec<IpNet>,
    admission: Admission,
    metrics: PrometheusHandle,
    recovered: OnceLock<Recovered>,
}

struct Recovered {
    engine: Engine,
    admin_token: AdminToken,
}

impl Gateway {
    /// A gateway without an engine.
    pub fn new(config: Config, metrics: PrometheusHandle) -> Gateway {
        let trusted_proxies = config.trusted_proxies();
        let admission = Admission::new(&config);
        Gateway { config, trusted_proxies, admission, metrics, recovered: OnceLock::new() }
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

    /// The door that every request passes first.
    pub fn admission(&self) -> &Admission {
        &self.admission
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
        self.admission.record();
        self.metrics.render()
    }

    /// Keeps the metrics' memory bounded; to be called every few seconds.
    pub fn keep_metrics(&self) {
        self.metrics.run_upkeep();
    }
}
