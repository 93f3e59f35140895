//! What organisers do, as the audit trail tells it.

use serde_json::{Value, json};

use crate::http::{delete, patch, post};
use crate::server::TestServer;

/// The newest entry of an organiser's doing in an event.
async fn newest_act(server: &TestServer, event: &str) -> Value {
    let trail = server.admin().changes_of(event).await;
    trail.into_iter().rev().find(|change| change["kind"] == "admin_acted").expect("an audit entry")
}

#[tokio::test]
async fn an_organisers_doing_is_told_with_its_differences_and_its_reason() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.put_on_sale("gala", 2).await;
    let created = newest_act(&server, "gala").await;
    assert_eq!((&created["by"], &created["act"]["action"]), (&json!("admin:admin"), &json!("create")));

    let change = json!({ "hold_seconds": 300, "opens_at": "2026-11-22T09:00:00.000Z", "reason": "too slow" });
    admin.send(patch("/v1/admin/events/gala", change)).await.expect_status(200);
    let changed = newest_act(&server, "gala").await;
    let differences = json!([
        { "field": "hold_seconds", "before": "600", "after": "300" },
        { "field": "opens_at", "before": null, "after": "2026-11-22T09:00:00.000Z" },
    ]);
    assert_eq!(changed["act"], json!({ "action": "change", "about": "event", "differences": differences }));
    assert_eq!(changed["reason"], "too slow");

    let ann = server.login("ann").await;
    ann.hold("gala", json!({})).await.expect_status(201);
    let more = json!({ "seconds": 60, "reason": "the card reader was down" });
    let extended = admin.send(post("/v1/admin/holds/gala.1/extend", more)).await;
    extended.expect_status(200);
    let given = newest_act(&server, "gala").await;
    assert_eq!((&given["hold"], &given["user"]), (&json!("gala.1"), &json!("ann")));
    assert_eq!(given["reason"], "the card reader was down");
    assert_eq!(given["act"]["differences"][0]["after"], "2026-11-22T10:06:00.000Z");
    assert_eq!(extended.header("holdfast-seq").unwrap(), given["seq"].to_string(), "the last change of the step");
}

#[tokio::test]
async fn a_removal_can_have_a_reason() {
    let server = TestServer::start().await;
    let admin = server.admin();
    let new = json!({ "id": "ball", "name": "Ball", "capacity": 1, "reason": "by popular demand" });
    admin.create(new).await;
    assert_eq!(newest_act(&server, "ball").await["reason"], "by popular demand");
    let removal = delete("/v1/admin/events/ball").json(json!({ "reason": "a mistake" }).to_string());
    admin.send(removal).await.expect_status(204);
    let removed = newest_act(&server, "ball").await;
    assert_eq!((&removed["act"]["action"], &removed["reason"]), (&json!("delete"), &json!("a mistake")));
}
