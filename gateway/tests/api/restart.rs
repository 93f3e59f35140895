//! What is there after a stop, wanted or not.

use serde_json::{Value, json};

use crate::http::{delete, post};
use crate::people::Buyer;
use crate::server::TestServer;

/// What everybody has, without the time of the answer.
async fn belongings(buyers: &[&Buyer]) -> Vec<Value> {
    let mut all = Vec::new();
    for buyer in buyers {
        let mut mine = buyer.mine().await;
        mine["server_time"] = Value::Null;
        mine["session"]["last_seen_at"] = Value::Null;
        mine["session"]["expires_at"] = Value::Null;
        for list in ["holds", "bookings", "queue"] {
            mine[list].as_array_mut().unwrap().iter_mut().for_each(|item| item["server_time"] = Value::Null);
        }
        all.push(mine);
    }
    all
}

/// A sale in full swing: a hold, an extended one, a booking, a cancelled one, two in line, one logged out.
async fn sale(server: &TestServer) -> [Buyer; 5] {
    server.admin().put_on_sale("gala", 6).await;
    let mut buyers = Vec::new();
    for name in ["ann", "bob", "cay", "dan", "eve", "fay"] {
        buyers.push(server.login(name).await);
    }
    let [ann, bob, cay, dan, eve, fay] = buyers.try_into().ok().expect("six buyers");
    ann.hold("gala", json!({ "quantity": 2 })).await.expect_status(201);
    fay.hold("gala", json!({ "quantity": 1 })).await.expect_status(201);
    let hold = bob.hold("gala", json!({})).await.expect(201);
    server.advance_seconds(7);
    bob.extend(hold["id"].as_str().unwrap()).await.expect_status(200);
    let booking = cay.book("gala", json!({ "quantity": 2 })).await.expect(201);
    dan.join("gala", json!({ "quantity": 2 })).await.expect_status(200);
    eve.join("gala", json!({})).await.expect_status(200);
    cay.delete(&format!("/v1/bookings/{}", booking["id"].as_str().unwrap())).await.expect_status(200);
    cay.join("gala", json!({})).await.expect_status(200);
    fay.log_out().await.expect_status(204);
    [ann, bob, cay, dan, eve]
}

#[tokio::test]
async fn after_a_crash_everything_is_as_it_was() {
    let mut server = TestServer::start().await;
    let buyers = sale(&server).await;
    let buyers: Vec<&Buyer> = buyers.iter().collect();
    let before = (belongings(&buyers).await, server.visitor().durable_seq().await);
    server.crash_and_start_again().await;
    let after = (belongings(&buyers).await, server.visitor().durable_seq().await);
    assert_eq!(before, after);
}

#[tokio::test]
async fn after_a_snapshot_a_clean_stop_and_a_crash_everything_is_as_it_was() {
    let mut server = TestServer::start().await;
    let buyers = sale(&server).await;
    let buyers: Vec<&Buyer> = buyers.iter().collect();
    let snapshot = server.admin().snapshot().await;
    assert!(server.data().join(snapshot["file"].as_str().unwrap()).exists());
    // Records after the snapshot: recovery needs both.
    buyers[0].release("gala.1").await.expect_status(200);
    let before = belongings(&buyers).await;
    server.crash_and_start_again().await;
    assert_eq!(before, belongings(&buyers).await);
    server.stop_and_start_again().await;
    assert_eq!(before, belongings(&buyers).await);
    server.crash_and_start_again().await;
    assert_eq!(before, belongings(&buyers).await);
}

#[tokio::test]
async fn live_holds_get_back_the_time_the_server_was_down() {
    let mut server = TestServer::start().await;
    server.admin().put_on_sale("gala", 1).await;
    let ann = server.login("ann").await;
    ann.hold("gala", json!({})).await.expect_status(201);
    server.crash_and_start_again_after(100).await;
    let hold = ann.mine().await["holds"][0].clone();
    assert_eq!((&hold["expires_in_ms"], &hold["expires_at"]), (&json!(600_000), &json!("2026-11-22T10:11:40.000Z")));
    let kinds: Vec<_> = server.admin().changes_of("gala").await;
    assert_eq!(kinds.last().unwrap()["kind"], "clocks_shifted");
}

#[tokio::test]
async fn no_more_than_ten_minutes_of_downtime_are_given_back() {
    let mut server = TestServer::start().await;
    server.admin().put_on_sale("gala", 1).await;
    let ann = server.login("ann").await;
    ann.hold("gala", json!({})).await.expect_status(201);
    server.crash_and_start_again_after(1_000).await;
    assert_eq!(ann.mine().await["holds"][0]["expires_in_ms"], 200_000);
}

#[tokio::test]
async fn a_key_is_remembered_over_a_crash() {
    let mut server = TestServer::start().await;
    server.admin().put_on_sale("gala", 2).await;
    let ann = server.login("ann").await;
    let book = post("/v1/events/gala/bookings", json!({})).with("idempotency-key", "once");
    let first = ann.send(book.clone()).await;
    server.crash_and_start_again().await;
    let again = ann.send(book).await;
    assert_eq!((first.status, &first.text), (again.status, &again.text));
    assert_eq!(first.header("holdfast-seq"), again.header("holdfast-seq"));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(server.visitor().event("gala").await["booked"], 1);
}

#[tokio::test]
async fn a_removed_event_stays_removed_and_is_named_in_the_audit_trail() {
    let mut server = TestServer::start().await;
    let admin = server.admin();
    admin.create(json!({ "id": "gala", "name": "Gala", "capacity": 1 })).await;
    admin.send(delete("/v1/admin/events/gala")).await.expect_status(204);
    admin.snapshot().await;
    server.crash_and_start_again().await;
    admin.get("/v1/admin/events/gala").await.expect_refusal(404, "event_not_found");
    let kinds: Vec<_> = admin.changes_of("gala").await.iter().map(|change| change["kind"].clone()).collect();
    assert_eq!(kinds, ["event_created", "admin_acted", "event_deleted", "admin_acted"]);
}

#[tokio::test]
async fn an_engine_that_stops_refuses_and_says_when_to_come_back() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 1).await;
    let ann = server.login("ann").await;
    server.shut_engine_down().await;
    let refusal = ann.hold("gala", json!({})).await;
    refusal.expect_refusal(503, "shutting_down");
    assert!(refusal.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    server.visitor().get("/readyz").await.expect_refusal(503, "shutting_down");
    server.visitor().get("/livez").await.expect_status(200);
}
