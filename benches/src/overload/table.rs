//! What is printed: a table in Markdown, and how it compares with what is aimed for.

use std::time::Duration;

use crate::overload::arguments::Mode;
use crate::overload::tally::{Count, Purpose, Tally};

/// One step of a run that is over.
pub struct Row {
    /// How many times of what the machine holds was offered.
    pub factor: f64,
    /// What came of it.
    pub tally: Tally,
    /// The server's memory at its end, in MB.
    pub memory_mb: f64,
}

/// A whole run.
pub struct Table {
    /// What the load was made of.
    pub mode: Mode,
    /// What the machine holds: accepted work a second.
    pub peak: f64,
    /// How long each step took.
    pub step: Duration,
    /// The steps; the first one is the usual load, and one of the usual load follows each overload.
    pub rows: Vec<Row>,
}

impl Table {
    /// Prints it.
    pub fn print(&self) {
        let unit = if self.mode == Mode::Open { "units" } else { "logins" };
        println!(
            "| load | visits/s offered | no connection free | requests/s sent | {unit}/s done | of peak | p50 ms | p99 ms \
             | p99 to usual | sent late p99 ms | refused | confirms through | logins, looks done | failures | MB |"
        );
        println!("|{}", " ---: |".repeat(15));
        self.rows.iter().for_each(|row| self.print_row(row));
        println!();
        for pair in self.rows.windows(2).filter(|pair| pair[0].factor > 1.0) {
            let (factor, after) = (pair[0].factor, &pair[1].tally);
            match after.seconds_until_usual(self.usual().usual_p99()) {
                Some(seconds) => println!("After {factor} ×, all was as usual again within {seconds:.1} s."),
                None => println!("After {factor} ×, it was not as usual again within the step."),
            }
        }
        for failure in self.rows.iter().filter_map(|row| row.tally.first_failure.as_ref()) {
            println!("First failure of a step: {failure}");
        }
    }

    fn usual(&self) -> &Tally {
        &self.rows[0].tally
    }

    fn done(&self, tally: &Tally) -> u64 {
        tally.count(if self.mode == Mode::Open { Purpose::Confirm } else { Purpose::Login }).done
    }

    fn print_row(&self, Row { factor, tally, memory_mb }: &Row) {
        let per_second = |count: u64| count as f64 / self.step.as_secs_f64();
        let done = per_second(self.done(tally));
        let (p50, p99) = (tally.milliseconds(0.5), tally.milliseconds(0.99));
        let late = tally.late.value_at_quantile(0.99) as f64 / 1e6;
        let refused: Vec<String> = tally.refusals.iter().map(|(status, count)| format!("{status}: {count}")).collect();
        let refused = if refused.is_empty() { "none".to_owned() } else { refused.join(", ") };
        println!(
            "| {factor} × | {:.0} | {:.1} % | {:.0} | {done:.0} | {:.1} % | {p50:.1} | {p99:.1} | {:.2} × | {late:.1} | {refused} | {} | \
             {}, {} | {} | {memory_mb:.0} |",
            per_second(tally.visits),
            percent(tally.no_connection, tally.visits),
            per_second(tally.sent()),
            done / self.peak * 100.0,
            p99 / self.usual().milliseconds(0.99),
            share(tally.count(Purpose::Confirm)),
            share(tally.count(Purpose::Login)),
            share(tally.count(Purpose::Look)),
            tally.failures,
        );
    }
}

fn share(Count { sent, done }: Count) -> String {
    if sent == 0 { "none sent".to_owned() } else { format!("{:.2} %", percent(done, sent)) }
}

fn percent(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64 * 100.0
}
