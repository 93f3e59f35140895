//! How records and snapshot rows become bytes: bincode with fixed-width integers, little endian, always with a limit.
//!
//! The only file that names bincode. Length, checksum and order are the business of the frames around the bytes
//! ([`crate::journal`], [`crate::snapshot`]); this file adds a version and insists that every byte is consumed.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::core::change::{By, Change, Record};
use crate::core::id::EventNumber;

/// The layout of records and rows that this build writes. A later layout gets the next number and its own frozen types.
const LAYOUT_VERSION: u8 = 1;

/// Decoding never allocates more than this for one record or block, whatever lengths its bytes claim.
const DECODE_BYTES_MAX: usize = 16 << 20;

/// Why bytes are no record or row of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Written by another build.
    #[error("layout version {found}, but this build reads {LAYOUT_VERSION}")]
    Version {
        /// The version found.
        found: u8,
    },
    /// There is nothing.
    #[error("no bytes")]
    Empty,
    /// The bytes do not follow the layout.
    #[error("malformed: {0}")]
    Malformed(String),
    /// The bytes go on after the end.
    #[error("{0} bytes left over")]
    LeftOver(usize),
}

/// A [`Record`] whose changes are still somebody's buffer. Same layout.
#[derive(Serialize)]
struct RecordParts<'a> {
    event: EventNumber,
    at_ms: u64,
    by: &'a By,
    changes: &'a [Change],
}

/// Appends a record to `bytes`.
pub fn encode_record(event: EventNumber, at_ms: u64, by: &By, changes: &[Change], bytes: &mut Vec<u8>) {
    encode(&RecordParts { event, at_ms, by, changes }, bytes);
}

/// Reads a record back.
pub fn decode_record(bytes: &[u8]) -> Result<Record, DecodeError> {
    decode(bytes)
}

/// Appends any flat value to `bytes`.
pub fn encode<T: Serialize>(value: &T, bytes: &mut Vec<u8>) {
    bytes.push(LAYOUT_VERSION);
    bincode::serde::encode_into_std_write(value, bytes, layout()).expect("writing to memory does not fail");
}

/// Reads any flat value back.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    let (version, bytes) = bytes.split_first().ok_or(DecodeError::Empty)?;
    if *version != LAYOUT_VERSION {
        return Err(DecodeError::Version { found: *version });
    }
    let decoded = bincode::serde::decode_from_slice(bytes, layout().with_limit::<DECODE_BYTES_MAX>());
    let (value, consumed) = decoded.map_err(|error| DecodeError::Malformed(error.to_string()))?;
    if consumed < bytes.len() {
        return Err(DecodeError::LeftOver(bytes.len() - consumed));
    }
    Ok(value)
}

fn layout() -> bincode::config::Configuration<bincode::config::LittleEndian, bincode::config::Fixint> {
    bincode::config::standard().with_fixed_int_encoding()
}

#[cfg(test)]
mod tests;
