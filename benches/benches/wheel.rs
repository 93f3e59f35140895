//! The timing wheel next to a binary heap and to a plain lane, with one and with ten million live timers.
//!
//! Whole life (one million only): insert all timers, their deadlines spread evenly over ten minutes, then poll at
//! every millisecond, at most 1,024 timers a call, until none is left. Insert and cancel: with all timers live, cancel
//! one chosen at random and insert another, which is what a confirmed hold and the next hold do.
//!
//! The references do less. The heap cannot cancel, so its step is to pop the earliest timer and to push another. The
//! lane is a queue of timers that all have the same length: it needs no order, which makes it the floor. What is not
//! measured: what a caller does with a timer that is due.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput};
use holdfast_engine::wheel::Wheel;

/// Live timers: how many in the whole-life bench, and the larger number for inserting and cancelling.
const TIMER_COUNTS: [u32; 2] = [1_000_000, 10_000_000];

/// The stretch of time over which the deadlines are spread: ten minutes.
const SPAN_MS: u64 = 600_000;

/// Time at the start, some day in 2026, so that deadlines have as many digits as in production.
const START_MS: u64 = 1_780_000_000_000;

/// The most timers handed out by one poll.
const POLL_LIMIT: usize = 1_024;

type Group<'a> = BenchmarkGroup<'a, WallTime>;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    whole_life(&mut criterion);
    insert_and_cancel(&mut criterion);
    criterion.final_summary();
}

fn whole_life(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("wheel/whole_life");
    let count = TIMER_COUNTS[0];
    group.throughput(Throughput::Elements(u64::from(count)));
    group.bench_function(BenchmarkId::new("wheel", count), |bencher| bencher.iter(|| live_in_wheel(count)));
    group.bench_function(BenchmarkId::new("binary_heap", count), |bencher| bencher.iter(|| live_in_heap(count)));
    group.bench_function(BenchmarkId::new("lane", count), |bencher| bencher.iter(|| live_in_lane(count)));
    group.finish();
}

fn live_in_wheel(count: u32) {
    let mut random = Random::new();
    let mut wheel = Wheel::new(START_MS);
    for token in 0..count {
        wheel.insert(random.deadline_ms(), token);
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

fn live_in_heap(count: u32) {
    let mut random = Random::new();
    let mut heap = BinaryHeap::new();
    for token in 0..count {
        heap.push(Reverse((random.deadline_ms(), token)));
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
        lane.push_back((START_MS + u64::from(token) * SPAN_MS / u64::from(count), token));
    }
    let mut now_ms = START_MS;
    while !lane.is_empty() {
        now_ms += 1;
        while lane.front().is_some_and(|(deadline_ms, _)| *deadline_ms <= now_ms) {
            black_box(lane.pop_front());
        }
    }
}

fn insert_and_cancel(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("wheel/insert_and_cancel");
    group.throughput(Throughput::Elements(1));
    for count in TIMER_COUNTS {
        insert_and_cancel_in_wheel(&mut group, count);
        push_and_pop_in_heap(&mut group, count);
        push_and_pop_in_lane(&mut group, count);
    }
    group.finish();
}

fn insert_and_cancel_in_wheel(group: &mut Group<'_>, count: u32) {
    let mut random = Random::new();
    let mut wheel = Wheel::new(START_MS);
    let mut keys: Vec<_> = (0..count).map(|token| wheel.insert(random.deadline_ms(), token)).collect();
    println!("{count} timers in the wheel: {:.2} bytes each", wheel.memory_bytes() as f64 / f64::from(count));
    group.bench_function(BenchmarkId::new("wheel", count), |bencher| {
        bencher.iter(|| {
            let victim = random.below(u64::from(count)) as usize;
            let token = wheel.cancel(keys[victim]);
            keys[victim] = wheel.insert(random.deadline_ms(), token);
        });
    });
}

fn push_and_pop_in_heap(group: &mut Group<'_>, count: u32) {
    let mut random = Random::new();
    let mut heap: BinaryHeap<_> = (0..count).map(|token| Reverse((random.deadline_ms(), token))).collect();
    group.bench_function(BenchmarkId::new("binary_heap", count), |bencher| {
        bencher.iter(|| {
            let Reverse((deadline_ms, token)) = heap.pop().expect("it never empties");
            heap.push(Reverse((deadline_ms + 1 + random.below(SPAN_MS), token)));
        });
    });
}

fn push_and_pop_in_lane(group: &mut Group<'_>, count: u32) {
    let mut lane: VecDeque<_> = (0..count).map(|token| (START_MS, token)).collect();
    group.bench_function(BenchmarkId::new("lane", count), |bencher| {
        bencher.iter(|| {
            lane.push_back((START_MS, 0));
            lane.pop_front()
        });
    });
}

/// A small generator, the same in every run (xorshift).
struct Random(u64);

impl Random {
    fn new() -> Self {
        Self(0x2545_f491_4f6c_dd1d)
    }

    fn deadline_ms(&mut self) -> u64 {
        START_MS + 1 + self.below(SPAN_MS)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        // The high bits of the product: below the bound, and without a division.
        ((u128::from(self.0) * u128::from(bound)) >> 64) as u64
    }
}
