//! What all users of an event have, as organisers list it.

use serde_json::{Value, json};

use crate::objects::{BOOKING, HOLD, LIST, QUEUE, members};
use crate::people::Admin;
use crate::server::TestServer;
use crate::table::{Cast, rows};

/// The texts of a member, item by item.
fn texts(items: &[Value], member: &str) -> Vec<String> {
    items.iter().map(|item| item[member].as_str().expect("a text").to_owned()).collect()
}

async fn items(admin: &Admin, path: &str) -> Vec<Value> {
    admin.get(path).await.expect(200)["items"].as_array().expect("a list").clone()
}

/// All items, in pages of `limit`, with `between` called after the first page.
async fn in_pages(admin: &Admin, path: &str, limit: u32, between: impl AsyncFnOnce()) -> Vec<Value> {
    let (mut found, mut cursor, mut between) = (Vec::new(), String::new(), Some(between));
    loop {
        let page = admin.get(&format!("{path}?limit={limit}{cursor}")).await.expect(200);
        assert_eq!(members(&page), LIST);
        found.extend(page["items"].as_array().expect("a list").iter().cloned());
        let Some(next) = page["next_cursor"].as_str() else { return found };
        cursor = format!("&cursor={next}");
        if let Some(between) = between.take() {
            between().await;
        }
    }
}

/// An event on sale with the types `stalls` and `box`, where logins set nothing aside.
async fn put_two_types_on_sale(admin: &Admin, stalls: u32, boxes: u32) {
    let event = json!({
        "id": "gala", "name": "Gala", "auto_hold": 0, "presence_seconds": 0, "status": "on_sale",
        "ticket_types": [
            { "id": "stalls", "name": "Stalls", "capacity": stalls }, { "id": "box", "name": "Box", "capacity": boxes },
        ],
    });
    admin.create(event).await;
}

#[tokio::test]
async fn bookings_are_listed_with_whose_they_are() {
    let server = TestServer::start().await;
    let admin = server.admin();
    put_two_types_on_sale(&admin, 5, 5).await;
    let (ann, bob) = (server.login("ann").await, server.login("bob").await);
    ann.book("gala", json!({})).await.expect(201);
    bob.book("gala", json!({ "ticket_type": "box", "quantity": 2 })).await.expect(201);
    ann.book("gala", json!({ "ticket_type": "box" })).await.expect(201);
    ann.delete("/v1/bookings/gala.1").await.expect(200);
    bob.hold("gala", json!({})).await.expect(201);

    let path = "/v1/admin/events/gala/bookings";
    let all = items(&admin, path).await;
    assert_eq!(members(&all[0]), format!("{BOOKING} user session"));
    let whole = json!({
        "id": "gala.2", "event": "gala", "ticket_type": "box", "quantity": 2, "state": "booked",
        "booked_at": "2026-11-22T10:00:00.000Z", "cancelled_at": null, "refund_due": false,
        "server_time": "2026-11-22T10:00:00.000Z", "user": "bob", "session": "2",
    });
    assert_eq!(all[1], whole);
    for (query, expected) in [
        ("", vec!["gala.1", "gala.2", "gala.3"]),
        ("?state=booked", vec!["gala.2", "gala.3"]),
        ("?state=cancelled", vec!["gala.1"]),
        ("?user=ann", vec!["gala.1", "gala.3"]),
        ("?user=ann&state=booked&ticket_type=box", vec!["gala.3"]),
        ("?ticket_type=stalls", vec!["gala.1"]),
        ("?user=nobody-of-that-name", vec![]),
        ("?user=ann&cursor=1", vec!["gala.3"]),
        ("?cursor=18446744073709551615", vec![]),
    ] {
        assert_eq!(texts(&items(&admin, &format!("{path}{query}")).await, "id"), expected, "{query}");
    }
}

#[tokio::test]
async fn holds_can_be_asked_for_by_ticket_type_and_show_as_expired_before_the_wheel_turns() {
    let server = TestServer::start().await;
    let admin = server.admin();
    put_two_types_on_sale(&admin, 5, 5).await;
    let (ann, bob) = (server.login("ann").await, server.login("bob").await);
    ann.hold("gala", json!({})).await.expect(201);
    bob.hold("gala", json!({ "ticket_type": "box" })).await.expect(201);
    ann.hold("gala", json!({ "ticket_type": "box" })).await.expect(201);
    let path = "/v1/admin/events/gala/holds";
    let boxes = items(&admin, &format!("{path}?ticket_type=box")).await;
    assert_eq!(members(&boxes[0]), format!("{HOLD} user session"));
    assert_eq!(texts(&boxes, "id"), ["gala.2", "gala.3"]);
    let of_ann = format!("{path}?user=ann&ticket_type=box&state=held");
    assert_eq!(texts(&items(&admin, &of_ann).await, "id"), ["gala.3"]);

    server.advance_seconds(600);
    assert!(items(&admin, &of_ann).await.is_empty());
    assert_eq!(items(&admin, &format!("{path}?state=expired")).await.len(), 3);
}

#[tokio::test]
async fn the_line_is_listed_type_by_type_in_its_order() {
    let server = TestServer::start().await;
    let admin = server.admin();
    put_two_types_on_sale(&admin, 0, 0).await;
    let mut buyers = Vec::new();
    for user in ["ann", "bob", "cay"] {
        buyers.push(server.login(user).await);
    }
    let [ann, bob, cay] = &buyers[..] else { panic!("three buyers") };
    cay.join("gala", json!({ "ticket_type": "box" })).await.expect(200);
    bob.join("gala", json!({})).await.expect(200);
    ann.join("gala", json!({ "quantity": 2 })).await.expect(200);
    ann.join("gala", json!({ "ticket_type": "box" })).await.expect(200);

    let path = "/v1/admin/events/gala/queue";
    let all = items(&admin, path).await;
    assert_eq!(members(&all[0]), format!("{QUEUE} user session"));
    assert_eq!(texts(&all, "user"), ["bob", "ann", "cay", "ann"]);
    assert_eq!(texts(&all, "ticket_type"), ["stalls", "stalls", "box", "box"]);
    let whole = json!({
        "event": "gala", "ticket_type": "stalls", "quantity": 2, "position": 2, "ahead": 1,
        "joined_at": "2026-11-22T10:00:00.000Z", "state": "waiting", "eta_seconds": null,
        "wait_ends_by": null, "server_time": "2026-11-22T10:00:00.000Z", "user": "ann", "session": "1",
    });
    assert_eq!(all[1], whole);
    for (query, expected) in [
        ("?state=waiting", vec!["bob", "ann", "cay", "ann"]),
        ("?ticket_type=box", vec!["cay", "ann"]),
        ("?user=ann", vec!["ann", "ann"]),
        ("?user=cay&ticket_type=stalls", vec![]),
        ("?user=nobody-of-that-name", vec![]),
        ("?cursor=18446744073709551615", vec![]),
    ] {
        assert_eq!(texts(&items(&admin, &format!("{path}{query}")).await, "user"), expected, "{query}");
    }
    let page = admin.get(&format!("{path}?user=ann&limit=1")).await.expect(200);
    let next = page["next_cursor"].as_str().expect("a second page");
    let rest = items(&admin, &format!("{path}?user=ann&cursor={next}")).await;
    assert_eq!((texts(&rest, "ticket_type"), rest[0]["position"].clone()), (vec!["box".to_owned()], json!(2)));
}

#[tokio::test]
async fn pages_have_neither_gap_nor_double_though_others_leave_meanwhile() {
    let server = TestServer::start().await;
    let admin = server.admin();
    put_two_types_on_sale(&admin, 0, 0).await;
    admin.put_on_sale("ball", 20).await;
    let mut buyers = Vec::new();
    for number in 0..7 {
        let buyer = server.login(&format!("user-{number}")).await;
        let ticket_type = if number < 5 { "stalls" } else { "box" };
        buyer.join("gala", json!({ "ticket_type": ticket_type })).await.expect(200);
        buyer.book("ball", json!({})).await.expect(201);
        buyers.push(buyer);
    }
    let leave = async || {
        for number in [0, 1, 3] {
            buyers[number].leave("gala").await.expect_status(204);
        }
    };
    let places = in_pages(&admin, "/v1/admin/events/gala/queue", 2, leave).await;
    let seen = ["user-0", "user-1", "user-2", "user-4", "user-5", "user-6"];
    assert_eq!(texts(&places, "user"), seen, "those who left before their page are not there");
    assert_eq!(places[2]["position"], 1, "the two ahead have gone");

    let cancel = async || buyers[0].delete("/v1/bookings/ball.1").await.expect_status(200);
    let bookings = in_pages(&admin, "/v1/admin/events/ball/bookings", 3, cancel).await;
    assert_eq!(texts(&bookings, "id"), (1..=7).map(|number| format!("ball.{number}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_cannot_be_listed_is_refused() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 5).await;
    let cast = Cast::of(&server);
    for list in ["holds", "bookings", "queue"] {
        let table = format!(
            "
            admin  GET /v1/admin/events/nowhere/{list}                   → 404 event_not_found
            admin  GET /v1/admin/events/No!/{list}                       → 404 event_not_found
            admin  GET /v1/admin/events/gala/{list}?ticket_type=box      → 404 ticket_type_not_found
            admin  GET /v1/admin/events/gala/{list}?state=lost           → 422 validation_failed
            admin  GET /v1/admin/events/gala/{list}?limit=0              → 422 validation_failed
            admin  GET /v1/admin/events/gala/{list}?cursor=x             → 422 validation_failed
            admin  GET /v1/admin/events/gala/{list}?colour=red           → 400 malformed_request
            admin  POST /v1/admin/events/gala/{list}                     → 405 method_not_allowed
            nobody GET /v1/admin/events/gala/{list}                      → 401 unauthenticated"
        );
        for row in rows(&table) {
            cast.play(&row).await;
        }
    }
}
