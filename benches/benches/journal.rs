//! The journal's round trip: append on the caller's thread, durable, and the callback back.
//!
//! One producer keeps 1, 64 or 1,024 records of 100 bytes in flight, each an append of its own with a
//! callback of its own. The figure is records a second, on the disk that holds the temporary directory
//! (set `TMPDIR` to choose another). Encoding and the engine above are not in it.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use holdfast_engine::journal::{self, Journal, JournalOptions, RecordBuffer};
use holdfast_engine::storage::DataDirectory;

const RECORD: [u8; 100] = [0x5A; 100];
/// What one iteration appends: many times what is in flight, so that the pipeline stays full.
const RECORDS_PER_ITERATION: u64 = 4096;

/// A journal in a directory of its own, and the end of the line for its callbacks.
struct Bench {
    _temp: tempfile::TempDir,
    journal: Arc<Journal>,
    tell: Sender<u64>,
    told: Receiver<u64>,
}

impl Bench {
    fn new() -> Bench {
        let temp = tempfile::tempdir().expect("a temporary directory");
        let directory = DataDirectory::open(temp.path()).expect("a new data directory");
        let opened = journal::open(&directory, JournalOptions::default(), None, &mut |_, _, _| Ok(()));
        let (journal, _) = opened.expect("a new journal");
        let (tell, told) = channel();
        Bench { _temp: temp, journal, tell, told }
    }

    fn append(&self) {
        let tell = self.tell.clone();
        self.journal.append(&RECORD, 1, Box::new(move |seq| tell.send(seq).expect("the bench listens")));
    }

    /// Appends `count` records, never more than `in_flight` of them unanswered.
    fn run(&self, count: u64, in_flight: u64) {
        let ahead = in_flight.min(count);
        (0..ahead).for_each(|_| self.append());
        for answered in 1..=count {
            self.told.recv().expect("the journal answers");
            if answered + ahead <= count {
                self.append();
            }
        }
    }

    /// Appends `count` records in slices, one callback a slice, one slice after the other.
    fn run_slices(&self, count: u64, slice: u64, records: &mut RecordBuffer) {
        for _ in 0..count.div_ceil(slice) {
            records.clear();
            (0..slice).for_each(|_| records.push(1, |bytes| bytes.extend_from_slice(&RECORD)));
            let tell = self.tell.clone();
            self.journal.append_slice(records, Box::new(move |seq| tell.send(seq).expect("the bench listens")));
            self.told.recv().expect("the journal answers");
        }
    }
}

fn append(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("journal/append");
    group.sample_size(10);
    for in_flight in [1, 64, 1024] {
        let bench = Bench::new();
        let count = RECORDS_PER_ITERATION.min(in_flight * 64);
        group.throughput(Throughput::Elements(count));
        let id = BenchmarkId::new("in_flight", in_flight);
        group.bench_function(id, |bencher| bencher.iter(|| bench.run(count, in_flight)));
        bench.journal.close();
    }
    group.finish();
}

fn append_slice(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("journal/append_slice");
    group.sample_size(10);
    for slice in [64, 1024] {
        let bench = Bench::new();
        let mut records = RecordBuffer::new();
        group.throughput(Throughput::Elements(RECORDS_PER_ITERATION));
        let id = BenchmarkId::new("records", slice);
        group.bench_function(id, |bencher| {
            bencher.iter(|| bench.run_slices(RECORDS_PER_ITERATION, slice, &mut records));
        });
        bench.journal.close();
    }
    group.finish();
}

criterion_group!(benches, append, append_slice);
criterion_main!(benches);
