//! What the first frame that does not validate means. A pure function from bytes and facts.
//!
//! The rules, in their order: rotated end → go on · known durable →
//! refuse · valid data after it, or not the last segment → refuse · shorter than it was made → refuse ·
//! only zeros → end · after a clean stop → refuse · provably unfinished write → quarantine · anything else → refuse.
//!
//! **Invariant.** Nothing here guesses in favour of going on: each way to go on is a proof that no
//! acknowledged change is lost by it. One frame is in flight at a time and each of its sectors is on
//! disk or not, so what a crash leaves is one frame with sectors missing, and zeros behind it.

use std::fmt;

use super::frame::{self, END_MARKER, FrameHeader, HEADER_BYTES, SECTOR_BYTES};
use super::segment::Link;
use crate::core::planted::{Bug, is_planted};

#[cfg(test)]
mod tests;

/// What recovery knows when it meets the first frame that does not validate.
pub(super) struct Facts<'a> {
    /// The whole segment.
    pub(super) segment: &'a [u8],
    /// Where the frame would begin.
    pub(super) offset: usize,
    pub(super) salt: u64,
    pub(super) epoch: u64,
    /// What the frame would have to carry.
    pub(super) expected: Link,
    /// What the header of the next segment says this one led to, if there is a next segment.
    pub(super) next_segment: Option<Link>,
    /// The seq of the snapshot, 0 without one.
    pub(super) snapshot_seq: u64,
    /// Whether the frame before is a clean marker.
    pub(super) after_clean_stop: bool,
    /// How long the segment was made. A clean stop cuts the unused rest off, and nothing else does.
    pub(super) segment_bytes: u64,
}

/// What the first frame that does not validate means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The segment is complete, the next one goes on from here.
    RotatedEnd,
    /// Only zeros: the journal ends here.
    End,
    /// The last write was not finished and nothing of it was acknowledged.
    Unfinished(Proof),
    /// Going on might lose or change something.
    Refuse(Refusal),
}

/// Why a write is known not to have been finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The frame reaches past the end of the file.
    PastTheEnd,
    /// One of its sectors is zero that was not zero in memory.
    ZeroSector,
    /// It breaks off before the end of its marker, and only zeros follow.
    IncompleteEndMarker,
}

/// Why the journal cannot be opened as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The segment's header is not what was written.
    HeaderDamaged,
    /// A segment is missing, has another one's name, or does not follow the one before.
    SeriesBroken,
    /// The frame is damaged or missing, and it was durable.
    KnownDurable {
        /// All changes up to this one were durable by a later frame or segment.
        durable_seq: u64,
    },
    /// The frame is damaged or missing, and a snapshot holds its changes.
    SnapshotNewer {
        /// The seq of the snapshot.
        snapshot_seq: u64,
    },
    /// The frame is damaged, and a valid one lies behind it.
    ValidDataAfter {
        /// Where the valid one begins.
        offset: u64,
    },
    /// The frame is damaged, and a segment follows.
    NotLastSegment,
    /// There are bytes behind the marker of a clean stop.
    AfterCleanStop,
    /// The file is shorter than it was made, and no clean stop has cut it.
    Truncated {
        /// How long it was made.
        segment_bytes: u64,
    },
    /// The frame is whole but follows another one than the one before it.
    ChainBroken,
    /// The frame is damaged and nothing proves that it was never finished.
    Damaged,
    /// The frame is whole but its records do not add up to what its header says.
    RecordsDisagree,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::HeaderDamaged => write!(formatter, "the segment's header is damaged"),
            Refusal::SeriesBroken => write!(formatter, "the segment does not follow the one before"),
            Refusal::KnownDurable { durable_seq } => {
                write!(formatter, "the frame is damaged or missing, but was durable up to seq {durable_seq}")
            }
            Refusal::SnapshotNewer { snapshot_seq } => {
                write!(formatter, "the frame is damaged or missing, but a snapshot stands at seq {snapshot_seq}")
            }
            Refusal::ValidDataAfter { offset } => {
                write!(formatter, "the frame is damaged, but valid data follows at offset {offset}")
            }
            Refusal::NotLastSegment => write!(formatter, "the frame is damaged, but a segment follows"),
            Refusal::AfterCleanStop => write!(formatter, "there is data behind the marker of a clean stop"),
            Refusal::Truncated { segment_bytes } => {
                write!(formatter, "the segment was {segment_bytes} bytes long, and its end is missing")
            }
            Refusal::ChainBroken => write!(formatter, "the frame does not follow the one before"),
            Refusal::Damaged => write!(formatter, "the frame is damaged, and not by an unfinished write"),
            Refusal::RecordsDisagree => write!(formatter, "the frame's records do not add up"),
        }
    }
}

/// Decides what the first frame that does not validate means.
pub(super) fn decide(facts: &Facts<'_>) -> Verdict {
    if facts.next_segment == Some(facts.expected) {
        return Verdict::RotatedEnd;
    }
    let after = facts.valid_data_after();
    let durable_seq = facts.durable_seq(after);
    if durable_seq >= facts.expected.next_seq {
        return Verdict::Refuse(Refusal::KnownDurable { durable_seq });
    }
    if facts.snapshot_seq >= facts.expected.next_seq {
        return Verdict::Refuse(Refusal::SnapshotNewer { snapshot_seq: facts.snapshot_seq });
    }
    if let Some(after) = after {
        return Verdict::Refuse(Refusal::ValidDataAfter { offset: after.offset as u64 });
    }
    if facts.next_segment.is_some() {
        return Verdict::Refuse(Refusal::NotLastSegment);
    }
    if !facts.after_clean_stop && (facts.segment.len() as u64) < facts.segment_bytes {
        return Verdict::Refuse(Refusal::Truncated { segment_bytes: facts.segment_bytes });
    }
    if frame::is_zero(facts.rest()) {
        return Verdict::End;
    }
    if facts.after_clean_stop {
        return Verdict::Refuse(Refusal::AfterCleanStop);
    }
    if facts.is_out_of_chain() {
        return Verdict::Refuse(Refusal::ChainBroken);
    }
    match facts.unfinished() {
        Some(proof) => Verdict::Unfinished(proof),
        None if is_planted(Bug::DamageIsTheEnd) => Verdict::End,
        None => Verdict::Refuse(Refusal::Damaged),
    }
}

/// The frame headers behind the first frame that does not validate.
#[derive(Clone, Copy)]
struct ValidData {
    /// Where the first of them is.
    offset: usize,
    /// The highest watermark among them.
    durable_seq: u64,
}

impl Facts<'_> {
    fn rest(&self) -> &[u8] {
        &self.segment[self.offset..]
    }

    /// Looks at every later sector for a frame header of this segment.
    fn valid_data_after(&self) -> Option<ValidData> {
        let sectors = self.rest().chunks(SECTOR_BYTES).enumerate().skip(1);
        let mut headers = sectors.filter_map(|(index, sector)| {
            let header = FrameHeader::decode(sector, self.salt)?;
            Some((self.offset + index * SECTOR_BYTES, header.durable_seq))
        });
        let (offset, first_durable_seq) = headers.next()?;
        let durable_seq = headers.map(|(_, durable_seq)| durable_seq).fold(first_durable_seq, u64::max);
        Some(ValidData { offset, durable_seq })
    }

    /// The highest seq that the journal itself says was durable.
    fn durable_seq(&self, after: Option<ValidData>) -> u64 {
        let by_watermark = after.map_or(0, |after| after.durable_seq);
        let by_next_segment = self.next_segment.map_or(0, |link| link.next_seq - 1);
        by_watermark.max(by_next_segment)
    }

    /// Whether the frame has a valid header that does not belong here.
    fn is_out_of_chain(&self) -> bool {
        FrameHeader::decode(self.rest(), self.salt).is_some_and(|header| !follows(&header, self.expected, self.epoch))
    }

    fn unfinished(&self) -> Option<Proof> {
        match FrameHeader::decode(self.rest(), self.salt) {
            Some(header) => unfinished_behind(&header, self.rest()),
            None => unfinished_without_header(self.rest()),
        }
    }
}

/// Whether a frame is the one that belongs behind `expected`.
pub(super) fn follows(header: &FrameHeader, expected: Link, epoch: u64) -> bool {
    header.first_seq == expected.next_seq
        && (header.previous_hash == expected.hash || is_planted(Bug::ChainNotChecked))
        && header.epoch == epoch
        && header.durable_seq < header.first_seq
}

fn unfinished_behind(header: &FrameHeader, rest: &[u8]) -> Option<Proof> {
    if header.content_bytes() > rest.len() {
        return Some(Proof::PastTheEnd);
    }
    let (frame, behind) = rest.split_at(header.frame_bytes().min(rest.len()));
    if !frame::is_zero(behind) {
        return None;
    }
    if frame::zero_sector_count(frame) > header.zero_sector_count {
        return Some(Proof::ZeroSector);
    }
    is_cut_off(&frame[header.end_marker_offset()..]).then_some(Proof::IncompleteEndMarker)
}

/// Without a header the frame's length is not known. Its first sector is, and that a frame with a
/// header has something behind it.
fn unfinished_without_header(rest: &[u8]) -> Option<Proof> {
    if rest.len() < HEADER_BYTES {
        return Some(Proof::PastTheEnd);
    }
    if frame::is_zero(&rest[..SECTOR_BYTES.min(rest.len())]) {
        // One frame was in flight: a second one behind it, even a damaged one, tells another story.
        let is_frame = |sector: &[u8]| sector.starts_with(&frame::MAGIC);
        return (!rest.chunks(SECTOR_BYTES).any(is_frame)).then_some(Proof::ZeroSector);
    }
    frame::is_zero(&rest[HEADER_BYTES..]).then_some(Proof::IncompleteEndMarker)
}

/// Whether `bytes` are the beginning of an end marker, less than all of it, and zeros.
fn is_cut_off(bytes: &[u8]) -> bool {
    let written = bytes.iter().zip(END_MARKER).take_while(|(byte, expected)| **byte == *expected).count();
    written < END_MARKER.len() && frame::is_zero(&bytes[written..])
}
