//! The rules of the sale (docs/rules.md), as tables and against an oracle.
//!
//! A table is a story. Its first row is the event, each further one asks something, and after `->` stands the answer,
//! which may be cut short at a word. A row without an answer must not be refused. After every row all invariants are
//! checked; after the last one the journal is replayed, whole and from a snapshot in its middle.
//!
//! ```text
//! event general=2
//! ann hold 2     -> held #1 2 until 600s
//! bob hold 1     -> refused sold_out held 2 next 600s
//! bob join       -> waits at 1 for 1
//! advance 600s
//! changes        -> hold_expired #1 ann, hold_placed #2 bob
//! show           -> available 1 held 1 booked 0 waiting 0
//! ```
//!
//! [`row`] has the words, [`answer`] writes the answers, [`shell`] stands in for the actor.

mod answer;
mod auditing;
mod booking;
mod capacity;
mod damping;
mod holds;
mod idempotency;
mod lifecycle;
mod login;
mod model;
mod oracle;
mod presence;
mod queue;
mod row;
mod sessions;
mod shell;
mod told_waits;
mod waiting;

use row::Row;
use shell::Shell;

/// How many rows of a table that failed are shown: its last ones.
const ROWS_SHOWN_MAX: usize = 60;

/// Runs a table, and shows it with the answers as they are where one differs.
///
/// # Panics
///
/// Where an answer differs from the table's, an invariant is broken, or the replay comes to something else.
#[track_caller]
fn check(table: &str) {
    let mut rows = table.lines().map(str::trim).filter(|row| !row.is_empty() && !row.starts_with("//"));
    let first = rows.next().expect("a table has rows");
    let mut shell = Shell::new(first.strip_prefix("event").expect("the first row is the event"));
    let mut seen = vec![first.to_owned()];
    let mut differences = 0;
    for text in rows {
        let (asked, expected) = text.split_once("->").map_or((text, None), |(asked, answer)| (asked, Some(answer)));
        let answer = shell.run(&Row::parse(asked));
        let is_as_expected =
            expected.map_or(!answer.starts_with("refused"), |expected| begins(&answer, expected.trim()));
        seen.push(format!("{} {} -> {answer}", if is_as_expected { " " } else { "!" }, asked.trim()));
        if !is_as_expected {
            seen.push(format!("      expected -> {}", expected.unwrap_or(" anything but a refusal").trim()));
            differences += 1;
        }
        if let Err(broken) = shell.event.check_invariants() {
            panic!("{broken}, after {}", seen.last().expect("a row was just run"));
        }
    }
    let tail = seen.len().saturating_sub(ROWS_SHOWN_MAX);
    assert!(differences == 0, "{differences} rows differ\n{}", seen[tail..].join("\n"));
    shell.check_replay(shell.journal_len() / 2);
}

/// Whether `answer` is `expected`, or goes on after it with a further word.
fn begins(answer: &str, expected: &str) -> bool {
    answer.strip_prefix(expected).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ',']))
}

/// A row for each number.
fn rows(numbers: impl Iterator<Item = u32>, row: impl Fn(u32) -> String) -> String {
    numbers.map(|number| row(number) + "\n").collect()
}
