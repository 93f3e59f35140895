//! A server in the process of the test.

use std::net::SocketAddr;
use std::sync::Arc;

use holdfast::config::Config;
use holdfast::server::{Server, Surroundings};
use holdfast_benches::program::ADMIN_TOKEN;
use holdfast_engine::clock::SystemClock;
use holdfast_engine::engine::Wheels;
use metrics_exporter_prometheus::PrometheusBuilder;

/// Starts it on a port that the system chooses.
pub async fn start(data: &tempfile::TempDir) -> Server {
    let mut config = Config::default();
    config.server.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    config.server.data = data.path().join("data");
    config.limits.enabled = false;
    config.metrics.listen = String::new();
    let surroundings = Surroundings {
        clock: Arc::new(SystemClock::start()),
        wheels: Wheels::ByThread,
        metrics: Some(PrometheusBuilder::new().build_recorder().handle()),
        admin_token: Some(ADMIN_TOKEN.to_owned()),
    };
    Server::start(config, surroundings).await.expect("a server that starts")
}
