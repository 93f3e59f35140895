//! What is counted. Names, units and descriptions stand here and nowhere else; handles are resolved once, so that the
//! hot path looks nothing up. No label ever holds a person, a hold or a session.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use crate::core::command::Command;
use crate::core::outcome::Answer;
use crate::journal::{BatchReport, RecoveryReport};

const COMMANDS: &str = "holdfast_commands_total";
const REJECTIONS: &str = "holdfast_rejections_total";
const LOGINS: &str = "holdfast_logins_total";
const UNAVAILABLE: &str = "holdfast_unavailable_total";
const JOURNAL_BATCH_CHANGES: &str = "holdfast_journal_batch_changes";
const JOURNAL_SYNC_SECONDS: &str = "holdfast_journal_sync_seconds";
const JOURNAL_BYTES: &str = "holdfast_journal_bytes_total";
const JOURNAL_DURABLE_SEQ: &str = "holdfast_journal_durable_seq";
const JOURNAL_BACKLOG_BYTES: &str = "holdfast_journal_backlog_bytes";
const SNAPSHOTS: &str = "holdfast_snapshots_total";
const SNAPSHOT_SECONDS: &str = "holdfast_snapshot_seconds";
const SNAPSHOT_SEQ: &str = "holdfast_snapshot_seq";
const RECOVERY_SECONDS: &str = "holdfast_recovery_seconds";
const RECOVERY_QUARANTINED_BYTES: &str = "holdfast_recovery_quarantined_bytes";
const EVENTS: &str = "holdfast_events";
const SESSIONS: &str = "holdfast_sessions";
const TICKETS: &str = "holdfast_tickets";
const WAITING: &str = "holdfast_waiting_users";
const REQUESTS_WAITING: &str = "holdfast_waiting_requests";
const JOURNAL_RESERVE_BYTES: &str = "holdfast_journal_reserve_bytes";

/// The handles.
pub struct Metrics {
    /// By [`Command::index`].
    commands: Vec<Counter>,
    rejections: Vec<Counter>,
    logins: Counter,
    repeated_logins: Counter,
    overloaded: Counter,
    storage_full: Counter,
    snapshots_written: Counter,
    snapshots_failed: Counter,
    snapshot_seconds: Histogram,
    snapshot_seq: Gauge,
    events: Gauge,
    sessions: Gauge,
    available: Gauge,
    held: Gauge,
    booked: Gauge,
    waiting: Gauge,
    requests_waiting: Gauge,
    journal_reserve_bytes: Gauge,
    journal_bytes: Arc<AtomicU64>,
    /// See [`sync_us`](Metrics::sync_us).
    sync_us: Arc<AtomicU64>,
}

/// The figures that are read off now and then, not counted as they happen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Levels {
    /// Events that exist.
    pub events: usize,
    /// Live sessions.
    pub sessions: usize,
    /// Requests that wait for an answer.
    pub requests_waiting: usize,
    /// Bytes the journal can write without new space on the disk.
    pub journal_reserve_bytes: u64,
    /// Sums over all events.
    pub totals: crate::handle::Totals,
}

impl Metrics {
    /// Resolves all handles with the recorder that is installed now.
    pub fn new() -> Metrics {
        describe();
        Metrics {
            commands: Command::NAMES.iter().map(|name| counter!(COMMANDS, "command" => *name)).collect(),
            rejections: Command::NAMES.iter().map(|name| counter!(REJECTIONS, "command" => *name)).collect(),
            logins: counter!(LOGINS, "session" => "new"),
            repeated_logins: counter!(LOGINS, "session" => "live"),
            overloaded: counter!(UNAVAILABLE, "reason" => "overloaded"),
            storage_full: counter!(UNAVAILABLE, "reason" => "storage_full"),
            snapshots_written: counter!(SNAPSHOTS, "result" => "written"),
            snapshots_failed: counter!(SNAPSHOTS, "result" => "failed"),
            snapshot_seconds: histogram!(SNAPSHOT_SECONDS),
            snapshot_seq: gauge!(SNAPSHOT_SEQ),
            events: gauge!(EVENTS),
            sessions: gauge!(SESSIONS),
            available: gauge!(TICKETS, "state" => "available"),
            held: gauge!(TICKETS, "state" => "held"),
            booked: gauge!(TICKETS, "state" => "booked"),
            waiting: gauge!(WAITING),
            requests_waiting: gauge!(REQUESTS_WAITING),
            journal_reserve_bytes: gauge!(JOURNAL_RESERVE_BYTES),
            journal_bytes: Arc::default(),
            sync_us: Arc::default(),
        }
    }

    /// What the journal's writer calls after each batch.
    pub fn journal_observer(&self) -> Box<dyn Fn(&BatchReport) + Send> {
        let batch_changes = histogram!(JOURNAL_BATCH_CHANGES);
        let sync_seconds = histogram!(JOURNAL_SYNC_SECONDS);
        let bytes = counter!(JOURNAL_BYTES);
        let durable_seq = gauge!(JOURNAL_DURABLE_SEQ);
        let backlog_bytes = gauge!(JOURNAL_BACKLOG_BYTES);
        let written = Arc::clone(&self.journal_bytes);
        let shortest = Arc::clone(&self.sync_us);
        Box::new(move |report| {
            let sync_us = report.sync_duration.as_micros() as u64;
            // Only this thread writes it.
            let grown_us = shortest.load(Ordering::Relaxed) * 9 / 8 + 1;
            shortest.store(grown_us.min(sync_us), Ordering::Relaxed);
            batch_changes.record(f64::from(report.change_count));
            sync_seconds.record(report.sync_duration.as_secs_f64());
            bytes.increment(report.frame_bytes as u64);
            written.fetch_add(report.frame_bytes as u64, Ordering::Relaxed);
            durable_seq.set(report.durable_seq as f64);
            backlog_bytes.set(report.backlog_bytes as f64);
        })
    }

    /// So many bytes of journal were replayed at the start: the next recovery would read them again.
    pub fn replayed(&self, bytes: u64) {
        self.journal_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// How long a sync of the disk takes at the moment, in microseconds: the shortest of the last ones, of which each is
    /// remembered an eighth longer with every later one. The longer ones waited for a processor, which is no fault of the
    /// disk.
    pub fn sync_us(&self) -> u64 {
        self.sync_us.load(Ordering::Relaxed)
    }

    /// Bytes of journal that were replayed at the start or written since.
    pub fn journal_bytes(&self) -> u64 {
        self.journal_bytes.load(Ordering::Relaxed)
    }

    /// An event decided a command.
    pub fn command(&self, index: usize, answer: &Answer) {
        self.commands[index].increment(1);
        if answer.is_err() {
            self.rejections[index].increment(1);
        }
    }

    /// A login is durable.
    pub fn login(&self, fresh: bool) {
        if fresh { self.logins.increment(1) } else { self.repeated_logins.increment(1) }
    }

    /// A command was refused before anything was done.
    pub fn overloaded(&self) {
        self.overloaded.increment(1);
    }

    /// A command was refused for want of space on the disk.
    pub fn storage_full(&self) {
        self.storage_full.increment(1);
    }

    /// A snapshot was written.
    pub fn snapshot_written(&self, seq: u64, seconds: f64) {
        self.snapshots_written.increment(1);
        self.snapshot_seconds.record(seconds);
        self.snapshot_seq.set(seq as f64);
    }

    /// A snapshot could not be written.
    pub fn snapshot_failed(&self) {
        self.snapshots_failed.increment(1);
    }

    /// Sets the levels.
    pub fn set_levels(&self, levels: &Levels) {
        self.events.set(levels.events as f64);
        self.sessions.set(levels.sessions as f64);
        self.requests_waiting.set(levels.requests_waiting as f64);
        self.journal_reserve_bytes.set(levels.journal_reserve_bytes as f64);
        self.available.set(levels.totals.available as f64);
        self.held.set(levels.totals.held as f64);
        self.booked.set(levels.totals.booked as f64);
        self.waiting.set(levels.totals.waiting as f64);
    }
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics::new()
    }
}

/// Records what recovery did.
pub fn record_recovery(report: &RecoveryReport) {
    gauge!(RECOVERY_SECONDS).set(report.duration.as_secs_f64());
    gauge!(RECOVERY_QUARANTINED_BYTES).set(report.quarantined_bytes as f64);
}

fn describe() {
    describe_counter!(COMMANDS, "Commands that events decided, by command.");
    describe_counter!(REJECTIONS, "Commands that the rules refused, by command.");
    describe_counter!(LOGINS, "Logins, by whether they opened a session or found a live one.");
    describe_counter!(UNAVAILABLE, "Requests refused before anything was done, by reason.");
    describe_histogram!(JOURNAL_BATCH_CHANGES, Unit::Count, "Changes made durable by one sync.");
    describe_histogram!(JOURNAL_SYNC_SECONDS, Unit::Seconds, "How long the disk took to sync a batch.");
    describe_counter!(JOURNAL_BYTES, Unit::Bytes, "Bytes written to the journal.");
    describe_gauge!(JOURNAL_DURABLE_SEQ, "The number of the newest durable change.");
    describe_gauge!(JOURNAL_BACKLOG_BYTES, Unit::Bytes, "Bytes appended and not durable yet.");
    describe_counter!(SNAPSHOTS, "Snapshots, by result.");
    describe_histogram!(SNAPSHOT_SECONDS, Unit::Seconds, "How long a snapshot took.");
    describe_gauge!(SNAPSHOT_SEQ, "The number of the newest change in the newest snapshot.");
    describe_gauge!(RECOVERY_SECONDS, Unit::Seconds, "How long the last recovery replayed the journal.");
    describe_gauge!(
        RECOVERY_QUARANTINED_BYTES,
        Unit::Bytes,
        "Bytes of an unfinished write that the last recovery set aside."
    );
    describe_gauge!(EVENTS, "Events that exist.");
    describe_gauge!(SESSIONS, "Live sessions.");
    describe_gauge!(TICKETS, "Tickets of all events, by state.");
    describe_gauge!(REQUESTS_WAITING, "Commands and logins that wait for an answer.");
    describe_gauge!(
        JOURNAL_RESERVE_BYTES,
        Unit::Bytes,
        "Bytes that the journal can write without new space on the disk."
    );
    describe_gauge!(WAITING, "Users in the lines of all events.");
}
