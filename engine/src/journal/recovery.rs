//! Opening: from the files to the last durable change.
//!
//! Nothing is changed before everything is read and accepted, so a refusal leaves the directory as it
//! was. Segments that the snapshot covers wholly are not read; `verify` is for them.

use std::time::Duration;

use crate::core::planted::{Bug, is_planted};
use crate::storage::{DataDirectory, StorageError};

use super::buffer::split_record;
use super::frame::{self, Frame, FrameKind};
use super::frames::Frames;
use super::report::RecoveryReport;
use super::segment::{self, Link, Segment, SegmentHeader};
use super::tail::{self, Facts, Proof, Verdict};
use super::walk::{AtFrame, FrameSeen};
use super::{Apply, JournalError, Refusal, SnapshotPoint};

/// Where the journal stands after recovery.
pub(super) struct Recovered {
    /// What the next frame follows.
    pub(super) link: Link,
    /// The segments there are, oldest first.
    pub(super) segments: Vec<SegmentHeader>,
    pub(super) report: RecoveryReport,
}

/// A journal that was read and accepted. No file was changed yet.
pub(super) struct Examined {
    link: Link,
    segments: Vec<Segment>,
    /// Where the last segment ends, if there is one.
    end: Option<SegmentEnd>,
    /// The highest epoch so far.
    epoch: u64,
    report: RecoveryReport,
}

/// Replays the journal behind the snapshot and decides about its end. Changes nothing.
pub(super) fn examine(
    directory: &DataDirectory,
    snapshot: SnapshotPoint,
    apply: &mut Apply<'_>,
) -> Result<Examined, JournalError> {
    let segments = segment::list(directory)?;
    let start = start_index(&segments, snapshot)?;
    let mut replay = Replay::new(snapshot, apply);
    let end = replay.segments(directory, &segments[start..])?;
    replay.check_snapshot_met()?;
    let epoch = segments.last().map_or(0, |last| last.header.epoch).max(snapshot.epoch);
    Ok(Examined { link: replay.link, end, epoch, report: replay.report, segments })
}

impl Examined {
    /// The seq of the last change.
    pub(super) fn last_seq(&self) -> u64 {
        self.link.next_seq - 1
    }

    /// Makes the end of the journal safe to go on from.
    pub(super) fn settle(mut self, directory: &DataDirectory) -> Result<Recovered, StorageError> {
        // First, so that a full disk has room for what follows.
        segment::remove_unfinished(directory)?;
        if let (Some(end), Some(last)) = (&self.end, self.segments.last()) {
            self.report.clean = end.clean;
            self.report.quarantined_file = quarantine(directory, last, end)?;
            self.report.quarantined_bytes = end.unfinished().len() as u64;
            // Also after a clean stop: its marker may have been killed before its sync returned.
            if !is_planted(Bug::TailNotMadeDurable) {
                make_durable_again(directory, last, end)?;
            }
        }
        self.report.epoch = self.epoch + 1;
        self.report.last_seq = self.link.next_seq - 1;
        self.report.chain_hash = self.link.hash;
        let segments = self.segments.into_iter().map(|segment| segment.header).collect();
        Ok(Recovered { link: self.link, segments, report: self.report })
    }
}

/// The segment to begin with: the one that holds the snapshot's last change, so that the chain hash of
/// the snapshot can be checked, or the first one if it goes on right behind the snapshot.
pub(super) fn start_index(segments: &[Segment], snapshot: SnapshotPoint) -> Result<usize, JournalError> {
    let behind = segments.partition_point(|segment| segment.first_seq() <= snapshot.seq);
    match segments.first() {
        Some(first) if behind == 0 && first.first_seq() != snapshot.seq + 1 => {
            Err(JournalError::Gap { file: first.name(), snapshot_seq: snapshot.seq, first_seq: first.first_seq() })
        }
        _ => Ok(behind.saturating_sub(1)),
    }
}

/// Where the frames of a segment end.
pub(super) struct SegmentEnd {
    /// The whole segment.
    bytes: Vec<u8>,
    /// Behind the last valid frame.
    pub(super) offset: usize,
    /// Whether the last frame is a clean marker.
    pub(super) clean: bool,
    /// Why what follows is known to be an unfinished write, if there is one.
    pub(super) unfinished_by: Option<Proof>,
}

impl SegmentEnd {
    /// The bytes of an unfinished write, without the zeros behind them.
    pub(super) fn unfinished(&self) -> &[u8] {
        frame::without_zeros_behind(&self.bytes[self.offset..])
    }
}

/// The state of a replay.
pub(super) struct Replay<'a, 'b> {
    snapshot: SnapshotPoint,
    /// Whether the chain has come by the snapshot.
    pub(super) snapshot_met: bool,
    /// What the next frame must follow; set by the first segment.
    pub(super) link: Link,
    started: bool,
    apply: &'a mut Apply<'b>,
    /// Called behind each frame, for those who look closer than recovery.
    pub(super) at_frame: Option<&'a mut AtFrame<'b>>,
    pub(super) report: RecoveryReport,
}

impl<'a, 'b> Replay<'a, 'b> {
    pub(super) fn new(snapshot: SnapshotPoint, apply: &'a mut Apply<'b>) -> Replay<'a, 'b> {
        let link = Link { next_seq: 1, hash: SnapshotPoint::default().chain_hash };
        let report = empty_report();
        let mut replay = Replay { snapshot, snapshot_met: false, link, started: false, apply, at_frame: None, report };
        replay.meet_snapshot();
        replay
    }

    /// Replays segments that hang together, one after the other. Returns where the last one ends.
    pub(super) fn segments(
        &mut self,
        directory: &DataDirectory,
        segments: &[Segment],
    ) -> Result<Option<SegmentEnd>, JournalError> {
        let mut end: Option<SegmentEnd> = None;
        for (index, segment) in segments.iter().enumerate() {
            let next_segment = segments.get(index + 1).map(|next| next.header.link);
            // While this segment is applied, the disk has time for the next one.
            if let Some(next) = segments.get(index + 1) {
                directory.open_file(&next.name())?.read_ahead()?;
            }
            let buffer = end.map(|end| end.bytes).unwrap_or_default();
            end = Some(self.segment(directory, segment, next_segment, buffer)?);
        }
        Ok(end)
    }

    /// Replays one segment, read into `bytes`, and decides what its end means.
    fn segment(
        &mut self,
        directory: &DataDirectory,
        segment: &Segment,
        next_segment: Option<Link>,
        mut bytes: Vec<u8>,
    ) -> Result<SegmentEnd, JournalError> {
        self.enter(segment);
        directory.open_file(&segment.name())?.read_all(&mut bytes)?;
        let mut clean = false;
        let mut frames = Frames::of(&segment.header, &bytes);
        for (offset, frame) in frames.by_ref() {
            self.frame(segment, offset, &frame)?;
            clean = frame.header.kind == FrameKind::Clean;
        }
        let offset = frames.offset();
        self.report.segment_count += 1;
        self.report.bytes += bytes.len() as u64;
        let facts = Facts {
            segment: &bytes,
            offset,
            salt: segment.header.salt,
            epoch: segment.header.epoch,
            expected: self.link,
            next_segment,
            snapshot_seq: self.snapshot.seq,
            after_clean_stop: clean,
            segment_bytes: segment.header.segment_bytes,
        };
        let unfinished_by = match tail::decide(&facts) {
            Verdict::RotatedEnd | Verdict::End => None,
            Verdict::Unfinished(proof) => {
                tracing::warn!(file = segment.name(), offset, ?proof, "an unfinished write is set aside");
                Some(proof)
            }
            Verdict::Refuse(reason) => return Err(self.refused(segment, offset, reason)),
        };
        Ok(SegmentEnd { bytes, offset, clean, unfinished_by })
    }

    /// Checks that the segment goes on where the chain stands. The first one says where that is.
    fn enter(&mut self, segment: &Segment) {
        if !self.started {
            self.started = true;
            self.link = segment.header.link;
            self.meet_snapshot();
        }
        // A segment that does not lead to the next one was refused at its end.
        assert_eq!(self.link, segment.header.link, "the segments hang together");
    }

    fn frame(&mut self, segment: &Segment, offset: usize, frame: &Frame<'_>) -> Result<(), JournalError> {
        let header = &frame.header;
        if header.change_count > 0 && header.first_seq > self.snapshot.seq {
            self.check_snapshot_met()?;
        }
        let mut payload = frame.payload;
        let mut seq = header.first_seq;
        let mut record_count = 0;
        while let Some(record) = split_record(&mut payload) {
            if seq > self.snapshot.seq {
                (self.apply)(seq, record.change_count, record.bytes).map_err(|reason| JournalError::Apply {
                    file: segment.name(),
                    seq,
                    reason,
                })?;
                self.report.record_count += 1;
                self.report.change_count += u64::from(record.change_count);
            }
            seq += u64::from(record.change_count);
            record_count += 1;
        }
        if !payload.is_empty() || record_count != header.record_count || seq != header.next_seq() {
            return Err(self.refused(segment, offset, Refusal::RecordsDisagree));
        }
        self.link = Link { next_seq: seq, hash: frame.hash };
        self.meet_snapshot();
        if let Some(at_frame) = &mut self.at_frame {
            at_frame(&FrameSeen::of(frame));
        }
        Ok(())
    }

    fn meet_snapshot(&mut self) {
        let seq = self.link.next_seq - 1;
        self.snapshot_met |= seq == self.snapshot.seq && self.link.hash == self.snapshot.chain_hash;
    }

    pub(super) fn check_snapshot_met(&self) -> Result<(), JournalError> {
        let (snapshot_seq, last_seq) = (self.snapshot.seq, self.link.next_seq - 1);
        if self.snapshot_met {
            Ok(())
        } else if last_seq < snapshot_seq {
            Err(JournalError::SnapshotNewer { snapshot_seq, last_seq })
        } else {
            Err(JournalError::SnapshotMismatch { snapshot_seq })
        }
    }

    fn refused(&self, segment: &Segment, offset: usize, reason: Refusal) -> JournalError {
        JournalError::Refused { file: segment.name(), offset: offset as u64, seq: self.link.next_seq, reason }
    }
}

fn empty_report() -> RecoveryReport {
    RecoveryReport {
        segment_count: 0,
        record_count: 0,
        change_count: 0,
        bytes: 0,
        duration: Duration::ZERO,
        clean: true,
        quarantined_bytes: 0,
        quarantined_file: None,
        last_seq: 0,
        chain_hash: SnapshotPoint::default().chain_hash,
        epoch: 0,
    }
}

/// Sets the bytes of an unfinished write aside. Returns the file they are in, if there are any.
fn quarantine(directory: &DataDirectory, last: &Segment, end: &SegmentEnd) -> Result<Option<String>, StorageError> {
    let unfinished = end.unfinished();
    if unfinished.is_empty() {
        return Ok(None);
    }
    let name = format!("{}.offset-{}", last.name(), end.offset);
    directory.quarantine(&name, unfinished)?;
    Ok(Some(name))
}

/// Copies the valid frames of the last segment to a new file in its place. After an unclean stop the
/// page cache may hold what the disk does not: what was read is not yet known to be durable.
fn make_durable_again(directory: &DataDirectory, last: &Segment, end: &SegmentEnd) -> Result<(), StorageError> {
    let valid = &end.bytes[..end.offset];
    // A clean stop has cut the unused rest off.
    let file_bytes = if end.clean { valid.len() as u64 } else { last.header.segment_bytes };
    segment::replace(directory, &last.name(), valid, file_bytes)
}
