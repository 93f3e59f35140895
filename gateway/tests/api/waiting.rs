//! What a place in line tells of the wait.

use serde_json::{Value, json};

use crate::http::{get, post};
use crate::listener::Listener;
use crate::people::Buyer;
use crate::server::TestServer;

/// An event of one ticket, and so many in its line.
async fn line(server: &TestServer, waiting: usize) -> Vec<Buyer> {
    server.admin().put_on_sale("gala", 1).await;
    let mut buyers = Vec::new();
    for number in 0..=waiting {
        let buyer = server.login(&format!("u{number}")).await;
        buyer.hold("gala", json!({ "wait": true })).await;
        buyers.push(buyer);
    }
    buyers
}

/// The first so many give back what they have, each after twenty seconds.
async fn give_back(server: &TestServer, buyers: &[Buyer], first: usize) {
    for (number, buyer) in buyers.iter().enumerate().skip(first) {
        server.advance_seconds(20);
        buyer.release(&format!("gala.{}", number + 1)).await.expect_status(200);
    }
}

async fn wait_of(buyer: &Buyer) -> (Value, Value) {
    let place = buyer.place("gala").await.expect(200);
    (place["eta_seconds"].clone(), place["wait_ends_by"].clone())
}

#[tokio::test]
async fn a_wait_is_estimated_once_the_line_has_moved() {
    let server = TestServer::start().await;
    let buyers = line(&server, 20).await;
    assert_eq!(wait_of(&buyers[1]).await, (Value::Null, json!("2026-11-22T10:30:00.000Z")));
    give_back(&server, &buyers[..10], 0).await;
    let (estimate, ends_by) = wait_of(&buyers[15]).await;
    assert_eq!(estimate, json!({ "low": 15, "high": 210 }));
    assert_eq!(ends_by, "2026-11-22T12:33:20.000Z", "the hold of now and four more, half an hour each");
    server.admin().set_status("gala", "paused").await.expect_status(200);
    assert_eq!(wait_of(&buyers[15]).await, (Value::Null, Value::Null));
}

#[tokio::test]
async fn after_a_restart_the_bound_is_there_and_the_line_is_measured_anew() {
    let mut server = TestServer::start().await;
    let buyers = line(&server, 20).await;
    give_back(&server, &buyers[..10], 0).await;
    let (estimate, ends_by) = wait_of(&buyers[15]).await;
    assert_ne!(estimate, Value::Null);
    server.crash_and_start_again().await;
    assert_eq!(wait_of(&buyers[15]).await, (Value::Null, ends_by));
    give_back(&server, &buyers[..15], 10).await;
    assert_ne!(wait_of(&buyers[18]).await.0, Value::Null);
}

#[tokio::test]
async fn a_repeat_tells_of_the_wait_what_the_first_answer_told() {
    let mut server = TestServer::start().await;
    let buyers = line(&server, 10).await;
    give_back(&server, &buyers[..7], 0).await;
    let ann = server.login("ann").await;
    let join = post("/v1/events/gala/queue", json!({})).with("idempotency-key", "k1");
    let first = ann.send(join.clone()).await;
    assert_ne!(first.expect(200)["eta_seconds"], Value::Null);
    assert_ne!(first.expect(200)["wait_ends_by"], Value::Null);
    server.advance_seconds(60);
    assert_eq!(ann.send(join.clone()).await.text, first.text);
    server.crash_and_start_again().await;
    assert_eq!(ann.send(join).await.text, first.text);
}

#[tokio::test]
async fn a_stream_tells_no_place_again_for_the_sake_of_its_wait() {
    let server = TestServer::start().await;
    let buyers = line(&server, 3).await;
    let ann = server.login("ann").await;
    ann.join("gala", json!({})).await.expect_status(200);
    let own = get("/v1/stream").with("authorization", format!("Bearer {}", ann.token));
    let mut stream = Listener::open(server.connection(), own).await;
    let present = stream.read_until(|message| message.event == "queue").await;
    let told = present.last().unwrap().data.clone();
    assert_eq!(told["wait_ends_by"], "2026-11-22T12:00:00.000Z");
    // The pause takes the bound away, and the resume puts it a minute later: both look at all that is hers.
    for status in ["paused", "on_sale"] {
        server.admin().set_status("gala", status).await.expect_status(200);
        server.advance_seconds(60);
    }
    buyers[3].leave("gala").await.expect_status(204);
    ann.leave("gala").await.expect_status(204);
    let next = stream.read_until(|message| message.event == "queue").await;
    assert_eq!(next.last().unwrap().data["state"], "left", "{told}");
    assert_eq!(next.last().unwrap().data["wait_ends_by"], Value::Null);
}
