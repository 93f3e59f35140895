//! The line of a hot event, by itself: one thread, no journal, no actor. Joining at the end, the place of somebody in it with
//! all that it tells, leaving and joining again, and a release that grants the next in line.
//!
//! Each bench runs with a thousand and with a million in line: the cost must stay flat, but for what O(log n) and caches add.
//! `HOLDFAST_BENCH_WAITING` takes the place of the million.

mod measuring;

use std::cell::LazyCell;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput};
use holdfast_benches::clock::now;
use holdfast_benches::random::Random;
use holdfast_benches::stage::Stage;
use holdfast_benches::venue::setting;
use holdfast_engine::core::id::UserNumber;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let mut criterion = measuring::within_seconds(3);
    let counts = [1_000, setting("HOLDFAST_BENCH_WAITING", 1_000_000)];
    steps(&mut criterion, "queue/join", counts, |waiting| Stage::with_line(1, waiting), |stage, _| stage.join());
    place(&mut criterion, counts);
    leave_and_join_again(&mut criterion, counts);
    // Users and holds have the same numbers: users in the order of the line get the next ones.
    let release = |stage: &mut Stage, step| stage.release(step + 1);
    steps(&mut criterion, "queue/release_and_grant", counts, |waiting| Stage::with_line(waiting, waiting), release);
    criterion.final_summary();
}

/// A place with all that it tells: how many are ahead, the estimate of the wait from a line that has moved, and the bound.
fn place(criterion: &mut Criterion, counts: [u32; 2]) {
    let mut group = group(criterion, "queue/place");
    for waiting in counts {
        let stage = LazyCell::new(|| Stage::with_moving_line(waiting));
        group.bench_function(BenchmarkId::new("waiting", waiting), |bencher| {
            let (stage, mut random) = (&*stage, Random::new());
            bencher.iter(|| stage.place_in_moving_line(random.below(u64::from(waiting)) as u32));
        });
    }
    group.finish();
}

/// Somebody leaves, mostly from the middle, and joins again at the end: the line stays as long as it is.
fn leave_and_join_again(criterion: &mut Criterion, counts: [u32; 2]) {
    let mut group = group(criterion, "queue/leave_and_join_again");
    for waiting in counts {
        let (mut prepared, mut random) = (None, Random::new());
        group.bench_function(BenchmarkId::new("waiting", waiting), |bencher| {
            let stage = prepared.get_or_insert_with(|| Stage::with_line(1, waiting));
            bencher.iter(|| {
                // The user of the one hold came before the line.
                let user = UserNumber(2 + random.below(u64::from(waiting)) as u32);
                stage.leave(user);
                stage.join_as(user);
            });
        });
    }
    group.finish();
}

/// Measures a step that makes the line longer or shorter, until it has gained or lost its own length; then a new one takes its
/// place. `step` is told how many came before it.
fn steps(
    criterion: &mut Criterion,
    name: &str,
    counts: [u32; 2],
    open: impl Fn(u32) -> Stage,
    step: impl Fn(&mut Stage, u32),
) {
    let mut group = group(criterion, name);
    for waiting in counts {
        let (mut prepared, mut done) = (None, 0);
        group.bench_function(BenchmarkId::new("waiting", waiting), |bencher| {
            let stage = prepared.get_or_insert_with(|| open(waiting));
            bencher.iter_custom(|iterations| {
                let mut elapsed = Duration::ZERO;
                let mut left = iterations;
                while left > 0 {
                    if done == waiting {
                        (*stage, done) = (open(waiting), 0);
                    }
                    let slice = left.min(u64::from(waiting - done)) as u32;
                    let started = now();
                    (done..done + slice).for_each(|before| step(stage, before));
                    elapsed += started.elapsed();
                    done += slice;
                    left -= u64::from(slice);
                }
                elapsed
            });
        });
    }
    group.finish();
}

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(1));
    group
}
