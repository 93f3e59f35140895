//! Reading a journal from its first frame on without opening it: for `verify`, `dump` and `repair`. Nothing is changed,
//! and the replay and the judgement of the end are those of recovery.

use crate::storage::{DataDirectory, StorageError};

use super::frame::{self, Frame};
use super::recovery::{self, Replay, SegmentEnd};
use super::segment::{self, Segment};
use super::tail::Proof;
use super::{Apply, JournalError, SnapshotPoint};

/// A frame that was read and follows the one before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrameSeen {
    /// How many records are in it.
    pub(crate) record_count: u32,
    /// How many changes the records have together.
    pub(crate) change_count: u32,
    /// Where the journal stands behind it.
    pub(crate) point: SnapshotPoint,
}

/// What is called behind each frame.
pub(crate) type AtFrame<'a> = dyn FnMut(&FrameSeen) + 'a;

impl FrameSeen {
    pub(super) fn of(frame: &Frame<'_>) -> FrameSeen {
        let header = &frame.header;
        let point = SnapshotPoint { seq: header.next_seq() - 1, epoch: header.epoch, chain_hash: frame.hash };
        FrameSeen { record_count: header.record_count, change_count: header.change_count, point }
    }
}

/// How a journal ends that recovery accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JournalEnd {
    /// There is no segment yet.
    New,
    /// The marker of a clean stop.
    Clean,
    /// Only zeros behind the last frame: the process did not stop in good order, or runs.
    Unclean,
    /// A write that was not finished, and of which nothing was acknowledged.
    Unfinished {
        /// How that is known.
        proof: Proof,
        /// How many bytes of it there are.
        bytes: u64,
    },
}

/// A place between two frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The number of the segment.
    pub(crate) segment: u64,
    /// The offset in it, in bytes.
    pub(crate) offset: u64,
}

impl Place {
    /// The segment's file.
    pub(crate) fn file(&self) -> String {
        segment::file_name(self.segment)
    }
}

/// What a walk found.
#[derive(Debug)]
pub(crate) struct Walked {
    /// How many segments were read.
    pub(crate) segment_count: u64,
    /// How many frames.
    pub(crate) frame_count: u64,
    /// How many records are in them.
    pub(crate) record_count: u64,
    /// How many changes.
    pub(crate) change_count: u64,
    /// How many bytes of segments were read.
    pub(crate) bytes: u64,
    /// Where the journal stands behind the last frame that holds.
    pub(crate) point: SnapshotPoint,
    /// Behind that frame; nothing where there is no segment, or the disk failed.
    pub(crate) place: Option<Place>,
    /// Whether the chain came by the point the walk started from.
    pub(crate) start_met: bool,
    /// How the journal ends, or what recovery would refuse it for.
    pub(crate) end: Result<JournalEnd, JournalError>,
}

/// The segments of a data directory.
#[derive(Debug)]
pub(crate) struct JournalFiles {
    /// Those whose headers hold, up to the first one that is refused.
    segments: Vec<Segment>,
    /// Why that one is refused.
    broken: Option<JournalError>,
}

impl JournalFiles {
    /// Looks at the headers of all segments. A refusal of one is told by [`walk`](JournalFiles::walk).
    pub(crate) fn list(directory: &DataDirectory) -> Result<JournalFiles, StorageError> {
        let (segments, broken) = segment::list_until_broken(directory)?;
        Ok(JournalFiles { segments, broken })
    }

    /// The same, but a segment that is refused refuses all.
    pub(crate) fn list_whole(directory: &DataDirectory) -> Result<JournalFiles, JournalError> {
        Ok(JournalFiles { segments: segment::list(directory)?, broken: None })
    }

    /// The segments, oldest first.
    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.segments.len()
    }

    /// The oldest segment's file, and the seq of the first change in it.
    pub(crate) fn first(&self) -> Option<(String, u64)> {
        self.segments.first().map(|segment| (segment.name(), segment.first_seq()))
    }

    /// Whether a snapshot at `snapshot_seq` does without segment `index` of the list and all before it. The frame that led
    /// to the snapshot has to be there.
    pub(crate) fn is_covered(&self, index: usize, snapshot_seq: u64) -> bool {
        self.segments.get(index + 1).is_some_and(|next| next.first_seq() <= snapshot_seq)
    }

    /// The point right before the first change there is.
    pub(crate) fn beginning(&self) -> SnapshotPoint {
        self.segments.first().map_or_else(SnapshotPoint::default, |first| {
            let link = first.header.link;
            SnapshotPoint { seq: link.next_seq - 1, epoch: first.header.epoch, chain_hash: link.hash }
        })
    }

    /// Replays what lies behind `start` through `apply` and calls `at_frame` behind each frame. Segments wholly before
    /// `start` are not read.
    pub(crate) fn walk(
        self,
        directory: &DataDirectory,
        start: SnapshotPoint,
        apply: &mut Apply<'_>,
        at_frame: &mut AtFrame<'_>,
    ) -> Walked {
        let (mut frame_count, mut record_count, mut change_count) = (0, 0, 0);
        let mut count = |frame: &FrameSeen| {
            frame_count += 1;
            record_count += u64::from(frame.record_count);
            change_count += u64::from(frame.change_count);
            at_frame(frame);
        };
        let mut replay = Replay::new(start, apply);
        replay.at_frame = Some(&mut count);
        let replayed = recovery::start_index(&self.segments, start)
            .and_then(|index| replay.segments(directory, &self.segments[index..]));
        let (segment_count, bytes) = (replay.report.segment_count, replay.report.bytes);
        let (link, start_met) = (replay.link, replay.snapshot_met);
        let epoch = self.segments.last().map_or(0, |last| last.header.epoch).max(start.epoch);
        let (place, end) = self.judge(&replay, replayed);
        let point = SnapshotPoint { seq: link.next_seq - 1, epoch, chain_hash: link.hash };
        Walked { segment_count, frame_count, record_count, change_count, bytes, point, place, start_met, end }
    }

    /// The place where the frames end, and what comes of it.
    fn judge(
        self,
        replay: &Replay<'_, '_>,
        replayed: Result<Option<SegmentEnd>, JournalError>,
    ) -> (Option<Place>, Result<JournalEnd, JournalError>) {
        let end = match replayed {
            Ok(end) => end,
            Err(error) => return (place_of(&error), Err(error)),
        };
        let last = self.segments.last();
        let place =
            last.zip(end.as_ref()).map(|(last, end)| Place { segment: last.header.number, offset: end.offset as u64 });
        let refused = self.broken.map_or_else(|| replay.check_snapshot_met(), Err);
        (place, refused.map(|()| end.map_or(JournalEnd::New, |end| end_of(&end))))
    }

    /// Cuts the segment of `place` off there, durably, in one step: a new file takes the name of the old one. It is as long
    /// as the segment was made, with zeros behind the last frame.
    pub(crate) fn cut(directory: &DataDirectory, place: Place) -> Result<(), StorageError> {
        let mut bytes = Vec::new();
        directory.open_file(&place.file())?.read_all(&mut bytes)?;
        let kept = bytes.len().min(usize::try_from(place.offset).unwrap_or(usize::MAX));
        let made_bytes = segment::header_of(&bytes).map_or(bytes.len() as u64, |header| header.segment_bytes);
        segment::replace(directory, &place.file(), &bytes[..kept], made_bytes)
    }

    /// What is behind `place` in its segment, without the zeros at the end.
    pub(crate) fn bytes_behind(directory: &DataDirectory, place: Place) -> Result<Vec<u8>, StorageError> {
        let mut bytes = Vec::new();
        directory.open_file(&place.file())?.read_all(&mut bytes)?;
        let offset = bytes.len().min(usize::try_from(place.offset).unwrap_or(usize::MAX));
        Ok(frame::without_zeros_behind(&bytes[offset..]).to_vec())
    }

    /// The files of the segments behind the one of `place`, whether or not their headers hold.
    pub(crate) fn behind(directory: &DataDirectory, place: Place) -> Result<Vec<String>, StorageError> {
        let names = directory.list()?.into_iter().map(|entry| entry.name);
        Ok(names.filter(|name| segment::parse_file_name(name).is_some_and(|number| number > place.segment)).collect())
    }
}

/// Where a refusal points to.
fn place_of(error: &JournalError) -> Option<Place> {
    let JournalError::Refused { file, offset, .. } = error else { return None };
    segment::parse_file_name(file).map(|segment| Place { segment, offset: *offset })
}

fn end_of(end: &SegmentEnd) -> JournalEnd {
    match end.unfinished_by {
        Some(proof) => JournalEnd::Unfinished { proof, bytes: end.unfinished().len() as u64 },
        None if end.clean => JournalEnd::Clean,
        None => JournalEnd::Unclean,
    }
}
