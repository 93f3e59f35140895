//! The simulator: one thread, one seed, virtual time, and everything else real — engine, actors' turns, core, wheels,
//! journal, snapshots, recovery — on a disk whose power can be cut.
//!
//! Clients ask, hang, and ask again with the same idempotency key; the clock jumps; the process is killed, the power is
//! cut at any operation of the disk, also during a recovery; syncs fail. After each step the invariants are checked; after
//! each recovery, that everything that was durable is there, and nothing else than what it leads to.
//!
//! `make simulate SEEDS=5000` runs it; `make simulate SEED=17` runs one seed again. Same seed, same trace.

mod accounts;
mod client;
mod flips;
mod golden;
mod hostile;
mod restarts;
mod script;
mod trail;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::storage::measured;
use world::{Report, World};

/// Steps of one seed.
const STEPS: u32 = 300;
/// Seeds that the tests run; `HOLDFAST_SIMULATE_SEEDS` overrides.
const SEEDS_OF_TESTS: u64 = 5_000;

fn number_from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}

/// Runs one seed; a failure names it.
fn run(seed: u64) -> Report {
    let simulated = catch_unwind(AssertUnwindSafe(|| World::new(seed).run(STEPS)));
    simulated.unwrap_or_else(|panic| {
        eprintln!("seed {seed} failed; to run it again: make simulate SEED={seed}");
        std::panic::resume_unwind(panic)
    })
}

#[test]
fn a_simulated_sale_keeps_every_promise() {
    let (first, count) = match number_from_environment("HOLDFAST_SIMULATE_SEED") {
        Some(seed) => (seed, 1),
        None => (0, number_from_environment("HOLDFAST_SIMULATE_SEEDS").unwrap_or(SEEDS_OF_TESTS)),
    };
    let mut total = Report::default();
    let ((), duration) = measured(|| (first..first + count).for_each(|seed| total.add(&run(seed))));
    let seeds_per_second = count as f64 / duration.as_secs_f64();
    println!("seeds {first} to {}: {total}; {seeds_per_second:.0} seeds/s", first + count - 1);
    // A simulator that simulates nothing would find nothing.
    assert!(total.changes > 20 * count && (count < 50 || total.recoveries > 2 * count), "{total}");
}

#[test]
fn the_same_seed_leaves_the_same_trace() {
    for seed in 1_000_000..1_000_010 {
        assert_eq!(run(seed).trace_hash, run(seed).trace_hash, "seed {seed}");
    }
    assert_ne!(run(1_000_000).trace_hash, run(1_000_001).trace_hash);
}
