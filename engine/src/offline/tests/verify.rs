use std::path::Path;
use std::sync::Arc;

use crate::error::EXIT_INVARIANT;
use crate::offline::verify::{SnapshotVerdict, VerifiedEnd, VerifyReport, verify_in};
use crate::snapshot;
use crate::storage::simulated::SimulatedDisk;
use crate::storage::{DataDirectory, EXIT_DATA, EXIT_LOCKED, EXIT_VERSION};

use super::store::{DATA, Stop, Store, segment_file, snapshot_file, state_after, write_snapshot_of};

/// Verifies the store, which must not change by it.
#[track_caller]
fn verified(store: &Store) -> VerifyReport {
    let before = store.files();
    let report = verify_in(&store.look()).expect("a directory that can be looked at");
    assert!(store.files() == before, "verify has changed something");
    report
}

/// Verifies the store, which must have exactly this one finding.
#[track_caller]
fn check_finding(store: &Store, exit_code: u8, words: &[&str]) -> VerifyReport {
    let report = verified(store);
    let [finding] = report.findings.as_slice() else { panic!("not one finding: {:?}", report.findings) };
    assert_eq!(finding.exit_code, exit_code, "{}", finding.text);
    for word in words {
        assert!(finding.text.contains(word), "{word:?} is not in: {}", finding.text);
    }
    report
}

fn verdicts(report: &VerifyReport) -> Vec<(u64, SnapshotVerdict)> {
    report.snapshots.iter().map(|snapshot| (snapshot.seq, snapshot.verdict)).collect()
}

#[test]
fn a_whole_store_is_counted_and_every_snapshot_compared() {
    let report = verified(&Store::new());
    assert_eq!(report.findings, []);
    assert_eq!((report.segment_count, report.record_count, report.change_count), (3, 60, 60));
    // The seals of an idle journal and the markers of the two clean stops are frames too.
    assert!(report.frame_count >= 62, "{}", report.frame_count);
    assert_eq!((report.first_seq, report.last_seq, report.epoch), (1, 60, 3));
    let lengths = [1, 2, 3].map(|number| Store::new().read(&segment_file(number)).len() as u64);
    assert_eq!(report.bytes, lengths.iter().sum());
    assert_eq!(report.end, VerifiedEnd::Unclean);
    assert_eq!(verdicts(&report), [(20, SnapshotVerdict::Same), (40, SnapshotVerdict::Same)]);
}

#[test]
fn a_clean_stop_and_an_empty_store_are_told() {
    let store = Store::new();
    store.run(1, Stop::Clean);
    assert_eq!(verified(&store).end, VerifiedEnd::Clean);

    let empty = Store { disk: SimulatedDisk::new(1) };
    drop(empty.open());
    let report = verified(&empty);
    assert_eq!((report.end, report.last_seq, report.findings.len()), (VerifiedEnd::New, 0, 0));
}

#[test]
fn an_unfinished_write_at_the_end_is_no_finding() {
    let store = Store::new();
    let last = *store.frames(3).last().expect("a frame");
    // Of the last frame only the first bytes came to the disk.
    store.change(&segment_file(3), |bytes| bytes[last + 40..].fill(0));
    let report = verified(&store);
    assert_eq!(report.findings, []);
    assert!(matches!(report.end, VerifiedEnd::Unfinished { bytes: 1..=40, .. }), "{:?}", report.end);
    assert_eq!(report.last_seq, 59);
}

#[test]
fn a_flipped_bit_is_found_wherever_it_is() {
    for (segment, index, seq) in [(1, 0, 1), (1, 10, 11), (2, 19, 40), (3, 5, 46)] {
        let store = Store::new();
        store.damage_frame(segment, index);
        let offset = format!("offset {}", store.frames(segment)[index]);
        let words = [&segment_file(segment), offset.as_str(), &format!("seq {seq}:"), "damaged"];
        let report = check_finding(&store, EXIT_DATA, &words);
        assert_eq!((report.last_seq, report.end), (seq - 1, VerifiedEnd::Refused));
    }
}

#[test]
fn a_start_goes_on_where_verify_still_finds_damage_under_a_snapshot() {
    let store = Store::new();
    store.damage_frame(1, 3);
    check_finding(&store, EXIT_DATA, &[&segment_file(1)]);
    assert_eq!(store.recover().1.last_seq, 60);
}

#[test]
fn a_missing_segment_is_found() {
    let store = Store::new();
    store.remove(&segment_file(2));
    check_finding(&store, EXIT_DATA, &[&segment_file(3), "does not follow"]);
}

#[test]
fn a_journal_without_its_beginning_is_replayed_from_the_oldest_snapshot_it_reaches() {
    let store = Store::new();
    store.remove(&segment_file(1));
    let report = verified(&store);
    assert_eq!(report.findings, []);
    assert_eq!((report.first_seq, report.last_seq), (21, 60));
    // The frame that led to the older one is gone, as retention would not have it.
    assert_eq!(verdicts(&report), [(20, SnapshotVerdict::NotCompared), (40, SnapshotVerdict::Same)]);

    store.remove(&snapshot_file(40));
    check_finding(&store, EXIT_DATA, &["changes are missing", &segment_file(2), "seq 21"]);
    let store = Store::new();
    store.remove(&segment_file(1));
    store.remove(&segment_file(2));
    check_finding(&store, EXIT_DATA, &["changes are missing", &segment_file(3), "seq 41"]);
}

#[test]
fn a_journal_that_ends_before_its_snapshot_is_found() {
    let store = Store::new();
    store.remove(&segment_file(3));
    store.remove(&segment_file(2));
    let report = check_finding(&store, EXIT_DATA, &[&snapshot_file(40), "seq 40", "ends at seq 20"]);
    assert_eq!(verdicts(&report), [(20, SnapshotVerdict::Same), (40, SnapshotVerdict::Wrong)]);
}

#[test]
fn a_damaged_snapshot_is_told_that_a_start_passes_over() {
    for place in [0, 20, 80, 100] {
        let store = Store::new();
        store.change(&snapshot_file(40), |bytes| bytes[place] ^= 1);
        let report = check_finding(&store, EXIT_DATA, &[&snapshot_file(40), "is damaged at offset"]);
        assert_eq!(verdicts(&report), [(20, SnapshotVerdict::Same), (40, SnapshotVerdict::Wrong)]);
        assert_eq!(store.recover().1.last_seq, 60);
    }
}

#[test]
fn a_snapshot_of_another_state_breaks_an_invariant() {
    let store = Store::new();
    let directory = store.open();
    let meta = *snapshot::open(&directory, 40).expect("a snapshot").meta();
    write_snapshot_of(&directory, &meta, &state_after(38));
    drop(directory);
    let report = check_finding(&store, EXIT_INVARIANT, &[&snapshot_file(40), "another state", "seq 40"]);
    assert_eq!(report.last_seq, 60);
}

#[test]
fn a_snapshot_of_another_history_is_found() {
    let store = Store::new();
    let directory = store.open();
    let mut meta = *snapshot::open(&directory, 40).expect("a snapshot").meta();
    meta.chain_hash[0] ^= 1;
    write_snapshot_of(&directory, &meta, &state_after(40));
    drop(directory);
    check_finding(&store, EXIT_DATA, &[&snapshot_file(40), "another history"]);
}

#[test]
fn damaged_headers_are_found() {
    for number in [1, 2, 3] {
        let store = Store::new();
        store.change(&segment_file(number), |bytes| bytes[30] ^= 1);
        let report = verified(&store);
        let first = &report.findings[0];
        assert!(first.text.contains(&segment_file(number)) && first.text.contains("header is damaged"), "{first:?}");
        assert_eq!((first.exit_code, report.last_seq), (EXIT_DATA, (number - 1) * 20));
    }
}

#[test]
fn a_foreign_store_is_found() {
    let store = Store::new();
    let other = Store { disk: SimulatedDisk::new(99) };
    drop(other.open());
    store.disk.put(&store.path("STORE"), &other.read("STORE"));
    let report = verified(&store);
    assert!(report.findings.iter().all(|finding| finding.text.contains("belongs to another store")));
    assert!(report.findings.iter().all(|finding| finding.exit_code == EXIT_DATA));
    assert_eq!(report.findings.len(), 3, "the journal and two snapshots: {:?}", report.findings);
}

#[test]
fn a_newer_format_is_told_as_such() {
    let store = Store::new();
    store.change(&segment_file(3), |bytes| {
        bytes[8] = 9;
        let checksum = crc32c::crc32c(&bytes[..88]).to_le_bytes();
        bytes[88..92].copy_from_slice(&checksum);
    });
    check_finding(&store, EXIT_VERSION, &[&segment_file(3), "format 9"]);
}

#[test]
fn a_directory_in_use_and_one_without_a_store_are_refused() {
    let store = Store::new();
    let holder = store.open();
    let look = || DataDirectory::open_unchanged_on(Arc::new(store.disk.clone()), Path::new(DATA)).unwrap_err();
    let error = look();
    assert_eq!(error.exit_code(), EXIT_LOCKED);
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    drop(holder);
    let directory = store.look();
    directory.remove("STORE").expect("a file that can be removed");
    drop(directory);
    assert_eq!((look().exit_code(), look().to_string().contains("no STORE file")), (EXIT_DATA, true));
}
