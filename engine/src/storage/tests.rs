use std::os::unix::fs::PermissionsExt;

use super::*;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_new_directory_is_private_and_keeps_its_store_id() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("deep/data");
    let directory = DataDirectory::open(&path).unwrap();
    let store_id = directory.store_id();
    directory.create("some.file").unwrap();
    assert_eq!(mode(&path), 0o700);
    assert_eq!([mode(&path.join("some.file")), mode(&path.join("LOCK")), mode(&path.join("STORE"))], [0o600; 3]);
    drop(directory);
    assert_eq!(DataDirectory::open(&path).unwrap().store_id(), store_id);
}

#[test]
fn a_second_opener_is_told_who_holds_the_directory() {
    let temp = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(temp.path()).unwrap();
    let error = DataDirectory::open(temp.path()).unwrap_err();
    assert_eq!(error.exit_code(), EXIT_LOCKED);
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");

    let clone = directory.clone();
    drop(directory);
    assert!(DataDirectory::open(temp.path()).is_err(), "a clone holds the lock too");
    drop(clone);
    DataDirectory::open(temp.path()).unwrap();
}

#[test]
fn a_directory_that_is_not_ours_is_refused_and_not_touched() {
    let temp = tempfile::tempdir().unwrap();
    std::fs::write(temp.path().join("letters.txt"), "dear").unwrap();
    let error = DataDirectory::open(temp.path()).unwrap_err();
    assert!(matches!(error, StorageError::Foreign { ref entry, .. } if entry == "letters.txt"), "{error}");
    assert_eq!(error.exit_code(), EXIT_DATA);
    assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 1);
}

#[test]
fn a_journal_without_its_store_id_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(temp.path()).unwrap();
    directory.create("journal-00000000000000000001.segment").unwrap();
    directory.remove("STORE").unwrap();
    drop(directory);
    assert!(matches!(DataDirectory::open(temp.path()), Err(StorageError::Foreign { .. })));
}

#[test]
fn hidden_files_and_a_first_start_that_crashed_are_no_hindrance() {
    let temp = tempfile::tempdir().unwrap();
    for name in [".gitkeep", "LOCK", "STORE.tmp"] {
        std::fs::write(temp.path().join(name), "").unwrap();
    }
    DataDirectory::open(temp.path()).unwrap();
}

#[test]
fn every_flip_in_the_store_file_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    drop(DataDirectory::open(temp.path()).unwrap());
    let path = temp.path().join("STORE");
    let good = std::fs::read(&path).unwrap();
    for index in 0..good.len() {
        let mut bad = good.clone();
        bad[index] ^= 0xFF;
        std::fs::write(&path, bad).unwrap();
        let error = DataDirectory::open(temp.path()).unwrap_err();
        assert!(matches!(error, StorageError::StoreIdDamaged { .. }), "byte {index}: {error}");
    }
    std::fs::write(&path, &good[..good.len() - 1]).unwrap();
    assert!(matches!(DataDirectory::open(temp.path()), Err(StorageError::StoreIdDamaged { .. })));
}

#[test]
fn a_newer_store_file_is_refused_with_its_own_code() {
    let temp = tempfile::tempdir().unwrap();
    drop(DataDirectory::open(temp.path()).unwrap());
    let newer: [u8; 32] = header::encode(&[b"HOLDSTOR", &2_u32.to_le_bytes(), &[7; 16]]);
    std::fs::write(temp.path().join("STORE"), newer).unwrap();
    assert_eq!(DataDirectory::open(temp.path()).unwrap_err().exit_code(), EXIT_VERSION);
}

#[test]
fn files_are_listed_by_name_and_directories_are_not() {
    let temp = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(temp.path()).unwrap();
    directory.quarantine("bytes", b"doubtful").unwrap();
    directory.create("b").unwrap().write_at(b"12345", 3).unwrap();
    directory.create("a").unwrap();
    let listed = directory.list().unwrap();
    let listed: Vec<_> = listed.iter().map(|entry| (entry.name.as_str(), entry.bytes)).collect();
    assert_eq!(listed[2..], [("a", 0), ("b", 8)]);
    assert_eq!(std::fs::read(temp.path().join("quarantine/bytes")).unwrap(), b"doubtful");
}

#[test]
fn a_zeroed_file_is_long_and_empty_of_what_it_held() {
    let temp = tempfile::tempdir().unwrap();
    let file = DataDirectory::open(temp.path()).unwrap().create("zeros").unwrap();
    file.write_at(b"old", 100).unwrap();
    let length = (1 << 20) + 4711;
    file.set_zeroed_length(length, 1 << 19).unwrap();
    let mut bytes = Vec::new();
    file.read_all(&mut bytes).unwrap();
    assert_eq!(bytes.len() as u64, length);
    assert!(bytes.iter().all(|byte| *byte == 0));
}

#[test]
fn an_error_names_operation_and_path() {
    let temp = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(temp.path()).unwrap();
    let error = directory.open_file("missing").unwrap_err();
    assert!(error.to_string().starts_with("cannot open "), "{error}");
    assert!(error.to_string().contains("missing"), "{error}");
    assert_eq!(error.exit_code(), EXIT_IO);
    let read = directory.create("short").unwrap().read_at(&mut [0; 4], 0);
    assert!(read.unwrap_err().to_string().starts_with("cannot read "));
}

#[test]
#[should_panic(expected = "plain name")]
fn a_name_with_a_path_in_it_is_a_bug() {
    let temp = tempfile::tempdir().unwrap();
    let _ = DataDirectory::open(temp.path()).unwrap().create("../escape");
}
