//! The journal on a real disk: what is answered is there after any end, and nothing wrong ever is.

use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};

use tempfile::TempDir;

mod trouble;

use super::segment::file_name;
use super::*;
use crate::storage::{EXIT_CONFIGURATION, EXIT_DATA, EXIT_VERSION};

const SEGMENT_BYTES: u64 = 64 << 10;
/// Long enough that no test sees a seal it did not ask for.
const NEVER_MS: u64 = 3_600_000;

/// A record as recovery and readers give it: first seq, change count, bytes.
type Seen = (u64, u32, Vec<u8>);

fn options() -> JournalOptions {
    JournalOptions {
        segment_bytes: SEGMENT_BYTES,
        batch_bytes_max: 8 << 10,
        seal_after_ms: NEVER_MS,
        retain_days: 30,
        retain_bytes: 0,
        ..JournalOptions::default()
    }
}

fn store() -> (TempDir, DataDirectory) {
    let temp = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(temp.path()).unwrap();
    (temp, directory)
}

fn open_with(directory: &DataDirectory, options: JournalOptions) -> (Arc<Journal>, RecoveryReport, Vec<Seen>) {
    let mut seen = Vec::new();
    let (journal, report) = open(directory, options, None, &mut |seq, count, bytes| {
        seen.push((seq, count, bytes.to_vec()));
        Ok(())
    })
    .unwrap();
    (journal, report, seen)
}

fn reopen(directory: &DataDirectory) -> (Arc<Journal>, RecoveryReport, Vec<Seen>) {
    open_with(directory, options())
}

/// What recovery would make of the files, without changing them.
fn examine(directory: &DataDirectory, snapshot: SnapshotPoint) -> Result<Vec<Seen>, JournalError> {
    let mut seen = Vec::new();
    recovery::examine(directory, snapshot, &mut |seq, count, bytes| {
        seen.push((seq, count, bytes.to_vec()));
        Ok(())
    })?;
    Ok(seen)
}

/// Appends a record and waits until it is durable.
fn append_durably(journal: &Journal, record: &[u8], change_count: u32) -> u64 {
    let (told, answer) = channel();
    let seq = journal.append(record, change_count, Box::new(move |seq| told.send(seq).unwrap()));
    assert_eq!(answer.recv().unwrap(), seq);
    seq
}

fn record(number: u64) -> Vec<u8> {
    format!("record {number} {}", "x".repeat(number as usize % 90)).into_bytes()
}

/// Appends `count` records, one frame each.
fn fill(journal: &Journal, count: u64) {
    let first = journal.appended_seq() + 1;
    for number in first..first + count {
        assert_eq!(append_durably(journal, &record(number), 1), number);
    }
}

fn filled(last_seq: u64) -> Vec<Seen> {
    (1..=last_seq).map(|number| (number, 1, record(number))).collect()
}

fn read_all(journal: &Journal, after_seq: u64) -> Vec<Seen> {
    let mut seen = Vec::new();
    journal
        .read(after_seq, &mut |seq, count, bytes| {
            seen.push((seq, count, bytes.to_vec()));
            ControlFlow::Continue(())
        })
        .unwrap();
    seen
}

fn segment_path(directory: &DataDirectory, number: u64) -> std::path::PathBuf {
    directory.path().join(file_name(number))
}

fn files(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

/// A copy of the directory as it is on disk now, as a crash would leave it.
fn crash_copy(directory: &DataDirectory) -> (TempDir, DataDirectory) {
    let temp = tempfile::tempdir().unwrap();
    for (name, bytes) in files(directory.path()) {
        std::fs::write(temp.path().join(name), bytes).unwrap();
    }
    let copy = DataDirectory::open(temp.path()).unwrap();
    (temp, copy)
}

/// Overwrites a few bytes in place: a file cut and written anew would be flushed each time.
fn patch(path: &Path, offset: usize, bytes: &[u8]) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.write_all_at(bytes, offset as u64).unwrap();
}

/// Holds the writer in a callback until the returned sender is dropped.
fn hold_writer(journal: &Journal) -> Sender<()> {
    let (release, released) = channel::<()>();
    let (entered, inside) = channel();
    journal.append(
        b"hold",
        1,
        Box::new(move |_| {
            entered.send(()).unwrap();
            assert!(released.recv().is_err());
        }),
    );
    inside.recv().unwrap();
    release
}

#[test]
fn what_was_appended_is_replayed_after_a_clean_stop() {
    let (_temp, directory) = store();
    let (journal, report, seen) = reopen(&directory);
    assert!(report.clean && seen.is_empty());
    assert_eq!((report.last_seq, report.epoch), (0, 1));
    assert_eq!(append_durably(&journal, b"one", 1), 1);
    assert_eq!(append_durably(&journal, b"", 3), 2);
    assert_eq!(append_durably(&journal, b"three", 1), 5);
    assert_eq!((journal.appended_seq(), journal.durable_seq(), journal.backlog_bytes()), (5, 5, 0));
    journal.close();
    journal.close();
    assert!(files(directory.path()).iter().all(|(name, _)| !name.ends_with(".tmp")));

    let (journal, report, seen) = reopen(&directory);
    assert_eq!(seen, [(1, 1, b"one".to_vec()), (2, 3, vec![]), (5, 1, b"three".to_vec())]);
    assert!(report.clean);
    assert_eq!((report.record_count, report.change_count, report.last_seq, report.epoch), (3, 5, 5, 2));
    assert_eq!(append_durably(&journal, b"four", 1), 6);
}

#[test]
fn what_was_answered_is_there_after_a_crash() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    fill(&journal, 20);
    let (_copy, crashed) = crash_copy(&directory);
    let (after, report, seen) = reopen(&crashed);
    assert_eq!(seen, filled(20));
    assert!(!report.clean);
    assert_eq!((report.quarantined_bytes, report.quarantined_file, report.epoch), (0, None, 2));
    fill(&after, 5);
    drop(after);
    let (_, report, seen) = reopen(&crashed);
    assert_eq!(seen, filled(25));
    assert_eq!((report.clean, report.epoch), (false, 3));
}

#[test]
fn a_dropped_journal_answers_what_is_pending_and_is_not_clean() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    let (told, answers) = channel();
    for number in 1..=50 {
        let told = told.clone();
        journal.append(&record(number), 1, Box::new(move |seq| told.send(seq).unwrap()));
    }
    drop((journal, told));
    assert_eq!(answers.iter().collect::<Vec<_>>(), (1..=50).collect::<Vec<_>>());
    let (_, report, seen) = reopen(&directory);
    assert_eq!(seen, filled(50));
    assert!(!report.clean);
}

#[test]
fn the_last_handle_may_go_in_a_callback() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    let (hand, handed) = channel::<Arc<Journal>>();
    let (told, answers) = channel();
    journal.append(
        &record(1),
        1,
        Box::new(move |seq| {
            drop(handed.recv().unwrap());
            told.send(seq).unwrap();
        }),
    );
    hand.send(journal).unwrap();
    assert_eq!(answers.recv(), Ok(1));
    assert_eq!(examine(&directory, SnapshotPoint::default()).unwrap(), filled(1));
}

#[test]
fn callbacks_run_in_the_order_of_their_seqs_and_only_when_durable() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    let (told, answers) = channel();
    let mut expected = Vec::new();
    for number in 0..500_u32 {
        let (told, journal_of_callback) = (told.clone(), Arc::downgrade(&journal));
        let change_count = number % 3 + 1;
        let seq = journal.append(
            &record(u64::from(number)),
            change_count,
            Box::new(move |seq| {
                let durable_seq = journal_of_callback.upgrade().map_or(u64::MAX, |journal| journal.durable_seq());
                assert!(durable_seq >= seq + u64::from(change_count) - 1);
                told.send(seq).unwrap();
            }),
        );
        expected.push(seq);
    }
    drop(told);
    assert_eq!(answers.iter().collect::<Vec<_>>(), expected);
}

#[test]
fn what_arrives_during_a_sync_goes_into_one_frame() {
    let (_temp, directory) = store();
    let (report, reports) = channel();
    let observe = Box::new(move |batch: &BatchReport| report.send(batch.clone()).unwrap());
    let (journal, ..) = open_with(&directory, JournalOptions { observe, ..options() });
    let release = hold_writer(&journal);
    for number in 0..40 {
        journal.append(&record(number), 1, Box::new(|_| ()));
    }
    assert!(journal.backlog_bytes() > 40 * 8);
    assert_eq!((journal.durable_seq(), journal.appended_seq()), (1, 41));
    drop(release);
    journal.close();
    let batches: Vec<_> = reports.iter().map(|batch| (batch.kind, batch.record_count, batch.durable_seq)).collect();
    assert_eq!(batches, [(FrameKind::Records, 1, 1), (FrameKind::Records, 40, 41), (FrameKind::Clean, 0, 41)]);
}

#[test]
fn what_is_too_much_for_one_frame_goes_into_several() {
    let (_temp, directory) = store();
    let (report, reports) = channel();
    let observe = Box::new(move |batch: &BatchReport| report.send(batch.clone()).unwrap());
    let (journal, ..) = open_with(&directory, JournalOptions { observe, ..options() });
    let release = hold_writer(&journal);
    let mut records = RecordBuffer::new();
    for number in 2..=301 {
        records.push(1, |bytes| bytes.extend_from_slice(&record(number)));
    }
    let (told, answer) = channel();
    assert_eq!(journal.append_slice(&records, Box::new(move |seq| told.send(seq).unwrap())), 2);
    drop(release);
    assert_eq!(answer.recv().unwrap(), 2);
    assert_eq!(journal.durable_seq(), 301);
    journal.close();
    let batches: Vec<_> = reports.iter().collect();
    assert!(batches.len() > 3);
    assert!(batches.iter().all(|batch| batch.frame_bytes <= (8 << 10) + frame::OVERHEAD_BYTES_MAX));
    let (.., seen) = reopen(&directory);
    assert_eq!(seen[1..], filled(301)[1..]);
}

#[test]
fn a_slice_is_one_append() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    let mut records = RecordBuffer::new();
    records.push(2, |bytes| bytes.extend_from_slice(b"two"));
    records.push(1, |_| ());
    assert_eq!((records.is_empty(), records.change_count(), records.record_count()), (false, 3, 2));
    let (told, answers) = channel();
    assert_eq!(journal.append_slice(&records, Box::new(move |seq| told.send(seq).unwrap())), 1);
    records.clear();
    assert!(records.is_empty());
    assert_eq!(answers.iter().collect::<Vec<_>>(), [1]);
    assert_eq!(read_all(&journal, 0), [(1, 2, b"two".to_vec()), (3, 1, vec![])]);
}

#[test]
fn a_barrier_is_answered_at_once_when_there_is_nothing_to_wait_for() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    let (told, answers) = channel();
    let here = std::thread::current().id();
    let barrier = move |seq| told.send((seq, std::thread::current().id() == here)).unwrap();
    assert_eq!(journal.append_slice(&RecordBuffer::new(), Box::new(barrier)), 0);
    assert_eq!(answers.try_recv(), Ok((0, true)));
}

#[test]
fn a_barrier_waits_for_what_was_appended_before_it() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    let release = hold_writer(&journal);
    let (told, answers) = channel();
    let told_by = |name| {
        let told: Sender<(&str, u64)> = told.clone();
        Box::new(move |seq| told.send((name, seq)).unwrap())
    };
    journal.append(b"two", 1, told_by("record"));
    journal.append_slice(&RecordBuffer::new(), told_by("barrier"));
    assert!(answers.try_recv().is_err());
    drop(release);
    assert_eq!(answers.recv(), Ok(("record", 2)));
    assert_eq!(answers.recv(), Ok(("barrier", 2)));
}

#[test]
fn a_barrier_does_not_overtake_the_answers_before_it() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    // The record is durable, but its callback has not returned yet.
    let release = hold_writer(&journal);
    assert_eq!(journal.durable_seq(), 1);
    let (told, answers) = channel();
    journal.append_slice(&RecordBuffer::new(), Box::new(move |seq| told.send(seq).unwrap()));
    assert!(answers.try_recv().is_err());
    drop(release);
    assert_eq!(answers.recv(), Ok(1));
}

/// Whoever has waited for a change reads up to what is announced, and must find the change in it.
#[test]
fn what_a_barrier_waited_for_is_announced_before_it_is_answered() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    let release = hold_writer(&journal);
    journal.append(b"two", 1, Box::new(|_| ()));
    let (reached, is_reached) = channel();
    let (go_on, may_go_on) = channel::<()>();
    let barrier = move |_| {
        reached.send(()).unwrap();
        may_go_on.recv().unwrap_err();
    };
    journal.append_slice(&RecordBuffer::new(), Box::new(barrier));
    drop(release);
    is_reached.recv().unwrap();
    assert_eq!(journal.announced_seq(), 2);
    drop(go_on);
}

#[test]
fn an_idle_journal_is_sealed_once() {
    let (_temp, directory) = store();
    let (report, reports): (_, Receiver<BatchReport>) = channel();
    let observe = Box::new(move |batch: &BatchReport| report.send(batch.clone()).unwrap());
    let (journal, ..) = open_with(&directory, JournalOptions { observe, seal_after_ms: 1, ..options() });
    append_durably(&journal, b"one", 1);
    assert_eq!(reports.recv().unwrap().kind, FrameKind::Records);
    let seal = reports.recv().unwrap();
    assert_eq!((seal.kind, seal.record_count, seal.durable_seq), (FrameKind::Seal, 0, 1));
    journal.close();
    let kinds: Vec<_> = reports.iter().map(|batch| batch.kind).collect();
    assert_eq!(kinds, [FrameKind::Clean], "one seal and no more");
    assert_eq!(examine(&directory, SnapshotPoint::default()).unwrap(), [(1, 1, b"one".to_vec())]);
}

#[test]
fn producers_on_many_threads_get_seqs_without_a_gap() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let journal = &journal;
            scope.spawn(move || {
                for number in 0..100 {
                    append_durably(journal, &record(thread * 100 + number), 1);
                }
            });
        }
    });
    journal.close();
    let (.., seen) = reopen(&directory);
    assert_eq!(seen.iter().map(|(seq, ..)| *seq).collect::<Vec<_>>(), (1..=400).collect::<Vec<_>>());
    let mut records: Vec<_> = seen.into_iter().map(|(.., bytes)| bytes).collect();
    let mut expected: Vec<_> = (0..400).map(record).collect();
    records.sort();
    expected.sort();
    assert_eq!(records, expected);
}

#[test]
fn segments_rotate_and_hang_together() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    fill(&journal, 400);
    assert!(journal.reserve_bytes() > 0);
    let segments = segment::list(&directory).unwrap();
    assert!(segments.len() > 3, "400 frames of a sector each need more than three segments");
    assert!(segments.iter().all(|segment| segment.bytes == SEGMENT_BYTES));
    journal.close();
    let (_, report, seen) = reopen(&directory);
    assert_eq!(seen, filled(400));
    assert_eq!(report.segment_count, segments.len() as u64);
}

#[test]
fn a_missing_or_exchanged_segment_is_refused() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    fill(&journal, 400);
    journal.close();
    let (_copy, missing) = crash_copy(&directory);
    missing.remove(&file_name(2)).unwrap();
    let error = examine(&missing, SnapshotPoint::default()).unwrap_err();
    assert!(matches!(error, JournalError::Refused { reason: Refusal::SeriesBroken, .. }), "{error}");
    missing.remove(&file_name(1)).unwrap();
    let error = examine(&missing, SnapshotPoint::default()).unwrap_err();
    assert!(matches!(error, JournalError::Gap { snapshot_seq: 0, .. }), "{error}");

    let (_copy, exchanged) = crash_copy(&directory);
    exchanged.rename(&file_name(2), &file_name(3)).unwrap();
    let error = examine(&exchanged, SnapshotPoint::default()).unwrap_err();
    assert!(matches!(error, JournalError::Refused { reason: Refusal::SeriesBroken, .. }), "{error}");
    assert_eq!(error.exit_code(), EXIT_DATA);
}

#[test]
fn a_torn_last_frame_leads_back_to_the_frame_before_it() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    fill(&journal, 3);
    let start = live_offset(&journal);
    append_durably(&journal, &[0xAB; 1100], 1);
    let end = live_offset(&journal);
    let (_copy, crashed) = crash_copy(&directory);
    drop(journal);

    let path = segment_path(&crashed, 1);
    // The marker and the padding behind the hash are no part of what a record says.
    let hashed_end = start + 80 + 8 + 1100 + 16;
    let written = std::fs::read(&path).unwrap();
    for cut in (start..end).rev() {
        patch(&path, cut, &[0]);
        let seen = examine(&crashed, SnapshotPoint::default()).unwrap();
        // A hash may end with zeros by chance: where they alone are missing, nothing is.
        let is_whole = cut >= hashed_end || written[cut..hashed_end].iter().all(|byte| *byte == 0);
        assert_eq!(seen.len(), if is_whole { 4 } else { 3 }, "cut at byte {cut}");
        assert_eq!(seen[..3], filled(3));
    }
}

#[test]
fn an_unfinished_write_is_quarantined_and_appending_goes_on() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    fill(&journal, 3);
    let start = live_offset(&journal);
    append_durably(&journal, &[0xAB; 1100], 1);
    let (_copy, crashed) = crash_copy(&directory);
    drop(journal);
    let path = segment_path(&crashed, 1);
    let mut torn = std::fs::read(&path).unwrap();
    torn[start + 512..start + 1024].fill(0);
    std::fs::write(&path, &torn).unwrap();

    let (journal, report, seen) = reopen(&crashed);
    assert_eq!(seen, filled(3));
    let name = report.quarantined_file.unwrap();
    let kept = std::fs::read(crashed.path().join("quarantine").join(name)).unwrap();
    assert_eq!(kept.len() as u64, report.quarantined_bytes);
    assert_eq!(kept, torn[start..start + kept.len()]);
    fill(&journal, 2);
    journal.close();
    let (.., seen) = reopen(&crashed);
    assert_eq!(seen, filled(5));
}

#[test]
fn a_refusal_names_file_offset_and_seq_and_changes_nothing() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    fill(&journal, 3);
    let offset = live_offset(&journal);
    fill(&journal, 3);
    journal.close();
    let path = segment_path(&directory, 1);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[offset + 90] ^= 1;
    std::fs::write(&path, bytes).unwrap();

    let before = files(directory.path());
    let error = open(&directory, options(), None, &mut |_, _, _| Ok(())).err().unwrap();
    let expected = format!("{} is refused at offset {offset}, seq 4: ", file_name(1));
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert_eq!(error.exit_code(), EXIT_DATA);
    assert_eq!(files(directory.path()), before);
}

/// Flips every byte of every segment, and checks that recovery refuses or tells the same story.
fn flip_every_byte(directory: &DataDirectory, expected: &[Seen], flip: u8) -> (usize, usize) {
    let (mut refused, mut harmless) = (0, 0);
    for segment in segment::list(directory).unwrap() {
        let path = directory.path().join(segment.name());
        let good = std::fs::read(&path).unwrap();
        let used = good.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        for index in 0..good.len().min(used + 1024) {
            patch(&path, index, &[good[index] ^ flip]);
            match examine(directory, SnapshotPoint::default()) {
                Ok(seen) => {
                    assert!(seen == expected, "{} byte {index}: a wrong state", segment.name());
                    harmless += 1;
                }
                Err(error) => {
                    assert!([EXIT_DATA, EXIT_VERSION].contains(&error.exit_code()), "{error}");
                    refused += 1;
                }
            }
            patch(&path, index, &good[index..=index]);
        }
    }
    (refused, harmless)
}

#[test]
fn every_flipped_byte_is_refused_or_harmless() {
    let (_temp, directory) = store();
    for _ in 0..2 {
        let (journal, ..) = reopen(&directory);
        fill(&journal, 4);
        journal.close();
    }
    for flip in [0x01, 0xFF] {
        let (refused, harmless) = flip_every_byte(&directory, &filled(8), flip);
        assert!(refused > 1000 && harmless > 1000, "{refused} refused, {harmless} harmless");
    }
}

#[test]
fn every_flipped_byte_after_a_crash_is_refused_or_harmless() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    fill(&journal, 6);
    let (_copy, crashed) = crash_copy(&directory);
    let (refused, _) = flip_every_byte(&crashed, &filled(6), 0x10);
    assert!(refused > 1000, "{refused} refused");
}

#[test]
fn a_foreign_segment_is_refused() {
    let (_temp, directory) = store();
    reopen(&directory).0.close();
    let (_other_temp, other) = store();
    reopen(&other).0.close();
    std::fs::copy(segment_path(&other, 1), segment_path(&directory, 1)).unwrap();
    let error = examine(&directory, SnapshotPoint::default()).unwrap_err();
    assert!(matches!(error, JournalError::ForeignStore { .. }), "{error}");
}

#[test]
fn a_newer_format_is_refused_with_its_own_code() {
    let (_temp, directory) = store();
    reopen(&directory).0.close();
    let path = segment_path(&directory, 1);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[8] = 2;
    let checksum = crc32c::crc32c(&bytes[..88]);
    bytes[88..92].copy_from_slice(&checksum.to_le_bytes());
    std::fs::write(&path, bytes).unwrap();
    let error = examine(&directory, SnapshotPoint::default()).unwrap_err();
    assert!(matches!(error, JournalError::NewerVersion { found: 2, supported: 1, .. }), "{error}");
    assert_eq!(error.exit_code(), EXIT_VERSION);
}

#[test]
fn replay_goes_on_behind_the_snapshot() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    fill(&journal, 150);
    let point = journal.durable_position();
    assert_eq!((point.seq, point.epoch), (150, 1));
    fill(&journal, 250);
    journal.close();
    assert_eq!(examine(&directory, point).unwrap(), filled(400)[150..]);

    let mut seen = Vec::new();
    let mut apply = |seq, _, _: &[u8]| {
        seen.push(seq);
        Ok(())
    };
    let (_, report) = open(&directory, options(), Some(point), &mut apply).unwrap();
    assert_eq!(seen, (151..=400).collect::<Vec<_>>());
    assert_eq!((report.record_count, report.last_seq), (250, 400));
    assert!(report.segment_count < segment::list(&directory).unwrap().len() as u64 - 1);
}

#[test]
fn a_snapshot_right_after_a_start_is_met() {
    let (_temp, directory) = store();
    let mut points = vec![SnapshotPoint::default()];
    for _ in 0..3 {
        let (journal, ..) = reopen(&directory);
        points.push(journal.durable_position());
        fill(&journal, 1);
        points.push(journal.durable_position());
        journal.close();
        points.push(journal.durable_position());
        let (journal, ..) = reopen(&directory);
        points.push(journal.durable_position());
        drop(journal);
    }
    for point in points {
        let seen = examine(&directory, point).unwrap();
        assert_eq!(seen, filled(3)[point.seq as usize..]);
    }
}

#[test]
fn a_snapshot_of_another_history_or_of_the_future_is_refused() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    fill(&journal, 10);
    let point = journal.durable_position();
    fill(&journal, 10);
    journal.close();
    let error = examine(&directory, SnapshotPoint { chain_hash: [1; 16], ..point }).unwrap_err();
    assert!(matches!(error, JournalError::SnapshotMismatch { snapshot_seq: 10 }), "{error}");
    let error = examine(&directory, SnapshotPoint { seq: 21, ..point }).unwrap_err();
    let expected = Refusal::SnapshotNewer { snapshot_seq: 21 };
    assert!(matches!(error, JournalError::Refused { reason, .. } if reason == expected), "{error}");

    let (_empty_temp, empty) = store();
    let error = examine(&empty, point).unwrap_err();
    assert!(matches!(error, JournalError::SnapshotNewer { snapshot_seq: 10, last_seq: 0 }), "{error}");
}

#[test]
fn a_record_that_cannot_be_applied_is_an_error() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    fill(&journal, 3);
    journal.close();
    let mut apply = |seq, _, _: &[u8]| if seq == 2 { Err("no such event".to_owned()) } else { Ok(()) };
    let error = open(&directory, options(), None, &mut apply).err().unwrap();
    assert!(matches!(error, JournalError::Apply { seq: 2, .. }), "{error}");
    assert!(error.to_string().ends_with("no such event"));
}

#[test]
fn records_are_read_back_from_any_place() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    fill(&journal, 150);
    journal.close();
    let (journal, ..) = reopen(&directory);
    fill(&journal, 150);
    for after_seq in [0, 1, 2, 120, 149, 150, 151, 298, 299] {
        assert_eq!(read_all(&journal, after_seq), filled(300)[after_seq as usize..], "after {after_seq}");
    }
    assert!(read_all(&journal, 300).is_empty());
    assert!(read_all(&journal, 9999).is_empty());
    let mut count = 0;
    let mut visit = |_, _, _: &[u8]| {
        count += 1;
        if count == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    journal.read(0, &mut visit).unwrap();
    assert_eq!(count, 3);
}

#[test]
fn reading_goes_on_beside_the_writer() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    std::thread::scope(|scope| {
        scope.spawn(|| fill(&journal, 600));
        let mut after_seq = 0;
        while after_seq < 600 {
            for (seq, _, bytes) in read_all(&journal, after_seq) {
                assert_eq!(seq, after_seq + 1);
                assert_eq!(bytes, record(seq));
                after_seq = seq;
            }
            std::thread::yield_now();
        }
    });
}

#[test]
fn a_reader_sees_durable_records_only() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    let release = hold_writer(&journal);
    journal.append(b"pending", 1, Box::new(|_| ()));
    assert_eq!(read_all(&journal, 0), [(1, 1, b"hold".to_vec())]);
    drop(release);
}

#[test]
fn segments_go_only_when_nothing_needs_them() {
    const DAY_MS: u64 = 24 * 60 * 60 * 1000;
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    fill(&journal, 400);
    let segments = segment::list(&directory).unwrap();
    let written_ms = segments.iter().map(|segment| segment.modified_ms).max().unwrap();
    let aged_ms = written_ms + 30 * DAY_MS;
    let third = segments[2].first_seq();

    assert_eq!(journal.retire(0, aged_ms).unwrap(), 0, "no snapshot covers them");
    assert_eq!(journal.retire(400, segments[0].modified_ms + 30 * DAY_MS - 1).unwrap(), 0, "they are too young");
    assert_eq!(journal.retire(third - 1, aged_ms).unwrap(), 1, "the frame before the snapshot stays");
    assert_eq!(journal.retire(third, aged_ms).unwrap(), 1);
    assert_eq!(read_all(&journal, third), filled(400)[third as usize..]);
    let error = journal.read(0, &mut |_, _, _| ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(error, JournalError::Retired { after_seq: 0, first_seq } if first_seq == third), "{error}");
    assert_eq!(journal.retire(u64::MAX, u64::MAX).unwrap(), segments.len() - 3, "the live one stays");
    journal.close();
    let error = examine(&directory, SnapshotPoint::default()).unwrap_err();
    assert!(matches!(error, JournalError::Gap { .. }), "{error}");
}

#[test]
fn the_last_bytes_of_the_journal_are_retained() {
    let (_temp, directory) = store();
    let retain_bytes = 2 * SEGMENT_BYTES;
    let (journal, ..) = open_with(&directory, JournalOptions { retain_bytes, ..options() });
    fill(&journal, 400);
    let count = segment::list(&directory).unwrap().len();
    assert_eq!(journal.retire(400, u64::MAX).unwrap(), count - 2);
}

#[test]
fn options_that_cannot_work_are_refused() {
    let (_temp, directory) = store();
    for (segment_bytes, batch_bytes_max) in [(64 << 10, 64 << 10), (1 << 40, 1 << 33), (64 << 10, 8)] {
        let options = JournalOptions { segment_bytes, batch_bytes_max, ..options() };
        let error = open(&directory, options, None, &mut |_, _, _| Ok(())).err().unwrap();
        assert_eq!(error.exit_code(), EXIT_CONFIGURATION, "{error}");
    }
    assert!(segment::list(&directory).unwrap().is_empty());
}

#[test]
fn the_longest_record_fits_and_its_successor_is_a_bug() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    let longest = vec![7; (8 << 10) - 8];
    append_durably(&journal, &longest, 1);
    let too_long = [longest.as_slice(), &[7]].concat();
    let append = std::panic::AssertUnwindSafe(|| journal.append(&too_long, 1, Box::new(|_| ())));
    assert!(std::panic::catch_unwind(append).is_err());
    assert_eq!(append_durably(&journal, b"goes on", 1), 2);
    assert_eq!(read_all(&journal, 0), [(1, 1, longest), (2, 1, b"goes on".to_vec())]);
}

#[test]
fn the_shortest_segment_takes_the_longest_frame() {
    let (_temp, directory) = store();
    let batch_bytes_max = 8 << 10;
    let segment_bytes = (segment::FRAMES_OFFSET + frame::OVERHEAD_BYTES_MAX + batch_bytes_max) as u64;
    let (journal, ..) = open_with(&directory, JournalOptions { segment_bytes, batch_bytes_max, ..options() });
    let longest = vec![7; batch_bytes_max - 8];
    (1..=5).for_each(|seq| assert_eq!(append_durably(&journal, &longest, 1), seq));
    assert_eq!(segment::list(&directory).unwrap().len(), 5);
    journal.close();
    assert_eq!(reopen(&directory).2.len(), 5);
}

#[test]
#[should_panic(expected = "at least one change")]
fn a_record_without_changes_is_a_bug() {
    RecordBuffer::new().push(0, |_| ());
}

#[test]
#[should_panic(expected = "a bug")]
fn a_record_over_the_bound_is_a_bug() {
    RecordBuffer::new().push(1, |bytes| bytes.extend_from_slice(&[0; RECORD_BYTES_MAX + 1]));
}

#[test]
#[should_panic(expected = "closed journal")]
fn appending_to_a_closed_journal_is_a_bug() {
    let (_temp, directory) = store();
    let (journal, ..) = reopen(&directory);
    journal.close();
    journal.append(b"late", 1, Box::new(|_| ()));
}

/// Where the next frame of the live segment goes.
fn live_offset(journal: &Journal) -> usize {
    (SEGMENT_BYTES - journal.shared.reserve.live_bytes.load(Ordering::Relaxed)) as usize
}
