//! What is read off when somebody looks, and not counted as it happens.

use metrics::{Counter, Gauge};

use super::names;
use crate::census::Census;
use crate::core::status::Status;
use crate::tally::{Counted, Tally};

/// What is read off.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Levels {
    /// The events.
    pub census: Census,
    /// Live sessions.
    pub sessions: usize,
    /// What happened since the start.
    pub tally: Tally,
    /// Requests that wait for an answer.
    pub requests_waiting: usize,
    /// Commands and logins in all inboxes.
    pub inbox_commands: usize,
    /// Of them, those in the fullest.
    pub inbox_longest: usize,
    /// The journal.
    pub journal: JournalLevels,
    /// The size of the file system of the data directory, and what can still be written to it, in bytes; `None` where it
    /// cannot be told.
    pub disk_bytes: Option<(u64, u64)>,
    /// The snapshots.
    pub snapshot: SnapshotLevels,
    /// How long ago the wheels turned, in milliseconds.
    pub wheel_turn_age_ms: u64,
    /// The wall clock less the engine's, in milliseconds.
    pub clock_offset_ms: i64,
    /// Invariants found broken, those of earlier processes included.
    pub violations: u64,
}

/// The journal at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct JournalLevels {
    /// The newest durable change.
    pub durable_seq: u64,
    /// The newest change, durable or not.
    pub appended_seq: u64,
    /// Bytes appended and not durable yet.
    pub backlog_bytes: usize,
    /// Bytes it can write without new space on the disk.
    pub reserve_bytes: u64,
    /// Segments that are kept.
    pub segments: usize,
    /// Whether the next segment found no room.
    pub is_disk_full: bool,
    /// For how long the disk has been at one write, in milliseconds, where that is slow; else 0.
    pub write_age_ms: u64,
}

/// The snapshots at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct SnapshotLevels {
    /// The last change in the newest one; 0 where there is none.
    pub seq: u64,
    /// Its size; 0 where this process has written none.
    pub bytes: u64,
    /// How long ago it was written, or the engine opened, in milliseconds.
    pub age_ms: u64,
    /// After so long one is written, in seconds.
    pub interval_seconds: u64,
    /// Whether the newest attempt failed.
    pub is_failing: bool,
}

/// Their handles.
pub(super) struct LevelHandles {
    events: Vec<Gauge>,
    capacity: Gauge,
    available: Gauge,
    held: Gauge,
    booked: Gauge,
    waiting: Gauge,
    oversold: Gauge,
    passed_over: Gauge,
    blocked_lines: Gauge,
    live_holds: Gauge,
    sessions: Gauge,
    counted: Vec<(Counted, Counter)>,
    booked_from_holds: Counter,
    requests_waiting: Gauge,
    inbox_commands: Gauge,
    inbox_longest: Gauge,
    durable_seq: Gauge,
    appended_seq: Gauge,
    backlog_bytes: Gauge,
    reserve_bytes: Gauge,
    segments: Gauge,
    disk_full: Gauge,
    write_age_seconds: Gauge,
    disk_bytes: Gauge,
    disk_available_bytes: Gauge,
    snapshot_seq: Gauge,
    snapshot_bytes: Gauge,
    snapshot_age_seconds: Gauge,
    snapshot_interval_seconds: Gauge,
    snapshot_failing: Gauge,
    wheel_turn_age_seconds: Gauge,
    clock_offset_seconds: Gauge,
    violations: Counter,
}

impl LevelHandles {
    pub(super) fn new() -> LevelHandles {
        let tickets = |state| names::TICKETS.level(&[("state", state)]);
        let counted = Counted::ALL.iter().map(|(counted, metric, value)| {
            let labels: Vec<_> = metric.labels.iter().copied().zip(*value).collect();
            (*counted, metric.count(&labels))
        });
        LevelHandles {
            events: Status::ALL.iter().map(|status| names::EVENTS.level(&[("status", status.as_str())])).collect(),
            capacity: names::CAPACITY.level(&[]),
            available: tickets("available"),
            held: tickets("held"),
            booked: tickets("booked"),
            waiting: names::WAITING.level(&[]),
            oversold: names::OVERSOLD.level(&[]),
            passed_over: names::PASSED_OVER.level(&[]),
            blocked_lines: names::LINES_BLOCKED.level(&[]),
            live_holds: names::WHEEL_TIMERS.level(&[]),
            sessions: names::SESSIONS.level(&[]),
            counted: counted.collect(),
            booked_from_holds: names::BOOKINGS.count(&[("source", "hold")]),
            requests_waiting: names::REQUESTS_WAITING.level(&[]),
            inbox_commands: names::INBOX_COMMANDS.level(&[]),
            inbox_longest: names::INBOX_LONGEST.level(&[]),
            durable_seq: names::JOURNAL_DURABLE_SEQ.level(&[]),
            appended_seq: names::JOURNAL_APPENDED_SEQ.level(&[]),
            backlog_bytes: names::JOURNAL_BACKLOG_BYTES.level(&[]),
            reserve_bytes: names::JOURNAL_RESERVE_BYTES.level(&[]),
            segments: names::JOURNAL_SEGMENTS.level(&[]),
            disk_full: names::JOURNAL_DISK_FULL.level(&[]),
            write_age_seconds: names::JOURNAL_WRITE_AGE_SECONDS.level(&[]),
            disk_bytes: names::DISK_BYTES.level(&[]),
            disk_available_bytes: names::DISK_AVAILABLE_BYTES.level(&[]),
            snapshot_seq: names::SNAPSHOT_SEQ.level(&[]),
            snapshot_bytes: names::SNAPSHOT_BYTES.level(&[]),
            snapshot_age_seconds: names::SNAPSHOT_AGE_SECONDS.level(&[]),
            snapshot_interval_seconds: names::SNAPSHOT_INTERVAL_SECONDS.level(&[]),
            snapshot_failing: names::SNAPSHOT_FAILING.level(&[]),
            wheel_turn_age_seconds: names::WHEEL_TURN_AGE_SECONDS.level(&[]),
            clock_offset_seconds: names::CLOCK_OFFSET_SECONDS.level(&[]),
            violations: names::INVARIANT_VIOLATIONS.count(&[]),
        }
    }

    pub(super) fn set(&self, levels: &Levels) {
        self.set_events(&levels.census);
        self.requests_waiting.set(levels.requests_waiting as f64);
        self.inbox_commands.set(levels.inbox_commands as f64);
        self.inbox_longest.set(levels.inbox_longest as f64);
        self.sessions.set(levels.sessions as f64);
        for (counted, counter) in &self.counted {
            counter.absolute(levels.tally.of(*counted));
        }
        self.booked_from_holds.absolute(levels.tally.holds_confirmed());
        self.set_journal(&levels.journal);
        if let Some((bytes, available)) = levels.disk_bytes {
            self.disk_bytes.set(bytes as f64);
            self.disk_available_bytes.set(available as f64);
        }
        self.set_snapshot(&levels.snapshot);
        self.wheel_turn_age_seconds.set(levels.wheel_turn_age_ms as f64 / 1_000.0);
        self.clock_offset_seconds.set(levels.clock_offset_ms as f64 / 1_000.0);
        self.violations.absolute(levels.violations);
    }

    fn set_events(&self, census: &Census) {
        for (gauge, count) in self.events.iter().zip(census.events) {
            gauge.set(count as f64);
        }
        let totals = &census.totals;
        self.capacity.set(totals.capacity as f64);
        self.available.set(totals.available as f64);
        self.held.set(totals.held as f64);
        self.booked.set(totals.booked as f64);
        self.waiting.set(totals.waiting as f64);
        self.oversold.set(census.oversold as f64);
        self.passed_over.set(census.passed_over as f64);
        self.blocked_lines.set(census.blocked_lines as f64);
        self.live_holds.set(census.live_holds as f64);
    }

    fn set_journal(&self, journal: &JournalLevels) {
        self.durable_seq.set(journal.durable_seq as f64);
        self.appended_seq.set(journal.appended_seq as f64);
        self.backlog_bytes.set(journal.backlog_bytes as f64);
        self.reserve_bytes.set(journal.reserve_bytes as f64);
        self.segments.set(journal.segments as f64);
        self.disk_full.set(f64::from(u8::from(journal.is_disk_full)));
        self.write_age_seconds.set(journal.write_age_ms as f64 / 1_000.0);
    }

    fn set_snapshot(&self, snapshot: &SnapshotLevels) {
        self.snapshot_seq.set(snapshot.seq as f64);
        self.snapshot_bytes.set(snapshot.bytes as f64);
        self.snapshot_age_seconds.set(snapshot.age_ms as f64 / 1_000.0);
        self.snapshot_interval_seconds.set(snapshot.interval_seconds as f64);
        self.snapshot_failing.set(f64::from(u8::from(snapshot.is_failing)));
    }
}
