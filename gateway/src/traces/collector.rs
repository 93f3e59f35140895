//! The way to the collector: a small blocking client, on the thread of the library that sends the spans.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use ureq::Agent;

use super::TracesError;
use crate::outgoing;

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
        let authorities = if endpoint.starts_with("https:") { outgoing::system_authorities() } else { Vec::new() };
        if endpoint.starts_with("https:") && authorities.is_empty() {
            return Err(TracesError::NoAuthorities);
        }
        let agent = outgoing::agent(&authorities, EXPORT_TIMEOUT, EXPORT_TIMEOUT);
        Ok(Collector { agent, is_away: AtomicBool::new(false) })
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
