//! Giving many holds back at once.

use serde_json::{Value, json};

use crate::http::{Answer, post};
use crate::people::{Admin, Buyer};
use crate::server::TestServer;
use crate::table::{Cast, rows};

async fn release(admin: &Admin, wish: Value) -> Answer {
    admin.send(post("/v1/admin/events/gala/holds/release", wish)).await
}

/// A sold-out event of four tickets: ann has one of each type, bob one of each, and cay waits for `stalls`.
async fn sold_out(server: &TestServer) -> [Buyer; 3] {
    let event = json!({
        "id": "gala", "name": "Gala", "auto_hold": 0, "presence_seconds": 0, "status": "on_sale",
        "ticket_types": [
            { "id": "stalls", "name": "Stalls", "capacity": 2 }, { "id": "box", "name": "Box", "capacity": 2 },
        ],
    });
    server.admin().create(event).await;
    let buyers = [server.login("ann").await, server.login("bob").await, server.login("cay").await];
    for buyer in &buyers[..2] {
        for ticket_type in ["stalls", "box"] {
            buyer.hold("gala", json!({ "ticket_type": ticket_type })).await.expect(201);
        }
    }
    buyers[2].join("gala", json!({})).await.expect(200);
    buyers
}

#[tokio::test]
async fn a_dry_run_counts_and_changes_nothing() {
    let server = TestServer::start().await;
    let admin = server.admin();
    sold_out(&server).await;
    let before = server.visitor().event("gala").await;
    for (filter, matched) in [
        (json!({}), 4),
        (json!({ "user": "ann" }), 2),
        (json!({ "ticket_type": "box" }), 2),
        (json!({ "user": "bob", "ticket_type": "stalls" }), 1),
        (json!({ "user": "cay" }), 0),
        (json!({ "user": "nobody-of-that-name" }), 0),
    ] {
        let mut wish = json!({ "reason": "a look", "dry_run": true });
        wish.as_object_mut().unwrap().extend(filter.as_object().unwrap().clone());
        let answer = release(&admin, wish).await;
        assert_eq!(answer.expect(200), json!({ "matched": matched, "released": 0 }), "{filter}");
        assert_eq!(answer.header("holdfast-seq"), None);
    }
    assert_eq!(server.visitor().event("gala").await, before);
}

#[tokio::test]
async fn what_is_released_goes_to_the_line_and_each_release_is_in_the_audit_trail() {
    let server = TestServer::start().await;
    let admin = server.admin();
    let [ann, bob, cay] = sold_out(&server).await;
    bob.confirm("gala.3").await.expect(201);

    let answer = release(&admin, json!({ "reason": "the hall is closed" })).await;
    assert_eq!(answer.expect(200), json!({ "matched": 3, "released": 3 }));
    let event = server.visitor().event("gala").await;
    let figures = ["available", "held", "booked", "waiting"].map(|name| event[name].clone());
    assert_eq!(figures, [2, 1, 1, 0].map(|figure| json!(figure)), "what was granted by it is left alone");
    assert_eq!(cay.mine().await["holds"][0]["id"], "gala.5");
    assert_eq!(ann.get("/v1/holds/gala.1").await.expect(200)["state"], "released");

    let trail = admin.changes_of("gala").await;
    assert_eq!(answer.header("holdfast-seq").unwrap(), trail.last().unwrap()["seq"].to_string());
    let acts: Vec<_> = trail.iter().filter(|change| change["act"]["action"] == "release_hold").collect();
    let holds: Vec<_> = acts.iter().map(|act| act["hold"].clone()).collect();
    assert_eq!(holds, ["gala.1", "gala.2", "gala.4"]);
    for act in acts {
        assert_eq!((&act["by"], &act["reason"]), (&json!("admin:admin"), &json!("the hall is closed")));
        let difference = json!({ "field": "state", "before": "held", "after": "released" });
        assert_eq!(act["act"]["differences"][0], difference);
    }

    // Cay's was placed since, and is there to be released now.
    let again = release(&admin, json!({ "reason": "the hall is closed" })).await.expect(200);
    assert_eq!(again, json!({ "matched": 1, "released": 1 }));
    let again = release(&admin, json!({ "reason": "the hall is closed" })).await.expect(200);
    assert_eq!(again, json!({ "matched": 0, "released": 0 }));
}

#[tokio::test]
async fn only_what_the_filters_say_is_released() {
    let server = TestServer::start().await;
    let admin = server.admin();
    sold_out(&server).await;
    let wish = json!({ "reason": "a mistake", "user": "ann", "ticket_type": "box" });
    assert_eq!(release(&admin, wish).await.expect(200), json!({ "matched": 1, "released": 1 }));
    let held = admin.all_of("/v1/admin/events/gala/holds?state=held").await;
    let ids: Vec<_> = held.iter().map(|hold| hold["id"].clone()).collect();
    assert_eq!(ids, ["gala.1", "gala.3", "gala.4"]);
}

#[tokio::test]
async fn a_hold_whose_deadline_has_passed_is_not_matched_though_the_wheel_is_late() {
    let server = TestServer::start().await;
    let admin = server.admin();
    let [_, bob, _] = sold_out(&server).await;
    server.advance_seconds(300);
    bob.extend("gala.3").await.expect(200);
    server.advance_seconds(300);
    let wish = json!({ "reason": "a look", "dry_run": true });
    assert_eq!(release(&admin, wish).await.expect(200)["matched"], 1);
}

#[tokio::test]
async fn more_holds_than_one_step_are_all_released() {
    let server = TestServer::start_with(|config| config.limits.mutations_per_second = 1_000_000).await;
    let admin = server.admin();
    admin.put_on_sale_for_logins("gala", 300).await;
    for number in 0..300 {
        server.login(&format!("user-{number}")).await;
    }
    let done = release(&admin, json!({ "reason": "the hall is closed" })).await.expect(200);
    assert_eq!(done, json!({ "matched": 300, "released": 300 }));
    assert_eq!(server.visitor().event("gala").await["available"], 300);
}

#[tokio::test]
async fn what_is_asked_wrongly_releases_nothing() {
    let server = TestServer::start().await;
    sold_out(&server).await;
    let long = "x".repeat(501);
    let cast = Cast::of(&server);
    let path = "/v1/admin/events/gala/holds/release";
    let table = format!(
        r#"
        admin  POST /v1/admin/events/nowhere/holds/release {{"reason":"x"}}   → 404 event_not_found
        admin  POST {path} {{"reason":"x","ticket_type":"loge"}}              → 404 ticket_type_not_found
        admin  POST {path} {{}}                                               → 422 validation_failed
        admin  POST {path} {{"reason":null}}                                  → 422 validation_failed
        admin  POST {path} {{"reason":" "}}                                   → 422 validation_failed
        admin  POST {path} {{"reason":"{long}"}}                              → 422 validation_failed
        admin  POST {path} {{"reason":"x","state":"held"}}                    → 400 malformed_request
        admin  POST {path} {{"reason":"x","dry_run":"yes"}}                   → 400 malformed_request
        nobody POST {path} {{"reason":"x"}}                                   → 401 unauthenticated
        "#
    );
    for row in rows(&table) {
        cast.play(&row).await;
    }
    assert_eq!(server.visitor().event("gala").await["held"], 4);
}
