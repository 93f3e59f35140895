//! What the event's actor does around the core, with a clock that a test moves by hand and a journal in memory.

use std::collections::BTreeMap;

use super::answer::{Writer, figures, wait};
use super::row::{Ask, Row, Wish, parse_value};
use crate::core::change::{Change, EventCreated, SessionEnd};
use crate::core::command::{self, Caller, Command, Context, EventPatch};
use crate::core::damping::Damping;
use crate::core::edit::Edit;
use crate::core::event::{Event, EventImage, HoldRow, QueueRow};
use crate::core::hold::Booking;
use crate::core::id::{EventNumber, HoldNumber, LoginSeq, Slug, TypeIndex, UserNumber};
use crate::core::idempotency::{IdempotencyKey, KeyScope, Remembered};
use crate::core::outcome::QueueView;
use crate::core::presence::Presence;
use crate::core::session::Sessions;
use crate::core::settings::{Details, Settings, TicketTypeDefinition};
use crate::core::status::Status;

/// When tables start, in milliseconds since the Unix epoch: in the year 2027, at a whole second.
pub const START_MS: u64 = 1_800_000_000_000;

/// An event, the sessions, and the journal of all that happened to the event.
pub struct Shell {
    pub now_ms: u64,
    pub event: Event,
    pub sessions: Sessions,
    created: EventCreated,
    wheel_is_late: bool,
    damping: Damping,
    seen: Seen,
    journal: Vec<Record>,
    /// The changes of the last row.
    latest: Vec<Change>,
}

/// When each session was seen last.
#[derive(Debug, Default)]
struct Seen(BTreeMap<LoginSeq, u64>);

impl Presence for Seen {
    fn last_seen_ms(&self, session: LoginSeq) -> Option<u64> {
        self.0.get(&session).copied()
    }
}

/// What the journal keeps of a step.
struct Record {
    at_ms: u64,
    changes: Vec<Change>,
    /// Whose newest answer learnt that this record is its own.
    scope: Option<KeyScope>,
}

impl Shell {
    /// The event that `words` describe: `status=paused`, a setting as `hold_seconds=60`, a ticket type as `vip=10`; and after
    /// how many expiries (`damping=3`) within how long (`damping_window=30m`) a user waits for how long (`damping_wait=10m`).
    pub fn new(words: &str) -> Shell {
        let mut created = EventCreated {
            id: Slug::new("gala").unwrap(),
            details: Details { name: "Gala".to_owned(), ..Details::default() },
            // Most tables are about other rules, and let hours pass.
            settings: Settings { presence_seconds: 0, ..Settings::default() },
            ticket_types: Vec::new(),
            status: Status::OnSale,
        };
        let mut damping = Damping { expiries_max: 0, window_ms: 1_800_000, wait_ms: 600_000 };
        for (name, value) in words.split_whitespace().map(|word| word.split_once('=').expect("name=value")) {
            if set_damping(&mut damping, name, value) {
                continue;
            } else if name == "status" {
                created.status = status(value);
            } else if let Some(edit) = edit(name, parse_value(value)) {
                edit.apply(&mut created.details, &mut created.settings);
            } else {
                created.ticket_types.push(ticket_type(name, value.parse().unwrap()));
            }
        }
        created.settings.check().expect("a table's settings are legal");
        let event = Event::new(EventNumber(1), &created);
        let (sessions, journal, latest) = (Sessions::default(), Vec::new(), Vec::new());
        Shell {
            now_ms: START_MS,
            event,
            sessions,
            created,
            wheel_is_late: false,
            damping,
            seen: Seen::default(),
            journal,
            latest,
        }
    }

    /// Does what a row asks, and says what came of it.
    pub fn run(&mut self, row: &Row) -> String {
        match row {
            Row::Changes => return self.latest_changes(),
            Row::Show { ticket_type } => return self.show(ticket_type.as_deref()),
            Row::Ask { who, what: Ask::See(number), .. } => return self.see(who, HoldNumber(*number)),
            Row::Ask { who, what: Ask::Place(name), .. } => return self.place(who, name.as_deref()),
            Row::Ask { who, what: Ask::Wait(name), .. } => return self.wait(who, name.as_deref()),
            _ => self.latest.clear(),
        }
        match row {
            Row::Ask { who, key, what } => return self.ask(who, key.as_deref(), what),
            Row::Advance { by_ms } => self.advance(*by_ms),
            Row::AdvanceToDeadline { offset_ms } => self.advance(self.until_next_deadline_ms(*offset_ms)),
            Row::Down { by_ms, credit_ms } => self.go_down(*by_ms, *credit_ms),
            Row::Wheel { is_late } => self.wheel_is_late = *is_late,
            Row::Show { .. } | Row::Changes => unreachable!("answered above"),
        }
        "done".to_owned()
    }

    /// How long it is until `offset_ms` after the next deadline of a live hold; 0 where that has passed, or none is live.
    pub fn until_next_deadline_ms(&self, offset_ms: i64) -> u64 {
        let deadlines = self.event.live_holds().filter_map(|(_, deadline_ms)| self.event.engine_time_of(deadline_ms));
        deadlines.min().map_or(0, |at_ms| at_ms.saturating_add_signed(offset_ms).saturating_sub(self.now_ms))
    }

    /// Replays the journal from its beginning, and from a snapshot after `cut` of its records: both must come to the
    /// event as it is.
    pub fn check_replay(&self, cut: usize) {
        if self.event.is_deleted() {
            return;
        }
        let cut = cut.min(self.journal.len());
        let mut from_start = Event::new(EventNumber(1), &self.created);
        self.journal[..cut].iter().for_each(|record| record.replay(&mut from_start));
        let mut from_snapshot = Portrait::of(&from_start).restore();
        assert_eq!(Portrait::of(&from_snapshot), Portrait::of(&from_start), "a snapshot differs from what it shows");
        for record in &self.journal[cut..] {
            record.replay(&mut from_start);
            record.replay(&mut from_snapshot);
        }
        assert_eq!(Portrait::of(&from_start), Portrait::of(&self.event), "the replay differs from the event");
        assert_eq!(Portrait::of(&from_snapshot), Portrait::of(&self.event), "snapshot and tail differ from the event");
        from_start.check_invariants().unwrap();
        from_snapshot.check_invariants().unwrap();
    }

    /// How many records the journal has.
    pub fn journal_len(&self) -> usize {
        self.journal.len()
    }

    /// A user's number, once they have logged in.
    pub fn user(&self, name: &str) -> Option<UserNumber> {
        let position = self.sessions.names().position(|known| known == name)?;
        Some(UserNumber(position as u32 + 1))
    }

    fn ask(&mut self, who: &str, key: Option<&str>, what: &Ask) -> String {
        let caller = self.caller(who);
        if let Caller::User { session, .. } = caller {
            self.seen.0.insert(session, self.now_ms);
        }
        self.catch_up();
        if let Caller::User { user, .. } = caller {
            self.step(None, |now_ms, event, seen, changes| event.expire_due_of(now_ms, user, seen, changes));
        }
        if let (Caller::User { user, .. }, false) = (&caller, *what == Ask::Logout) {
            self.step(None, |now_ms, event, seen, changes| event.welcome_back(now_ms, *user, seen, changes));
        }
        let key = key.map(|key| IdempotencyKey { key_hash: hash(key), request_hash: hash(&what.to_string()) });
        let command = self.command(what);
        let scope = caller.key_scope().filter(|_| key.is_some());
        let (asking, damping) = (caller.clone(), self.damping);
        let decision = self.step(scope, |now_ms, event, presence, changes| {
            event.decide(&Context { now_ms, caller: asking, key, damping, presence }, command, changes)
        });
        if let (Ask::Logout, Caller::User { session, .. }) = (what, caller) {
            self.seen.0.remove(&session);
            self.sessions.decide_end(self.now_ms, session, SessionEnd::Logout, &mut Vec::new());
        }
        let answer = self.writer().answer(&decision.answer);
        if decision.replayed_seq.is_some() { format!("again: {answer}") } else { answer }
    }

    /// Who asks. A user without a session has logged in somewhere else just now.
    fn caller(&mut self, who: &str) -> Caller {
        if who == "admin" {
            return Caller::Admin { name: "ops".to_owned() };
        }
        if let Some(session) = self.user(who).and_then(|user| self.sessions.of_user(user)) {
            return Caller::User { user: self.user(who).unwrap(), session };
        }
        let login = self.sessions.decide_login(self.now_ms, who, [0; 32], None, &mut Vec::new());
        Caller::User { user: login.user, session: login.session }
    }

    fn advance(&mut self, by_ms: u64) {
        self.now_ms += by_ms;
        self.catch_up();
    }

    /// Expires what the wheel proposes, and grants what is free.
    fn catch_up(&mut self) {
        let mut due = self.event.live_holds().map(|(number, deadline_ms)| (deadline_ms, number)).collect::<Vec<_>>();
        let clock_ms = self.event.sale_clock_ms(self.now_ms);
        due.retain(|(deadline_ms, _)| !self.wheel_is_late && *deadline_ms <= clock_ms);
        due.sort_unstable();
        let numbers = due.into_iter().map(|(_, number)| number);
        self.step(None, |now_ms, event, seen, changes| event.advance(now_ms, numbers, seen, changes));
    }

    fn go_down(&mut self, by_ms: u64, credit_ms: u64) {
        self.now_ms += by_ms;
        let (damping, command) = (self.damping, Command::CreditDowntime { by_ms: credit_ms });
        self.step(None, |now_ms, event, presence, changes| {
            event.decide(&Context { now_ms, caller: Caller::System, key: None, damping, presence }, command, changes)
        });
        self.catch_up();
    }

    /// Takes one step of the event and journals it.
    fn step<T>(
        &mut self,
        scope: Option<KeyScope>,
        act: impl FnOnce(u64, &mut Event, &Seen, &mut Vec<Change>) -> T,
    ) -> T {
        let mut changes = Vec::new();
        let result = act(self.now_ms, &mut self.event, &self.seen, &mut changes);
        if changes.is_empty() {
            return result;
        }
        self.latest.extend(changes.iter().cloned());
        let record = Record { at_ms: self.now_ms, changes, scope };
        if let Some(scope) = record.scope {
            self.event.journaled(scope, record.seq());
        }
        self.journal.push(record);
        result
    }

    fn command(&self, what: &Ask) -> Command {
        match what {
            Ask::Login(wish) => {
                Command::Login { wish: wish.as_ref().map_or_else(Default::default, to_wish), explicit: wish.is_some() }
            }
            Ask::Hold(wish, wait) => Command::PlaceHold { wish: to_wish(wish), wait: *wait },
            Ask::Extend(number) => Command::ExtendHold { number: HoldNumber(*number) },
            Ask::GiveTime(number, seconds) => {
                Command::GiveTime { number: HoldNumber(*number), seconds: *seconds as u32, reason: None }
            }
            Ask::Confirm(number, quantity) => Command::ConfirmHold { number: HoldNumber(*number), quantity: *quantity },
            Ask::Release(number) => Command::ReleaseHold { number: HoldNumber(*number), reason: None },
            Ask::Book(wish) => Command::Book { wish: to_wish(wish) },
            Ask::CancelBooking(number) => Command::CancelBooking { number: HoldNumber(*number), reason: None },
            Ask::Join(wish) => Command::JoinQueue { wish: to_wish(wish) },
            Ask::Leave(name) => Command::LeaveQueue { ticket_type: name.as_deref().map(slug) },
            Ask::Logout => Command::EndSession,
            Ask::Capacity(name, capacity) => {
                let id = name.as_deref().map_or_else(|| self.event.ticket_types()[0].id.clone(), slug);
                Command::Change(Box::new(EventPatch { capacities: vec![(id, *capacity)], ..EventPatch::default() }))
            }
            Ask::Set(name, value) => {
                let edits = vec![edit(name, *value).unwrap_or_else(|| panic!("{name} is no setting"))];
                Command::Change(Box::new(EventPatch { edits, ..EventPatch::default() }))
            }
            Ask::Status(to) => Command::SetStatus { to: status(to), reason: None },
            Ask::Delete => Command::Delete { reason: None },
            Ask::Create => Command::CreateAgain,
            Ask::See(_) | Ask::Place(_) | Ask::Wait(_) => unreachable!("a look is no command"),
        }
    }

    fn latest_changes(&self) -> String {
        let texts: Vec<String> = self.latest.iter().map(|change| self.writer().change(change)).collect();
        if texts.is_empty() { "none".to_owned() } else { texts.join(", ") }
    }

    fn show(&self, ticket_type: Option<&str>) -> String {
        figures(&self.event.figures().nth(usize::from(self.type_index(ticket_type).0)).unwrap())
    }

    fn see(&self, who: &str, number: HoldNumber) -> String {
        let owner = if who == "admin" { None } else { Some(self.user(who).expect("who looks has logged in")) };
        self.event.hold(self.now_ms, number, owner).map_or("nothing".to_owned(), |hold| self.writer().hold(&hold))
    }

    fn place(&self, who: &str, ticket_type: Option<&str>) -> String {
        self.place_of(who, ticket_type).map_or("nothing".to_owned(), |place| self.writer().place(&place))
    }

    fn wait(&self, who: &str, ticket_type: Option<&str>) -> String {
        self.place_of(who, ticket_type).map_or("nothing".to_owned(), |place| wait(&place.wait))
    }

    fn place_of(&self, who: &str, ticket_type: Option<&str>) -> Option<QueueView> {
        self.event.place_of(self.now_ms, self.user(who)?, self.type_index(ticket_type))
    }

    fn type_index(&self, name: Option<&str>) -> TypeIndex {
        let mut types = self.event.ticket_types().iter();
        TypeIndex(name.map_or(0, |name| types.position(|kind| kind.id.as_str() == name).expect("a ticket type") as u8))
    }

    fn writer(&self) -> Writer<'_> {
        Writer { event: &self.event, sessions: &self.sessions }
    }
}

impl Record {
    /// A journal number that differs from step to step.
    fn seq(&self) -> u64 {
        self.at_ms + self.changes.len() as u64
    }

    fn replay(&self, event: &mut Event) {
        self.changes.iter().for_each(|change| event.evolve(self.at_ms, change));
        if let Some(scope) = self.scope {
            event.journaled(scope, self.seq());
        }
    }
}

/// All that a snapshot has of an event.
#[derive(Clone, Debug, PartialEq)]
struct Portrait {
    image: EventImage,
    holds: Vec<HoldRow>,
    bookings: Vec<(HoldNumber, Booking)>,
    line: Vec<QueueRow>,
    passed_over: Vec<(TypeIndex, UserNumber)>,
    remembered: Vec<(KeyScope, Remembered)>,
}

impl Portrait {
    fn of(event: &Event) -> Portrait {
        Portrait {
            image: event.image(),
            holds: event.hold_rows().collect(),
            bookings: event.booking_rows().collect(),
            line: event.queue_rows().collect(),
            passed_over: event.passed_over_rows().collect(),
            remembered: event.remembered_rows(),
        }
    }

    fn restore(self) -> Event {
        let mut event = Event::from_image(self.image);
        self.holds.into_iter().for_each(|row| event.restore_hold(row));
        self.bookings.into_iter().for_each(|row| event.restore_booking(row));
        self.line.into_iter().for_each(|row| event.restore_queue_entry(row));
        self.passed_over.into_iter().for_each(|row| event.restore_passed_over(row));
        self.remembered.into_iter().for_each(|row| event.restore_remembered(row));
        event
    }
}

fn to_wish(wish: &Wish) -> command::Wish {
    command::Wish {
        ticket_type: wish.ticket_type.as_deref().map(slug),
        quantity: wish.quantity,
        min_quantity: wish.min_quantity,
    }
}

fn slug(name: &str) -> Slug {
    Slug::new(name).expect("a slug")
}

fn ticket_type(name: &str, capacity: u32) -> TicketTypeDefinition {
    TicketTypeDefinition { id: slug(name), name: name.to_owned(), capacity, price: None }
}

fn status(name: &str) -> Status {
    Status::from_name(name).expect("a status")
}

/// Sets a part of the damping, where `name` is one.
fn set_damping(damping: &mut Damping, name: &str, value: &str) -> bool {
    let number = || parse_value(value).expect("damping has numbers");
    match name {
        "damping" => damping.expiries_max = number() as u32,
        "damping_window" => damping.window_ms = number(),
        "damping_wait" => damping.wait_ms = number(),
        _ => return false,
    }
    true
}

/// The edit that sets `name`, where there is such a setting. Times count from the start of the table.
fn edit(name: &str, value: Option<u64>) -> Option<Edit> {
    match (name, value.map(|at_ms| START_MS + at_ms)) {
        ("opens_at", at_ms) => return Some(Edit::OpensAt(at_ms)),
        ("closes_at", at_ms) => return Some(Edit::ClosesAt(at_ms)),
        _ => {}
    }
    let number = u32::try_from(value?).ok()?;
    Some(match name {
        "hold_seconds" => Edit::HoldSeconds(number),
        "auto_hold" => Edit::AutoHold(number),
        "max_per_hold" => Edit::MaxPerHold(number),
        "max_per_user" => Edit::MaxPerUser(number),
        "max_extensions" => Edit::MaxExtensions(number),
        "max_hold_lifetime_seconds" => Edit::MaxHoldLifetimeSeconds(number),
        "queue_max" => Edit::QueueMax(number),
        "presence_seconds" => Edit::PresenceSeconds(number),
        "lobby" => Edit::Lobby(number == 1),
        _ => return None,
    })
}

/// FNV-1a over 128 bits: equal texts, equal numbers, which is all that counts here.
fn hash(text: &str) -> u128 {
    let mix = |hash: u128, byte: u8| (hash ^ u128::from(byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013B);
    text.bytes().fold(0x6C62_272E_07BB_0142_62B8_2175_6295_C58D, mix)
}
