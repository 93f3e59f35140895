//! Everything of a run as JSON.

use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};

use super::Report;
use crate::bench::progress::rates;
use crate::bench::record::Step;
use crate::bench::scenario::Outcome;

/// So many steps of a histogram's percentiles there are for each halving of what is left above.
const STEPS_A_HALVING: u32 = 5;

/// The whole report.
pub fn of(report: &Report<'_>) -> Value {
    let machine = report.machine;
    json!({
        "version": machine.version,
        "date": machine.date.to_string(),
        "command": machine.command_line,
        "machine": { "processors": machine.processors, "model": machine.model, "kernel": machine.kernel },
        "target": report.target,
        "data": report.disk,
        "durable": report.is_durable,
        "load": report.load,
        "scenarios": report.outcomes.iter().map(scenario).collect::<Vec<Value>>(),
    })
}

fn scenario(outcome: &Outcome) -> Value {
    let notes: Map<String, Value> =
        outcome.notes.iter().map(|(name, note)| ((*name).to_owned(), json!(note))).collect();
    let durability = outcome.durability.map(|durability| {
        let a_sync = durability.changes_a_sync();
        json!({ "syncs": durability.syncs, "changes": durability.changes, "changes_a_sync": a_sync })
    });
    json!({
        "scenario": outcome.scenario.name(),
        "preparing_seconds": outcome.preparing.as_secs_f64(),
        "steps": outcome.steps.iter().map(step).collect::<Vec<Value>>(),
        "answers_per_second": rates(&outcome.samples).iter().map(|(at, rate)| json!([at, rate])).collect::<Vec<Value>>(),
        "durability": durability,
        "server_processor_seconds": outcome.processor_time.map(|time| time.as_secs_f64()),
        "notes": notes,
        "ledger": outcome.ledger,
    })
}

fn step(step: &Step) -> Value {
    let statuses: Map<String, Value> =
        step.statuses.iter().map(|(status, count)| (status.to_string(), json!(count))).collect();
    json!({
        "step": step.label,
        "count": step.count(),
        "answered_in_time": step.in_time,
        "seconds": step.lasted.unwrap_or_default().as_secs_f64(),
        "per_second": step.per_second(),
        "p50_ms": step.milliseconds(0.5),
        "p90_ms": step.milliseconds(0.9),
        "p99_ms": step.milliseconds(0.99),
        "p99_9_ms": step.milliseconds(0.999),
        "max_ms": step.milliseconds(1.0),
        "statuses": statuses,
        "latency_percentiles_ms": percentiles(&step.latencies),
        "sent_late_percentiles_ms": percentiles(&step.sent_late),
    })
}

/// The histogram as pairs: a percentile, and the milliseconds that this share of the values stays below.
fn percentiles(histogram: &Histogram<u64>) -> Vec<Value> {
    let values = histogram.iter_quantiles(STEPS_A_HALVING);
    values.map(|value| json!([value.quantile() * 100.0, value.value_iterated_to() as f64 / 1e6])).collect()
}
