//! A frame: one batch of records as it lies in a segment, the unit of group commit.
//!
//! ```text
//! offset, a multiple of 512
//! │ header 80, with its own CRC32C │ payload │ hash 16 │ end marker 8 │ zeros up to the next 512 │
//! ```
//!
//! The header's checksum is looked at before its length is believed. The hash is BLAKE3 over header
//! and payload, cut to 16 bytes; each header carries the hash of the frame before, which makes a
//! chain. No sector is shared by two frames, so that writing one never touches a durable one, and a
//! sector that is still zero proves that its frame was never written out: the header counts the
//! sectors that are zero by their content.

use crate::storage::header::{self, Fields};

/// The unit in which a disk keeps or loses what was written. Writing one sector is taken to be atomic.
pub(super) const SECTOR_BYTES: usize = 512;
/// Room for the header in front of a payload.
pub(super) const HEADER_BYTES: usize = 80;
/// The most that a frame is longer than its payload.
pub(super) const OVERHEAD_BYTES_MAX: usize = HEADER_BYTES + HASH_BYTES + END_MARKER.len() + SECTOR_BYTES - 1;

const HASH_BYTES: usize = 16;
pub(super) const MAGIC: [u8; 4] = *b"HFRM";
/// No byte of it is zero and none becomes zero by one flipped bit.
pub(super) const END_MARKER: [u8; 8] = [0xE7, 0x5D, 0xB6, 0x9E, 0x7B, 0xD3, 0xAD, 0xF5];

/// The hash of a frame: BLAKE3 over its header and payload, cut to 16 bytes. Zero before the first frame.
pub type ChainHash = [u8; HASH_BYTES];

/// What a frame is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// It carries records.
    Records,
    /// The journal was idle: a later frame now bears witness of the last batch.
    Seal,
    /// The journal was closed in good order: nothing follows in this segment.
    Clean,
}

impl FrameKind {
    fn code(self) -> u32 {
        match self {
            FrameKind::Records => 1,
            FrameKind::Seal => 2,
            FrameKind::Clean => 3,
        }
    }

    fn from_code(code: u32) -> Option<FrameKind> {
        [FrameKind::Records, FrameKind::Seal, FrameKind::Clean].into_iter().find(|kind| kind.code() == code)
    }
}

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameHeader {
    pub(super) kind: FrameKind,
    /// The seq of the first change; for a frame without records, the one the next change will have.
    pub(super) first_seq: u64,
    pub(super) change_count: u32,
    pub(super) record_count: u32,
    pub(super) payload_bytes: u32,
    /// Sectors that lie wholly inside the payload and are zero by their content.
    pub(super) zero_sector_count: u32,
    /// The watermark: all changes up to here were durable when this frame was written.
    pub(super) durable_seq: u64,
    pub(super) epoch: u64,
    /// The segment's salt: bytes that another segment left on the disk are no frame of this one.
    pub(super) salt: u64,
    pub(super) previous_hash: ChainHash,
}

impl FrameHeader {
    fn encode(&self) -> [u8; HEADER_BYTES] {
        header::encode(&[
            &MAGIC,
            &self.kind.code().to_le_bytes(),
            &self.first_seq.to_le_bytes(),
            &self.change_count.to_le_bytes(),
            &self.record_count.to_le_bytes(),
            &self.payload_bytes.to_le_bytes(),
            &self.zero_sector_count.to_le_bytes(),
            &self.durable_seq.to_le_bytes(),
            &self.epoch.to_le_bytes(),
            &self.salt.to_le_bytes(),
            &self.previous_hash,
            &[0; 4],
        ])
    }

    /// The header at the front of `bytes`, if there is one of the segment with this `salt`.
    pub(super) fn decode(bytes: &[u8], salt: u64) -> Option<FrameHeader> {
        FrameHeader::decode_any(bytes).filter(|header| header.salt == salt)
    }

    /// The header at the front of `bytes`, if there is one, of whatever segment.
    pub(super) fn decode_any(bytes: &[u8]) -> Option<FrameHeader> {
        let header = bytes.get(..HEADER_BYTES).filter(|header| header.starts_with(&MAGIC))?;
        let mut fields = Fields::checked(header)?;
        let _magic: [u8; 4] = fields.take();
        let header = FrameHeader {
            kind: FrameKind::from_code(fields.take_u32())?,
            first_seq: fields.take_u64(),
            change_count: fields.take_u32(),
            record_count: fields.take_u32(),
            payload_bytes: fields.take_u32(),
            zero_sector_count: fields.take_u32(),
            durable_seq: fields.take_u64(),
            epoch: fields.take_u64(),
            salt: fields.take_u64(),
            previous_hash: fields.take(),
        };
        // Changes count from 1; whoever subtracts relies on it.
        (header.first_seq > 0).then_some(header)
    }

    /// The seq after the last change of this frame.
    pub(super) fn next_seq(&self) -> u64 {
        self.first_seq + u64::from(self.change_count)
    }

    /// The frame's length up to and with its end marker.
    pub(super) fn content_bytes(&self) -> usize {
        self.payload_end() + HASH_BYTES + END_MARKER.len()
    }

    /// The frame's length in the segment, whole sectors.
    pub(super) fn frame_bytes(&self) -> usize {
        frame_bytes(self.payload_bytes as usize)
    }

    /// Where the end marker lies within the frame.
    pub(super) fn end_marker_offset(&self) -> usize {
        self.payload_end() + HASH_BYTES
    }

    fn payload_end(&self) -> usize {
        HEADER_BYTES + self.payload_bytes as usize
    }
}

/// A frame whose header and hash hold.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    pub(super) header: FrameHeader,
    pub(super) payload: &'a [u8],
    pub(super) hash: ChainHash,
}

impl<'a> Frame<'a> {
    /// The frame at the front of `bytes`, if all of it is as it was written. The end marker is not
    /// asked: it has no say over a frame whose hash holds.
    pub(super) fn decode(bytes: &'a [u8], salt: u64) -> Option<Frame<'a>> {
        let header = FrameHeader::decode(bytes, salt)?;
        let content = bytes.get(..header.payload_end())?;
        let stored = bytes.get(header.payload_end()..)?.first_chunk::<HASH_BYTES>()?;
        let hash = hash(content);
        (hash == *stored).then_some(Frame { header, payload: &content[HEADER_BYTES..], hash })
    }
}

/// How long a frame with a payload of this length is in the segment.
pub(super) fn frame_bytes(payload_bytes: usize) -> usize {
    (HEADER_BYTES + payload_bytes + HASH_BYTES + END_MARKER.len()).next_multiple_of(SECTOR_BYTES)
}

/// Completes a frame in place: `buffer` holds [`HEADER_BYTES`] of room and the payload behind it, and
/// comes back as whole sectors, ready to be written. Length and zero sectors of `header` are filled in.
pub(super) fn complete(buffer: &mut Vec<u8>, mut header: FrameHeader) -> ChainHash {
    let payload_bytes = buffer.len().checked_sub(HEADER_BYTES).expect("room for the header is in front");
    header.payload_bytes = u32::try_from(payload_bytes).expect("a batch is bounded far below 4 GiB");
    header.zero_sector_count = zero_sector_count(buffer);
    buffer[..HEADER_BYTES].copy_from_slice(&header.encode());
    let hash = hash(buffer);
    buffer.extend_from_slice(&hash);
    buffer.extend_from_slice(&END_MARKER);
    buffer.resize(header.frame_bytes(), 0);
    hash
}

/// How many whole sectors of `bytes`, but for the one that the header lies in, are zero.
pub(super) fn zero_sector_count(bytes: &[u8]) -> u32 {
    let zero_sectors = bytes.chunks_exact(SECTOR_BYTES).skip(1).filter(|sector| is_zero(sector));
    u32::try_from(zero_sectors.count()).expect("a batch is bounded far below 4 GiB")
}

/// `bytes` up to the last one that is not zero.
pub(super) fn without_zeros_behind(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)]
}

/// Whether all of `bytes` are zero.
pub(super) fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

fn hash(content: &[u8]) -> ChainHash {
    *blake3::hash(content).as_bytes().first_chunk().expect("BLAKE3 gives 32 bytes")
}
