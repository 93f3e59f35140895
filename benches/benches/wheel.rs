//! The timing wheel next to tokio-util's `DelayQueue`, a binary heap and a plain lane, with a million live timers.
//! `HOLDFAST_BENCH_TIMERS` takes the place of the million.
//!
//! Whole life: insert all timers, their deadlines spread evenly over ten minutes, then poll at every millisecond, at most
//! 1,024 timers a call, until none is left. Insert and cancel: with all timers live, cancel one chosen at random and
//! insert another, which is what a confirmed hold and the next hold do.
//!
//! The `DelayQueue` does the same; it has no clock of its own, and tokio's stands while it is busy and goes on to the next
//! timer when it is not. The other references do less. The heap cannot cancel, so its step is to pop the earliest timer and to
//! push another. The lane is a queue of timers that all have the same length: it needs no order, which makes it the floor;
//! `wheel_fixed_length` is the wheel with the very same timers. What is not measured: what a caller does with a timer that
//! is due.

mod measuring;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::future::poll_fn;
use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput};
use holdfast_benches::figures;
use holdfast_benches::random::Random;
use holdfast_benches::stage::START_MS;
use holdfast_benches::venue::setting;
use holdfast_engine::wheel::Wheel;
use tokio::runtime::Runtime;
use tokio_util::time::DelayQueue;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The stretch of time over which the deadlines are spread: ten minutes.
const SPAN_MS: u64 = 600_000;

/// The most timers handed out by one poll.
const POLL_LIMIT: usize = 1_024;

type Group<'a> = BenchmarkGroup<'a, WallTime>;

fn main() {
    let mut criterion = measuring::within_seconds(3);
    let count = setting("HOLDFAST_BENCH_TIMERS", 1_000_000);
    whole_life(&mut criterion, count);
    insert_and_cancel(&mut criterion, count);
    criterion.final_summary();
}

fn whole_life(criterion: &mut Criterion, count: u32) {
    let mut group = criterion.benchmark_group("wheel/whole_life");
    group.throughput(Throughput::Elements(u64::from(count)));
    group.bench_function(BenchmarkId::new("wheel", count), |bencher| {
        bencher.iter(|| {
            let mut random = Random::new();
            live_in_wheel(count, |_| deadline_ms(&mut random));
        });
    });
    group.bench_function(BenchmarkId::new("delay_queue", count), |bencher| bencher.iter(|| live_in_delay_queue(count)));
    group.bench_function(BenchmarkId::new("binary_heap", count), |bencher| bencher.iter(|| live_in_heap(count)));
    group.bench_function(BenchmarkId::new("wheel_fixed_length", count), |bencher| {
        bencher.iter(|| live_in_wheel(count, |token| deadline_in_turn_ms(token, count)));
    });
    group.bench_function(BenchmarkId::new("lane", count), |bencher| bencher.iter(|| live_in_lane(count)));
    group.finish();
}

/// The deadline of a timer, chosen at random.
fn deadline_ms(random: &mut Random) -> u64 {
    START_MS + 1 + random.below(SPAN_MS)
}

/// The deadline of a timer where all have the same length, and are set one after the other.
fn deadline_in_turn_ms(token: u32, count: u32) -> u64 {
    START_MS + u64::from(token) * SPAN_MS / u64::from(count)
}

fn live_in_wheel(count: u32, mut deadline_ms: impl FnMut(u32) -> u64) {
    let mut wheel = Wheel::new(START_MS);
    for token in 0..count {
        wheel.insert(deadline_ms(token), token);
    }
    let mut due = Vec::with_capacity(POLL_LIMIT);
    let mut now_ms = START_MS;
    while !wheel.is_empty() {
        now_ms += 1;
        while wheel.poll(now_ms, POLL_LIMIT, &mut due) {
            black_box(&due);
            due.clear();
        }
        black_box(&due);
        due.clear();
    }
}

fn live_in_delay_queue(count: u32) {
    standing_still().block_on(async {
        let mut random = Random::new();
        let mut queue = DelayQueue::new();
        for token in 0..count {
            queue.insert(token, Duration::from_millis(deadline_ms(&mut random) - START_MS));
        }
        while let Some(expired) = poll_fn(|context| queue.poll_expired(context)).await {
            black_box(expired);
        }
        assert!(queue.is_empty());
    });
}

/// A runtime whose clock stands while there is something to do, and then goes on to the next timer.
fn standing_still() -> Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime")
}

fn live_in_heap(count: u32) {
    let mut random = Random::new();
    let mut heap = BinaryHeap::new();
    for token in 0..count {
        heap.push(Reverse((deadline_ms(&mut random), token)));
    }
    let mut now_ms = START_MS;
    while !heap.is_empty() {
        now_ms += 1;
        while heap.peek().is_some_and(|Reverse((deadline_ms, _))| *deadline_ms <= now_ms) {
            black_box(heap.pop());
        }
    }
}

fn live_in_lane(count: u32) {
    let mut lane = VecDeque::new();
    for token in 0..count {
        lane.push_back((deadline_in_turn_ms(token, count), token));
    }
    let mut now_ms = START_MS;
    while !lane.is_empty() {
        now_ms += 1;
        while lane.front().is_some_and(|(deadline_ms, _)| *deadline_ms <= now_ms) {
            black_box(lane.pop_front());
        }
    }
}

fn insert_and_cancel(criterion: &mut Criterion, count: u32) {
    let mut group = criterion.benchmark_group("wheel/insert_and_cancel");
    group.throughput(Throughput::Elements(1));
    insert_and_cancel_in_wheel(&mut group, count);
    insert_and_cancel_in_delay_queue(&mut group, count);
    push_and_pop_in_heap(&mut group, count);
    push_and_pop_in_lane(&mut group, count);
    group.finish();
}

fn insert_and_cancel_in_wheel(group: &mut Group<'_>, count: u32) {
    let (mut prepared, mut random) = (None, Random::new());
    group.bench_function(BenchmarkId::new("wheel", count), |bencher| {
        let (wheel, keys) = prepared.get_or_insert_with(|| {
            let mut wheel = Wheel::new(START_MS);
            let keys: Vec<_> = (0..count).map(|token| wheel.insert(deadline_ms(&mut random), token)).collect();
            (wheel, keys)
        });
        bencher.iter(|| {
            let victim = random.below(u64::from(count)) as usize;
            let token = wheel.cancel(keys[victim]);
            keys[victim] = wheel.insert(deadline_ms(&mut random), token);
        });
    });
    if let Some((wheel, _)) = prepared {
        let bytes_each = wheel.memory_bytes() as f64 / f64::from(count);
        println!("{count} timers in the wheel: {bytes_each:.2} bytes each");
        figures::tell("wheel/bytes_each", bytes_each);
    }
}

fn insert_and_cancel_in_delay_queue(group: &mut Group<'_>, count: u32) {
    let runtime = standing_still();
    let _entered = runtime.enter();
    let (mut prepared, mut random) = (None, Random::new());
    let timeout = |random: &mut Random| Duration::from_millis(deadline_ms(random) - START_MS);
    group.bench_function(BenchmarkId::new("delay_queue", count), |bencher| {
        let (queue, keys) = prepared.get_or_insert_with(|| {
            let mut queue = DelayQueue::new();
            let keys: Vec<_> = (0..count).map(|token| queue.insert(token, timeout(&mut random))).collect();
            (queue, keys)
        });
        bencher.iter(|| {
            let victim = random.below(u64::from(count)) as usize;
            let token = queue.remove(&keys[victim]).into_inner();
            keys[victim] = queue.insert(token, timeout(&mut random));
        });
    });
}

fn push_and_pop_in_heap(group: &mut Group<'_>, count: u32) {
    let (mut prepared, mut random) = (None, Random::new());
    group.bench_function(BenchmarkId::new("binary_heap", count), |bencher| {
        let heap: &mut BinaryHeap<_> = prepared
            .get_or_insert_with(|| (0..count).map(|token| Reverse((deadline_ms(&mut random), token))).collect());
        bencher.iter(|| {
            let Reverse((deadline_ms, token)) = heap.pop().expect("it never empties");
            heap.push(Reverse((deadline_ms + 1 + random.below(SPAN_MS), token)));
        });
    });
}

fn push_and_pop_in_lane(group: &mut Group<'_>, count: u32) {
    let mut prepared = None;
    group.bench_function(BenchmarkId::new("lane", count), |bencher| {
        let lane: &mut VecDeque<_> =
            prepared.get_or_insert_with(|| (0..count).map(|token| (START_MS, token)).collect());
        bencher.iter(|| {
            lane.push_back((START_MS, 0));
            lane.pop_front()
        });
    });
}
