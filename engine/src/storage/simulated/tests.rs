use std::sync::Arc;

use super::*;

fn path(name: &str) -> PathBuf {
    Path::new("/data").join(name)
}

/// A disk with a durable file `old` that holds three sectors of ones.
fn disk() -> SimulatedDisk {
    disk_of(7)
}

fn disk_of(seed: u64) -> SimulatedDisk {
    let disk = SimulatedDisk::new(seed);
    disk.create_directory(Path::new("/data")).unwrap();
    let file = disk.create(&path("old")).unwrap();
    file.write_at(&[1; 1536], 0).unwrap();
    file.sync_all().unwrap();
    disk.sync_directory(Path::new("/data")).unwrap();
    disk
}

fn overwrite(disk: &SimulatedDisk, byte: u8) {
    // A handle for reading writes here: the simulated disk does not ask.
    disk.open(&path("old")).unwrap().write_at(&[byte; 1536], 0).unwrap();
}

/// The first byte of each sector of `old` after a power cut.
fn sectors(disk: &SimulatedDisk, damage: Damage) -> Vec<u8> {
    let bytes = disk.cut_power(damage).contents(&path("old")).unwrap();
    bytes.chunks(512).map(|sector| sector[0]).collect()
}

#[test]
fn what_was_synced_survives_every_damage() {
    for damage in Damage::ALL {
        assert_eq!(sectors(&disk(), damage), [1, 1, 1], "{damage:?}");
    }
}

#[test]
fn each_damage_leaves_its_sectors() {
    for (damage, expected) in [
        (Damage::AllLost, [1, 1, 1]),
        (Damage::AllKept, [2, 2, 2]),
        (Damage::AllButFirst, [1, 2, 2]),
        (Damage::AllButLast, [2, 2, 1]),
        (Damage::EverySecond, [1, 2, 1]),
    ] {
        let disk = disk();
        overwrite(&disk, 2);
        assert_eq!(sectors(&disk, damage), expected, "{damage:?}");
    }
}

#[test]
fn a_torn_sector_holds_both() {
    let disk = disk();
    overwrite(&disk, 2);
    let bytes = disk.cut_power(Damage::TornSector).contents(&path("old")).unwrap();
    let is_torn = |sector: &[u8]| sector.contains(&1) && sector.contains(&2);
    assert_eq!(bytes.chunks(512).filter(|sector| is_torn(sector)).count(), 1);
}

#[test]
fn a_synced_file_without_a_synced_entry_is_gone() {
    let disk = disk();
    let file = disk.create(&path("new")).unwrap();
    file.write_at(b"new", 0).unwrap();
    file.sync_all().unwrap();
    assert_eq!(disk.cut_power(Damage::AllLost).paths(), [path("old")]);
}

#[test]
fn an_unsynced_rename_leaves_the_old_name() {
    let disk = disk();
    disk.rename(&path("old"), &path("new")).unwrap();
    assert_eq!(disk.paths(), [path("new")]);
    assert_eq!(disk.cut_power(Damage::AllLost).paths(), [path("old")]);
}

#[test]
fn a_synced_directory_keeps_names_and_removals() {
    let disk = disk();
    disk.rename(&path("old"), &path("new")).unwrap();
    disk.sync_directory(Path::new("/data")).unwrap();
    assert_eq!(disk.cut_power(Damage::AllLost).paths(), [path("new")]);
}

#[test]
fn a_sync_that_failed_is_not_made_good_by_a_second_one() {
    let disk = disk();
    overwrite(&disk, 2);
    disk.set_fault(Some(Fault { at: 0, only: Some(Operation::Sync), kind: FaultKind::ErrorOnce }));
    let file = disk.open(&path("old")).unwrap();
    assert_eq!(file.sync_data().unwrap_err().raw_os_error(), Some(5));
    file.sync_data().unwrap();
    assert!(disk.has_failed());
    assert_eq!(disk.contents(&path("old")).unwrap()[0], 2, "the program still sees it");
    assert_eq!(sectors(&disk, Damage::AllKept), [1, 1, 1]);
}

#[test]
fn after_the_power_is_cut_nothing_works_any_more() {
    let disk = disk();
    disk.set_fault(Some(Fault { at: 1, only: None, kind: FaultKind::PowerCut }));
    let file = disk.open(&path("old")).unwrap();
    assert!(file.sync_data().is_err());
    assert!(file.sync_data().is_err() && disk.list(Path::new("/data")).is_err());
}

#[test]
fn a_full_disk_takes_no_more_bytes_and_keeps_those_it_has() {
    let disk = disk();
    disk.set_capacity_bytes(2_000);
    let file = disk.create(&path("new")).unwrap();
    assert_eq!(file.write_at(&[1; 512], 0).unwrap_err().kind(), io::ErrorKind::StorageFull);
    overwrite(&disk, 3);
    disk.remove(&path("old")).unwrap();
    file.write_at(&[1; 512], 0).unwrap();
    assert_eq!(disk.used_bytes(), 512);
}

#[test]
fn the_same_seed_makes_the_same_choices() {
    let survivors = |seed| {
        let disk = disk_of(seed);
        overwrite(&disk, 2);
        sectors(&disk, Damage::Anything)
    };
    assert_eq!(survivors(1), survivors(1));
    assert!((0..8).any(|seed| survivors(seed) != survivors(1)));
}

#[test]
fn a_held_sync_waits_until_it_is_released() {
    let disk = disk();
    disk.hold_syncs();
    let file: Arc<dyn DiskFile> = Arc::from(disk.open(&path("old")).unwrap());
    let waiting = Arc::clone(&file);
    let sync = std::thread::spawn(move || waiting.sync_data());
    overwrite(&disk, 4);
    disk.release_syncs();
    sync.join().unwrap().unwrap();
    file.sync_data().unwrap();
    assert_eq!(sectors(&disk, Damage::AllLost), [4, 4, 4]);
}
