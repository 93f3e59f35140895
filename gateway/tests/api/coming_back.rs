//! A thousand times cut off and back, over streams and sockets in turn: nothing of one's own is missed, and nothing is heard twice.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::http::{Answer, get};
use crate::listener::{Listener, Message};
use crate::people::Buyer;
use crate::random::Random;
use crate::server::TestServer;
use crate::subscriber::Subscriber;

const CUTS: u64 = 1_000;
const CRASH_EVERY: u64 = 250;
/// The engine remembers only so many of a user's ended holds in one event. Who misses more begins afresh.
const ROUNDS_PER_EVENT: u64 = 10;

/// A thing of one's own: the kind of its messages, and its id or event.
type Thing = (String, String);

/// What a client knows. It takes over what it hears when it hears a number.
#[derive(Default)]
struct Client {
    seen: Option<u64>,
    unsettled: Vec<Message>,
    /// What was told of each thing: by which changes, and the state at last.
    told: HashMap<Thing, Vec<(u64, String)>>,
    fresh_starts: u32,
}

/// How the client hears.
enum Line {
    Stream(Box<Listener>),
    Socket(Box<Subscriber>),
}

impl Line {
    async fn next(&mut self) -> Message {
        match self {
            Line::Stream(stream) => stream.next().await.expect("a stream that goes on"),
            Line::Socket(socket) => socket.next().await.expect("a socket that goes on"),
        }
    }
}

impl Client {
    fn hear(&mut self, message: Message) {
        let id = message.id;
        match message.event.as_str() {
            "stats" => {}
            "server" if message.data["status"] == "fresh" && self.seen.is_some() => {
                self.fresh_starts += 1;
            }
            "server" => {}
            _ => self.unsettled.push(message),
        }
        let Some(seq) = id else { return };
        for message in self.unsettled.drain(..) {
            let name = if message.event == "queue" { "event" } else { "id" };
            let thing = (message.event, text(&message.data[name]));
            self.told.entry(thing).or_default().push((seq, text(&message.data["state"])));
        }
        self.seen = Some(seq);
    }

    async fn open(&mut self, server: &TestServer, token: &str, as_socket: bool) -> Line {
        self.unsettled.clear();
        if as_socket {
            let wish = json!({ "subscribe": ["me", "events"], "token": token, "last_event_id": self.seen });
            return Line::Socket(Box::new(Subscriber::saying(server, wish).await));
        }
        let mut request = get("/v1/stream").with("authorization", format!("Bearer {token}"));
        if let Some(seen) = self.seen {
            request = request.with("last-event-id", seen.to_string());
        }
        Line::Stream(Box::new(Listener::open(server.connection(), request).await))
    }

    /// Hears until all that there was is told, or only some of it.
    async fn hear_what_was(&mut self, line: &mut Line, messages_max: u64) {
        for _ in 0..messages_max {
            let message = line.next().await;
            let is_current = message.data["status"] == "current";
            self.hear(message);
            if is_current {
                return;
            }
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn seq(answer: &Answer) -> u64 {
    answer.header("holdfast-seq").expect("a number").parse().expect("a number")
}

/// Does something that changes something of ann's, and returns its number.
async fn do_something(ann: &Buyer, event: &str, random: &mut Random) -> u64 {
    let mine = ann.mine().await;
    let (hold, place) = (&mine["holds"][0]["id"], &mine["queue"][0]);
    let booking = mine["bookings"].as_array().expect("a list").iter().find(|booking| booking["state"] == "booked");
    let answer = match (hold.as_str(), booking) {
        (Some(hold), _) if random.chance(1, 2) => ann.release(hold).await,
        (Some(hold), _) => ann.confirm(hold).await,
        (None, Some(booking)) if random.chance(1, 2) => {
            ann.delete(&format!("/v1/bookings/{}", text(&booking["id"]))).await
        }
        _ if !place.is_null() => ann.leave(&text(&place["event"])).await,
        _ => ann.join(event, json!({})).await,
    };
    assert!((200..300).contains(&answer.status), "{answer:?}");
    seq(&answer)
}

/// Somebody takes what is free, or gives it back: then it is ann's, if she waits.
async fn let_rival(rival: &Buyer, event: &str) {
    let mine = rival.mine().await;
    match mine["holds"][0]["id"].as_str() {
        Some(hold) => rival.release(hold).await.expect_status(200),
        None => drop(rival.hold(event, json!({})).await),
    }
}

/// Whether a hold was granted to somebody in line, and not had at once by who joined it.
fn is_grant(change: &Value) -> bool {
    change["kind"] == "hold_placed" && change["source"] == "queue" && change["by"] == "system"
}

/// What the audit trail says became of ann's things: thing and number of the change, in order.
fn of_trail(change: &Value) -> Vec<(Thing, u64)> {
    let thing =
        |kind: &str, id: &str| ((kind.to_owned(), text(&change[id])), change["seq"].as_u64().expect("a number"));
    match change["kind"].as_str().expect("a kind") {
        "hold_placed" if is_grant(change) => vec![thing("hold", "hold"), thing("queue", "event")],
        "hold_placed" | "hold_amended" | "hold_extended" | "hold_released" | "hold_expired" => {
            vec![thing("hold", "hold")]
        }
        "hold_confirmed" => vec![thing("hold", "hold"), thing("booking", "booking")],
        "booking_placed" | "booking_cancelled" => vec![thing("booking", "booking")],
        "queue_joined" | "queue_left" | "queue_dropped" | "waiter_served" => vec![thing("queue", "event")],
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn who_is_cut_off_a_thousand_times_misses_nothing_and_hears_nothing_twice() {
    let seed = 20_261_122;
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let mut server = TestServer::start_with(|config| config.limits.enabled = false).await;
    let (mut ann, mut rival) = (server.login("ann").await, server.login("bob").await);
    let mut client = Client::default();
    let mut event = String::new();
    for round in 0..CUTS {
        if round % ROUNDS_PER_EVENT == 0 {
            event = format!("gala-{}", round / ROUNDS_PER_EVENT);
            server.admin().put_on_sale(&event, 2).await;
        }
        let mut line = client.open(&server, &ann.token, random.chance(1, 2)).await;
        // Sometimes the cut comes in the middle of what was missed.
        let messages_max = if random.chance(1, 4) { random.between(1, 4) } else { u64::MAX };
        client.hear_what_was(&mut line, messages_max).await;
        for _ in 0..random.between(0, 3) {
            let_rival(&rival, &event).await;
            let done_seq = do_something(&ann, &event, &mut random).await;
            if messages_max == u64::MAX && random.chance(1, 2) {
                while client.seen < Some(done_seq) {
                    client.hear(line.next().await);
                }
            }
        }
        if random.chance(1, 20) {
            server.advance_seconds(600);
            server.turn_wheels();
        }
        drop(line);
        if round % CRASH_EVERY == CRASH_EVERY - 1 {
            server.crash_and_start_again().await;
            (ann, rival) = (ann.elsewhere(), rival.elsewhere());
        }
    }
    let mut line = client.open(&server, &ann.token, false).await;
    client.hear_what_was(&mut line, u64::MAX).await;
    check(&client, &server.admin().changes().await);
}

/// Holds what the client was told against the audit trail.
fn check(client: &Client, trail: &[Value]) {
    assert_eq!(client.fresh_starts, 0, "every return went on where the client was");
    let mut happened: HashMap<Thing, Vec<u64>> = HashMap::new();
    for (thing, seq) in trail.iter().filter(|change| change["user"] == "ann").flat_map(of_trail) {
        happened.entry(thing).or_default().push(seq);
    }
    let mut told_count = 0;
    for (thing, told) in &client.told {
        let seqs: Vec<u64> = told.iter().map(|(seq, _)| *seq).collect();
        assert!(seqs.is_sorted_by(|earlier, later| earlier < later), "{thing:?} was told twice: {told:?}");
        let changes = &happened[thing];
        assert!(seqs.iter().all(|seq| changes.contains(seq)), "{thing:?} was told without a change: {told:?}");
        told_count += seqs.len();
    }
    for (thing, changes) in &happened {
        let told = client.told.get(thing).unwrap_or_else(|| panic!("nothing was told of {thing:?}"));
        assert_eq!(
            told.last().map(|(seq, _)| seq),
            changes.last(),
            "the last of {thing:?}, told up to {:?}",
            client.seen
        );
    }
    let ends =
        trail.iter().filter(|change| change["user"] == "ann" && (change["kind"] == "queue_left" || is_grant(change)));
    for end in ends {
        let (place, seq) = (("queue".to_owned(), text(&end["event"])), end["seq"].as_u64().expect("a number"));
        assert!(client.told[&place].iter().any(|told| told.0 == seq && told.1 != "waiting"), "not told: {end}");
    }
    println!("{} cuts, {told_count} messages of {} things", CUTS, happened.len());
    assert!(told_count > 1_000, "hardly anything happened: {told_count}");
}
