//! The container of a snapshot: blocks of bytes in a file that is either whole or not taken.
//!
//! ```text
//! snapshot-00000000000000004711.snapshot        the number is the seq
//! │ header 76 │ block │ block │ … │ trailer 68 │
//! block = kind 4 │ length 4 │ CRC32C of the bytes 4 │ CRC32C of these three 4 │ bytes
//! ```
//!
//! What is in the blocks is for the layer above. The trailer carries their count and the state hash:
//! BLAKE3 over kind, length and bytes of each block in order.
//!
//! **Invariants.** A file under its own name was written, synced, read back and verified before it got
//! the name. Three generations are kept, and a damaged one is passed over for the one before it.

mod format;
mod hash;
mod reader;
mod writer;

use thiserror::Error;

use crate::core::planted::{Bug, is_planted};
use crate::journal::SnapshotPoint;
use crate::storage::{DataDirectory, EXIT_DATA, EXIT_VERSION, StorageError, StoreId};

pub(crate) use hash::StateHasher;
pub use reader::SnapshotReader;
pub use writer::SnapshotWriter;

#[cfg(test)]
mod tests;

/// The longest block, in bytes. A longer one is a bug.
pub const BLOCK_BYTES_MAX: usize = 16 << 20;
/// How many snapshots are kept.
pub const GENERATIONS_KEPT: usize = 3;

/// The name of a snapshot while it is written.
const UNFINISHED_FILE: &str = "snapshot.tmp";

/// BLAKE3 over all blocks of a snapshot.
pub type StateHash = [u8; 32];

/// What a snapshot is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotMeta {
    /// The store it belongs to.
    pub store_id: StoreId,
    /// The last change that is in it. That change must be durable.
    pub seq: u64,
    /// The term of the process that wrote it.
    pub epoch: u64,
    /// The engine's time, in milliseconds since 1970.
    pub engine_time_ms: u64,
    /// The journal's chain hash at `seq`.
    pub chain_hash: [u8; 16],
}

impl SnapshotMeta {
    /// Where in the journal the snapshot stands.
    pub fn point(&self) -> SnapshotPoint {
        SnapshotPoint { seq: self.seq, epoch: self.epoch, chain_hash: self.chain_hash }
    }
}

/// A snapshot that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotInfo {
    /// The last change that is in it.
    pub seq: u64,
    /// The length of the file.
    pub bytes: u64,
    /// The file's name.
    pub file: String,
    /// BLAKE3 over its blocks.
    pub state_hash: StateHash,
}

/// Why a snapshot could not be written or read.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// The disk failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The file does not hold what was written.
    #[error("{file} is damaged at offset {offset}: {reason}")]
    Damaged {
        /// The snapshot.
        file: String,
        /// Where, in bytes.
        offset: u64,
        /// What is wrong there.
        reason: &'static str,
    },
    /// The snapshot belongs to another store.
    #[error("{file} belongs to another store")]
    ForeignStore {
        /// The snapshot.
        file: String,
    },
    /// The snapshot was written by a newer Holdfast.
    #[error("{file} has format {found}, this program reads up to {supported}")]
    NewerVersion {
        /// The snapshot.
        file: String,
        /// The format version found.
        found: u32,
        /// The newest format version this program reads.
        supported: u32,
    },
    /// The layer above could not give its state.
    #[error("the state could not be written: {0}")]
    Fill(String),
}

impl SnapshotError {
    /// The exit code a process ends with when this error ends it.
    pub fn exit_code(&self) -> u8 {
        match self {
            SnapshotError::Storage(error) => error.exit_code(),
            SnapshotError::NewerVersion { .. } => EXIT_VERSION,
            SnapshotError::Damaged { .. } | SnapshotError::ForeignStore { .. } | SnapshotError::Fill(_) => EXIT_DATA,
        }
    }
}

/// Writes a snapshot whose blocks `fill` gives, verifies it, and drops the oldest beyond three.
///
/// # Errors
///
/// What `fill` returned, [`SnapshotError::Storage`] by the disk, [`SnapshotError::Damaged`] when the
/// disk gave back something else than was written. The snapshots there were before stay then.
pub fn write(
    directory: &DataDirectory,
    meta: &SnapshotMeta,
    fill: &mut dyn FnMut(&mut SnapshotWriter) -> Result<(), SnapshotError>,
) -> Result<SnapshotInfo, SnapshotError> {
    assert_eq!(meta.store_id, directory.store_id(), "a snapshot is written into its own store");
    let written = write_verified(directory, meta, fill);
    if written.is_err() {
        // Somebody else may need the space. What this says adds nothing to what went wrong before.
        let _ = directory.remove(UNFINISHED_FILE);
    }
    written
}

/// Removes what a crash has left of a snapshot that was being written.
pub fn remove_unfinished(directory: &DataDirectory) -> Result<(), StorageError> {
    directory.remove(UNFINISHED_FILE)
}

fn write_verified(
    directory: &DataDirectory,
    meta: &SnapshotMeta,
    fill: &mut dyn FnMut(&mut SnapshotWriter) -> Result<(), SnapshotError>,
) -> Result<SnapshotInfo, SnapshotError> {
    let mut writer = SnapshotWriter::create(directory.create(UNFINISHED_FILE)?, meta)?;
    fill(&mut writer)?;
    let (bytes, state_hash) = writer.finish()?;
    verify_written(directory, meta, state_hash)?;
    let file = file_name(meta.seq);
    directory.rename(UNFINISHED_FILE, &file)?;
    directory.sync_directory()?;
    drop_oldest(directory)?;
    Ok(SnapshotInfo { seq: meta.seq, bytes, file, state_hash })
}

/// The newest snapshot that is whole, ready to be read from its first block. Nothing when there is
/// none; the journal then says whether it reaches back to its beginning.
///
/// # Errors
///
/// A snapshot of another store or a newer format is not passed over.
pub fn newest_valid(directory: &DataDirectory) -> Result<Option<SnapshotReader>, SnapshotError> {
    let mut unreadable = None;
    for seq in seqs(directory)?.into_iter().rev() {
        match open_verified(directory, &file_name(seq)) {
            Ok(reader) if reader.meta().seq == seq => return Ok(Some(reader)),
            Ok(_) => tracing::warn!(file = file_name(seq), "a snapshot has another one's name, passed over"),
            Err(error @ SnapshotError::Damaged { .. }) => tracing::warn!(%error, "a damaged snapshot is passed over"),
            Err(error @ SnapshotError::Storage(_)) => {
                tracing::warn!(%error, "a snapshot that cannot be read is passed over");
                unreadable = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    // With nothing to fall back to, the disk is what is wrong, not the data.
    unreadable.map_or(Ok(None), Err)
}

/// Up to which seq the journal may be dropped: what the oldest kept generation covers. Nothing before
/// there are three, so that there is always something to fall back to; and nothing while one of them
/// cannot be read, since they are all read here.
pub fn covered_seq(directory: &DataDirectory) -> Result<Option<u64>, SnapshotError> {
    let seqs = seqs(directory)?;
    let Some(oldest) = seqs.len().checked_sub(GENERATIONS_KEPT) else { return Ok(None) };
    for seq in &seqs[oldest..] {
        open_verified(directory, &file_name(*seq))?;
    }
    Ok(if is_planted(Bug::RetiredTooEarly) { seqs.last().copied() } else { Some(seqs[oldest]) })
}

/// The snapshot at `seq`, header and trailer checked, ready to be read from its first block.
pub(crate) fn open(directory: &DataDirectory, seq: u64) -> Result<SnapshotReader, SnapshotError> {
    let reader = SnapshotReader::open(directory, &file_name(seq))?;
    if reader.meta().seq != seq {
        let reason = "it has another one's name";
        return Err(SnapshotError::Damaged { file: file_name(seq), offset: 0, reason });
    }
    Ok(reader)
}

fn open_verified(directory: &DataDirectory, name: &str) -> Result<SnapshotReader, SnapshotError> {
    let mut reader = SnapshotReader::open(directory, name)?;
    while reader.next_block()?.is_some() {}
    reader.rewind();
    Ok(reader)
}

/// Reads back what was just written, past the kernel's copy.
fn verify_written(directory: &DataDirectory, meta: &SnapshotMeta, state_hash: StateHash) -> Result<(), SnapshotError> {
    directory.open_file(UNFINISHED_FILE)?.drop_cached()?;
    let reader = open_verified(directory, UNFINISHED_FILE)?;
    if reader.meta() != meta || reader.state_hash() != state_hash {
        let reason = "it reads back as another snapshot";
        return Err(SnapshotError::Damaged { file: UNFINISHED_FILE.to_owned(), offset: 0, reason });
    }
    Ok(())
}

fn drop_oldest(directory: &DataDirectory) -> Result<(), SnapshotError> {
    let seqs = seqs(directory)?;
    let surplus = seqs.len().saturating_sub(GENERATIONS_KEPT);
    for seq in &seqs[..surplus] {
        directory.remove(&file_name(*seq))?;
    }
    if surplus > 0 {
        directory.sync_directory()?;
    }
    Ok(())
}

/// The seqs of the snapshots there are by their names, whether or not they hold, oldest first.
pub(crate) fn seqs(directory: &DataDirectory) -> Result<Vec<u64>, StorageError> {
    let entries = directory.list()?;
    Ok(entries.iter().filter_map(|entry| parse_file_name(&entry.name)).collect())
}

/// The file of the snapshot at `seq`.
pub(crate) fn file_name(seq: u64) -> String {
    format!("snapshot-{seq:020}.snapshot")
}

fn parse_file_name(name: &str) -> Option<u64> {
    let seq = name.strip_prefix("snapshot-")?.strip_suffix(".snapshot")?.parse().ok()?;
    (file_name(seq) == name).then_some(seq)
}
