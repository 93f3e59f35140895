//! Looking after a data directory without an engine: check it, read it out, repair it, copy it.
//!
//! [`verify`] checks all there is · [`dump`] reads the changes out · [`repair`] cuts off a damaged end, where its owner
//! accepts the loss · [`backup`] copies a store, also one in use · [`restore`] brings a copy back.
//!
//! **Invariants.** Nothing here opens a journal: the walk, the replay and the judgement of the end are recovery's own, read
//! only. `verify`, `dump`, `backup` and a refused `repair` change no file of the directory they look at. A copy becomes a
//! data directory last, after it has passed `verify`.

mod backup;
mod dump;
mod repair;
mod snapshots;
mod verify;

use std::path::PathBuf;

use crate::error::EXIT_INVARIANT;
use crate::journal::JournalError;
use crate::snapshotter::SnapshotFailure;
use crate::storage::{EXIT_DATA, StorageError};

pub use backup::{CopyReport, backup, restore};
pub use dump::{DumpFilter, DumpedChange, VisitChange, dump};
pub use repair::{RepairOutcome, RepairPlan, repair};
pub use verify::{Finding, SnapshotReport, SnapshotVerdict, VerifiedEnd, VerifyReport, verify};

#[cfg(test)]
mod tests;

/// Why an offline command did not do what it was asked, in one sentence.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// The data directory, or the disk.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A snapshot.
    #[error(transparent)]
    Snapshot(#[from] SnapshotFailure),
    /// All records could be applied, but the state that came out contradicts itself.
    #[error("the state that the journal leads to breaks an invariant: {0}")]
    Invariant(String),
    /// A directory did not pass `verify`.
    #[error("{path} did not pass the check: {first}{}", more(*.count), path = path.display())]
    Unsound {
        /// The directory.
        path: PathBuf,
        /// The first finding.
        first: String,
        /// How many there are.
        count: usize,
        /// The exit code of the first one.
        exit_code: u8,
    },
    /// Cutting off the end of the journal would not make it whole.
    #[error("this cannot be repaired by cutting off the end of the journal: {refusal}{hint}")]
    Unrepairable {
        /// What a start says.
        refusal: String,
        /// What to do instead.
        hint: &'static str,
    },
}

/// What is said behind the first of so many findings.
fn more(count: usize) -> String {
    match count {
        0 | 1 => String::new(),
        2 => ", and one more finding".to_owned(),
        count => format!(", and {} more findings", count - 1),
    }
}

impl OfflineError {
    /// The exit code a process ends with when this error ends it.
    pub fn exit_code(&self) -> u8 {
        match self {
            OfflineError::Storage(error) => error.exit_code(),
            OfflineError::Journal(error) => error.exit_code(),
            OfflineError::Snapshot(error) => snapshot_exit_code(error),
            OfflineError::Invariant(_) => EXIT_INVARIANT,
            OfflineError::Unsound { exit_code, .. } => *exit_code,
            OfflineError::Unrepairable { .. } => EXIT_DATA,
        }
    }
}

fn snapshot_exit_code(failure: &SnapshotFailure) -> u8 {
    match failure {
        SnapshotFailure::Snapshot(error) => error.exit_code(),
        SnapshotFailure::Journal(error) => error.exit_code(),
        SnapshotFailure::Invariant(_) => EXIT_INVARIANT,
        SnapshotFailure::State(_) | SnapshotFailure::Stopping => EXIT_DATA,
    }
}
