//! What the totals were lately.

use serde_json::{Value, json};

use crate::objects::members;
use crate::people::Admin;
use crate::server::TestServer;

async fn history(admin: &Admin) -> Value {
    admin.get("/v1/admin/history").await.expect(200)
}

/// What the newest sample says of these members.
fn newest<const COUNT: usize>(history: &Value, members: [&str; COUNT]) -> [u64; COUNT] {
    let sample = history["samples"].as_array().and_then(|samples| samples.last()).expect("a sample");
    members.map(|member| sample[member].as_u64().expect("a number"))
}

const TOTALS: [&str; 6] = ["capacity", "available", "held", "booked", "waiting", "sessions"];
const TALLY: [&str; 3] = ["holds_confirmed", "holds_ended", "bookings_made"];

#[tokio::test]
async fn a_sample_every_five_seconds_tells_what_was_and_what_had_happened() {
    let mut server = TestServer::start().await;
    let admin = server.admin();
    let empty = json!({ "interval_seconds": 5, "samples": [], "server_time": "2026-11-22T10:00:00.000Z" });
    assert_eq!(history(&admin).await, empty);

    admin.put_on_sale("gala", 4).await;
    let (ann, bob, carl) = (server.login("ann").await, server.login("bob").await, server.login("carl").await);
    ann.hold("gala", json!({ "quantity": 3 })).await.expect_status(201);
    bob.hold("gala", json!({})).await.expect_status(201);
    carl.join("gala", json!({ "quantity": 2 })).await.expect_status(200);
    server.turn_wheels();
    let first = history(&admin).await;
    let order = "at capacity available held booked waiting sessions holds_confirmed holds_ended bookings_made";
    assert_eq!(members(&first["samples"][0]), order);
    assert_eq!(first["samples"][0]["at"], "2026-11-22T10:00:00.000Z");
    assert_eq!((newest(&first, TOTALS), newest(&first, TALLY)), ([4, 0, 4, 0, 1, 3], [0, 0, 0]));

    // One is paid for in part, one given back; another one, granted from the line, expires; and one books directly.
    bob.release("gala.2").await.expect_status(200);
    ann.send(crate::http::post("/v1/holds/gala.1/confirm", json!({ "quantity": 1 }))).await.expect_status(201);
    server.advance_ms(4_999);
    server.turn_wheels();
    assert_eq!(history(&admin).await["samples"], first["samples"], "it is not time yet");
    server.advance_ms(1);
    server.turn_wheels();
    let second = history(&admin).await;
    assert_eq!(second["samples"].as_array().map(Vec::len), Some(2));
    assert_eq!(newest(&second, TALLY), [1, 2, 1]);
    server.advance_seconds(600);
    server.turn_wheels();
    server.visitor().event_once("gala", |event| event["held"] == 0).await;
    ann.book("gala", json!({})).await.expect_status(201);
    server.advance_seconds(5);
    server.turn_wheels();
    let third = history(&admin).await;
    assert_eq!((newest(&third, TOTALS), newest(&third, TALLY)), ([4, 2, 0, 2, 0, 3], [1, 3, 2]));

    server.crash_and_start_again().await;
    assert_eq!(history(&admin).await["samples"], json!([]));
    server.turn_wheels();
    assert_eq!(newest(&history(&admin).await, TALLY), [0, 0, 0], "sums are since the start");
}

#[tokio::test]
async fn it_reaches_back_fifteen_minutes() {
    let server = TestServer::start().await;
    for _ in 0..200 {
        server.turn_wheels();
        server.advance_seconds(5);
    }
    let seen = history(&server.admin()).await;
    let samples = seen["samples"].as_array().expect("a list");
    assert_eq!(samples.len(), 181);
    let ends = [&samples[0]["at"], &samples[180]["at"]];
    assert_eq!(ends, ["2026-11-22T10:01:35.000Z", "2026-11-22T10:16:35.000Z"]);
}
