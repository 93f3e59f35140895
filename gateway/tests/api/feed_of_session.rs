//! The stream of a session: all that is the user's, and nothing that is anybody else's.

use serde_json::{Value, json};

use crate::http::{Request, delete, get};
use crate::listener::{Listener, Message};
use crate::people::Buyer;
use crate::server::TestServer;
use crate::subscriber::Subscriber;

fn own(token: &str) -> Request {
    get("/v1/stream").with("authorization", format!("Bearer {token}"))
}

async fn listen(server: &TestServer, buyer: &Buyer) -> Listener {
    Listener::open(server.connection(), own(&buyer.token)).await
}

/// Whether a message tells that a thing of this kind is in this state.
fn tells(kind: &'static str, state: &'static str) -> impl Fn(&Message) -> bool {
    move |message| message.event == kind && message.data["state"] == state
}

/// Whether a message tells that all there is has been told.
fn is_current(message: &Message) -> bool {
    tells_server("current")(message)
}

fn tells_server(status: &'static str) -> impl Fn(&Message) -> bool {
    move |message| message.event == "server" && message.data["status"] == status
}

/// Comes back with the id of the newest message, and returns what is told of one's own before the rest.
async fn come_back(server: &TestServer, buyer: &Buyer, seen: impl ToString) -> (Listener, Vec<Message>) {
    let request = own(&buyer.token).with("last-event-id", seen.to_string());
    let mut stream = Listener::open(server.connection(), request).await;
    let mut told = stream.read_until(is_current).await;
    told.retain(|message| message.event != "stats");
    (stream, told)
}

fn kinds(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.event.as_str()).collect()
}

#[tokio::test]
async fn the_present_state_comes_first() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.put_on_sale("gala", 10).await;
    admin.put_on_sale("tiny", 1).await;
    admin.create(json!({ "id": "secret", "name": "Secret", "capacity": 5 })).await;
    let (ann, bob) = (server.login("ann").await, server.login("bob").await);
    bob.book("tiny", json!({})).await.expect(201);
    ann.hold("gala", json!({ "quantity": 2 })).await.expect(201);
    ann.join("tiny", json!({})).await.expect(200);
    let mut stream = listen(&server, &ann).await;
    let retry = stream.next_block().await.expect("when to come back");
    assert!(retry.starts_with("retry: "), "{retry}");
    let present = stream.read_until(is_current).await;
    assert_eq!(kinds(&present), ["stats", "stats", "server", "hold", "queue", "server"]);
    assert_eq!(present[0].data, server.visitor().event("gala").await);
    assert_eq!(present[1].data, server.visitor().event("tiny").await);
    assert_eq!(present[2].data, json!({ "status": "fresh" }));
    let mine = ann.mine().await;
    assert_eq!(present[3].data, mine["holds"][0]);
    assert_eq!(present[4].data, mine["queue"][0]);
    let ids: Vec<_> = present.iter().filter_map(|message| message.id).collect();
    assert_eq!(ids, [server.visitor().durable_seq().await], "there is nothing to come back with before all is told");
}

#[tokio::test]
async fn what_becomes_of_a_hold_is_told() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 10).await;
    let ann = server.login("ann").await;
    let mut stream = listen(&server, &ann).await;
    stream.next().await.expect("the figures");

    let elsewhere = ann.elsewhere();
    let hold = elsewhere.hold("gala", json!({ "quantity": 2 })).await.expect(201);
    let told = stream.once(tells("hold", "held")).await;
    assert_eq!((&told.data["id"], &told.data["quantity"]), (&hold["id"], &json!(2)));
    elsewhere.confirm(hold["id"].as_str().expect("an id")).await.expect(201);
    let told = stream.read_until(tells("booking", "booked")).await;
    assert!(told.iter().any(tells("hold", "confirmed")), "{told:?}");

    elsewhere.hold("gala", json!({})).await.expect(201);
    stream.once(tells("hold", "held")).await;
    server.advance_seconds(600);
    server.turn_wheels();
    stream.once(tells("hold", "expired")).await;
}

#[tokio::test]
async fn what_becomes_of_a_place_is_told() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.put_on_sale("tiny", 1).await;
    let (ann, bob) = (server.login("ann").await, server.login("bob").await);
    let hold = bob.hold("tiny", json!({})).await.expect(201);
    let mut stream = listen(&server, &ann).await;
    for _ in 0..2 {
        ann.join("tiny", json!({})).await.expect(200);
        stream.once(tells("queue", "waiting")).await;
        ann.leave("tiny").await.expect_status(204);
        stream.once(tells("queue", "left")).await;
    }
    ann.join("tiny", json!({})).await.expect(200);
    stream.once(tells("queue", "waiting")).await;
    bob.release(hold["id"].as_str().expect("an id")).await.expect(200);
    let told = stream.read_until(tells("queue", "granted")).await;
    let granted = told.iter().find(|message| message.event == "hold").expect("the hold");
    assert_eq!((&granted.data["source"], &granted.data["state"]), (&json!("queue"), &json!("held")));
}

#[tokio::test]
async fn who_comes_back_hears_what_they_missed_and_nothing_else() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.put_on_sale("gala", 10).await;
    admin.put_on_sale("tiny", 1).await;
    let (ann, bob) = (server.login("ann").await, server.login("bob").await);
    let taken = bob.hold("tiny", json!({})).await.expect(201);
    let kept = ann.hold("gala", json!({})).await.expect(201);
    let mut stream = listen(&server, &ann).await;
    let seen = stream.once(is_current).await.id.expect("a number");
    drop(stream);

    let (_, told) = come_back(&server, &ann, seen).await;
    assert_eq!(told.iter().map(|told| &told.data["status"]).collect::<Vec<_>>(), ["resumed", "current"]);
    let place = ann.join("tiny", json!({})).await.expect(200);
    bob.release(taken["id"].as_str().expect("an id")).await.expect(200);
    ann.confirm(kept["id"].as_str().expect("an id")).await.expect(201);
    bob.hold("gala", json!({})).await.expect(201);

    let (_, told) = come_back(&server, &ann, seen).await;
    assert_eq!(kinds(&told), ["server", "hold", "queue", "hold", "booking", "server"]);
    let states: Vec<_> = told[1..5].iter().map(|told| told.data["state"].as_str().expect("a state")).collect();
    assert_eq!(states, ["held", "granted", "confirmed", "booked"]);
    assert_eq!(told[2].data["joined_at"], place["joined_at"], "the journal tells when they had joined");
    let numbered: Vec<bool> = told.iter().map(|told| told.id.is_some()).collect();
    assert_eq!(numbered, [false, false, true, false, true, true], "the last of each change has its number");

    let (_, rest) = come_back(&server, &ann, told[2].id.expect("a number")).await;
    assert_eq!(kinds(&rest), ["server", "hold", "booking", "server"], "who was cut off in between hears the rest");
}

#[tokio::test]
async fn who_comes_back_after_a_crash_hears_what_they_missed() {
    let mut server = TestServer::start().await;
    server.admin().put_on_sale("gala", 10).await;
    let ann = server.login("ann").await;
    let mut stream = listen(&server, &ann).await;
    let seen = stream.once(is_current).await.id.expect("a number");
    drop(stream);
    ann.elsewhere().hold("gala", json!({})).await.expect(201);
    server.crash_and_start_again().await;
    let (_, told) = come_back(&server, &ann, seen).await;
    assert_eq!(kinds(&told), ["server", "hold", "server"]);
    assert_eq!((&told[0].data["status"], &told[1].data["state"]), (&json!("resumed"), &json!("held")));
}

#[tokio::test]
async fn with_a_number_of_another_server_one_begins_afresh() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 10).await;
    let ann = server.login("ann").await;
    ann.hold("gala", json!({})).await.expect(201);
    for seen in [999_999_999_999_u64.to_string(), u64::MAX.to_string(), "-1".to_owned(), "one".to_owned()] {
        let (_, told) = come_back(&server, &ann, &seen).await;
        assert_eq!(kinds(&told), ["server", "hold", "server"], "{seen}");
        assert_eq!(told[0].data["status"], "fresh", "{seen}");
    }
}

#[tokio::test]
async fn deadlines_that_moved_meanwhile_are_told() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.put_on_sale("gala", 10).await;
    let ann = server.login("ann").await;
    let hold = ann.hold("gala", json!({})).await.expect(201);
    let mut stream = listen(&server, &ann).await;
    let seen = stream.once(is_current).await.id.expect("a number");
    drop(stream);
    admin.set_status("gala", "paused").await.expect(200);
    server.advance_seconds(60);
    admin.set_status("gala", "on_sale").await.expect(200);
    let (_, told) = come_back(&server, &ann, seen).await;
    assert_eq!(kinds(&told), ["server", "hold", "server"]);
    assert_eq!(told[1].data["id"], hold["id"]);
    assert_ne!(told[1].data["expires_at"], hold["expires_at"]);
}

#[tokio::test]
async fn a_place_is_told_again_when_the_line_moves() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.put_on_sale("tiny", 1).await;
    let (ann, bob, cay) = (server.login("ann").await, server.login("bob").await, server.login("cay").await);
    cay.hold("tiny", json!({})).await.expect(201);
    bob.join("tiny", json!({})).await.expect(200);
    ann.join("tiny", json!({})).await.expect(200);
    let mut stream = listen(&server, &ann).await;
    assert_eq!(stream.once(tells("queue", "waiting")).await.data["ahead"], 1);
    bob.leave("tiny").await.expect_status(204);
    let nearer = stream.once(tells("queue", "waiting")).await;
    assert_eq!((&nearer.data["ahead"], nearer.id), (&json!(0), None));
}

#[tokio::test]
async fn a_place_that_came_nearer_meanwhile_is_told() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("tiny", 1).await;
    let (ann, bob, cay) = (server.login("ann").await, server.login("bob").await, server.login("cay").await);
    cay.hold("tiny", json!({})).await.expect(201);
    bob.join("tiny", json!({})).await.expect(200);
    ann.join("tiny", json!({})).await.expect(200);
    let mut stream = listen(&server, &ann).await;
    let seen = stream.once(is_current).await.id.expect("a number");
    drop(stream);
    let (_, told) = come_back(&server, &ann, seen).await;
    assert_eq!(kinds(&told), ["server", "server"], "the line stood still");
    bob.leave("tiny").await.expect_status(204);
    let (_, told) = come_back(&server, &ann, seen).await;
    assert_eq!(kinds(&told), ["server", "queue", "server"]);
    assert_eq!((&told[1].data["ahead"], told[1].id), (&json!(0), None));
}

#[tokio::test]
async fn a_place_that_its_user_gave_up_for_fewer_tickets_is_told() {
    for takes_hold in [true, false] {
        let server = TestServer::start().await;
        server.admin().put_on_sale("pair", 2).await;
        let (ann, bob, cay) = (server.login("ann").await, server.login("bob").await, server.login("cay").await);
        bob.hold("pair", json!({})).await.expect(201);
        let mut stream = listen(&server, &ann).await;
        let seen = stream.once(is_current).await.id.expect("a number");
        let place = ann.join("pair", json!({ "quantity": 2 })).await.expect(200);
        let joined = stream.once(tells("queue", "waiting")).await.id.expect("a number");
        cay.join("pair", json!({})).await.expect(200);
        let mut behind = listen(&server, &cay).await;
        let seen_behind = behind.once(is_current).await.id.expect("a number");
        // She is first, and one ticket is free.
        let one = json!({ "quantity": 1 });
        let (kind, state) = if takes_hold { ("hold", "held") } else { ("booking", "booked") };
        if takes_hold { ann.hold("pair", one).await } else { ann.book("pair", one).await }.expect(201);
        stream.once(tells(kind, state)).await;
        let ended = stream.once(|message| message.event == "queue").await;
        assert_eq!((&ended.data["state"], &ended.data["joined_at"]), (&json!("granted"), &place["joined_at"]));
        assert_eq!(ended.data["quantity"], 2);
        for (seen, joined_at) in [(seen, &place["joined_at"]), (joined, &Value::Null)] {
            let (_, told) = come_back(&server, &ann, seen).await;
            assert_eq!(kinds(&told), ["server", kind, "queue", "server"]);
            assert_eq!((&told[2].data["state"], &told[2].data["joined_at"]), (&json!("granted"), joined_at));
            assert_eq!(told[2].data["quantity"], 2);
        }
        assert_eq!(behind.once(tells("queue", "waiting")).await.data["ahead"], 0);
        let (_, told) = come_back(&server, &cay, seen_behind).await;
        assert_eq!(kinds(&told), ["server", "queue", "server"]);
        assert_eq!(told[1].data["ahead"], 0);
    }
}

#[tokio::test]
async fn who_joins_the_line_and_need_not_wait_hears_of_a_hold_alone() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.put_on_sale("gala", 10).await;
    let ann = server.login("ann").await;
    let mut stream = listen(&server, &ann).await;
    let seen = stream.once(is_current).await.id.expect("a number");
    let hold = ann.join("gala", json!({})).await.expect(201);
    assert_eq!(hold["source"], "queue");
    ann.release(hold["id"].as_str().expect("an id")).await.expect(200);
    let told = stream.read_until(tells("hold", "released")).await;
    assert!(told.iter().all(|message| message.event != "queue"), "{told:?}");
    let (_, told) = come_back(&server, &ann, seen).await;
    assert_eq!(kinds(&told), ["server", "hold", "server"]);
    let trail = admin.changes().await;
    let placed = trail.iter().find(|change| change["kind"] == "hold_placed").expect("the hold");
    assert_eq!((&placed["source"], &placed["by"]), (&json!("queue"), &json!("user")), "nobody granted it");
}

#[tokio::test]
async fn an_event_that_closes_drops_its_line_and_says_so() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.put_on_sale("tiny", 1).await;
    let (ann, bob) = (server.login("ann").await, server.login("bob").await);
    bob.hold("tiny", json!({})).await.expect(201);
    ann.join("tiny", json!({})).await.expect(200);
    let mut stream = listen(&server, &ann).await;
    stream.once(tells("queue", "waiting")).await;
    admin.set_status("tiny", "closed").await.expect(200);
    stream.once(tells("queue", "dropped")).await;
}

#[tokio::test]
async fn who_waits_hears_of_the_end_before_an_event_is_removed() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.put_on_sale("none", 0).await;
    let ann = server.login("ann").await;
    ann.join("none", json!({})).await.expect(200);
    let mut stream = listen(&server, &ann).await;
    stream.once(tells("queue", "waiting")).await;
    admin.send(delete("/v1/admin/events/none")).await.expect_refusal(409, "event_in_use");
    admin.set_status("none", "cancelled").await.expect(200);
    stream.once(tells("queue", "dropped")).await;
    admin.send(delete("/v1/admin/events/none")).await.expect_status(204);
}

#[tokio::test]
async fn new_events_and_moved_deadlines_are_told() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.put_on_sale("gala", 10).await;
    let ann = server.login("ann").await;
    let hold = ann.hold("gala", json!({})).await.expect(201);
    let mut stream = listen(&server, &ann).await;
    stream.once(tells("hold", "held")).await;
    admin.put_on_sale("ball", 5).await;
    stream.once(|message| message.event == "stats" && message.data["id"] == "ball").await;
    admin.set_status("gala", "paused").await.expect(200);
    stream.once(|message| message.event == "stats" && message.data["status"] == "paused").await;
    server.advance_seconds(60);
    admin.set_status("gala", "on_sale").await.expect(200);
    let is_later = |message: &Message| message.event == "hold" && message.data["expires_at"] != hold["expires_at"];
    stream.once(is_later).await;
}

#[tokio::test]
async fn nobody_hears_of_what_is_anothers() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 10).await;
    let (ann, bob) = (server.login("ann").await, server.login("bob").await);
    let mut stream = listen(&server, &ann).await;
    let hold = bob.hold("gala", json!({})).await.expect(201);
    bob.confirm(hold["id"].as_str().expect("an id")).await.expect(201);
    bob.hold("gala", json!({ "quantity": 3 })).await.expect(201);
    let mine = ann.hold("gala", json!({})).await.expect(201);
    let told = stream.read_until(|message| message.event == "hold").await;
    let is_own = |told: &&Message| !["stats", "server"].contains(&told.event.as_str());
    let things: Vec<&Value> = told.iter().filter(is_own).map(|told| &told.data["id"]).collect();
    assert_eq!(things, [&mine["id"]]);
}

#[tokio::test]
async fn the_stream_ends_with_the_session() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 10).await;
    let ann = server.login("ann").await;
    let mut stream = listen(&server, &ann).await;
    ann.log_out().await.expect_status(204);
    let rest = stream.rest().await;
    let last = rest.last().expect("a farewell");
    assert_eq!((last.event.as_str(), &last.data), ("server", &json!({ "status": "session_expired" })));

    let refusal = Listener::try_open(server.connection(), own(&ann.token)).await.err().expect("a refusal");
    refusal.expect_refusal(410, "session_expired");
    let nobody = Listener::try_open(server.connection(), get("/v1/stream")).await.err().expect("a refusal");
    nobody.expect_refusal(401, "unauthenticated");
}

#[tokio::test]
async fn who_comes_back_all_the_time_begins_afresh() {
    let server = TestServer::start_with(|config| config.limits.resumes_per_minute = 2).await;
    server.admin().put_on_sale("gala", 10).await;
    let (ann, bob) = (server.login("ann").await, server.login("bob").await);
    let seen = server.visitor().durable_seq().await;
    ann.hold("gala", json!({})).await.expect(201);
    for status in ["resumed", "resumed", "fresh"] {
        let (_, told) = come_back(&server, &ann, seen).await;
        assert_eq!(kinds(&told), ["server", "hold", "server"]);
        assert_eq!(told[0].data["status"], status);
    }
    let (_, told) = come_back(&server, &bob, seen).await;
    assert_eq!(told[0].data["status"], "resumed", "everybody has their own");
    server.advance_seconds(30);
    let (_, told) = come_back(&server, &ann, seen).await;
    assert_eq!(told[0].data["status"], "resumed");
}

#[tokio::test]
async fn streams_of_ones_own_are_not_opened_without_end() {
    let server = TestServer::start_with(|config| config.limits.mutations_burst = 3).await;
    server.admin().put_on_sale("gala", 10).await;
    let ann = server.login("ann").await;
    for _ in 0..2 {
        listen(&server, &ann).await.once(is_current).await;
    }
    let wish = json!({ "subscribe": ["me"], "token": ann.token });
    Subscriber::saying(&server, wish.clone()).await.once(is_current).await;
    let refusal = Listener::try_open(server.connection(), own(&ann.token)).await.err().expect("a refusal");
    refusal.expect_refusal(429, "rate_limited");
    assert_eq!(refusal.header("retry-after"), Some("1"));
    Subscriber::saying(&server, wish).await.expect_refusal("rate_limited", 4_429).await;
    ann.hold("gala", json!({})).await.expect(201);
    server.advance_ms(50);
    listen(&server, &ann).await.once(is_current).await;
}

#[tokio::test]
async fn a_session_has_its_share_of_streams() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.login("ann").await, server.login("bob").await);
    let mut streams = Vec::new();
    for _ in 0..4 {
        streams.push(listen(&server, &ann).await);
    }
    let refusal = Listener::try_open(server.connection(), own(&ann.token)).await.err().expect("a refusal");
    refusal.expect_refusal(429, "rate_limited");
    assert!(refusal.header("retry-after").is_some());
    listen(&server, &bob).await;
}
