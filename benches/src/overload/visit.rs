//! What a visitor does: hold a ticket and confirm the hold, or log in, or look. Nobody asks twice: what is refused stays so.

use std::time::Instant;

use hyper::Method;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use serde_json::{Value, json};

use crate::clock;
use crate::connection::Answer;
use crate::overload::arguments::Mode;
use crate::overload::crowd::{Crowd, Seat, Step, User};
use crate::overload::tally::{Purpose, Verdict};
use crate::scan::id_of;

/// The password of every account.
pub const PASSWORD: &str = "a password for the load test";

/// How many members have an account and buy, and how many others have one and log in. Those who log in are not those who
/// buy: a session keeps a few tokens, and each login takes the oldest one's place.
pub const MEMBERS: u64 = 64;

/// A login by password.
pub fn login_of(member: u64) -> Value {
    json!({ "user": member_name(member), "password": PASSWORD, "intents": [] })
}

/// The name of an account.
pub fn member_name(member: u64) -> String {
    format!("member-{member}")
}

/// Why somebody comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// To hold a ticket and to confirm the hold.
    Buy,
    /// To log in.
    LogIn,
    /// To look at the event.
    Look,
}

impl Intent {
    /// The shares of each: in open mode 70 % buy, 10 % log in and 20 % look; where logins are the heavy part, 80 % log in and
    /// 20 % buy.
    pub fn of(mode: Mode, roll: f64) -> Intent {
        match mode {
            Mode::Open if roll < 0.7 => Intent::Buy,
            Mode::Open if roll < 0.9 => Intent::Look,
            Mode::Accounts if roll < 0.2 => Intent::Buy,
            Mode::Open | Mode::Accounts => Intent::LogIn,
        }
    }

    /// How many of all visits are of the kind that is the heavy part of the mode.
    pub fn share_of_main_kind(mode: Mode) -> f64 {
        if mode == Mode::Open { 0.7 } else { 0.8 }
    }
}

/// A visit from beginning to end.
pub async fn pay(crowd: &Crowd, step: &Step, seat: Seat, intent: Intent, due: Instant) {
    let mut visit = Visit { crowd, step, seat };
    match intent {
        Intent::Buy => visit.buy(due).await,
        Intent::LogIn => visit.log_in(due).await,
        Intent::Look => visit.look(due).await,
    }
    crowd.return_seat(visit.seat);
}

struct Visit<'a> {
    crowd: &'a Crowd,
    step: &'a Step,
    seat: Seat,
}

impl Visit<'_> {
    async fn buy(&mut self, due: Instant) {
        let Some(mut user) = self.crowd.take_user() else {
            return self.step.tally().failed("there are not enough users".to_owned());
        };
        let is_stranded = self.buy_as(&mut user, due).await;
        self.crowd.return_user(user, is_stranded);
    }

    /// Whether the user has a hold afterwards.
    async fn buy_as(&mut self, user: &mut User, due: Instant) -> bool {
        let path = format!("/v1/events/{}/holds", self.crowd.event);
        let body = Bytes::from_static(b"{\"quantity\":1}");
        let held = self.ask(Purpose::Hold, &path, Some(&user.credential), body, due).await;
        let Some(held) = held else { return false };
        self.crowd.acknowledge(false);
        let Some(id) = id_of(&held.body) else {
            self.step.tally().failed("a hold has no id".to_owned());
            return true;
        };
        let (path, due) = (format!("/v1/holds/{id}/confirm"), clock::now());
        let confirmed = self.ask(Purpose::Confirm, &path, Some(&user.credential), Bytes::new(), due).await;
        let Some(confirmed) = confirmed else { return true };
        self.crowd.acknowledge(true);
        let number = id_of(&confirmed.body).and_then(|id| id.rsplit_once('.')?.1.parse().ok());
        match number {
            Some(number) => user.bookings.push(number),
            None => self.step.tally().failed("a booking has no id".to_owned()),
        }
        false
    }

    async fn log_in(&mut self, due: Instant) {
        let body = match self.crowd.mode {
            Mode::Open => json!({ "user": self.crowd.new_name(), "intents": [] }),
            Mode::Accounts => login_of(MEMBERS + self.crowd.new_member() % MEMBERS),
        };
        self.ask(Purpose::Login, "/v1/sessions", None, body.to_string().into(), due).await;
    }

    async fn look(&mut self, due: Instant) {
        let path = format!("/v1/events/{}", self.crowd.event);
        self.ask(Purpose::Look, &path, None, Bytes::new(), due).await;
    }

    /// Asks once; the answer, if it was done.
    async fn ask(
        &mut self,
        purpose: Purpose,
        path: &str,
        credential: Option<&HeaderValue>,
        body: Bytes,
        due: Instant,
    ) -> Option<Answer> {
        let method = if purpose == Purpose::Look { Method::GET } else { Method::POST };
        let asked = match self.seat.connection(self.crowd.address).await {
            Ok(connection) => connection.send(method, path, credential, None, body).await,
            Err(error) => Err(error),
        };
        let answer = match asked {
            Ok(answer) => answer,
            Err(error) => {
                self.seat.connection = None;
                self.step.tally().failed(error.to_string());
                return None;
            }
        };
        let (verdict, latency) = (verdict(&answer), clock::now() - due);
        self.step.tally().answered(purpose, verdict, answer.status, due - self.step.began, latency);
        (verdict == Verdict::Done).then_some(answer)
    }
}

fn verdict(answer: &Answer) -> Verdict {
    match answer.status {
        200..300 => Verdict::Done,
        429 | 503 if answer.retry_after.is_none() => Verdict::Failed,
        400..500 | 503 => Verdict::Refused,
        _ => Verdict::Failed,
    }
}
