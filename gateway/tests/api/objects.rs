//! The objects of the API: which members they have, in which order, and what these look like.

use serde_json::{Value, json};

use crate::http::{delete, patch, post};
use crate::people::{Admin, Buyer};
use crate::server::TestServer;
use crate::table::{Cast, rows};

const EVENT: &str = "id name description venue starts_at status sold_out opens_at closes_at hold_seconds auto_hold \
                     max_per_hold max_per_user max_extensions capacity available held booked waiting next_expiry_at \
                     ticket_types seq server_time";
const ADMIN_EVENT_MORE: &str = "lobby queue_max presence_seconds max_hold_lifetime_seconds etag";
const TICKET_TYPE: &str = "id name price capacity available held booked waiting";
pub const HOLD: &str = "id event ticket_type quantity state source created_at expires_at expires_in_ms extensions_left \
                    server_time";
pub const BOOKING: &str = "id event ticket_type quantity state booked_at cancelled_at refund_due server_time";
pub const QUEUE: &str =
    "event ticket_type quantity position ahead joined_at state eta_seconds wait_ends_by server_time";
pub const SESSION: &str = "id user class logged_in_at login_seq last_seen_at expires_at";
const LOGIN: &str = "session token outcomes server_time";
const OUTCOME: &str = "event ticket_type outcome hold queue code";
const MINE: &str = "session holds bookings queue server_time";
const CHANGE: &str = "seq at event kind ticket_type quantity user session login_seq hold booking source by reason act";
pub const LIST: &str = "items next_cursor";
const PROBLEM: &str = "type title status detail code";

/// When every test begins.
const BEGIN: &str = "2026-11-22T10:00:00.000Z";

/// The members of an object, in the order in which the answer has them.
pub fn members(object: &Value) -> String {
    let members = object.as_object().unwrap_or_else(|| panic!("no object: {object}"));
    members.keys().map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// Whether it is a time in UTC with milliseconds, and nothing else.
fn is_time(value: &Value) -> bool {
    let shape = |text: &str| text.replace(|character: char| character.is_ascii_digit(), "0");
    value.as_str().is_some_and(|text| shape(text) == "0000-00-00T00:00:00.000Z")
}

/// An event with everything an organiser can say.
fn gala() -> Value {
    json!({
        "id": "gala", "name": "The Gala", "description": "Black tie.", "venue": "Opera",
        "starts_at": "2026-12-24T20:00:00+01:00", "closes_at": "2026-12-24T18:00:00Z", "auto_hold": 0,
        "presence_seconds": 0, "status": "on_sale",
        "ticket_types": [
            { "id": "stalls", "name": "Stalls", "capacity": 3, "price": { "amount": 9050, "currency": "EUR" } },
            { "id": "box", "name": "Box", "capacity": 1 },
        ],
    })
}

#[tokio::test]
async fn an_event_has_the_members_of_the_contract() {
    let server = TestServer::start().await;
    server.admin().create(gala()).await;
    let event = server.visitor().event("gala").await;
    assert_eq!(members(&event), EVENT);
    let expected = json!({
        "id": "gala", "name": "The Gala", "description": "Black tie.", "venue": "Opera",
        "starts_at": "2026-12-24T19:00:00.000Z", "status": "on_sale", "sold_out": false, "opens_at": null,
        "closes_at": "2026-12-24T18:00:00.000Z", "hold_seconds": 600, "auto_hold": 0, "max_per_hold": 4,
        "max_per_user": 4, "max_extensions": 2, "capacity": 4, "available": 4, "held": 0, "booked": 0, "waiting": 0,
        "next_expiry_at": null,
        "ticket_types": [
            { "id": "stalls", "name": "Stalls", "price": { "amount": 9050, "currency": "EUR" },
              "capacity": 3, "available": 3, "held": 0, "booked": 0, "waiting": 0 },
            { "id": "box", "name": "Box", "price": null,
              "capacity": 1, "available": 1, "held": 0, "booked": 0, "waiting": 0 },
        ],
        "seq": event["seq"], "server_time": BEGIN,
    });
    assert_eq!(event, expected);
    for ticket_type in event["ticket_types"].as_array().expect("a list") {
        assert_eq!(members(ticket_type), TICKET_TYPE);
    }
    assert_eq!(members(&event["ticket_types"][0]["price"]), "amount currency");
}

#[tokio::test]
async fn what_an_event_does_not_have_is_null() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("plain", 0).await;
    let event = server.visitor().event("plain").await;
    assert_eq!(members(&event), EVENT);
    for absent in ["description", "venue", "starts_at", "opens_at", "closes_at", "next_expiry_at"] {
        assert_eq!(event[absent], Value::Null, "{absent}");
    }
    assert_eq!(event["sold_out"], true);
    assert_eq!(event["ticket_types"][0]["id"], "general");
    assert_eq!(event["ticket_types"][0]["name"], "General");
    assert_eq!(event["ticket_types"][0]["price"], Value::Null);
}

#[tokio::test]
async fn an_organiser_sees_an_event_with_all_its_settings_everywhere() {
    let server = TestServer::start().await;
    let admin = server.admin();
    let created = admin.create(gala()).await;
    assert_eq!(members(&created), format!("{EVENT} {ADMIN_EVENT_MORE}"));
    assert_eq!(created["lobby"], false);
    assert_eq!(created["queue_max"], 1_000_000);
    assert_eq!(created["presence_seconds"], 0);
    assert_eq!(created["max_hold_lifetime_seconds"], 1_800);

    assert_eq!(admin.event("gala").await, created);
    let list = admin.get("/v1/admin/events").await.expect(200);
    assert_eq!(members(&list), LIST);
    assert_eq!(list["items"], json!([created]));
    let changed = admin.change("gala", json!({ "venue": null, "lobby": true })).await.expect(200);
    assert_eq!(members(&changed), members(&created));
    assert_eq!((&changed["venue"], &changed["lobby"]), (&Value::Null, &json!(true)));
    let paused = admin.set_status("gala", "paused").await.expect(200);
    assert_eq!(members(&paused), members(&created));
    assert_eq!(paused["status"], "paused");

    let public = server.visitor().get("/v1/events").await.expect(200);
    assert_eq!(members(&public), LIST);
    assert_eq!(public["items"], json!([server.visitor().event("gala").await]));
    assert_eq!(public["next_cursor"], Value::Null);
}

#[tokio::test]
async fn a_hold_has_the_members_of_the_contract_in_every_state() {
    let server = TestServer::start().await;
    server.admin().create(gala()).await;
    let ann = server.login("ann").await;
    let placed = ann.hold("gala", json!({ "quantity": 2 })).await.expect(201);
    assert_eq!(members(&placed), HOLD);
    let expected = json!({
        "id": "gala.1", "event": "gala", "ticket_type": "stalls", "quantity": 2, "state": "held", "source": "request",
        "created_at": BEGIN, "expires_at": "2026-11-22T10:10:00.000Z", "expires_in_ms": 600_000, "extensions_left": 2,
        "server_time": BEGIN,
    });
    assert_eq!(placed, expected);

    server.advance_ms(1_250);
    let seen = ann.get("/v1/holds/gala.1").await.expect(200);
    assert_eq!(members(&seen), HOLD);
    assert_eq!(seen["expires_in_ms"], 598_750);
    assert_eq!(seen["server_time"], "2026-11-22T10:00:01.250Z");
    assert_eq!(seen["expires_at"], placed["expires_at"]);

    let extended = ann.extend("gala.1").await.expect(200);
    assert_eq!(members(&extended), HOLD);
    assert_eq!(extended["expires_at"], "2026-11-22T10:10:01.250Z");
    assert_eq!(extended["extensions_left"], 1);

    let released = ann.release("gala.1").await.expect(200);
    assert_eq!(members(&released), HOLD);
    assert_eq!(released["state"], "released");
    assert_eq!(released["expires_in_ms"], 0);

    ann.hold("gala", json!({ "ticket_type": "box" })).await.expect(201);
    server.advance_seconds(600);
    let expired = ann.get("/v1/holds/gala.2").await.expect(200);
    assert_eq!(members(&expired), HOLD);
    assert_eq!((&expired["state"], &expired["expires_in_ms"]), (&json!("expired"), &json!(0)));

    ann.hold("gala", json!({})).await.expect(201);
    ann.confirm("gala.3").await.expect(201);
    let confirmed = ann.get("/v1/holds/gala.3").await.expect(200);
    assert_eq!(members(&confirmed), HOLD);
    assert_eq!(confirmed["state"], "confirmed");

    let list = ann.get("/v1/holds").await.expect(200);
    assert_eq!(members(&list), LIST);
    let states: Vec<&Value> = items(&list).iter().map(|hold| &hold["state"]).collect();
    assert_eq!(states, ["released", "expired", "confirmed"]);
    items(&list).iter().for_each(|hold| assert_eq!(members(hold), HOLD));
}

#[tokio::test]
async fn an_organiser_sees_whose_a_hold_is() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.create(gala()).await;
    let ann = server.login("ann").await;
    ann.hold("gala", json!({})).await.expect(201);
    let whose = format!("{HOLD} user session");

    let list = admin.get("/v1/admin/events/gala/holds?user=ann&state=held").await.expect(200);
    assert_eq!(members(&list), LIST);
    assert_eq!(items(&list).len(), 1);
    assert_eq!(members(&list["items"][0]), whose);
    assert_eq!(list["items"][0]["user"], "ann");
    assert_eq!(list["items"][0]["session"], ann.login["session"]["id"]);
    assert_eq!(admin.get("/v1/admin/events/gala/holds?user=nobody").await.expect(200)["items"], json!([]));

    let extended = admin.send(post("/v1/admin/holds/gala.1/extend", json!({ "seconds": 60 }))).await.expect(200);
    assert_eq!(members(&extended), whose);
    assert_eq!(extended["expires_at"], "2026-11-22T10:11:00.000Z");
    let released = admin.send(delete("/v1/admin/holds/gala.1")).await.expect(200);
    assert_eq!(members(&released), whose);
    assert_eq!((&released["state"], &released["user"]), (&json!("released"), &json!("ann")));
}

#[tokio::test]
async fn a_booking_has_the_members_of_the_contract_in_both_states() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.create(gala()).await;
    let ann = server.login("ann").await;
    let direct = ann.book("gala", json!({ "quantity": 2 })).await.expect(201);
    assert_eq!(members(&direct), format!("{BOOKING} from_hold"));
    let expected = json!({
        "id": "gala.1", "event": "gala", "ticket_type": "stalls", "quantity": 2, "state": "booked", "booked_at": BEGIN,
        "cancelled_at": null, "refund_due": false, "server_time": BEGIN, "from_hold": false,
    });
    assert_eq!(direct, expected);

    ann.hold("gala", json!({ "ticket_type": "box" })).await.expect(201);
    let confirmed = ann.confirm("gala.2").await.expect(201);
    assert_eq!(members(&confirmed), format!("{BOOKING} rescued"));
    assert_eq!((&confirmed["id"], &confirmed["rescued"]), (&json!("gala.2"), &json!(false)));

    server.advance_seconds(1);
    let cancelled = ann.delete("/v1/bookings/gala.1").await.expect(200);
    assert_eq!(members(&cancelled), BOOKING);
    assert_eq!((&cancelled["state"], &cancelled["refund_due"]), (&json!("cancelled"), &json!(true)));
    assert_eq!(cancelled["cancelled_at"], "2026-11-22T10:00:01.000Z");
    assert_eq!(cancelled["booked_at"], BEGIN);
    assert_eq!(ann.get("/v1/bookings/gala.1").await.expect(200), cancelled);

    let list = ann.get("/v1/bookings").await.expect(200);
    assert_eq!(members(&list), LIST);
    let states: Vec<&Value> = items(&list).iter().map(|booking| &booking["state"]).collect();
    assert_eq!(states, ["cancelled", "booked"]);
    items(&list).iter().for_each(|booking| assert_eq!(members(booking), BOOKING));

    let cancelled = admin.send(delete("/v1/admin/bookings/gala.2")).await.expect(200);
    assert_eq!(members(&cancelled), format!("{BOOKING} user session"));
    assert_eq!(cancelled["user"], "ann");
    assert_eq!(cancelled["session"], ann.login["session"]["id"]);
}

#[tokio::test]
async fn a_place_in_line_has_the_members_of_the_contract() {
    let server = TestServer::start().await;
    server.admin().create(gala()).await;
    let [ann, bob, carl] = [server.login("ann").await, server.login("bob").await, server.login("carl").await];
    ann.hold("gala", json!({ "ticket_type": "box" })).await.expect(201);
    bob.join("gala", json!({ "ticket_type": "box" })).await.expect(200);
    server.advance_ms(5);
    let waiting = carl.hold("gala", json!({ "ticket_type": "box", "wait": true })).await.expect(202);
    assert_eq!(members(&waiting), QUEUE);
    let expected = json!({
        "event": "gala", "ticket_type": "box", "quantity": 1, "position": 2, "ahead": 1,
        "joined_at": "2026-11-22T10:00:00.005Z", "state": "waiting", "eta_seconds": null,
        "wait_ends_by": "2026-11-22T11:00:00.000Z", "server_time": "2026-11-22T10:00:00.005Z",
    });
    assert_eq!(waiting, expected);
    assert_eq!(carl.join("gala", json!({ "ticket_type": "box" })).await.expect(200), waiting);
    assert_eq!(carl.get("/v1/events/gala/queue/me?ticket_type=box").await.expect(200), waiting);
    assert_eq!(carl.mine().await["queue"], json!([waiting]));
}

#[tokio::test]
async fn a_login_has_a_session_a_token_and_an_outcome_for_each_event() {
    let server = TestServer::start().await;
    let admin = server.admin();
    for event in ["first", "second", "third"] {
        admin.put_on_sale_for_logins(event, 1).await;
    }
    server.login_by_intent("erik", "second").await;
    admin.set_status("third", "paused").await.expect(200);
    server.advance_ms(7);
    let intents = ["first", "second", "third", "fourth"].map(|event| json!({ "event": event }));
    let login = post("/v1/sessions", json!({ "user": "ann", "intents": intents }));
    let ann = Buyer::log_in_by(server.connection(), login).await;

    assert_eq!(members(&ann.login), LOGIN);
    assert_eq!(ann.login["server_time"], "2026-11-22T10:00:00.007Z");
    assert_eq!((ann.token.len(), ann.token.bytes().all(|byte| byte.is_ascii_hexdigit())), (64, true));
    assert_eq!(members(&ann.login["session"]), SESSION);
    let expected = json!({
        "id": "2", "user": "ann", "class": "standard", "logged_in_at": "2026-11-22T10:00:00.007Z", "login_seq": 2,
        "last_seen_at": "2026-11-22T10:00:00.007Z", "expires_at": "2026-11-23T10:00:00.007Z",
    });
    assert_eq!(ann.login["session"], expected);

    let outcomes = ann.login["outcomes"].as_array().expect("a list");
    let brief = |outcome: &Value| format!("{} {} {}", outcome["event"], outcome["outcome"], outcome["code"]);
    let told: Vec<String> = outcomes.iter().map(brief).collect();
    assert_eq!(
        told,
        [
            r#""first" "held" null"#,
            r#""second" "queued" null"#,
            r#""third" "queued" null"#,
            r#""fourth" "not_on_sale" "event_not_found""#,
        ]
    );
    outcomes.iter().for_each(|outcome| assert_eq!(members(outcome), OUTCOME));
    assert_eq!(members(&outcomes[0]["hold"]), HOLD);
    assert_eq!((&outcomes[0]["hold"]["source"], &outcomes[0]["queue"]), (&json!("login"), &Value::Null));
    assert_eq!(members(&outcomes[1]["queue"]), QUEUE);
    assert_eq!((&outcomes[1]["hold"], &outcomes[1]["ticket_type"]), (&Value::Null, &json!("general")));
    assert_eq!((&outcomes[3]["hold"], &outcomes[3]["queue"]), (&Value::Null, &Value::Null));
    assert_eq!(outcomes[3]["ticket_type"], Value::Null);
}

impl TestServer {
    /// Logs `user` in with one intent.
    async fn login_by_intent(&self, user: &str, event: &str) -> Buyer {
        let login = post("/v1/sessions", json!({ "user": user, "intents": [{ "event": event }] }));
        Buyer::log_in_by(self.connection(), login).await
    }
}

#[tokio::test]
async fn all_that_is_mine_is_in_one_answer() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.create(gala()).await;
    admin.put_on_sale("tiny", 0).await;
    let ann = server.login("ann").await;
    let nothing = ann.mine().await;
    assert_eq!(members(&nothing), MINE);
    assert_eq!(members(&nothing["session"]), SESSION);
    assert_eq!((&nothing["holds"], &nothing["bookings"], &nothing["queue"]), (&json!([]), &json!([]), &json!([])));

    let booking = ann.book("gala", json!({})).await.expect(201);
    let hold = ann.hold("gala", json!({})).await.expect(201);
    let place = ann.join("tiny", json!({})).await.expect(200);
    server.advance_seconds(60);
    let mine = ann.mine().await;
    assert_eq!(members(&mine), MINE);
    assert_eq!(members(&mine["holds"][0]), HOLD);
    assert_eq!(mine["holds"][0]["id"], hold["id"]);
    assert_eq!(members(&mine["bookings"][0]), BOOKING);
    assert_eq!(mine["bookings"][0]["id"], booking["id"]);
    assert_eq!(members(&mine["queue"][0]), QUEUE);
    assert_eq!(mine["queue"][0]["joined_at"], place["joined_at"]);
    assert_eq!(mine["server_time"], "2026-11-22T10:01:00.000Z");
    assert_eq!(mine["session"]["last_seen_at"], "2026-11-22T10:01:00.000Z");
    assert_eq!(mine["session"]["expires_at"], "2026-11-23T10:01:00.000Z");
}

#[tokio::test]
async fn every_change_has_all_members() {
    let server = TestServer::start().await;
    let admin = server.admin();
    let ann = busy_day(&server, &admin).await;
    let changes = admin.changes().await;
    for (place, change) in changes.iter().enumerate() {
        assert_eq!(members(change), CHANGE);
        assert_eq!(change["seq"], 1 + place, "{change}");
        assert!(is_time(&change["at"]), "{change}");
    }
    let kinds = "event_created session_opened hold_placed hold_amended hold_extended hold_confirmed booking_placed \
                 booking_cancelled hold_released hold_expired queue_joined queue_left queue_dropped capacity_changed \
                 event_changed status_changed session_ended admin_acted";
    for kind in kinds.split_whitespace() {
        assert!(changes.iter().any(|change| change["kind"] == kind), "{kind} is missing");
    }
    let placed = changes.iter().find(|change| change["kind"] == "hold_placed").expect("a hold");
    let expected = json!({
        "seq": placed["seq"], "at": BEGIN, "event": "gala", "kind": "hold_placed", "ticket_type": "stalls",
        "quantity": 2, "user": "ann", "session": ann.login["session"]["id"], "login_seq": 1, "hold": "gala.1",
        "booking": null, "source": "request", "by": "user", "reason": null, "act": null,
    });
    assert_eq!(*placed, expected);
    let by: Vec<&str> = changes.iter().filter_map(|change| change["by"].as_str()).collect();
    assert_eq!(by.len(), changes.len());
    assert!(by.iter().all(|by| ["user", "admin:admin", "system"].contains(by)), "{by:?}");
}

/// A day on which nearly everything happens.
async fn busy_day(server: &TestServer, admin: &Admin) -> Buyer {
    admin.create(gala()).await;
    let [ann, bob] = [server.login("ann").await, server.login("bob").await];
    ann.hold("gala", json!({ "quantity": 2 })).await.expect(201);
    ann.hold("gala", json!({ "quantity": 1 })).await.expect(200);
    server.advance_seconds(1);
    ann.extend("gala.1").await.expect(200);
    ann.confirm("gala.1").await.expect(201);
    ann.book("gala", json!({ "ticket_type": "box" })).await.expect(201);
    ann.delete("/v1/bookings/gala.1").await.expect(200);
    ann.hold("gala", json!({})).await.expect(201);
    ann.release("gala.3").await.expect(200);
    ann.hold("gala", json!({})).await.expect(201);
    server.advance_seconds(600);
    bob.join("gala", json!({ "ticket_type": "box" })).await.expect(200);
    bob.send(delete("/v1/events/gala/queue/me?ticket_type=box")).await.expect_status(204);
    bob.join("gala", json!({ "ticket_type": "box" })).await.expect(200);
    let more = json!({ "name": "The Ball", "ticket_types": [{ "id": "stalls", "capacity": 5 }] });
    admin.send(patch("/v1/admin/events/gala", more)).await.expect(200);
    admin.set_status("gala", "closed").await.expect(200);
    bob.log_out().await.expect_status(204);
    ann
}

#[tokio::test]
async fn a_problem_has_the_members_of_the_contract_and_those_of_its_code() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.put_on_sale("tiny", 1).await;
    admin.put_on_sale("small", 2).await;
    admin.put_on_sale("line", 1).await;
    let opening = json!({
        "id": "later", "name": "Later", "capacity": 1, "status": "scheduled", "opens_at": "2027-01-01T00:00:00Z",
    });
    admin.create(opening).await;
    let [ann, bob] = [server.login("ann").await, server.login("bob").await];
    ann.hold("tiny", json!({})).await.expect(201);
    ann.book("small", json!({})).await.expect(201);
    ann.hold("line", json!({})).await.expect(201);
    ann.join("line", json!({})).await;

    let problem = bob.hold("tiny", json!({})).await.expect_refusal(409, "sold_out");
    assert_eq!(members(&problem), format!("{PROBLEM} available held next_expiry_at"));
    assert_eq!(problem["available"], 0);
    assert_eq!(problem["held"], 1);
    assert_eq!(problem["next_expiry_at"], "2026-11-22T10:10:00.000Z");
    assert_eq!(problem["type"], "/docs/errors#sold_out");
    assert_eq!(problem["title"], "Sold out");

    let problem = bob.hold("small", json!({ "quantity": 2 })).await.expect_refusal(409, "insufficient_capacity");
    assert_eq!(members(&problem), format!("{PROBLEM} available requested"));
    assert_eq!((&problem["available"], &problem["requested"]), (&json!(1), &json!(2)));

    let problem = bob.hold("small", json!({ "quantity": 5 })).await.expect_refusal(409, "limit_reached");
    assert_eq!(members(&problem), format!("{PROBLEM} limit used"));

    let problem = bob.hold("later", json!({})).await.expect_refusal(409, "not_on_sale");
    assert_eq!(members(&problem), format!("{PROBLEM} opens_at"));
    assert_eq!(problem["opens_at"], "2027-01-01T00:00:00.000Z");

    let problem = bob.hold("small", json!({ "quantity": 0 })).await.expect_refusal(422, "validation_failed");
    assert_eq!(members(&problem), format!("{PROBLEM} errors"));
    assert_eq!(members(&problem["errors"][0]), "field message");
    assert_eq!(problem["errors"][0]["field"], "quantity");

    let problem = bob.hold("small", json!({ "seat": 1 })).await.expect_refusal(400, "malformed_request");
    assert_eq!(members(&problem), format!("{PROBLEM} errors"));
    assert_eq!(members(&problem["errors"][0]), "field message");

    let problem = bob.get("/v1/holds/tiny.1").await.expect_refusal(404, "hold_not_found");
    assert_eq!(members(&problem), PROBLEM);

    let problem = admin.set_status("tiny", "draft").await.expect_refusal(409, "invalid_transition");
    assert_eq!(members(&problem), format!("{PROBLEM} from to"));
    assert_eq!((&problem["from"], &problem["to"]), (&json!("on_sale"), &json!("draft")));

    let fewer = json!({ "ticket_types": [{ "id": "general", "capacity": 0 }] });
    let problem = admin.change("small", fewer).await.expect_refusal(409, "capacity_below_committed");
    assert_eq!(members(&problem), format!("{PROBLEM} min_capacity"));
    assert_eq!(problem["min_capacity"], 1);
}

#[tokio::test]
async fn a_refused_hold_says_what_became_of_it() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("tiny", 1).await;
    let [ann, bob, carl] = [server.login("ann").await, server.login("bob").await, server.login("carl").await];
    ann.hold("tiny", json!({})).await.expect(201);
    bob.join("tiny", json!({})).await.expect(200);
    let problem = carl.book("tiny", json!({})).await.expect_refusal(409, "queue_ahead");
    assert_eq!(members(&problem), format!("{PROBLEM} ahead"));
    assert_eq!(problem["ahead"], 1);

    server.advance_seconds(600);
    let problem = ann.confirm("tiny.1").await.expect_refusal(410, "hold_expired");
    assert_eq!(members(&problem), format!("{PROBLEM} expired_at"));
    assert_eq!(problem["expired_at"], "2026-11-22T10:10:00.000Z");

    bob.confirm("tiny.2").await.expect(201);
    let problem = bob.release("tiny.2").await.expect_refusal(409, "already_confirmed");
    assert_eq!(members(&problem), format!("{PROBLEM} booking"));
    assert_eq!(problem["booking"], "tiny.2");
}

#[tokio::test]
async fn the_answers_to_operators_have_their_members() {
    let server = TestServer::start().await;
    let (admin, visitor) = (server.admin(), server.visitor());
    admin.put_on_sale("gala", 1).await;
    let ann = server.login("ann").await;
    ann.hold("gala", json!({})).await.expect(201);
    server.advance_seconds(600);
    let due = json!({ "expired_holds": 1, "ended_sessions": 0, "dropped_queue_entries": 0 });
    let rehearsal = admin.cleanup(json!({ "dry_run": true })).await;
    assert_eq!(members(&rehearsal), members(&due));
    assert_eq!(rehearsal, due);
    assert_eq!(admin.cleanup(json!({})).await, due);

    let snapshot = admin.snapshot().await;
    assert_eq!(members(&snapshot), "seq bytes duration_ms file");
    assert_eq!(snapshot["seq"], visitor.durable_seq().await);
    let file = server.data().join(snapshot["file"].as_str().expect("a file's name"));
    assert_eq!(std::fs::metadata(file).expect("the snapshot").len(), snapshot["bytes"].as_u64().expect("a number"));
    assert_eq!(members(&visitor.get("/livez").await.expect(200)), "status");
    assert_eq!(members(&visitor.get("/readyz").await.expect(200)), "status durable_seq");
    assert_eq!(members(&visitor.get("/version").await.expect(200)), "name version api auth_mode sign_up");
}

#[tokio::test]
async fn all_times_of_an_answer_have_one_format() {
    let server = TestServer::start().await;
    let admin = server.admin();
    let ann = busy_day(&server, &admin).await;
    let mut answers = vec![ann.mine().await, admin.event("gala").await, server.visitor().event("gala").await];
    for path in ["/v1/holds", "/v1/bookings"] {
        answers.push(ann.get(path).await.expect(200));
    }
    answers.push(admin.get("/v1/admin/events/gala/holds").await.expect(200));
    let seen: usize = answers.iter().map(check_times).sum();
    assert!(seen > 20, "only {seen} times were seen");
}

/// Checks every member that is a time by its name, all the way down, and returns how many were not null.
fn check_times(value: &Value) -> usize {
    let check = |(name, value): (&String, &Value)| {
        let is_by_name = name.ends_with("_at") || name == "at" || name == "server_time";
        if is_by_name && !value.is_null() {
            assert!(is_time(value), "{name} is {value}");
            return 1;
        }
        check_times(value)
    };
    match value {
        Value::Object(members) => members.iter().map(check).sum(),
        Value::Array(items) => items.iter().map(check_times).sum(),
        _ => 0,
    }
}

#[tokio::test]
async fn the_counters_add_up_after_every_step() {
    let server = TestServer::start().await;
    let (admin, visitor) = (server.admin(), server.visitor());
    admin.create(gala()).await;
    let [ann, bob, carl] = [server.login("ann").await, server.login("bob").await, server.login("carl").await];
    let cast = Cast::of(&server).with("ann", &ann.token).with("bob", &bob.token).with("carl", &carl.token);
    let steps = r#"
        ann   POST   /v1/events/gala/holds    {"quantity":2}                              → 201
        bob   POST   /v1/events/gala/bookings                                             → 201
        carl  POST   /v1/events/gala/queue    {"quantity":2}                              → 200
        bob   POST   /v1/events/gala/holds    {"ticket_type":"box"}                       → 201
        ann   POST   /v1/events/gala/queue    {"ticket_type":"box"}                       → 200
        carl  POST   /v1/events/gala/queue    {"ticket_type":"box"}                       → 200
        ann   POST   /v1/events/gala/holds    {"quantity":1}                              → 200
        bob   DELETE /v1/holds/gala.3                                                     → 200
        bob   DELETE /v1/bookings/gala.2                                                  → 200
        ann   POST   /v1/holds/gala.1/confirm                                             → 201
        carl  DELETE /v1/events/gala/queue/me?ticket_type=box                             → 204
        admin PATCH  /v1/admin/events/gala    {"ticket_types":[{"id":"stalls","capacity":9}]} → 200
        bob   POST   /v1/events/gala/bookings {"quantity":4}                              → 201
        admin PUT    /v1/admin/events/gala/status {"status":"paused"}                     → 200
        ann   DELETE /v1/sessions/me                                                      → 204
        admin PUT    /v1/admin/events/gala/status {"status":"on_sale"}                    → 200
        admin PUT    /v1/admin/events/gala/status {"status":"cancelled"}                  → 200
    "#;
    for row in rows(steps) {
        cast.play(&row).await;
        let event = visitor.event("gala").await;
        check_counters(&event, row.line);
        let live = admin.get("/v1/admin/events/gala/holds?state=held").await.expect(200);
        let held: u64 = items(&live).iter().map(|hold| count(hold, "quantity")).sum();
        assert_eq!(count(&event, "held"), held, "{}", row.line);
        let newest = admin.changes_of("gala").await.pop().expect("a change");
        assert_eq!(event["seq"], newest["seq"], "{}", row.line);
    }
}

/// Checks that every type's tickets are where they must be, and that the event's figures are the sums over its types.
fn check_counters(event: &Value, step: &str) {
    let types = event["ticket_types"].as_array().expect("a list");
    for figures in types.iter().chain([event]) {
        let parts = count(figures, "available") + count(figures, "held") + count(figures, "booked");
        assert_eq!(parts, count(figures, "capacity"), "{step}: {figures}");
    }
    for counter in ["capacity", "available", "held", "booked", "waiting"] {
        let sum: u64 = types.iter().map(|figures| count(figures, counter)).sum();
        assert_eq!(count(event, counter), sum, "{step}: {counter}");
    }
    assert_eq!(event["sold_out"], count(event, "available") == 0, "{step}");
}

fn count(figures: &Value, counter: &str) -> u64 {
    figures[counter].as_u64().unwrap_or_else(|| panic!("{counter} of {figures} is no count"))
}

/// The items of a list.
fn items(list: &Value) -> &Vec<Value> {
    list["items"].as_array().expect("a list")
}
