//! The rules of the sale (docs/rules.md) once more, as naively as can be: plain lists, linear scans, nothing shared with the core.
//!
//! Times are milliseconds since the start. A pause is modelled as the page has it: at its end every live deadline moves
//! later. What the page leaves open is marked "chosen": the core's choice, repeated here.

use super::row::{Ask, Row, Wish, seconds};

/// What the model says to a request; `Err` is a refusal.
type Said = Result<String, String>;

/// An event and its logins.
pub struct Model {
    pub now: u64,
    pub status: String,
    pub types: Vec<Type>,
    pub holds: Vec<Hold>,
    pub bookings: Vec<Booking>,
    pub deleted: bool,
    paused_at: Option<u64>,
    settings: Settings,
    numbers_given: u32,
    sessions: Vec<(String, u64)>,
    /// When each session asked for something last.
    seen: Vec<(u64, u64)>,
    logins: u64,
    remembered: Vec<Remembered>,
    wheel_is_late: bool,
    damping: Damping,
}

/// After so many expiries within so long, a user waits for so long.
struct Damping {
    expiries: usize,
    window: u64,
    wait: u64,
}

/// A ticket type and its line.
pub struct Type {
    pub name: String,
    pub capacity: u32,
    pub line: Vec<Waiting>,
}

/// Somebody in line.
#[derive(Clone)]
pub struct Waiting {
    pub user: String,
    pub session: u64,
    pub quantity: u32,
    pub joined: u64,
    /// They were not there when tickets were free, and have not been heard of since.
    pub passed_over: bool,
    least: Option<u32>,
}

/// A hold, live or ended.
#[derive(Clone)]
pub struct Hold {
    pub number: u32,
    pub user: String,
    pub session: u64,
    pub kind: usize,
    pub quantity: u32,
    pub created: u64,
    pub state: &'static str,
    pub source: &'static str,
    /// Chosen: of a user's released and expired holds, sixteen are remembered.
    pub forgotten: bool,
    expires: u64,
    expires_at_most: u64,
    extensions: u64,
}

/// A booking.
#[derive(Clone)]
pub struct Booking {
    pub number: u32,
    pub user: String,
    pub session: u64,
    pub kind: usize,
    pub quantity: u32,
    pub booked: u64,
    pub cancelled: Option<u64>,
}

struct Remembered {
    scope: String,
    key: String,
    request: String,
    at: u64,
    answer: String,
}

#[derive(Clone)]
struct Settings {
    hold_seconds: u64,
    auto_hold: u32,
    max_per_hold: u32,
    max_per_user: u32,
    max_extensions: u64,
    max_hold_lifetime_seconds: u64,
    queue_max: usize,
    presence_seconds: u64,
    lobby: bool,
    opens_at: Option<u64>,
    closes_at: Option<u64>,
}

/// A wish with its blanks filled in.
struct Want {
    kind: usize,
    quantity: u32,
    least: Option<u32>,
}

impl Model {
    /// The event that `words` describe.
    pub fn new(words: &str) -> Model {
        let mut settings = Settings {
            hold_seconds: 600,
            auto_hold: 1,
            max_per_hold: 4,
            max_per_user: 4,
            max_extensions: 2,
            max_hold_lifetime_seconds: 1_800,
            queue_max: 1_000_000,
            presence_seconds: 0,
            lobby: false,
            opens_at: None,
            closes_at: None,
        };
        let mut status = "on_sale".to_owned();
        let mut types = Vec::new();
        let mut damping = Damping { expiries: 0, window: 1_800_000, wait: 600_000 };
        for (name, value) in words.split_whitespace().map(|word| word.split_once('=').unwrap()) {
            let number = || super::row::parse_value(value).unwrap();
            if name == "status" {
                status = value.to_owned();
            } else if name == "damping" {
                damping.expiries = number() as usize;
            } else if name == "damping_window" {
                damping.window = number();
            } else if name == "damping_wait" {
                damping.wait = number();
            } else if !settings.set(name, super::row::parse_value(value)) {
                types.push(Type { name: name.to_owned(), capacity: value.parse().unwrap(), line: Vec::new() });
            }
        }
        Model {
            now: 0,
            status,
            types,
            holds: Vec::new(),
            bookings: Vec::new(),
            deleted: false,
            paused_at: None,
            settings,
            numbers_given: 0,
            sessions: Vec::new(),
            seen: Vec::new(),
            logins: 0,
            remembered: Vec::new(),
            wheel_is_late: false,
            damping,
        }
    }

    /// Does what a row asks, and says what comes of it.
    pub fn run(&mut self, row: &Row) -> String {
        match row {
            Row::Ask { who, key, what } => return self.ask(who, key.as_deref(), what),
            Row::Advance { by_ms } => self.now += by_ms,
            Row::Down { by_ms, credit_ms } => self.go_down(*by_ms, *credit_ms),
            Row::Wheel { is_late } => {
                self.wheel_is_late = *is_late;
                return "done".to_owned();
            }
            other => panic!("the oracle does not look: {other}"),
        }
        self.catch_up();
        "done".to_owned()
    }

    /// The free tickets of a type.
    pub fn available(&self, kind: usize) -> u32 {
        self.types[kind].capacity - self.held(kind) - self.booked(kind)
    }

    /// The tickets of a type in live holds.
    pub fn held(&self, kind: usize) -> u32 {
        self.holds.iter().filter(|hold| hold.kind == kind && hold.is_live()).map(|hold| hold.quantity).sum()
    }

    /// The tickets of a type in standing bookings.
    pub fn booked(&self, kind: usize) -> u32 {
        let standing = self.bookings.iter().filter(|booking| booking.kind == kind && booking.cancelled.is_none());
        standing.map(|booking| booking.quantity).sum()
    }

    /// When a hold ends or ended. In a pause: when it would end if the sale went on now.
    pub fn expires_at(&self, hold: &Hold) -> u64 {
        match self.paused_at {
            Some(paused_at) if hold.is_live() && hold.expires > paused_at => hold.expires + self.now - paused_at,
            _ => hold.expires,
        }
    }

    /// The time a hold has left.
    pub fn time_left(&self, hold: &Hold) -> u64 {
        if hold.is_live() { hold.expires.saturating_sub(self.clock()) } else { 0 }
    }

    /// What a hold's state looks like: nobody sees a live hold after its deadline.
    pub fn state_of(&self, hold: &Hold) -> &'static str {
        if hold.is_live() && self.is_due(hold) { "expired" } else { hold.state }
    }

    /// How often a hold can still be extended.
    pub fn extensions_left(&self, hold: &Hold) -> u64 {
        let is_over = !hold.is_live() || self.is_due(hold);
        if is_over { 0 } else { self.settings.max_extensions.saturating_sub(hold.extensions) }
    }

    /// How many numbers have been given.
    pub fn numbers_given(&self) -> u32 {
        self.numbers_given
    }

    /// Where hold clocks stand.
    fn clock(&self) -> u64 {
        self.paused_at.unwrap_or(self.now)
    }

    fn is_due(&self, hold: &Hold) -> bool {
        self.clock() >= hold.expires
    }

    // What happens by itself.

    fn catch_up(&mut self) {
        if self.deleted {
            return;
        }
        self.move_by_time();
        if !self.wheel_is_late {
            self.expire_due(None);
        }
        self.wind_up();
        self.grant();
    }

    fn move_by_time(&mut self) {
        if self.status == "scheduled" && self.settings.opens_at.is_some_and(|at| self.now >= at) {
            self.set_status("on_sale");
        }
        if self.status == "on_sale" && self.settings.closes_at.is_some_and(|at| self.now >= at) {
            self.set_status("closed");
        }
    }

    fn set_status(&mut self, to: &str) {
        if let Some(paused_at) = self.paused_at.take() {
            self.move_deadlines(self.now - paused_at);
        }
        self.status = to.to_owned();
        if to == "paused" {
            self.paused_at = Some(self.now);
        }
    }

    fn move_deadlines(&mut self, by: u64) {
        for hold in self.holds.iter_mut().filter(|hold| hold.is_live()) {
            hold.expires += by;
            hold.expires_at_most += by;
        }
    }

    fn go_down(&mut self, by: u64, credit: u64) {
        self.now += by;
        if self.paused_at.is_none() && !self.deleted {
            self.move_deadlines(credit);
        }
    }

    fn expire_due(&mut self, user: Option<&str>) {
        let is_wanted = |hold: &&Hold| hold.is_live() && self.is_due(hold) && user.is_none_or(|user| hold.user == user);
        let mut due: Vec<(u64, u32)> =
            self.holds.iter().filter(is_wanted).map(|hold| (hold.expires, hold.number)).collect();
        due.sort_unstable();
        for (_, number) in due {
            self.end(number, "expired");
        }
    }

    fn wind_up(&mut self) {
        if self.status == "closed" || self.status == "cancelled" {
            self.types.iter_mut().for_each(|kind| kind.line.clear());
        }
        if self.status != "cancelled" {
            return;
        }
        self.give_back_all(None);
        let now = self.now;
        let standing = self.bookings.iter_mut().filter(|booking| booking.cancelled.is_none());
        standing.for_each(|booking| booking.cancelled = Some(now));
    }

    /// Releases live holds; one whose deadline has passed has expired, whoever notices.
    fn give_back_all(&mut self, user: Option<&str>) -> usize {
        let of_user = |hold: &&Hold| hold.is_live() && user.is_none_or(|user| hold.user == user);
        let live: Vec<u32> = self.holds.iter().filter(of_user).map(|hold| hold.number).collect();
        live.iter().for_each(|number| self.give_back(*number));
        live.len()
    }

    fn give_back(&mut self, number: u32) {
        let state = if self.is_due(self.hold(number).unwrap()) { "expired" } else { "released" };
        self.end(number, state);
    }

    fn end(&mut self, number: u32, state: &'static str) {
        let expires = self.expires_at(self.hold(number).unwrap());
        let hold = self.hold_mut(number);
        hold.state = state;
        hold.expires = expires;
        let user = hold.user.clone();
        let is_ended =
            |hold: &&Hold| hold.user == user && !hold.forgotten && matches!(hold.state, "released" | "expired");
        if self.holds.iter().filter(is_ended).count() > 16 {
            let newest = self.newest_number(&user);
            let others =
                self.holds.iter().filter(is_ended).filter(|hold| hold.number != number && hold.number != newest);
            let released = others.clone().find(|hold| hold.state == "released");
            let expired = others.min_by_key(|hold| (hold.expires, hold.number));
            let oldest = released.or(expired).unwrap().number;
            self.hold_mut(oldest).forgotten = true;
        }
    }

    fn newest_number(&self, user: &str) -> u32 {
        let holds = self.holds.iter().filter(|hold| hold.user == user).map(|hold| hold.number);
        let bookings = self.bookings.iter().filter(|booking| booking.user == user).map(|booking| booking.number);
        holds.chain(bookings).max().unwrap()
    }

    fn grant(&mut self) {
        for kind in 0..self.types.len() {
            while self.status == "on_sale" && self.grant_to_head(kind) {}
        }
    }

    /// Gives the first in line who is there what they want, or drops them where their limit forbids that (chosen).
    fn grant_to_head(&mut self, kind: usize) -> bool {
        if self.deleted {
            return false;
        }
        let line = &self.types[kind].line;
        let Some(place) = line.iter().position(|waiting| !waiting.passed_over) else { return false };
        let head = line[place].clone();
        let free = self.available(kind);
        if free > 0 && self.is_absent(head.session) {
            self.types[kind].line[place].passed_over = true;
            return true;
        }
        if free == 0 || free < head.least.unwrap_or(head.quantity) {
            return false;
        }
        let quantity = head.quantity.min(free);
        if self.used(&head.user) + quantity > self.settings.max_per_user {
            self.types[kind].line.remove(place);
        } else {
            self.new_hold(&head.user, head.session, kind, quantity, "queue");
        }
        true
    }

    fn is_absent(&self, session: u64) -> bool {
        let patience = self.settings.presence_seconds * 1_000;
        let seen = self.seen.iter().rev().find(|(seen, _)| *seen == session).map(|(_, at)| *at);
        patience > 0 && seen.is_none_or(|at| self.now >= at + patience)
    }

    // What users ask.

    fn ask(&mut self, who: &str, key: Option<&str>, what: &Ask) -> String {
        let session = if who == "admin" { 0 } else { self.session_of(who) };
        self.seen.push((session, self.now));
        self.catch_up();
        if who != "admin" {
            self.expire_due(Some(who));
            // What that brings free is granted before the user counts as back in other lines: the numbers of holds tell.
            self.grant();
            if *what != Ask::Logout {
                let lines = self.types.iter_mut().flat_map(|kind| &mut kind.line);
                lines.filter(|waiting| waiting.user == who).for_each(|waiting| waiting.passed_over = false);
            }
            self.grant();
        }
        let scope = session.to_string();
        let request = what.to_string();
        let is_hidden = who != "admin" && self.status == "draft";
        let key = key.filter(|_| !is_hidden);
        if let Some(first) = key.and_then(|key| self.first_answer(&scope, key)) {
            let is_same = first.request == request;
            return if is_same { format!("again: {}", first.answer) } else { "refused idempotency_key_reused".into() };
        }
        let was_deleted = self.deleted;
        let said = if who == "admin" { self.organise(what) } else { self.serve(who, session, what) };
        let answer = said.unwrap_or_else(|refusal| format!("refused {refusal}"));
        let is_passing = answer.starts_with("refused rate_limited");
        if let Some(key) = key.filter(|_| !was_deleted && !self.deleted && !is_passing) {
            let (key, answer) = (key.to_owned(), answer.clone());
            self.remembered.push(Remembered { scope, key, request, at: self.now, answer });
        }
        if *what == Ask::Logout {
            self.sessions.retain(|(user, _)| user != who);
        }
        answer
    }

    /// The newest 256 of a scope count, and those of the last 24 hours.
    fn first_answer(&self, scope: &str, key: &str) -> Option<&Remembered> {
        let of_scope = self.remembered.iter().rev().filter(|first| first.scope == scope).take(256);
        let mut recent = of_scope.filter(|first| self.now - first.at < 86_400_000);
        recent.find(|first| first.key == key)
    }

    fn session_of(&mut self, user: &str) -> u64 {
        if let Some((_, session)) = self.sessions.iter().find(|(known, _)| known == user) {
            return *session;
        }
        self.logins += 1;
        self.sessions.push((user.to_owned(), self.logins));
        self.logins
    }

    fn serve(&mut self, user: &str, session: u64, what: &Ask) -> Said {
        if self.deleted || self.status == "draft" {
            return Err("event_not_found".into());
        }
        match what {
            Ask::Login(None) => self.login(user, session, &Wish::default(), false),
            Ask::Login(Some(wish)) => self.login(user, session, wish, true),
            Ask::Hold(wish, wait) => self.place_hold(user, session, wish, *wait),
            Ask::Extend(number) => self.extend(user, *number),
            Ask::Confirm(number, quantity) => self.confirm(user, *number, *quantity),
            Ask::Release(number) => self.release(Some(user), *number),
            Ask::Book(wish) => self.book(user, session, wish),
            Ask::CancelBooking(number) => self.cancel_booking(Some(user), *number),
            Ask::Join(wish) => self.join(user, session, wish),
            Ask::Leave(name) => self.leave(user, name.as_deref()),
            Ask::Logout => Ok(self.end_session(user)),
            other => panic!("a user does not {other}"),
        }
    }

    fn login(&mut self, user: &str, session: u64, wish: &Wish, names_event: bool) -> Said {
        let want = self.want(wish, self.settings.auto_hold.max(1))?;
        if let Some(there) = self.hold_or_place(user, want.kind) {
            return Ok(there);
        }
        let had_hold = self.holds.iter().any(|hold| hold.session == session);
        let served = had_hold || self.bookings.iter().any(|booking| booking.session == session);
        if !names_event && (served || self.settings.auto_hold == 0) {
            return Ok("nothing new".into());
        }
        self.hold_or_line(user, session, &want, "login", true)
    }

    fn place_hold(&mut self, user: &str, session: u64, wish: &Wish, wait: bool) -> Said {
        let want = self.want(wish, 1)?;
        match self.live_hold(user, Some(want.kind)).map(|hold| hold.number) {
            Some(number) if wish.quantity.is_some() => self.amend(number, &want),
            Some(number) => Ok(format!("has {}", self.hold_text(number))),
            None => self.hold_or_line(user, session, &want, "request", wait),
        }
    }

    fn join(&mut self, user: &str, session: u64, wish: &Wish) -> Said {
        let want = self.want(wish, 1)?;
        match self.hold_or_place(user, want.kind) {
            Some(there) => Ok(there),
            None => self.hold_or_line(user, session, &want, "queue", true),
        }
    }

    fn amend(&mut self, number: u32, want: &Want) -> Said {
        let hold = self.hold(number).unwrap().clone();
        let mut quantity = want.quantity;
        if quantity > hold.quantity {
            self.must_be_on_sale()?;
            let more = want.quantity - hold.quantity;
            if want.quantity > self.settings.max_per_hold {
                return Err(format!("limit_reached limit {} used {}", self.settings.max_per_hold, hold.quantity));
            }
            self.must_be_within_limits(&hold.user, more)?;
            let least = want.least.map_or(more, |least| least.saturating_sub(hold.quantity));
            quantity = hold.quantity + self.tickets_for(&hold.user, hold.kind, more, least)?;
        }
        self.hold_mut(number).quantity = quantity;
        self.grant();
        Ok(format!("has {}", self.hold_text(number)))
    }

    fn hold_or_line(&mut self, user: &str, session: u64, want: &Want, source: &'static str, wait: bool) -> Said {
        let line_is_open = match self.status.as_str() {
            "on_sale" | "paused" => true,
            "scheduled" => self.settings.lobby,
            _ => false,
        };
        if !(wait && line_is_open) {
            self.must_be_on_sale()?;
        }
        self.must_be_within_limits(user, want.quantity)?;
        self.must_not_wait(user)?;
        let least = want.least.unwrap_or(want.quantity);
        let tickets = self.tickets_for(user, want.kind, want.quantity, least);
        match tickets {
            Ok(quantity) if self.status == "on_sale" => {
                let number = self.new_hold(user, session, want.kind, quantity, source);
                let text = self.hold_text(number);
                self.grant();
                Ok(format!("held {text}"))
            }
            Err(refusal) if !wait => Err(refusal),
            _ => self.stand_in_line(user, session, want),
        }
    }

    fn stand_in_line(&mut self, user: &str, session: u64, want: &Want) -> Said {
        if let Some(place) = self.place_text(user, want.kind) {
            return Ok(format!("still waits {place}"));
        }
        if self.types[want.kind].line.len() >= self.settings.queue_max {
            return Err("queue_full".into());
        }
        let (user, joined) = (user.to_owned(), self.now);
        let entry = Waiting { user, session, quantity: want.quantity, joined, passed_over: false, least: want.least };
        self.types[want.kind].line.push(entry.clone());
        Ok(format!("waits {}", self.place_text(&entry.user, want.kind).unwrap()))
    }

    fn leave(&mut self, user: &str, name: Option<&str>) -> Said {
        let kind = match name {
            Some(name) => Some(self.kind_of(Some(name))?),
            None => (0..self.types.len()).find(|kind| self.place_text(user, *kind).is_some()),
        };
        let place = kind.and_then(|kind| self.place_text(user, kind)).ok_or("queue_entry_not_found")?;
        self.types[kind.unwrap()].line.retain(|waiting| waiting.user != user);
        self.grant();
        Ok(format!("left {place}"))
    }

    fn extend(&mut self, user: &str, number: u32) -> Said {
        let hold = self.live(Some(user), number)?;
        if self.status != "paused" {
            self.must_be_on_sale()?;
        }
        if hold.extensions >= self.settings.max_extensions || hold.expires >= hold.expires_at_most {
            return Err("extension_exhausted".into());
        }
        let wished = (self.clock() + self.settings.hold_seconds * 1_000).min(hold.expires_at_most);
        if wished > hold.expires {
            self.hold_mut(number).expires = wished;
            self.hold_mut(number).extensions += 1;
        }
        Ok(format!("held {}", self.hold_text(number)))
    }

    fn confirm(&mut self, user: &str, number: u32, quantity: Option<u32>) -> Said {
        let hold = self.owned(Some(user), number)?.clone();
        match hold.state {
            "confirmed" => return Err(format!("already_confirmed #{number}")),
            "released" => return Err("already_released".into()),
            _ if self.status == "cancelled" => return Err("sale_cancelled".into()),
            _ => {}
        }
        let quantity = quantity.unwrap_or(hold.quantity);
        if quantity == 0 || quantity > hold.quantity {
            return Err("validation_failed quantity".into());
        }
        let rescued = hold.state == "expired";
        if rescued && !self.can_rescue(&hold, quantity) {
            return Err(format!("hold_expired at {}", seconds(hold.expires)));
        }
        if rescued {
            self.hold_mut(number).quantity = quantity;
            self.hold_mut(number).state = "confirmed";
        } else {
            self.end(number, "confirmed");
        }
        self.new_booking(number, user, hold.session, hold.kind, quantity);
        let how = if rescued { "rescued" } else { "from hold" };
        let text = self.booked_text(number, how);
        self.grant();
        Ok(text)
    }

    /// The tickets are still free, nobody is ahead, the sale goes on, and the limit allows it.
    fn can_rescue(&self, hold: &Hold, quantity: u32) -> bool {
        self.status == "on_sale"
            && self.served_before(&hold.user, hold.kind) == 0
            && self.available(hold.kind) >= quantity
            && self.used(&hold.user) + quantity <= self.settings.max_per_user
    }

    fn release(&mut self, user: Option<&str>, number: u32) -> Said {
        match self.owned(user, number)?.state {
            "confirmed" => return Err(format!("already_confirmed #{number}")),
            "held" => self.give_back(number),
            _ => {}
        }
        let text = format!("{} {}", self.hold(number).unwrap().state, self.hold_text(number));
        self.grant();
        Ok(text)
    }

    fn book(&mut self, user: &str, session: u64, wish: &Wish) -> Said {
        let want = self.want(wish, 1)?;
        let kind = wish.ticket_type.as_ref().map(|_| want.kind);
        if let Some(number) = self.live_hold(user, kind).map(|hold| hold.number) {
            return self.confirm(user, number, wish.quantity);
        }
        self.must_be_on_sale()?;
        self.must_be_within_limits(user, want.quantity)?;
        let least = want.least.unwrap_or(want.quantity);
        let quantity = self.tickets_for(user, want.kind, want.quantity, least)?;
        self.numbers_given += 1;
        self.types[want.kind].line.retain(|waiting| waiting.user != user);
        self.new_booking(self.numbers_given, user, session, want.kind, quantity);
        let text = self.booked_text(self.numbers_given, "direct");
        self.grant();
        Ok(text)
    }

    fn cancel_booking(&mut self, user: Option<&str>, number: u32) -> Said {
        let now = self.now;
        let mut bookings = self.bookings.iter_mut();
        let booking = bookings.find(|booking| booking.number == number && user.is_none_or(|user| booking.user == user));
        let booking = booking.ok_or("booking_not_found")?;
        if booking.cancelled.is_some() {
            return Err("already_cancelled".into());
        }
        booking.cancelled = Some(now);
        let booking = booking.clone();
        self.grant();
        let what = format!("#{number} {}{}", booking.quantity, self.type_text(booking.kind));
        Ok(format!("cancelled {what} at {}{}", seconds(now), self.booking_rest(&booking)))
    }

    fn end_session(&mut self, user: &str) -> String {
        let places: usize =
            self.types.iter().map(|kind| kind.line.iter().filter(|entry| entry.user == user).count()).sum();
        self.types.iter_mut().for_each(|kind| kind.line.retain(|entry| entry.user != user));
        let holds = self.give_back_all(Some(user));
        self.grant();
        format!("ended, {holds} holds and {places} places given back")
    }

    // What organisers ask.

    fn organise(&mut self, what: &Ask) -> Said {
        if self.deleted {
            return Err("event_not_found".into());
        }
        match what {
            Ask::GiveTime(number, seconds) => self.give_time(*number, *seconds),
            Ask::Release(number) => self.release(None, *number),
            Ask::CancelBooking(number) => self.cancel_booking(None, *number),
            Ask::Capacity(name, capacity) => self.set_capacity(name.as_deref(), *capacity),
            Ask::Set(name, value) => self.set(name, *value),
            Ask::Status(to) => self.change_status(to),
            Ask::Delete => self.delete(),
            Ask::Create => Err("event_exists".into()),
            other => panic!("an organiser does not {other}"),
        }
    }

    fn give_time(&mut self, number: u32, seconds: u64) -> Said {
        self.live(None, number)?;
        self.hold_mut(number).expires += seconds * 1_000;
        Ok(format!("held {}", self.hold_text(number)))
    }

    fn set_capacity(&mut self, name: Option<&str>, capacity: u32) -> Said {
        let kind = self.kind_of(name)?;
        let least = self.held(kind) + self.booked(kind);
        if capacity < least {
            return Err(format!("capacity_below_committed min {least}"));
        }
        self.types[kind].capacity = capacity;
        self.catch_up_after_change();
        Ok("done".into())
    }

    fn set(&mut self, name: &str, value: Option<u64>) -> Said {
        let mut settings = self.settings.clone();
        assert!(settings.set(name, value), "{name} is no setting");
        if let Some(field) = settings.wrong_field() {
            return Err(format!("validation_failed {field}"));
        }
        self.settings = settings;
        self.catch_up_after_change();
        Ok("done".into())
    }

    fn change_status(&mut self, to: &str) -> Said {
        if self.status == to {
            return Ok("done".into());
        }
        let arrows: &[&str] = match self.status.as_str() {
            "draft" => &["scheduled", "on_sale", "cancelled"],
            "scheduled" => &["on_sale", "cancelled"],
            "on_sale" => &["paused", "closed", "cancelled"],
            "paused" => &["on_sale", "closed", "cancelled"],
            _ => &[],
        };
        if !arrows.contains(&to) {
            return Err(format!("invalid_transition from {} to {to}", self.status));
        }
        self.set_status(to);
        self.catch_up_after_change();
        Ok("done".into())
    }

    fn delete(&mut self) -> Said {
        if self.numbers_given > 0 || self.types.iter().any(|kind| !kind.line.is_empty()) {
            return Err("event_in_use".into());
        }
        self.deleted = true;
        Ok("done".into())
    }

    /// What follows from a change in the same step; holds have been expired before.
    fn catch_up_after_change(&mut self) {
        self.move_by_time();
        self.wind_up();
        self.grant();
    }

    // Small questions.

    fn want(&self, wish: &Wish, usual_quantity: u32) -> Result<Want, String> {
        let quantity = wish.quantity.unwrap_or(usual_quantity);
        if quantity == 0 || quantity > 1_000_000 {
            return Err("validation_failed quantity".into());
        }
        if wish.min_quantity.is_some_and(|least| least == 0 || least > quantity) {
            return Err("validation_failed min_quantity".into());
        }
        Ok(Want { kind: self.kind_of(wish.ticket_type.as_deref())?, quantity, least: wish.min_quantity })
    }

    fn kind_of(&self, name: Option<&str>) -> Result<usize, String> {
        let position = |name: &str| self.types.iter().position(|kind| kind.name == name);
        name.map_or(Some(0), position).ok_or_else(|| "ticket_type_not_found".into())
    }

    fn must_be_on_sale(&self) -> Result<(), String> {
        match self.status.as_str() {
            "on_sale" => Ok(()),
            "scheduled" => Err(match self.settings.opens_at {
                Some(at) => format!("not_on_sale opens {}", seconds(at)),
                None => "not_on_sale".into(),
            }),
            status => Err(format!("sale_{status}")),
        }
    }

    fn must_be_within_limits(&self, user: &str, quantity: u32) -> Result<(), String> {
        if quantity > self.settings.max_per_hold {
            return Err(format!("limit_reached limit {} used 0", self.settings.max_per_hold));
        }
        let used = self.used(user);
        if used + quantity > self.settings.max_per_user {
            return Err(format!("limit_reached limit {} used {used}", self.settings.max_per_user));
        }
        Ok(())
    }

    /// Every expiry there ever was counts, remembered by the event or not.
    fn must_not_wait(&self, user: &str) -> Result<(), String> {
        let Damping { expiries, window, wait } = self.damping;
        let expired = self.holds.iter().filter(|hold| hold.user == user && hold.state == "expired");
        let times: Vec<u64> = expired.map(|hold| hold.expires).collect();
        // An expiry that is the last of so many begins a wait.
        let is_last_of_many =
            |last: &&u64| times.iter().filter(|at| **at <= **last && **last - **at <= window).count() >= expiries;
        let until = times.iter().filter(is_last_of_many).max().map(|last| last + wait);
        match until.filter(|until| expiries > 0 && self.now < *until) {
            Some(until) => Err(format!("rate_limited until {}", seconds(until))),
            None => Ok(()),
        }
    }

    /// Held and booked over the whole event.
    fn used(&self, user: &str) -> u32 {
        let holds = self.holds.iter().filter(|hold| hold.user == user && hold.is_live()).map(|hold| hold.quantity);
        let standing = self.bookings.iter().filter(|booking| booking.user == user && booking.cancelled.is_none());
        holds.sum::<u32>() + standing.map(|booking| booking.quantity).sum::<u32>()
    }

    /// How many tickets there are for somebody, or why there are none.
    fn tickets_for(&self, user: &str, kind: usize, quantity: u32, least: u32) -> Result<u32, String> {
        let (free, ahead) = (self.available(kind), self.served_before(user, kind));
        if ahead > 0 {
            return Err(format!("queue_ahead ahead {ahead}"));
        }
        if free >= least {
            return Ok(quantity.min(free));
        }
        if free > 0 {
            return Err(format!("insufficient_capacity available {free} requested {quantity}"));
        }
        let live = self.holds.iter().filter(|hold| hold.is_live() && self.paused_at.is_none());
        let next = live.map(|hold| hold.expires).min().map_or(String::new(), |at| format!(" next {}", seconds(at)));
        Err(format!("sold_out held {}{next}", self.held(kind)))
    }

    fn ahead_of(&self, user: &str, kind: usize) -> usize {
        let line = &self.types[kind].line;
        line.iter().position(|waiting| waiting.user == user).unwrap_or(line.len())
    }

    /// Who is passed over is ahead, but keeps nobody waiting.
    fn served_before(&self, user: &str, kind: usize) -> usize {
        let ahead = &self.types[kind].line[..self.ahead_of(user, kind)];
        ahead.iter().filter(|waiting| !waiting.passed_over).count()
    }

    fn hold(&self, number: u32) -> Option<&Hold> {
        self.holds.iter().find(|hold| hold.number == number && !hold.forgotten)
    }

    fn hold_mut(&mut self, number: u32) -> &mut Hold {
        self.holds.iter_mut().find(|hold| hold.number == number).unwrap()
    }

    fn live_hold(&self, user: &str, kind: Option<usize>) -> Option<&Hold> {
        let mut newest_first = self.holds.iter().rev();
        newest_first.find(|hold| hold.is_live() && hold.user == user && kind.is_none_or(|kind| hold.kind == kind))
    }

    fn owned(&self, user: Option<&str>, number: u32) -> Result<&Hold, String> {
        let hold = self.hold(number).filter(|hold| user.is_none_or(|user| hold.user == user));
        hold.ok_or_else(|| "hold_not_found".into())
    }

    fn live(&self, user: Option<&str>, number: u32) -> Result<Hold, String> {
        let hold = self.owned(user, number)?;
        match self.state_of(hold) {
            "held" => Ok(hold.clone()),
            "confirmed" => Err(format!("already_confirmed #{number}")),
            "released" => Err("already_released".into()),
            _ => Err(format!("hold_expired at {}", seconds(self.expires_at(hold)))),
        }
    }

    /// What a login or a wish to wait finds there already.
    fn hold_or_place(&self, user: &str, kind: usize) -> Option<String> {
        if let Some(hold) = self.live_hold(user, Some(kind)) {
            return Some(format!("has {}", self.hold_text(hold.number)));
        }
        Some(format!("still waits {}", self.place_text(user, kind)?))
    }

    fn new_hold(&mut self, user: &str, session: u64, kind: usize, quantity: u32, source: &'static str) -> u32 {
        self.numbers_given += 1;
        self.types[kind].line.retain(|waiting| waiting.user != user);
        self.holds.push(Hold {
            number: self.numbers_given,
            user: user.to_owned(),
            session,
            kind,
            quantity,
            created: self.now,
            state: "held",
            source,
            forgotten: false,
            expires: self.now + self.settings.hold_seconds * 1_000,
            expires_at_most: self.now + self.settings.max_hold_lifetime_seconds * 1_000,
            extensions: 0,
        });
        self.numbers_given
    }

    fn new_booking(&mut self, number: u32, user: &str, session: u64, kind: usize, quantity: u32) {
        let (user, booked) = (user.to_owned(), self.now);
        self.bookings.push(Booking { number, user, session, kind, quantity, booked, cancelled: None });
    }

    // Texts.

    fn hold_text(&self, number: u32) -> String {
        let hold = self.hold(number).unwrap();
        let kind = self.type_text(hold.kind);
        let (until, left) = (seconds(self.expires_at(hold)), seconds(self.time_left(hold)));
        let deadline = format!("until {until} left {left} extensions {}", self.extensions_left(hold));
        let owner = format!("{} session {}", hold.user, hold.session);
        let times = format!("since {} now {}", seconds(hold.created), seconds(self.now));
        format!("#{number} {}{kind} {deadline} from {}, {owner} {times}", hold.quantity, hold.source)
    }

    fn booked_text(&self, number: u32, how: &str) -> String {
        let booking = self.bookings.iter().find(|booking| booking.number == number).unwrap();
        let what = format!("#{number} {}{}", booking.quantity, self.type_text(booking.kind));
        format!("booked {what} {how}{}", self.booking_rest(booking))
    }

    fn booking_rest(&self, booking: &Booking) -> String {
        let owner = format!("{} session {}", booking.user, booking.session);
        format!(", {owner} since {} now {}", seconds(booking.booked), seconds(self.now))
    }

    fn place_text(&self, user: &str, kind: usize) -> Option<String> {
        let position = self.types[kind].line.iter().position(|waiting| waiting.user == user)?;
        let entry = &self.types[kind].line[position];
        let place = format!("at {} for {}{}", position + 1, entry.quantity, self.type_text(kind));
        let times = format!("since {} now {}", seconds(entry.joined), seconds(self.now));
        Some(format!("{place}, {user} session {} {times}", entry.session))
    }

    fn type_text(&self, kind: usize) -> String {
        if self.types.len() == 1 { String::new() } else { format!(" {}", self.types[kind].name) }
    }
}

impl Hold {
    /// Whether its tickets are set aside.
    pub fn is_live(&self) -> bool {
        self.state == "held"
    }
}

impl Settings {
    fn set(&mut self, name: &str, value: Option<u64>) -> bool {
        let number = value.unwrap_or(0);
        match name {
            "hold_seconds" => self.hold_seconds = number,
            "auto_hold" => self.auto_hold = number as u32,
            "max_per_hold" => self.max_per_hold = number as u32,
            "max_per_user" => self.max_per_user = number as u32,
            "max_extensions" => self.max_extensions = number,
            "max_hold_lifetime_seconds" => self.max_hold_lifetime_seconds = number,
            "queue_max" => self.queue_max = number as usize,
            "presence_seconds" => self.presence_seconds = number,
            "lobby" => self.lobby = number == 1,
            "opens_at" => self.opens_at = value,
            "closes_at" => self.closes_at = value,
            _ => return false,
        }
        true
    }

    /// The first setting that contradicts another or leaves its bounds.
    fn wrong_field(&self) -> Option<&'static str> {
        let rules = [
            (self.hold_seconds >= 1, "hold_seconds"),
            (self.max_per_user >= 1, "max_per_user"),
            (self.max_per_hold >= 1 && self.max_per_hold <= self.max_per_user, "max_per_hold"),
            (self.auto_hold <= self.max_per_hold, "auto_hold"),
            (self.max_hold_lifetime_seconds >= self.hold_seconds, "max_hold_lifetime_seconds"),
            (self.opens_at.zip(self.closes_at).is_none_or(|(opens, closes)| opens < closes), "closes_at"),
        ];
        rules.into_iter().find(|(is_kept, _)| !is_kept).map(|(_, field)| field)
    }
}
