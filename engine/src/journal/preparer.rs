//! A small thread that makes the next segment ahead of use, so that the writer need not wait for
//! 64 MiB of zeros when a segment is full.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::storage::{DataDirectory, StorageError, StorageFile};

use super::Reserve;
use super::segment::{self, PIECE_AHEAD_BYTES, PIECE_WHEN_AWAITED_BYTES, prepared_name};
use super::writer::end_process;

/// How long to wait before a full disk is tried again.
const FULL_DISK_RETRY: Duration = Duration::from_secs(1);

/// Where the writer gets its segments from.
pub(super) enum Preparer {
    /// A thread makes them ahead of use.
    Ahead(Ahead),
    /// Each is made when it is taken: for a journal without threads.
    WhenTaken(Segments),
}

/// The writer's end of the thread. Dropping it ends the thread, which removes what was not used.
pub(super) struct Ahead {
    prepared: Option<Receiver<StorageFile>>,
    /// Never sent on: the thread sees it go.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Which segments are made.
pub(super) struct Segments {
    pub(super) directory: DataDirectory,
    /// The segment that is made next.
    pub(super) number: u64,
    pub(super) segment_bytes: u64,
}

/// The thread's end.
struct Worker {
    segments: Segments,
    hand_over: SyncSender<StorageFile>,
    stop: Receiver<()>,
    reserve: Arc<Reserve>,
}

impl Preparer {
    /// Starts the thread. `reserve` learns what is ready, and whether the disk is full.
    pub(super) fn start(segments: Segments, reserve: Arc<Reserve>) -> std::io::Result<Preparer> {
        let (hand_over, prepared) = sync_channel(0);
        let (stop, stopped) = channel();
        let worker = Worker { segments, hand_over, stop: stopped, reserve };
        let thread = std::thread::Builder::new().name("holdfast-prepare".to_owned()).spawn(move || worker.run())?;
        Ok(Preparer::Ahead(Ahead { prepared: Some(prepared), stop: Some(stop), thread: Some(thread) }))
    }

    /// The next segment; waits for it if it is not ready.
    pub(super) fn take(&mut self) -> Result<StorageFile, StorageError> {
        match self {
            Preparer::Ahead(ahead) => {
                let prepared = ahead.prepared.as_ref().expect("the thread runs as long as its handle");
                Ok(prepared.recv().expect("the thread runs as long as its handle"))
            }
            Preparer::WhenTaken(segments) => {
                let file = segments.prepare(PIECE_WHEN_AWAITED_BYTES)?;
                segments.number += 1;
                Ok(file)
            }
        }
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        drop(self.prepared.take());
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        debug_assert!(matches!(ended, Some(Ok(()))), "the thread ends in good order");
    }
}

impl Segments {
    fn prepare(&self, piece_bytes: usize) -> Result<StorageFile, StorageError> {
        segment::prepare(&self.directory, self.number, self.segment_bytes, piece_bytes)
    }
}

impl Worker {
    fn run(mut self) {
        while let Some(prepared) = self.prepare() {
            if self.hand_over.send(prepared).is_err() {
                break;
            }
            self.reserve.prepared_bytes.store(0, Ordering::Relaxed);
            self.segments.number += 1;
        }
        self.give_back();
    }

    /// The next segment. Nothing when it was stopped meanwhile.
    ///
    /// A full disk is no failure yet: nothing was written that was not there before, and there may be
    /// room again before the live segment is full. Any other error ends the process, as it does the writer's: who waited
    /// for the live segment to be full would serve on a disk that is known to fail, and end in the midst of a sale.
    fn prepare(&self) -> Option<StorageFile> {
        loop {
            match self.segments.prepare(PIECE_AHEAD_BYTES) {
                Ok(file) => {
                    self.reserve.prepared_bytes.store(self.segments.segment_bytes, Ordering::Relaxed);
                    self.reserve.is_disk_full.store(false, Ordering::Release);
                    return Some(file);
                }
                Err(error) if error.is_storage_full() => {
                    tracing::warn!(%error, "the disk is full: no new holds until the next journal segment has room");
                    self.reserve.is_disk_full.store(true, Ordering::Release);
                    self.give_back();
                    if self.stop.recv_timeout(FULL_DISK_RETRY) != Err(RecvTimeoutError::Timeout) {
                        return None;
                    }
                }
                Err(error) => end_process(&error),
            }
        }
    }

    /// Gives the space of a segment back that is not used, or not whole: somebody else may need it.
    fn give_back(&self) {
        if let Err(error) = self.segments.directory.remove(&prepared_name(self.segments.number)) {
            tracing::warn!(%error, "an unused segment was left behind; the next start removes it");
        }
    }
}
