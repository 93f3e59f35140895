//! `backup` and `restore`: a copy of a store that is whole by itself.
//!
//! **Order.** Snapshots first, then the segments in ascending order: so the segments reach at least as far as any snapshot
//! that was copied, and everything that was acknowledged before the copy began is in them. The copy is verified, and only
//! then gets its `STORE`.

use std::path::Path;

use crate::heartbeat;
use crate::journal::{JournalError, JournalFiles, SegmentCopy};
use crate::snapshot::{self, SnapshotError};
use crate::snapshotter::SnapshotFailure;
use crate::storage::{DataDirectory, LOCK_FILE, StorageError};

use super::OfflineError;
use super::snapshots::load;
use super::verify::{VerifyReport, require_sound, verify_in};

/// How often a copy is begun again because the server dropped files under it. It drops some at a snapshot, at most.
const ATTEMPTS_MAX: u32 = 8;

/// A copy that was made.
#[derive(Clone, Debug)]
pub struct CopyReport {
    /// The last change in it.
    pub seq: u64,
    /// How many files it has.
    pub file_count: u64,
    /// How long they are together: zeros behind the end of a segment take no space on most file systems.
    pub bytes: u64,
    /// The snapshots that were passed over because they are damaged, each as a sentence.
    pub passed_over: Vec<String>,
    /// What the check of the copy found: nothing wrong.
    pub verified: VerifyReport,
}

/// Copies the store at `source`, whether or not a server uses it, to `target`, which must be missing or empty. Files of
/// the layer above that are there under the names of `more_files` are copied too.
///
/// # Errors
///
/// [`OfflineError`] when the source is damaged, the target is not empty or the disk fails. The target is no data directory
/// then.
pub fn backup(source: &Path, target: &Path, more_files: &[&str]) -> Result<CopyReport, OfflineError> {
    let source = DataDirectory::open_beside(source)?;
    copy(&source, &DataDirectory::begin_copy(target, source.store_id())?, more_files)
}

/// Copies the backup at `backup`, which must pass `verify`, to `data`, which must be missing or empty.
///
/// # Errors
///
/// Those of [`backup`]; [`OfflineError::Unsound`] when the backup is damaged, and nothing was written then.
pub fn restore(backup: &Path, data: &Path, more_files: &[&str]) -> Result<CopyReport, OfflineError> {
    let source = DataDirectory::open_unchanged(backup)?;
    require_sound(&source, &verify_in(&source)?)?;
    copy(&source, &DataDirectory::begin_copy(data, source.store_id())?, more_files)
}

/// Copies from one open directory to another that was begun for it.
pub(super) fn copy(
    source: &DataDirectory,
    target: &DataDirectory,
    more_files: &[&str],
) -> Result<CopyReport, OfflineError> {
    let passed_over = copy_consistently(source, target)?;
    for name in [&[heartbeat::FILE], more_files].concat() {
        copy_if_there(source, target, name)?;
    }
    target.sync_directory()?;
    let verified = verify_in(target)?;
    require_sound(target, &verified)?;
    target.finish_copy()?;
    let mut copied = target.list()?;
    copied.retain(|entry| entry.name != LOCK_FILE);
    let (file_count, bytes) = (copied.len() as u64, copied.iter().map(|entry| entry.bytes).sum());
    Ok(CopyReport { seq: verified.last_seq, file_count, bytes, passed_over, verified })
}

/// Copies snapshots and segments; again from the beginning, where the server added or dropped some meanwhile and the copy
/// did not come together.
fn copy_consistently(source: &DataDirectory, target: &DataDirectory) -> Result<Vec<String>, OfflineError> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let before = names(source)?;
        match try_copy(source, target) {
            Err(error) if attempts >= ATTEMPTS_MAX || names(source)? == before => return Err(error),
            Err(_) => clear(target)?,
            Ok(passed_over) => return Ok(passed_over),
        }
    }
}

fn names(directory: &DataDirectory) -> Result<Vec<String>, StorageError> {
    Ok(directory.list()?.into_iter().map(|entry| entry.name).collect())
}

/// Removes what an attempt has copied. The directory is still nobody's.
fn clear(target: &DataDirectory) -> Result<(), StorageError> {
    let mut copied =
        names(target)?.into_iter().filter(|name| name.starts_with("journal-") || name.starts_with("snapshot-"));
    copied.try_for_each(|name| target.remove(&name))
}

fn try_copy(source: &DataDirectory, target: &DataDirectory) -> Result<Vec<String>, OfflineError> {
    let (newest_seq, passed_over) = copy_snapshots(source, target)?;
    copy_segments(source, target, newest_seq)?;
    Ok(passed_over)
}

/// Copies the snapshots that hold. Returns the seq of the newest one, and what is to be said of the others.
///
/// The newest one first: three are kept, so it is there the longest. Older ones that are dropped meanwhile are not missed.
fn copy_snapshots(source: &DataDirectory, target: &DataDirectory) -> Result<(u64, Vec<String>), OfflineError> {
    let (mut newest_seq, mut passed_over) = (0, Vec::new());
    for seq in snapshot::seqs(source)?.into_iter().rev() {
        match copy_snapshot(source, target, seq) {
            Ok(()) => newest_seq = newest_seq.max(seq),
            Err(SnapshotFailure::Snapshot(error @ SnapshotError::Damaged { .. })) => {
                passed_over.push(error.to_string())
            }
            Err(SnapshotFailure::Snapshot(SnapshotError::Storage(error))) if error.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok((newest_seq, passed_over))
}

fn copy_snapshot(source: &DataDirectory, target: &DataDirectory, seq: u64) -> Result<(), SnapshotFailure> {
    load(source, seq)?;
    copy_file(source, target, &snapshot::file_name(seq)).map_err(SnapshotError::from)?;
    Ok(())
}

/// Copies the whole frames of all segments, oldest first. They must reach back to the newest snapshot of the copy.
fn copy_segments(source: &DataDirectory, target: &DataDirectory, newest_seq: u64) -> Result<(), OfflineError> {
    let journal = JournalFiles::list_whole(source)?;
    if let Some((file, first_seq)) = journal.first().filter(|(_, first_seq)| *first_seq > newest_seq + 1) {
        return Err(JournalError::Gap { file, snapshot_seq: newest_seq, first_seq }.into());
    }
    let mut bytes = Vec::new();
    let mut copied = Vec::new();
    for index in 0..journal.count() {
        match journal.read_for_copy(source, index, &mut bytes) {
            Ok(segment) => {
                copy_segment(target, &segment, &bytes)?;
                copied.push(segment.file);
            }
            // The server has dropped it, and those before it: the copy does without them too.
            Err(JournalError::Storage(error)) if error.is_not_found() && journal.is_covered(index, newest_seq) => {
                copied.drain(..).try_for_each(|file| target.remove(&file))?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn copy_segment(target: &DataDirectory, segment: &SegmentCopy, bytes: &[u8]) -> Result<(), StorageError> {
    let file = target.create(&segment.file)?;
    file.write_at(&bytes[..segment.valid_bytes], 0)?;
    file.truncate(segment.file_bytes)?;
    file.sync_all()?;
    file.drop_cached()
}

fn copy_if_there(source: &DataDirectory, target: &DataDirectory, name: &str) -> Result<(), StorageError> {
    match copy_file(source, target, name) {
        Err(error) if error.is_not_found() => Ok(()),
        copied => copied,
    }
}

/// Copies a file that does not change, durably, so that it is read back from the disk when it is verified.
fn copy_file(source: &DataDirectory, target: &DataDirectory, name: &str) -> Result<(), StorageError> {
    let from = source.open_file(name)?;
    let to = target.create(name)?;
    from.read_pieces(|offset, piece| to.write_at(piece, offset))?;
    to.sync_all()?;
    to.drop_cached()
}
