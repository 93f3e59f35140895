//! What is counted and measured: the handles, resolved once, so that the hot path looks nothing up.

pub(crate) mod levels;
mod metric;
pub mod names;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use metrics::{Counter, Histogram};

pub use metric::{Kind, Labels, Metric};

use crate::clock::Stopwatch;
use crate::core::command::Command;
use crate::core::event::{Lasted, WaitEnd};
use crate::core::hold::HoldState;
use crate::core::outcome::Answer;
use crate::core::rejection::Rejection;
use crate::journal::{BatchReport, RecoveryReport};
use levels::{LevelHandles, Levels};

/// The handles.
pub struct Metrics {
    /// Whether it is measured how long things take. What is counted costs next to nothing.
    takes_times: bool,
    /// By [`Command::index`].
    commands: Vec<CommandHandles>,
    /// By [`Rejection::index`].
    rejections: Vec<Counter>,
    inbox_wait_seconds: Histogram,
    logins: Counter,
    repeated_logins: Counter,
    login_seconds: Histogram,
    overloaded: Counter,
    storage_full: Counter,
    snapshots_written: Counter,
    snapshots_failed: Counter,
    snapshot_seconds: Histogram,
    wheel_lag_seconds: Histogram,
    lasted: LastedHandles,
    turn_checks: Counter,
    snapshot_checks: Counter,
    recovery_checks: Counter,
    levels: LevelHandles,
    journal_bytes: Arc<AtomicU64>,
    /// See [`sync_us`](Metrics::sync_us).
    sync_us: Arc<AtomicU64>,
}

struct CommandHandles {
    done: Counter,
    refused: Counter,
    seconds: Histogram,
}

struct LastedHandles {
    confirmed: Histogram,
    released: Histogram,
    expired: Histogram,
    granted: Histogram,
    served: Histogram,
    left: Histogram,
    dropped: Histogram,
}

impl Metrics {
    /// Resolves all handles with the recorder that is installed now. `takes_times` is whether commands are timed.
    pub fn new(takes_times: bool) -> Metrics {
        names::ALL.iter().for_each(Metric::describe);
        let check = |kind| names::INVARIANT_CHECKS.count(&[("kind", kind)]);
        Metrics {
            takes_times,
            commands: Command::NAMES.iter().map(|name| CommandHandles::of(name)).collect(),
            rejections: Rejection::CODES.iter().map(|code| names::REJECTIONS.count(&[("code", code)])).collect(),
            inbox_wait_seconds: names::INBOX_WAIT_SECONDS.sizes(&[]),
            logins: names::LOGINS.count(&[("kind", "new")]),
            repeated_logins: names::LOGINS.count(&[("kind", "live")]),
            login_seconds: names::LOGIN_SECONDS.sizes(&[]),
            overloaded: names::UNAVAILABLE.count(&[("reason", "overloaded")]),
            storage_full: names::UNAVAILABLE.count(&[("reason", "storage_full")]),
            snapshots_written: names::SNAPSHOTS.count(&[("result", "written")]),
            snapshots_failed: names::SNAPSHOTS.count(&[("result", "failed")]),
            snapshot_seconds: names::SNAPSHOT_SECONDS.sizes(&[]),
            wheel_lag_seconds: names::WHEEL_LAG_SECONDS.sizes(&[]),
            lasted: LastedHandles::new(),
            turn_checks: check("turn"),
            snapshot_checks: check("snapshot"),
            recovery_checks: check("recovery"),
            levels: LevelHandles::new(),
            journal_bytes: Arc::default(),
            sync_us: Arc::default(),
        }
    }

    /// What the journal's writer calls after each batch.
    pub fn journal_observer(&self) -> Box<dyn Fn(&BatchReport) + Send> {
        let batch_changes = names::JOURNAL_BATCH_CHANGES.sizes(&[]);
        let sync_seconds = names::JOURNAL_SYNC_SECONDS.sizes(&[]);
        let bytes = names::JOURNAL_BYTES.count(&[]);
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

    /// A stopwatch for something that is measured; none where nothing is.
    pub fn stopwatch(&self) -> Option<Stopwatch> {
        self.takes_times.then(Stopwatch::start)
    }

    /// A turn begins whose oldest command was sent then.
    pub fn turn_begins(&self, oldest: Option<Stopwatch>) {
        if let Some(oldest) = oldest {
            self.inbox_wait_seconds.record(oldest.elapsed());
        }
    }

    /// An event decided a command, and its answer leaves. `took` is the time since it was handed to the engine.
    pub fn command(&self, index: usize, answer: &Answer, took: Option<Duration>) {
        let handles = &self.commands[index];
        match answer {
            Ok(_) => handles.done.increment(1),
            Err(rejection) => {
                handles.refused.increment(1);
                self.rejections[rejection.index()].increment(1);
            }
        }
        if let Some(took) = took {
            handles.seconds.record(took);
        }
    }

    /// Holds and waits ended, and that is durable.
    pub fn lasted(&self, lasted: &[Lasted]) {
        for ended in lasted {
            let (histogram, ms) = match ended {
                Lasted::Hold(HoldState::Confirmed, ms) => (&self.lasted.confirmed, ms),
                Lasted::Hold(HoldState::Expired, ms) => (&self.lasted.expired, ms),
                Lasted::Hold(HoldState::Released | HoldState::Held, ms) => (&self.lasted.released, ms),
                Lasted::Wait(WaitEnd::Granted, ms) => (&self.lasted.granted, ms),
                Lasted::Wait(WaitEnd::Served, ms) => (&self.lasted.served, ms),
                Lasted::Wait(WaitEnd::Left, ms) => (&self.lasted.left, ms),
                Lasted::Wait(WaitEnd::Dropped, ms) => (&self.lasted.dropped, ms),
            };
            histogram.record(Duration::from_millis(*ms));
        }
    }

    /// A login is durable.
    pub fn login(&self, fresh: bool, sent: Option<Stopwatch>) {
        if fresh {
            self.logins.increment(1)
        } else {
            self.repeated_logins.increment(1)
        }
        if let Some(sent) = sent {
            self.login_seconds.record(sent.elapsed());
        }
    }

    /// A command was refused before anything was done.
    pub fn overloaded(&self) {
        self.overloaded.increment(1);
    }

    /// A command was refused for want of space on the disk.
    pub fn storage_full(&self) {
        self.storage_full.increment(1);
    }

    /// A snapshot was written, in so many seconds.
    pub fn snapshot_written(&self, seconds: f64) {
        self.snapshots_written.increment(1);
        self.snapshot_seconds.record(seconds);
    }

    /// A snapshot could not be written.
    pub fn snapshot_failed(&self) {
        self.snapshots_failed.increment(1);
    }

    /// The wheels turned, later by `lag` than they should.
    pub fn wheels_turned(&self, lag: Duration) {
        self.wheel_lag_seconds.record(lag);
    }

    /// The counters of an event were checked after a turn.
    pub fn turn_checked(&self) {
        self.turn_checks.increment(1);
    }

    /// All of a snapshot was checked.
    pub fn snapshot_checked(&self) {
        self.snapshot_checks.increment(1);
    }

    /// A start has replayed and checked everything.
    pub fn recovered(&self, report: &RecoveryReport) {
        self.recovery_checks.increment(1);
        names::RECOVERY_SECONDS.level(&[]).set(report.duration.as_secs_f64());
        names::RECOVERY_CHANGES.level(&[]).set(report.change_count as f64);
        names::RECOVERY_QUARANTINED_BYTES.level(&[]).set(report.quarantined_bytes as f64);
    }

    /// Sets the levels, and the sums that are read off.
    pub(crate) fn set_levels(&self, levels: &Levels) {
        self.levels.set(levels);
    }
}

impl CommandHandles {
    fn of(command: &'static str) -> CommandHandles {
        let outcome = |outcome| names::COMMANDS.count(&[("command", command), ("outcome", outcome)]);
        CommandHandles {
            done: outcome("done"),
            refused: outcome("refused"),
            seconds: names::COMMAND_SECONDS.sizes(&[("command", command)]),
        }
    }
}

impl LastedHandles {
    fn new() -> LastedHandles {
        let hold = |reason| names::HOLD_LIFETIME_SECONDS.sizes(&[("reason", reason)]);
        let wait = |reason| names::QUEUE_WAIT_SECONDS.sizes(&[("reason", reason)]);
        LastedHandles {
            confirmed: hold("confirmed"),
            released: hold("released"),
            expired: hold("expired"),
            granted: wait("granted"),
            served: wait("served"),
            left: wait("left"),
            dropped: wait("dropped"),
        }
    }
}
