//! Snapshots on a real disk: whole or not taken.

use std::os::unix::fs::FileExt;

use tempfile::TempDir;

use super::*;

fn store() -> (TempDir, DataDirectory) {
    let temp = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(temp.path()).unwrap();
    (temp, directory)
}

fn meta(directory: &DataDirectory, seq: u64) -> SnapshotMeta {
    SnapshotMeta { store_id: directory.store_id(), seq, epoch: 2, engine_time_ms: 1_000, chain_hash: [9; 16] }
}

fn write_blocks(directory: &DataDirectory, seq: u64, blocks: &[(u32, Vec<u8>)]) -> SnapshotInfo {
    write(directory, &meta(directory, seq), &mut |writer| {
        blocks.iter().try_for_each(|(kind, bytes)| writer.block(*kind, bytes))
    })
    .unwrap()
}

fn blocks(count: u32) -> Vec<(u32, Vec<u8>)> {
    (0..count).map(|number| (number % 3, vec![number as u8; number as usize * 7])).collect()
}

fn read_blocks(mut reader: SnapshotReader) -> Vec<(u32, Vec<u8>)> {
    std::iter::from_fn(|| reader.next_block().unwrap()).collect()
}

fn newest_seq(directory: &DataDirectory) -> Option<u64> {
    newest_valid(directory).unwrap().map(|reader| reader.meta().seq)
}

#[test]
fn blocks_come_back_as_they_were_written() {
    let (_temp, directory) = store();
    assert!(newest_valid(&directory).unwrap().is_none());
    let info = write_blocks(&directory, 42, &blocks(20));
    assert_eq!((info.seq, info.file.as_str()), (42, "snapshot-00000000000000000042.snapshot"));
    let reader = newest_valid(&directory).unwrap().unwrap();
    assert_eq!(reader.meta(), &meta(&directory, 42));
    assert_eq!((reader.state_hash(), reader.bytes(), reader.file()), (info.state_hash, info.bytes, &*info.file));
    assert_eq!(reader.meta().point(), SnapshotPoint { seq: 42, epoch: 2, chain_hash: [9; 16] });
    assert_eq!(read_blocks(reader), blocks(20));
    assert!(directory.list().unwrap().iter().all(|entry| entry.name != UNFINISHED_FILE));
}

#[test]
fn a_snapshot_may_be_empty_and_its_blocks_as_long_as_allowed() {
    let (_temp, directory) = store();
    write_blocks(&directory, 1, &[]);
    assert!(read_blocks(newest_valid(&directory).unwrap().unwrap()).is_empty());
    let longest = vec![(7, vec![3; BLOCK_BYTES_MAX]), (8, vec![])];
    write_blocks(&directory, 2, &longest);
    assert!(read_blocks(newest_valid(&directory).unwrap().unwrap()) == longest);
}

#[test]
fn the_state_hash_is_that_of_the_blocks() {
    let (_temp, directory) = store();
    let first = write_blocks(&directory, 1, &blocks(5));
    let same = write_blocks(&directory, 2, &blocks(5));
    let other = write_blocks(&directory, 3, &blocks(6));
    assert_eq!(first.state_hash, same.state_hash);
    assert_ne!(first.state_hash, other.state_hash);
}

#[test]
fn three_generations_are_kept() {
    let (_temp, directory) = store();
    let mut covered = Vec::new();
    for seq in [10, 20, 30, 40, 50] {
        write_blocks(&directory, seq, &blocks(2));
        covered.push(covered_seq(&directory).unwrap());
    }
    assert_eq!(covered, [None, None, Some(10), Some(20), Some(30)]);
    assert_eq!(seqs(&directory).unwrap(), [30, 40, 50]);
}

#[test]
fn the_same_seq_again_takes_the_place() {
    let (_temp, directory) = store();
    write_blocks(&directory, 5, &blocks(2));
    write_blocks(&directory, 5, &blocks(3));
    assert_eq!(seqs(&directory).unwrap(), [5]);
    assert_eq!(read_blocks(newest_valid(&directory).unwrap().unwrap()), blocks(3));
}

#[test]
fn a_failed_one_leaves_the_others_as_they_were() {
    let (_temp, directory) = store();
    write_blocks(&directory, 5, &blocks(2));
    let failed = write(&directory, &meta(&directory, 6), &mut |writer| {
        writer.block(1, b"begun")?;
        Err(SnapshotError::Fill("the actor is gone".to_owned()))
    });
    assert!(matches!(failed, Err(SnapshotError::Fill(_))));
    assert_eq!(newest_seq(&directory), Some(5));
    write_blocks(&directory, 7, &blocks(1));
    assert_eq!(newest_seq(&directory), Some(7));
}

#[test]
fn every_flipped_or_missing_byte_leads_back_to_the_one_before() {
    let (temp, directory) = store();
    write_blocks(&directory, 5, &blocks(3));
    let info = write_blocks(&directory, 6, &blocks(8));
    let path = temp.path().join(&info.file);
    let good = std::fs::read(&path).unwrap();
    // In place: a file cut and written anew would be flushed each time.
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    for index in 0..good.len() {
        for flip in [0x01, 0xFF] {
            file.write_all_at(&[good[index] ^ flip], index as u64).unwrap();
            assert_eq!(newest_seq(&directory), Some(5), "byte {index}");
        }
        file.write_all_at(&good[index..=index], index as u64).unwrap();
    }
    for length in (0..good.len()).rev() {
        file.set_len(length as u64).unwrap();
        assert_eq!(newest_seq(&directory), Some(5), "{length} bytes");
    }
    std::fs::write(&path, [good.as_slice(), &[0]].concat()).unwrap();
    assert_eq!(newest_seq(&directory), Some(5), "a byte too many");
    std::fs::write(&path, &good).unwrap();
    assert_eq!(newest_seq(&directory), Some(6));
    std::fs::rename(&path, temp.path().join(file_name(9))).unwrap();
    assert_eq!(newest_seq(&directory), Some(5), "another one's name");
}

#[test]
fn a_foreign_or_newer_one_is_refused_and_not_passed_over() {
    let (_temp, directory) = store();
    write_blocks(&directory, 5, &blocks(1));
    let (_other_temp, other) = store();
    let foreign = write_blocks(&other, 6, &blocks(1)).file;
    std::fs::copy(other.path().join(&foreign), directory.path().join(&foreign)).unwrap();
    let error = newest_valid(&directory).err().unwrap();
    assert!(matches!(error, SnapshotError::ForeignStore { .. }), "{error}");
    assert_eq!(error.exit_code(), EXIT_DATA);

    let path = other.path().join(&foreign);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[8] = 2;
    let checksum = crc32c::crc32c(&bytes[..72]);
    bytes[72..76].copy_from_slice(&checksum.to_le_bytes());
    std::fs::write(&path, bytes).unwrap();
    let error = newest_valid(&other).err().unwrap();
    assert_eq!(error.exit_code(), EXIT_VERSION, "{error}");
}

#[test]
#[should_panic(expected = "a bug")]
fn a_block_over_the_bound_is_a_bug() {
    let (_temp, directory) = store();
    write_blocks(&directory, 1, &[(1, vec![0; BLOCK_BYTES_MAX + 1])]);
}
