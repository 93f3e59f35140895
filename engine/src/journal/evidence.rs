//! What lies behind damage and still tells how far the journal once went: headers of later frames and segments. They are
//! asked only how much is lost, never for the changes themselves.

use crate::storage::{DataDirectory, StorageError};

use super::frame::{FrameHeader, SECTOR_BYTES};
use super::segment::{FRAMES_OFFSET, header_of};
use super::walk::{JournalFiles, Place};

/// The highest seq that is known of by anything from `place` on, 0 if nothing is.
///
/// # Errors
///
/// [`StorageError::Io`] when a segment cannot be read.
pub(crate) fn known_seq(directory: &DataDirectory, place: Place) -> Result<u64, StorageError> {
    let mut bytes = Vec::new();
    directory.open_file(&place.file())?.read_all(&mut bytes)?;
    let offset = bytes.len().min(usize::try_from(place.offset).unwrap_or(usize::MAX));
    let mut known = known_by_frames(&bytes[offset..], header_of(&bytes).map(|header| header.salt));
    for name in JournalFiles::behind(directory, place)? {
        directory.open_file(&name)?.read_all(&mut bytes)?;
        let header = header_of(&bytes);
        let by_header = header.map_or(0, |header| header.link.next_seq - 1);
        let frames = bytes.get(FRAMES_OFFSET..).unwrap_or_default();
        known = known.max(by_header).max(known_by_frames(frames, header.map(|header| header.salt)));
    }
    Ok(known)
}

/// Asks every sector that begins with a frame's header. Where the segment's own header is lost, so is its salt, and each
/// header is believed.
fn known_by_frames(bytes: &[u8], salt: Option<u64>) -> u64 {
    let headers = bytes.chunks(SECTOR_BYTES).filter_map(FrameHeader::decode_any);
    let own = headers.filter(|header| salt.is_none_or(|salt| header.salt == salt));
    own.map(|header| header.durable_seq.max(header.next_seq() - 1)).max().unwrap_or(0)
}
