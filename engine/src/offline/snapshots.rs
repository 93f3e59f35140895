//! The snapshots of a directory, each read as a start reads the newest one.

use crate::journal::{JournalError, JournalFiles, SnapshotPoint};
use crate::snapshot::{self, StateHash, StateHasher};
use crate::snapshotter::SnapshotFailure;
use crate::state::State;
use crate::storage::DataDirectory;

use super::OfflineError;

/// A snapshot that holds.
pub(super) struct Loaded {
    pub(super) state: State,
    pub(super) point: SnapshotPoint,
}

/// Reads the snapshot at `seq`, every checksum and the state hash checked.
pub(super) fn load(directory: &DataDirectory, seq: u64) -> Result<Loaded, SnapshotFailure> {
    let mut state = State::default();
    let mut reader = snapshot::open(directory, seq)?;
    while let Some((kind, bytes)) = reader.next_block()? {
        let read = state.read_block(kind, &bytes);
        read.map_err(|text| SnapshotFailure::State(format!("{} cannot be read: {text}", reader.file())))?;
    }
    Ok(Loaded { state, point: reader.meta().point() })
}

/// Where a replay of the whole journal has to begin: with nothing, or, where old segments were dropped, with the oldest
/// snapshot that the journal still reaches back to. The frame that led to it must be there, or be the one in front.
pub(super) fn base(directory: &DataDirectory, journal: &JournalFiles) -> Result<Loaded, OfflineError> {
    let Some((file, first_seq)) = journal.first().filter(|(_, first_seq)| *first_seq > 1) else {
        return Ok(Loaded { state: State::default(), point: SnapshotPoint::default() });
    };
    let beginning = journal.beginning();
    let is_reached = |point: &SnapshotPoint| {
        point.seq >= first_seq || point.seq == beginning.seq && point.chain_hash == beginning.chain_hash
    };
    let seqs = snapshot::seqs(directory)?;
    let mut late_enough = seqs.into_iter().filter(|seq| *seq >= beginning.seq);
    let base = late_enough.find_map(|seq| load(directory, seq).ok().filter(|loaded| is_reached(&loaded.point)));
    base.ok_or_else(|| JournalError::Gap { file, snapshot_seq: 0, first_seq }.into())
}

/// The state hash of `state`, as the snapshot of it would have it.
pub(super) fn hash_of(state: &State) -> StateHash {
    let mut hasher = StateHasher::default();
    let taken = state.write_blocks::<std::convert::Infallible>(&mut |kind, bytes| {
        hasher.block(kind, bytes);
        Ok(())
    });
    match taken {
        Ok(()) => hasher.finish(),
    }
}
