//! Where producers leave their records and the writer takes them.
//!
//! One short lock orders everything: under it an append gets its seqs and its place. The writer takes
//! all there is by swapping buffers, so the lock is held for a copy of the record and no longer.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

use super::buffer::{RECORD_OVERHEAD_BYTES, RecordBuffer, record_header};
use super::frame::HEADER_BYTES;
use super::{OnDurable, lock};
use crate::core::planted::{Bug, is_planted};

/// The queue between producers and writer.
pub(super) struct Queue {
    pending: Mutex<Pending>,
    /// The writer waits here, and nobody else.
    arrived: Condvar,
    appended_seq: AtomicU64,
    durable_seq: AtomicU64,
    /// All callbacks up to here have returned.
    announced_seq: AtomicU64,
    backlog_bytes: AtomicUsize,
    record_bytes_max: usize,
}

struct Pending {
    batch: Batch,
    next_seq: u64,
    /// Whether the writer sleeps. A producer that finds it awake saves the wake-up.
    writer_parked: bool,
    ending: Option<Ending>,
}

/// How the journal ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// It was closed: what is pending becomes durable, and a clean marker follows.
    Clean,
    /// It was dropped: what is pending becomes durable, and the next start finds no marker.
    Abandoned,
}

/// Why the writer was woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wake {
    /// There is something to write or to answer.
    Work,
    /// Nothing arrived for as long as the writer wanted to wait.
    Idle,
    /// Nothing more will arrive.
    Ending(Ending),
}

/// What is written, and answered, together.
pub(super) struct Batch {
    /// Room for a frame's header, and the records behind it in the layout of a payload.
    pub(super) frame: Vec<u8>,
    pub(super) record_count: u32,
    /// In the order of their seqs.
    pub(super) waiters: VecDeque<Waiter>,
}

/// Somebody who waits for a seq to be durable.
pub(super) struct Waiter {
    /// What must be durable.
    pub(super) seq: u64,
    /// What it is told: its first seq, or for a barrier the durable seq.
    first_seq: Option<u64>,
    on_durable: OnDurable,
}

impl Waiter {
    pub(super) fn answer(self, durable_seq: u64) {
        (self.on_durable)(self.first_seq.unwrap_or(durable_seq));
    }
}

impl Batch {
    pub(super) fn new() -> Batch {
        Batch { frame: vec![0; HEADER_BYTES], record_count: 0, waiters: VecDeque::new() }
    }

    /// Forgets the records and keeps space for a usual batch: after a burst the rest is given back.
    pub(super) fn clear_records(&mut self, kept_bytes_max: usize) {
        self.frame.clear();
        self.frame.shrink_to(kept_bytes_max);
        self.frame.resize(HEADER_BYTES, 0);
        self.record_count = 0;
    }

    fn is_empty(&self) -> bool {
        self.record_count == 0 && self.waiters.is_empty()
    }
}

impl Pending {
    fn take(&mut self, batch: &mut Batch) -> Option<Wake> {
        debug_assert!(batch.is_empty(), "the batch before was written and answered");
        if self.batch.is_empty() {
            return self.ending.map(Wake::Ending);
        }
        std::mem::swap(&mut self.batch, batch);
        Some(Wake::Work)
    }
}

impl Queue {
    /// A queue whose next change has the seq `next_seq`; everything before is durable.
    pub(super) fn new(next_seq: u64, record_bytes_max: usize) -> Queue {
        let last_seq = next_seq - 1;
        Queue {
            pending: Mutex::new(Pending { batch: Batch::new(), next_seq, writer_parked: false, ending: None }),
            arrived: Condvar::new(),
            appended_seq: AtomicU64::new(last_seq),
            durable_seq: AtomicU64::new(last_seq),
            announced_seq: AtomicU64::new(last_seq),
            backlog_bytes: AtomicUsize::new(0),
            record_bytes_max,
        }
    }

    /// Appends one record and returns its first seq.
    pub(super) fn append(&self, record: &[u8], change_count: u32, on_durable: OnDurable) -> u64 {
        self.assert_fits(record.len());
        let header = record_header(record.len(), change_count);
        let mut pending = self.accepting();
        pending.batch.frame.extend_from_slice(&header);
        pending.batch.frame.extend_from_slice(record);
        self.appended(pending, 1, change_count, RECORD_OVERHEAD_BYTES + record.len(), on_durable)
    }

    /// Appends the records of a buffer, at least one, and returns the first seq of the first.
    pub(super) fn append_slice(&self, records: &RecordBuffer, on_durable: OnDurable) -> u64 {
        self.assert_fits(records.longest_record_bytes());
        let payload = records.payload();
        let mut pending = self.accepting();
        pending.batch.frame.extend_from_slice(payload);
        self.appended(pending, records.record_count(), records.change_count(), payload.len(), on_durable)
    }

    /// Answers once everything appended before is durable and answered: at once, on this thread, if it
    /// already is. Returns the seq it waits for.
    pub(super) fn barrier(&self, on_durable: OnDurable) -> u64 {
        let mut pending = self.accepting();
        let seq = pending.next_seq - 1;
        // The seq is not asked whether it is durable but whether it is answered: a barrier must not
        // overtake the view that an earlier answer publishes.
        if self.announced_seq.load(Ordering::Acquire) == seq {
            drop(pending);
            on_durable(seq);
            return seq;
        }
        pending.batch.waiters.push_back(Waiter { seq, first_seq: None, on_durable });
        self.wake_writer(pending);
        seq
    }

    /// Ends the journal. What was decided first holds.
    pub(super) fn end(&self, ending: Ending) {
        let mut pending = self.lock();
        pending.ending.get_or_insert(ending);
        self.wake_writer(pending);
    }

    /// Waits for work and swaps it into `batch`, which must be empty. With `idle_after` it waits no
    /// longer than that.
    pub(super) fn take(&self, batch: &mut Batch, idle_after: Option<Duration>) -> Wake {
        let mut pending = self.lock();
        loop {
            if let Some(wake) = pending.take(batch) {
                return wake;
            }
            let timed_out;
            (pending, timed_out) = self.park(pending, idle_after);
            if timed_out && pending.batch.is_empty() && pending.ending.is_none() {
                return Wake::Idle;
            }
        }
    }

    /// The same without waiting: idle is when there is nothing to do.
    pub(super) fn take_now(&self, batch: &mut Batch) -> Wake {
        self.lock().take(batch).unwrap_or(Wake::Idle)
    }

    fn park<'a>(
        &'a self,
        mut pending: MutexGuard<'a, Pending>,
        idle_after: Option<Duration>,
    ) -> (MutexGuard<'a, Pending>, bool) {
        pending.writer_parked = true;
        let (mut pending, timed_out) = match idle_after {
            None => (self.arrived.wait(pending).unwrap_or_else(|_| std::process::abort()), false),
            Some(idle_after) => {
                let waited = self.arrived.wait_timeout(pending, idle_after);
                let (pending, timeout) = waited.unwrap_or_else(|_| std::process::abort());
                (pending, timeout.timed_out())
            }
        };
        pending.writer_parked = false;
        (pending, timed_out)
    }

    /// The writer made everything up to `seq` durable, `bytes` of what was appended.
    pub(super) fn made_durable(&self, seq: u64, bytes: usize) {
        self.durable_seq.store(seq, Ordering::Release);
        self.backlog_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// The writer answered everything up to `seq`.
    pub(super) fn announced(&self, seq: u64) {
        self.announced_seq.store(seq, Ordering::Release);
    }

    pub(super) fn announced_seq(&self) -> u64 {
        self.announced_seq.load(Ordering::Acquire)
    }

    pub(super) fn durable_seq(&self) -> u64 {
        self.durable_seq.load(Ordering::Acquire)
    }

    pub(super) fn appended_seq(&self) -> u64 {
        self.appended_seq.load(Ordering::Acquire)
    }

    pub(super) fn backlog_bytes(&self) -> usize {
        self.backlog_bytes.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        lock(&self.pending)
    }

    fn accepting(&self) -> MutexGuard<'_, Pending> {
        let pending = self.lock();
        if pending.ending.is_some() {
            // The lock is let go first: the bug is the caller's, the queue is in order.
            drop(pending);
            panic!("nothing is appended to a closed journal");
        }
        pending
    }

    fn assert_fits(&self, record_bytes: usize) {
        assert!(record_bytes <= self.record_bytes_max, "a record of {record_bytes} bytes does not fit into a frame");
    }

    fn appended(
        &self,
        mut pending: MutexGuard<'_, Pending>,
        record_count: u32,
        change_count: u32,
        bytes: usize,
        on_durable: OnDurable,
    ) -> u64 {
        let first_seq = pending.next_seq;
        pending.next_seq += u64::from(if is_planted(Bug::SeqCountsRecords) { record_count } else { change_count });
        pending.batch.record_count += record_count;
        let last_seq = pending.next_seq - 1;
        pending.batch.waiters.push_back(Waiter { seq: last_seq, first_seq: Some(first_seq), on_durable });
        self.appended_seq.store(last_seq, Ordering::Release);
        self.backlog_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.wake_writer(pending);
        first_seq
    }

    fn wake_writer(&self, mut pending: MutexGuard<'_, Pending>) {
        let parked = std::mem::take(&mut pending.writer_parked);
        drop(pending);
        if parked {
            self.arrived.notify_one();
        }
    }
}
