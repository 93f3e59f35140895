//! The live feed over WebSocket: the same messages, of several things at once.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message as Frame;

use crate::http::{delete, get, post};
use crate::listener::{Listener, Message};
use crate::people::LOOKS_MAX;
use crate::server::TestServer;
use crate::subscriber::{Subscriber, upgrade};

/// Far longer than any limit of these tests, and shorter than a day.
const PATIENCE: Duration = Duration::from_secs(60);

const FRONT: &str = "https://front.example";
const EVIL: &str = "https://evil.example";

fn own(token: &str) -> Value {
    json!({ "subscribe": ["me"], "token": token })
}

/// Whether a message tells that a thing of this kind is in this state.
fn tells(kind: &'static str, state: &'static str) -> impl Fn(&Message) -> bool {
    move |message| message.event == kind && message.data["state"] == state
}

/// Whether a message tells that all of one's own has been told.
fn is_current(message: &Message) -> bool {
    message.event == "server" && message.data["status"] == "current"
}

/// Kind and event of each message but those about the server, sorted: subscriptions go on side by side.
fn topics(messages: &[Message]) -> Vec<(&str, &str)> {
    fn topic(message: &Message) -> (&str, &str) {
        let member = if message.event == "stats" { "id" } else { "event" };
        (&message.event, message.data[member].as_str().expect("an event"))
    }
    let mut topics: Vec<(&str, &str)> =
        messages.iter().filter(|message| message.event != "server").map(topic).collect();
    topics.sort_unstable();
    topics
}

#[tokio::test]
async fn the_present_state_comes_first_and_then_each_change() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 10).await;
    let ann = server.login("ann").await;
    let mut socket = Subscriber::saying(&server, json!({ "subscribe": ["event:gala"] })).await;
    let first = socket.next().await.expect("the present state");
    let seen = server.visitor().event("gala").await;
    assert_eq!((first.event.as_str(), &first.data, first.id), ("stats", &seen, seen["seq"].as_u64()));

    ann.hold("gala", json!({ "quantity": 2 })).await.expect(201);
    let message = socket.once(|message| message.data["available"] == 8).await;
    assert_eq!(message.data, server.visitor().event("gala").await);
    assert!(message.id > first.id);
    server.admin().set_status("gala", "paused").await.expect(200);
    socket.once(|message| message.data["status"] == "paused").await;
}

#[tokio::test]
async fn one_socket_tells_of_several_things() {
    let server = TestServer::start().await;
    for event in ["gala", "tiny", "ball"] {
        server.admin().put_on_sale(event, 1).await;
    }
    let (ann, bob) = (server.login("ann").await, server.login("bob").await);
    bob.book("tiny", json!({})).await.expect(201);
    ann.hold("gala", json!({})).await.expect(201);
    ann.join("tiny", json!({})).await.expect(200);

    let wish = json!({ "subscribe": ["event:gala", "me", "event:tiny"], "token": ann.token });
    let mut socket = Subscriber::saying(&server, wish).await;
    let mut present = Vec::new();
    for _ in 0..6 {
        present.push(socket.next().await.expect("the present state"));
    }
    let expected = [("hold", "gala"), ("queue", "tiny"), ("stats", "gala"), ("stats", "tiny")];
    assert_eq!(topics(&present), expected);
    let mine = ann.mine().await;
    let told = |kind: &str| &present.iter().find(|message| message.event == kind).expect("one").data;
    assert_eq!((told("hold"), told("queue")), (&mine["holds"][0], &mine["queue"][0]));

    // What another of the user's devices does is told, and what is another's, or of another event, is not.
    bob.hold("ball", json!({})).await.expect(201);
    ann.elsewhere().release("gala.1").await.expect(200);
    let mut rest = vec![socket.next().await.expect("the hold or the figures")];
    rest.push(socket.next().await.expect("the other one"));
    assert_eq!(topics(&rest), [("hold", "gala"), ("stats", "gala")]);
    assert!(rest.iter().any(tells("hold", "released")), "{rest:?}");
}

#[tokio::test]
async fn what_is_mine_comes_with_the_figures_of_all_events_or_without() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.put_on_sale("gala", 5).await;
    admin.put_on_sale("ball", 5).await;
    admin.create(json!({ "id": "secret", "name": "Secret", "capacity": 5 })).await;
    let ann = server.login("ann").await;
    ann.hold("gala", json!({})).await.expect(201);

    let mut alone = Subscriber::saying(&server, own(&ann.token)).await;
    let mut both = Subscriber::saying(&server, json!({ "subscribe": ["me", "events"], "token": ann.token })).await;
    let mut all = Subscriber::saying(&server, json!({ "subscribe": ["events"] })).await;
    let figures = [("stats", "ball"), ("stats", "gala")];
    assert_eq!(topics(&alone.read_until(is_current).await), [("hold", "gala")]);
    let told = both.read_until(is_current).await;
    assert_eq!(topics(&told), [&[("hold", "gala")][..], &figures].concat());
    let told = [all.next().await.expect("figures"), all.next().await.expect("figures")];
    assert_eq!(topics(&told), figures);

    // A pause moves the deadline, which is the user's, also for those who do not ask for figures.
    admin.put_on_sale("prom", 5).await;
    admin.set_status("gala", "paused").await.expect(200);
    server.advance_seconds(60);
    admin.set_status("gala", "on_sale").await.expect(200);
    let hold = ann.mine().await["holds"][0].clone();
    let is_later = |message: &Message| message.event == "hold" && message.data["expires_at"] == hold["expires_at"];
    let told = alone.read_until(is_later).await;
    assert!(told.iter().all(|message| message.event == "hold"), "{told:?}");
    both.once(is_later).await;
    let told = all.read_until(|message| message.data["id"] == "prom").await;
    assert!(told.iter().all(|message| message.event == "stats"), "{told:?}");
}

#[tokio::test]
async fn two_sockets_and_a_stream_are_told_the_same() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 10).await;
    let ann = server.login("ann").await;
    let wish = json!({ "subscribe": ["event:gala"] });
    let mut first = Subscriber::saying(&server, wish.clone()).await;
    let present = first.next().await.expect("the present state");
    // A message that was encoded again would tell another time.
    server.advance_ms(1);
    let mut second = Subscriber::saying(&server, wish).await;
    assert_eq!(second.next().await.expect("the present state").text, present.text);
    let mut stream = Listener::open(server.connection(), get("/v1/events/gala/stream")).await;
    assert_eq!(stream.next().await.expect("the present state").data, present.data);
    ann.hold("gala", json!({})).await.expect(201);
    let is_held = |message: &Message| message.data["available"] == 9;
    let told = first.once(is_held).await;
    assert_eq!(second.once(is_held).await.text, told.text);
    let streamed = stream.once(is_held).await;
    assert_eq!((streamed.id, streamed.data), (told.id, told.data));
}

#[tokio::test]
async fn who_comes_back_is_told_nothing_twice() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 10).await;
    let ann = server.login("ann").await;
    let seq = server.visitor().event("gala").await["seq"].as_u64().expect("a number");
    let again = |id: u64| json!({ "subscribe": ["event:gala"], "last_event_id": id });
    let mut knows_all = Subscriber::saying(&server, again(seq)).await;
    let mut knows_less = Subscriber::saying(&server, again(seq - 1)).await;
    assert_eq!(knows_less.next().await.expect("the present state").id, Some(seq));
    let mut own = Subscriber::saying(&server, own(&ann.token)).await;
    let seen = own.once(is_current).await.id;
    drop(own);
    ann.hold("gala", json!({})).await.expect(201);
    // What is the user's own has numbers of its own: they spare no figures, and those have none.
    let wish = json!({ "subscribe": ["me", "event:gala"], "token": ann.token, "last_event_id": seen });
    let mut own = Subscriber::saying(&server, wish).await;
    let mut told: Vec<_> = own.read_until(is_current).await;
    if !told.iter().any(|message| message.event == "stats") {
        told.push(own.once(|message| message.event == "stats").await);
    }
    assert_eq!(topics(&told), [("hold", "gala"), ("stats", "gala")]);
    assert!(told.iter().all(|message| message.data["status"] != "fresh"), "{told:?}");
    assert!(told.iter().all(|message| message.event != "stats" || message.id.is_none()), "{told:?}");
    assert_eq!(knows_all.next().await.expect("the change").data["available"], 9);
}

#[tokio::test]
async fn a_first_message_that_is_none_is_refused() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 10).await;
    server.admin().create(json!({ "id": "secret", "name": "Secret", "capacity": 5 })).await;
    let many = |count: usize| json!({ "subscribe": vec!["me"; count] }).to_string();
    let events: Vec<String> = (0..65).map(|number| format!("event:e{number}")).collect();
    let rows: [(&str, &str, u16); 26] = [
        ("", "malformed_request", 1008),
        ("no JSON", "malformed_request", 1008),
        ("{}", "malformed_request", 1008),
        (r#"["me"]"#, "malformed_request", 1008),
        (r#"[["event:gala"],null,null]"#, "malformed_request", 1008),
        (r#"{"subscribe":"me"}"#, "malformed_request", 1008),
        (r#"{"subscribe":[]}"#, "malformed_request", 1008),
        (r#"{"subscribe":[7]}"#, "malformed_request", 1008),
        (r#"{"subscribe":["you"]}"#, "malformed_request", 1008),
        (r#"{"subscribe":["Me"]}"#, "malformed_request", 1008),
        (r#"{"subscribe":["event:gala"]} {}"#, "malformed_request", 1008),
        (r#"{"subscribe":["event:gala"],"subscribe":["event:gala"]}"#, "malformed_request", 1008),
        (r#"{"subscribe":["event:gala"],"user":"ann"}"#, "malformed_request", 1008),
        (r#"{"subscribe":["event:gala"],"last_event_id":"7"}"#, "malformed_request", 1008),
        (r#"{"subscribe":["event:gala"],"last_event_id":-1}"#, "malformed_request", 1008),
        (r#"{"subscribe":["event:gala","event:gala"]}"#, "malformed_request", 1008),
        (r#"{"subscribe":["events","event:gala"]}"#, "malformed_request", 1008),
        (r#"{"subscribe":["event:gala"],"token":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]}"#, "malformed_request", 1008),
        (&many(2), "malformed_request", 1008),
        (&json!({ "subscribe": events }).to_string(), "malformed_request", 1008),
        (&json!({ "subscribe": events[..64] }).to_string(), "event_not_found", 4404),
        (r#"{"subscribe":["event:secret"]}"#, "event_not_found", 4404),
        (r#"{"subscribe":["event:"]}"#, "event_not_found", 4404),
        (r#"{"subscribe":["event:gala","event:nowhere"]}"#, "event_not_found", 4404),
        (r#"{"subscribe":["event:gala","me"]}"#, "unauthenticated", 4401),
        (r#"{"subscribe":["me"],"token":"no such token"}"#, "unauthenticated", 4401),
    ];
    for (text, code, close_code) in rows {
        // Nothing is told of what could be told besides.
        let mut socket = Subscriber::open(&server, &[]).await;
        socket.send(Frame::text(text)).await;
        socket.expect_refusal(code, close_code).await;
    }
}

#[tokio::test]
async fn frames_that_are_no_message_are_refused() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 10).await;
    let mut binary = Subscriber::open(&server, &[]).await;
    binary.send(Frame::binary(r#"{"subscribe":["event:gala"]}"#)).await;
    binary.expect_refusal("malformed_request", 1008).await;

    let filled = |bytes: usize| {
        let wish = r#"{"subscribe":["event:gala"]}"#;
        Frame::text(format!("{wish}{}", " ".repeat(bytes - wish.len())))
    };
    let mut large = Subscriber::open(&server, &[]).await;
    large.send(filled(16 << 10)).await;
    large.next().await.expect("the present state");
    let mut too_large = Subscriber::open(&server, &[]).await;
    too_large.send(filled((16 << 10) + 1)).await;
    too_large.expect_refusal("body_too_large", 1009).await;

    // A frame that is not masked, and one whose text is no UTF-8.
    for bytes in [&b"\x81\x02{}"[..], b"\x81\x82\0\0\0\0\xff\xff"] {
        let mut socket = Subscriber::open(&server, &[]).await;
        socket.connection().write_all(bytes).await.expect("a server that reads");
        socket.expect_refusal("malformed_request", 1008).await;
    }

    let mut twice = Subscriber::saying(&server, json!({ "subscribe": ["event:gala"] })).await;
    twice.next().await.expect("the present state");
    twice.say(json!({ "subscribe": ["event:gala"] })).await;
    twice.expect_refusal("malformed_request", 1008).await;
    server.visitor().event("gala").await;
}

#[tokio::test]
async fn who_says_nothing_is_not_waited_for() {
    let server = TestServer::start_with(|config| config.limits.body_read_seconds = 1).await;
    Subscriber::open(&server, &[]).await.expect_refusal("request_timeout", 4408).await;
}

#[tokio::test]
async fn what_is_no_websocket_is_refused() {
    let server = TestServer::start().await;
    let visitor = server.visitor();
    visitor.get("/v1/ws").await.expect_refusal(400, "malformed_request");
    let old = get("/v1/ws").with("connection", "upgrade").with("upgrade", "websocket");
    visitor.send(old.clone().with("sec-websocket-version", "13")).await.expect_refusal(400, "malformed_request");
    let old = old.with("sec-websocket-version", "8").with("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    visitor.send(old).await.expect_refusal(400, "malformed_request");
    let post = post("/v1/ws", json!({ "subscribe": ["events"] }));
    visitor.send(post).await.expect_refusal(405, "method_not_allowed");
}

#[tokio::test]
async fn no_other_site_opens_a_socket() {
    let server = TestServer::start_with(|config| config.cors.origins = vec![FRONT.to_owned()]).await;
    let ann = server.login("ann").await;
    let cookie = format!("holdfast_session={}", ann.token);
    for header in [("origin", EVIL), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
        let foreign = upgrade().with(header.0, header.1);
        server.visitor().send(foreign.clone()).await.expect_refusal(403, "forbidden");
        server.visitor().send(foreign.with("cookie", &cookie)).await.expect_refusal(403, "forbidden");
    }
    server.admin().put_on_sale("gala", 10).await;
    let mut listed = Subscriber::open(&server, &[("origin", FRONT), ("sec-fetch-site", "cross-site")]).await;
    listed.say(json!({ "subscribe": ["event:gala", "me"], "token": ann.token })).await;
    listed.next().await.expect("the figures");
}

#[tokio::test]
async fn a_cookie_opens_what_is_mine_to_our_own_pages_alone() {
    let server = TestServer::start_with(|config| config.cors.origins = vec![FRONT.to_owned()]).await;
    let ann = server.login("ann").await;
    server.admin().put_on_sale("gala", 10).await;
    ann.hold("gala", json!({})).await.expect(201);
    let cookie = format!("holdfast_session={}", ann.token);
    let bearer = format!("Bearer {}", ann.token);
    let page = format!("http://{}", server.address());
    let mine = json!({ "subscribe": ["me"] });
    let opening: [&[(&str, &str)]; 3] = [
        &[("cookie", &cookie), ("origin", &page)],
        &[("cookie", &cookie), ("sec-fetch-site", "same-origin")],
        &[("authorization", &bearer)],
    ];
    for headers in opening {
        let mut socket = Subscriber::open(&server, headers).await;
        socket.say(mine.clone()).await;
        let told = socket.read_until(is_current).await;
        assert_eq!(topics(&told), [("hold", "gala")], "{headers:?}");
    }
    let not_vouched_for: [&[(&str, &str)]; 2] = [&[("cookie", &cookie)], &[("cookie", &cookie), ("origin", FRONT)]];
    for headers in not_vouched_for {
        let mut socket = Subscriber::open(&server, headers).await;
        socket.say(mine.clone()).await;
        socket.expect_refusal("forbidden", 4403).await;
        let mut socket = Subscriber::open(&server, headers).await;
        socket.say(json!({ "subscribe": ["event:gala"] })).await;
        assert_eq!(socket.next().await.expect("the figures").event, "stats", "what is everybody's needs no token");
    }
}

#[tokio::test]
async fn the_socket_ends_with_the_session() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 10).await;
    let ann = server.login("ann").await;
    let wish = json!({ "subscribe": ["me", "event:gala"], "token": ann.token });
    let mut socket = Subscriber::saying(&server, wish).await;
    socket.next().await.expect("the figures");
    ann.log_out().await.expect_status(204);
    let (messages, close) = socket.rest().await;
    let last = messages.last().expect("a farewell");
    assert_eq!((last.event.as_str(), &last.data), ("server", &json!({ "status": "session_expired" })));
    assert_eq!(close, (4410, "session_expired".to_owned()));
    let mut late = Subscriber::saying(&server, own(&ann.token)).await;
    late.expect_refusal("session_expired", 4410).await;

    // With nothing else to tell, too.
    let bob = server.login("bob").await;
    let mut alone = Subscriber::saying(&server, own(&bob.token)).await;
    alone.once(is_current).await;
    bob.log_out().await.expect_status(204);
    let (messages, close) = alone.rest().await;
    assert_eq!(messages.last().expect("a farewell").data, json!({ "status": "session_expired" }));
    assert_eq!(close, (4410, "session_expired".to_owned()));
}

#[tokio::test]
async fn a_subscription_ends_with_its_event() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.put_on_sale("gala", 10).await;
    admin.put_on_sale("ball", 10).await;
    let mut socket = Subscriber::saying(&server, json!({ "subscribe": ["event:gala", "event:ball"] })).await;
    for _ in 0..2 {
        socket.next().await.expect("the present state");
    }
    admin.send(delete("/v1/admin/events/gala")).await.expect_status(204);
    let ended = socket.next().await.expect("a word about it");
    let data = json!({ "status": "subscription_ended", "subscription": "event:gala" });
    assert_eq!((ended.event.as_str(), ended.id, &ended.data), ("server", None, &data));
    // The other one goes on, and with it the last is gone.
    admin.set_status("ball", "paused").await.expect(200);
    assert_eq!(socket.next().await.expect("a change").data["status"], "paused");
    admin.send(delete("/v1/admin/events/ball")).await.expect_status(204);
    let (messages, close) = socket.rest().await;
    assert_eq!(messages.last().expect("a word about it").data["subscription"], "event:ball");
    assert_eq!(close, (1000, "over".to_owned()));
}

#[tokio::test]
async fn an_open_socket_keeps_a_user_present() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 1).await;
    server.admin().change("gala", json!({ "presence_seconds": 300 })).await.expect_status(200);
    let ann = server.login("ann").await;
    ann.hold("gala", json!({})).await.expect_status(201);
    let bob = server.login("bob").await;
    bob.join("gala", json!({})).await.expect_status(200);
    let mut socket = Subscriber::saying(&server, own(&bob.token)).await;
    socket.once(|message| message.event == "queue").await;
    server.advance_seconds(599);
    ann.release("gala.1").await.expect_status(200);
    let told = socket.once(|message| message.event == "hold").await;
    assert_eq!((&told.data["source"], &told.data["state"]), (&json!("queue"), &json!("held")));
}

#[tokio::test]
async fn a_socket_has_a_place_as_a_stream_has() {
    let server = TestServer::start_with(|config| config.limits.streams_max = 2).await;
    server.admin().put_on_sale("gala", 10).await;
    // One that has not said anything has its place, too.
    let silent = Subscriber::open(&server, &[]).await;
    let mut stream = Listener::open(server.connection(), get("/v1/events/gala/stream")).await;
    let refusal = server.visitor().send(upgrade()).await;
    refusal.expect_refusal(503, "overloaded");
    assert!(refusal.header("retry-after").is_some());
    drop(silent);
    // A socket whose client has gone makes room soon, but not at once.
    for look in 0.. {
        assert!(look < LOOKS_MAX, "no room after {LOOKS_MAX} looks");
        if Listener::try_open(server.connection(), get("/v1/events/gala/stream")).await.is_ok() {
            break;
        }
    }
    stream.next().await.expect("the present state");
}

#[tokio::test]
async fn a_session_has_its_share_of_sockets_and_streams() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 10).await;
    let (ann, bob) = (server.login("ann").await, server.login("bob").await);
    ann.hold("gala", json!({})).await.expect(201);
    bob.hold("gala", json!({})).await.expect(201);
    let stream = get("/v1/stream").with("authorization", format!("Bearer {}", ann.token));
    let _stream = Listener::open(server.connection(), stream).await;
    let mut sockets = Vec::new();
    for _ in 0..3 {
        let mut socket = Subscriber::saying(&server, own(&ann.token)).await;
        socket.next().await.expect("the hold");
        sockets.push(socket);
    }
    let mut one_too_many = Subscriber::saying(&server, own(&ann.token)).await;
    let problem = one_too_many.expect_refusal("rate_limited", 4429).await;
    assert!(problem["retry_after_seconds"].is_u64(), "{problem}");
    Subscriber::saying(&server, own(&bob.token)).await.next().await.expect("the hold");
    Subscriber::saying(&server, json!({ "subscribe": ["events"] })).await.next().await.expect("the figures");
}

#[tokio::test]
async fn pings_are_answered_and_pongs_are_not() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 10).await;
    let mut socket = Subscriber::open(&server, &[]).await;
    socket.send(Frame::Ping("before".into())).await;
    assert_eq!(socket.next_frame().await, Some(Frame::Pong("before".into())));
    socket.say(json!({ "subscribe": ["event:gala"] })).await;
    socket.next().await.expect("the present state");
    socket.send(Frame::Pong("unasked".into())).await;
    for payload in ["one", "two"] {
        socket.send(Frame::Ping(payload.into())).await;
        assert_eq!(socket.next_frame().await, Some(Frame::Pong(payload.into())));
    }
    socket.send(Frame::Close(None)).await;
    assert_eq!(socket.next_frame().await, Some(Frame::Close(None)));
    assert_eq!(socket.next_frame().await, None);
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_cut() {
    let server = TestServer::start_with(|config| config.limits.write_stall_seconds = 1).await;
    let mut socket = Subscriber::open(&server, &[]).await;
    let ping = [&b"\x89\xfd\0\0\0\0"[..], &[b'x'; 125]].concat();
    let pings = ping.repeat(1_000);
    let connection = socket.connection();
    let ask = async { while connection.write_all(&pings).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, ask).await.expect("a server that closes");
    server.visitor().send(get("/livez")).await.expect(200);
}

#[tokio::test]
async fn no_limit_of_a_request_cuts_a_socket() {
    let server = TestServer::start_with_a_second_for_each_request().await;
    server.admin().put_on_sale("gala", 10).await;
    let mut socket = Subscriber::saying(&server, json!({ "subscribe": ["event:gala"] })).await;
    socket.next().await.expect("the present state");
    // Messages come a quarter of a second apart, so that these take longer than any of the limits.
    for _ in 0..4 {
        for status in ["paused", "on_sale"] {
            server.admin().set_status("gala", status).await.expect(200);
            socket.once(|message| message.data["status"] == status).await;
        }
    }
}

#[tokio::test]
async fn an_open_socket_takes_a_connection_and_gives_it_back() {
    let server = TestServer::start_with(|config| config.limits.connections_max = 1).await;
    let socket = Subscriber::open(&server, &[]).await;
    let visitor = server.visitor();
    visitor.get("/livez").await.expect_refusal(503, "overloaded");
    drop(socket);
    for look in 0.. {
        assert!(look < LOOKS_MAX, "no room after {LOOKS_MAX} looks");
        if visitor.get("/livez").await.status == 200 {
            break;
        }
    }
}

#[tokio::test]
async fn sockets_end_when_the_server_stops_and_keep_nobody_waiting() {
    let mut server = TestServer::start_with(|config| config.server.drain_seconds = 3_600).await;
    server.admin().put_on_sale("gala", 10).await;
    let mut socket = Subscriber::saying(&server, json!({ "subscribe": ["event:gala"] })).await;
    socket.next().await.expect("the present state");
    let mut silent = Subscriber::open(&server, &[]).await;
    let (_, rest, of_silent) = tokio::join!(server.stop_and_start_again(), socket.rest(), silent.rest());
    for (messages, close) in [rest, of_silent] {
        let texts: Vec<&str> = messages.iter().map(|message| message.text.as_str()).collect();
        assert_eq!(texts, [r#"{"event":"server","id":null,"data":{"status":"shutting_down"}}"#]);
        assert_eq!(close, (1001, "shutting_down".to_owned()));
    }
    let mut again = Subscriber::saying(&server, json!({ "subscribe": ["event:gala"] })).await;
    assert_eq!(again.next().await.expect("the present state").event, "stats");
}
