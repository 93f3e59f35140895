//! What actors share.

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
    /// What is counted.
    pub metrics: Metrics,
    /// No new commands are accepted any more.
    pub is_stopping: AtomicBool,
}

/// Ends the process if the turn it guards panics: an actor that is gone must not leave a zombie behind an open port,
/// and half a turn must not be seen by anybody.
pub(crate) struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!("an invariant is broken; the process ends, and recovers from the journal");
            std::process::exit(i32::from(EXIT_INVARIANT));
        }
    }
}
