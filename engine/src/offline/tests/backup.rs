use std::path::Path;
use std::sync::Arc;

use crate::offline::OfflineError;
use crate::offline::backup::{CopyReport, copy};
use crate::offline::snapshots::hash_of;
use crate::offline::verify::{VerifiedEnd, verify_in};
use crate::storage::simulated::{Damage, Fault, FaultKind, SimulatedDisk};
use crate::storage::{DataDirectory, EXIT_DATA, StorageError};

use super::store::{DATA, Stop, Store, segment_file, snapshot_file, state_after};

const COPY: &str = "/copy";

/// Backs the store up on the same disk.
fn backup(store: &Store) -> Result<CopyReport, OfflineError> {
    let disk = || Arc::new(store.disk.clone());
    let source = DataDirectory::open_beside_on(disk(), Path::new(DATA))?;
    let target = DataDirectory::begin_copy_on(disk(), Path::new(COPY), source.store_id())?;
    copy(&source, &target, &["tokens"])
}

/// The copy, in the place of the store.
fn restored(store: &Store) -> Store {
    let restored = Store { disk: SimulatedDisk::new(5) };
    drop(restored.open());
    for (path, bytes) in store.files() {
        if let Ok(name) = path.strip_prefix(COPY) {
            restored.disk.put(&restored.path(&name.to_string_lossy()), &bytes);
        }
    }
    restored
}

#[test]
fn a_copy_has_everything_and_is_gone_on_from() {
    let store = Store::new();
    store.disk.put(&store.path("tokens"), b"0123");
    store.disk.put(&store.path("heartbeat"), b"beat");
    store.disk.put(&store.path("journal-00000000000000000004.tmp"), b"unfinished");
    let before = store.files();
    let report = backup(&store).expect("a backup");
    assert_eq!((report.seq, report.passed_over.len(), report.file_count), (60, 0, 8));
    let (source, copy) = (Path::new(DATA), Path::new(COPY));
    let after = store.files();
    assert!(after.iter().filter(|(path, _)| path.starts_with(source)).eq(before.iter()), "the source was changed");
    for name in [&segment_file(1), &snapshot_file(20), "tokens", "heartbeat", "STORE"] {
        assert_eq!(after[&copy.join(name)], before[&source.join(name)], "{name}");
    }
    assert!(!after.contains_key(&copy.join("journal-00000000000000000004.tmp")));

    let (state, recovered) = restored(&store).recover();
    assert_eq!(recovered.last_seq, 60);
    assert!(hash_of(&state) == hash_of(&state_after(60)));
}

#[test]
fn a_store_in_use_can_be_copied() {
    let store = Store::new();
    let holder = store.open();
    assert_eq!(backup(&store).expect("a backup").seq, 60);
    drop(holder);
}

#[test]
fn what_a_snapshot_tells_is_in_the_segments_of_the_copy_too() {
    let store = Store::new();
    let source = DataDirectory::open_beside_on(Arc::new(store.disk.clone()), Path::new(DATA)).expect("the store");
    let elsewhere = SimulatedDisk::new(3);
    let target = DataDirectory::begin_copy_on(Arc::new(elsewhere.clone()), Path::new(COPY), source.store_id());
    let target = target.expect("an empty directory");
    elsewhere.hold_syncs();
    std::thread::scope(|scope| {
        let copying = scope.spawn(|| copy(&source, &target, &[]));
        // It has copied its first file, and waits for the disk: meanwhile the server goes on and writes a snapshot.
        while elsewhere.paths().is_empty() && !copying.is_finished() {
            std::thread::yield_now();
        }
        store.run(20, Stop::WithSnapshot);
        elsewhere.release_syncs();
        let report = copying.join().expect("no panic").expect("a backup");
        assert_eq!((report.seq, report.verified.snapshots.len()), (80, 2));
    });
}

#[test]
fn an_unfinished_write_is_not_copied() {
    let store = Store::new();
    let last = *store.frames(3).last().expect("a frame");
    store.change(&segment_file(3), |bytes| bytes[last + 40..].fill(0));
    let report = backup(&store).expect("a backup");
    assert_eq!((report.seq, report.verified.end), (59, VerifiedEnd::Unclean));
}

#[test]
fn damage_is_not_copied() {
    for (segment, index) in [(1, 3), (2, 19), (3, 5)] {
        let store = Store::new();
        store.damage_frame(segment, index);
        let error = backup(&store).expect_err("damaged");
        assert_eq!(error.exit_code(), EXIT_DATA, "{error}");
        assert!(error.to_string().contains(&segment_file(segment)), "{error}");
        check_no_data_directory(&store);
    }
}

#[test]
fn a_damaged_snapshot_is_passed_over_and_told() {
    let store = Store::new();
    store.change(&snapshot_file(40), |bytes| bytes[100] ^= 1);
    let report = backup(&store).expect("a backup");
    assert!(report.passed_over.len() == 1 && report.passed_over[0].contains(&snapshot_file(40)));
    assert_eq!(report.seq, 60);
}

#[test]
fn a_target_that_holds_something_is_refused() {
    let store = Store::new();
    store.disk.put(&Path::new(COPY).join(".keep"), b"");
    backup(&store).expect("a hidden file is no hindrance");
    for occupied in ["STORE", "letters.txt"] {
        let store = Store::new();
        store.disk.put(&Path::new(COPY).join(occupied), b"dear");
        let before = store.files();
        let error = backup(&store).expect_err("not empty");
        assert!(matches!(error, OfflineError::Storage(StorageError::NotEmpty { .. })), "{error}");
        assert_eq!((error.exit_code(), error.to_string().contains(occupied)), (EXIT_DATA, true));
        assert!(store.files() == before);
    }
}

/// A copy in which no server would find a store.
#[track_caller]
fn check_no_data_directory(store: &Store) {
    let opened = DataDirectory::open_unchanged_on(Arc::new(store.disk.clone()), Path::new(COPY));
    assert!(matches!(opened, Err(StorageError::NoStore { .. })), "{opened:?}");
}

#[test]
fn half_a_copy_is_no_data_directory() {
    let mut halves = 0;
    for at in 0.. {
        for damage in Damage::ALL {
            let store = Store::new();
            store.disk.set_fault(Some(Fault { at, only: None, kind: FaultKind::PowerCut }));
            if backup(&store).is_ok() && !store.disk.has_failed() {
                assert!(halves > 1_000, "only {halves} copies were cut off");
                return;
            }
            let cut_off = Store { disk: store.disk.cut_power(damage) };
            match DataDirectory::open_unchanged_on(Arc::new(cut_off.disk.clone()), Path::new(COPY)) {
                Err(StorageError::NoStore { .. }) => halves += 1,
                // The cut came at the last rename or behind it.
                Ok(copy) => check_whole(&copy, &format!("cut at operation {at}, {damage:?}")),
                Err(error) => panic!("cut at operation {at}, {damage:?}: {error}"),
            }
        }
    }
}

fn check_whole(copy: &DataDirectory, when: &str) {
    let report = verify_in(copy).expect("a directory");
    assert_eq!((report.last_seq, report.findings.len()), (60, 0), "{when}");
}
