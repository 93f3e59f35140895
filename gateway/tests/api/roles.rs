//! Who may do what on the admin API: every route, asked by everybody.

use serde_json::json;

use crate::http::{get, post};
use crate::server::TestServer;
use crate::table::{Cast, rows};

/// What each route answers an operator, in an order in which each finds what it needs.
const OPERATOR: &str = r#"
    POST   /v1/admin/events                    {"id":"ball","name":"Ball","capacity":5}  → 201
    GET    /v1/admin/events                                                              → 200
    GET    /v1/admin/events/ball                                                         → 200
    PATCH  /v1/admin/events/ball               {"name":"The Ball"}                       → 200
    PUT    /v1/admin/events/ball/status        {"status":"on_sale"}                      → 200
    DELETE /v1/admin/events/ball                                                         → 204
    GET    /v1/admin/events/gala/holds                                                   → 200
    GET    /v1/admin/events/gala/bookings                                                → 200
    GET    /v1/admin/events/gala/queue                                                   → 200
    POST   /v1/admin/holds/gala.1/extend       {"seconds":60}                            → 200
    DELETE /v1/admin/holds/gala.1                                                        → 200
    POST   /v1/admin/events/gala/holds/release {"reason":"over","dry_run":true}          → 200
    GET    /v1/admin/sessions                                                            → 200
    DELETE /v1/admin/sessions/2                                                          → 204
    GET    /v1/admin/overview                                                            → 200
    GET    /v1/admin/history                                                             → 200
    DELETE /v1/admin/bookings/gala.2                                                     → 200
    POST   /v1/admin/cleanup                   {"dry_run":true}                          → 200
    POST   /v1/admin/snapshot                                                            → 200
    GET    /v1/admin/changes                                                             → 200
"#;

/// What everybody is answered whom the admin API listens to at all: they change nothing but what their browser keeps.
const SIGNING: &str = r#"
    POST   /v1/admin/login                                                               → 200
    GET    /v1/admin/me                                                                  → 200
    DELETE /v1/admin/me                                                                  → 204
"#;

/// A table for somebody who gets `read` for a look and `change` for a change, whatever stands there.
fn table_of(table: &str, who: &str, read: &str, change: &str) -> String {
    let line = |line: &str| {
        let (request, _) = line.rsplit_once('→').expect("an answer");
        let answer = if request.starts_with("GET") { read } else { change };
        format!("{who} {request} → {answer}\n")
    };
    table.lines().map(str::trim).filter(|line| !line.is_empty()).map(line).collect()
}

/// The table as it stands, asked by `who`.
fn spoken_by(who: &str, table: &str) -> String {
    table.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| format!("{who} {line}\n")).collect()
}

#[tokio::test]
async fn every_role_on_every_route() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.put_on_sale("gala", 5).await;
    let ann = server.login("ann").await;
    ann.hold("gala", json!({})).await.expect(201);
    let bob = server.login("bob").await;
    bob.book("gala", json!({})).await.expect(201);
    let cast = Cast::of(&server)
        .with("operator", &server.add_token("ops", "operator"))
        .with("viewer", &server.add_token("eve", "viewer"))
        .with("service", &server.add_token("shop", "service"))
        .with("buyer", &ann.token)
        .with("stranger", "no-such-token");
    server.reread_files();

    let seq = server.visitor().durable_seq().await;
    for (who, read, change) in [
        ("nobody", "401 unauthenticated", "401 unauthenticated"),
        ("stranger", "401 unauthenticated", "401 unauthenticated"),
        ("buyer", "403 forbidden", "403 forbidden"),
        ("service", "403 forbidden", "403 forbidden"),
    ] {
        for row in rows(&table_of(OPERATOR, who, read, change)).chain(rows(&table_of(SIGNING, who, read, change))) {
            cast.play(&row).await;
        }
    }
    // A viewer is refused before anything else is looked at, so their reads come where there is something to read.
    let viewer = table_of(OPERATOR, "viewer", "200", "403 forbidden");
    for row in rows(&viewer).filter(|row| !row.line.contains("GET    /v1/admin/events/ball")) {
        cast.play(&row).await;
    }
    for row in rows(&spoken_by("viewer", SIGNING)).chain(rows(&spoken_by("operator", SIGNING))) {
        cast.play(&row).await;
    }
    assert_eq!(server.visitor().durable_seq().await, seq, "nothing was done");

    for row in rows(&spoken_by("operator", OPERATOR)) {
        cast.play(&row).await;
        if row.line.contains("POST   /v1/admin/events ") {
            for row in rows("viewer GET /v1/admin/events/ball → 200") {
                cast.play(&row).await;
            }
        }
    }
}

#[tokio::test]
async fn the_refusal_says_why() {
    let server = TestServer::start().await;
    let ann = server.login("ann").await;
    let (viewer, service) = (server.add_token("eve", "viewer"), server.add_token("shop", "service"));
    server.reread_files();
    for (token, words) in [
        (viewer, "a viewer's token reads, and changes nothing"),
        (service, "a service's token logs users in, and administers nothing"),
        (ann.token, "this needs the token of an organiser"),
    ] {
        let cleanup = post("/v1/admin/cleanup", json!({})).with("authorization", format!("Bearer {token}"));
        let problem = server.visitor().send(cleanup).await.expect_refusal(403, "forbidden");
        assert_eq!(problem["detail"], words);
    }
}

#[tokio::test]
async fn the_audit_trail_names_the_token() {
    let server = TestServer::start().await;
    let cast = Cast::of(&server)
        .with("ops", &server.add_token("ops", "operator"))
        .with("night", &server.add_token("night-shift", "operator"));
    server.reread_files();
    let table = r#"
        ops   POST  /v1/admin/events             {"id":"gala","name":"Gala","capacity":5} → 201
        night PUT   /v1/admin/events/gala/status {"status":"on_sale"}                     → 200
        admin PATCH /v1/admin/events/gala        {"name":"The Gala"}                      → 200
    "#;
    for row in rows(table) {
        cast.play(&row).await;
    }
    let trail = server.admin().changes_of("gala").await;
    let acts = trail.iter().filter(|change| change["kind"] == "admin_acted");
    let by: Vec<_> = acts.map(|change| change["by"].clone()).collect();
    assert_eq!(by, ["admin:ops", "admin:night-shift", "admin:admin"]);
}

#[tokio::test]
async fn tokens_are_exchanged_without_a_restart() {
    let server = TestServer::start().await;
    let look = |token: &str| get("/v1/admin/events").with("authorization", format!("Bearer {token}"));
    let visitor = server.visitor();
    let old = server.add_token("ops", "operator");
    server.reread_files();
    visitor.send(look(&old)).await.expect(200);

    server.remove_token("ops");
    let new = server.add_token("ops", "operator");
    server.reread_files();
    visitor.send(look(&old)).await.expect_refusal(401, "unauthenticated");
    visitor.send(look(&new)).await.expect(200);

    // Damage leaves in force what was in force.
    std::fs::write(server.data().join("tokens"), "operator ops 0123\n").expect("a file");
    server.reread_files();
    visitor.send(look(&new)).await.expect(200);
    server.admin().get("/v1/admin/events").await.expect(200);
}

#[tokio::test]
async fn two_organisers_with_one_key_do_not_get_each_others_answers() {
    let server = TestServer::start().await;
    let (ops, night) = (server.add_token("ops", "operator"), server.add_token("night-shift", "operator"));
    server.reread_files();
    server.admin().put_on_sale("gala", 5).await;
    let visitor = server.visitor();
    let rename = |token: &str, name: &str| {
        let change = crate::http::patch("/v1/admin/events/gala", json!({ "name": name }));
        change.with("authorization", format!("Bearer {token}")).with("idempotency-key", "k1")
    };
    let first = visitor.send(rename(&ops, "The Gala")).await;
    first.expect_status(200);
    let other = visitor.send(rename(&night, "The Gala")).await;
    other.expect_status(200);
    assert_eq!(other.header("idempotency-replayed"), None);
    visitor.send(rename(&night, "A Gala")).await.expect_refusal(422, "idempotency_key_reused");
    let again = visitor.send(rename(&ops, "The Gala")).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (200, Some("true")));
    assert_eq!(again.header("holdfast-seq"), first.header("holdfast-seq"));

    let create = |token: &str| {
        let event = json!({ "id": "ball", "name": "Ball", "capacity": 1 });
        post("/v1/admin/events", event).with("authorization", format!("Bearer {token}")).with("idempotency-key", "k2")
    };
    visitor.send(create(&ops)).await.expect_status(201);
    visitor.send(create(&night)).await.expect_refusal(409, "event_exists");
    visitor.send(create(&ops)).await.expect_status(201);
}
