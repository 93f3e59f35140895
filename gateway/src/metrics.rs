//! What the server counts of HTTP, of its process and of each event, and how all of it is shown to Prometheus.

mod events;
pub mod http;
pub mod names;
mod process;

use holdfast_engine::engine::Engine;
use holdfast_engine::metrics::names::{HOLD_LIFETIME_SECONDS, QUEUE_WAIT_SECONDS};
use holdfast_engine::metrics::{Labels, Metric};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use crate::readiness::Readiness;
use process::ProcessMetrics;

/// Histogram buckets for durations, in seconds: from 50 µs, the time of a fast disk's sync.
const SECONDS_BUCKETS: [f64; 16] =
    [0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0];
/// The same for what people do: how long they hold and wait.
const PATIENCE_BUCKETS: [f64; 12] = [1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0];
/// Histogram buckets for batches, in changes.
const COUNT_BUCKETS: [f64; 8] = [1.0, 4.0, 16.0, 64.0, 256.0, 1_024.0, 4_096.0, 16_384.0];

/// Where everything that is counted comes together.
pub struct Exposition {
    /// `None` where nothing is counted.
    recorder: Option<PrometheusHandle>,
    process: ProcessMetrics,
    /// So many events have series of their own.
    events_max: usize,
}

impl Exposition {
    /// What `recorder` gathers. It must be the one that is installed.
    pub fn new(recorder: Option<PrometheusHandle>, events_max: u32) -> Exposition {
        names::ALL.iter().for_each(Metric::describe);
        begin_at_zero();
        Exposition { recorder, process: ProcessMetrics::new(), events_max: events_max as usize }
    }

    /// Everything, in Prometheus' text format; `None` where nothing is counted. `engine` is there once it has recovered. To
    /// be called where there is a runtime.
    pub fn render(&self, engine: Option<&Engine>, readiness: Readiness) -> Option<String> {
        let recorder = self.recorder.as_ref()?;
        readiness.record();
        self.process.record();
        if let Some(engine) = engine {
            engine.record_levels();
        }
        let mut text = recorder.render();
        if let Some(engine) = engine {
            events::render(&engine.events(), self.events_max, &mut text);
        }
        Some(text)
    }

    /// Keeps the recorder's memory bounded; to be called about every second.
    pub fn keep_up(&self) {
        if let Some(recorder) = &self.recorder {
            recorder.run_upkeep();
        }
    }
}

/// Makes the series of what is rare: one that appears with its first event would hide that event from whoever asks how much
/// it has grown.
fn begin_at_zero() {
    let begin = |metric: Metric, labels: Labels<'_>| metric.count(labels).increment(0);
    begin(names::ADMIN_FAILURES, &[]);
    begin(names::ADMIN_LOCKOUTS, &[]);
    for reason in ["in_all", "per_address"] {
        begin(names::HTTP_CONNECTIONS_REFUSED, &[("reason", reason)]);
    }
    for reason in ["in_all", "per_owner"] {
        begin(names::STREAMS_REFUSED, &[("reason", reason)]);
    }
    for file in ["certificate", "login keys", "tokens"] {
        begin(names::FILE_REREAD_FAILURES, &[("file", file)]);
    }
}

/// The recorder for all metrics of a process, installed. A process has one.
///
/// # Errors
///
/// There is one already.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    builder()?.install_recorder()
}

/// A recorder with our buckets.
///
/// # Errors
///
/// None: there are buckets.
pub fn builder() -> Result<PrometheusBuilder, BuildError> {
    let full = |metric: Metric| Matcher::Full(metric.name.to_owned());
    PrometheusBuilder::new()
        .set_buckets_for_metric(full(HOLD_LIFETIME_SECONDS), &PATIENCE_BUCKETS)?
        .set_buckets_for_metric(full(QUEUE_WAIT_SECONDS), &PATIENCE_BUCKETS)?
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS_BUCKETS)?
        .set_buckets_for_metric(Matcher::Suffix("_changes".to_owned()), &COUNT_BUCKETS)
}

#[cfg(test)]
mod tests;
