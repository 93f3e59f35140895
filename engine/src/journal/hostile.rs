//! The decoders of this module, for tests that feed them bytes nobody wrote.

use super::frames::Frames;
use super::segment::{self, Link, SegmentHeader};
use super::{buffer, frame, tail};

/// Reads the header of a segment.
pub(crate) fn decode_segment_header(bytes: &[u8]) -> bool {
    segment::header_of(bytes).is_some()
}

/// Follows the frames of a segment, gives out their records, and judges what is behind them.
pub(crate) fn decode_frames(bytes: &[u8], record: &mut dyn FnMut(&[u8])) {
    let Some(header) = segment::header_of(bytes) else { return };
    let mut frames = Frames::of(&header, bytes);
    for (_, frame) in frames.by_ref() {
        let mut payload = frame.payload;
        while let Some(found) = buffer::split_record(&mut payload) {
            record(found.bytes);
        }
    }
    judge(&header, bytes, frames.offset(), frames.link());
}

fn judge(header: &SegmentHeader, bytes: &[u8], offset: usize, expected: Link) {
    let (salt, epoch, segment_bytes) = (header.salt, header.epoch, bytes.len() as u64);
    let facts = tail::Facts {
        segment: bytes,
        offset,
        salt,
        epoch,
        expected,
        next_segment: None,
        snapshot_seq: 0,
        after_clean_stop: false,
        segment_bytes,
    };
    let verdict = tail::decide(&facts);
    assert!(!matches!(verdict, tail::Verdict::RotatedEnd), "no segment follows");
    // A frame without checksums that are right is never taken for one.
    assert!(frame::Frame::decode(&bytes[offset..], salt).is_none_or(|frame| !tail::follows(
        &frame.header,
        expected,
        epoch
    )));
}

/// Puts the hash of the frame at the front of `frames` right, as far as its header lets it.
pub(crate) fn put_first_hash_right(frames: &mut [u8]) {
    let Some(header) = frame::FrameHeader::decode_any(frames) else { return };
    let hash_at = header.end_marker_offset() - size_of::<super::ChainHash>();
    if header.end_marker_offset() <= frames.len() {
        let hash = *blake3::hash(&frames[..hash_at]).as_bytes();
        frames[hash_at..header.end_marker_offset()].copy_from_slice(&hash[..size_of::<super::ChainHash>()]);
    }
}
