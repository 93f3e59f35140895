//! The power is cut at every operation of a repair, with every kind of damage to what was not synced: the directory starts
//! or can be repaired again, and nothing that was there is gone.

use std::path::Path;
use std::sync::Arc;

use crate::offline::repair::{RepairOutcome, repair_in};
use crate::offline::snapshots::hash_of;
use crate::storage::DataDirectory;
use crate::storage::simulated::{Damage, Fault, FaultKind};

use super::repair::quarantined;
use super::store::{DATA, Files, Store, segment_file, state_after};

/// A store with damage that costs a tail, a segment and a snapshot.
fn damaged() -> Store {
    let store = Store::new();
    store.damage_frame(2, 18);
    store
}

/// The last change in front of the damage.
const WHOLE_UP_TO: u64 = 38;
/// What the repair has to be told.
const LOSS: u64 = 22;

#[test]
fn a_repair_that_is_cut_off_anywhere_can_be_done_again() {
    let operations = operations_of_a_repair();
    assert!(operations > 40, "{operations} operations");
    for at in 0..operations {
        for damage in Damage::ALL {
            let store = damaged();
            let before = store.files();
            store.disk.set_fault(Some(Fault { at, only: None, kind: FaultKind::PowerCut }));
            repair_cut_off(&store);
            let store = Store { disk: store.disk.cut_power(damage) };
            finish(&store, &format!("cut at operation {at}, {damage:?}"));
            check_nothing_lost(&store, &before, &format!("cut at operation {at}, {damage:?}"));
        }
    }
}

fn operations_of_a_repair() -> u64 {
    let store = damaged();
    let directory = store.open();
    let before = store.disk.operations();
    repair_in(&directory, Some(LOSS)).expect("a repair that works");
    store.disk.operations() - before
}

/// The power goes away before the end; where it does not, the repair was done.
fn repair_cut_off(store: &Store) {
    let disk = Arc::new(store.disk.clone());
    if let Ok(directory) = DataDirectory::open_on(disk, Path::new(DATA)) {
        repair_in(&directory, Some(LOSS)).map(drop).unwrap_or_default();
    }
}

/// Repairs what is left to repair, as somebody would who is told the number again. Then a start works.
fn finish(store: &Store, when: &str) {
    let directory = store.open();
    if let RepairOutcome::NotAccepted(plan) =
        repair_in(&directory, None).unwrap_or_else(|error| panic!("{when}: {error}"))
    {
        assert_eq!(plan.last_seq, WHOLE_UP_TO, "{when}");
        let outcome = repair_in(&directory, Some(plan.loss())).unwrap_or_else(|error| panic!("{when}: {error}"));
        assert!(matches!(outcome, RepairOutcome::Repaired(_)), "{when}: {outcome:?}");
    }
    drop(directory);
    let (state, report) = store.recover();
    assert_eq!(report.last_seq, WHOLE_UP_TO, "{when}");
    assert!(hash_of(&state) == hash_of(&state_after(WHOLE_UP_TO)), "{when}: another state came out");
}

/// Each file is where it was or in quarantine, and of the cut segment, the rest.
fn check_nothing_lost(store: &Store, before: &Files, when: &str) {
    let (now, kept) = (store.files(), quarantined(store));
    let cut_at = damaged().frames(2)[18];
    for (path, bytes) in before {
        let name = path.file_name().expect("a name").to_string_lossy();
        if name == "LOCK" || now.get(path) == Some(bytes) || kept.contains(bytes) {
            continue;
        }
        assert_eq!(name, segment_file(2), "{when}: {name} is gone");
        let rest = |file: &Vec<u8>| bytes[cut_at..].starts_with(file) && !file.is_empty();
        assert!(kept.iter().any(rest), "{when}: what was cut off is gone");
    }
}
