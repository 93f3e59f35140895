//! The whole gateway over a real engine in this process, without sockets.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{Method, Request};
use holdfast::config::Config;
use holdfast::gateway::Gateway;
use holdfast::layers;
use holdfast::listener::Side;
use holdfast::login::Login;
use holdfast::metrics::Exposition;
use holdfast::tokens::Tokens;
use holdfast_benches::stage::START_MS;
use holdfast_engine::clock::{Clock, ManualClock};
use holdfast_engine::engine::{Engine, Wheels};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

const ADMIN_TOKEN: &str = "an-admin-token-for-a-bench";

/// A gateway whose clock stands, so that nothing happens by itself. Its data goes with it.
pub struct House {
    service: Router,
    gateway: Arc<Gateway>,
    _data: tempfile::TempDir,
}

impl House {
    /// Opens it, with the event `hot` on sale, of which each user may have any number of tickets.
    pub async fn open() -> House {
        let data = tempfile::tempdir().expect("a temporary directory");
        let mut config = Config::default();
        // All requests come from one address.
        config.limits.enabled = false;
        config.snapshot.on_stop = false;
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(START_MS));
        let login = Login::start(&config).expect("logins are open");
        let exposition = Exposition::new(None, config.metrics.events_max);
        let gateway = Arc::new(Gateway::new(config.clone(), login, None, None, &clock, exposition));
        let engine = Engine::open(config.engine(), data.path(), clock, Wheels::ByHand).expect("a new engine");
        let (tokens, _) = Tokens::open(Some(ADMIN_TOKEN), data.path()).expect("a legal admin token");
        gateway.serve(engine, tokens);
        let house = House { service: layers::service(Arc::clone(&gateway), Side::Both), gateway, _data: data };
        let event = json!({
            "id": "hot", "name": "Hot", "status": "on_sale", "capacity": 100_000_000, "auto_hold": 0,
            "max_per_user": 1_000_000,
        });
        house.ask(Method::POST, "/v1/admin/events", Some(ADMIN_TOKEN), &event.to_string()).await;
        house
    }

    /// Logs a user in, and returns the token.
    pub async fn log_in(&self, user: &str) -> String {
        let login = json!({ "user": user, "intents": [] }).to_string();
        let answer = self.ask(Method::POST, "/v1/sessions", None, &login).await;
        answer["token"].as_str().expect("a token").to_owned()
    }

    /// Many operations in one call, by the sale's own back end. Returns the answer unread.
    pub async fn send_batch(&self, body: &str) -> Bytes {
        self.send(Method::POST, "/v1/batch", Some(ADMIN_TOKEN), body).await
    }

    /// Asks, and returns the answer, which must be a success.
    pub async fn ask(&self, method: Method, path: &str, token: Option<&str>, body: &str) -> Value {
        let answer = self.send(method, path, token, body).await;
        serde_json::from_slice(&answer).expect("an answer is JSON")
    }

    /// The same without reading what was answered.
    pub async fn send(&self, method: Method, path: &str, token: Option<&str>, body: &str) -> Bytes {
        let mut request = Request::builder().method(method).uri(path).header("host", "holdfast.example");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if !body.is_empty() {
            request = request.header("content-type", "application/json").header("content-length", body.len());
        }
        let mut request = request.body(Body::from(body.to_owned())).expect("a legal request");
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 4_711))));
        let Ok(response) = self.service.clone().oneshot(request).await;
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("a whole answer").to_bytes();
        assert!(head.status.is_success(), "{}: {}", head.status, String::from_utf8_lossy(&body));
        body
    }

    /// Stops the engine.
    pub async fn close(self) {
        self.gateway.engine().expect("the engine is there").shutdown().await;
    }
}
