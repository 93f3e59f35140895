//! Remembers, once a second, that the engine was alive: so that the time it was down can be told from the time in which
//! nobody wanted anything.
//!
//! The heartbeat is written and not synced: after power loss it may be some seconds old, and then live holds get back
//! some seconds more than they lost. Never less.

use crate::storage::{DataDirectory, StorageError, StorageFile};

/// The file in the data directory.
pub(crate) const FILE: &str = "heartbeat";

/// How often it beats, in milliseconds.
pub const HEARTBEAT_MS: u64 = 1_000;

/// The file, and its last beat.
#[derive(Debug)]
pub struct Heartbeat {
    file: StorageFile,
    last_ms: u64,
}

impl Heartbeat {
    /// The newest time at which an earlier process was alive, in milliseconds since the Unix epoch. A file that is
    /// missing or torn tells nothing: the journal's newest time does for it.
    pub fn last(directory: &DataDirectory) -> Option<u64> {
        let mut bytes = Vec::new();
        directory.open_file(FILE).and_then(|file| file.read_all(&mut bytes)).ok()?;
        let (time, checksum) = bytes.split_at_checked(8)?;
        let checksum = u32::from_le_bytes(checksum.try_into().ok()?);
        (crc32c::crc32c(time) == checksum).then(|| u64::from_le_bytes(time.try_into().expect("eight bytes")))
    }

    /// Begins a heartbeat.
    pub fn start(directory: &DataDirectory, now_ms: u64) -> Result<Heartbeat, StorageError> {
        let mut heartbeat = Heartbeat { file: directory.create(FILE)?, last_ms: 0 };
        heartbeat.beat(now_ms)?;
        Ok(heartbeat)
    }

    /// Beats, if the last one is long enough ago.
    pub fn beat(&mut self, now_ms: u64) -> Result<(), StorageError> {
        if now_ms < self.last_ms + HEARTBEAT_MS {
            return Ok(());
        }
        self.last_ms = now_ms;
        let time = now_ms.to_le_bytes();
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&time);
        bytes[8..].copy_from_slice(&crc32c::crc32c(&time).to_le_bytes());
        self.file.write_at(&bytes, 0)
    }
}
