//! Writes snapshots, beside the running engine and without stopping it.
//!
//! A snapshot is not captured from the actors. It is made as recovery makes its state: the last snapshot, and the
//! durable journal after it, through `evolve`. So it can hold only what is durable, it is one consistent cut over all
//! events and sessions, no actor ever waits for it, and every snapshot proves that the journal can be replayed. The
//! price is a second copy of the state while one is made, and the time to read the journal since the last one.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::config::SnapshotConfig;
use crate::core::planted::{Bug, is_planted};
use crate::journal::{JournalError, SnapshotPoint};
use crate::services::Services;
use crate::snapshot::{self, SnapshotError, SnapshotInfo, SnapshotMeta};
use crate::state::State;
use crate::storage::{DataDirectory, measured};

/// Why no snapshot was written. The engine goes on; it is tried again.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotFailure {
    /// The snapshot file.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The journal behind it.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal does not follow from the snapshot before.
    #[error("the state could not be built: {0}")]
    State(String),
    /// The state was built, and contradicts itself. The live one is made of the same changes: the process ends.
    #[error("the state breaks an invariant: {0}")]
    Invariant(String),
    /// The engine is stopping.
    #[error("the engine is stopping")]
    Stopping,
}

/// A snapshot that was written.
#[derive(Clone, Debug)]
pub struct WrittenSnapshot {
    /// The file.
    pub info: SnapshotInfo,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// What came of the snapshots until now.
#[derive(Clone, Debug, Default)]
pub struct SnapshotsSoFar {
    /// The newest one; `None` where there is none.
    pub newest: Option<NewestSnapshot>,
    /// When the newest attempt failed, in milliseconds since the Unix epoch, and why; `None` where it did not fail.
    pub failure: Option<(u64, Arc<SnapshotFailure>)>,
}

/// The newest snapshot.
#[derive(Clone, Debug)]
pub struct NewestSnapshot {
    /// The last change that is in it.
    pub seq: u64,
    /// The name of its file.
    pub file: String,
    /// When it was written, in milliseconds since the Unix epoch, and what it came to; `None` for one of an earlier process.
    pub written: Option<(u64, WrittenSnapshot)>,
}

impl SnapshotsSoFar {
    /// Those of an engine that has started from the snapshot at `point`.
    pub(crate) fn from_point(point: Option<SnapshotPoint>) -> SnapshotsSoFar {
        let newest = point.map(|SnapshotPoint { seq, .. }| NewestSnapshot {
            seq,
            file: snapshot::file_name(seq),
            written: None,
        });
        SnapshotsSoFar { newest, failure: None }
    }

    fn note(&mut self, at_ms: u64, attempt: &Result<WrittenSnapshot, Arc<SnapshotFailure>>) {
        match attempt {
            Ok(written) => {
                let (seq, file) = (written.info.seq, written.info.file.clone());
                self.newest = Some(NewestSnapshot { seq, file, written: Some((at_ms, written.clone())) });
                self.failure = None;
            }
            Err(failure) => self.failure = Some((at_ms, Arc::clone(failure))),
        }
    }
}

type Answer = oneshot::Sender<Result<WrittenSnapshot, Arc<SnapshotFailure>>>;

/// Asks the thread that writes snapshots.
pub struct Snapshotter {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    orders: Mutex<Orders>,
    changed: Condvar,
}

#[derive(Default)]
struct Orders {
    answers: Vec<Answer>,
    is_stopping: bool,
}

impl Snapshotter {
    /// Starts the thread.
    pub fn start(services: Arc<Services>, directory: DataDirectory) -> std::io::Result<Snapshotter> {
        let shared = Arc::new(Shared { orders: Mutex::default(), changed: Condvar::new() });
        let own = Arc::clone(&shared);
        let run = move || run(&own, &services, &directory);
        let thread = std::thread::Builder::new().name("holdfast-snapshot".to_owned()).spawn(run)?;
        Ok(Snapshotter { shared, thread: Some(thread) })
    }

    /// Orders a snapshot. The receiver gets what came of it.
    pub fn order(&self) -> oneshot::Receiver<Result<WrittenSnapshot, Arc<SnapshotFailure>>> {
        let (answer, receiver) = oneshot::channel();
        self.shared.orders.lock().unwrap_or_else(PoisonError::into_inner).answers.push(answer);
        self.shared.changed.notify_one();
        receiver
    }

    /// Ends the thread after the snapshot that it is writing.
    pub fn stop(&mut self) {
        self.shared.orders.lock().unwrap_or_else(PoisonError::into_inner).is_stopping = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the snapshot thread panicked");
        }
    }
}

impl Drop for Snapshotter {
    fn drop(&mut self) {
        self.stop();
    }
}

/// How far the thread steps back behind all others, in the units of `nice(2)`. At 10 it has about a tenth of what they
/// have where all want the processor: buyers notice little of it, and it still replays the journal faster than a sale
/// writes it. At 19 it might not.
const NICENESS: i32 = 10;

/// How often the triggers by size and by time are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

fn run(shared: &Shared, services: &Arc<Services>, directory: &DataDirectory) {
    step_back();
    // What was replayed at the start counts: the next start would replay it again.
    let mut since = Since { journal_bytes: 0, seq: 0, at_ms: services.clock.now_ms() };
    loop {
        let orders = shared.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let is_idle = |orders: &mut Orders| orders.answers.is_empty() && !orders.is_stopping;
        let waited = shared.changed.wait_timeout_while(orders, LOOK_EVERY, is_idle);
        let mut orders = waited.unwrap_or_else(PoisonError::into_inner).0;
        let answers = std::mem::take(&mut orders.answers);
        let is_stopping = orders.is_stopping;
        drop(orders);
        if is_stopping {
            let refusal = Arc::new(SnapshotFailure::Stopping);
            answers.into_iter().for_each(|answer| drop(answer.send(Err(Arc::clone(&refusal)))));
            return;
        }
        if answers.is_empty() && !since.is_due(services, &services.config.snapshot) {
            continue;
        }
        let attempt = AssertUnwindSafe(|| write_and_retire(services, directory));
        let panicked = || Err(SnapshotFailure::State("an assertion failed; the log has it".to_owned()));
        let written = catch_unwind(attempt).unwrap_or_else(|_| panicked()).map_err(Arc::new);
        report(services, &written);
        since = if written.is_ok() { Since::now(services) } else { Since::failed_now(services) };
        answers.into_iter().for_each(|answer| drop(answer.send(written.clone())));
    }
}

/// Lets those who serve go first. On Linux, "this process" means the calling thread alone.
fn step_back() {
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::warn!(%error, "snapshots compete with buyers for the processor");
    }
}

/// Where the journal stood when the last snapshot was written, or tried.
struct Since {
    journal_bytes: u64,
    seq: u64,
    at_ms: u64,
}

/// A snapshot that failed is tried again after so long, in milliseconds.
const RETRY_MS: u64 = 60_000;

impl Since {
    /// As if the last one had been written so long ago that the next one is due in a minute.
    fn failed_now(services: &Services) -> Since {
        let interval_ms = services.config.snapshot.interval_seconds * 1_000;
        let now = Since::now(services);
        Since { at_ms: now.at_ms.saturating_sub(interval_ms.saturating_sub(RETRY_MS)), seq: 0, ..now }
    }

    fn now(services: &Services) -> Since {
        Since {
            journal_bytes: services.metrics.journal_bytes(),
            seq: services.journal.durable_seq(),
            at_ms: services.clock.now_ms(),
        }
    }

    fn is_due(&self, services: &Services, config: &SnapshotConfig) -> bool {
        let has_changed = services.journal.durable_seq() > self.seq;
        let bytes = services.metrics.journal_bytes() - self.journal_bytes;
        let age_ms = services.clock.now_ms().saturating_sub(self.at_ms);
        has_changed && (bytes >= config.journal_bytes || age_ms >= config.interval_seconds * 1_000)
    }
}

fn report(services: &Services, written: &Result<WrittenSnapshot, Arc<SnapshotFailure>>) {
    services.snapshots.lock().unwrap_or_else(PoisonError::into_inner).note(services.clock.now_ms(), written);
    match written {
        Ok(snapshot) => {
            services.metrics.snapshot_written(snapshot.duration_ms as f64 / 1_000.0);
            let (seq, bytes, duration_ms) = (snapshot.info.seq, snapshot.info.bytes, snapshot.duration_ms);
            tracing::info!(seq, bytes, duration_ms, file = snapshot.info.file, "snapshot written");
        }
        Err(failure) if matches!(**failure, SnapshotFailure::Invariant(_)) => {
            services.end_on_violation(&failure.to_string());
        }
        Err(failure) => {
            services.metrics.snapshot_failed();
            tracing::error!(%failure, "no snapshot was written; it is tried again");
        }
    }
}

pub(crate) fn write_and_retire(
    services: &Services,
    directory: &DataDirectory,
) -> Result<WrittenSnapshot, SnapshotFailure> {
    let (written, duration) = measured(|| write(services, directory));
    let info = written?;
    if let Err(failure) = retire(services, directory) {
        tracing::warn!(%failure, "old journal segments were not dropped; it is tried again at the next snapshot");
    }
    Ok(WrittenSnapshot { info, duration_ms: duration.as_millis() as u64 })
}

/// Drops the segments that nothing needs any more.
fn retire(services: &Services, directory: &DataDirectory) -> Result<(), SnapshotFailure> {
    if services.journal.may_retire(services.clock.now_ms())?
        && let Some(covered_seq) = snapshot::covered_seq(directory)?
    {
        services.journal.retire(covered_seq, services.clock.now_ms())?;
    }
    Ok(())
}

fn write(services: &Services, directory: &DataDirectory) -> Result<SnapshotInfo, SnapshotFailure> {
    let position = services.journal.durable_position();
    let (mut state, seq) = newest_snapshot(directory)?;
    if seq < position.seq {
        replay(services, &mut state, seq, position)?;
    }
    state.check_invariants().map_err(SnapshotFailure::Invariant)?;
    services.metrics.snapshot_checked();
    let meta = SnapshotMeta {
        store_id: directory.store_id(),
        seq: if is_planted(Bug::SnapshotOfUndurable) { services.journal.appended_seq() } else { position.seq },
        epoch: position.epoch,
        engine_time_ms: services.clock.now_ms(),
        chain_hash: position.chain_hash,
    };
    let mut fill =
        |writer: &mut snapshot::SnapshotWriter| state.write_blocks(&mut |kind, bytes: &[u8]| writer.block(kind, bytes));
    Ok(snapshot::write(directory, &meta, &mut fill)?)
}

/// Refuses a journal that does not come to where any snapshot stands, also one that was passed over: its name alone says
/// that all changes up to there were durable once.
pub(crate) fn check_snapshots_reached(directory: &DataDirectory, last_seq: u64) -> Result<(), JournalError> {
    let newest_seq = snapshot::seqs(directory)?.last().copied().unwrap_or(0);
    if newest_seq > last_seq {
        return Err(JournalError::SnapshotNewer { snapshot_seq: newest_seq, last_seq });
    }
    Ok(())
}

/// The state of the newest valid snapshot, and up to which change it goes.
pub(crate) fn newest_snapshot(directory: &DataDirectory) -> Result<(State, u64), SnapshotFailure> {
    let (state, point) = newest_snapshot_with_point(directory)?;
    Ok((state, point.map_or(0, |point| point.seq)))
}

/// The same, with what the journal compares its chain to.
pub(crate) fn newest_snapshot_with_point(
    directory: &DataDirectory,
) -> Result<(State, Option<SnapshotPoint>), SnapshotFailure> {
    let mut state = State::default();
    let Some(mut reader) = snapshot::newest_valid(directory)? else { return Ok((state, None)) };
    while let Some((kind, bytes)) = reader.next_block()? {
        state.read_block(kind, &bytes).map_err(SnapshotFailure::State)?;
    }
    Ok((state, Some(reader.meta().point())))
}

fn replay(
    services: &Services,
    state: &mut State,
    after_seq: u64,
    position: SnapshotPoint,
) -> Result<(), SnapshotFailure> {
    let (mut refusal, mut reached) = (None, after_seq);
    services.journal.read(after_seq, &mut |first_seq, change_count, bytes| {
        if first_seq > position.seq {
            return ControlFlow::Break(());
        }
        match state.apply_bytes(first_seq, bytes) {
            Ok(()) => {
                reached = first_seq + u64::from(change_count) - 1;
                ControlFlow::Continue(())
            }
            Err(text) => {
                refusal = Some(format!("change {first_seq}: {text}"));
                ControlFlow::Break(())
            }
        }
    })?;
    // A snapshot that claimed a change it does not have would lose it at the next start.
    if refusal.is_none() && reached != position.seq {
        refusal = Some(format!("the journal ended at change {reached}, not at {}", position.seq));
    }
    refusal.map_or(Ok(()), |text| Err(SnapshotFailure::State(text)))
}
