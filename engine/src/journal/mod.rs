//! The journal: what was appended is answered once it is durable, in order, and can be read back.
//!
//! ```text
//! producers ── append ──▶ queue ── swap ──▶ writer ── one write, one sync ──▶ segment
//!                                             └─ callbacks, in the order of their seqs
//! ```
//!
//! In reading order: `buffer` records on their way · `frame` a batch on disk · `segment` a file
//! of frames · `queue` producers meet the writer · `writer` group commit · `preparer` the next
//! segment ahead of use · `tail` what the first bad frame means · `frames` following the chain ·
//! `recovery` opening · `reader` reading back · `retention` what may go · `walk` all of it read without
//! opening, `live_copy` while it is written, `evidence` what lies behind damage.
//!
//! **Invariants.** A callback runs only when its record is durable. `seq` has no gap. One writer, one
//! frame in flight. A failed write or sync ends the process and is never repeated. A frame that was
//! acknowledged is never written again, not even in part. Records are opaque bytes here.

mod buffer;
mod error;
mod evidence;
mod frame;
mod frames;
#[cfg(test)]
pub(crate) mod hostile;
mod live_copy;
mod options;
mod preparer;
mod queue;
mod reader;
mod recovery;
mod report;
mod retention;
mod segment;
mod tail;
mod walk;
mod writer;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use crate::storage::{DataDirectory, StorageError, StorageFile, measured};

pub use buffer::{RECORD_BYTES_MAX, RecordBuffer};
pub use error::JournalError;
pub(crate) use evidence::known_seq;
pub use frame::{ChainHash, FrameKind};
pub(crate) use live_copy::SegmentCopy;
pub use options::JournalOptions;
pub use report::{BatchReport, RecoveryReport};
pub use tail::{Proof, Refusal};
pub(crate) use walk::{FrameSeen, JournalEnd, JournalFiles, Place, Walked};

use preparer::{Preparer, Segments};
use queue::{Batch, Ending, Queue};
use recovery::Recovered;
use retention::Retention;
use segment::{FRAMES_OFFSET, SegmentHeader};
use writer::{LiveSegment, Writer};

#[cfg(test)]
mod tests;

/// What is called on the writer's thread once an append is durable: with the first seq of the append,
/// or for a barrier with the durable seq. It must be short, must not wait, and must not panic: a panic
/// aborts the process.
pub type OnDurable = Box<dyn FnOnce(u64) + Send>;

/// What recovery calls with each record: first seq, change count, bytes. An error refuses the journal.
pub type Apply<'a> = dyn FnMut(u64, u32, &[u8]) -> Result<(), String> + 'a;

/// What a reader calls with each record: first seq, change count, bytes. Reading ends when it breaks.
pub type Visit<'a> = dyn FnMut(u64, u32, &[u8]) -> ControlFlow<()> + 'a;

/// A place in the journal that a snapshot can stand at: everything up to `seq` is durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SnapshotPoint {
    /// The last change before it, 0 before the first.
    pub seq: u64,
    /// The term of the process that came there.
    pub epoch: u64,
    /// The hash of the last frame before it, zero before the first.
    pub chain_hash: ChainHash,
}

/// The running journal. Dropping it without [`close`](Journal::close) makes durable and answers what is
/// pending, but leaves no clean marker: a stop that nobody asked for is an unclean one. One without threads, of a
/// simulation, leaves what is pending: it is its process that dies.
pub struct Journal {
    shared: Arc<Shared>,
    retention: Retention,
    /// Who writes; nobody once the journal is closed.
    writer: Mutex<Option<Writing>>,
}

/// Who writes.
enum Writing {
    Thread(JoinHandle<()>),
    /// Whoever calls [`Journal::catch_up`].
    ByHand(Box<Writer>),
}

/// Counts frames. One at most is between the two.
#[derive(Default)]
struct Frames {
    begun: AtomicU64,
    done: AtomicU64,
}

/// What can still be written, whatever becomes of the disk.
#[derive(Default)]
struct Reserve {
    /// What can still be written into the live segment.
    live_bytes: AtomicU64,
    /// What can be written into the next one, 0 while it is not ready.
    prepared_bytes: AtomicU64,
    /// The next segment found no room on the disk.
    is_disk_full: AtomicBool,
}

/// What producers, writer and readers have in common.
struct Shared {
    directory: DataDirectory,
    queue: Queue,
    position: Mutex<SnapshotPoint>,
    /// All segments, oldest first, the live one last. The writer adds, retention drops.
    segments: Mutex<Vec<SegmentHeader>>,
    reserve: Arc<Reserve>,
    /// How many frames were begun, and how many of them are durable.
    frames: Frames,
    /// Held while segments are dropped.
    retiring: Mutex<()>,
}

/// Opens the journal: replays what lies behind `snapshot` through `apply`, makes the end safe, begins a
/// new segment under a new epoch and starts the writer.
///
/// `snapshot` is that of the newest valid snapshot, whose state `apply` must already stand at.
///
/// # Errors
///
/// [`JournalError`] says which rule of recovery refused the files; none was changed then. After
/// an error the state that `apply` built must be thrown away.
pub fn open(
    directory: &DataDirectory,
    options: JournalOptions,
    snapshot: Option<SnapshotPoint>,
    apply: &mut Apply<'_>,
) -> Result<(Arc<Journal>, RecoveryReport), JournalError> {
    open_checked(directory, options, snapshot, apply, &mut |_| Ok(()))
}

/// The same, but for a last look: after the last record was applied, and before any file is changed, `check` gets the seq of
/// the last change and may still refuse the state that came out.
///
/// # Errors
///
/// As [`open`], and what `check` said.
pub fn open_checked(
    directory: &DataDirectory,
    options: JournalOptions,
    snapshot: Option<SnapshotPoint>,
    apply: &mut Apply<'_>,
    check: &mut dyn FnMut(u64) -> Result<(), JournalError>,
) -> Result<(Arc<Journal>, RecoveryReport), JournalError> {
    options.check()?;
    let snapshot = snapshot.unwrap_or_default();
    let recover = || {
        let examined = recovery::examine(directory, snapshot, apply)?;
        check(examined.last_seq())?;
        Ok::<_, JournalError>(examined.settle(directory)?)
    };
    let (recovered, duration) = measured(recover);
    let mut recovered = recovered?;
    recovered.report.duration = duration;
    let report = recovered.report.clone();
    let journal = start(directory, options, recovered)?;
    Ok((Arc::new(journal), report))
}

/// Reads the journal as [`open`] does, and changes nothing: the last seq, or why it would be refused.
pub(crate) fn examine(
    directory: &DataDirectory,
    snapshot: SnapshotPoint,
    apply: &mut Apply<'_>,
) -> Result<u64, JournalError> {
    recovery::examine(directory, snapshot, apply).map(|examined| examined.last_seq())
}

/// Begins a segment and starts the threads.
fn start(directory: &DataDirectory, options: JournalOptions, recovered: Recovered) -> Result<Journal, JournalError> {
    let (file, header) = begin_first_segment(directory, &options, &recovered)?;
    let Recovered { link, mut segments, report } = recovered;
    segments.push(header);
    let point = SnapshotPoint { seq: report.last_seq, epoch: report.epoch, chain_hash: link.hash };
    let shared = Arc::new(Shared {
        directory: directory.clone(),
        queue: Queue::new(link.next_seq, options.record_bytes_max()),
        position: Mutex::new(point),
        segments: Mutex::new(segments),
        reserve: Arc::default(),
        frames: Frames::default(),
        retiring: Mutex::new(()),
    });
    let retention = Retention { retain_days: options.retain_days, retain_bytes: options.retain_bytes };
    shared.set_position(point, options.segment_bytes - FRAMES_OFFSET as u64);
    let next =
        Segments { directory: directory.clone(), number: header.number + 1, segment_bytes: options.segment_bytes };
    let not_started = |error| StorageError::io("start the journal's threads for", directory.path(), error);
    let preparer = if options.has_threads {
        Preparer::start(next, Arc::clone(&shared.reserve)).map_err(not_started)?
    } else {
        Preparer::WhenTaken(next)
    };
    let has_threads = options.has_threads;
    let writer = Box::new(Writer {
        shared: Arc::clone(&shared),
        options,
        preparer,
        live: LiveSegment { file, header, offset: FRAMES_OFFSET as u64 },
        link,
        unsealed: false,
        batch: Batch::new(),
        scratch: Vec::new(),
    });
    let writing = if has_threads {
        let thread = std::thread::Builder::new().name("holdfast-journal".to_owned());
        Writing::Thread(thread.spawn(move || writer.run()).map_err(not_started)?)
    } else {
        Writing::ByHand(writer)
    };
    Ok(Journal { shared, retention, writer: Mutex::new(Some(writing)) })
}

/// Each start begins a segment of its own: nothing is written behind a clean marker or a cut tail.
fn begin_first_segment(
    directory: &DataDirectory,
    options: &JournalOptions,
    recovered: &Recovered,
) -> Result<(StorageFile, SegmentHeader), StorageError> {
    let header = SegmentHeader {
        store_id: directory.store_id(),
        number: recovered.segments.last().map_or(1, |last| last.number + 1),
        epoch: recovered.report.epoch,
        salt: directory.random_salt()?,
        link: recovered.link,
        segment_bytes: options.segment_bytes,
    };
    let file = segment::prepare(directory, header.number, options.segment_bytes, segment::PIECE_WHEN_AWAITED_BYTES)?;
    segment::begin(directory, &file, &header)?;
    Ok((file, header))
}

impl Journal {
    /// Appends one record of `change_count` changes, at least one, and returns its first seq. The
    /// changes have the seqs from there on. `on_durable` runs once they are durable.
    ///
    /// It never fails and never waits for the disk. What is pending has no bound here: the callers'
    /// own bounds hold, see [`backlog_bytes`](Journal::backlog_bytes).
    ///
    /// # Panics
    ///
    /// When the record has no changes or is longer than [`RECORD_BYTES_MAX`], or the journal is closed.
    pub fn append(&self, record: &[u8], change_count: u32, on_durable: OnDurable) -> u64 {
        self.shared.queue.append(record, change_count, on_durable)
    }

    /// Appends all records of a buffer under one lock, with one callback, and returns the first seq of
    /// the first. The buffer is left as it is.
    ///
    /// Without records it is a barrier: `on_durable` runs once everything appended before is durable
    /// and its callbacks have run; at once, on this thread, if that is so already. The answer is then
    /// the seq that is waited for.
    ///
    /// # Panics
    ///
    /// When a record is longer than this journal's frames, or the journal is closed.
    pub fn append_slice(&self, records: &RecordBuffer, on_durable: OnDurable) -> u64 {
        if records.is_empty() {
            self.shared.queue.barrier(on_durable)
        } else {
            self.shared.queue.append_slice(records, on_durable)
        }
    }

    /// All changes up to this seq are durable.
    pub fn durable_seq(&self) -> u64 {
        self.shared.queue.durable_seq()
    }

    /// All callbacks of changes up to this seq have returned.
    pub fn announced_seq(&self) -> u64 {
        self.shared.queue.announced_seq()
    }

    /// The seq of the last change that was appended.
    pub fn appended_seq(&self) -> u64 {
        self.shared.queue.appended_seq()
    }

    /// How many bytes were appended and are not durable yet.
    pub fn backlog_bytes(&self) -> usize {
        self.shared.queue.backlog_bytes()
    }

    /// How many bytes can be written without new space on the disk: the rest of the live segment, and
    /// the next one if it is ready. Little of it while the disk is full.
    pub fn reserve_bytes(&self) -> u64 {
        let Reserve { live_bytes, prepared_bytes, .. } = &*self.shared.reserve;
        live_bytes.load(Ordering::Relaxed) + prepared_bytes.load(Ordering::Relaxed)
    }

    /// Whether the next segment found no room on the disk. What is left then is a segment, less what was written since:
    /// see [`reserve_bytes`](Journal::reserve_bytes).
    pub fn is_disk_full(&self) -> bool {
        self.shared.reserve.is_disk_full.load(Ordering::Acquire)
    }

    /// How many segments there are, the live one among them.
    pub fn segment_count(&self) -> usize {
        lock(&self.shared.segments).len()
    }

    /// The number of the frame that is being written; `None` while the disk has nothing to do. The same number for long
    /// means that the disk is slow, or stuck.
    pub fn frame_in_flight(&self) -> Option<u64> {
        let Frames { begun, done } = &self.shared.frames;
        let begun = begun.load(Ordering::Acquire);
        (done.load(Ordering::Acquire) < begun).then_some(begun)
    }

    /// The last durable place: what a snapshot of durable state carries.
    pub fn durable_position(&self) -> SnapshotPoint {
        *lock(&self.shared.position)
    }

    /// Visits the durable records behind `after_seq` in order, from disk and on this thread: first seq,
    /// change count, bytes. A record that has `after_seq` in its middle is among them. Ends early when
    /// `visit` breaks. Whole segments and frames before are skipped unread.
    ///
    /// # Errors
    ///
    /// [`JournalError::Retired`] when the next record is no longer there, [`JournalError::Refused`] for
    /// damage, [`JournalError::Storage`] by the disk.
    pub fn read(&self, after_seq: u64, visit: &mut Visit<'_>) -> Result<(), JournalError> {
        reader::read(&self.shared, after_seq, visit)
    }

    /// Drops the segments that nothing needs any more, oldest first, and returns how many: wholly
    /// covered by the snapshot at `snapshot_seq`, older than `retain_days` at `now_ms` (milliseconds
    /// since 1970), and not among the last `retain_bytes`.
    ///
    /// `snapshot_seq` must be that of the *oldest* snapshot one may still fall back to: see
    /// [`snapshot::covered_seq`](crate::snapshot::covered_seq).
    pub fn retire(&self, snapshot_seq: u64, now_ms: u64) -> Result<usize, JournalError> {
        retention::retire(&self.shared, self.retention, snapshot_seq, now_ms)
    }

    /// Closes the journal: makes durable and answers what is pending, writes the marker of a clean stop
    /// and waits for the threads to end. A second call waits for the first and does nothing else.
    ///
    /// # Panics
    ///
    /// When it is called from a callback: it would wait for itself.
    pub fn close(&self) {
        self.end(Ending::Clean);
    }

    /// Makes durable and answers what is pending, on this thread: for a journal without threads. An error is where the
    /// process of one with threads ends.
    pub(crate) fn catch_up(&self) -> Result<(), StorageError> {
        match &mut *lock(&self.writer) {
            Some(Writing::ByHand(writer)) => writer.catch_up(),
            _ => Ok(()),
        }
    }

    /// Seals an idle journal, on this thread.
    #[cfg(test)]
    pub(crate) fn seal(&self) -> Result<(), StorageError> {
        match &mut *lock(&self.writer) {
            Some(Writing::ByHand(writer)) => writer.seal(),
            _ => Ok(()),
        }
    }

    /// Whether any segment may go, were all of the journal covered by snapshots.
    pub fn may_retire(&self, now_ms: u64) -> Result<bool, JournalError> {
        retention::may_retire(&self.shared, self.retention, now_ms)
    }

    fn end(&self, ending: Ending) {
        let mut writer = lock(&self.writer);
        let Some(writing) = writer.take() else { return };
        self.shared.queue.end(ending);
        match writing {
            Writing::Thread(thread) => Journal::join(thread, ending),
            // Nobody asked it to write what is pending, and nobody was answered.
            Writing::ByHand(_) if ending == Ending::Abandoned => {}
            Writing::ByHand(mut writer) => {
                if let Err(error) = writer.catch_up() {
                    tracing::error!(%error, "the journal was not closed in good order");
                }
            }
        }
    }

    fn join(thread: JoinHandle<()>, ending: Ending) {
        if thread.thread().id() == std::thread::current().id() {
            // The last handle went in a callback: the writer ends by itself behind it.
            assert_eq!(ending, Ending::Abandoned, "a journal is not closed from a callback");
            return;
        }
        // A panic on the writer's thread aborts the process, so there is none to pass on.
        thread.join().expect("the writer ends in good order");
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.end(Ending::Abandoned);
    }
}

impl Shared {
    fn set_position(&self, point: SnapshotPoint, live_bytes: u64) {
        *lock(&self.position) = point;
        self.reserve.live_bytes.store(live_bytes, Ordering::Relaxed);
    }

    fn segments(&self) -> Vec<SegmentHeader> {
        lock(&self.segments).clone()
    }

    fn add_segment(&self, header: SegmentHeader) {
        lock(&self.segments).push(header);
    }

    /// Forgets the segments up to and with this number.
    fn forget_segments(&self, last_number: u64) {
        lock(&self.segments).retain(|header| header.number > last_number);
    }
}

/// Locks, and aborts on poison: a thread that panicked in the midst of the journal leaves nothing that
/// could go on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|_| std::process::abort())
}
