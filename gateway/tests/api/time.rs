//! What the passing of time does, and what a late wheel does not.

use serde_json::json;

use crate::http::post;
use crate::server::TestServer;

#[tokio::test]
async fn a_late_wheel_makes_no_expired_hold_confirmable() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 1).await;
    let (ann, bob) = (server.login("ann").await, server.login("bob").await);
    ann.hold("gala", json!({})).await.expect_status(201);
    bob.join("gala", json!({})).await.expect_status(200);
    server.advance_seconds(600);
    // Nobody has turned the wheels.
    let refusal = ann.confirm("gala.1").await.expect_refusal(410, "hold_expired");
    assert_eq!(refusal["expired_at"], "2026-11-22T10:10:00.000Z");
    assert_eq!(bob.mine().await["holds"][0]["state"], "held");
    ann.extend("gala.1").await.expect_refusal(410, "hold_expired");
    assert_eq!(ann.release("gala.1").await.expect(200)["state"], "expired");
}

#[tokio::test]
async fn an_expired_hold_whose_tickets_nobody_wants_is_rescued() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 1).await;
    let ann = server.login("ann").await;
    ann.hold("gala", json!({})).await.expect_status(201);
    server.advance_seconds(601);
    assert_eq!(ann.confirm("gala.1").await.expect(201)["rescued"], true);
}

#[tokio::test]
async fn the_wheel_gives_tickets_back_without_anybody_asking() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 1).await;
    let ann = server.login("ann").await;
    ann.hold("gala", json!({})).await.expect_status(201);
    server.advance_ms(599_999);
    server.turn_wheels();
    assert_eq!(ann.mine().await["holds"][0]["expires_in_ms"], 1);
    server.advance_ms(1);
    server.turn_wheels();
    server.visitor().event_once("gala", |event| event["available"] == 1).await;
    let trail = server.admin().changes_of("gala").await;
    let expired = trail.last().unwrap();
    assert_eq!((&expired["kind"], &expired["by"]), (&json!("hold_expired"), &json!("system")));
}

#[tokio::test]
async fn a_pause_stops_the_clocks() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.put_on_sale("gala", 2).await;
    let (ann, bob) = (server.login("ann").await, server.login("bob").await);
    ann.hold("gala", json!({})).await.expect_status(201);
    server.advance_seconds(100);
    admin.set_status("gala", "paused").await.expect_status(200);
    server.advance_seconds(10_000);
    server.turn_wheels();
    assert_eq!(ann.mine().await["holds"][0]["expires_in_ms"], 500_000);
    bob.hold("gala", json!({})).await.expect_refusal(409, "sale_paused");
    assert_eq!(bob.join("gala", json!({})).await.expect(200)["position"], 1);
    admin.set_status("gala", "on_sale").await.expect_status(200);
    assert_eq!(bob.mine().await["holds"][0]["source"], "queue");
    let hold = ann.mine().await["holds"][0].clone();
    assert_eq!((&hold["expires_in_ms"], &hold["expires_at"]), (&json!(500_000), &json!("2026-11-22T12:56:40.000Z")));
}

#[tokio::test]
async fn a_scheduled_event_opens_its_lobby_in_order_and_closes_at_its_times() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin
        .create(json!({
            "id": "gala", "name": "Gala", "capacity": 1, "status": "scheduled", "lobby": true,
            "opens_at": "2026-11-22T10:01:00.000Z", "closes_at": "2026-11-22T10:02:00.000Z",
        }))
        .await;
    let (ann, bob) = (server.login("ann").await, server.login("bob").await);
    let refusal = ann.hold("gala", json!({})).await.expect_refusal(409, "not_on_sale");
    assert_eq!(refusal["opens_at"], "2026-11-22T10:01:00.000Z");
    ann.join("gala", json!({})).await.expect_status(200);
    bob.join("gala", json!({})).await.expect_status(200);

    server.advance_seconds(60);
    server.turn_wheels();
    server.visitor().event_once("gala", |event| event["status"] == "on_sale").await;
    assert_eq!(ann.mine().await["holds"][0]["state"], "held");
    assert_eq!(bob.place("gala").await.expect(200)["position"], 1);

    server.advance_seconds(60);
    server.turn_wheels();
    server.visitor().event_once("gala", |event| event["status"] == "closed" && event["waiting"] == 0).await;
    ann.confirm("gala.1").await.expect_status(201);
    bob.hold("gala", json!({})).await.expect_refusal(409, "sale_closed");
}

/// Ann's hold of all there is is due, and bob waits for more; in 50 seconds their sessions are over.
async fn server_with_a_hold_that_is_due() -> TestServer {
    let server = TestServer::start_with(|config| config.sessions.idle_seconds = 700).await;
    server.admin().put_on_sale("gala", 2).await;
    let (ann, bob) = (server.login("ann").await, server.login("bob").await);
    ann.hold("gala", json!({ "quantity": 2 })).await.expect_status(201);
    bob.join("gala", json!({ "quantity": 4 })).await.expect_status(200);
    server.advance_seconds(650);
    server
}

#[tokio::test]
async fn cleanup_counts_and_does_what_the_wheels_would() {
    let server = server_with_a_hold_that_is_due().await;
    let admin = server.admin();
    let due = json!({ "expired_holds": 1, "ended_sessions": 0, "dropped_queue_entries": 0 });
    assert_eq!(admin.cleanup(json!({ "dry_run": true })).await, due);
    assert_eq!(admin.cleanup(json!({})).await, due);
    server.advance_seconds(50);
    let ended = admin.cleanup(json!({})).await;
    assert_eq!(ended, json!({ "expired_holds": 0, "ended_sessions": 2, "dropped_queue_entries": 1 }));
}

#[tokio::test]
async fn a_cleanup_tells_each_one_when_asked_to() {
    let server = server_with_a_hold_that_is_due().await;
    let admin = server.admin();
    let due = json!({
        "expired_holds": 1, "ended_sessions": 0, "dropped_queue_entries": 0,
        "holds": [{
            "id": "gala.1", "event": "gala", "ticket_type": "general", "quantity": 2, "user": "ann", "session": "1",
        }],
        "sessions": [], "queue_entries": [],
    });
    assert_eq!(admin.cleanup(json!({ "verbose": true, "dry_run": true })).await, due);
    assert_eq!(admin.cleanup(json!({ "verbose": true })).await, due);
    server.advance_seconds(50);
    let sessions = json!([{ "id": "1", "user": "ann" }, { "id": "2", "user": "bob" }]);
    assert_eq!(admin.cleanup(json!({ "verbose": true, "dry_run": true })).await["sessions"], sessions);
    let ended = admin.cleanup(json!({ "verbose": true })).await;
    let place = json!({ "event": "gala", "ticket_type": "general", "quantity": 4, "user": "bob", "session": "2" });
    assert_eq!((&ended["sessions"], &ended["queue_entries"]), (&sessions, &json!([place])));
    assert_eq!((&ended["holds"], &ended["ended_sessions"]), (&json!([]), &json!(2)));
    let nothing = admin.cleanup(json!({ "verbose": true })).await;
    assert_eq!(nothing["sessions"], json!([]), "what an earlier cleanup did is told by that one");
}

#[tokio::test]
async fn who_lets_holds_expire_waits_and_is_told_for_how_long() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 3).await;
    let ann = server.login("ann").await;
    for number in 1..=3 {
        ann.hold("gala", json!({})).await.expect_status(201);
        server.advance_seconds(600);
        server.turn_wheels();
        ann.release(&format!("gala.{number}")).await.expect_status(200);
    }
    server.advance_ms(1_500);
    let refusal = ann.hold("gala", json!({})).await;
    refusal.expect_refusal(429, "rate_limited");
    assert_eq!(refusal.header("retry-after"), Some("599"), "598.5 seconds, rounded up");
    ann.hold("gala", json!({ "wait": true })).await.expect_refusal(429, "rate_limited");
    ann.join("gala", json!({})).await.expect_refusal(429, "rate_limited");
    let login = post("/v1/sessions", json!({ "user": "ann", "intents": [{ "event": "gala" }] }));
    let outcome = server.visitor().send(login).await.expect(200)["outcomes"][0].clone();
    assert_eq!((&outcome["outcome"], &outcome["code"]), (&json!("limit_reached"), &json!("rate_limited")));
    // Who pays is welcome.
    ann.book("gala", json!({})).await.expect_status(201);
    server.advance_ms(598_500);
    ann.hold("gala", json!({})).await.expect_status(201);
}
