//! Following the chain: the frames of one segment in order, for as long as each is whole and follows the one before.

use super::frame::Frame;
use super::segment::{FRAMES_OFFSET, Link, SegmentHeader};
use super::tail;

/// The frames of a segment, each with the offset it begins at. Ends at the first bytes that are not the next frame; what
/// these mean is for [`tail::decide`].
pub(super) struct Frames<'a> {
    bytes: &'a [u8],
    header: &'a SegmentHeader,
    offset: usize,
    link: Link,
}

impl<'a> Frames<'a> {
    /// The frames of the segment with this header, whose whole file is `bytes`.
    pub(super) fn of(header: &'a SegmentHeader, bytes: &'a [u8]) -> Frames<'a> {
        Frames { bytes, header, offset: FRAMES_OFFSET, link: header.link }
    }

    /// Behind the last frame that was given out, within the file.
    pub(super) fn offset(&self) -> usize {
        self.offset.min(self.bytes.len())
    }

    /// What the frame behind that one has to follow.
    pub(super) fn link(&self) -> Link {
        self.link
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = (usize, Frame<'a>);

    fn next(&mut self) -> Option<(usize, Frame<'a>)> {
        let offset = self.offset();
        let frame = Frame::decode(&self.bytes[offset..], self.header.salt)?;
        if !tail::follows(&frame.header, self.link, self.header.epoch) {
            return None;
        }
        self.offset = offset + frame.header.frame_bytes();
        self.link = Link { next_seq: frame.header.next_seq(), hash: frame.hash };
        Some((offset, frame))
    }
}
