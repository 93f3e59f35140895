//! What a process that was killed leaves in the directory behind its simulated disk.

use tempfile::TempDir;

use super::*;

/// An empty directory, and a disk before it.
fn mirrored(seed: u64) -> (TempDir, SimulatedDisk) {
    let directory = tempfile::tempdir().unwrap();
    let disk = SimulatedDisk::mirrored(directory.path(), seed).unwrap();
    (directory, disk)
}

#[test]
fn the_platter_holds_what_was_synced_and_nothing_else_for_sure() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("before"), "there").unwrap();
    let disk = SimulatedDisk::mirrored(directory.path(), 3).unwrap();
    assert_eq!(disk.contents(&directory.path().join("before")).unwrap(), b"there");
    let name = directory.path().join("new");
    let file = disk.create(&name).unwrap();
    file.write_at(&[5; 1000], 0).unwrap();
    file.sync_data().unwrap();
    disk.sync_directory(directory.path()).unwrap();
    assert_eq!(std::fs::read(&name).unwrap(), [5; 1000]);
    file.write_at(&[6; 10], 1000).unwrap();
    assert_eq!(std::fs::read(&name).unwrap().len(), 1000, "the length was not synced");
    file.sync_data().unwrap();
    assert_eq!(std::fs::read(&name).unwrap()[1000..], [6; 10]);
}

#[test]
fn a_sync_brings_all_of_a_growing_file_to_the_platter_whatever_was_written_back_before() {
    for seed in 0..32 {
        let (directory, disk) = mirrored(seed);
        let name = directory.path().join("new");
        let file = disk.create(&name).unwrap();
        disk.sync_directory(directory.path()).unwrap();
        for piece in 0..8 {
            file.write_at(&[7; 700], piece * 700).unwrap();
        }
        file.sync_data().unwrap();
        assert_eq!(std::fs::read(&name).unwrap(), [7; 5600], "seed {seed}");
    }
}

#[test]
fn what_was_cut_off_and_made_long_again_is_zero_on_the_platter_too() {
    for seed in 0..32 {
        let (directory, disk) = mirrored(seed);
        let name = directory.path().join("new");
        let file = disk.create(&name).unwrap();
        file.write_at(&[7; 2000], 0).unwrap();
        file.sync_data().unwrap();
        disk.sync_directory(directory.path()).unwrap();
        file.set_len(0).unwrap();
        file.write_at(&[8; 10], 1500).unwrap();
        file.set_len(2000).unwrap();
        file.sync_data().unwrap();
        assert_eq!(std::fs::read(&name).unwrap(), disk.contents(&name).unwrap(), "seed {seed}");
    }
}

#[test]
fn a_name_may_reach_the_platter_before_its_directory_is_synced_and_must_afterwards() {
    let is_there_unsynced = |seed| {
        let (directory, disk) = mirrored(seed);
        let name = directory.path().join("new");
        disk.create(&name).unwrap().write_at(&[7; 600], 0).unwrap();
        let is_there = name.exists();
        disk.sync_directory(directory.path()).unwrap();
        assert!(name.exists(), "seed {seed}");
        is_there
    };
    let early = (0..32).filter(|seed| is_there_unsynced(*seed)).count();
    assert!((1..32).contains(&early), "{early} of 32");
}

#[test]
fn a_file_that_was_synced_reaches_the_platter_whole_or_not_at_all() {
    let (directory, disk) = mirrored(3);
    let unfinished = directory.path().join(platter::UNFINISHED_FILE);
    std::fs::write(&unfinished, "half of it").unwrap();
    drop(disk);
    let disk = SimulatedDisk::mirrored(directory.path(), 4).unwrap();
    assert_eq!(disk.paths(), [] as [PathBuf; 0], "what the kill cut short is no file of the disk");
    disk.create(&directory.path().join("new")).unwrap().write_at(b"new", 0).unwrap();
    disk.sync_directory(directory.path()).unwrap();
    assert!(!unfinished.exists());
}

#[test]
fn directories_are_made_on_the_platter_and_take_files() {
    let (directory, disk) = mirrored(3);
    let inner = directory.path().join("inner");
    disk.create_directory(&inner).unwrap();
    let name = inner.join("new");
    let file = disk.create(&name).unwrap();
    file.write_at(b"new", 0).unwrap();
    file.sync_all().unwrap();
    disk.sync_directory(directory.path()).unwrap();
    disk.sync_directory(&inner).unwrap();
    assert_eq!(std::fs::read(&name).unwrap(), b"new");
    assert_eq!(disk.list(directory.path()).unwrap(), [], "what is in an inner directory is not in the outer one");
}

#[test]
fn a_sync_that_takes_its_time_is_a_sync_all_the_same() {
    let (directory, disk) = mirrored(3);
    disk.set_sync_duration(std::time::Duration::from_millis(1));
    let name = directory.path().join("new");
    let file = disk.create(&name).unwrap();
    disk.sync_directory(directory.path()).unwrap();
    file.write_at(&[7; 2000], 0).unwrap();
    file.sync_data().unwrap();
    assert_eq!(std::fs::read(&name).unwrap(), [7; 2000]);
}
