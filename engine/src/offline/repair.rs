//! `repair`: cuts off the end of a journal that a start refuses, where its owner accepts the loss.
//!
//! The plan is made read-only, from what a start says and from what lies behind the damage. Everything that is cut off is
//! durable in `quarantine/` before its place changes, and each step is one rename: a crash at any point leaves a directory
//! that starts, or that can be repaired again, with every byte in one of the two places.

use std::cell::RefCell;
use std::path::Path;

use crate::journal::{self, JournalError, JournalFiles, Place};
use crate::snapshot;
use crate::snapshotter::{check_snapshots_reached, newest_snapshot_with_point};
use crate::state::State;
use crate::storage::{DataDirectory, StorageError, StorageFile};

use super::OfflineError;
use super::snapshots::{Loaded, load};

/// What came of a repair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RepairOutcome {
    /// A start accepts the journal as it is. Nothing was changed.
    NothingToRepair {
        /// The last change in it.
        last_seq: u64,
    },
    /// The loss was not accepted, or not this one. Nothing was changed.
    NotAccepted(RepairPlan),
    /// It was done.
    Repaired(RepairPlan),
}

/// What a repair does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepairPlan {
    /// Why a start refuses the journal, in one sentence.
    pub refusal: String,
    /// The segment that is cut.
    pub file: String,
    /// Where it is cut, in bytes.
    pub offset: u64,
    /// Up to this change everything is whole, and stays.
    pub last_seq: u64,
    /// Up to this change something is known to have been there; `last_seq`, where nothing is known.
    pub known_seq: u64,
    /// The segments and snapshots that are moved to `quarantine/`, in this order.
    pub moved: Vec<String>,
    /// In which segment, in numbers.
    place: Place,
}

impl RepairPlan {
    /// How many changes are known to be lost by it: what `--accept-loss` must say.
    pub fn loss(&self) -> u64 {
        self.known_seq - self.last_seq
    }
}

/// Repairs the directory at `path`, if `accept_loss` is the number of changes that are known to be lost by it.
///
/// # Errors
///
/// [`OfflineError::Unrepairable`] where cutting off the end would not help; [`OfflineError::Journal`] for files of another
/// store or a newer format; [`OfflineError::Storage`], also when the directory is in use.
pub fn repair(path: &Path, accept_loss: Option<u64>) -> Result<RepairOutcome, OfflineError> {
    let looked = consider(&DataDirectory::open_unchanged(path)?, accept_loss)?;
    if !matches!(looked, RepairOutcome::Repaired(_)) {
        return Ok(looked);
    }
    // The look changed nothing, not even the holder's name in the lock. What is there now is looked at again.
    repair_in(&DataDirectory::open(path)?, accept_loss)
}

/// The same in a directory that is open and locked.
pub(super) fn repair_in(directory: &DataDirectory, accept_loss: Option<u64>) -> Result<RepairOutcome, OfflineError> {
    let outcome = consider(directory, accept_loss)?;
    if let RepairOutcome::Repaired(plan) = &outcome {
        carry_out(directory, plan)?;
        let start = try_start(directory)?;
        start.map_err(|error| unrepairable(&error))?;
    }
    Ok(outcome)
}

/// What would come of a repair. Changes nothing.
fn consider(directory: &DataDirectory, accept_loss: Option<u64>) -> Result<RepairOutcome, OfflineError> {
    let refusal = match try_start(directory)? {
        Ok(last_seq) => return Ok(RepairOutcome::NothingToRepair { last_seq }),
        Err(refusal) => refusal,
    };
    let plan = make_plan(directory, refusal)?;
    let is_accepted = accept_loss == Some(plan.loss());
    Ok(if is_accepted { RepairOutcome::Repaired(plan) } else { RepairOutcome::NotAccepted(plan) })
}

/// Reads the directory as a start does. The last seq, or why a start refuses the journal.
fn try_start(directory: &DataDirectory) -> Result<Result<u64, JournalError>, OfflineError> {
    let (mut state, point) = newest_snapshot_with_point(directory)?;
    let mut apply = |first_seq: u64, _: u32, bytes: &[u8]| state.apply_bytes(first_seq, bytes);
    let examined = journal::examine(directory, point.unwrap_or_default(), &mut apply);
    let examined = examined.and_then(|last_seq| check_snapshots_reached(directory, last_seq).map(|()| last_seq));
    if examined.is_ok() {
        state.check_invariants().map_err(OfflineError::Invariant)?;
    }
    Ok(examined)
}

fn make_plan(directory: &DataDirectory, refusal: JournalError) -> Result<RepairPlan, OfflineError> {
    match refusal {
        JournalError::Refused { .. } | JournalError::SnapshotNewer { .. } => {}
        JournalError::Gap { .. } | JournalError::SnapshotMismatch { .. } | JournalError::Apply { .. } => {
            return Err(unrepairable(&refusal));
        }
        // The disk, another store, a newer format: nothing is damaged as far as anybody knows.
        other => return Err(other.into()),
    }
    let seqs = snapshot::seqs(directory)?;
    let Some(End { place, last_seq, base_seq }) = find_end(directory, &seqs)? else {
        return Err(unrepairable(&refusal));
    };
    // A whole snapshot that the journal does not lead to would refuse the start again.
    let is_in_the_way = |seq: &u64| *seq > last_seq || *seq > base_seq && load(directory, *seq).is_ok();
    let newer: Vec<u64> = seqs.into_iter().filter(is_in_the_way).collect();
    let by_snapshots = newer.iter().copied().filter(|seq| *seq > last_seq).max().unwrap_or(0);
    let known_seq = journal::known_seq(directory, place)?.max(by_snapshots).max(last_seq);
    let mut moved = JournalFiles::behind(directory, place)?;
    moved.extend(newer.into_iter().map(snapshot::file_name));
    let (file, offset) = (place.file(), place.offset);
    Ok(RepairPlan { refusal: refusal.to_string(), file, offset, last_seq, known_seq, moved, place })
}

/// The end of what is whole.
struct End {
    place: Place,
    last_seq: u64,
    /// The snapshot that the replay began with, 0 for none.
    base_seq: u64,
}

/// Where the journal is whole up to, so that a start would accept it: replayed from the newest snapshot that does not
/// reach beyond that place, or from the beginning. Nothing where neither is there.
fn find_end(directory: &DataDirectory, seqs: &[u64]) -> Result<Option<End>, OfflineError> {
    for seq in seqs.iter().rev() {
        // A snapshot that is damaged is passed over at a start too.
        let Ok(loaded) = load(directory, *seq) else { continue };
        if let Some(end) = end_from(directory, loaded)? {
            return Ok(Some(end));
        }
    }
    end_from(directory, Loaded { state: State::default(), point: journal::SnapshotPoint::default() })
}

/// Where a replay from this snapshot ends; nothing where it does not even come to the snapshot, or cannot begin.
fn end_from(directory: &DataDirectory, start: Loaded) -> Result<Option<End>, OfflineError> {
    let point = start.point;
    let state = RefCell::new(start.state);
    let mut apply = |first_seq: u64, _: u32, bytes: &[u8]| state.borrow_mut().apply_bytes(first_seq, bytes);
    let walked = JournalFiles::list(directory)?.walk(directory, point, &mut apply, &mut |_| ());
    let is_cut = match walked.end {
        Ok(_) | Err(JournalError::Refused { .. }) => walked.start_met,
        Err(JournalError::Storage(error)) => return Err(error.into()),
        Err(_) => false,
    };
    let Some(place) = walked.place.filter(|_| is_cut && walked.point.seq >= point.seq) else { return Ok(None) };
    state.into_inner().check_invariants().map_err(OfflineError::Invariant)?;
    Ok(Some(End { place, last_seq: walked.point.seq, base_seq: point.seq }))
}

fn unrepairable(refusal: &JournalError) -> OfflineError {
    let hint = "; restore a backup, or keep the files and ask for help";
    OfflineError::Unrepairable { refusal: refusal.to_string(), hint }
}

/// Sets aside what is cut off, cuts, and moves what lay behind. As long as something behind is in its place, a start
/// refuses the journal, so that no half-repaired directory is ever gone on from.
fn carry_out(directory: &DataDirectory, plan: &RepairPlan) -> Result<(), StorageError> {
    let cut_off = JournalFiles::bytes_behind(directory, plan.place)?;
    if !cut_off.is_empty() {
        let tag = tag(&blake3::hash(&cut_off));
        directory.quarantine(&format!("{}.offset-{}.{tag}", plan.file, plan.offset), &cut_off)?;
    }
    JournalFiles::cut(directory, plan.place)?;
    for name in &plan.moved {
        let tag = tag_of_file(&directory.open_file(name)?)?;
        directory.set_aside(name, &format!("{name}.{tag}"))?;
    }
    Ok(())
}

/// Part of a name in quarantine that follows from the content: the numbers of segments come again after a repair, and what
/// was set aside earlier must not be replaced.
fn tag(hash: &blake3::Hash) -> String {
    hash.to_hex()[..16].to_owned()
}

fn tag_of_file(file: &StorageFile) -> Result<String, StorageError> {
    let mut hasher = blake3::Hasher::new();
    file.read_pieces(|_, piece| {
        hasher.update(piece);
        Ok(())
    })?;
    Ok(tag(&hasher.finalize()))
}
