//! What every request handler shares.

use std::sync::{Arc, OnceLock};

use holdfast_engine::clock::Clock;
use holdfast_engine::engine::Engine;
use ipnet::IpNet;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::config::Config;
use crate::error::ApiError;
use crate::lockout::Lockout;
use crate::rates::Rates;
use crate::tokens::Tokens;

/// What every request handler shares. It answers before the engine has recovered: everything but the probes with
/// `recovering`.
pub struct Gateway {
    config: Config,
    trusted_proxies: Vec<IpNet>,
    metrics: PrometheusHandle,
    rates: Rates,
    lockout: Lockout,
    recovered: OnceLock<Recovered>,
}

struct Recovered {
    engine: Engine,
    tokens: Tokens,
}

impl Gateway {
    /// A gateway without an engine. `clock` is that which the engine will have.
    pub fn new(config: Config, clock: &Arc<dyn Clock>, metrics: PrometheusHandle) -> Gateway {
        let trusted_proxies = config.trusted_proxies();
        let (rates, lockout) = (Rates::new(&config.limits, clock), Lockout::new(&config.admin));
        Gateway { config, trusted_proxies, metrics, rates, lockout, recovered: OnceLock::new() }
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

    /// The proxies that are believed when they say for whom they ask.
    pub fn trusted_proxies(&self) -> &[IpNet] {
        &self.trusted_proxies
    }

    /// How often callers may ask.
    pub fn rates(&self) -> &Rates {
        &self.rates
    }

    /// Whom the admin API does not listen to for a while.
    pub fn lockout(&self) -> &Lockout {
        &self.lockout
    }

    /// The engine.
    pub fn engine(&self) -> Result<&Engine, ApiError> {
        self.recovered.get().map(|recovered| &recovered.engine).ok_or(ApiError::Recovering)
    }

    /// Who administers, looks, or logs others in.
    pub fn tokens(&self) -> Result<&Tokens, ApiError> {
        self.recovered.get().map(|recovered| &recovered.tokens).ok_or(ApiError::Recovering)
    }

    /// Looks at the files that may change while the server runs, and takes up what is new; to be called every few seconds,
    /// where it may block.
    pub fn reread_files(&self) {
        if let Some(recovered) = self.recovered.get() {
            recovered.tokens.reread();
        }
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
