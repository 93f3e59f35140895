//! What happens to every request and every answer.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, MatchedPath, Request};
use axum::http::header::{ACCEPT, CONNECTION, ORIGIN, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use futures_util::future::{Either, ready};
use holdfast_engine::clock::Stopwatch;
use tower::{Layer, Service, ServiceExt, layer::layer_fn, service_fn};

use crate::admission::{Class, Refusal};
use crate::client::Client;
use crate::error::{ApiError, shows_load, turned_away};
use crate::gateway::Gateway;
use crate::header_names::X_REQUEST_ID;
use crate::listener::Side;
use crate::log::RequestLog;
use crate::metrics::http::UNMATCHED;
use crate::traces::RequestTrace;
use crate::{ambiguity, answer_headers, feed, request_id, routes};

/// The whole service of one side.
pub fn service(gateway: Arc<Gateway>, side: Side) -> Router {
    let guard = Guard { gateway: Arc::clone(&gateway), side };
    routes::router().layer(layer_fn(move |inner| Guarded { guard: guard.clone(), inner })).with_state(gateway)
}

/// What stands before every path of one side.
#[derive(Clone)]
struct Guard {
    gateway: Arc<Gateway>,
    side: Side,
}

/// A path behind its guard. One layer for all that is done: each layer of a router is copied, boxed and passed through at
/// every request, and four of them cost as much as the work that they do.
#[derive(Clone)]
struct Guarded<S> {
    guard: Guard,
    inner: S,
}

impl<S> Service<Request> for Guarded<S>
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (guard, mut inner) = (self.guard.clone(), self.inner.clone());
        // The one that was asked whether it is ready is the one that is called.
        std::mem::swap(&mut inner, &mut self.inner);
        Box::pin(async move { Ok(guard.around(request, inner).await) })
    }
}

impl Guard {
    /// Gives every answer its request id and what else every answer has, and counts it.
    ///
    /// What is waited for within is put together from futures that hold each other, and not from async functions: each of
    /// those would have the request, and all that is within it, twice.
    async fn around<S: Inner>(self, mut request: Request, inner: S) -> Response {
        let (gateway, took) = (&*self.gateway, Stopwatch::start());
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
        let peer = peer.expect("a listener tells whom it serves");
        let client = Client::of(peer, request.headers(), gateway.trusted_proxies());
        request.extensions_mut().insert(client);
        let request_id = request_id::of(request.headers());
        let path = request.extensions().get::<MatchedPath>().cloned();
        let matched = path.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
        let method = request.method().clone();
        let is_personal = answer_headers::is_personal(request.headers());
        let log = RequestLog::begin(&request, &request_id, matched);
        let trace = RequestTrace::begin(gateway, peer, &request, &request_id, matched);
        trace.iter().for_each(|trace| log.note_trace(trace.id()));
        let answer = log.within(|| RequestTrace::follow(trace, self.across_sites(request, inner)));
        let mut response = log.follow(gateway, answer).await;
        gateway.http_metrics().answered(&method, matched, response.status().as_u16(), took);
        response.headers_mut().insert(X_REQUEST_ID, request_id);
        answer_headers::complete(response.headers_mut(), is_personal, gateway.config().clients_speak_tls());
        response
    }

    /// Tells the pages of listed sites, and nobody else, that they may read the answer.
    fn across_sites<S: Inner>(&self, request: Request, inner: S) -> impl Future<Output = Response> {
        let origins = self.gateway.origins();
        if origins.lists(&request) {
            // Few are: the others are not to be as large as these.
            return Either::Left(Box::pin(self.to_listed_site(request, inner)));
        }
        Either::Right(self.admit(request, inner).map(|mut response| {
            if !origins.is_empty() {
                response.headers_mut().append(VARY, HeaderValue::from(ORIGIN));
            }
            response
        }))
    }

    async fn to_listed_site<S: Inner>(&self, request: Request, inner: S) -> Response {
        let admit = service_fn(move |request| self.admit(request, inner.clone()).map(Ok::<_, Infallible>));
        let Ok(response) = self.gateway.origins().cors().layer(admit).oneshot(request).await;
        response
    }

    /// Lets a request in, or turns it away before anything of it is read. Before the engine has recovered, what comes costs
    /// nothing that would have to be shared out.
    fn admit<S: Inner>(&self, mut request: Request, inner: S) -> impl Future<Output = Response> {
        let Ok(engine) = self.gateway.engine() else { return Either::Left(self.check(request, inner)) };
        let class = Class::of(request.method(), request.uri().path());
        match self.gateway.admission().enter(class, engine.now_ms(), engine.pressure()) {
            Ok(under_way) => {
                request.extensions_mut().insert(under_way.arrival());
                let answered = move |response: &Response| {
                    under_way.answered(shows_load(response.status()), engine.sync_ms(), engine.now_ms());
                };
                Either::Right(Either::Left(self.check(request, inner).inspect(answered)))
            }
            Err(refusal) => Either::Right(Either::Right(turn_away(&self.gateway, refusal))),
        }
    }

    /// Refuses what cannot be answered, and what takes too long.
    fn check<S: Inner>(&self, request: Request, inner: S) -> impl Future<Output = Response> + use<S> {
        if let Err(refusal) = ambiguity::check(&request) {
            // Whoever speaks unclearly is not listened to any further.
            let mut response = refusal.into_response();
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            return Either::Left(ready(response));
        }
        if let Err(refusal) = refuse(&self.gateway, self.side, &request) {
            return Either::Left(ready(refusal.into_response()));
        }
        // A bug of a handler: the client learns no more than that. (A panic in a turn of the engine ends the process.)
        let answer = AssertUnwindSafe(inner.oneshot(request)).catch_unwind();
        // Every change is one step that the engine has taken over by then, so a handler can be let go at any point.
        let patience = Duration::from_secs(u64::from(self.gateway.config().limits.handler_seconds));
        Either::Right(tokio::time::timeout(patience, answer).map(|answered| match answered {
            Ok(Ok(Ok(response))) => response,
            Ok(Err(_panic)) => ApiError::Internal.into_response(),
            Err(_elapsed) => ApiError::TimedOut.into_response(),
        }))
    }
}

/// What a path does behind its guard.
trait Inner: Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send {}

impl<S: Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send> Inner for S {}

/// Refuses at the door, having read nothing of what was sent: a refusal must cost next to nothing.
async fn turn_away(gateway: &Gateway, refusal: Refusal) -> Response {
    if !refusal.delay.is_zero() {
        let _kept_back = gateway.admission().keep_back();
        wait(refusal.delay).await;
    }
    let mut response = turned_away(refusal.retry_after_seconds);
    if refusal.closes {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

#[expect(
    clippy::disallowed_methods,
    reason = "it is a client that is made to wait, and nothing that the engine decides"
)]
async fn wait(delay: Duration) {
    tokio::time::sleep(delay).await;
}

fn refuse(gateway: &Gateway, side: Side, request: &Request) -> Result<(), ApiError> {
    let path = request.uri().path();
    if !side.has(path, gateway.config().metrics_listen().is_some()) {
        return Err(ApiError::NotFound("not_found"));
    }
    gateway.origins().check(request)?;
    if !path.starts_with("/v1/") {
        return Ok(());
    }
    gateway.engine()?;
    if accepts(request.headers(), feed::is_stream(path)) { Ok(()) } else { Err(ApiError::NotAcceptable) }
}

/// Whether the client takes what it would get: JSON, or of a stream the messages.
fn accepts(headers: &HeaderMap, is_stream: bool) -> bool {
    let mut ranges = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
    if ranges.peek().is_none() {
        return true;
    }
    let media = |range: &str| range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let fits = |range: &str| match media(range).as_str() {
        "*/*" | "application/*" | "application/json" | "application/problem+json" => true,
        "text/event-stream" | "text/*" => is_stream,
        _ => false,
    };
    ranges.flat_map(|value| value.split(',')).any(fits)
}
