//! Ends, beginnings and removals that a power cut or a failing disk breaks off: what was acknowledged is there, and a
//! directory that a crash can leave is never refused.

use super::*;
use crate::storage::simulated::{Damage, Fault, FaultKind, Operation, SimulatedDisk};

const DATA: &str = "/data";

fn on(disk: &SimulatedDisk) -> DataDirectory {
    DataDirectory::open_on(Arc::new(disk.clone()), Path::new(DATA)).unwrap()
}

fn by_hand() -> JournalOptions {
    JournalOptions { has_threads: false, segment_bytes: 16 << 10, batch_bytes_max: 4 << 10, ..options() }
}

/// Appends a record and makes it durable, without threads.
fn append_by_hand(journal: &Journal, number: u64) {
    assert_eq!(journal.append(&record(number), 1, Box::new(|_| ())), number);
    journal.catch_up().unwrap();
}

/// A journal of several segments on a simulated disk.
fn several_segments(disk: &SimulatedDisk) -> (DataDirectory, Arc<Journal>) {
    let directory = on(disk);
    let (journal, ..) = open_with(&directory, by_hand());
    (1..=100).for_each(|number| append_by_hand(&journal, number));
    assert!(segment::list(&directory).unwrap().len() > 3);
    (directory, journal)
}

#[test]
fn a_clean_marker_that_never_reached_the_disk_costs_nothing() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    fill(&journal, 3);
    let clean_at = live_offset(&journal);
    // Killed before the sync of the marker returned: the page cache has it, the disk does not.
    journal.close();
    let before = std::fs::File::open(segment_path(&directory, 1)).unwrap();
    let (journal, report, _) = reopen(&directory);
    assert!(report.clean);
    append_durably(&journal, &record(4), 1);
    drop(journal);
    // Then the power is cut: what nobody has synced since is lost in the file that the kill left.
    let lost = std::fs::File::options().write(true).open(segment_path(&directory, 1)).unwrap();
    let is_same = std::os::unix::fs::MetadataExt::ino(&before.metadata().unwrap())
        == std::os::unix::fs::MetadataExt::ino(&lost.metadata().unwrap());
    if is_same {
        lost.write_all_at(&[0; 512], clean_at as u64).unwrap();
    }
    assert_eq!(examine(&directory, SnapshotPoint::default()).unwrap(), filled(4));
}

#[test]
fn a_removal_that_failed_is_made_up_for_at_the_next_one() {
    let disk = SimulatedDisk::new(1);
    let (directory, journal) = several_segments(&disk);
    let third = segment::list(&directory).unwrap()[2].first_seq();
    disk.set_fault(Some(Fault { at: 0, only: Some(Operation::Remove), kind: FaultKind::ErrorOnce }));
    assert!(journal.retire(third, u64::MAX).is_err());
    assert_eq!(journal.retire(third, u64::MAX).unwrap(), 2);
    assert_eq!(read_all(&journal, third - 1), filled(100)[third as usize - 1..]);
    append_by_hand(&journal, 101);
}

#[test]
fn removals_cut_off_by_the_power_leave_no_gap() {
    for seed in 0..200 {
        let disk = SimulatedDisk::new(seed);
        let (_directory, journal) = several_segments(&disk);
        let point = journal.durable_position();
        disk.set_fault(Some(Fault { at: seed % 16, only: None, kind: FaultKind::PowerCut }));
        let _ = journal.retire(point.seq, u64::MAX);
        let after = disk.cut_power(Damage::Anything);
        examine(&on(&after), point).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
}

#[test]
fn a_name_that_a_rename_left_behind_costs_the_segment_nothing() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    fill(&journal, 5);
    let (_copy, crashed) = crash_copy(&directory);
    // The new name of a copied tail came to the disk, the removal of the old one did not: two names, one file.
    std::fs::hard_link(segment_path(&crashed, 1), crashed.path().join(segment::TAIL_FILE)).unwrap();
    crashed.create(segment::TAIL_FILE).unwrap();
    assert_eq!(examine(&crashed, SnapshotPoint::default()).unwrap(), filled(5));
    let (.., seen) = reopen(&crashed);
    assert_eq!(seen, filled(5));
}

#[test]
fn a_segment_that_lost_its_end_is_refused() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    fill(&journal, 5);
    let at = live_offset(&journal);
    fill(&journal, 20);
    let (_copy, crashed) = crash_copy(&directory);
    let file = std::fs::File::options().write(true).open(segment_path(&crashed, 1)).unwrap();
    file.set_len(at as u64).unwrap();
    let error = examine(&crashed, SnapshotPoint::default()).unwrap_err();
    let JournalError::Refused { reason: Refusal::Truncated { segment_bytes }, seq: 6, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(segment_bytes, SEGMENT_BYTES);
}

#[test]
fn a_tail_made_durable_again_is_as_long_as_its_segment_was() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    fill(&journal, 5);
    let (_copy, crashed) = crash_copy(&directory);
    drop(reopen(&crashed));
    assert_eq!(std::fs::metadata(segment_path(&crashed, 1)).unwrap().len(), SEGMENT_BYTES);
}

#[test]
fn a_lost_first_sector_does_not_excuse_a_second_frame() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    fill(&journal, 3);
    let first = live_offset(&journal);
    append_durably(&journal, &[0xAB; 1200], 1);
    let second = live_offset(&journal);
    append_durably(&journal, &[0xAB; 1200], 1);
    let (_copy, crashed) = crash_copy(&directory);
    let path = segment_path(&crashed, 1);
    patch(&path, first, &[0; 512]);
    // The second one is no valid frame any more, but it was one.
    patch(&path, second + 9, &[0xFF]);
    let error = examine(&crashed, SnapshotPoint::default()).unwrap_err();
    assert!(matches!(error, JournalError::Refused { reason: Refusal::Damaged, .. }), "{error}");
}

#[test]
fn the_last_batch_of_an_idle_journal_has_a_witness() {
    let disk = SimulatedDisk::new(1);
    let directory = on(&disk);
    let (journal, ..) = open_with(&directory, by_hand());
    append_by_hand(&journal, 1);
    let second = by_hand().segment_bytes - journal.reserve_bytes();
    append_by_hand(&journal, 2);
    journal.seal().unwrap();
    // The sector of the second record is lost on the disk: not the trace of a write that never ended.
    let path = segment_path(&directory, 1);
    drop((journal, directory));
    let found = disk.after_kill();
    let mut bytes = found.contents(&path).unwrap();
    bytes[second as usize..second as usize + 512].fill(0);
    found.put(&path, &bytes);
    let error = examine(&on(&found), SnapshotPoint::default()).unwrap_err();
    assert!(matches!(error, JournalError::Refused { reason: Refusal::KnownDurable { durable_seq: 2 }, .. }), "{error}");
}

#[test]
fn a_disk_without_room_for_the_next_segment_is_known_as_full() {
    let disk = SimulatedDisk::new(1);
    let directory = on(&disk);
    let (journal, ..) =
        open_with(&directory, JournalOptions { segment_bytes: 16 << 10, batch_bytes_max: 4 << 10, ..options() });
    append_durably(&journal, &record(1), 1);
    // The next segment is ready, whole: more can be written than the live one takes.
    while journal.reserve_bytes() <= 16 << 10 {
        std::thread::yield_now();
    }
    assert!(!journal.is_disk_full());
    disk.set_capacity_bytes(disk.used_bytes());
    let mut number = 1;
    while segment::list(&directory).unwrap().len() == 1 {
        number += 1;
        append_durably(&journal, &record(number), 1);
    }
    while !journal.is_disk_full() {
        std::thread::yield_now();
    }
    // What is left is nearly a whole segment, for those who pay or give back.
    assert!(journal.reserve_bytes() >= 8 << 10, "{}", journal.reserve_bytes());
    append_durably(&journal, &record(number + 1), 1);
    disk.set_capacity_bytes(u64::MAX);
    while journal.is_disk_full() {
        std::thread::yield_now();
    }
}
