//! The whole server at a glance.

use serde_json::{Value, json};

use crate::objects::members;
use crate::people::Admin;
use crate::server::TestServer;

async fn overview(admin: &Admin) -> Value {
    admin.get("/v1/admin/overview").await.expect(200)
}

#[tokio::test]
async fn it_has_the_sums_over_all_events() {
    let server = TestServer::start().await;
    let admin = server.admin();
    let empty = overview(&admin).await;
    let order = "events capacity available held booked waiting sessions journal snapshot recovery cleanup uptime_seconds version \
                 auth_mode server_time";
    assert_eq!(members(&empty), order);
    assert_eq!(members(&empty["journal"]), "durable_seq segments backlog_bytes reserve_bytes disk_full");
    assert_eq!(members(&empty["snapshot"]), "seq file at bytes duration_ms failure");
    let recovery = "clean last_seq epoch segments records changes bytes duration_ms quarantined_bytes quarantined_file";
    assert_eq!(members(&empty["recovery"]), recovery);
    assert_eq!((&empty["capacity"], &empty["uptime_seconds"]), (&json!(0), &json!(0)));

    admin.put_on_sale("gala", 3).await;
    admin.put_on_sale("ball", 1).await;
    admin.create(json!({ "id": "secret", "name": "Secret", "capacity": 5 })).await;
    let (ann, bob) = (server.login("ann").await, server.login("bob").await);
    ann.hold("gala", json!({ "quantity": 2 })).await.expect(201);
    ann.book("ball", json!({})).await.expect(201);
    bob.join("ball", json!({})).await.expect(200);
    server.advance_seconds(90);

    let seen = overview(&admin).await;
    let events =
        json!({ "total": 3, "draft": 1, "scheduled": 0, "on_sale": 2, "paused": 0, "closed": 0, "cancelled": 0 });
    assert_eq!(seen["events"], events);
    let figures = ["capacity", "available", "held", "booked", "waiting", "sessions"].map(|name| seen[name].clone());
    assert_eq!(figures, [9, 6, 2, 1, 1, 2].map(|figure| json!(figure)));
    assert_eq!(seen["uptime_seconds"], 90);
    assert_eq!(seen["server_time"], "2026-11-22T10:01:30.000Z");
    let version = server.visitor().get("/version").await.expect(200);
    assert_eq!((&seen["version"], &seen["auth_mode"]), (&version["version"], &version["auth_mode"]));
    let journal = &seen["journal"];
    assert_eq!(journal["durable_seq"], server.visitor().durable_seq().await);
    assert_eq!((&journal["segments"], &journal["disk_full"]), (&json!(1), &json!(false)));
    assert_eq!(journal["backlog_bytes"], 0);
}

#[tokio::test]
async fn it_knows_the_newest_snapshot_also_of_an_earlier_process() {
    let mut server = TestServer::start().await;
    let admin = server.admin();
    admin.put_on_sale("gala", 3).await;
    let none = json!({ "seq": null, "file": null, "at": null, "bytes": null, "duration_ms": null, "failure": null });
    assert_eq!(overview(&admin).await["snapshot"], none);

    let written = admin.snapshot().await;
    let seen = &overview(&admin).await["snapshot"];
    for member in ["seq", "file", "bytes", "duration_ms"] {
        assert_eq!(seen[member], written[member], "{member}");
    }
    assert_eq!((&seen["at"], &seen["failure"]), (&json!("2026-11-22T10:00:00.000Z"), &json!(null)));

    server.crash_and_start_again().await;
    let seen = overview(&admin).await;
    let known = json!({
        "seq": written["seq"], "file": written["file"], "at": null, "bytes": null, "duration_ms": null, "failure": null,
    });
    assert_eq!(seen["snapshot"], known, "what its name does not say is not known");
    assert_eq!((&seen["recovery"]["clean"], &seen["recovery"]["last_seq"]), (&json!(false), &written["seq"]));
}

#[tokio::test]
async fn it_tells_what_the_newest_cleanup_did() {
    let mut server = TestServer::start_with(|config| config.sessions.idle_seconds = 700).await;
    let admin = server.admin();
    admin.put_on_sale("gala", 2).await;
    let (ann, bob) = (server.login("ann").await, server.login("bob").await);
    ann.hold("gala", json!({ "quantity": 2 })).await.expect_status(201);
    bob.join("gala", json!({ "quantity": 4 })).await.expect_status(200);
    server.advance_seconds(700);
    admin.cleanup(json!({ "dry_run": true })).await;
    assert_eq!(overview(&admin).await["cleanup"], json!(null), "a dry run is none");

    admin.cleanup(json!({})).await;
    let done = json!({
        "at": "2026-11-22T10:11:40.000Z", "by": "admin:admin",
        "expired_holds": 1, "ended_sessions": 2, "dropped_queue_entries": 1,
    });
    assert_eq!(overview(&admin).await["cleanup"], done);
    server.crash_and_start_again().await;
    assert_eq!(overview(&admin).await["cleanup"], json!(null));
}
