//! Writing the blocks of a snapshot.

use crate::core::planted::{Bug, is_planted};
use crate::storage::StorageFile;

use super::format::{self, BlockHeader, TRAILER_BYTES, TRAILER_KIND, Trailer};
use super::hash::StateHasher;
use super::{BLOCK_BYTES_MAX, SnapshotError, SnapshotMeta, StateHash};

/// Blocks are gathered up to this length before they are written, and synced at once: a sync of the journal must not wait
/// behind a whole snapshot.
const BUFFER_BYTES: usize = 1 << 20;

/// Takes the blocks of a snapshot that is being written. See [`write`](super::write).
pub struct SnapshotWriter {
    file: StorageFile,
    /// Where the buffer goes.
    offset: u64,
    buffer: Vec<u8>,
    block_count: u64,
    hasher: StateHasher,
}

impl SnapshotWriter {
    pub(super) fn create(file: StorageFile, meta: &SnapshotMeta) -> Result<SnapshotWriter, SnapshotError> {
        let hasher = StateHasher::default();
        let mut writer = SnapshotWriter { file, offset: 0, buffer: Vec::new(), block_count: 0, hasher };
        writer.put(&format::encode_header(meta))?;
        Ok(writer)
    }

    /// Adds a block. What the kinds mean is for the layer above; `u32::MAX` is not for it.
    ///
    /// # Panics
    ///
    /// When the block is longer than [`BLOCK_BYTES_MAX`].
    pub fn block(&mut self, kind: u32, bytes: &[u8]) -> Result<(), SnapshotError> {
        assert!(bytes.len() <= BLOCK_BYTES_MAX, "a block of {} bytes is a bug", bytes.len());
        assert!(kind != TRAILER_KIND, "a block has not the kind of the trailer");
        let header = BlockHeader::of(kind, bytes);
        self.hasher.add(&header, bytes);
        self.put(&header.encode())?;
        self.put(bytes)?;
        self.block_count += 1;
        Ok(())
    }

    /// Writes the trailer and makes all of it durable. Returns the file's length and the state hash.
    pub(super) fn finish(mut self) -> Result<(u64, StateHash), SnapshotError> {
        let file_bytes = self.offset + (self.buffer.len() + TRAILER_BYTES) as u64;
        let state_hash = self.hasher.finish();
        let trailer = Trailer { block_count: self.block_count, file_bytes, state_hash };
        self.put(&trailer.encode())?;
        self.write_out()?;
        if !is_planted(Bug::SnapshotNotSynced) {
            self.file.sync_all()?;
        }
        Ok((file_bytes, state_hash))
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER_BYTES { self.write_out() } else { Ok(()) }
    }

    fn write_out(&mut self) -> Result<(), SnapshotError> {
        self.file.write_at(&self.buffer, self.offset)?;
        if !is_planted(Bug::SnapshotNotSynced) {
            self.file.sync_data()?;
        }
        self.offset += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}
