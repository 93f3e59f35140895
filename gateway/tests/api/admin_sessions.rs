//! Who is logged in, as organisers see it, and how they end it.

use serde_json::{Value, json};

use crate::http::delete;
use crate::objects::{SESSION, members};
use crate::people::Admin;
use crate::server::TestServer;
use crate::table::{Cast, rows};

async fn sessions(admin: &Admin, query: &str) -> Vec<Value> {
    admin.get(&format!("/v1/admin/sessions{query}")).await.expect(200)["items"].as_array().expect("a list").clone()
}

fn users(sessions: &[Value]) -> Vec<&str> {
    sessions.iter().map(|session| session["user"].as_str().expect("a name")).collect()
}

#[tokio::test]
async fn a_session_is_listed_with_what_its_user_has() {
    let server = TestServer::start().await;
    let admin = server.admin();
    for event in ["gala", "ball"] {
        admin.put_on_sale(event, 9).await;
    }
    let ann = server.login("ann").await;
    server.login("bob").await;
    server.advance_seconds(60);
    ann.hold("gala", json!({ "quantity": 2 })).await.expect(201);
    ann.hold("ball", json!({})).await.expect(201);
    ann.release("ball.1").await.expect(200);
    ann.book("ball", json!({})).await.expect(201);
    ann.book("ball", json!({})).await.expect(201);
    ann.delete("/v1/bookings/ball.2").await.expect(200);

    let all = sessions(&admin, "").await;
    assert_eq!(members(&all[0]), format!("{SESSION} holds bookings"));
    let whole = json!({
        "id": "1", "user": "ann", "class": "standard", "logged_in_at": "2026-11-22T10:00:00.000Z", "login_seq": 1,
        "last_seen_at": "2026-11-22T10:01:00.000Z", "expires_at": all[0]["expires_at"], "holds": 1, "bookings": 1,
    });
    assert_eq!(all[0], whole);
    assert_eq!(all[0]["expires_at"], ann.mine().await["session"]["expires_at"]);
    assert_eq!((users(&all), &all[1]["holds"], &all[1]["bookings"]), (vec!["ann", "bob"], &json!(0), &json!(0)));
    assert_eq!(users(&sessions(&admin, "?user=bob").await), ["bob"]);
    assert!(sessions(&admin, "?user=nobody-of-that-name").await.is_empty());

    server.advance_seconds(600);
    assert_eq!(
        sessions(&admin, "?user=ann").await[0]["holds"],
        0,
        "what is due is live no more, before any wheel turns"
    );
}

#[tokio::test]
async fn pages_of_sessions_have_neither_gap_nor_double() {
    let server = TestServer::start().await;
    let admin = server.admin();
    let mut buyers = Vec::new();
    for number in 0..5 {
        buyers.push(server.login(&format!("user-{number}")).await);
    }
    let first = admin.get("/v1/admin/sessions?limit=2").await.expect(200);
    assert_eq!(first["next_cursor"], "2");
    for gone in [&buyers[1], &buyers[2]] {
        gone.log_out().await.expect_status(204);
    }
    let second = admin.get("/v1/admin/sessions?limit=2&cursor=2").await.expect(200);
    assert_eq!(users(second["items"].as_array().unwrap()), ["user-3", "user-4"]);
    assert_eq!(second["next_cursor"], json!(null));
    assert!(sessions(&admin, "?cursor=18446744073709551615").await.is_empty());
}

#[tokio::test]
async fn a_session_whose_time_is_over_is_not_listed_though_the_wheel_is_late() {
    let server = TestServer::start_with(|config| config.sessions.idle_seconds = 60).await;
    let admin = server.admin();
    server.login("ann").await;
    server.advance_seconds(60);
    assert!(sessions(&admin, "").await.is_empty());
}

#[tokio::test]
async fn an_organiser_ends_a_session_and_all_it_has_comes_free() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.put_on_sale("gala", 1).await;
    let (ann, bob) = (server.login("ann").await, server.login("bob").await);
    ann.hold("gala", json!({})).await.expect(201);
    bob.join("gala", json!({})).await.expect(200);

    let ended = admin.send(delete("/v1/admin/sessions/1").json(json!({ "reason": "a bot" }).to_string())).await;
    ended.expect_status(204);
    assert_eq!(ended.text, "");
    ann.get("/v1/sessions/me").await.expect_refusal(410, "session_expired");
    assert_eq!(bob.mine().await["holds"][0]["ticket_type"], "general", "what came free went to the line");
    assert_eq!(users(&sessions(&admin, "").await), ["bob"]);

    let trail = admin.changes().await;
    let newest = trail.last().expect("a change")["seq"].to_string();
    assert_eq!(ended.header("holdfast-seq"), Some(newest.as_str()), "that of the last change it came to");
    let change = |kind: &str| trail.iter().rev().find(|change| change["kind"] == kind).expect("such a change");
    let end = change("session_ended");
    assert_eq!((&end["user"], &end["by"], &end["reason"]), (&json!("ann"), &json!("admin:admin"), &json!("admin")));
    let act = change("admin_acted");
    assert_eq!((&act["act"]["action"], &act["session"]), (&json!("end_session"), &json!("1")));
    assert_eq!(act["reason"], "a bot");
    admin.send(delete("/v1/admin/sessions/1")).await.expect_refusal(404, "session_not_found");
}

#[tokio::test]
async fn what_is_no_session_cannot_be_ended() {
    let server = TestServer::start().await;
    server.login("ann").await;
    let cast = Cast::of(&server);
    let table = r#"
        admin  DELETE /v1/admin/sessions/2                          → 404 session_not_found
        admin  DELETE /v1/admin/sessions/0                          → 404 session_not_found
        admin  DELETE /v1/admin/sessions/01                         → 404 session_not_found
        admin  DELETE /v1/admin/sessions/+1                         → 404 session_not_found
        admin  DELETE /v1/admin/sessions/ann                        → 404 session_not_found
        admin  DELETE /v1/admin/sessions/99999999999999999999       → 404 session_not_found
        admin  DELETE /v1/admin/sessions/1 {"why":"a bot"}          → 400 malformed_request
        admin  GET    /v1/admin/sessions?limit=201                  → 422 validation_failed
        admin  GET    /v1/admin/sessions?state=live                 → 400 malformed_request
        nobody GET    /v1/admin/sessions                            → 401 unauthenticated
        nobody DELETE /v1/admin/sessions/1                          → 401 unauthenticated
    "#;
    for row in rows(table) {
        cast.play(&row).await;
    }
    assert_eq!(sessions(&server.admin(), "").await.len(), 1);
}
