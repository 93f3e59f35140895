//! What the process takes, and how its runtime fares.

use holdfast_engine::metrics::Metric;
use metrics::{Counter, Gauge};
use metrics_process::Collector;
use tokio::runtime::Handle;

use super::names;

/// The handles.
pub(super) struct ProcessMetrics {
    collector: Collector,
    workers: Gauge,
    tasks: Gauge,
    queued_tasks: Gauge,
    busy_seconds: Counter,
}

impl ProcessMetrics {
    pub(super) fn new() -> ProcessMetrics {
        let collector = Collector::default();
        collector.describe();
        let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
        let build = [("version", env!("CARGO_PKG_VERSION")), ("profile", profile)];
        names::BUILD_INFO.level(&build).set(1.0);
        let level = |metric: Metric| metric.level(&[]);
        ProcessMetrics {
            collector,
            workers: level(names::RUNTIME_WORKERS),
            tasks: level(names::RUNTIME_TASKS),
            queued_tasks: level(names::RUNTIME_QUEUED_TASKS),
            busy_seconds: names::RUNTIME_BUSY_SECONDS.count(&[]),
        }
    }

    /// Reads it all off.
    pub(super) fn record(&self) {
        self.collector.collect();
        let runtime = Handle::current().metrics();
        let workers = runtime.num_workers();
        let busy: std::time::Duration = (0..workers).map(|worker| runtime.worker_total_busy_duration(worker)).sum();
        self.workers.set(workers as f64);
        self.tasks.set(runtime.num_alive_tasks() as f64);
        self.queued_tasks.set(runtime.global_queue_depth() as f64);
        self.busy_seconds.absolute(busy.as_secs());
    }
}
