//! Traces of requests, for a collector of OpenTelemetry, where the operator has named one.
//!
//! [`Traces`] decides which requests are traced (`traces/sampling.rs`, `traces/parent.rs`) and has what is known of them sent on
//! by a thread of its own (`traces/collector.rs`). [`RequestTrace`] is the span of a request, and [`engine`] that of its
//! wait for the engine. A request that is not traced costs a look at its headers.
//!
//! Nobody waits for the collector: spans it does not take in time are dropped.

mod collector;
mod parent;
mod request;
mod sampling;

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{ExporterBuildError, Protocol, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider};

use crate::config::TracesConfig;
use collector::{Collector, EXPORT_TIMEOUT};
use sampling::Sampling;

pub use request::{RequestTrace, engine};

/// The most spans that wait for the collector; more are dropped.
const SPANS_WAITING_MAX: usize = 2_048;
/// The most spans in one message.
const SPANS_PER_MESSAGE_MAX: usize = 512;
/// How long a span waits at most until it is sent.
const SENT_EVERY: Duration = Duration::from_secs(5);
/// How long a stop waits at most for the collector to take what is left.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// Why nothing can be traced.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// The system names no authorities by which the collector's certificate could be believed.
    #[error("traces.endpoint begins with https, but the system has no certificates of authorities")]
    NoAuthorities,
    /// The library cannot use what it was given.
    #[error("traces.endpoint cannot be used: {0}")]
    Exporter(#[from] ExporterBuildError),
}

/// Where spans go.
pub struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    sampling: Sampling,
}

impl Traces {
    /// Begins to trace, where the operator wants that. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// The collector could never be reached in the way that is configured.
    pub fn start(config: &TracesConfig) -> Result<Option<Traces>, TracesError> {
        if !config.is_on() {
            return Ok(None);
        }
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Collector::new(&config.endpoint)?)
            .with_endpoint(&config.endpoint)
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(EXPORT_TIMEOUT)
            // What the collector does not take is not worth memory that the sale may need.
            .with_retry_policy(RetryPolicy::disabled())
            .build()?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(SPANS_WAITING_MAX)
            .with_max_export_batch_size(SPANS_PER_MESSAGE_MAX)
            .with_scheduled_delay(SENT_EVERY)
            .build();
        let processor = BatchSpanProcessor::builder(exporter).with_batch_config(batches).build();
        let resource = Resource::builder()
            .with_service_name(config.service_name.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(processor)
            // Which requests are traced is decided before there is a span.
            .with_sampler(Sampler::AlwaysOn)
            .with_resource(resource)
            .build();
        let tracer = provider.tracer("holdfast");
        Ok(Some(Traces { provider, tracer, sampling: Sampling::new(config) }))
    }

    /// Sends what is left, and ends the thread. Blocks, for two seconds at the most: what the collector has not taken by
    /// then is dropped.
    pub fn stop(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(FLUSH_TIMEOUT) {
            tracing::warn!(%error, "the last traces were not delivered");
        }
    }
}
