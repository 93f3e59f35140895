//! The state machine by itself: one thread, no journal, no actor, an event of one ticket type with its timing wheel.
//!
//! Each bench runs with a thousand and with a million live holds: the cost must stay flat. A unit is what it is everywhere:
//! one user holds one ticket, and confirms the hold. Changes are made and applied, not encoded. What has to do with the line
//! is in the bench `queue`.
//!
//! `HOLDFAST_BENCH_LIVE` takes the place of the million.

mod measuring;

use std::cell::LazyCell;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use holdfast_benches::clock::now;
use holdfast_benches::stage::{START_MS, Stage, confirm, context, hold_one, new_hot_event};
use holdfast_benches::venue::setting;
use holdfast_engine::core::id::{HoldNumber, UserNumber};
use holdfast_engine::core::{Change, Command, Event, Rejection};

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Units after which an event is thrown away: bookings stay, and would fill the memory.
const UNITS_PER_EVENT_MAX: u32 = 1_000_000;

fn main() {
    let mut criterion = measuring::within_seconds(3);
    let counts = [1_000, setting("HOLDFAST_BENCH_LIVE", 1_000_000)];
    unit(&mut criterion, counts);
    refusal(&mut criterion, counts);
    replay(&mut criterion, counts);
    criterion.final_summary();
}

fn unit(criterion: &mut Criterion, counts: [u32; 2]) {
    let mut group = criterion.benchmark_group("core/hold_and_confirm");
    group.throughput(Throughput::Elements(1));
    for live in counts {
        let (mut prepared, mut units) = (None, 0);
        group.bench_function(BenchmarkId::new("live_holds", live), |bencher| {
            let stage = prepared.get_or_insert_with(|| Stage::with_holds(live, u32::MAX));
            bencher.iter_custom(|iterations| {
                let mut elapsed = Duration::ZERO;
                let mut left = iterations;
                while left > 0 {
                    if units == UNITS_PER_EVENT_MAX {
                        (*stage, units) = (Stage::with_holds(live, u32::MAX), 0);
                    }
                    let slice = left.min(u64::from(UNITS_PER_EVENT_MAX - units)) as u32;
                    let started = now();
                    (0..slice).for_each(|_| stage.unit());
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

fn refusal(criterion: &mut Criterion, counts: [u32; 2]) {
    let mut group = criterion.benchmark_group("core/refusal_sold_out");
    group.throughput(Throughput::Elements(1));
    for live in counts {
        let mut prepared = None;
        group.bench_function(BenchmarkId::new("live_holds", live), |bencher| {
            let stage = prepared.get_or_insert_with(|| Stage::with_holds(live, 0));
            let stranger = stage.next_user();
            assert!(matches!(stage.ask(stranger, hold_one(false)), Err(Rejection::SoldOut { .. })));
            bencher.iter(|| stage.ask(stranger, hold_one(false)));
        });
    }
    group.finish();
}

/// What recovery does with changes once they are decoded.
fn replay(criterion: &mut Criterion, counts: [u32; 2]) {
    let mut group = criterion.benchmark_group("core/replay");
    for holds in counts {
        group.throughput(Throughput::Elements(u64::from(holds + holds / 2)));
        let changes = LazyCell::new(|| changes_of(holds));
        group.bench_function(BenchmarkId::new("holds_half_of_them_confirmed", holds), |bencher| {
            let changes = &*changes;
            bencher.iter_with_large_drop(|| {
                let mut event = new_hot_event(u32::MAX);
                changes.iter().for_each(|change| event.evolve(START_MS, change));
                event
            });
        });
    }
    group.finish();
}

/// Holds of as many users, of which every second is confirmed.
fn changes_of(holds: u32) -> Vec<Change> {
    let mut event = new_hot_event(u32::MAX);
    let mut changes = Vec::new();
    for number in 1..=holds {
        decide(&mut event, UserNumber(number), hold_one(false), &mut changes);
        if number.is_multiple_of(2) {
            decide(&mut event, UserNumber(number), confirm(HoldNumber(number)), &mut changes);
        }
    }
    assert_eq!(changes.len() as u32, holds + holds / 2);
    changes
}

fn decide(event: &mut Event, user: UserNumber, command: Command, changes: &mut Vec<Change>) {
    let decision = event.decide(&context(user, START_MS), command, changes);
    decision.answer.expect("there are enough tickets");
}
