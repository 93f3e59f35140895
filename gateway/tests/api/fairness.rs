//! Nobody who is there is passed over: the audit trail of a sale with many users, read by somebody who knows only the rules
//! and who asked when.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::http::{Request, delete, get, post};
use crate::random::Random;
use crate::server::TestServer;

const USERS: usize = 20_000;
const CAPACITY: u64 = 300;
const ROUNDS: u64 = 30;
const CONNECTIONS: usize = 16;
const PRESENCE_SECONDS: u64 = 30;

/// Somebody who has logged in.
struct User {
    name: String,
    token: String,
    /// When they gave a sign of life, in milliseconds after the beginning.
    signs_ms: Vec<u64>,
    is_gone: bool,
}

/// A sale and what is known of it from outside.
struct Sale {
    server: TestServer,
    users: Vec<User>,
    by_name: HashMap<String, usize>,
    now_ms: u64,
    trail: Vec<Value>,
    /// The live holds and the standing bookings by user, as the trail tells.
    holds: BTreeMap<usize, String>,
    bookings: BTreeMap<usize, String>,
}

impl Sale {
    async fn open() -> Sale {
        let server = TestServer::start_with(|config| config.limits.enabled = false).await;
        let event = json!({
            "id": "gala", "name": "Gala", "capacity": CAPACITY, "hold_seconds": 60, "auto_hold": 1, "max_extensions": 0,
            "presence_seconds": PRESENCE_SECONDS, "status": "on_sale",
        });
        server.admin().create(event).await;
        let logins = (0..USERS).map(|number| post("/v1/sessions", json!({ "user": format!("user-{number}") })));
        let answers = ask_all(&server, logins.collect()).await;
        let user = |(number, answer): (usize, &Value)| User {
            name: format!("user-{number}"),
            token: answer["token"].as_str().expect("a token").to_owned(),
            signs_ms: vec![0],
            is_gone: false,
        };
        let users: Vec<User> = answers.iter().enumerate().map(user).collect();
        let by_name = users.iter().enumerate().map(|(number, user)| (user.name.clone(), number)).collect();
        let (holds, bookings) = (BTreeMap::new(), BTreeMap::new());
        Sale { server, users, by_name, now_ms: 0, trail: Vec::new(), holds, bookings }
    }

    /// Asks for users, each of whom gives a sign of life by it.
    async fn ask(&mut self, requests: Vec<(usize, Request)>) {
        let mut authorized = Vec::with_capacity(requests.len());
        for (user, request) in requests {
            self.users[user].signs_ms.push(self.now_ms);
            authorized.push(request.with("authorization", format!("Bearer {}", self.users[user].token)));
        }
        ask_all(&self.server, authorized).await;
    }

    /// Some of those who stand far enough in front look where they are.
    async fn look(&mut self, random: &mut Random) {
        let front = USERS as u64 / 3;
        let mut requests = Vec::new();
        for _ in 0..front / 5 {
            let user = random.between(0, front - 1) as usize;
            if !self.users[user].is_gone {
                requests.push((user, get("/v1/events/gala/queue/me")));
            }
        }
        self.ask(requests).await;
    }

    /// Holders release, book or log out, or let time run out.
    async fn act(&mut self, random: &mut Random) {
        let mut requests = Vec::new();
        for (user, hold) in &self.holds {
            match random.between(0, 99) {
                0..30 => requests.push((*user, delete(format!("/v1/holds/{hold}")))),
                30..35 => requests.push((*user, post(format!("/v1/holds/{hold}/confirm"), json!({})))),
                35..42 => {
                    requests.push((*user, delete("/v1/sessions/me")));
                    self.users[*user].is_gone = true;
                }
                _ => {}
            }
        }
        for (user, booking) in &self.bookings {
            if !self.users[*user].is_gone && random.chance(1, 4) {
                requests.push((*user, delete(format!("/v1/bookings/{booking}"))));
            }
        }
        self.ask(requests).await;
    }

    fn pass_time(&mut self, seconds: u64) {
        self.now_ms += seconds * 1_000;
        self.server.advance_seconds(seconds);
        self.server.turn_wheels();
    }

    /// Reads the rest of the trail.
    async fn read_on(&mut self) {
        let after = self.trail.last().map_or(0, |change| change["seq"].as_u64().expect("a number"));
        let more = self.server.admin().all_of(&format!("/v1/admin/changes?event=gala&after={after}")).await;
        for change in &more {
            let Some(user) = change["user"].as_str().map(|name| self.by_name[name]) else { continue };
            let id = |name: &str| change[name].as_str().expect("an id").to_owned();
            match change["kind"].as_str().expect("a kind") {
                "hold_placed" => drop(self.holds.insert(user, id("hold"))),
                "hold_released" | "hold_expired" => drop(self.holds.remove(&user)),
                "hold_confirmed" => {
                    self.holds.remove(&user);
                    self.bookings.insert(user, id("booking"));
                }
                "booking_cancelled" => drop(self.bookings.remove(&user)),
                _ => {}
            }
        }
        self.trail.extend(more);
    }
}

/// Sends requests over some connections at the same time; the answers are in the order of the requests.
async fn ask_all(server: &TestServer, requests: Vec<Request>) -> Vec<Value> {
    let mut parts: Vec<Vec<(usize, Request)>> = (0..CONNECTIONS).map(|_| Vec::new()).collect();
    for (number, request) in requests.into_iter().enumerate() {
        parts[number % CONNECTIONS].push((number, request));
    }
    let mut tasks = JoinSet::new();
    for part in parts {
        let connection = server.connection();
        tasks.spawn(async move {
            let mut answers = Vec::new();
            for (number, request) in part {
                let answer = connection.send(request).await;
                assert!(answer.status < 500, "{answer:?}");
                answers.push((number, serde_json::from_str(&answer.text).unwrap_or_default()));
            }
            answers
        });
    }
    let mut answers = tasks.join_all().await.concat();
    answers.sort_unstable_by_key(|(number, _)| *number);
    answers.into_iter().map(|(_, body)| body).collect()
}

/// What the rules say of a trail, change by change.
struct Checker<'a> {
    sale: &'a Sale,
    /// Who waits, in the order of joining, and whether they are passed over.
    line: BTreeMap<u64, (usize, bool)>,
    places: HashMap<usize, u64>,
    held: u64,
    booked: u64,
    newest_login: u64,
    counts: BTreeMap<&'static str, u64>,
}

impl Checker<'_> {
    fn check(&mut self, change: &Value) {
        let Some(user) = change["user"].as_str().map(|name| self.sale.by_name[name]) else { return };
        let quantity = change["quantity"].as_u64().unwrap_or_default();
        match change["kind"].as_str().expect("a kind") {
            "queue_joined" => self.join(user, change),
            "queue_left" | "queue_dropped" => self.leave(user),
            "hold_placed" => {
                self.place(user, change);
                self.held += quantity;
            }
            kind @ ("hold_released" | "hold_expired") => {
                self.held -= quantity;
                self.count(if kind == "hold_expired" { "expiries" } else { "releases" });
            }
            "hold_confirmed" => {
                self.held -= quantity;
                self.booked += quantity;
            }
            "booking_cancelled" => self.booked -= quantity,
            "waiter_skipped" => self.skip(user, change),
            "waiter_returned" => self.take_back(user, change),
            _ => {}
        }
        assert!(self.held + self.booked <= CAPACITY, "oversold: {change}");
    }

    fn join(&mut self, user: usize, change: &Value) {
        let login = change["login_seq"].as_u64().expect("a number");
        assert!(login > self.newest_login, "a later login was let in before: {change}");
        self.newest_login = login;
        self.line.insert(login, (user, false));
        self.places.insert(user, login);
    }

    fn leave(&mut self, user: usize) {
        let place = self.places.remove(&user).expect("who leaves waits");
        self.line.remove(&place);
    }

    /// The first of those who wait and are not passed over.
    fn next(&self) -> Option<usize> {
        self.line.values().find(|(_, is_passed_over)| !is_passed_over).map(|(user, _)| *user)
    }

    fn place(&mut self, user: usize, change: &Value) {
        if change["source"] != "queue" {
            assert_eq!(self.next(), None, "somebody was overtaken from outside: {change}");
            self.count("from outside");
            return;
        }
        assert_eq!(self.next(), Some(user), "somebody was overtaken: {change}");
        assert!(self.is_absent(user, change).contains(&false), "who is not there was served: {change}");
        self.leave(user);
        self.count("grants");
    }

    fn skip(&mut self, user: usize, change: &Value) {
        assert_eq!(self.next(), Some(user), "it was not their turn: {change}");
        assert!(self.held + self.booked < CAPACITY, "there was nothing to be passed over for: {change}");
        assert!(self.is_absent(user, change).contains(&true), "who was there was passed over: {change}");
        self.line.insert(self.places[&user], (user, true));
        self.count("skips");
    }

    fn take_back(&mut self, user: usize, change: &Value) {
        let entry = self.line.get_mut(&self.places[&user]).expect("who returns waits");
        assert!(std::mem::replace(&mut entry.1, false), "was not passed over: {change}");
        assert!(self.is_absent(user, change).contains(&false), "gave no sign of life: {change}");
        self.count("returns");
    }

    /// Whether a user had given no sign of life for `presence_seconds` when something happened. What they gave in the same
    /// millisecond may have come before it or after.
    fn is_absent(&self, user: usize, change: &Value) -> [bool; 2] {
        let at_ms = self.sale.ms_of(change);
        [at_ms, at_ms + 1].map(|before_ms| {
            let newest = self.sale.users[user].signs_ms.iter().filter(|sign_ms| **sign_ms < before_ms).max();
            newest.is_none_or(|newest_ms| at_ms - newest_ms >= PRESENCE_SECONDS * 1_000)
        })
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }
}

impl Sale {
    /// When a change was, in milliseconds after the beginning.
    fn ms_of(&self, change: &Value) -> u64 {
        let at: jiff::Timestamp = change["at"].as_str().expect("a time").parse().expect("a time");
        at.as_millisecond() as u64 - crate::server::BEGIN_MS
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_sale_of_twenty_thousand_nobody_who_is_there_is_passed_over() {
    let seed = 20_261_125;
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let mut sale = Sale::open().await;
    for _ in 0..ROUNDS {
        sale.read_on().await;
        sale.look(&mut random).await;
        sale.act(&mut random).await;
        sale.pass_time(random.between(3, 17));
    }
    // What the last turn of the wheels began has come to its end before a change behind it; a look does not wait for it.
    sale.server.admin().change("gala", json!({ "description": "It is over." })).await.expect_status(200);
    sale.read_on().await;
    let mut checker = Checker {
        sale: &sale,
        line: BTreeMap::new(),
        places: HashMap::new(),
        held: 0,
        booked: 0,
        newest_login: 0,
        counts: BTreeMap::new(),
    };
    sale.trail.iter().for_each(|change| checker.check(change));
    let logout_count = sale.users.iter().filter(|user| user.is_gone).count();
    println!("{} changes: {:?}, {logout_count} logouts", sale.trail.len(), checker.counts);
    assert!(logout_count > 100, "hardly anybody logged out: {logout_count}");
    for what in ["grants", "skips", "returns", "expiries", "releases"] {
        assert!(checker.counts.get(what).is_some_and(|count| *count > 100), "hardly any {what}: {:?}", checker.counts);
    }
    assert!(checker.next().is_none() || checker.held + checker.booked == CAPACITY, "free tickets, and somebody waits");
    let event = sale.server.visitor().event("gala").await;
    let figures = ["held", "booked", "waiting"].map(|name| event[name].as_u64().expect("a number"));
    assert_eq!(figures, [checker.held, checker.booked, checker.line.len() as u64], "{event}");
}
