//! A buyer: asks for one thing after the other, believes what is answered, and repeats what was cut off.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::Method;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::check;
use crate::history::{Claim, Statement, Told};
use crate::http::{Answer, Connection, Cut, Request};
use crate::ledger::{Ledger, Receipt, ServedLogin};
use crate::organiser::EVENTS;
use crate::random::Random;

/// How often a request is sent twice because the buyer hangs up on the first: one in this many.
const HANG_UP_ONE_IN: u64 = 40;
/// A refused or overloaded server is asked again this often, at most.
const REPEATS_MAX: u32 = 1_000;

/// Counts acknowledged answers towards a goal.
pub struct Load {
    left: AtomicU64,
    reached: Notify,
}

impl Load {
    pub fn until(goal: u64) -> Load {
        Load { left: AtomicU64::new(goal), reached: Notify::new() }
    }

    pub async fn reached(&self) {
        self.reached.notified().await;
    }

    fn count(&self) {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.reached.notify_one();
        }
    }
}

#[derive(Clone, Debug)]
enum Action {
    Login,
    Logout,
    Hold,
    Confirm(String),
    Release(String),
    Extend(String),
    Book,
    Cancel(String),
    Join,
    Leave,
    Look,
    Browse(&'static str),
}

#[derive(Clone, Debug)]
struct Attempt {
    action: Action,
    request: Request,
    /// What anybody had been told when it was sent; without a key, when it was first sent.
    sent_after: Option<u64>,
}

struct Session {
    login_seq: u64,
    token: String,
}

pub struct Buyer {
    pub name: String,
    pub ledger: Ledger,
    /// What all buyers together have been told.
    told: Arc<Told>,
    random: Random,
    session: Option<Session>,
    /// Holds and bookings that the buyer believes to stand.
    holds: Vec<String>,
    bookings: Vec<String>,
    keys: u64,
    /// Sent, and cut off before the answer.
    open: Option<Attempt>,
}

impl Buyer {
    pub fn new(index: usize, told: Arc<Told>, random: Random) -> Buyer {
        Buyer {
            name: format!("buyer-{index:02}"),
            ledger: Ledger::default(),
            told,
            random,
            session: None,
            holds: Vec::new(),
            bookings: Vec::new(),
            keys: 0,
            open: None,
        }
    }

    /// The token of the live session.
    pub fn token(&self) -> Option<&str> {
        self.session.as_ref().map(|session| session.token.as_str())
    }

    /// The `login_seq` of the live session.
    pub fn login_seq(&self) -> Option<u64> {
        self.session.as_ref().map(|session| session.login_seq)
    }

    pub fn has_open_request(&self) -> bool {
        self.open.is_some()
    }

    /// Works until the server is gone.
    pub async fn work(mut self, address: SocketAddr, load: Arc<Load>) -> Buyer {
        while let Ok(mut connection) = Connection::open(address).await {
            while self.step(&mut connection).await.is_ok() {
                load.count();
                if self.random.chance(1, HANG_UP_ONE_IN) {
                    self.hang_up(connection).await;
                    break;
                }
            }
        }
        self
    }

    /// Repeats what was cut off, under the same key. Whether it had been done before.
    pub async fn settle(&mut self, address: SocketAddr) -> bool {
        let Some(mut attempt) = self.open.take() else { return false };
        let mut connection = Connection::open(address).await.expect("the server listens");
        for _ in 0..REPEATS_MAX {
            self.stamp(&mut attempt);
            let answer = connection.send(&attempt.request).await.expect("nobody kills the server now");
            let is_replay = answer.is_replay;
            if self.take(&attempt, answer) {
                return is_replay;
            }
        }
        panic!("{} is refused for ever: {attempt:?}", self.name)
    }

    /// Asks for something new, or again for what is open.
    async fn step(&mut self, connection: &mut Connection) -> Result<(), Cut> {
        let mut attempt = self.open.take().unwrap_or_else(|| self.choose());
        self.stamp(&mut attempt);
        match connection.send(&attempt.request).await {
            Ok(answer) => {
                if !self.take(&attempt, answer) {
                    self.open = Some(attempt);
                }
                Ok(())
            }
            Err(Cut) => {
                self.open = Some(attempt);
                Err(Cut)
            }
        }
    }

    /// Sends the next request, if it has a key, and does not wait for the answer.
    async fn hang_up(&mut self, connection: Connection) {
        let attempt = self.open.take().unwrap_or_else(|| self.choose());
        if attempt.request.key.is_some() {
            let turns = self.random.between(1, 40);
            connection.send_and_hang_up(&attempt.request, turns).await;
        }
        self.open = Some(attempt);
    }

    /// Notes what had been told before the request goes out. A repeat without a key may be answered for its first time.
    fn stamp(&self, attempt: &mut Attempt) {
        attempt.sent_after = match attempt.action {
            Action::Browse(event) => Some(self.told.newest_of(event)),
            _ if attempt.request.key.is_some() => Some(self.told.newest()),
            _ => attempt.sent_after.or(Some(self.told.newest())),
        };
    }

    fn choose(&mut self) -> Attempt {
        if self.session.is_none() {
            return self.login();
        }
        let (hold, booking) = (self.random.pick(&self.holds).cloned(), self.random.pick(&self.bookings).cloned());
        match (self.random.between(0, 99), hold, booking) {
            (0..=29, Some(hold), _) => self.act_on_hold(hold),
            (30..=44, _, Some(booking)) => {
                let path = format!("/v1/bookings/{booking}");
                self.attempt(Action::Cancel(booking), Method::DELETE, path, None)
            }
            (45..=74, _, _) => self.ask_for_tickets(Action::Hold, "holds"),
            (75..=82, _, _) => self.ask_for_tickets(Action::Book, "bookings"),
            (83..=88, _, _) => self.ask_for_tickets(Action::Join, "queue"),
            (89..=91, _, _) => {
                let (event, ticket_type) = self.pick_type();
                let path = format!("/v1/events/{event}/queue/me?ticket_type={ticket_type}");
                self.attempt(Action::Leave, Method::DELETE, path, None)
            }
            (92, _, _) => self.attempt_without_key(Action::Logout, Method::DELETE, "/v1/sessions/me".to_owned()),
            (93..=95, _, _) => {
                let (event, _) = self.pick_type();
                self.attempt_without_key(Action::Browse(event), Method::GET, format!("/v1/events/{event}"))
            }
            _ => self.attempt_without_key(Action::Look, Method::GET, "/v1/sessions/me".to_owned()),
        }
    }

    /// Half of all logins say what they want; the others get what every login gets.
    fn login(&mut self) -> Attempt {
        let mut body = json!({ "user": self.name });
        if self.random.chance(1, 2) {
            let (event, ticket_type) = self.pick_type();
            let quantity = self.random.between(1, 3);
            body["intents"] = json!([{ "event": event, "ticket_type": ticket_type, "quantity": quantity }]);
        }
        let path = "/v1/sessions".to_owned();
        let request = Request { method: Method::POST, path, token: None, key: None, body: Some(body) };
        Attempt { action: Action::Login, request, sent_after: None }
    }

    fn act_on_hold(&mut self, hold: String) -> Attempt {
        let path = format!("/v1/holds/{hold}");
        match self.random.between(0, 9) {
            0..=4 => {
                let body = self.random.chance(1, 4).then(|| json!({ "quantity": 1 }));
                self.attempt(Action::Confirm(hold), Method::POST, format!("{path}/confirm"), body)
            }
            5..=7 => self.attempt(Action::Release(hold), Method::DELETE, path, None),
            _ => self.attempt(Action::Extend(hold), Method::POST, format!("{path}/extend"), None),
        }
    }

    fn ask_for_tickets(&mut self, action: Action, what: &str) -> Attempt {
        let (event, ticket_type) = self.pick_type();
        let mut body = json!({ "ticket_type": ticket_type, "quantity": self.random.between(1, 3) });
        if matches!(action, Action::Hold) {
            body["wait"] = json!(self.random.chance(1, 2));
        }
        if !matches!(action, Action::Book) && self.random.chance(1, 4) {
            body["min_quantity"] = json!(1);
        }
        self.attempt(action, Method::POST, format!("/v1/events/{event}/{what}"), Some(body))
    }

    fn pick_type(&mut self) -> (&'static str, &'static str) {
        let (event, _, types) = self.random.pick(&EVENTS).expect("there are events");
        let (ticket_type, _) = self.random.pick(types).expect("there are ticket types");
        (event, ticket_type)
    }

    fn attempt(&mut self, action: Action, method: Method, path: String, body: Option<Value>) -> Attempt {
        self.keys += 1;
        let key = Some(format!("{}-{}", self.name, self.keys));
        let token = self.token().map(str::to_owned);
        Attempt { action, request: Request { method, path, token, key, body }, sent_after: None }
    }

    fn attempt_without_key(&self, action: Action, method: Method, path: String) -> Attempt {
        let token = self.token().map(str::to_owned);
        Attempt { action, request: Request { method, path, token, key: None, body: None }, sent_after: None }
    }

    /// Believes an answer. `false` where the server says that nothing was done and to try again.
    fn take(&mut self, attempt: &Attempt, answer: Answer) -> bool {
        match answer.status {
            429 | 503 => return false,
            200..=299 => self.take_success(&attempt.action, &answer),
            404 | 409 | 410 | 422 => self.take_refusal(&attempt.action, &answer),
            401 if matches!(attempt.action, Action::Logout) => self.log_out(None),
            _ => panic!("{} asked {attempt:?} and got {answer:?}", self.name),
        }
        self.note(attempt, &answer);
        true
    }

    /// Enters in the ledger what the answer says about the order of things.
    fn note(&mut self, attempt: &Attempt, answer: &Answer) {
        let (seq, claim) = match attempt.action {
            Action::Browse(event) => {
                let seq = answer.body["seq"].as_u64().expect("an event has a number");
                (seq, Claim::Figures(event, check::shown_figures(&answer.body)))
            }
            _ => match answer.seq {
                Some(seq) => (seq, Claim::of(&attempt.request, answer)),
                None => return,
            },
        };
        self.told.tell(attempt.request.event(), seq);
        // A replay has the place of the first answer, which was given to a request that went out earlier.
        let sent_after = attempt.sent_after.filter(|_| !answer.is_replay).unwrap_or_default();
        self.ledger.statements.push(Statement { user: self.name.clone(), seq, sent_after, claim });
    }

    fn take_refusal(&mut self, action: &Action, answer: &Answer) {
        match action {
            // The first request had ended the session before its answer was cut off.
            Action::Logout => self.log_out(None),
            // It ended by itself, or with a booking of another request.
            Action::Confirm(id) | Action::Release(id) | Action::Extend(id) => {
                if answer.body["code"] != "extension_exhausted" {
                    self.holds.retain(|hold| hold != id);
                }
            }
            Action::Cancel(id) => panic!("{} cannot cancel {id}: {answer:?}", self.name),
            Action::Login | Action::Look | Action::Browse(_) => {
                panic!("{} was refused {action:?}: {answer:?}", self.name)
            }
            Action::Hold | Action::Book | Action::Join | Action::Leave => {}
        }
    }

    fn take_success(&mut self, action: &Action, answer: &Answer) {
        match action {
            Action::Login => self.log_in(answer),
            Action::Logout => self.log_out(answer.seq),
            Action::Look => self.look(&answer.body),
            Action::Browse(_) => {}
            Action::Hold | Action::Join if answer.status == 201 => {
                self.sign("hold_placed", answer);
                self.know_hold(&answer.body);
            }
            // A place in line has no id; a hold that was there already is none that this request placed.
            Action::Hold | Action::Join if answer.body["id"].is_string() => self.know_hold(&answer.body),
            Action::Hold | Action::Join | Action::Leave => {}
            Action::Extend(_) => self.know_hold(&answer.body),
            Action::Release(id) => {
                self.holds.retain(|hold| hold != id);
                if answer.body["state"] == "released" {
                    self.sign("hold_released", answer);
                }
            }
            Action::Confirm(_) => self.know_booking("hold_confirmed", answer),
            Action::Book if answer.body["from_hold"] == true => self.know_booking("hold_confirmed", answer),
            Action::Book => self.know_booking("booking_placed", answer),
            Action::Cancel(id) => {
                self.bookings.retain(|booking| booking != id);
                self.sign("booking_cancelled", answer);
            }
        }
    }

    fn log_in(&mut self, answer: &Answer) {
        let seq = answer.seq.expect("a login has a number");
        let login_seq = answer.body["session"]["login_seq"].as_u64().expect("a number");
        let is_fresh = answer.status == 201;
        if is_fresh {
            self.ledger.opened_sessions.push((login_seq, seq));
        }
        let token = text(&answer.body["token"]);
        self.session = Some(Session { login_seq, token });
        for outcome in answer.body["outcomes"].as_array().into_iter().flatten() {
            self.take_outcome(outcome, seq, login_seq, is_fresh);
        }
    }

    fn take_outcome(&mut self, outcome: &Value, seq: u64, login_seq: u64, is_fresh: bool) {
        let hold = match outcome["outcome"].as_str() {
            Some("held") => Some(text(&outcome["hold"]["id"])),
            Some("queued") => None,
            _ => return,
        };
        if hold.is_some() {
            self.know_hold(&outcome["hold"]);
        }
        let (event, ticket_type) = (text(&outcome["event"]), text(&outcome["ticket_type"]));
        self.ledger.served_logins.push(ServedLogin { seq, login_seq, event, ticket_type, hold, is_fresh });
    }

    /// The session is over: what was held under it is released, bookings stay.
    fn log_out(&mut self, seq: Option<u64>) {
        let session = self.session.take().expect("only who is logged in logs out");
        self.ledger.ended_sessions.push((session.login_seq, seq));
        self.holds.clear();
    }

    /// Learns what the engine has done by itself.
    fn look(&mut self, body: &Value) {
        self.holds.clear();
        for hold in body["holds"].as_array().into_iter().flatten() {
            self.know_hold(hold);
        }
        let booked = body["bookings"].as_array().into_iter().flatten().filter(|booking| booking["state"] == "booked");
        self.bookings = booked.map(|booking| text(&booking["id"])).collect();
    }

    fn know_hold(&mut self, hold: &Value) {
        let id = text(&hold["id"]);
        self.ledger.promise(&id, &text(&hold["expires_at"]));
        if hold["state"] == "held" && !self.holds.contains(&id) {
            self.holds.push(id);
        }
    }

    fn know_booking(&mut self, kind: &'static str, answer: &Answer) {
        let id = text(&answer.body["id"]);
        self.sign(kind, answer);
        self.holds.retain(|hold| *hold != id);
        self.bookings.push(id);
    }

    /// Enters a receipt in the ledger.
    fn sign(&mut self, kind: &'static str, answer: &Answer) {
        let seq = answer.seq.unwrap_or_else(|| panic!("no Holdfast-Seq: {answer:?}"));
        let quantity = answer.body["quantity"].as_u64().expect("a number of tickets");
        let (id, ticket_type) = (text(&answer.body["id"]), text(&answer.body["ticket_type"]));
        self.ledger.receipts.push(Receipt { seq, kind, id, ticket_type, quantity });
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text is expected, not {value}")).to_owned()
}
