//! The state machine by itself: one thread, no journal, no actor, an event of one ticket type with its timing wheel.
//!
//! Each bench runs with a thousand and with a million live holds (or users in line): the cost must stay flat. A unit is
//! what it is everywhere: one user holds one ticket, and confirms the hold. Changes are made and applied, not encoded.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use holdfast_engine::core::change::EventCreated;
use holdfast_engine::core::command::Wish;
use holdfast_engine::core::damping::Damping;
use holdfast_engine::core::id::{EventNumber, HoldNumber, LoginSeq, Slug, TypeIndex, UserNumber};
use holdfast_engine::core::outcome::Answer;
use holdfast_engine::core::presence::AllPresent;
use holdfast_engine::core::settings::{Details, Settings, TicketTypeDefinition};
use holdfast_engine::core::status::Status;
use holdfast_engine::core::{Caller, Change, Command, Context, Event, Outcome, Rejection};
use holdfast_engine::machine::EventMachine;

const COUNTS: [u32; 2] = [1_000, 1_000_000];
/// Time at the start, some day in 2026.
const START_MS: u64 = 1_780_000_000_000;
/// Commands in a turn of an event's actor: so often time moves by a millisecond, and the event looks at its wheel.
const COMMANDS_PER_TURN: u32 = 256;
/// How many are granted before places are looked at: so many that the pattern of the line is measured.
const GRANTS_MEASURED: u32 = 100;
/// Units after which a sale is thrown away: bookings stay, and would fill the memory.
const UNITS_PER_SALE_MAX: u32 = 1_000_000;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    unit(&mut criterion);
    refusal(&mut criterion);
    place_in_line(&mut criterion);
    release_and_grant(&mut criterion);
    replay(&mut criterion);
    criterion.final_summary();
}

fn unit(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("core/hold_and_confirm");
    group.throughput(Throughput::Elements(1));
    for live in COUNTS {
        let id = BenchmarkId::new("live_holds", live);
        group.bench_function(id, |bencher| {
            let mut sale = Sale::with_holds(live, u32::MAX);
            let mut units = 0;
            bencher.iter_custom(|iterations| {
                let mut elapsed = Duration::ZERO;
                let mut left = iterations;
                while left > 0 {
                    if units == UNITS_PER_SALE_MAX {
                        (sale, units) = (Sale::with_holds(live, u32::MAX), 0);
                    }
                    let slice = left.min(u64::from(UNITS_PER_SALE_MAX - units)) as u32;
                    let started = now();
                    (0..slice).for_each(|_| sale.unit());
                    elapsed += started.elapsed();
                    units += slice;
                    left -= u64::from(slice);
                }
                elapsed
            });
        });
    }
    group.finish();
}

fn refusal(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("core/refusal_sold_out");
    group.throughput(Throughput::Elements(1));
    for live in COUNTS {
        let mut sale = Sale::with_holds(live, 0);
        let stranger = UserNumber(live + 1);
        assert!(matches!(sale.ask(stranger, hold_one(false)), Err(Rejection::SoldOut { .. })));
        let id = BenchmarkId::new("live_holds", live);
        group.bench_function(id, |bencher| bencher.iter(|| sale.ask(stranger, hold_one(false))));
    }
    group.finish();
}

/// A place with all that it tells: how many are ahead, the estimate of the wait from a line that has moved, and the bound.
fn place_in_line(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("core/place_in_line");
    group.throughput(Throughput::Elements(1));
    for waiting in COUNTS {
        let sale = Sale::with_moving_line(waiting);
        // A stride without a common divisor with the length meets everybody, neighbours far apart.
        let mut user = 0;
        group.bench_function(BenchmarkId::new("waiting", waiting), |bencher| {
            bencher.iter(|| {
                user = (user + 618_033) % waiting;
                let user = UserNumber(user + 2 * GRANTS_MEASURED + 1);
                let place = sale.machine.event().place_of(sale.now_ms, user, TypeIndex(0));
                let place = place.expect("everybody stands in line");
                assert!(place.wait.estimate.is_some());
                place
            });
        });
    }
    group.finish();
}

/// The user with the oldest hold releases it; the head of the line gets it in the same step.
fn release_and_grant(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("core/release_and_grant");
    group.throughput(Throughput::Elements(1));
    for count in COUNTS {
        group.bench_function(BenchmarkId::new("live_holds_and_waiting", count), |bencher| {
            let mut sale = Sale::with_line(count, count);
            let mut oldest = 1;
            bencher.iter_custom(|iterations| {
                let mut elapsed = Duration::ZERO;
                let mut left = iterations;
                while left > 0 {
                    if oldest > count {
                        (sale, oldest) = (Sale::with_line(count, count), 1);
                    }
                    let slice = left.min(u64::from(count + 1 - oldest)) as u32;
                    let started = now();
                    // Users and holds have the same numbers: users in the order of the line get the next ones.
                    (oldest..oldest + slice).for_each(|number| sale.release(number));
                    elapsed += started.elapsed();
                    oldest += slice;
                    left -= u64::from(slice);
                }
                elapsed
            });
        });
    }
    group.finish();
}

/// What recovery does with changes once they are decoded.
fn replay(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("core/replay");
    for holds in COUNTS {
        let changes = changes_of(holds);
        group.throughput(Throughput::Elements(changes.len() as u64));
        group.bench_function(BenchmarkId::new("holds_half_of_them_confirmed", holds), |bencher| {
            bencher.iter_with_large_drop(|| {
                let mut event = new_event(u32::MAX);
                changes.iter().for_each(|change| event.evolve(START_MS, change));
                event
            });
        });
    }
    group.finish();
}

fn changes_of(holds: u32) -> Vec<Change> {
    let mut event = new_event(u32::MAX);
    let mut changes = Vec::new();
    for number in 1..=holds {
        decide(&mut event, UserNumber(number), hold_one(false), &mut changes);
        if number % 2 == 0 {
            decide(&mut event, UserNumber(number), confirm(HoldNumber(number)), &mut changes);
        }
    }
    changes
}

fn decide(event: &mut Event, user: UserNumber, command: Command, changes: &mut Vec<Change>) {
    let decision = event.decide(&context(user, START_MS), command, changes);
    decision.answer.expect("there are enough tickets");
}

/// An event on sale, and what its actor would keep beside it.
struct Sale {
    machine: EventMachine,
    now_ms: u64,
    newest_user: u32,
    commands: u32,
    upkeep: Vec<Change>,
    changes: Vec<Change>,
}

impl Sale {
    /// `live` holds of as many users, and `free` tickets more.
    fn with_holds(live: u32, free: u32) -> Sale {
        let machine = EventMachine::new(new_event(live.saturating_add(free)), START_MS);
        let (upkeep, changes) = (Vec::new(), Vec::new());
        let mut sale = Sale { machine, now_ms: START_MS, newest_user: 0, commands: 0, upkeep, changes };
        for _ in 0..live {
            let user = sale.next_user();
            assert!(matches!(sale.ask(user, hold_one(false)), Ok(Outcome::Held { .. })));
        }
        sale
    }

    /// `live` holds and no ticket more, and as many as `waiting` users in line.
    fn with_line(live: u32, waiting: u32) -> Sale {
        let mut sale = Sale::with_holds(live, 0);
        for _ in 0..waiting {
            let user = sale.next_user();
            assert!(matches!(sale.ask(user, hold_one(true)), Ok(Outcome::Queued { .. })));
        }
        sale
    }

    /// `waiting` users in a line that has moved for most of a day: as many stretches are measured as in any line.
    fn with_moving_line(waiting: u32) -> Sale {
        let mut sale = Sale::with_line(GRANTS_MEASURED, waiting + GRANTS_MEASURED);
        for number in 1..=GRANTS_MEASURED {
            sale.now_ms += 800_000;
            sale.release(number);
        }
        sale
    }

    fn next_user(&mut self) -> UserNumber {
        self.newest_user += 1;
        UserNumber(self.newest_user)
    }

    fn unit(&mut self) {
        let user = self.next_user();
        let Ok(Outcome::Held { hold, .. }) = self.ask(user, hold_one(false)) else { panic!("there are tickets") };
        black_box(self.ask(user, confirm(hold.number))).expect("the hold is live");
    }

    fn release(&mut self, number: u32) {
        let command = Command::ReleaseHold { number: HoldNumber(number), reason: None };
        black_box(self.ask(UserNumber(number), command)).expect("the hold is live");
    }

    fn ask(&mut self, user: UserNumber, command: Command) -> Answer {
        self.commands += 1;
        if self.commands.is_multiple_of(COMMANDS_PER_TURN) {
            self.now_ms += 1;
            self.machine.advance(self.now_ms, false, &AllPresent, &mut self.upkeep);
        }
        self.changes.clear();
        let context = context(user, self.now_ms);
        self.machine.execute(&context, command, &mut self.upkeep, &mut self.changes).answer
    }
}

fn new_event(capacity: u32) -> Event {
    let general = TicketTypeDefinition {
        id: Slug::new("general").expect("a slug"),
        name: "General".to_owned(),
        capacity: capacity.min(holdfast_engine::core::settings::CAPACITY_MAX),
        price: None,
    };
    let created = EventCreated {
        id: Slug::new("hot").expect("a slug"),
        details: Details { name: "Hot".to_owned(), ..Details::default() },
        // Longer than any bench runs on the event's clock: no hold ends by itself.
        settings: Settings {
            hold_seconds: 86_400,
            max_hold_lifetime_seconds: 86_400,
            queue_max: COUNTS[1] + GRANTS_MEASURED,
            ..Settings::default()
        },
        ticket_types: vec![general],
        status: Status::OnSale,
    };
    Event::new(EventNumber(1), &created)
}

fn context(user: UserNumber, now_ms: u64) -> Context<'static> {
    let caller = Caller::User { user, session: LoginSeq(u64::from(user.0)) };
    Context { now_ms, caller, key: None, damping: Damping::OFF, presence: &AllPresent }
}

fn hold_one(wait: bool) -> Command {
    Command::PlaceHold { wish: Wish::default(), wait }
}

fn confirm(number: HoldNumber) -> Command {
    Command::ConfirmHold { number, quantity: None }
}

#[expect(clippy::disallowed_methods, reason = "a bench measures with the real clock; this is where it reads it")]
fn now() -> Instant {
    Instant::now()
}
