//! What is printed: a table in Markdown, a row a kind of stream.

use std::time::Duration;

use crate::figures;
use crate::streams::arguments::Kind;
use crate::streams::delays::{Delays, milliseconds};

/// What came of the streams of one kind.
pub struct Row {
    /// What they were.
    pub kind: Kind,
    /// How many there were.
    pub streams: u32,
    /// How long it took to open all.
    pub opening: Duration,
    /// The server's memory, in MB.
    pub memory: Memory,
    /// The share of one processor that the server took while nothing changed …
    pub idle_processor: f64,
    /// … and while the event changed.
    pub busy_processor: f64,
    /// Messages a second that came, while the event changed.
    pub messages_per_second: f64,
    /// How long changes took to the readers.
    pub delays: Delays,
}

/// The server's memory, in MB.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Before the first stream.
    pub before_mb: f64,
    /// With all of them open, before anything has changed.
    pub open_mb: f64,
    /// After the event has changed for a while.
    pub busy_mb: f64,
    /// When all are closed.
    pub closed_mb: f64,
}

impl Memory {
    /// What one of `streams` takes when all are open, and after the event has changed, in KB.
    pub fn of_one_kb(&self, streams: u32) -> [f64; 2] {
        [self.open_mb, self.busy_mb].map(|with| (with - self.before_mb) * 1e3 / f64::from(streams))
    }
}

/// Prints the head of the table.
pub fn print_head() {
    println!(
        "| kind | streams | opened in s | MB before | open | changing | closed | KB a stream, open | changing | processor \
         idle | changing | messages/s | newest change p50 ms | p99 | max | any change p50 ms | p99 | max |"
    );
    println!("| --- |{}", " ---: |".repeat(17));
}

impl Row {
    /// Prints it.
    pub fn print(&self) {
        let Memory { before_mb, open_mb, busy_mb, closed_mb } = self.memory;
        let [open_kb, busy_kb] = self.memory.of_one_kb(self.streams);
        let [newest, every] = [&self.delays.newest, &self.delays.every].map(milliseconds);
        figures::tell(&format!("streams/{}, kilobytes", self.kind.as_str()), busy_kb);
        figures::tell(&format!("streams/{}, newest_change_ms_max", self.kind.as_str()), newest[2]);
        println!(
            "| {} | {} | {:.1} | {before_mb:.0} | {open_mb:.0} | {busy_mb:.0} | {closed_mb:.0} | {open_kb:.1} | {busy_kb:.1} | \
             {:.1} % | {:.1} % | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} |",
            self.kind.as_str(),
            self.streams,
            self.opening.as_secs_f64(),
            self.idle_processor * 100.0,
            self.busy_processor * 100.0,
            self.messages_per_second,
            newest[0],
            newest[1],
            newest[2],
            every[0],
            every[1],
            every[2],
        );
    }
}
