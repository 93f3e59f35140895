//! Plots as SVG: latency by percentile, and answers over time.

use super::Report;
use super::drawing::{Axis, Line, Plot, stacked};
use crate::bench::progress::rates;
use crate::bench::record::Step;
use crate::bench::scenario::Outcome;
use crate::error::LoadError;

/// The ticks of percentiles, each by how many values there are for one beyond it.
const PERCENTILES: [(f64, &str); 7] =
    [(1.0, "0"), (2.0, "50"), (10.0, "90"), (100.0, "99"), (1e3, "99.9"), (1e4, "99.99"), (1e5, "99.999")];
/// Latencies are shown from a microsecond on, in milliseconds.
const SHORTEST_MS: f64 = 1e-3;

/// The latencies of all steps of a scenario, by percentile.
///
/// # Errors
///
/// It cannot be drawn.
pub fn latency(outcome: &Outcome) -> Result<String, LoadError> {
    let lines: Vec<Line> = outcome.steps.iter().filter(|step| step.count() > 0).map(percentile_line).collect();
    let farthest = lines.iter().flat_map(|line| &line.points).map(|(x, _)| *x).fold(10.0, f64::max);
    let ticks = PERCENTILES.map(|(at, name)| (at, name.to_owned())).to_vec();
    Plot {
        title: format!("{}: latency by percentile", outcome.scenario.name()),
        x: Axis { name: "percentile, %".to_owned(), is_log: true, from: 1.0, to: farthest, ticks },
        y: Axis::of_values("latency, ms", true, &lines),
        lines,
    }
    .draw()
}

/// The answers of a scenario over time.
///
/// # Errors
///
/// It cannot be drawn.
pub fn throughput(outcome: &Outcome) -> Result<String, LoadError> {
    let lines = vec![Line { name: "answers".to_owned(), points: rates(&outcome.samples) }];
    let last = outcome.samples.last().map_or(1.0, |sample| sample.seconds.max(0.1));
    Plot {
        title: format!("{}: answers over time", outcome.scenario.name()),
        x: Axis::new("time, s", false, 0.0, last),
        y: Axis::of_values("answers a second", false, &lines),
        lines,
    }
    .draw()
}

/// All plots of a report, one below the other.
///
/// # Errors
///
/// They cannot be drawn.
pub fn all(report: &Report<'_>) -> Result<String, LoadError> {
    let mut plots = Vec::new();
    for outcome in &report.outcomes {
        plots.push(latency(outcome)?);
        plots.push(throughput(outcome)?);
    }
    Ok(stacked(&plots))
}

/// The latencies of a step: at how many values for one beyond, and in milliseconds.
fn percentile_line(step: &Step) -> Line {
    let of_one_beyond = |share: f64| 1.0 / (1.0 - share).max(f64::EPSILON);
    // Beyond the last value but one there is nothing to tell apart.
    let farthest = (step.count() as f64).max(2.0);
    let values = step.latencies.iter_quantiles(5).map(|value| {
        let x = of_one_beyond(value.quantile()).min(farthest);
        (x, (value.value_iterated_to() as f64 / 1e6).max(SHORTEST_MS))
    });
    Line { name: step.label.to_owned(), points: values.collect() }
}
