//! What the unit of work becomes in the journal: records, and frames of them.

use std::hint::black_box;
use std::sync::mpsc::channel;

use holdfast_benches::stage::{START_MS, Stage, confirm, hold_one};
use holdfast_engine::core::Change;
use holdfast_engine::core::change::By;
use holdfast_engine::core::id::{EventNumber, HoldNumber};
use holdfast_engine::journal::{self, JournalOptions, RecordBuffer};
use holdfast_engine::record::{decode_record, encode_record};
use holdfast_engine::storage::DataDirectory;

/// Units that are journaled together: so many that how two threads meet, which no two runs do alike, weighs little.
const UNITS_PER_FRAME: u32 = 1_024;

/// The changes of a unit become two records, as a turn writes them.
pub fn encode(times: u32) {
    let (unit, mut records) = (unit(), RecordBuffer::new());
    for number in 0..times {
        if number.is_multiple_of(UNITS_PER_FRAME) {
            records.clear();
        }
        push(&unit, &mut records);
        black_box(&records);
    }
}

/// The two records of a unit become changes again.
pub fn decode(times: u32) {
    let records = unit().map(|changes| {
        let mut bytes = Vec::new();
        encode_record(EventNumber(1), START_MS, &By::User, &changes, &mut bytes);
        bytes
    });
    for _ in 0..times {
        for bytes in &records {
            black_box(decode_record(bytes)).expect("what was written can be read");
        }
    }
}

/// Units that are encoded are appended, a frame at a time, and wait until they are durable: the checksums of frames are in it,
/// the work of the disk is not. `times` are whole frames.
pub fn append(times: u32) {
    let temporary = tempfile::tempdir().expect("a temporary directory");
    let directory = DataDirectory::open(temporary.path()).expect("a new data directory");
    let opened = journal::open(&directory, JournalOptions::default(), None, &mut |_, _, _| Ok(()));
    let (journal, _) = opened.expect("a new journal");
    let (unit, mut records) = (unit(), RecordBuffer::new());
    let (tell, told) = channel();
    for _ in 0..times.div_ceil(UNITS_PER_FRAME) {
        records.clear();
        (0..UNITS_PER_FRAME).for_each(|_| push(&unit, &mut records));
        let tell = tell.clone();
        journal.append_slice(&records, Box::new(move |seq| tell.send(seq).expect("somebody listens")));
        told.recv().expect("the journal answers");
    }
    journal.close();
}

/// The changes of both steps of a unit.
fn unit() -> [Vec<Change>; 2] {
    let mut stage = Stage::new(1);
    let user = stage.next_user();
    stage.ask(user, hold_one(false)).expect("there is a ticket");
    let held = stage.changes.clone();
    stage.ask(user, confirm(HoldNumber(1))).expect("the hold is live");
    [held, stage.changes]
}

fn push(unit: &[Vec<Change>; 2], records: &mut RecordBuffer) {
    for changes in unit {
        let encode = |bytes: &mut Vec<u8>| encode_record(EventNumber(1), START_MS, &By::User, changes, bytes);
        records.push(changes.len() as u32, encode);
    }
}
