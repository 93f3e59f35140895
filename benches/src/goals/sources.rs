//! Where the figures of goals come from: benches, and what others have measured.

use crate::goals::arguments::Size;
use crate::goals::goal::{Unit, Value};
use crate::goals::run::{Reading, Run, Source, Work};
use crate::goals::units::THOUSAND_UNITS;

/// What a bench tells by this name.
pub fn figure(run: Run, name: &'static str, unit: Unit) -> Value {
    Value::Figure(Source { run, reading: Reading::Figure(name) }, unit)
}

/// How many times as much Holdfast does, of two who took part in `make peers`.
pub fn peers(ours: &'static str, theirs: &'static str) -> Value {
    Value::Ratio(peer(ours), peer(theirs), THOUSAND_UNITS)
}

/// What one who took part in `make peers` did a second.
pub fn peer(name: &'static str) -> Source {
    let run = Run { work: Work::Peers, environment: Vec::new(), is_long: false };
    Source { run, reading: Reading::Peer(name) }
}

/// Steps a second of a bench of criterion's, by the directory of its results.
pub fn per_second((run, directory): (Run, String)) -> Source {
    Source { run, reading: Reading::PerSecond(directory) }
}

/// Nanoseconds a step of one.
pub fn nanoseconds((run, directory): (Run, String)) -> Source {
    Source { run, reading: Reading::Nanoseconds(directory) }
}

/// One bench of criterion's, by a filter that only it passes.
pub fn criterion(size: Size, bench: &str, filter: &str, environment: Vec<(&'static str, String)>) -> Run {
    let mut words = cargo_bench(bench);
    words.extend(["--".to_owned(), filter.to_owned()]);
    if size == Size::Small {
        words.extend(["--warm-up-time", "0.1", "--measurement-time", "0.5"].map(str::to_owned));
    }
    Run { work: Work::Command(words), environment, is_long: false }
}

/// A bench that has rounds of its own.
pub fn long(bench: &str, environment: Vec<(&'static str, String)>) -> Run {
    Run { work: Work::Command(cargo_bench(bench)), environment, is_long: true }
}

fn cargo_bench(bench: &str) -> Vec<String> {
    ["cargo", "bench", "-p", "holdfast-benches", "--bench", bench].map(str::to_owned).into()
}

/// How many rounds a long run has.
pub fn rounds(size: Size) -> (&'static str, String) {
    ("HOLDFAST_BENCH_ROUNDS", size.choose("5", "1").to_owned())
}
