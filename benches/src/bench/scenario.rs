//! One scenario, from its events to the comparison at the end.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::bench::arguments::BenchArguments;
use crate::bench::durability::Durability;
use crate::bench::machine::Machine;
use crate::bench::progress::Sample;
use crate::bench::record::Step;
use crate::bench::scenarios::{self, Scenario};
use crate::bench::stage::{Begun, Stage};
use crate::bench::target::Target;
use crate::clock;
use crate::error::LoadError;

/// What a run has of the world around it.
pub struct Surroundings {
    /// The admin token of a server that runs.
    pub admin_token: Option<String>,
    /// The machine.
    pub machine: Machine,
}

/// What came of a scenario.
pub struct Outcome {
    /// Which.
    pub scenario: Scenario,
    /// How long it took to set everything up.
    pub preparing: Duration,
    /// What was measured.
    pub steps: Vec<Step>,
    /// How many requests were answered when, warm-up included.
    pub samples: Vec<Sample>,
    /// What else is to be told: names with their values.
    pub notes: Vec<(&'static str, String)>,
    /// What the journal did meanwhile, warm-up included; `None` where that cannot be seen.
    pub durability: Option<Durability>,
    /// How long processors worked meanwhile for the server that was started; `None` where none was.
    pub processor_time: Option<Duration>,
    /// That the event has what was acknowledged, as a sentence.
    pub ledger: String,
}

/// Names with their values, beside the figures of the steps.
pub type Notes = Vec<(&'static str, String)>;

/// Runs `scenario` against `target`.
///
/// # Errors
///
/// There is no answer, or something was refused that must not be, or an event does not have what was acknowledged.
pub async fn run(scenario: Scenario, arguments: &BenchArguments, target: &Target) -> Result<Outcome, LoadError> {
    let came = clock::now();
    let name = unique_name();
    let offerings = scenarios::offerings(scenario, arguments, &name);
    let stage = Stage::open(target, arguments, name, offerings).await?;
    let ran = scenarios::run(scenario, &stage).await;
    let begun = stage.take_begun();
    let samples_and = |begun: Begun| (begun.watch.end(), begun.at - came, begun.meter, begun.processor_time);
    let (samples, preparing, meter, processor_time) = begun.map(samples_and).unwrap_or_default();
    let notes = ran?;
    let durability = match (meter, target.meter().await?) {
        (Some(before), Some(after)) => Some(before.until(&after)),
        _ => None,
    };
    let processor_time = match (processor_time, target.processor_time()?) {
        (Some(before), Some(after)) => Some(after - before),
        _ => None,
    };
    let ledger = stage.books.check(target).await?;
    let steps = stage.record.steps();
    Ok(Outcome { scenario, preparing, steps, samples, notes, durability, processor_time, ledger })
}

/// A name that no earlier run on any server has used.
fn unique_name() -> String {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let (milliseconds, run) = (clock::since_epoch().as_millis(), RUNS.fetch_add(1, Ordering::Relaxed));
    format!("bench-{milliseconds}-{}-{run}", std::process::id())
}
