//! A small store on a simulated disk, to be looked at, damaged, repaired and copied.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::core::change::{By, Change, EventCreated, Share};
use crate::core::hold::HoldSource;
use crate::core::id::{EventNumber, HoldNumber, LoginSeq, Slug, TypeIndex, UserNumber};
use crate::core::settings::{Details, Settings, TicketTypeDefinition};
use crate::core::status::Status;
use crate::journal::{self, Journal, JournalOptions, RecoveryReport};
use crate::record::encode_record;
use crate::snapshot::{self, SnapshotMeta};
use crate::snapshotter::newest_snapshot_with_point;
use crate::state::{SESSIONS, State};
use crate::storage::DataDirectory;
use crate::storage::simulated::SimulatedDisk;

/// Where the store is on its disk.
pub(super) const DATA: &str = "/data";

/// Every frame of the store is in one segment of this length.
pub(super) const SEGMENT_BYTES: u64 = 64 << 10;

/// A store on a disk of its own.
#[derive(Clone)]
pub(super) struct Store {
    pub(super) disk: SimulatedDisk,
}

/// Every file with its content.
pub(super) type Files = BTreeMap<PathBuf, Vec<u8>>;

impl Store {
    /// Three segments, of the changes 1 to 20, 21 to 40 and 41 to 60, one a frame, snapshots at 20 and 40. The last
    /// process was killed, the others were stopped.
    pub(super) fn new() -> Store {
        let store = Store { disk: SimulatedDisk::new(7) };
        store.run(20, Stop::WithSnapshot);
        store.run(20, Stop::WithSnapshot);
        store.run(20, Stop::Killed);
        store.settled()
    }

    /// Runs a journal of so many more changes.
    pub(super) fn run(&self, count: u64, stop: Stop) {
        let directory = self.open();
        let (journal, _) = start(&directory, options()).expect("a journal that opens");
        let first = journal.appended_seq() + 1;
        for seq in first..first + count {
            append(&journal, seq);
            journal.catch_up().expect("a disk that works");
        }
        match stop {
            Stop::Killed => {}
            Stop::Clean => journal.close(),
            Stop::WithSnapshot => {
                write_snapshot(&directory, &journal, &state_after(journal.durable_seq()));
                journal.close();
            }
        }
    }

    /// The same files on a disk that knows nothing else of them.
    fn settled(&self) -> Store {
        let settled = SimulatedDisk::new(7);
        DataDirectory::open_on(Arc::new(settled.clone()), Path::new(DATA)).expect("a directory");
        for (path, bytes) in self.files() {
            settled.put(&path, &bytes);
        }
        Store { disk: settled }
    }

    pub(super) fn open(&self) -> DataDirectory {
        DataDirectory::open_on(Arc::new(self.disk.clone()), Path::new(DATA)).expect("a directory that opens")
    }

    /// Opens it as the offline commands do.
    pub(super) fn look(&self) -> DataDirectory {
        DataDirectory::open_unchanged_on(Arc::new(self.disk.clone()), Path::new(DATA)).expect("a directory that opens")
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        Path::new(DATA).join(name)
    }

    pub(super) fn read(&self, name: &str) -> Vec<u8> {
        self.disk.contents(&self.path(name)).unwrap_or_else(|| panic!("no file {name}"))
    }

    /// Changes the bytes of a file.
    pub(super) fn change(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = self.read(name);
        change(&mut bytes);
        self.disk.put(&self.path(name), &bytes);
    }

    pub(super) fn remove(&self, name: &str) {
        self.look().remove(name).expect("a file that can be removed");
        self.look().sync_directory().expect("a disk that works");
    }

    pub(super) fn files(&self) -> Files {
        let paths = self.disk.paths();
        paths.into_iter().map(|path| (path.clone(), self.disk.contents(&path).expect("a file"))).collect()
    }

    /// The offsets of the frames of a segment, the clean marker's too.
    pub(super) fn frames(&self, segment: u64) -> Vec<usize> {
        let bytes = self.read(&segment_file(segment));
        let sectors = bytes.chunks(512).enumerate();
        sectors.filter(|(_, sector)| sector.starts_with(b"HFRM")).map(|(index, _)| index * 512).collect()
    }

    /// Flips a bit in the payload of frame `index` of a segment.
    pub(super) fn damage_frame(&self, segment: u64, index: usize) {
        let offset = self.frames(segment)[index];
        self.change(&segment_file(segment), |bytes| bytes[offset + 100] ^= 1);
    }

    /// Starts a server's journal on it, and tells what it recovered. Nothing more is written but its new segment.
    pub(super) fn recover(&self) -> (State, RecoveryReport) {
        let directory = self.open();
        let mut state = State::default();
        let (_, report) = start_into(&directory, options(), &mut state).expect("a journal that opens");
        (state, report)
    }
}

/// How a run ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    Killed,
    Clean,
    WithSnapshot,
}

pub(super) fn segment_file(number: u64) -> String {
    format!("journal-{number:020}.segment")
}

pub(super) fn snapshot_file(seq: u64) -> String {
    snapshot::file_name(seq)
}

pub(super) fn options() -> JournalOptions {
    let (segment_bytes, batch_bytes_max, has_threads) = (SEGMENT_BYTES, 8 << 10, false);
    JournalOptions { segment_bytes, batch_bytes_max, has_threads, ..JournalOptions::default() }
}

pub(super) fn start(
    directory: &DataDirectory,
    options: JournalOptions,
) -> Result<(Arc<Journal>, RecoveryReport), journal::JournalError> {
    start_into(directory, options, &mut State::default())
}

fn start_into(
    directory: &DataDirectory,
    options: JournalOptions,
    state: &mut State,
) -> Result<(Arc<Journal>, RecoveryReport), journal::JournalError> {
    let (loaded, point) = newest_snapshot_with_point(directory).expect("snapshots that can be read");
    *state = loaded;
    journal::open(directory, options, point, &mut |seq, _, bytes| state.apply_bytes(seq, bytes))
}

/// Appends change `seq`: the first creates an event, the others are logins and holds in turn.
pub(super) fn append(journal: &Journal, seq: u64) {
    assert_eq!(journal.append(&record(seq), 1, Box::new(|_| ())), seq);
}

/// The record of change `seq`.
pub(super) fn record(seq: u64) -> Vec<u8> {
    let mut record = Vec::new();
    let (event, change) = change(seq);
    encode_record(event, seq * 1_000, &By::User, &[change], &mut record);
    record
}

fn change(seq: u64) -> (EventNumber, Change) {
    let number = seq / 2;
    let (user, session) = (UserNumber(number as u32), LoginSeq(number));
    match seq {
        1 => (EventNumber(1), created()),
        _ if seq.is_multiple_of(2) => {
            let (name, token_hash) = (format!("user-{number}"), [number as u8; 32]);
            (SESSIONS, Change::SessionOpened { session, user, name, token_hash })
        }
        _ => {
            let share = Share { ticket_type: TypeIndex(0), user, session, quantity: 1 };
            let (number, source) = (HoldNumber(number as u32), HoldSource::Request);
            let (deadline_ms, lifetime_end_ms) = (seq * 1_000 + 600_000, seq * 1_000 + 1_800_000);
            (EventNumber(1), Change::HoldPlaced { number, share, deadline_ms, lifetime_end_ms, source })
        }
    }
}

fn created() -> Change {
    let general = Slug::new("general").expect("a slug");
    let ticket_types =
        vec![TicketTypeDefinition { id: general, name: "General".to_owned(), capacity: 1_000_000, price: None }];
    Change::EventCreated(Box::new(EventCreated {
        id: Slug::new("gala").expect("a slug"),
        details: Details { name: "Gala".to_owned(), ..Details::default() },
        settings: Settings::default(),
        ticket_types,
        status: Status::OnSale,
    }))
}

/// The state after so many changes.
pub(super) fn state_after(seq: u64) -> State {
    let mut state = State::default();
    for seq in 1..=seq {
        state.apply_bytes(seq, &record(seq)).expect("a change that follows");
    }
    state
}

/// Writes a snapshot of `state`, which is all that is durable.
pub(super) fn write_snapshot(directory: &DataDirectory, journal: &Journal, state: &State) {
    let position = journal.durable_position();
    let meta = SnapshotMeta {
        store_id: directory.store_id(),
        seq: position.seq,
        epoch: position.epoch,
        engine_time_ms: position.seq * 1_000,
        chain_hash: position.chain_hash,
    };
    write_snapshot_of(directory, &meta, state);
}

pub(super) fn write_snapshot_of(directory: &DataDirectory, meta: &SnapshotMeta, state: &State) {
    let mut fill =
        |writer: &mut snapshot::SnapshotWriter| state.write_blocks(&mut |kind, bytes: &[u8]| writer.block(kind, bytes));
    snapshot::write(directory, meta, &mut fill).expect("a snapshot that can be written");
}
