//! The fixed parts of a snapshot file. See the picture in [`snapshot`](super).

use crate::storage::StoreId;
use crate::storage::header::{self, Fields};

use super::{SnapshotMeta, StateHash};

/// The newest snapshot format that this program reads, and the one it writes. In all formats the header
/// has the layout of this one, so that a newer one is known as such.
pub(super) const FORMAT_VERSION: u32 = 1;
pub(super) const HEADER_BYTES: usize = 76;
pub(super) const BLOCK_HEADER_BYTES: usize = 16;
pub(super) const TRAILER_BYTES: usize = 68;

const MAGIC: [u8; 8] = *b"HOLDSNAP";
const TRAILER_MAGIC: [u8; 8] = *b"HOLDDONE";
/// In a trailer's place for a kind: no block has it.
pub(super) const TRAILER_KIND: u32 = u32::MAX;

/// What stands in front of a block's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlockHeader {
    pub(super) kind: u32,
    pub(super) length: u32,
    pub(super) checksum: u32,
}

/// What ends a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trailer {
    pub(super) block_count: u64,
    /// The length of the whole file.
    pub(super) file_bytes: u64,
    pub(super) state_hash: StateHash,
}

pub(super) fn encode_header(meta: &SnapshotMeta) -> [u8; HEADER_BYTES] {
    header::encode(&[
        &MAGIC,
        &FORMAT_VERSION.to_le_bytes(),
        &meta.store_id.0,
        &meta.seq.to_le_bytes(),
        &meta.epoch.to_le_bytes(),
        &meta.engine_time_ms.to_le_bytes(),
        &meta.chain_hash,
        &[0; 4],
    ])
}

/// The header in `bytes` and its format version, if it is one.
pub(super) fn decode_header(bytes: &[u8; HEADER_BYTES]) -> Option<(u32, SnapshotMeta)> {
    let mut fields = Fields::checked(bytes)?;
    if fields.take() != MAGIC {
        return None;
    }
    let version = fields.take_u32();
    let meta = SnapshotMeta {
        store_id: StoreId(fields.take()),
        seq: fields.take_u64(),
        epoch: fields.take_u64(),
        engine_time_ms: fields.take_u64(),
        chain_hash: fields.take(),
    };
    Some((version, meta))
}

impl BlockHeader {
    pub(super) fn of(kind: u32, bytes: &[u8]) -> BlockHeader {
        let length = u32::try_from(bytes.len()).expect("a block is bounded far below 4 GiB");
        BlockHeader { kind, length, checksum: crc32c::crc32c(bytes) }
    }

    pub(super) fn encode(&self) -> [u8; BLOCK_HEADER_BYTES] {
        header::encode(&[&self.kind.to_le_bytes(), &self.length.to_le_bytes(), &self.checksum.to_le_bytes()])
    }

    pub(super) fn decode(bytes: &[u8; BLOCK_HEADER_BYTES]) -> Option<BlockHeader> {
        let mut fields = Fields::checked(bytes)?;
        Some(BlockHeader { kind: fields.take_u32(), length: fields.take_u32(), checksum: fields.take_u32() })
    }

    /// What the state hash takes of a block besides its bytes.
    pub(super) fn hashed(&self) -> [u8; 8] {
        let mut hashed = [0; 8];
        hashed[..4].copy_from_slice(&self.kind.to_le_bytes());
        hashed[4..].copy_from_slice(&self.length.to_le_bytes());
        hashed
    }
}

impl Trailer {
    pub(super) fn encode(&self) -> [u8; TRAILER_BYTES] {
        header::encode(&[
            &TRAILER_KIND.to_le_bytes(),
            &[0; 4],
            &TRAILER_MAGIC,
            &self.block_count.to_le_bytes(),
            &self.file_bytes.to_le_bytes(),
            &self.state_hash,
        ])
    }

    pub(super) fn decode(bytes: &[u8; TRAILER_BYTES]) -> Option<Trailer> {
        let mut fields = Fields::checked(bytes)?;
        let (kind, _reserved) = (fields.take_u32(), fields.take_u32());
        let magic: [u8; 8] = fields.take();
        let trailer =
            Trailer { block_count: fields.take_u64(), file_bytes: fields.take_u64(), state_hash: fields.take() };
        (kind == TRAILER_KIND && magic == TRAILER_MAGIC).then_some(trailer)
    }
}
