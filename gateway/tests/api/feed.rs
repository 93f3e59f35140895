//! The live feed: what happens is told to whoever may know it, as soon as it is durable.

use serde_json::{Value, json};

use crate::http::{Request, delete, get};
use crate::listener::Listener;
use crate::people::LOOKS_MAX;
use crate::server::TestServer;

fn stream_of(event: &str) -> Request {
    get(format!("/v1/events/{event}/stream"))
}

async fn listen(server: &TestServer, event: &str) -> Listener {
    Listener::open(server.connection(), stream_of(event)).await
}

#[tokio::test]
async fn the_present_state_comes_first_and_then_each_change() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 10).await;
    let ann = server.login("ann").await;
    let mut stream = listen(&server, "gala").await;
    for (name, value) in
        [("content-type", "text/event-stream"), ("cache-control", "no-store"), ("x-accel-buffering", "no")]
    {
        assert_eq!(stream.headers[name], value, "{name}");
    }
    let retry = stream.next_block().await.expect("when to come back");
    assert!(retry.starts_with("retry: "), "{retry}");

    let first = stream.next().await.expect("the present state");
    let seen = server.visitor().event("gala").await;
    assert_eq!((first.event.as_str(), &first.data), ("stats", &seen));
    assert_eq!(first.id, seen["seq"].as_u64());

    ann.hold("gala", json!({ "quantity": 2 })).await.expect(201);
    let message = stream.once(|message| message.data["available"] == 8).await;
    assert_eq!(message.data, server.visitor().event("gala").await);
    assert!(message.id > first.id);

    server.advance_seconds(600);
    server.turn_wheels();
    stream.once(|message| message.data["available"] == 10).await;
    server.admin().set_status("gala", "paused").await.expect(200);
    stream.once(|message| message.data["status"] == "paused").await;
}

#[tokio::test]
async fn many_changes_are_few_messages_and_the_last_state_gets_out() {
    let server = TestServer::start_with(|config| config.limits.enabled = false).await;
    server.admin().put_on_sale("gala", 10).await;
    let ann = server.login("ann").await;
    let mut stream = listen(&server, "gala").await;
    for _ in 0..50 {
        let hold = ann.hold("gala", json!({})).await.expect(201);
        ann.release(hold["id"].as_str().expect("an id")).await.expect(200);
    }
    let seen = server.visitor().event("gala").await;
    let messages = stream.read_until(|message| message.id == seen["seq"].as_u64()).await;
    assert_eq!(messages.last().expect("a message").data, seen);
    assert!(messages.len() < 50, "{} messages for 100 changes", messages.len());
    assert!(messages.is_sorted_by_key(|message| message.id));
}

#[tokio::test]
async fn all_readers_share_one_message() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 10).await;
    let ann = server.login("ann").await;
    let mut first = listen(&server, "gala").await;
    let present = first.next().await.expect("the present state");
    // A message that was encoded again would tell another time.
    server.advance_ms(1);
    let mut readers = Vec::new();
    for _ in 0..20 {
        let mut reader = listen(&server, "gala").await;
        assert_eq!(reader.next().await.expect("the present state").text, present.text);
        readers.push(reader);
    }
    ann.hold("gala", json!({})).await.expect(201);
    let message = first.once(|message| message.data["available"] == 9).await;
    for mut reader in readers {
        assert_eq!(reader.once(|message| message.data["available"] == 9).await, message);
    }
}

#[tokio::test]
async fn who_comes_back_is_told_nothing_twice() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 10).await;
    let ann = server.login("ann").await;
    let seq = server.visitor().event("gala").await["seq"].as_u64().expect("a number");
    let again = |id: String| stream_of("gala").with("last-event-id", id);
    let mut knows_all = Listener::open(server.connection(), again(seq.to_string())).await;
    for id in [(seq - 1).to_string(), "0".to_owned(), "what".to_owned(), "-1".to_owned()] {
        let mut knows_less = Listener::open(server.connection(), again(id)).await;
        assert_eq!(knows_less.next().await.expect("the present state").id, Some(seq));
    }
    ann.hold("gala", json!({})).await.expect(201);
    assert_eq!(knows_all.next().await.expect("the change").data["available"], 9);
}

#[tokio::test]
async fn only_what_the_public_sees_is_streamed() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.create(json!({ "id": "secret", "name": "Secret", "capacity": 5 })).await;
    for event in ["secret", "nowhere", "Not-An-Id"] {
        let refusal = Listener::try_open(server.connection(), stream_of(event)).await.err().expect("a refusal");
        refusal.expect_refusal(404, "event_not_found");
    }
    let html = server.visitor().send(stream_of("secret").with("accept", "text/html")).await;
    html.expect_refusal(406, "not_acceptable");
    let list = server.visitor().send(get("/v1/events").with("accept", "text/event-stream")).await;
    list.expect_refusal(406, "not_acceptable");
}

#[tokio::test]
async fn a_stream_ends_with_its_event() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.put_on_sale("gala", 10).await;
    let mut stream = listen(&server, "gala").await;
    stream.next().await.expect("the present state");
    admin.send(delete("/v1/admin/events/gala")).await.expect_status(204);
    assert_eq!(stream.rest().await, []);
    let refusal = Listener::try_open(server.connection(), stream_of("gala")).await.err().expect("a refusal");
    refusal.expect_refusal(404, "event_not_found");
}

#[tokio::test]
async fn a_stream_too_many_is_refused_until_another_ends() {
    let server = TestServer::start_with(|config| config.limits.streams_max = 2).await;
    server.admin().put_on_sale("gala", 10).await;
    let (first, mut second) = (listen(&server, "gala").await, listen(&server, "gala").await);
    let refusal = Listener::try_open(server.connection(), stream_of("gala")).await.err().expect("a refusal");
    refusal.expect_refusal(503, "overloaded");
    assert!(refusal.header("retry-after").is_some());
    drop(first);
    open_once_there_is_room(&server).await;
    second.next().await.expect("the present state");
}

/// A stream whose client has gone makes room soon, but not at once.
async fn open_once_there_is_room(server: &TestServer) -> Listener {
    for _ in 0..LOOKS_MAX {
        if let Ok(stream) = Listener::try_open(server.connection(), stream_of("gala")).await {
            return stream;
        }
    }
    panic!("no room after {LOOKS_MAX} looks");
}

#[tokio::test]
async fn no_limit_of_a_request_cuts_a_stream() {
    let server = TestServer::start_with_a_second_for_each_request().await;
    server.admin().put_on_sale("gala", 10).await;
    let mut stream = listen(&server, "gala").await;
    stream.next().await.expect("the present state");
    // Messages come a quarter of a second apart, so that these take longer than any of the limits.
    for _ in 0..4 {
        for status in ["paused", "on_sale"] {
            server.admin().set_status("gala", status).await.expect(200);
            stream.once(|message| message.data["status"] == status).await;
        }
    }
}

#[tokio::test]
async fn a_stream_takes_no_place_of_those_under_way() {
    let server = TestServer::start_with(|config| config.overload.requests_max = 16).await;
    server.admin().put_on_sale("gala", 10).await;
    let mut streams = Vec::new();
    for _ in 0..40 {
        streams.push(listen(&server, "gala").await);
    }
    server.visitor().event("gala").await;
}

#[tokio::test]
async fn streams_end_when_the_server_stops_and_keep_nobody_waiting() {
    let mut server = TestServer::start_with(|config| config.server.drain_seconds = 3_600).await;
    server.admin().put_on_sale("gala", 10).await;
    let mut stream = listen(&server, "gala").await;
    stream.next().await.expect("the present state");
    let (_, rest) = tokio::join!(server.stop_and_start_again(), stream.rest());
    let told: Vec<(&str, &Value)> = rest.iter().map(|message| (message.event.as_str(), &message.data)).collect();
    assert_eq!(told, [("server", &json!({ "status": "shutting_down" }))]);
    assert_eq!(listen(&server, "gala").await.next().await.expect("the present state").event, "stats");
}
