//! What is logged of a request: its id and what it asks on each of its lines, and a line of its own where it failed, where an
//! organiser did something, or where it is the sample of what is refused.

use axum::extract::Request;
use axum::http::{HeaderValue, Method};
use axum::response::Response;
use futures_util::FutureExt;
use holdfast_engine::core::id::Slug;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::admin_action::AdminAction;
use crate::error::{RefusalCode, is_fault, is_refusal};
use crate::gateway::Gateway;

/// A request, to the log.
pub struct RequestLog {
    span: Span,
    admin_action: Option<AdminAction>,
}

impl RequestLog {
    /// The log of a request. `matched` is its path as it is registered, with names for ids: the path itself may name
    /// somebody, or have in it what belongs into a header.
    pub fn begin(request: &Request, request_id: &HeaderValue, matched: &str) -> RequestLog {
        // As important as anything can be, so that it is there for lines of every level.
        let span = tracing::error_span!(
            "request",
            request_id = request_id.to_str().unwrap_or_default(),
            method = standard_method(request.method()),
            path = matched,
            organiser = Empty,
            trace_id = Empty,
        );
        RequestLog { span, admin_action: AdminAction::of(request, matched) }
    }

    /// The request is traced under this id.
    pub fn note_trace(&self, trace_id: impl std::fmt::Display) {
        self.span.record("trace_id", tracing::field::display(trace_id));
    }

    /// Does something of which every line is the request's.
    pub fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        self.span.in_scope(work)
    }

    /// Has `answer` come, every line of which is the request's, and says what came of it.
    pub fn follow<A: Future<Output = Response>>(self, gateway: &Gateway, answer: A) -> impl Future<Output = Response> {
        answer.instrument(self.span.clone()).inspect(|response| self.tell(gateway, response))
    }

    fn tell(self, gateway: &Gateway, response: &Response) {
        let _entered = self.span.enter();
        let status = response.status();
        if is_fault(status) {
            tracing::error!(status = status.as_u16(), "a request failed");
        } else if is_refusal(status) {
            tell_refusal(gateway, response);
        } else if let Some(admin_action) = self.admin_action {
            admin_action.tell(response);
        }
    }
}

/// Says on all further lines of the request that is being served which organiser sent it.
pub fn note_organiser(name: &Slug) {
    Span::current().record("organiser", name.as_str());
}

/// The method, if it is one that HTTP has. Anybody can make up others, as long as a head may be.
pub fn standard_method(method: &Method) -> &'static str {
    const STANDARD: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"];
    STANDARD.into_iter().find(|standard| *standard == method.as_str()).unwrap_or("_OTHER")
}

fn tell_refusal(gateway: &Gateway, response: &Response) {
    let code = response.extensions().get::<RefusalCode>().map_or("none", |code| code.0);
    if let Some(unlogged) = gateway.refusals().sample(code) {
        tracing::info!(code, status = response.status().as_u16(), unlogged, "a request was refused");
    }
}
