//! Why a journal could not be opened or read.

use thiserror::Error;

use crate::storage::{EXIT_CONFIGURATION, EXIT_DATA, EXIT_VERSION, StorageError};

use super::Refusal;

/// Why a journal could not be opened or read. No file was changed when it is a refusal.
#[derive(Debug, Error)]
pub enum JournalError {
    /// The disk failed, or the data directory is not usable.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The options contradict each other.
    #[error("the journal's options cannot work: {0}")]
    Options(String),
    /// A file does not hold what the journal wrote, or not all of it.
    #[error("{file} is refused at offset {offset}, seq {seq}: {reason}")]
    Refused {
        /// The segment.
        file: String,
        /// Where in the segment, in bytes.
        offset: u64,
        /// The seq of the first change that is in doubt.
        seq: u64,
        /// Why.
        reason: Refusal,
    },
    /// A segment belongs to another store.
    #[error("{file} belongs to another store")]
    ForeignStore {
        /// The segment.
        file: String,
    },
    /// A segment was written by a newer Holdfast.
    #[error("{file} has format {found}, this program reads up to {supported}")]
    NewerVersion {
        /// The segment.
        file: String,
        /// The format version found.
        found: u32,
        /// The newest format version this program reads.
        supported: u32,
    },
    /// The snapshot is of a state the journal never came to.
    #[error("the snapshot stands at seq {snapshot_seq}, but the journal ends at seq {last_seq}")]
    SnapshotNewer {
        /// The seq of the snapshot.
        snapshot_seq: u64,
        /// The last seq of the journal.
        last_seq: u64,
    },
    /// The journal begins after the snapshot, or after its own beginning without one.
    #[error("changes are missing: the state stands at seq {snapshot_seq}, but {file} begins at seq {first_seq}")]
    Gap {
        /// The first segment there is.
        file: String,
        /// The seq of the snapshot, 0 without one.
        snapshot_seq: u64,
        /// The first seq of that segment.
        first_seq: u64,
    },
    /// The snapshot carries another hash than the journal at the same seq.
    #[error("the snapshot at seq {snapshot_seq} belongs to another history than the journal")]
    SnapshotMismatch {
        /// The seq of the snapshot.
        snapshot_seq: u64,
    },
    /// A record is intact, but the state could not take it.
    #[error("the record at seq {seq} in {file} cannot be applied: {reason}")]
    Apply {
        /// The segment.
        file: String,
        /// The first seq of the record.
        seq: u64,
        /// What the state said.
        reason: String,
    },
    /// All records could be applied, but the state that came out contradicts itself.
    #[error("the recovered state breaks an invariant: {0}")]
    State(String),
    /// The changes asked for were dropped under the retention rule.
    #[error("changes after seq {after_seq} were asked for, but the journal begins at seq {first_seq}")]
    Retired {
        /// The seq that was asked from.
        after_seq: u64,
        /// The first seq there is.
        first_seq: u64,
    },
}

impl JournalError {
    /// The exit code a process ends with when this error ends it.
    pub fn exit_code(&self) -> u8 {
        match self {
            JournalError::Storage(error) => error.exit_code(),
            JournalError::Options(_) => EXIT_CONFIGURATION,
            JournalError::NewerVersion { .. } => EXIT_VERSION,
            JournalError::Refused { .. }
            | JournalError::ForeignStore { .. }
            | JournalError::SnapshotNewer { .. }
            | JournalError::Gap { .. }
            | JournalError::SnapshotMismatch { .. }
            | JournalError::Apply { .. }
            | JournalError::State(_)
            | JournalError::Retired { .. } => EXIT_DATA,
        }
    }
}
