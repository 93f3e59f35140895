//! A million hostile inputs for whatever decodes bytes of a disk: frames, segments, records, snapshots.
//!
//! Random bytes alone die at the first checksum. So inputs are real files, changed at random — bits, lengths, pieces moved
//! and cut — and half of the time the checksums of headers and blocks are put right again, which lets the change through
//! to the code behind them. Nothing may panic, read past its end or believe a length; what is accepted must be accepted
//! again. The seed is fixed, the inputs are the same each time; `HOLDFAST_HOSTILE_INPUTS` sets how many.

use std::path::Path;
use std::sync::Arc;

use crate::journal::hostile::{decode_frames, decode_segment_header, put_first_hash_right};
use crate::record::{decode_record, encode_record};
use crate::state::State;
use crate::storage::DataDirectory;
use crate::storage::measured;
use crate::storage::simulated::{SimulatedDisk, SplitMix};

use super::golden::with_accounts;
use super::number_from_environment;
use super::world::World;

const INPUTS_OF_TESTS: u64 = 1_000_000;
const INTERESTING: [u32; 8] = [0, 1, 79, 80, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, u32::MAX];

/// Real bytes to begin from.
struct Corpus {
    segments: Vec<Vec<u8>>,
    snapshots: Vec<Vec<u8>>,
    records: Vec<Vec<u8>>,
    /// Blocks of a snapshot with their kinds.
    blocks: Vec<(u32, Vec<u8>)>,
}

impl Corpus {
    fn new() -> Corpus {
        let disk = World::calm(7).killed_when(|disk| disk.paths().len() >= 8);
        // With records and blocks of every kind.
        let disk = with_accounts(&disk, true);
        let of_kind = |ending: &str| {
            let is_it = |path: &&std::path::PathBuf| path.to_string_lossy().ends_with(ending);
            disk.paths().iter().filter(is_it).map(|path| disk.contents(path).unwrap()).collect::<Vec<_>>()
        };
        let (segments, snapshots) = (of_kind(".segment"), of_kind(".snapshot"));
        let directory = DataDirectory::open_on(Arc::new(disk.after_kill()), Path::new("/data")).unwrap();
        let (mut blocks, mut records) = (Vec::new(), Vec::new());
        let mut reader = crate::snapshot::newest_valid(&directory).unwrap().unwrap();
        while let Some(block) = reader.next_block().unwrap() {
            blocks.push(block);
        }
        for segment in &segments {
            decode_frames(segment, &mut |bytes| records.push(bytes.to_vec()));
        }
        assert!(segments.len() >= 2 && !snapshots.is_empty() && records.len() > 20 && blocks.len() > 5);
        Corpus { segments, snapshots, records, blocks }
    }
}

fn pick<'a, T>(from: &'a [T], random: &mut SplitMix) -> &'a T {
    &from[random.below(from.len() as u64) as usize]
}

/// Changes `bytes` in one to four places.
fn mutate(bytes: &mut Vec<u8>, random: &mut SplitMix) {
    for _ in 0..=random.below(4) {
        if bytes.is_empty() {
            return;
        }
        let at = random.below(bytes.len() as u64) as usize;
        match random.below(8) {
            0..=2 => bytes[at] ^= 1 << random.below(8),
            3 => bytes[at] = random.next() as u8,
            4 | 5 => {
                let value = pick(&INTERESTING, random).to_le_bytes();
                let end = (at + 4).min(bytes.len());
                bytes[at..end].copy_from_slice(&value[..end - at]);
            }
            6 => bytes.truncate(at),
            _ => {
                let length = (random.below(64) as usize).min(bytes.len() - at);
                let piece = bytes[at..at + length].to_vec();
                let to = random.below(bytes.len() as u64) as usize;
                bytes.splice(to..to, piece);
            }
        }
    }
}

/// Puts the checksum of a header of this length right, which lies at `offset`.
fn put_right(bytes: &mut [u8], offset: usize, length: usize) {
    if let Some(header) = bytes.get_mut(offset..offset + length) {
        let checksum = crc32c::crc32c(&header[..length - 4]).to_le_bytes();
        header[length - 4..].copy_from_slice(&checksum);
    }
}

fn attack_segment(corpus: &Corpus, random: &mut SplitMix) {
    let mut bytes = pick(&corpus.segments, random).clone();
    // The front of the file is where headers are; most of the rest is zero.
    bytes.truncate(4_096 + random.below(4_096) as usize);
    let header = bytes.len().min(4_096);
    let mut frames = bytes.split_off(header);
    mutate(if random.below(4) == 0 { &mut bytes } else { &mut frames }, random);
    if random.below(2) == 0 {
        put_right(&mut bytes, 0, 92);
        put_right(&mut frames, 0, 80);
        // And with the hash put right as well, what is wrong comes as far as the records.
        if random.below(2) == 0 {
            put_first_hash_right(&mut frames);
        }
    }
    bytes.extend_from_slice(&frames);
    decode_segment_header(&bytes);
    decode_frames(&bytes, &mut |_| ());
}

fn attack_record(corpus: &Corpus, random: &mut SplitMix) {
    let mut bytes = pick(&corpus.records, random).clone();
    mutate(&mut bytes, random);
    if let Ok(record) = decode_record(&bytes) {
        let mut again = Vec::new();
        encode_record(record.event, record.at_ms, &record.by, &record.changes, &mut again);
        assert_eq!(decode_record(&again).as_ref(), Ok(&record), "accepted once and not again");
        // Where it does not follow from the state, that is told; it never panics out of there.
        let _ = State::default().apply_bytes(1, &bytes);
    }
}

fn attack_block(corpus: &Corpus, random: &mut SplitMix) {
    let mut state = State::default();
    let count = random.below(corpus.blocks.len() as u64) as usize;
    for (kind, bytes) in &corpus.blocks[..count] {
        state.read_block(*kind, bytes).expect("the blocks of a real snapshot");
    }
    let (kind, mut bytes) = corpus.blocks[count].clone();
    mutate(&mut bytes, random);
    let kind = if random.below(8) == 0 { random.below(16) as u32 } else { kind };
    let _ = state.read_block(kind, &bytes);
}

fn attack_snapshot(corpus: &Corpus, disk: &SimulatedDisk, directory: &DataDirectory, random: &mut SplitMix) {
    let mut bytes = pick(&corpus.snapshots, random).clone();
    mutate(&mut bytes, random);
    if random.below(2) == 0 {
        put_right(&mut bytes, 0, 76);
        put_right(&mut bytes, 76, 16);
        let trailer = bytes.len().saturating_sub(68);
        put_right(&mut bytes, trailer, 68);
    }
    disk.put(Path::new("/data/snapshot-00000000000000000009.snapshot"), &bytes);
    if let Ok(Some(mut reader)) = crate::snapshot::newest_valid(directory) {
        while reader.next_block().expect("it was found valid").is_some() {}
    }
}

/// Says which input a panic came from.
struct Named(u64);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("input {} of the fixed seed", self.0);
        }
    }
}

/// The core asserts where a state is rebuilt. Those panics are caught and told; here they need not be printed, too.
fn hush_the_core() {
    let (usual, here) = (std::panic::take_hook(), std::thread::current().id());
    std::panic::set_hook(Box::new(move |panic| {
        let is_of_core =
            panic.location().is_some_and(|place| place.file().contains("core") || place.file().contains("state"));
        if std::thread::current().id() != here || !is_of_core {
            usual(panic);
        }
    }));
}

#[test]
fn a_million_hostile_inputs_are_refused_or_read_and_nothing_else() {
    let inputs = number_from_environment("HOLDFAST_HOSTILE_INPUTS").unwrap_or(INPUTS_OF_TESTS);
    let corpus = Corpus::new();
    let disk = SimulatedDisk::new(3);
    let directory = DataDirectory::open_on(Arc::new(disk.clone()), Path::new("/data")).unwrap();
    let mut random = SplitMix(2_026);
    hush_the_core();
    let ((), duration) = measured(|| {
        for input in 0..inputs {
            let named = Named(input);
            // Few of those that take long: each reads a whole snapshot.
            match input % 32 {
                0..=15 => attack_segment(&corpus, &mut random),
                16..=29 => attack_record(&corpus, &mut random),
                30 => attack_block(&corpus, &mut random),
                _ => attack_snapshot(&corpus, &disk, &directory, &mut random),
            }
            drop(named);
        }
    });
    println!("{inputs} hostile inputs, {:.0} a second", inputs as f64 / duration.as_secs_f64());
}
