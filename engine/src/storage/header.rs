//! Fixed headers: little-endian fields one after another, and the CRC32C of all of them at the end.
//! Every file of the store begins with one, and every frame and block too.

use crate::core::planted::{Bug, is_planted};

const CHECKSUM_BYTES: usize = 4;

/// Puts `fields` one after another and their checksum behind them.
///
/// # Panics
///
/// When the fields are not exactly as long as the header has room for: the layout is a constant.
pub(crate) fn encode<const BYTES: usize>(fields: &[&[u8]]) -> [u8; BYTES] {
    let mut header = [0; BYTES];
    let (content, checksum) = header.split_at_mut(BYTES - CHECKSUM_BYTES);
    let mut filled = 0;
    for field in fields {
        content[filled..filled + field.len()].copy_from_slice(field);
        filled += field.len();
    }
    assert_eq!(filled, content.len(), "the fields fill the header");
    checksum.copy_from_slice(&crc32c::crc32c(content).to_le_bytes());
    header
}

/// The fields of a header whose checksum holds, taken from the front one by one.
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The fields of `header`, or nothing when its checksum does not hold.
    pub(crate) fn checked(header: &'a [u8]) -> Option<Fields<'a>> {
        let (rest, checksum) = header.split_last_chunk::<CHECKSUM_BYTES>()?;
        let holds = crc32c::crc32c(rest) == u32::from_le_bytes(*checksum) || is_planted(Bug::ChecksumNotChecked);
        holds.then_some(Fields { rest })
    }

    /// The next field of `LENGTH` bytes.
    pub(crate) fn take<const LENGTH: usize>(&mut self) -> [u8; LENGTH] {
        let (field, rest) = self.rest.split_first_chunk().expect("the layout is a constant");
        self.rest = rest;
        *field
    }

    /// The next field, four bytes.
    pub(crate) fn take_u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    /// The next field, eight bytes.
    pub(crate) fn take_u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }
}
