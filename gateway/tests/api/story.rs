//! The main job, from login to booking, and the ways through it.

use serde_json::{Value, json};

use crate::server::TestServer;

#[track_caller]
fn assert_figures(event: &Value, available: u64, held: u64, booked: u64, waiting: u64) {
    let figures = ["available", "held", "booked", "waiting"].map(|name| event[name].as_u64().expect("a number"));
    assert_eq!(figures, [available, held, booked, waiting], "{event}");
}

#[tokio::test]
async fn two_tickets_and_three_users() {
    let server = TestServer::start().await;
    server.admin().put_on_sale_for_logins("gala", 2).await;
    let (ann, bob, cay) = (server.login("ann").await, server.login("bob").await, server.login("cay").await);
    assert_eq!(ann.outcome()["outcome"], "held");
    assert_eq!(bob.outcome()["outcome"], "held");
    assert_eq!(cay.outcome()["outcome"], "queued");
    assert_eq!(cay.outcome()["queue"]["position"], 1);
    assert_figures(&server.visitor().event("gala").await, 0, 2, 0, 1);

    let hold = ann.outcome()["hold"]["id"].as_str().unwrap().to_owned();
    assert_eq!(ann.release(&hold).await.expect(200)["state"], "released");
    // In the same step: nobody turns a wheel, nobody asks again.
    assert_figures(&server.visitor().event("gala").await, 0, 2, 0, 0);
    let holds = cay.mine().await["holds"].clone();
    assert_eq!((holds[0]["source"].as_str(), holds[0]["expires_in_ms"].as_u64()), (Some("queue"), Some(600_000)));

    let booking = bob.book("gala", json!({})).await.expect(201);
    assert_eq!((&booking["from_hold"], &booking["id"]), (&json!(true), &bob.outcome()["hold"]["id"]));
    assert_figures(&server.visitor().event("gala").await, 0, 1, 1, 0);
}

#[tokio::test]
async fn a_hold_is_asked_for_amended_extended_and_confirmed_in_part() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 10).await;
    let ann = server.login("ann").await;
    let hold = ann.hold("gala", json!({ "quantity": 2 })).await.expect(201);
    let id = hold["id"].as_str().unwrap();
    assert_eq!(ann.hold("gala", json!({})).await.expect(200)["quantity"], 2, "the one that is there");
    assert_eq!(ann.hold("gala", json!({ "quantity": 4 })).await.expect(200)["quantity"], 4);
    assert_eq!(ann.hold("gala", json!({ "quantity": 3 })).await.expect(200)["expires_at"], hold["expires_at"]);

    server.advance_seconds(60);
    let extended = ann.extend(id).await.expect(200);
    assert_eq!((&extended["expires_in_ms"], &extended["extensions_left"]), (&json!(600_000), &json!(1)));

    let booking = ann.send(crate::http::post(format!("/v1/holds/{id}/confirm"), json!({ "quantity": 2 }))).await;
    let booking = booking.expect(201);
    assert_eq!((&booking["quantity"], &booking["rescued"]), (&json!(2), &json!(false)));
    assert_figures(&server.visitor().event("gala").await, 8, 0, 2, 0);
    assert_eq!(ann.confirm(id).await.expect_refusal(409, "already_confirmed")["booking"], id);
    ann.release(id).await.expect_refusal(409, "already_confirmed");

    assert_eq!(ann.delete(&format!("/v1/bookings/{id}")).await.expect(200)["refund_due"], true);
    ann.delete(&format!("/v1/bookings/{id}")).await.expect_refusal(409, "already_cancelled");
    assert_figures(&server.visitor().event("gala").await, 10, 0, 0, 0);
}

#[tokio::test]
async fn refusals_say_what_a_front_end_needs() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 2).await;
    let (ann, bob, cay) = (server.login("ann").await, server.login("bob").await, server.login("cay").await);
    let refusal = bob.hold("gala", json!({ "quantity": 3 })).await.expect_refusal(409, "insufficient_capacity");
    assert_eq!((&refusal["available"], &refusal["requested"]), (&json!(2), &json!(3)));
    let refusal = bob.hold("gala", json!({ "quantity": 5 })).await.expect_refusal(409, "limit_reached");
    assert_eq!((&refusal["limit"], &refusal["used"]), (&json!(4), &json!(0)));

    ann.hold("gala", json!({ "quantity": 2 })).await.expect_status(201);
    let refusal = bob.hold("gala", json!({})).await.expect_refusal(409, "sold_out");
    assert_eq!((&refusal["available"], &refusal["held"]), (&json!(0), &json!(2)));
    assert_eq!(refusal["next_expiry_at"], "2026-11-22T10:10:00.000Z");

    assert_eq!(bob.hold("gala", json!({ "wait": true })).await.expect(202)["position"], 1);
    assert_eq!(cay.book("gala", json!({})).await.expect_refusal(409, "queue_ahead")["ahead"], 1);
    assert_eq!(cay.join("gala", json!({})).await.expect(200)["position"], 2);
    assert_eq!(cay.place("gala").await.expect(200)["ahead"], 1);
    bob.leave("gala").await.expect_status(204);
    bob.place("gala").await.expect_refusal(404, "queue_entry_not_found");
    assert_eq!(cay.place("gala").await.expect(200)["position"], 1);
}

#[tokio::test]
async fn organisers_change_capacity_and_cancel_events() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.put_on_sale("gala", 1).await;
    let (ann, bob) = (server.login("ann").await, server.login("bob").await);
    ann.book("gala", json!({})).await.expect_status(201);
    bob.join("gala", json!({ "quantity": 2 })).await.expect_status(200);

    let lower = json!({ "ticket_types": [{ "id": "general", "capacity": 0 }] });
    assert_eq!(admin.change("gala", lower).await.expect_refusal(409, "capacity_below_committed")["min_capacity"], 1);
    let raise = json!({ "ticket_types": [{ "id": "general", "capacity": 3 }] });
    assert_figures(&admin.change("gala", raise).await.expect(200), 0, 2, 1, 0);

    admin.send(crate::http::delete("/v1/admin/events/gala")).await.expect_refusal(409, "event_in_use");
    admin.set_status("gala", "cancelled").await.expect_status(200);
    assert_eq!(ann.mine().await["bookings"][0]["refund_due"], true);
    bob.hold("gala", json!({})).await.expect_refusal(409, "sale_cancelled");
    let refusal = admin.set_status("gala", "on_sale").await.expect_refusal(409, "invalid_transition");
    assert_eq!((&refusal["from"], &refusal["to"]), (&json!("cancelled"), &json!("on_sale")));
}

#[tokio::test]
async fn a_draft_is_seen_by_organisers_only_and_can_be_removed() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.create(json!({ "id": "gala", "name": "Gala", "capacity": 1 })).await;
    let ann = server.login("ann").await;
    server.visitor().get("/v1/events/gala").await.expect_refusal(404, "event_not_found");
    ann.hold("gala", json!({})).await.expect_refusal(404, "event_not_found");
    assert_eq!(admin.event("gala").await["status"], "draft");
    admin.send(crate::http::delete("/v1/admin/events/gala")).await.expect_status(204);
    admin.get("/v1/admin/events/gala").await.expect_refusal(404, "event_not_found");
    // The id is free again.
    admin.put_on_sale("gala", 1).await;
    ann.hold("gala", json!({})).await.expect_status(201);
}

#[tokio::test]
async fn organisers_manage_holds_and_read_who_did_what() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.put_on_sale("gala", 2).await;
    let ann = server.login("ann").await;
    ann.hold("gala", json!({ "quantity": 2 })).await.expect_status(201);
    let holds = admin.all_of("/v1/admin/events/gala/holds?state=held").await;
    assert_eq!((holds.len(), &holds[0]["user"]), (1, &json!("ann")));
    assert!(admin.all_of("/v1/admin/events/gala/holds?user=nobody").await.is_empty());

    let more = crate::http::post("/v1/admin/holds/gala.1/extend", json!({ "seconds": 60 }));
    assert_eq!(admin.send(more).await.expect(200)["expires_in_ms"], 660_000);
    let release = crate::http::delete("/v1/admin/holds/gala.1").json(json!({ "reason": "by phone" }).to_string());
    assert_eq!(admin.send(release).await.expect(200)["state"], "released");
    let trail = admin.changes_of("gala").await;
    let released = trail.iter().find(|change| change["kind"] == "hold_released").expect("a release");
    assert_eq!((&released["by"], &released["reason"]), (&json!("admin:admin"), &json!("by phone")));
}
