//! The table for people.

use std::fmt::Write;

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};

use super::rounded;
use crate::bench::record::Step;
use crate::bench::scenario::Outcome;

/// The headings of a step's row. Latencies are in milliseconds.
pub const HEADINGS: [&str; 9] = ["step", "count", "a second", "p50", "p90", "p99", "p99.9", "max", "answers"];
/// The quantiles of a row.
const QUANTILES: [f64; 5] = [0.5, 0.9, 0.99, 0.999, 1.0];
/// How late requests may be sent, in the median or at p99, before that is worth a line: in milliseconds.
const LATE_MS: f64 = 0.1;

/// The table of one scenario, with what else is to be told of it.
pub fn of(outcome: &Outcome) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let aligned = |(index, text): (usize, String)| {
        let is_text = index == 0 || index == HEADINGS.len() - 1;
        Cell::new(text).set_alignment(if is_text { CellAlignment::Left } else { CellAlignment::Right })
    };
    table.set_header(HEADINGS.map(str::to_owned).into_iter().enumerate().map(aligned));
    table.add_rows(outcome.steps.iter().map(|step| row(step).into_iter().enumerate().map(aligned)));
    let rows = table.lines().map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned());
    let mut text = format!("\n{} (latencies in milliseconds)\n", outcome.scenario.name());
    rows.for_each(|line| writeln!(text, "{line}").expect("a text takes everything"));
    for (name, value) in notes(outcome) {
        writeln!(text, "{name}: {value}").expect("a text takes everything");
    }
    text
}

/// The row of a step, under [`HEADINGS`].
pub fn row(step: &Step) -> [String; 9] {
    let [p50, p90, p99, p999, longest] = QUANTILES.map(|quantile| rounded(step.milliseconds(quantile)));
    let statuses: Vec<String> = step.statuses.iter().map(|(status, count)| format!("{status}: {count}")).collect();
    let (label, count, rate) = (step.label.to_owned(), step.count().to_string(), rounded(step.per_second()));
    [label, count, rate, p50, p90, p99, p999, longest, statuses.join(", ")]
}

/// What is told of a scenario beside its steps.
pub fn notes(outcome: &Outcome) -> Vec<(&'static str, String)> {
    let mut notes = vec![("set up within", format!("{:.1} s", outcome.preparing.as_secs_f64()))];
    notes.extend(outcome.notes.iter().cloned());
    let late = |quantile| {
        let latest = outcome.steps.iter().map(|step| step.sent_late.value_at_quantile(quantile)).max();
        latest.unwrap_or_default() as f64 / 1e6
    };
    if late(0.99) >= LATE_MS {
        notes.push(("sent late, as part of the latency", format!("p50 {:.3} ms, p99 {:.3} ms", late(0.5), late(0.99))));
    }
    if let Some(durability) = outcome.durability {
        let (syncs, each) = (durability.syncs, durability.changes_a_sync());
        notes.push(("syncs of the disk", format!("{syncs}, {each:.1} changes each, warm-up included")));
    }
    if let Some(seconds) = outcome.processor_time.map(|time| time.as_secs_f64()) {
        notes.push(("processor time of the server", format!("{seconds:.2} s, warm-up included")));
    }
    notes.push(("ledger", outcome.ledger.clone()));
    notes
}
