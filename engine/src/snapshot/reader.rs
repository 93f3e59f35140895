//! Reading the blocks of a snapshot. Each is checked before it is given out.

use crate::storage::{DataDirectory, StorageFile};

use super::format::{self, BLOCK_HEADER_BYTES, BlockHeader, FORMAT_VERSION, HEADER_BYTES, TRAILER_BYTES, Trailer};
use super::hash::StateHasher;
use super::{BLOCK_BYTES_MAX, SnapshotError, SnapshotMeta, StateHash};

/// Gives the blocks of a snapshot in the order they were written.
pub struct SnapshotReader {
    file: StorageFile,
    name: String,
    meta: SnapshotMeta,
    trailer: Trailer,
    /// Where the next block begins.
    offset: u64,
    /// How many blocks were read.
    block_count: u64,
    hasher: StateHasher,
}

impl SnapshotReader {
    /// Opens a snapshot and checks its header and trailer.
    pub(super) fn open(directory: &DataDirectory, name: &str) -> Result<SnapshotReader, SnapshotError> {
        let file = directory.open_file(name)?;
        let file_bytes = file.len()?;
        let trailer_offset = file_bytes.checked_sub(TRAILER_BYTES as u64);
        let Some(trailer_offset) = trailer_offset.filter(|offset| *offset >= HEADER_BYTES as u64) else {
            return Err(damaged(name, 0, "it is too short"));
        };
        let mut bytes = [0; HEADER_BYTES];
        file.read_at(&mut bytes, 0)?;
        let (found, meta) =
            format::decode_header(&bytes).ok_or_else(|| damaged(name, 0, "its header does not hold"))?;
        if found > FORMAT_VERSION {
            return Err(SnapshotError::NewerVersion { file: name.to_owned(), found, supported: FORMAT_VERSION });
        }
        if meta.store_id != directory.store_id() {
            return Err(SnapshotError::ForeignStore { file: name.to_owned() });
        }
        let mut bytes = [0; TRAILER_BYTES];
        file.read_at(&mut bytes, trailer_offset)?;
        let trailer = Trailer::decode(&bytes)
            .filter(|trailer| trailer.file_bytes == file_bytes)
            .ok_or_else(|| damaged(name, trailer_offset, "its trailer does not hold"))?;
        let hasher = StateHasher::default();
        let offset = HEADER_BYTES as u64;
        Ok(SnapshotReader { file, name: name.to_owned(), meta, trailer, offset, block_count: 0, hasher })
    }

    /// What the snapshot is of.
    pub fn meta(&self) -> &SnapshotMeta {
        &self.meta
    }

    /// The file's name.
    pub fn file(&self) -> &str {
        &self.name
    }

    /// The length of the file.
    pub fn bytes(&self) -> u64 {
        self.trailer.file_bytes
    }

    /// BLAKE3 over the blocks. It was checked when the snapshot was chosen, and is again at the end.
    pub fn state_hash(&self) -> StateHash {
        self.trailer.state_hash
    }

    /// The next block, its kind and its bytes, or nothing behind the last one.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Damaged`] when a checksum, the count of blocks or the state hash does not hold.
    pub fn next_block(&mut self) -> Result<Option<(u32, Vec<u8>)>, SnapshotError> {
        let trailer_offset = self.trailer.file_bytes - TRAILER_BYTES as u64;
        if self.offset == trailer_offset {
            return self.check_end().map(|()| None);
        }
        let bytes_left = (trailer_offset - self.offset).checked_sub(BLOCK_HEADER_BYTES as u64);
        let bytes_left = bytes_left.ok_or_else(|| self.damaged("a block breaks off"))?;
        let mut header = [0; BLOCK_HEADER_BYTES];
        self.file.read_at(&mut header, self.offset)?;
        let header = BlockHeader::decode(&header).ok_or_else(|| self.damaged("a block's header does not hold"))?;
        let length = header.length as usize;
        if length > BLOCK_BYTES_MAX || length as u64 > bytes_left {
            return Err(self.damaged("a block is too long"));
        }
        let mut bytes = vec![0; length];
        self.file.read_at(&mut bytes, self.offset + BLOCK_HEADER_BYTES as u64)?;
        if crc32c::crc32c(&bytes) != header.checksum {
            return Err(self.damaged("a block's checksum does not hold"));
        }
        self.hasher.add(&header, &bytes);
        self.offset += (BLOCK_HEADER_BYTES + length) as u64;
        self.block_count += 1;
        Ok(Some((header.kind, bytes)))
    }

    /// Goes back to the first block.
    pub(super) fn rewind(&mut self) {
        self.offset = HEADER_BYTES as u64;
        self.block_count = 0;
        self.hasher = StateHasher::default();
    }

    fn check_end(&self) -> Result<(), SnapshotError> {
        if self.block_count != self.trailer.block_count {
            return Err(self.damaged("it has another number of blocks"));
        }
        if self.hasher.finish() != self.trailer.state_hash {
            return Err(self.damaged("its state hash does not hold"));
        }
        Ok(())
    }

    fn damaged(&self, reason: &'static str) -> SnapshotError {
        damaged(&self.name, self.offset, reason)
    }
}

fn damaged(file: &str, offset: u64, reason: &'static str) -> SnapshotError {
    SnapshotError::Damaged { file: file.to_owned(), offset, reason }
}
