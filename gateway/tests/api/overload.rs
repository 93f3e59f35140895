//! More requests than the server takes at once: who is let in, who is not, and what the others are told.

use std::net::SocketAddr;

use holdfast::admission::{Class, UnderWay};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http::{get, post};
use crate::people::Buyer;
use crate::server::TestServer;

/// The most requests under way in these tests. The limit never falls below that.
const REQUESTS_MAX: u32 = 16;
/// Nine in ten of them may be holds.
const HOLDS_MAX: usize = 14;

async fn server() -> TestServer {
    let server = TestServer::start_with(|config| {
        config.overload.requests_max = REQUESTS_MAX;
        config.overload.retry_after_seconds = 7;
    })
    .await;
    server.admin().put_on_sale("gala", 100).await;
    server
}

/// A request to hold a ticket that is under way until the rest of its body is sent.
struct Unfinished(TcpStream);

const BODY: &str = "{\"quantity\":1}";

impl Unfinished {
    /// Begins it, and waits until the server has asked for the body: then it is under way, and not sooner.
    async fn begin(address: SocketAddr, buyer: &Buyer) -> Unfinished {
        let mut stream = TcpStream::connect(address).await.expect("a server that listens");
        let head = format!(
            "POST /v1/events/gala/holds HTTP/1.1\r\nhost: holdfast\r\nauthorization: Bearer {}\r\ncontent-type: \
             application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n",
            buyer.token,
            BODY.len()
        );
        stream.write_all(head.as_bytes()).await.expect("a server that reads");
        let mut go_on = [0; "HTTP/1.1 100 Continue\r\n\r\n".len()];
        stream.read_exact(&mut go_on).await.expect("an answer");
        assert!(go_on.starts_with(b"HTTP/1.1 100"), "{}", String::from_utf8_lossy(&go_on));
        Unfinished(stream)
    }

    /// Sends the body, and reads the answer.
    async fn finish(mut self) -> String {
        self.0.write_all(BODY.as_bytes()).await.expect("a server that reads");
        let mut answer = String::new();
        self.0.read_to_string(&mut answer).await.expect("an answer");
        answer
    }
}

/// Takes all places of holds, as so many requests to hold would that are under way.
fn fill(server: &TestServer) -> Vec<UnderWay<'_>> {
    let admission = server.gateway().admission();
    (0..HOLDS_MAX).map(|_| admission.enter(Class::Holds, 0, 0.0).expect("a place")).collect()
}

#[tokio::test]
async fn a_full_server_refuses_early_and_still_takes_confirmations() {
    let server = server().await;
    let (ann, admin, visitor) = (server.login_for_nothing("ann").await, server.admin(), server.visitor());
    let hold = ann.hold("gala", json!({})).await.expect(201);
    let hold = hold["id"].as_str().expect("an id");
    // The login comes before: then it is not let in any more.
    let bob = server.login_for_nothing("bob").await;
    let unfinished = fill(&server);
    let before = visitor.durable_seq().await;

    for request in [
        get("/v1/events/gala"),
        post("/v1/sessions", json!({ "user": "cid" })),
        post("/v1/events/gala/holds", json!({ "quantity": 1 })),
        post("/v1/events/gala/bookings", json!({})),
        post("/v1/events/gala/queue", json!({})),
    ] {
        let refused = bob.send(request).await;
        let problem = refused.expect_refusal(503, "overloaded");
        assert_eq!(problem["type"], "/docs/errors#overloaded");
        let retry_after: u32 = refused.header("retry-after").expect("a time").parse().expect("seconds");
        assert!((7..=14).contains(&retry_after), "{retry_after}");
        assert!(refused.header("x-request-id").is_some());
        assert_eq!(refused.header("cache-control"), Some("no-store"));
    }
    assert_eq!(visitor.durable_seq().await, before, "nothing was done");

    ann.confirm(hold).await.expect(201);
    let event = admin.event("gala").await;
    assert_eq!((&event["booked"], &event["held"]), (&json!(1), &json!(0)), "organisers see it too");
    visitor.get("/livez").await.expect(200);
    visitor.get("/metrics").await.expect_status(200);

    drop(unfinished);
    bob.hold("gala", json!({})).await.expect(201);
    assert_eq!(visitor.event("gala").await["held"], 1);
}

/// Clients who begin a request and do not end it have a connection each, and nobody else's place.
#[tokio::test]
async fn bodies_that_do_not_come_take_no_places() {
    let server = server().await;
    let (ann, visitor) = (server.login_for_nothing("ann").await, server.visitor());
    let mut unfinished = Vec::new();
    for _ in 0..2 * REQUESTS_MAX {
        unfinished.push(Unfinished::begin(server.address(), &ann).await);
    }
    assert_eq!(visitor.event("gala").await["held"], 0);
    let bob = server.login_for_nothing("bob").await;
    bob.hold("gala", json!({})).await.expect(201);
    for (number, hold) in unfinished.into_iter().enumerate().take(2) {
        let answer = hold.finish().await;
        let status = if number == 0 { "HTTP/1.1 201" } else { "HTTP/1.1 200" };
        assert!(answer.starts_with(status), "who was let in is served: {answer}");
    }
}

#[tokio::test]
async fn a_server_that_refuses_holds_for_seconds_is_not_ready() {
    let server = server().await;
    let (bob, visitor) = (server.login_for_nothing("bob").await, server.visitor());
    let unfinished = fill(&server);
    let refuse = async || bob.hold("gala", json!({})).await.expect_refusal(503, "overloaded");
    refuse().await;
    visitor.get("/readyz").await.expect(200);
    for _ in 0..10 {
        server.advance_ms(500);
        refuse().await;
    }
    visitor.get("/readyz").await.expect_refusal(503, "overloaded");
    drop(unfinished);
    server.advance_seconds(2);
    visitor.get("/readyz").await.expect(200);
}

#[tokio::test]
async fn a_refusal_at_the_door_reads_like_any_other_one() {
    let server = server().await;
    let bob = server.login_for_nothing("bob").await;
    let _unfinished = fill(&server);
    let refused = bob.hold("gala", json!({})).await;
    let problem = refused.expect_refusal(503, "overloaded");
    let names: Vec<&str> = problem.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(names, ["type", "title", "status", "detail", "code"]);
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.ends_with("nothing was done")), "{problem}");
}
