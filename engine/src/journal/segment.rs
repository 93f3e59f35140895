//! A segment: one file of the journal, made ahead of use and filled with zeros.
//!
//! ```text
//! journal-00000000000000000007.segment
//! │ header 92, with its own CRC32C │ zeros up to 4096 │ frame │ frame │ … │ zeros │
//! ```
//!
//! Each start of the process begins a new segment, so one segment has one epoch, and nothing is ever
//! written behind a clean marker. A segment ends where the next one's header says so: it carries the
//! seq and the hash that the last frame of this one must have led to.

use crate::core::planted::{Bug, is_planted};
use crate::storage::header::{self, Fields};
use crate::storage::{DataDirectory, DirectoryEntry, StorageError, StorageFile, StoreId};

use super::frame::ChainHash;
use super::{JournalError, Refusal};

/// The newest segment format that this program reads, and the one it writes. In all formats the first
/// 92 bytes have the layout of this one, so that a newer one is known as such.
pub(super) const FORMAT_VERSION: u32 = 1;
/// Where the first frame begins. A page of its own: writing a frame does not write the header again.
pub(super) const FRAMES_OFFSET: usize = 4096;
/// How much of a segment is made zero at a time while the writer waits for it: as fast as the disk goes.
pub(super) const PIECE_WHEN_AWAITED_BYTES: usize = 1 << 20;
/// The same beside a journal that is written to, whose syncs wait behind a piece: with a MiB, p99 beside a million holds that
/// expire is higher (the bench `storm`).
pub(super) const PIECE_AHEAD_BYTES: usize = 128 << 10;
/// The valid tail of a segment being made durable again.
pub(super) const TAIL_FILE: &str = "journal-tail.tmp";

const HEADER_BYTES: usize = 92;
const MAGIC: [u8; 8] = *b"HOLDJRNL";

/// What the chain has come to: the next frame has this seq and carries this hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// The seq of the next change.
    pub(super) next_seq: u64,
    /// The hash of the last frame.
    pub(super) hash: ChainHash,
}

/// The header of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub(super) store_id: StoreId,
    /// Counts the segments of the store from 1, without a gap.
    pub(super) number: u64,
    /// The term of the process that wrote it, raised by one at each start.
    pub(super) epoch: u64,
    pub(super) salt: u64,
    /// The seq of its first change, and the hash of the last frame of the segment before.
    pub(super) link: Link,
    /// The file's length until it is closed in good order: durable before the first frame, so no crash makes it shorter.
    pub(super) segment_bytes: u64,
}

impl SegmentHeader {
    fn encode(&self) -> [u8; HEADER_BYTES] {
        header::encode(&[
            &MAGIC,
            &FORMAT_VERSION.to_le_bytes(),
            &(FRAMES_OFFSET as u32).to_le_bytes(),
            &self.store_id.0,
            &self.number.to_le_bytes(),
            &self.link.next_seq.to_le_bytes(),
            &self.epoch.to_le_bytes(),
            &self.salt.to_le_bytes(),
            &self.link.hash,
            &self.segment_bytes.to_le_bytes(),
        ])
    }

    /// The header in `bytes` and its format version, if it is one.
    pub(super) fn decode(bytes: &[u8; HEADER_BYTES]) -> Option<(u32, SegmentHeader)> {
        let mut fields = Fields::checked(bytes)?;
        if fields.take() != MAGIC {
            return None;
        }
        let version = fields.take_u32();
        let _frames_offset = fields.take_u32();
        let store_id = StoreId(fields.take());
        let number = fields.take_u64();
        let next_seq = fields.take_u64();
        let epoch = fields.take_u64();
        let salt = fields.take_u64();
        let link = Link { next_seq, hash: fields.take() };
        let segment_bytes = fields.take_u64();
        // Changes count from 1; whoever subtracts relies on it.
        (link.next_seq > 0).then_some((version, SegmentHeader { store_id, number, epoch, salt, link, segment_bytes }))
    }
}

/// Puts a file of `bytes`, and zeros behind them up to `file_bytes`, in the place of the segment `name`: durably, and in one
/// step.
pub(super) fn replace(
    directory: &DataDirectory,
    name: &str,
    bytes: &[u8],
    file_bytes: u64,
) -> Result<(), StorageError> {
    let file = directory.create(TAIL_FILE)?;
    file.write_at(bytes, 0)?;
    file.truncate(file_bytes)?;
    file.sync_all()?;
    directory.rename(TAIL_FILE, name)?;
    directory.sync_directory()
}

/// The header at the front of a segment's bytes, if it holds.
pub(super) fn header_of(bytes: &[u8]) -> Option<SegmentHeader> {
    SegmentHeader::decode(bytes.first_chunk()?).map(|(_, header)| header)
}

/// A segment of the directory with a valid header.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) header: SegmentHeader,
    pub(super) bytes: u64,
    /// When it was last written to, in milliseconds since 1970.
    pub(super) modified_ms: u64,
}

impl Segment {
    /// The seq of the first change in it, or of the next one ever if there is none.
    pub(super) fn first_seq(&self) -> u64 {
        self.header.link.next_seq
    }

    /// Its file.
    pub(super) fn name(&self) -> String {
        file_name(self.header.number)
    }
}

/// The file of segment `number`.
pub(super) fn file_name(number: u64) -> String {
    format!("journal-{number:020}.segment")
}

/// The number of the segment whose file has this name, if it is one's.
pub(super) fn parse_file_name(name: &str) -> Option<u64> {
    let number = name.strip_prefix("journal-")?.strip_suffix(".segment")?.parse().ok()?;
    (file_name(number) == name).then_some(number)
}

/// Segment `number` while it is made ahead of use. Each has a name of its own: the one after it is
/// begun before this one is renamed.
pub(super) fn prepared_name(number: u64) -> String {
    format!("journal-{number:020}.tmp")
}

/// Makes segment `number` ahead of use: `bytes` of durable zeros, written `piece_bytes` at a time, under a name that is not yet
/// its own.
pub(super) fn prepare(
    directory: &DataDirectory,
    number: u64,
    bytes: u64,
    piece_bytes: usize,
) -> Result<StorageFile, StorageError> {
    let file = directory.create(&prepared_name(number))?;
    file.set_zeroed_length(bytes, piece_bytes)?;
    Ok(file)
}

/// Removes what was begun and never came to its own name.
pub(super) fn remove_unfinished(directory: &DataDirectory) -> Result<(), StorageError> {
    for entry in directory.list()? {
        if entry.name.starts_with("journal-") && entry.name.ends_with(".tmp") {
            directory.remove(&entry.name)?;
        }
    }
    Ok(())
}

/// Turns the prepared file into the segment with this header: durable header, own name, durable entry.
/// Only then may a record go into it.
pub(super) fn begin(directory: &DataDirectory, file: &StorageFile, header: &SegmentHeader) -> Result<(), StorageError> {
    file.write_at(&header.encode(), 0)?;
    file.sync_data()?;
    directory.rename(&prepared_name(header.number), &file_name(header.number))?;
    if is_planted(Bug::SegmentEntryNotSynced) { Ok(()) } else { directory.sync_directory() }
}

/// All segments of the directory in order, each header checked, the series without a gap.
///
/// # Errors
///
/// A damaged header, a foreign store, a newer format, or a series that does not hang together.
pub(super) fn list(directory: &DataDirectory) -> Result<Vec<Segment>, JournalError> {
    let (segments, broken) = list_until_broken(directory)?;
    broken.map_or(Ok(segments), Err)
}

/// The segments up to the first one that [`list`] refuses, and that refusal.
pub(super) fn list_until_broken(
    directory: &DataDirectory,
) -> Result<(Vec<Segment>, Option<JournalError>), StorageError> {
    let mut segments: Vec<Segment> = Vec::new();
    for entry in directory.list()? {
        let Some(number) = parse_file_name(&entry.name) else { continue };
        match read_successor(directory, &entry, number, segments.last()) {
            Ok(segment) => segments.push(segment),
            Err(error) => return Ok((segments, Some(error))),
        }
    }
    Ok((segments, None))
}

fn read_successor(
    directory: &DataDirectory,
    entry: &DirectoryEntry,
    number: u64,
    last: Option<&Segment>,
) -> Result<Segment, JournalError> {
    let segment = read_header(directory, entry)?;
    let follows = last.is_none_or(|last| is_successor(&last.header, &segment.header));
    if segment.header.number != number || !follows {
        return Err(refused(&entry.name, segment.first_seq(), Refusal::SeriesBroken));
    }
    Ok(segment)
}

fn is_successor(last: &SegmentHeader, next: &SegmentHeader) -> bool {
    next.number == last.number + 1 && next.epoch >= last.epoch && next.link.next_seq >= last.link.next_seq
}

fn read_header(directory: &DataDirectory, entry: &DirectoryEntry) -> Result<Segment, JournalError> {
    if entry.bytes < FRAMES_OFFSET as u64 {
        return Err(refused(&entry.name, 0, Refusal::HeaderDamaged));
    }
    let mut bytes = [0; HEADER_BYTES];
    directory.open_file(&entry.name)?.read_at(&mut bytes, 0)?;
    let (found, header) =
        SegmentHeader::decode(&bytes).ok_or_else(|| refused(&entry.name, 0, Refusal::HeaderDamaged))?;
    if found > FORMAT_VERSION {
        return Err(JournalError::NewerVersion { file: entry.name.clone(), found, supported: FORMAT_VERSION });
    }
    if header.store_id != directory.store_id() {
        return Err(JournalError::ForeignStore { file: entry.name.clone() });
    }
    Ok(Segment { header, bytes: entry.bytes, modified_ms: entry.modified_ms })
}

fn refused(file: &str, seq: u64, reason: Refusal) -> JournalError {
    JournalError::Refused { file: file.to_owned(), offset: 0, seq, reason }
}
