//! The span of a request, and within it that of the wait for the engine.

use std::net::SocketAddr;

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::response::Response;
use futures_util::future::Either;
use opentelemetry::context::FutureExt;
use opentelemetry::trace::{Span, SpanBuilder, SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::SdkTracer;

use super::parent::parent;
use crate::error::is_fault;
use crate::gateway::Gateway;
use crate::log::standard_method;

/// The span of a request that is traced. It ends with the answer's head, or when nobody waits for the answer any more.
pub struct RequestTrace {
    context: Context,
}

/// What makes further spans within that of a request.
#[derive(Clone)]
struct Within(SdkTracer);

impl RequestTrace {
    /// The span of a request, if it is to be traced. `matched` is its path as it is registered, with names for ids: nothing
    /// else of what the request says leaves this server.
    pub fn begin(
        gateway: &Gateway,
        peer: SocketAddr,
        request: &Request,
        request_id: &HeaderValue,
        matched: &str,
    ) -> Option<RequestTrace> {
        let traces = gateway.traces()?;
        let parent = parent(peer, request.headers(), gateway.trusted_proxies());
        let decided = parent.as_ref().map(|parent| parent.is_sampled());
        if !traces.sampling.wants(decided, gateway.now_ms()) {
            return None;
        }
        let method = standard_method(request.method());
        let attributes = [
            KeyValue::new("http.request.method", method),
            KeyValue::new("http.route", matched.to_owned()),
            KeyValue::new("holdfast.request_id", request_id.to_str().unwrap_or_default().to_owned()),
        ];
        let builder = SpanBuilder::from_name(format!("{method} {matched}"));
        let builder = builder.with_kind(SpanKind::Server).with_attributes(attributes);
        let outside = match parent {
            Some(parent) => Context::new().with_remote_span_context(parent),
            None => Context::new(),
        };
        let span = traces.tracer.build_with_context(builder, &outside);
        Some(RequestTrace { context: Context::new().with_span(span).with_value(Within(traces.tracer.clone())) })
    }

    /// The id of the trace that the request belongs to.
    pub fn id(&self) -> impl std::fmt::Display + use<> {
        self.context.span().span_context().trace_id()
    }

    /// Has `answer` come, within the request's span if there is one, and notes what came of it.
    pub fn follow<A: Future<Output = Response>>(
        trace: Option<RequestTrace>,
        answer: A,
    ) -> impl Future<Output = Response> + use<A> {
        match trace {
            None => Either::Left(answer),
            // Few are: the others are not to be as large as these.
            Some(trace) => Either::Right(Box::pin(trace.around(answer))),
        }
    }

    async fn around(self, answer: impl Future<Output = Response>) -> Response {
        let response = answer.with_context(self.context.clone()).await;
        let (span, status) = (self.context.span(), response.status());
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
        if is_fault(status) {
            span.set_status(Status::error(""));
        }
        span.end();
        response
    }
}

/// Waits for what the engine answers: the command's place in its inbox, its turn, and the disk. A span of its own, where the
/// request that is being served is traced.
pub async fn engine<T>(answer: impl Future<Output = T>) -> T {
    let begin = |context: &Context| {
        let Within(tracer) = context.get()?;
        Some(tracer.build_with_context(SpanBuilder::from_name("engine"), context))
    };
    let mut span = Context::map_current(begin);
    let answer = answer.await;
    span.iter_mut().for_each(Span::end);
    answer
}
