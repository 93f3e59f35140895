//! Recovery speed: how fast a journal is replayed, and how fast a snapshot becomes a state again, next to plain reading of
//! the same files.
//!
//! Before each measurement the kernel's copies of the files are dropped, so that every byte comes from the disk. Plain
//! reading goes over the same files in pieces of 1 MiB, and does nothing with the bytes.
//!
//! - `journal`: ten million changes as a sale makes them, with no snapshot: logins; then users who hold one ticket each, of
//!   which 60 % are confirmed, 25 % released, and the rest expire. Frames hold what one turn of an actor appends at the
//!   most: 256 commands
//! - `snapshot`: a million live holds, each of a user of its own who is logged in. `state` is what a start does with the
//!   file: verify it, read it again, rebuild holds, users and sessions. `holds alone` is the same of a snapshot whose
//!   users are not logged in and have no names
//! - `open` is the whole start, up to an engine that serves: with timers, tables of sessions, actors, and the next
//!   journal segments, which are written full of zeros
//!
//! `HOLDFAST_BENCH_CHANGES` (a million or more), `HOLDFAST_BENCH_HOLDS` and `HOLDFAST_BENCH_ROUNDS` make a run smaller.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use holdfast_benches::venue::{NO_SNAPSHOTS, new_event, setting, slug, token_hash};
use holdfast_benches::{clock, figures};
use holdfast_engine::clock::ManualClock;
use holdfast_engine::config::EngineConfig;
use holdfast_engine::core::change::{By, EventCreated};
use holdfast_engine::core::command::Wish;
use holdfast_engine::core::damping::Damping;
use holdfast_engine::core::id::{EventNumber, HoldNumber};
use holdfast_engine::core::presence::AllPresent;
use holdfast_engine::core::settings::{CAPACITY_MAX, DURATION_SECONDS_MAX, Settings};
use holdfast_engine::core::{Caller, Change, Command, Context, Event, Outcome, Sessions};
use holdfast_engine::engine::{Engine, NewEvent, Wheels};
use holdfast_engine::journal::{self, Journal, JournalOptions, RecordBuffer};
use holdfast_engine::machine::EventMachine;
use holdfast_engine::record::encode_record;
use holdfast_engine::snapshot::{self, SnapshotMeta};
use holdfast_engine::state::{SESSIONS, State};
use holdfast_engine::storage::DataDirectory;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The journal has one user for so many changes: one of these is the login, the others are four or five holds.
const CHANGES_PER_USER: u64 = 10;
/// The fewest changes to replay: with fewer users, all would soon have a hold that is left to expire, and nothing would move
/// time on to its end.
const CHANGES_MIN: u64 = 1_000_000;
/// Holds that are live at once, besides those that are left to expire.
const LIVE: usize = 10_000;
const HOLD_SECONDS: u32 = 10;
/// Time at the start, some day in 2026.
const START_MS: u64 = 1_780_000_000_000;
/// How far time moves from one slice to the next.
const SLICE_MS: u64 = 10;
/// Records appended together: the commands of a full turn.
const RECORDS_PER_SLICE: u32 = 256;
const MAX_PER_USER: u32 = 1_000_000;
const READ_BYTES: u64 = 1 << 20;
const EVENT: EventNumber = EventNumber(1);

fn main() {
    let changes = u64::from(setting("HOLDFAST_BENCH_CHANGES", 10_000_000));
    let holds = setting("HOLDFAST_BENCH_HOLDS", 1_000_000);
    let rounds = setting("HOLDFAST_BENCH_ROUNDS", 3);
    assert!(changes >= CHANGES_MIN, "HOLDFAST_BENCH_CHANGES must be {CHANGES_MIN} or more");
    replay_a_journal(changes, rounds);
    load_a_snapshot(holds, rounds);
}

fn replay_a_journal(changes: u64, rounds: u32) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut author = Author::new(directory.path(), HOLD_SECONDS);
    author.log_in((changes / CHANGES_PER_USER) as u32);
    author.sell(changes);
    author.close();
    for _ in 0..rounds {
        let plain = read_plainly(directory.path(), ".segment");
        let (engine, whole) = timed(|| open(directory.path()));
        let report = engine.recovery().clone();
        stop(&engine);
        drop(engine);
        let seconds = report.duration.as_secs_f64();
        println!(
            "journal: {} changes in {} records, {:.0} MB, replayed in {seconds:.2} s: {:.2} M changes/s, {:.2} M records/s",
            report.change_count,
            report.record_count,
            report.bytes as f64 / 1e6,
            report.change_count as f64 / seconds / 1e6,
            report.record_count as f64 / seconds / 1e6,
        );
        figures::tell("recovery/changes_per_second", report.change_count as f64 / seconds);
        plain.compare("journal", report.bytes, report.duration);
        println!("journal: open took {:.2} s", whole.as_secs_f64());
    }
}

fn load_a_snapshot(holds: u32, rounds: u32) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut author = Author::new(directory.path(), DURATION_SECONDS_MAX);
    author.log_in(holds);
    author.hold_each();
    author.close();
    let engine = open(directory.path());
    runtime().block_on(engine.snapshot()).expect("the snapshot is written");
    stop(&engine);
    drop(engine);
    let alone = tempfile::tempdir().expect("a temporary directory");
    write_without_sessions(directory.path(), alone.path());
    for _ in 0..rounds {
        for (name, path) in [("state", directory.path()), ("holds alone", alone.path())] {
            let plain = read_plainly(path, ".snapshot");
            let (state, took) = timed(|| load(path));
            let live: usize = state.events.values().map(|event| event.live_holds().count()).sum();
            assert_eq!(live, holds as usize);
            let rate = f64::from(holds) / took.as_secs_f64() / 1e6;
            println!("snapshot, {name}: {:.0} ms, {rate:.2} M holds/s", took.as_secs_f64() * 1e3);
            figures::tell(&format!("recovery/{name}, holds_per_second"), rate * 1e6);
            plain.compare(&format!("snapshot, {name}"), plain.bytes, took);
        }
        read_plainly(directory.path(), "");
        let (engine, whole) = timed(|| open(directory.path()));
        stop(&engine);
        let rate = f64::from(holds) / whole.as_secs_f64() / 1e6;
        println!("snapshot: open took {:.2} s, {rate:.2} M holds/s", whole.as_secs_f64());
    }
}

/// The state of the newest snapshot.
fn load(path: &Path) -> State {
    let directory = DataDirectory::open(path).expect("the data directory");
    let mut reader = snapshot::newest_valid(&directory).expect("the disk works").expect("a snapshot");
    let mut state = State::default();
    while let Some((kind, bytes)) = reader.next_block().expect("a whole snapshot") {
        state.read_block(kind, &bytes).expect("a state");
    }
    state
}

/// The same snapshot but for users and sessions.
fn write_without_sessions(from: &Path, to: &Path) {
    let state = State { sessions: Sessions::default(), ..load(from) };
    let directory = DataDirectory::open(to).expect("a new data directory");
    let meta = SnapshotMeta {
        store_id: directory.store_id(),
        seq: 1,
        epoch: 1,
        engine_time_ms: state.newest_ms,
        chain_hash: [0; 16],
    };
    let mut fill =
        |writer: &mut snapshot::SnapshotWriter| state.write_blocks(&mut |kind, bytes: &[u8]| writer.block(kind, bytes));
    snapshot::write(&directory, &meta, &mut fill).expect("the snapshot is written");
}

/// Plain reading of some files.
struct Plain {
    bytes: u64,
    duration: Duration,
}

impl Plain {
    fn rate(&self) -> f64 {
        self.bytes as f64 / self.duration.as_secs_f64()
    }

    fn compare(&self, name: &str, bytes: u64, duration: Duration) {
        let (plain, own) = (self.rate(), bytes as f64 / duration.as_secs_f64());
        let ratio = own / plain;
        figures::tell(&format!("recovery/{name}, of_plain_reading"), ratio);
        println!("{name}: {:.0} MB/s, plain reading {:.0} MB/s, ratio {ratio:.2}", own / 1e6, plain / 1e6);
    }
}

/// Reads all files whose names end so, from the disk. Afterwards the kernel has no copy of any file again.
fn read_plainly(path: &Path, name_end: &str) -> Plain {
    let directory = DataDirectory::open(path).expect("the data directory");
    let entries = directory.list().expect("the disk works");
    let files: Vec<_> = entries
        .iter()
        .filter(|entry| entry.name.ends_with(name_end))
        .map(|entry| (directory.open_file(&entry.name).expect("the file is there"), entry.bytes))
        .collect();
    let forget = || files.iter().for_each(|(file, _)| file.drop_cached().expect("the disk works"));
    forget();
    let mut piece = vec![0; READ_BYTES as usize];
    let ((), duration) = timed(|| {
        for (file, bytes) in &files {
            for offset in (0..*bytes).step_by(READ_BYTES as usize) {
                let length = READ_BYTES.min(bytes - offset) as usize;
                file.read_at(&mut piece[..length], offset).expect("the disk works");
            }
        }
    });
    forget();
    Plain { bytes: files.iter().map(|(_, bytes)| bytes).sum(), duration }
}

/// An engine that writes no snapshot unasked, at the time the journal ends.
fn open(path: &Path) -> Engine {
    let config = EngineConfig { snapshot: NO_SNAPSHOTS, ..EngineConfig::default() };
    Engine::open(config, path, Arc::new(ManualClock::at(0)), Wheels::ByHand).expect("it recovers")
}

fn stop(engine: &Engine) {
    runtime().block_on(engine.shutdown());
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime")
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let started = clock::now();
    let done = work();
    (done, started.elapsed())
}

/// Writes a journal as an engine with one event would, without its actors.
struct Author {
    journal: Arc<Journal>,
    sessions: Sessions,
    callers: Vec<Caller>,
    machine: EventMachine,
    now_ms: u64,
    records: RecordBuffer,
    /// Tells when the last slice is durable.
    durable: Option<Receiver<u64>>,
}

impl Author {
    fn new(path: &Path, hold_seconds: u32) -> Author {
        let directory = DataDirectory::open(path).expect("a new data directory");
        let opened = journal::open(&directory, JournalOptions::default(), None, &mut |_, _, _| Ok(()));
        let (journal, _) = opened.expect("a new journal");
        let settings = Settings {
            hold_seconds,
            max_hold_lifetime_seconds: DURATION_SECONDS_MAX,
            max_per_user: MAX_PER_USER,
            ..Settings::default()
        };
        let NewEvent { id, details, settings, ticket_types, status, .. } =
            new_event(&slug("hot"), settings, &[("general", CAPACITY_MAX)]);
        let created = EventCreated { id, details, settings, ticket_types, status };
        let mut author = Author {
            journal,
            sessions: Sessions::default(),
            callers: Vec::new(),
            machine: EventMachine::new(Event::new(EVENT, &created), START_MS),
            now_ms: START_MS,
            records: RecordBuffer::new(),
            durable: None,
        };
        author.record(EVENT, &By::Admin("bench".to_owned()), &[Change::EventCreated(Box::new(created))]);
        author
    }

    /// Logs `count` users in.
    fn log_in(&mut self, count: u32) {
        for number in 0..count {
            let mut changes = Vec::new();
            let name = format!("user-{number}");
            let login = self.sessions.decide_login(self.now_ms, &name, token_hash("user", number), None, &mut changes);
            self.callers.push(Caller::User { user: login.user, session: login.session });
            self.record(SESSIONS, &By::User, &changes);
        }
    }

    /// Lets each user hold one ticket.
    fn hold_each(&mut self) {
        for index in 0..self.callers.len() {
            self.hold(index).expect("there are tickets");
        }
    }

    /// Sells until there are `changes` changes.
    fn sell(&mut self, changes: u64) {
        let mut live: VecDeque<(usize, HoldNumber)> = VecDeque::new();
        let mut holds = 0;
        while self.journal.appended_seq() < changes {
            // A stride without a common divisor with the count meets everybody, neighbours far apart.
            let index = (holds * 618_033) % self.callers.len();
            holds += 1;
            live.extend(self.hold(index).map(|number| (index, number)));
            if live.len() > LIVE
                && let Some((index, number)) = live.pop_front()
            {
                self.end(index, number);
            }
        }
    }

    /// A hold; nothing where the user still has one that is left to expire.
    fn hold(&mut self, index: usize) -> Option<HoldNumber> {
        match self.ask(index, Command::PlaceHold { wish: Wish::default(), wait: false }) {
            Outcome::Held { hold, fresh } => fresh.then_some(hold.number),
            other => panic!("no hold, but {other:?}"),
        }
    }

    fn end(&mut self, index: usize, number: HoldNumber) {
        match number.0 % 20 {
            0..12 => drop(self.ask(index, Command::ConfirmHold { number, quantity: None })),
            12..17 => drop(self.ask(index, Command::ReleaseHold { number, reason: None })),
            _ => {}
        }
    }

    fn ask(&mut self, index: usize, command: Command) -> Outcome {
        let (mut upkeep, mut changes) = (Vec::new(), Vec::new());
        let (now_ms, caller) = (self.now_ms, self.callers[index].clone());
        let context = Context { now_ms, caller, key: None, damping: Damping::OFF, presence: &AllPresent };
        let decision = self.machine.execute(&context, command, &mut upkeep, &mut changes);
        self.record(EVENT, &By::System, &upkeep);
        self.record(EVENT, &By::User, &changes);
        decision.answer.expect("a legal command")
    }

    fn record(&mut self, event: EventNumber, by: &By, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        let now_ms = self.now_ms;
        self.records.push(changes.len() as u32, |bytes| encode_record(event, now_ms, by, changes, bytes));
        if self.records.record_count() >= RECORDS_PER_SLICE {
            self.append();
            self.advance();
        }
    }

    /// Time moves, and what is due expires.
    fn advance(&mut self) {
        self.now_ms += SLICE_MS;
        let mut changes = Vec::new();
        self.machine.advance(self.now_ms, false, &AllPresent, &mut changes);
        if !changes.is_empty() {
            let now_ms = self.now_ms;
            self.records.push(changes.len() as u32, |bytes| encode_record(EVENT, now_ms, &By::System, &changes, bytes));
        }
    }

    /// Appends what there is, once the slice before is durable: so each gets a frame of its own.
    fn append(&mut self) {
        self.wait();
        let (sender, receiver) = channel();
        self.journal.append_slice(&self.records, Box::new(move |seq| sender.send(seq).unwrap_or_default()));
        self.durable = Some(receiver);
        self.records.clear();
    }

    fn wait(&mut self) {
        if let Some(durable) = self.durable.take() {
            durable.recv().expect("the journal answers");
        }
    }

    fn close(mut self) {
        self.append();
        self.wait();
        self.journal.close();
    }
}
