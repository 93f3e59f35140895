//! The state hash: BLAKE3 over kind, length and bytes of each block in order.

use super::StateHash;
use super::format::BlockHeader;

/// Takes the blocks of a state one after another.
#[derive(Clone, Debug, Default)]
pub(crate) struct StateHasher {
    hasher: blake3::Hasher,
}

impl StateHasher {
    /// Takes the next block.
    pub(crate) fn block(&mut self, kind: u32, bytes: &[u8]) {
        self.add(&BlockHeader::of(kind, bytes), bytes);
    }

    /// The same, for those who have the header already.
    pub(super) fn add(&mut self, header: &BlockHeader, bytes: &[u8]) {
        self.hasher.update(&header.hashed());
        self.hasher.update(bytes);
    }

    /// The hash of all blocks so far.
    pub(crate) fn finish(&self) -> StateHash {
        *self.hasher.finalize().as_bytes()
    }
}
