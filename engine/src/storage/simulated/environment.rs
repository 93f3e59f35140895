//! The simulated disk of a whole process, for tests of the program: what `HOLDFAST_SIMULATED_DISK` says.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::{Fault, FaultKind, Operation, SimulatedDisk};

const VARIABLE: &str = "HOLDFAST_SIMULATED_DISK";

/// The disk that the environment asks for, with `directory` as its platter; nothing where it asks for none.
///
/// The form is `seed=7`, and where wished `,sync_microseconds=1000` (how long a sync takes), `,fail_sync_at=200` (that
/// sync fails with EIO, and once) and `,capacity_bytes=8000000`.
pub fn from_environment(directory: &Path) -> io::Result<Option<SimulatedDisk>> {
    match std::env::var(VARIABLE) {
        Err(_) => Ok(None),
        Ok(wish) => parse(&wish, directory).map(Some),
    }
}

fn parse(wish: &str, directory: &Path) -> io::Result<SimulatedDisk> {
    let (mut seed, mut capacity_bytes, mut sync_duration, mut fault) = (0, u64::MAX, None, None);
    for part in wish.split(',') {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let value: u64 = value.parse().map_err(|_| malformed(wish))?;
        match key {
            "seed" => seed = value,
            "capacity_bytes" => capacity_bytes = value,
            "sync_microseconds" => sync_duration = Some(Duration::from_micros(value)),
            "fail_sync_at" => {
                fault = Some(Fault { at: value, only: Some(Operation::Sync), kind: FaultKind::ErrorOnce });
            }
            _ => return Err(malformed(wish)),
        }
    }
    let disk = SimulatedDisk::mirrored(directory, seed)?;
    disk.set_fault(fault);
    disk.set_capacity_bytes(capacity_bytes);
    if let Some(duration) = sync_duration {
        disk.set_sync_duration(duration);
    }
    tracing::warn!(wish, "the disk is simulated: what is not synced is lost with this process");
    Ok(disk)
}

fn malformed(wish: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{VARIABLE}={wish} is not understood"))
}
