//! Reading the segments of a journal that may be written to meanwhile: for `backup`.
//!
//! Frames that were acknowledged are never written again, so what was read of them stays true. The end of the live segment
//! moves: it is read until what was seen there is an end that recovery would accept too. So a copy never has a hole.

use crate::storage::DataDirectory;

use super::frames::Frames;
use super::segment::{Link, Segment};
use super::tail::{self, Facts, Verdict};
use super::walk::JournalFiles;
use super::{JournalError, Refusal};

/// How often the end of the live segment is read before what is seen there is taken for damage. A write that is seen in
/// the midst is over in microseconds, a read of what is left of the segment takes longer.
const READS_MAX: u32 = 16;

/// What a copy of a segment has to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SegmentCopy {
    /// The file.
    pub(crate) file: String,
    /// The length of the whole segment: behind the last frame it is zero.
    pub(crate) file_bytes: u64,
    /// Behind the last whole frame.
    pub(crate) valid_bytes: usize,
}

impl JournalFiles {
    /// Reads segment `index` of the list into `bytes` and tells how much of it is to be copied.
    ///
    /// # Errors
    ///
    /// [`JournalError::Refused`] for damage, [`JournalError::Storage`] by the disk, also when the segment was dropped since
    /// the list was made.
    pub(crate) fn read_for_copy(
        &self,
        directory: &DataDirectory,
        index: usize,
        bytes: &mut Vec<u8>,
    ) -> Result<SegmentCopy, JournalError> {
        let segment = &self.segments()[index];
        let next_segment = self.segments().get(index + 1).map(|next| next.header.link);
        let file = directory.open_file(&segment.name())?;
        file.read_all(bytes)?;
        let mut reads = 1;
        let valid_bytes = loop {
            match judge(segment, next_segment, bytes) {
                Ok(valid_bytes) => break valid_bytes,
                Err(Refused { .. }) if next_segment.is_none() && reads < READS_MAX => {
                    file.read_all(bytes)?;
                    reads += 1;
                }
                Err(refused) => return Err(refused.of(segment)),
            }
        };
        Ok(SegmentCopy { file: segment.name(), file_bytes: bytes.len() as u64, valid_bytes })
    }
}

/// Where and why the bytes are not the segment they should be.
struct Refused {
    offset: usize,
    seq: u64,
    reason: Refusal,
}

impl Refused {
    fn of(self, segment: &Segment) -> JournalError {
        let Refused { offset, seq, reason } = self;
        JournalError::Refused { file: segment.name(), offset: offset as u64, seq, reason }
    }
}

/// How far the frames reach, if recovery would accept what is behind them.
fn judge(segment: &Segment, next_segment: Option<Link>, bytes: &[u8]) -> Result<usize, Refused> {
    let header = &segment.header;
    let mut frames = Frames::of(header, bytes);
    let last = frames.by_ref().last();
    let facts = Facts {
        segment: bytes,
        offset: frames.offset(),
        salt: header.salt,
        epoch: header.epoch,
        expected: frames.link(),
        next_segment,
        snapshot_seq: 0,
        after_clean_stop: last.is_some_and(|(_, frame)| frame.header.kind == super::FrameKind::Clean),
        segment_bytes: header.segment_bytes,
    };
    match tail::decide(&facts) {
        Verdict::Refuse(reason) => Err(Refused { offset: facts.offset, seq: facts.expected.next_seq, reason }),
        Verdict::RotatedEnd | Verdict::End | Verdict::Unfinished(_) => Ok(facts.offset),
    }
}
