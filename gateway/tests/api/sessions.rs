//! Logging in, again, and out.

use serde_json::json;

use crate::http::post;
use crate::server::TestServer;

#[tokio::test]
async fn a_second_login_is_the_same_session_with_a_further_token() {
    let server = TestServer::start().await;
    server.admin().put_on_sale_for_logins("gala", 5).await;
    let ann = server.login("ann").await;
    server.advance_seconds(30);
    let again = server.visitor().send(post("/v1/sessions", json!({ "user": "ann" }))).await.expect(200);
    assert_eq!(again["session"]["login_seq"], ann.login_seq());
    assert_ne!(again["token"], ann.token.as_str());
    let outcome = &again["outcomes"][0];
    assert_eq!((&outcome["outcome"], &outcome["hold"]["id"]), (&json!("already_held"), &ann.outcome()["hold"]["id"]));
    assert_eq!(outcome["hold"]["expires_at"], ann.outcome()["hold"]["expires_at"]);
    assert_eq!(server.visitor().event("gala").await["held"], 1, "no second hold");
    // Both tokens open it.
    ann.mine().await;
}

#[tokio::test]
async fn a_login_without_intents_serves_what_begins_soonest_up_to_its_bound() {
    let server = TestServer::start_with(|config| config.sessions.max_auto_holds = 2).await;
    let admin = server.admin();
    for (id, starts_at) in
        [("late", "2026-12-03T20:00:00Z"), ("soon", "2026-12-01T20:00:00Z"), ("next", "2026-12-02T20:00:00Z")]
    {
        let event = json!({ "id": id, "name": id, "capacity": 5, "status": "on_sale", "starts_at": starts_at });
        admin.create(event).await;
    }
    let ann = server.login("ann").await;
    let outcomes = ann.login["outcomes"].as_array().unwrap();
    let events: Vec<_> = outcomes.iter().map(|outcome| outcome["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["soon", "next"]);
}

#[tokio::test]
async fn one_event_that_refuses_fails_nothing_else() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.put_on_sale("gala", 1).await;
    admin.create(json!({ "id": "ball", "name": "Ball", "capacity": 1, "status": "scheduled" })).await;
    let intents = json!([
        { "event": "ball" }, { "event": "nowhere" }, { "event": "gala", "quantity": 5 }, { "event": "gala", "quantity": 1 },
    ]);
    let login = post("/v1/sessions", json!({ "user": "ann", "intents": intents }));
    let answer = server.visitor().send(login).await.expect(201);
    let outcomes = answer["outcomes"].as_array().unwrap();
    let told: Vec<_> = outcomes.iter().map(|outcome| (outcome["outcome"].clone(), outcome["code"].clone())).collect();
    assert_eq!(
        told,
        [
            (json!("not_on_sale"), json!("not_on_sale")),
            (json!("not_on_sale"), json!("event_not_found")),
            (json!("limit_reached"), json!("limit_reached")),
            (json!("held"), json!(null)),
        ]
    );
}

#[tokio::test]
async fn logging_out_gives_back_holds_and_places_and_keeps_bookings() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.put_on_sale("gala", 1).await;
    admin.put_on_sale("ball", 2).await;
    let (ann, bob) = (server.login("ann").await, server.login("bob").await);
    ann.book("ball", json!({})).await.expect_status(201);
    ann.hold("ball", json!({})).await.expect_status(201);
    bob.hold("gala", json!({})).await.expect_status(201);
    ann.join("gala", json!({})).await.expect_status(200);
    ann.log_out().await.expect_status(204);
    ann.get("/v1/sessions/me").await.expect_refusal(410, "session_expired");
    assert_eq!(server.visitor().event("gala").await["waiting"], 0);
    let ball = server.visitor().event("ball").await;
    assert_eq!((&ball["held"], &ball["booked"]), (&json!(0), &json!(1)));
    // Logging in again is a new session, at the end of every line.
    let back = server.login("ann").await;
    assert_eq!(back.login_seq(), 3);
    assert_eq!(back.mine().await["bookings"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_session_without_a_request_ends_by_itself() {
    let server = TestServer::start_with(|config| config.sessions.idle_seconds = 100).await;
    server.admin().put_on_sale("gala", 1).await;
    let (ann, bob) = (server.login("ann").await, server.login("bob").await);
    ann.hold("gala", json!({})).await.expect_status(201);
    server.advance_seconds(60);
    bob.mine().await;
    server.advance_seconds(40);
    server.turn_wheels();
    server.visitor().event_once("gala", |event| event["available"] == 1).await;
    ann.get("/v1/sessions/me").await.expect_refusal(410, "session_expired");
    bob.mine().await;
    let trail = server.admin().changes().await;
    let ended = trail.iter().find(|change| change["kind"] == "session_ended").expect("an end");
    assert_eq!((&ended["user"], &ended["reason"]), (&json!("ann"), &json!("idle")));
}

#[tokio::test]
async fn a_session_ends_with_its_lifetime_however_busy_it_is() {
    let server = TestServer::start_with(|config| {
        config.sessions.idle_seconds = 100;
        config.sessions.lifetime_seconds = 150;
    })
    .await;
    let ann = server.login("ann").await;
    assert_eq!(ann.login["session"]["expires_at"], "2026-11-22T10:01:40.000Z", "the idle end comes first");
    server.advance_seconds(90);
    assert_eq!(ann.mine().await["session"]["expires_at"], "2026-11-22T10:02:30.000Z", "then that of the lifetime");
    server.advance_seconds(60);
    // Nobody has turned the wheels.
    ann.get("/v1/sessions/me").await.expect_refusal(410, "session_expired");
    let back = server.login("ann").await;
    assert_ne!(back.login["session"]["id"], ann.login["session"]["id"]);
    let trail = server.admin().changes().await;
    let ended = trail.iter().find(|change| change["kind"] == "session_ended").expect("an end");
    assert_eq!(ended["reason"], "lifetime");
}
