//! Why the engine could not be opened, or did not take a command. Refusals by the rules are no errors: see
//! [`crate::core::Rejection`].

use crate::journal::JournalError;
use crate::snapshotter::SnapshotFailure;
use crate::storage::{EXIT_CONFIGURATION, EXIT_DATA, EXIT_IO, StorageError};

/// The exit code of a process whose state broke an invariant.
pub const EXIT_INVARIANT: u8 = 70;

/// Why the engine could not be opened. No data was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A configured value cannot work.
    #[error("{0}")]
    Configuration(String),
    /// The data directory.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The newest snapshot.
    #[error(transparent)]
    Snapshot(#[from] SnapshotFailure),
    /// The operating system gave no threads.
    #[error("cannot start a thread: {0}")]
    Threads(#[from] std::io::Error),
}

impl OpenError {
    /// The exit code a process ends with when this error ends it.
    pub fn exit_code(&self) -> u8 {
        match self {
            OpenError::Configuration(_) => EXIT_CONFIGURATION,
            OpenError::Storage(error) => error.exit_code(),
            OpenError::Journal(JournalError::State(_)) => EXIT_INVARIANT,
            OpenError::Journal(error) => error.exit_code(),
            OpenError::Snapshot(SnapshotFailure::Snapshot(error)) => error.exit_code(),
            OpenError::Snapshot(SnapshotFailure::Journal(error)) => error.exit_code(),
            OpenError::Snapshot(SnapshotFailure::Invariant(_)) => EXIT_INVARIANT,
            OpenError::Snapshot(SnapshotFailure::State(_) | SnapshotFailure::Stopping) => EXIT_DATA,
            OpenError::Threads(_) => EXIT_IO,
        }
    }
}

/// Nothing was done; try again later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// An inbox is full, or too much waits for the disk.
    #[error("the engine has as much to do as it can hold")]
    Overloaded,
    /// The disk has no room for another journal segment. What is left of the last one is kept for those who pay or give
    /// back.
    #[error("the disk is full")]
    StorageFull,
    /// The disk has been at one write for so long, in milliseconds. Commands are taken all the same, as long as their
    /// bounds let them; only who asks whether the engine is ready is told.
    #[error("the disk has been at one write for {for_ms} ms")]
    DiskSlow {
        /// For how long, in milliseconds.
        for_ms: u64,
    },
    /// The engine accepts nothing any more.
    #[error("the engine is stopping")]
    ShuttingDown,
}
