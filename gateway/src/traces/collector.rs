//! The way to the collector: a small blocking client, on the thread of the library that sends the spans.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::TracesError;

/// How long the collector may take for one message.
pub(super) const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest answer of the collector that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// The collector, over HTTP.
#[derive(Debug)]
pub(super) struct Collector {
    agent: Agent,
    /// The newest message was not taken. Said once, not with each.
    is_away: AtomicBool,
}

impl Collector {
    /// The collector at `endpoint`. No connection is made yet.
    pub(super) fn new(endpoint: &str) -> Result<Collector, TracesError> {
        let authorities = if endpoint.starts_with("https:") { authorities() } else { Vec::new() };
        if endpoint.starts_with("https:") && authorities.is_empty() {
            return Err(TracesError::NoAuthorities);
        }
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::from(authorities))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .proxy(None)
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_global(Some(EXPORT_TIMEOUT))
            .user_agent(concat!("holdfast/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Collector { agent: config.new_agent(), is_away: AtomicBool::new(false) })
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answer = self.agent.run(request.map(|body| body.to_vec()))?;
        let (head, mut body) = answer.into_parts();
        let body = body.with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?;
        Ok(Response::from_parts(head, Bytes::from(body)))
    }

    fn note(&self, failure: Option<&dyn std::fmt::Display>) {
        let was_away = self.is_away.swap(failure.is_some(), Ordering::Relaxed);
        match failure {
            Some(error) if !was_away => {
                tracing::warn!(%error, "the collector takes no traces; those of now are dropped, and nothing waits for it");
            }
            None if was_away => tracing::info!("the collector takes traces again"),
            _ => {}
        }
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answer = self.send(request);
        match &answer {
            Ok(answer) if answer.status().is_success() => self.note(None),
            Ok(answer) => self.note(Some(&answer.status())),
            Err(error) => self.note(Some(error)),
        }
        answer
    }
}

/// The authorities that this system believes.
fn authorities() -> Vec<Certificate<'static>> {
    let found = rustls_native_certs::load_native_certs().certs;
    found.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect()
}
