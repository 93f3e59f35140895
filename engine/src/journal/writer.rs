//! The one thread that writes: it takes all that is pending, writes one frame, syncs once, and then
//! answers everybody whose records are in it.
//!
//! ```text
//! take (swap) → frame: header, hash, marker → one write → one sync → durable_seq → callbacks in order
//! ```
//!
//! **Invariants.** One frame is in flight: the next one is not written before the sync of this one has
//! returned. A write or a sync that fails ends the process: after it nobody knows what is on disk
//! (PostgreSQL's fsync lesson of 2018), and the next start finds out. A callback that panics aborts it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::core::planted::{Bug, is_planted};
use crate::error::EXIT_INVARIANT;
use crate::storage::{EXIT_IO, StorageError, StorageFile};

use super::buffer::split_record;
use super::frame::{self, FrameHeader, FrameKind, HEADER_BYTES};
use super::options::JournalOptions;
use super::preparer::Preparer;
use super::queue::{Batch, Ending, Wake};
use super::report::BatchReport;
use super::segment::{self, Link, SegmentHeader};
use super::{Shared, SnapshotPoint};

/// The state of the writer's thread.
pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) options: JournalOptions,
    pub(super) preparer: Preparer,
    /// The live segment.
    pub(super) live: LiveSegment,
    /// What the next frame follows. Everything before it is durable.
    pub(super) link: Link,
    /// Whether the last frame carries records that no later frame bears witness of.
    pub(super) unsealed: bool,
    pub(super) batch: Batch,
    /// For frames that are not written from where their records were gathered.
    pub(super) scratch: Vec<u8>,
}

/// The segment that is written to.
pub(super) struct LiveSegment {
    pub(super) file: StorageFile,
    pub(super) header: SegmentHeader,
    /// Where the next frame goes.
    pub(super) offset: u64,
}

/// What came of a wake-up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Served {
    /// There may be more to do.
    Goes,
    /// The journal has ended.
    Ended,
}

/// What a frame is to carry, besides its payload.
#[derive(Clone, Copy, Default)]
struct Content {
    record_count: u32,
    change_count: u32,
    payload_bytes: usize,
}

impl Writer {
    /// Works until the journal ends, on a thread of its own.
    pub(super) fn run(mut self) {
        let abort_on_panic = AbortOnPanic;
        loop {
            let idle_after = self.unsealed.then(|| Duration::from_millis(self.options.seal_after_ms));
            let wake = self.shared.queue.take(&mut self.batch, idle_after);
            match self.serve(wake) {
                Ok(Served::Goes) => {}
                Ok(Served::Ended) => break,
                Err(error) => end_process(&error),
            }
        }
        drop(self);
        std::mem::forget(abort_on_panic);
    }

    /// Does what there is to do and returns; it neither waits nor seals.
    pub(super) fn catch_up(&mut self) -> Result<(), StorageError> {
        while let wake @ (Wake::Work | Wake::Ending(_)) = self.shared.queue.take_now(&mut self.batch) {
            if self.serve(wake)? == Served::Ended {
                break;
            }
        }
        Ok(())
    }

    /// Writes the seal of an idle journal, if the last frame is not sealed.
    #[cfg(test)]
    pub(super) fn seal(&mut self) -> Result<(), StorageError> {
        if self.unsealed { self.write_marker(FrameKind::Seal) } else { Ok(()) }
    }

    fn serve(&mut self, wake: Wake) -> Result<Served, StorageError> {
        match wake {
            Wake::Work => self.commit()?,
            Wake::Idle => self.write_marker(FrameKind::Seal)?,
            Wake::Ending(ending) => {
                if ending == Ending::Clean {
                    self.finish_cleanly()?;
                }
                return Ok(Served::Ended);
            }
        }
        Ok(Served::Goes)
    }

    /// Makes the batch durable and answers it. One with barriers alone is only answered.
    fn commit(&mut self) -> Result<(), StorageError> {
        let mut frame = std::mem::take(&mut self.batch.frame);
        let first = front_of(&frame[HEADER_BYTES..], self.options.batch_bytes_max);
        if HEADER_BYTES + first.payload_bytes == frame.len() {
            self.commit_in_place(first, &mut frame)?;
        } else {
            self.commit_in_pieces(&frame[HEADER_BYTES..])?;
        }
        self.batch.frame = frame;
        self.batch.clear_records(2 * self.options.batch_bytes_max);
        Ok(())
    }

    /// The usual case: one frame takes all records and is completed where they were gathered.
    fn commit_in_place(&mut self, content: Content, frame: &mut Vec<u8>) -> Result<(), StorageError> {
        if content.record_count > 0 {
            self.write_frame(FrameKind::Records, content, frame)?;
        }
        self.answer();
        Ok(())
    }

    /// More was appended than one frame may carry.
    fn commit_in_pieces(&mut self, mut payload: &[u8]) -> Result<(), StorageError> {
        while !payload.is_empty() {
            let content = front_of(payload, self.options.batch_bytes_max);
            assert!(content.record_count > 0, "each record fits into a frame");
            let (records, behind) = payload.split_at(content.payload_bytes);
            self.write_from_scratch(FrameKind::Records, content, records)?;
            self.answer();
            payload = behind;
        }
        Ok(())
    }

    /// Writes a frame without records.
    fn write_marker(&mut self, kind: FrameKind) -> Result<(), StorageError> {
        self.write_from_scratch(kind, Content::default(), &[])
    }

    fn write_from_scratch(&mut self, kind: FrameKind, content: Content, payload: &[u8]) -> Result<(), StorageError> {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        scratch.resize(HEADER_BYTES, 0);
        scratch.extend_from_slice(payload);
        self.write_frame(kind, content, &mut scratch)?;
        self.scratch = scratch;
        Ok(())
    }

    /// Completes the frame in `buffer` and makes it durable.
    fn write_frame(&mut self, kind: FrameKind, content: Content, buffer: &mut Vec<u8>) -> Result<(), StorageError> {
        self.shared.frames.begun.fetch_add(1, Ordering::Release);
        self.make_room(frame::frame_bytes(content.payload_bytes))?;
        let header = FrameHeader {
            kind,
            first_seq: self.link.next_seq,
            change_count: content.change_count,
            record_count: content.record_count,
            payload_bytes: 0,
            zero_sector_count: 0,
            durable_seq: self.link.next_seq - 1,
            epoch: self.live.header.epoch,
            salt: self.live.header.salt,
            previous_hash: self.link.hash,
        };
        let hash = frame::complete(buffer, header);
        let sync_duration = self.write_and_sync(buffer)?;
        self.live.offset += buffer.len() as u64;
        self.link = Link { next_seq: header.next_seq(), hash };
        self.shared.frames.done.fetch_add(1, Ordering::Release);
        self.unsealed = kind == FrameKind::Records && !is_planted(Bug::NoSealWhenIdle);
        self.publish(content.payload_bytes);
        (self.options.observe)(&BatchReport {
            kind,
            record_count: content.record_count,
            change_count: content.change_count,
            frame_bytes: buffer.len(),
            sync_duration,
            durable_seq: self.link.next_seq - 1,
            backlog_bytes: self.shared.queue.backlog_bytes(),
        });
        Ok(())
    }

    fn write_and_sync(&self, frame: &[u8]) -> Result<Duration, StorageError> {
        self.live.file.write_at(frame, self.live.offset)?;
        if is_planted(Bug::AnswerBeforeSync) {
            return Ok(Duration::ZERO);
        }
        match self.live.file.sync_data() {
            Err(_) if is_planted(Bug::FailedSyncTriedAgain) => self.live.file.sync_data(),
            synced => synced,
        }
    }

    /// Tells everybody what is durable now.
    fn publish(&self, payload_bytes: usize) {
        let point = self.point();
        // Whoever takes the position from here on must be able to read up to it.
        self.shared.queue.made_durable(point.seq, payload_bytes);
        self.shared.set_position(point, self.options.segment_bytes - self.live.offset);
    }

    fn point(&self) -> SnapshotPoint {
        SnapshotPoint { seq: self.link.next_seq - 1, epoch: self.live.header.epoch, chain_hash: self.link.hash }
    }

    /// Answers everybody whose records are durable, in the order of their seqs. Who waited behind a change finds it
    /// announced.
    fn answer(&mut self) {
        let durable_seq = self.link.next_seq - 1;
        while let Some(waiter) = self.batch.waiters.pop_front_if(|waiter| waiter.seq <= durable_seq) {
            let seq = waiter.seq;
            waiter.answer(durable_seq);
            self.shared.queue.announced(seq);
        }
    }

    /// Begins the next segment if a frame of this length does not fit into the live one.
    fn make_room(&mut self, frame_bytes: usize) -> Result<(), StorageError> {
        if !self.has_room(frame_bytes) {
            self.rotate()?;
        }
        assert!(self.has_room(frame_bytes), "the options were checked: an empty segment takes any frame");
        Ok(())
    }

    fn has_room(&self, frame_bytes: usize) -> bool {
        self.live.offset + frame_bytes as u64 <= self.options.segment_bytes
    }

    /// Goes on in the next segment. While the disk is full this waits for room: nothing is in flight,
    /// and nothing is acknowledged meanwhile.
    fn rotate(&mut self) -> Result<(), StorageError> {
        let file = self.preparer.take()?;
        let directory = &self.shared.directory;
        let header = SegmentHeader {
            number: self.live.header.number + 1,
            salt: directory.random_salt()?,
            link: self.link,
            ..self.live.header
        };
        segment::begin(directory, &file, &header)?;
        self.live = LiveSegment { file, header, offset: segment::FRAMES_OFFSET as u64 };
        self.shared.add_segment(header);
        Ok(())
    }

    /// Writes the marker of a clean stop and gives the unused rest of the segment back.
    fn finish_cleanly(&mut self) -> Result<(), StorageError> {
        self.write_marker(FrameKind::Clean)?;
        let file = &self.live.file;
        file.truncate(self.live.offset)?;
        file.sync_all()
    }
}

/// The records at the front of `payload` that one frame may carry.
fn front_of(payload: &[u8], batch_bytes_max: usize) -> Content {
    let mut content = Content::default();
    let mut rest = payload;
    while let Some(record) = split_record(&mut rest) {
        let payload_bytes = payload.len() - rest.len();
        if payload_bytes > batch_bytes_max {
            break;
        }
        content.payload_bytes = payload_bytes;
        content.record_count += 1;
        let change_count = content.change_count.checked_add(record.change_count);
        content.change_count = change_count.expect("a batch has far fewer changes than 2^32");
    }
    content
}

/// Ends the process: the journal can neither go on nor know what is on disk.
pub(super) fn end_process(error: &StorageError) -> ! {
    tracing::error!(%error, "the journal failed, the process ends; what was acknowledged is durable");
    std::process::exit(i32::from(EXIT_IO));
}

/// Ends the process when the thread that holds it panics: a journal without its writer must not
/// leave the process behind, alive and silent.
struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        tracing::error!("the journal's writer panicked, the process ends");
        std::process::exit(i32::from(EXIT_INVARIANT));
    }
}
