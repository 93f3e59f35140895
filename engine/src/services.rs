//! What actors share.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use crate::alarms::Alarms;
use crate::clock::Clock;
use crate::config::EngineConfig;
use crate::directory::Directory;
use crate::error::EXIT_INVARIANT;
use crate::history::History;
use crate::journal::Journal;
use crate::metrics::Metrics;
use crate::pressure::Pressure;
use crate::pulse::Pulse;
use crate::session_table::SessionTable;
use crate::snapshotter::SnapshotsSoFar;
use crate::storage::Violations;
use crate::tally::RunningTally;
use crate::watchers::Watchers;

/// What actors share. Everything in it is safe to use from any thread.
pub struct Services {
    /// What the operator has set.
    pub config: EngineConfig,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where changes become durable.
    pub journal: Arc<Journal>,
    /// Which events there are.
    pub directory: Directory,
    /// Who is logged in.
    pub sessions: SessionTable,
    /// Who is told what has become durable.
    pub watchers: Arc<Watchers>,
    /// Who is to be woken when.
    pub alarms: Alarms,
    /// Who waits, and whether the disk is slow.
    pub pressure: Arc<Pressure>,
    /// Whether the wheels turn.
    pub(crate) pulse: Pulse,
    /// What came of the snapshots.
    pub snapshots: Mutex<SnapshotsSoFar>,
    /// What ended as a booking, and what did not.
    pub(crate) tally: RunningTally,
    /// What the totals were lately.
    pub(crate) history: History,
    /// Where the data directory is.
    pub path: PathBuf,
    /// Where broken invariants are noted.
    pub violations: Violations,
    /// What is counted.
    pub metrics: Metrics,
    /// No new commands are accepted any more.
    pub is_stopping: AtomicBool,
}

/// Ends the process if the turn it guards panics: an actor that is gone must not leave a zombie behind an open port,
/// and half a turn must not be seen by anybody.
pub(crate) struct AbortOnPanic<'a>(pub(crate) &'a Services);

impl Drop for AbortOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let thread = std::thread::current();
            self.0.end_on_violation(&format!("a panic on the thread {}", thread.name().unwrap_or("without a name")));
        }
    }
}

impl Services {
    /// Notes a broken invariant, and ends the process: nothing of the step that broke it has been journaled, and the next
    /// start recovers what was.
    pub(crate) fn end_on_violation(&self, what: &str) -> ! {
        tracing::error!(what, "an invariant is broken; the process ends, and recovers from the journal");
        self.violations.note(self.clock.now_ms(), what);
        std::process::exit(i32::from(EXIT_INVARIANT));
    }
}
