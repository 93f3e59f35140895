//! A small thread that makes the next segment ahead of use, so that the writer need not wait for
//! 64 MiB of zeros when a segment is full.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::storage::{DataDirectory, StorageError, StorageFile};

use super::segment::{self, prepared_name};

/// How long to wait before a full disk is tried again.
const FULL_DISK_RETRY: Duration = Duration::from_secs(1);

/// The writer's end of the thread. Dropping it ends the thread, which removes what was not used.
pub(super) struct Preparer {
    prepared: Option<Receiver<Result<StorageFile, StorageError>>>,
    /// Never sent on: the thread sees it go.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// The thread's end.
struct Worker {
    directory: DataDirectory,
    /// The segment that is made next.
    number: u64,
    segment_bytes: u64,
    hand_over: SyncSender<Result<StorageFile, StorageError>>,
    stop: Receiver<()>,
    ready_bytes: Arc<AtomicU64>,
}

impl Preparer {
    /// Starts the thread with segment `number`; the others follow. `ready_bytes` holds the length of the
    /// segment that is ready, or 0.
    pub(super) fn start(
        directory: &DataDirectory,
        number: u64,
        segment_bytes: u64,
        ready_bytes: Arc<AtomicU64>,
    ) -> std::io::Result<Preparer> {
        let (hand_over, prepared) = sync_channel(0);
        let (stop, stopped) = channel();
        let worker =
            Worker { directory: directory.clone(), number, segment_bytes, hand_over, stop: stopped, ready_bytes };
        let thread = std::thread::Builder::new().name("holdfast-prepare".to_owned()).spawn(move || worker.run())?;
        Ok(Preparer { prepared: Some(prepared), stop: Some(stop), thread: Some(thread) })
    }

    /// The next segment; waits for it if it is not ready.
    pub(super) fn take(&self) -> Result<StorageFile, StorageError> {
        let prepared = self.prepared.as_ref().expect("the thread runs as long as its handle");
        prepared.recv().expect("the thread runs as long as its handle")
    }
}

impl Drop for Preparer {
    fn drop(&mut self) {
        drop(self.prepared.take());
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        debug_assert!(matches!(ended, Some(Ok(()))), "the thread ends in good order");
    }
}

impl Worker {
    fn run(mut self) {
        while let Some(prepared) = self.prepare() {
            if self.hand_over.send(prepared).is_err() {
                break;
            }
            self.ready_bytes.store(0, Ordering::Relaxed);
            self.number += 1;
        }
        self.give_back();
    }

    /// The next segment, or what was wrong with the disk. Nothing when it was stopped meanwhile.
    ///
    /// A full disk is no failure yet: nothing was written that was not there before, and there may be
    /// room again before the live segment is full.
    fn prepare(&self) -> Option<Result<StorageFile, StorageError>> {
        loop {
            match segment::prepare(&self.directory, self.number, self.segment_bytes) {
                Ok(file) => {
                    self.ready_bytes.store(self.segment_bytes, Ordering::Relaxed);
                    return Some(Ok(file));
                }
                Err(error) if error.is_storage_full() => {
                    tracing::warn!(%error, "the next journal segment has no room, trying again");
                    self.give_back();
                    if self.stop.recv_timeout(FULL_DISK_RETRY) != Err(RecvTimeoutError::Timeout) {
                        return None;
                    }
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Gives the space of a segment back that is not used, or not whole: somebody else may need it.
    fn give_back(&self) {
        if let Err(error) = self.directory.remove(&prepared_name(self.number)) {
            tracing::warn!(%error, "an unused segment was left behind; the next start removes it");
        }
    }
}
