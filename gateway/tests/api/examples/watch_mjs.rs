//! `watch.mjs`: the figures by EventSource, and everything over the WebSocket.

use serde_json::json;

use super::{example, node};
use crate::program::Program;
use crate::relay::Relay;
use crate::server::TestServer;

fn watch(way: &str, relay: &Relay, variables: &[(&str, &str)]) -> Program {
    let mut command = node(&example("watch.mjs"));
    Program::start(command.args([way, &relay.url(), "gala"]).envs(variables.iter().copied()))
}

#[tokio::test]
async fn the_figures_are_told_also_after_a_cut_and_a_crash() {
    let mut server = TestServer::start().await;
    server.admin().put_on_sale("gala", 4).await;
    let relay = Relay::to(server.server_address()).await;
    let mut watching = watch("stream", &relay, &[]);
    watching.line_with("gala: 4 available, 0 held, 0 booked, 0 waiting").await;
    let ann = server.login("ann").await;
    ann.hold("gala", json!({ "quantity": 2 })).await.expect_status(201);
    watching.line_with("gala: 2 available, 2 held, 0 booked, 0 waiting").await;
    relay.cut();
    server.crash_and_start_again().await;
    ann.confirm("gala.1").await.expect_status(201);
    relay.mend();
    watching.line_with("gala: 2 available, 0 held, 2 booked, 0 waiting").await;
}

#[tokio::test]
async fn a_stream_that_is_refused_for_now_is_asked_for_again() {
    let server = TestServer::start_with(|config| config.limits.streams_max = 1).await;
    server.admin().put_on_sale("gala", 4).await;
    let relay = Relay::to(server.server_address()).await;
    let mut first = watch("stream", &relay, &[]);
    first.line_with("gala: 4 available").await;
    let mut second = watch("stream", &relay, &[]);
    relay.passed_on(503, 1).await;
    drop(first);
    second.line_with("gala: 4 available").await;
}

#[tokio::test]
async fn a_socket_tells_what_was_missed() {
    let mut server = TestServer::start().await;
    server.admin().put_on_sale("gala", 4).await;
    let relay = Relay::to(server.server_address()).await;
    let ann = server.login("ann").await;
    let mut watching = watch("socket", &relay, &[("HOLDFAST_TOKEN", &ann.token)]);
    watching.line_with("all there is").await;
    ann.hold("gala", json!({})).await.expect_status(201);
    watching.line_with("hold gala.1 held").await;
    relay.cut();
    server.crash_and_start_again().await;
    ann.confirm("gala.1").await.expect_status(201);
    ann.book("gala", json!({})).await.expect_status(201);
    relay.mend();
    let lines = watching.lines_until("booking gala.2 booked").await;
    let told = |words: &str| lines.iter().filter(|line| line.ends_with(words)).count();
    assert_eq!((told("hold gala.1 confirmed"), told("booking gala.1 booked")), (1, 1), "{lines:#?}");
    assert_eq!(
        (told("hold gala.1 held"), told("all there is")),
        (0, 0),
        "what was settled is not told again: {lines:#?}"
    );
    ann.log_out().await.expect_status(204);
    assert_eq!(watching.end_well().await.pop().as_deref(), Some("4410 session_expired"));
}
