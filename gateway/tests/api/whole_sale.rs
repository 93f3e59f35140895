//! A sale from its lobby to its end, with the audit trail and the live feed held against the figures at each step.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::http::get;
use crate::listener::Listener;
use crate::people::Buyer;
use crate::server::TestServer;

/// A sale that somebody watches.
struct Sale {
    server: TestServer,
    stream: Listener,
}

/// What an audit trail adds up to.
#[derive(Default)]
struct Books {
    capacity: u64,
    held: u64,
    booked: u64,
    waiting: u64,
    status: String,
    seq: u64,
}

impl Books {
    fn of(trail: &[Value]) -> Books {
        let mut books = Books::default();
        let mut held: HashMap<String, u64> = HashMap::new();
        for change in trail {
            books.add(change, &mut held);
            books.seq = change["seq"].as_u64().expect("a number");
        }
        books
    }

    fn add(&mut self, change: &Value, held: &mut HashMap<String, u64>) {
        let quantity = change["quantity"].as_u64().unwrap_or_default();
        let hold = change["hold"].as_str().unwrap_or_default().to_owned();
        match change["kind"].as_str().expect("a kind") {
            "event_created" => self.status = "scheduled".to_owned(),
            "capacity_changed" => self.capacity = quantity,
            "status_changed" => {
                let reason = change["reason"].as_str().expect("from where to where");
                self.status = reason.split_once(" to ").expect("two").1.split(':').next().expect("one").to_owned();
            }
            "queue_joined" => self.waiting += 1,
            "queue_left" | "queue_dropped" | "waiter_served" => self.waiting -= 1,
            "hold_placed" => {
                self.held += quantity;
                self.waiting -= u64::from(change["source"] == "queue");
                held.insert(hold, quantity);
            }
            "hold_released" | "hold_expired" => self.held -= held.remove(&hold).expect("a live hold"),
            "hold_confirmed" => {
                self.held -= held.remove(&hold).expect("a live hold");
                self.booked += quantity;
            }
            "booking_placed" => self.booked += quantity,
            "booking_cancelled" => self.booked -= quantity,
            _ => {}
        }
    }
}

impl Sale {
    /// Holds the audit trail and the feed against the figures, and these against what is expected: available, held,
    /// booked, waiting.
    async fn check(&mut self, step: &str, status: &str, expected: [u64; 4]) {
        let event = self.server.visitor().event("gala").await;
        let figures = ["available", "held", "booked", "waiting"].map(|name| event[name].as_u64().expect("a number"));
        assert_eq!((&event["status"], figures), (&json!(status), expected), "{step}");
        let mut books = Books::of(&self.server.admin().changes_of("gala").await);
        if books.capacity == 0 {
            books.capacity = CAPACITY;
        }
        let free = books.capacity - books.held - books.booked;
        assert_eq!([free, books.held, books.booked, books.waiting], expected, "{step}: the trail");
        assert_eq!((books.status.as_str(), Some(books.seq)), (status, event["seq"].as_u64()), "{step}: the trail");
        let mut newest = self.stream.once(|message| message.id == Some(books.seq)).await.data;
        newest["server_time"] = event["server_time"].clone();
        assert_eq!(newest, event, "{step}: the feed");
    }

    /// Lets time go by, and waits until its work is done.
    async fn pass(&self, seconds: u64, is_done: impl Fn(&Value) -> bool) {
        self.server.advance_seconds(seconds);
        self.server.turn_wheels();
        let is_done = |event: &Value| {
            self.server.turn_wheels();
            is_done(event)
        };
        self.server.visitor().event_once("gala", is_done).await;
    }
}

const CAPACITY: u64 = 3;

fn hold_of(mine: &Value) -> String {
    mine["holds"][0]["id"].as_str().unwrap_or_else(|| panic!("no hold: {mine}")).to_owned()
}

async fn confirm(buyer: &Buyer) {
    buyer.confirm(&hold_of(&buyer.mine().await)).await.expect_status(201);
}

#[tokio::test]
async fn a_sale_adds_up_at_each_step() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin
        .create(json!({
            "id": "gala", "name": "Gala", "capacity": CAPACITY, "status": "scheduled", "lobby": true,
            "opens_at": "2026-11-22T10:01:00.000Z", "closes_at": "2026-11-22T11:00:00.000Z", "presence_seconds": 300,
        }))
        .await;
    let stream = Listener::open(server.connection(), get("/v1/events/gala/stream")).await;
    let mut sale = Sale { server, stream };
    sale.check("announced", "scheduled", [3, 0, 0, 0]).await;

    let mut buyers = Vec::new();
    for name in ["ann", "bob", "cay", "dan", "eve", "fay"] {
        buyers.push(sale.server.login_for_nothing(name).await);
    }
    for buyer in &buyers {
        buyer.join("gala", json!({})).await.expect_status(200);
    }
    sale.check("lobby", "scheduled", [3, 0, 0, 6]).await;

    sale.pass(60, |event| event["status"] == "on_sale" && event["waiting"] == 3).await;
    sale.check("opened at its time", "on_sale", [0, 3, 0, 3]).await;
    let [ann, bob, cay, dan, eve, fay] = &buyers[..] else { panic!("six buyers") };
    assert_eq!(sale.server.visitor().event("gala").await["sold_out"], true);

    confirm(ann).await;
    sale.check("a booking", "on_sale", [0, 2, 1, 3]).await;

    // Nobody but eve and cay gives a sign of life for as long as it takes to count as absent.
    sale.pass(299, |_| true).await;
    for buyer in [eve, cay] {
        buyer.mine().await;
    }
    sale.pass(1, |_| true).await;
    cay.release(&hold_of(&cay.mine().await)).await.expect_status(200);
    assert_eq!(eve.mine().await["holds"][0]["source"], "queue", "dan is not there");
    sale.check("presence lost", "on_sale", [0, 2, 1, 2]).await;

    assert_eq!(dan.mine().await["queue"][0]["position"], 1);
    eve.release(&hold_of(&eve.mine().await)).await.expect_status(200);
    assert_eq!(dan.mine().await["holds"][0]["source"], "queue", "dan is back, and first");
    sale.check("presence regained", "on_sale", [0, 2, 1, 1]).await;

    let before = dan.mine().await["holds"][0]["expires_in_ms"].clone();
    admin.set_status("gala", "paused").await.expect_status(200);
    sale.pass(1_000, |_| true).await;
    assert_eq!(dan.mine().await["holds"][0]["expires_in_ms"], before, "clocks stand still");
    sale.check("paused", "paused", [0, 2, 1, 1]).await;
    admin.set_status("gala", "on_sale").await.expect_status(200);
    fay.mine().await;
    sale.check("resumed", "on_sale", [0, 2, 1, 1]).await;

    let types = json!({ "ticket_types": [{ "id": "general", "capacity": 5 }] });
    admin.change("gala", types).await.expect_status(200);
    assert_eq!(fay.mine().await["holds"][0]["source"], "queue", "what is new goes to the line");
    sale.check("capacity raised", "on_sale", [1, 3, 1, 0]).await;
    confirm(fay).await;
    confirm(dan).await;
    eve.book("gala", json!({})).await.expect_status(201);
    sale.check("sold", "on_sale", [0, 1, 4, 0]).await;

    // Bob's hold, of which nothing has been heard, ends; and nobody is in line any more.
    sale.pass(600, |event| event["held"] == 0).await;
    sale.check("let run out", "on_sale", [1, 0, 4, 0]).await;
    bob.hold("gala", json!({})).await.expect_status(201);
    ann.hold("gala", json!({ "wait": true })).await.expect_status(202);
    sale.check("the last one", "on_sale", [0, 1, 4, 1]).await;
    sale.pass(1_640, |event| event["status"] == "closed" && event["held"] == 0).await;
    sale.check("closed at its time", "closed", [1, 0, 4, 0]).await;
}
