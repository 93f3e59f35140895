//! Every byte of a small store is flipped, one at a time: the start is refused, or comes to the same state.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::clock::ManualClock;
use crate::engine::{AuditEntry, Engine};
use crate::storage::simulated::{SimulatedDisk, SplitMix};

use super::world::{World, open};

const AT_MS: u64 = 1_900_000_000_000;

/// A store of at least three segments and two snapshots, as a kill has left it.
fn corpus() -> SimulatedDisk {
    let is_rich_enough = |disk: &SimulatedDisk| {
        let count = |ending: &str| disk.paths().iter().filter(|path| path.to_string_lossy().ends_with(ending)).count();
        count(".segment") >= 3 && count(".snapshot") >= 2
    };
    World::calm(7).killed_when(is_rich_enough)
}

/// The audit trail; nothing where it is refused. A start does not read what a snapshot covers.
fn trail(engine: &Engine) -> Option<Vec<AuditEntry>> {
    engine.changes(0, usize::MAX, None).ok().map(|page| page.entries)
}

fn hashes(engine: &Engine) -> Vec<blake3::Hash> {
    engine.handles().iter().map(|handle| crate::state::event_hash(handle.machine().event())).collect()
}

fn start(disk: &SimulatedDisk) -> Result<Engine, u8> {
    open(disk, &Arc::new(ManualClock::at(AT_MS))).map_err(|error| error.exit_code())
}

/// The disk with one byte of one file changed.
fn flipped(disk: &SimulatedDisk, path: &Path, offset: usize, mask: u8) -> SimulatedDisk {
    let copy = disk.after_kill();
    let mut bytes = copy.contents(path).expect("a file of the corpus");
    bytes[offset] ^= mask;
    copy.put(path, &bytes);
    copy
}

/// The bytes worth a start each: all that were ever written; of the zeros that nobody has touched yet, one in many.
fn offsets(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    (0..bytes.len()).filter(move |offset| *offset < used || *offset % 97 == 0)
}

#[test]
fn every_flipped_byte_is_refused_or_harmless() {
    let disk = corpus();
    let unharmed = start(&disk.after_kill()).unwrap();
    let (expected_trail, expected_hashes) = (trail(&unharmed), hashes(&unharmed));
    assert!(expected_trail.is_some());
    let mut random = SplitMix(11);
    let (mut refused, mut harmless) = (0, 0);
    let is_ours = |path: &PathBuf| !path.ends_with("LOCK") && !path.ends_with("heartbeat");
    for path in disk.paths().into_iter().filter(is_ours) {
        for offset in offsets(&disk.contents(&path).unwrap()) {
            let mask = [0xFF, 0x01, 0x80, random.next() as u8 | 2][random.below(4) as usize];
            match start(&flipped(&disk, &path, offset, mask)) {
                Err(code) => {
                    assert!([65, 70, 76].contains(&code), "{} byte {offset}: exit code {code}", path.display());
                    refused += 1;
                }
                Ok(engine) => {
                    let context = || format!("{} byte {offset} ^ {mask:#x}", path.display());
                    assert_eq!(hashes(&engine), expected_hashes, "{}: another state", context());
                    let trail = trail(&engine);
                    assert!(trail.is_none() || trail == expected_trail, "{}: another past", context());
                    if trail.is_some() { harmless += 1 } else { refused += 1 }
                }
            }
        }
    }
    println!("{refused} flips refused, {harmless} harmless");
    assert!(refused > 1_000 && harmless > 100, "{refused} refused, {harmless} harmless");
}
