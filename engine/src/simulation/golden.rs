//! Data directories that earlier builds wrote, kept in the repository: this build reads each of them, to the same sale.
//!
//! `engine/golden/<format>/<how it ended>/` has the files, and `sale.txt` beside them what is in it. A build that changes a
//! format adds a directory and keeps the others. `HOLDFAST_WRITE_GOLDEN=<format>` writes one:
//! `HOLDFAST_WRITE_GOLDEN=2 cargo test -p holdfast-engine golden`.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::clock::ManualClock;
use crate::core::id::UserNumber;
use crate::engine::Engine;
use crate::storage::disk::Disk;
use crate::storage::simulated::SimulatedDisk;

use super::accounts::keep_house;
use super::world::{World, open};

/// Long after all of them were written: nothing about them depends on when they are read.
const READ_AT_MS: u64 = 1_900_000_000_000;
const SALE_FILE: &str = "sale.txt";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}

fn start(disk: &SimulatedDisk) -> Engine {
    open(disk, &Arc::new(ManualClock::at(READ_AT_MS))).expect("a directory that every build reads")
}

/// The sale as text: what was sold, held and waited for, and every change that led there.
fn sale(engine: &Engine) -> String {
    let mut sale = String::new();
    for handle in engine.handles() {
        let machine = handle.machine();
        let event = machine.event();
        writeln!(sale, "event {} {} {}", event.number().0, event.id(), event.status().as_str()).unwrap();
        for figures in event.figures() {
            writeln!(sale, "  {figures:?}").unwrap();
        }
        for (number, booking) in event.booking_rows() {
            let state = if booking.is_booked() { "booked" } else { "cancelled" };
            writeln!(sale, "  booking {} user {} tickets {} {state}", number.0, booking.user.0, booking.quantity)
                .unwrap();
        }
    }
    for (user, name) in engine.accounts(UserNumber(0), usize::MAX) {
        writeln!(sale, "account {} {name} {}", user.0, engine.password_hash(&name).unwrap()).unwrap();
    }
    // What a start adds, it adds behind these.
    for entry in engine.changes(0, usize::MAX, None).unwrap().entries {
        let event = entry.event.map_or(String::new(), |id| id.to_string());
        let (kind, user) = (entry.change.kind(), entry.change.user().map_or(0, |user| user.0));
        writeln!(sale, "{} {} {kind} {event} user {user}", entry.seq, entry.at_ms).unwrap();
    }
    sale
}

/// The directories there are, by format and end.
fn golden_directories() -> Vec<PathBuf> {
    let folders =
        |path: &Path| fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let mut found: Vec<PathBuf> = folders(&root()).flat_map(|format| folders(&format).collect::<Vec<_>>()).collect();
    found.sort();
    found
}

fn load(directory: &Path) -> SimulatedDisk {
    let disk = SimulatedDisk::new(1);
    disk.create_directory(Path::new("/data")).unwrap();
    for entry in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap()) {
        disk.put(&Path::new("/data").join(entry.file_name()), &fs::read(entry.path()).unwrap());
    }
    disk
}

/// The same store after somebody has kept house in it; in the end the engine is killed, or stopped with a snapshot.
pub(super) fn with_accounts(disk: &SimulatedDisk, is_stopped: bool) -> SimulatedDisk {
    let engine = start(disk);
    keep_house(&engine);
    if is_stopped {
        engine.finish(engine.shutdown());
    }
    drop(engine);
    disk.after_kill()
}

fn write(directory: &Path, disk: &SimulatedDisk) {
    fs::create_dir_all(directory).unwrap();
    for path in disk.paths().iter().filter(|path| !path.ends_with("LOCK")) {
        fs::write(directory.join(path.file_name().unwrap()), disk.contents(path).unwrap()).unwrap();
    }
    fs::write(directory.join(SALE_FILE), sale(&start(&disk.after_kill()))).unwrap();
}

#[test]
fn golden_directories_of_every_format_are_read() {
    if let Ok(format) = std::env::var("HOLDFAST_WRITE_GOLDEN") {
        let killed = World::calm(7).killed_when(|disk| disk.paths().len() >= 9);
        write(&root().join(&format).join("killed"), &with_accounts(&killed, false));
        let stopped = World::calm(8).stopped_when(|disk| disk.paths().len() >= 9);
        write(&root().join(&format).join("stopped"), &with_accounts(&stopped, true));
    }
    let directories = golden_directories();
    assert!(directories.len() >= 4, "{directories:?}");
    for directory in directories {
        let engine = start(&load(&directory));
        let expected = fs::read_to_string(directory.join(SALE_FILE)).unwrap();
        assert_eq!(
            sale(&engine),
            expected,
            "{} is read otherwise than by the build that wrote it",
            directory.display()
        );
        for handle in engine.handles() {
            handle.machine().event().check_invariants().unwrap();
        }
    }
}
