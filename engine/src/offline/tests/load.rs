//! Backups while a journal is written, rotates, is snapshotted and drops its old segments.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::journal::{Journal, JournalOptions};
use crate::offline::backup::{backup, restore};
use crate::snapshot;
use crate::state::State;
use crate::storage::DataDirectory;

use super::store::{append, record, start, write_snapshot};

/// How many backups are made.
const BACKUPS: u64 = 40;
/// How many changes may wait for the disk.
const PENDING_MAX: u64 = 64;
/// A snapshot is written, and what it covers dropped, each time so many changes are durable.
const SNAPSHOT_EVERY: u64 = 300;

#[test]
fn a_backup_under_load_has_everything_that_was_durable_before_it() {
    let temp = tempfile::tempdir().expect("a temporary directory");
    let data = temp.path().join("data");
    let directory = DataDirectory::open(&data).expect("a directory");
    let (segment_bytes, batch_bytes_max) = (256 << 10, 8 << 10);
    let options =
        JournalOptions { segment_bytes, batch_bytes_max, retain_days: 0, retain_bytes: 0, ..JournalOptions::default() };
    let (journal, _) = start(&directory, options).expect("a journal");
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| write_until(&is_over, &directory, &journal));
        let _over = OverWhenDropped(&is_over);
        for number in 0..BACKUPS {
            back_up(&journal, &data, &temp.path().join(format!("backup-{number}")));
        }
    });
    assert!(journal.durable_seq() > BACKUPS, "hardly anything was written");
    journal.close();
    let restored = temp.path().join("restored");
    let newest = temp.path().join(format!("backup-{}", BACKUPS - 1));
    let seq = restore(&newest, &restored, &[]).expect("a restore").seq;
    let recovered = start(&DataDirectory::open(&restored).expect("a directory"), JournalOptions::default());
    assert_eq!(recovered.expect("a journal").1.last_seq, seq);
}

/// Ends the writing, also when a backup has failed.
struct OverWhenDropped<'a>(&'a AtomicBool);

impl Drop for OverWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

fn write_until(is_over: &AtomicBool, directory: &DataDirectory, journal: &Journal) {
    let mut state = State::default();
    while !is_over.load(Ordering::Acquire) {
        let seq = journal.appended_seq() + 1;
        wait_until_durable(journal, seq.saturating_sub(PENDING_MAX));
        append(journal, seq);
        state.apply_bytes(seq, &record(seq)).expect("a change that follows");
        if seq.is_multiple_of(SNAPSHOT_EVERY) {
            wait_until_durable(journal, seq);
            write_snapshot(directory, journal, &state);
            let covered = snapshot::covered_seq(directory).expect("a directory");
            covered.map(|seq| journal.retire(seq, u64::MAX).expect("segments to drop"));
        }
    }
}

fn wait_until_durable(journal: &Journal, seq: u64) {
    // The position follows the durable seq, a moment later.
    while journal.durable_position().seq < seq {
        std::thread::yield_now();
    }
}

fn back_up(journal: &Journal, data: &Path, target: &Path) {
    let durable_before = journal.durable_seq();
    let report = backup(data, target, &[]).unwrap_or_else(|error| panic!("{error}"));
    assert!(report.seq >= durable_before, "{} is not in the backup up to {}", durable_before, report.seq);
    assert!(report.passed_over.is_empty());
}
