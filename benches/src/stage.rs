//! An event in memory, with its timers and nothing around it: no journal, no actors, one thread.

use std::hint::black_box;

use holdfast_engine::core::change::EventCreated;
use holdfast_engine::core::command::Wish;
use holdfast_engine::core::damping::Damping;
use holdfast_engine::core::id::{EventNumber, HoldNumber, LoginSeq, TypeIndex, UserNumber};
use holdfast_engine::core::outcome::{Answer, QueueView};
use holdfast_engine::core::presence::AllPresent;
use holdfast_engine::core::settings::{CAPACITY_MAX, Settings};
use holdfast_engine::core::{Caller, Change, Command, Context, Event, Outcome};
use holdfast_engine::engine::NewEvent;
use holdfast_engine::machine::EventMachine;

use crate::venue::{new_event, slug};

/// Time at the start, some day in 2026, in milliseconds since the Unix epoch.
pub const START_MS: u64 = 1_780_000_000_000;
/// How long a hold lasts, in seconds: longer than a bench runs on the event's clock, so that none ends by itself.
pub const HOLD_SECONDS: u32 = 86_400;
/// Commands in a turn of an event's actor: so often time moves by a millisecond, and the event looks at its wheel.
const COMMANDS_PER_TURN: u32 = 256;
/// How many are granted before a line counts as one that has moved: so many that its pattern is measured.
const GRANTS_MEASURED: u32 = 100;
/// The most users in line.
const QUEUE_MAX: u32 = 100_000_000;

/// An event on sale with one ticket type, and what its actor would keep beside it. Users have the numbers 1, 2, 3 … in the
/// order in which they come, and so have holds.
pub struct Stage {
    /// The event with its timers.
    pub machine: EventMachine,
    /// The time, in milliseconds since the Unix epoch.
    pub now_ms: u64,
    /// What the last command changed, on behalf of whoever asked.
    pub changes: Vec<Change>,
    newest_user: u32,
    commands: u32,
    upkeep: Vec<Change>,
}

impl Stage {
    /// An event of `capacity` tickets, at most [`CAPACITY_MAX`], and nobody there.
    pub fn new(capacity: u32) -> Stage {
        let machine = EventMachine::new(new_hot_event(capacity), START_MS);
        let (changes, upkeep) = (Vec::new(), Vec::new());
        Stage { machine, now_ms: START_MS, changes, newest_user: 0, commands: 0, upkeep }
    }

    /// `live` holds of as many users, and `free` tickets more.
    pub fn with_holds(live: u32, free: u32) -> Stage {
        let mut stage = Stage::new(live.saturating_add(free));
        for _ in 0..live {
            let user = stage.next_user();
            assert!(matches!(stage.ask(user, hold_one(false)), Ok(Outcome::Held { .. })));
        }
        stage
    }

    /// `live` holds and no ticket more, and as many as `waiting` users in line.
    pub fn with_line(live: u32, waiting: u32) -> Stage {
        let mut stage = Stage::with_holds(live, 0);
        (0..waiting).for_each(|_| stage.join());
        stage
    }

    /// `waiting` users in a line that has moved for most of a day: as many stretches are measured as in any line.
    pub fn with_moving_line(waiting: u32) -> Stage {
        let mut stage = Stage::with_line(GRANTS_MEASURED, waiting + GRANTS_MEASURED);
        for number in 1..=GRANTS_MEASURED {
            stage.now_ms += 800_000;
            stage.release(number);
        }
        stage
    }

    /// Somebody who has not been here.
    pub fn next_user(&mut self) -> UserNumber {
        self.newest_user += 1;
        UserNumber(self.newest_user)
    }

    /// The unit of work: a new user holds one ticket, and confirms the hold.
    pub fn unit(&mut self) {
        let user = self.next_user();
        let Ok(Outcome::Held { hold, .. }) = self.ask(user, hold_one(false)) else { panic!("there are tickets") };
        black_box(self.ask(user, confirm(hold.number))).expect("the hold is live");
    }

    /// A new user joins the line.
    pub fn join(&mut self) {
        let user = self.next_user();
        self.join_as(user);
    }

    /// `user`, who has nothing here, joins the line.
    pub fn join_as(&mut self, user: UserNumber) {
        assert!(matches!(self.ask(user, hold_one(true)), Ok(Outcome::Queued { .. })), "there are tickets");
    }

    /// `user` leaves the line, wherever they stand.
    pub fn leave(&mut self, user: UserNumber) {
        let left = self.ask(user, Command::LeaveQueue { ticket_type: None });
        assert!(matches!(left, Ok(Outcome::Left(_))), "user {} is not in line", user.0);
    }

    /// The user `number` gives the hold `number` back; who is first in line gets it in the same step.
    pub fn release(&mut self, number: u32) {
        let command = Command::ReleaseHold { number: HoldNumber(number), reason: None };
        black_box(self.ask(UserNumber(number), command)).expect("the hold is live");
    }

    /// The place of the `index`th user of a line made by [`Stage::with_moving_line`]: how many are ahead, the estimate and the
    /// bound of the wait.
    pub fn place_in_moving_line(&self, index: u32) -> QueueView {
        let user = UserNumber(2 * GRANTS_MEASURED + 1 + index);
        let place = self.machine.event().place_of(self.now_ms, user, TypeIndex(0));
        let place = place.expect("everybody stands in line");
        // The bound is computed, too, and of most of a long line too far away to be told.
        assert!(place.wait.estimate.is_some(), "a line that has moved tells how long it takes");
        place
    }

    /// `user` asks for something. Time moves as it would in an actor's turns.
    pub fn ask(&mut self, user: UserNumber, command: Command) -> Answer {
        self.commands += 1;
        if self.commands.is_multiple_of(COMMANDS_PER_TURN) {
            self.advance(1);
        }
        self.changes.clear();
        let context = context(user, self.now_ms);
        self.machine.execute(&context, command, &mut self.upkeep, &mut self.changes).answer
    }

    /// Time moves by `by_ms` milliseconds, and the event looks at what is due: a turn without commands. Returns what that
    /// changed.
    pub fn advance(&mut self, by_ms: u64) -> &[Change] {
        self.now_ms += by_ms;
        self.upkeep.clear();
        self.machine.advance(self.now_ms, false, &AllPresent, &mut self.upkeep);
        &self.upkeep
    }
}

/// An event on sale by itself, with `capacity` tickets of one type, at most [`CAPACITY_MAX`].
pub fn new_hot_event(capacity: u32) -> Event {
    let settings = Settings {
        hold_seconds: HOLD_SECONDS,
        max_hold_lifetime_seconds: HOLD_SECONDS,
        queue_max: QUEUE_MAX,
        ..Settings::default()
    };
    let NewEvent { id, details, settings, ticket_types, status, .. } =
        new_event(&slug("hot"), settings, &[("general", capacity.min(CAPACITY_MAX))]);
    Event::new(EventNumber(1), &EventCreated { id, details, settings, ticket_types, status })
}

/// What surrounds a command of `user`.
pub fn context(user: UserNumber, now_ms: u64) -> Context<'static> {
    let caller = Caller::User { user, session: LoginSeq(u64::from(user.0)) };
    Context { now_ms, caller, key: None, damping: Damping::OFF, presence: &AllPresent }
}

/// One ticket, please; with `wait`, a place in line where there is none.
pub fn hold_one(wait: bool) -> Command {
    Command::PlaceHold { wish: Wish::default(), wait }
}

/// All of this hold.
pub fn confirm(number: HoldNumber) -> Command {
    Command::ConfirmHold { number, quantity: None }
}
