//! Probes: what `/readyz` says in which state, while `/livez` says that the process answers.
//!
//! A disk that is slow is in [`crate::service_manager`], one that is full in the crash tests, an overload that lasts in
//! [`crate::overload`].

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use holdfast::config::Config;
use holdfast::gateway::Gateway;
use holdfast::layers;
use holdfast::listener::Side;
use holdfast::login::Login;
use holdfast::metrics::Exposition;
use holdfast_engine::clock::{Clock, ManualClock};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use crate::server::{BEGIN_MS, TestServer};

/// The answer of a server without an engine.
async fn before_recovery(path: &str) -> (u16, Value) {
    let config = Config::default();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(BEGIN_MS));
    let login = Login::start(&config).expect("open mode");
    let exposition = Exposition::new(None, 0);
    let gateway = Arc::new(Gateway::new(config, login, None, None, &clock, exposition));
    let peer = ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 9)));
    let request = Request::get(path).header("host", "holdfast").extension(peer).body(Body::empty()).expect("a request");
    let Ok(answer) = layers::service(gateway, Side::Both).oneshot(request).await;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    (status, serde_json::from_slice(&body).expect("JSON"))
}

#[tokio::test]
async fn a_server_that_recovers_says_so_and_lives() {
    for path in ["/readyz", "/v1/events", "/v1/sessions/me"] {
        let (status, problem) = before_recovery(path).await;
        assert_eq!((status, problem["code"].as_str()), (503, Some("recovering")), "{path}");
    }
    assert_eq!(before_recovery("/livez").await.0, 200);
}

#[tokio::test]
async fn a_server_that_has_begun_to_stop_says_so_and_still_serves() {
    let server = TestServer::start().await;
    let visitor = server.visitor();
    visitor.get("/readyz").await.expect(200);
    server.gateway().begin_stop();
    visitor.get("/readyz").await.expect_refusal(503, "shutting_down");
    visitor.get("/livez").await.expect(200);
    visitor.get("/v1/events").await.expect(200);
}
