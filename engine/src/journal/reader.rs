//! Reading durable records back while the journal runs: for feeds that catch up, and for exports.
//!
//! A reader shares nothing with the writer but two figures, the durable seq and the list of segments.
//! Frames up to the durable seq are never written again, so it needs no lock on the files.

use std::ops::ControlFlow;

use crate::storage::StorageFile;

use super::buffer::split_record;
use super::frame::{Frame, FrameHeader, SECTOR_BYTES};
use super::segment::{self, FRAMES_OFFSET, Link, SegmentHeader};
use super::{JournalError, Refusal, Shared, Visit};

/// Visits the durable records that have a change behind `after_seq`, in order.
pub(super) fn read(shared: &Shared, after_seq: u64, visit: &mut Visit<'_>) -> Result<(), JournalError> {
    let durable_seq = shared.queue.durable_seq();
    if after_seq >= durable_seq {
        return Ok(());
    }
    let segments = shared.segments();
    let behind = segments.partition_point(|header| header.link.next_seq <= after_seq + 1);
    let Some(start) = behind.checked_sub(1) else {
        return Err(JournalError::Retired { after_seq, first_seq: segments[0].link.next_seq });
    };
    let mut buffer = Vec::new();
    for header in &segments[start..] {
        if header.link.next_seq > durable_seq {
            break;
        }
        let mut walk = Walk::open(shared, header, after_seq, std::mem::take(&mut buffer))?;
        while walk.next_seq <= durable_seq {
            match walk.frame(visit)? {
                Step::Frame => {}
                Step::End => break,
                Step::Stopped => return Ok(()),
            }
        }
        buffer = walk.buffer;
    }
    Ok(())
}

/// What was found where a frame might begin.
enum Step {
    Frame,
    End,
    /// The visitor has had enough.
    Stopped,
}

/// A walk over the frames of one segment.
struct Walk<'a> {
    segment: &'a SegmentHeader,
    /// The header of the next segment, if there is one: what this one must lead to.
    next_segment: Option<Link>,
    file: StorageFile,
    file_bytes: u64,
    offset: u64,
    next_seq: u64,
    after_seq: u64,
    buffer: Vec<u8>,
}

impl<'a> Walk<'a> {
    fn open(
        shared: &Shared,
        segment: &'a SegmentHeader,
        after_seq: u64,
        buffer: Vec<u8>,
    ) -> Result<Walk<'a>, JournalError> {
        let file = shared.directory.open_file(&segment::file_name(segment.number)).map_err(|error| {
            // It may have been dropped since the list was made; then that is the answer.
            match shared.segments().first() {
                Some(first) if first.number > segment.number => {
                    JournalError::Retired { after_seq, first_seq: first.link.next_seq }
                }
                _ => JournalError::Storage(error),
            }
        })?;
        let next_segment =
            shared.segments().iter().find(|next| next.number == segment.number + 1).map(|next| next.link);
        let file_bytes = file.len()?;
        let (offset, next_seq) = (FRAMES_OFFSET as u64, segment.link.next_seq);
        Ok(Walk { segment, next_segment, file, file_bytes, offset, next_seq, after_seq, buffer })
    }

    /// Visits the records of the next frame, or skips it unread when all of it is known.
    fn frame(&mut self, visit: &mut Visit<'_>) -> Result<Step, JournalError> {
        let Some(header) = self.header()? else { return self.end() };
        if header.next_seq() > self.after_seq + 1 {
            self.load(&header)?;
            let frame = Frame::decode(&self.buffer, self.segment.salt).ok_or_else(|| self.damaged())?;
            if visit_records(&frame, self.after_seq, visit).is_break() {
                return Ok(Step::Stopped);
            }
        }
        self.offset += header.frame_bytes() as u64;
        self.next_seq = header.next_seq();
        Ok(Step::Frame)
    }

    /// The header at the current offset, if there is the one that belongs here.
    fn header(&mut self) -> Result<Option<FrameHeader>, JournalError> {
        if self.offset + SECTOR_BYTES as u64 > self.file_bytes {
            return Ok(None);
        }
        self.buffer.resize(SECTOR_BYTES, 0);
        self.file.read_at(&mut self.buffer, self.offset)?;
        let header = FrameHeader::decode(&self.buffer, self.segment.salt);
        Ok(header.filter(|header| header.first_seq == self.next_seq))
    }

    /// Reads the whole frame; its first sector is there already.
    fn load(&mut self, header: &FrameHeader) -> Result<(), JournalError> {
        self.buffer.resize(header.frame_bytes(), 0);
        let behind = self.offset + SECTOR_BYTES as u64;
        Ok(self.file.read_at(&mut self.buffer[SECTOR_BYTES..], behind)?)
    }

    /// No frame: right where the next segment goes on, and damage anywhere else.
    fn end(&self) -> Result<Step, JournalError> {
        match self.next_segment {
            Some(link) if link.next_seq == self.next_seq => Ok(Step::End),
            _ => Err(self.damaged()),
        }
    }

    fn damaged(&self) -> JournalError {
        JournalError::Refused {
            file: segment::file_name(self.segment.number),
            offset: self.offset,
            seq: self.next_seq,
            reason: Refusal::KnownDurable { durable_seq: self.next_seq },
        }
    }
}

fn visit_records(frame: &Frame<'_>, after_seq: u64, visit: &mut Visit<'_>) -> ControlFlow<()> {
    let mut payload = frame.payload;
    let mut seq = frame.header.first_seq;
    while let Some(record) = split_record(&mut payload) {
        let first_seq = seq;
        seq += u64::from(record.change_count);
        if seq > after_seq + 1 {
            visit(first_seq, record.change_count, record.bytes)?;
        }
    }
    ControlFlow::Continue(())
}
