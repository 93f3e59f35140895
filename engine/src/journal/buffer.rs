//! Records on their way into a frame, and out of it.
//!
//! ```text
//! payload = record…      record = length 4 │ change count 4 │ bytes        (little-endian)
//! ```

/// The longest record, in bytes. Commands are bounded far below this, so a longer one is a bug.
/// A journal with a smaller `batch_bytes_max` has that, less 8, as its bound.
pub const RECORD_BYTES_MAX: usize = 512 << 10;

/// What a record is longer by in a payload.
pub(super) const RECORD_OVERHEAD_BYTES: usize = 8;

/// Encoded records, gathered by one producer and appended with
/// [`Journal::append_slice`](super::Journal::append_slice). Keep it and clear it: the space is used again.
#[derive(Debug, Default)]
pub struct RecordBuffer {
    /// The records in the layout of a payload.
    payload: Vec<u8>,
    record_count: u32,
    change_count: u32,
    longest_record_bytes: usize,
}

impl RecordBuffer {
    /// A buffer without records.
    pub fn new() -> RecordBuffer {
        RecordBuffer::default()
    }

    /// Adds one record of `change_count` changes, at least one, which `encode` appends to the vector.
    ///
    /// # Panics
    ///
    /// When the record has no changes or is longer than [`RECORD_BYTES_MAX`].
    pub fn push(&mut self, change_count: u32, encode: impl FnOnce(&mut Vec<u8>)) {
        let start = self.payload.len();
        self.payload.extend_from_slice(&[0; RECORD_OVERHEAD_BYTES]);
        encode(&mut self.payload);
        let record_bytes = self.payload.len().checked_sub(start + RECORD_OVERHEAD_BYTES);
        let record_bytes = record_bytes.expect("encoding only appends");
        let record_header = record_header(record_bytes, change_count);
        self.payload[start..start + RECORD_OVERHEAD_BYTES].copy_from_slice(&record_header);
        self.record_count += 1;
        self.change_count = self.change_count.checked_add(change_count).expect("a slice is bounded far below this");
        self.longest_record_bytes = self.longest_record_bytes.max(record_bytes);
    }

    /// Whether there are no records in it.
    pub fn is_empty(&self) -> bool {
        self.record_count == 0
    }

    /// How many changes the records have together.
    pub fn change_count(&self) -> u32 {
        self.change_count
    }

    /// How many records there are.
    pub fn record_count(&self) -> u32 {
        self.record_count
    }

    /// Forgets the records and keeps the space.
    pub fn clear(&mut self) {
        self.payload.clear();
        self.record_count = 0;
        self.change_count = 0;
        self.longest_record_bytes = 0;
    }

    pub(super) fn payload(&self) -> &[u8] {
        &self.payload
    }

    pub(super) fn longest_record_bytes(&self) -> usize {
        self.longest_record_bytes
    }
}

/// What stands in front of a record in a payload.
pub(super) fn record_header(record_bytes: usize, change_count: u32) -> [u8; RECORD_OVERHEAD_BYTES] {
    assert!(change_count > 0, "a record has at least one change");
    assert!(record_bytes <= RECORD_BYTES_MAX, "a record of {record_bytes} bytes is a bug");
    let mut header = [0; RECORD_OVERHEAD_BYTES];
    header[..4].copy_from_slice(&(record_bytes as u32).to_le_bytes());
    header[4..].copy_from_slice(&change_count.to_le_bytes());
    header
}

/// A record in a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub(super) change_count: u32,
    pub(super) bytes: &'a [u8],
}

/// Takes the record at the front of `payload` off it. Nothing when there is no whole record.
pub(super) fn split_record<'a>(payload: &mut &'a [u8]) -> Option<Record<'a>> {
    let (length, rest) = payload.split_first_chunk()?;
    let (change_count, rest) = rest.split_first_chunk()?;
    let (bytes, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    *payload = rest;
    Some(Record { change_count: u32::from_le_bytes(*change_count), bytes })
}
