//! What a server stands on: the machine's disk, or one in memory that forgets what was not synced.

use crate::random::Random;

/// How long a simulated disk may take for a sync, at least and at most. With none at all, hardly a kill would find
/// anything unsynced.
const SYNC_MICROSECONDS: (u64, u64) = (100, 2_000);

/// A disk. Each process gets a simulated one of its own, and another seed with it: the seed makes the salts of its files.
#[derive(Clone, Debug)]
pub enum Disk {
    Real,
    Simulated { seed: u64, sync_microseconds: u64, fault: Option<Fault> },
}

/// What is wrong with a simulated disk.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// This sync fails, counted from 0.
    FailedSync(u64),
    /// All files together can have so many bytes.
    Capacity(u64),
}

impl Disk {
    /// A disk in memory: killing the process is cutting its power.
    pub fn simulated(random: &mut Random) -> Disk {
        Disk::with(random, None)
    }

    /// The same, with a fault.
    pub fn faulty(random: &mut Random, fault: Fault) -> Disk {
        Disk::with(random, Some(fault))
    }

    fn with(random: &mut Random, fault: Option<Fault>) -> Disk {
        let (least, most) = SYNC_MICROSECONDS;
        let (seed, sync_microseconds) = (random.between(0, u64::MAX - 1), random.between(least, most));
        Disk::Simulated { seed, sync_microseconds, fault }
    }

    pub fn is_failing(&self) -> bool {
        matches!(self, Disk::Simulated { fault: Some(Fault::FailedSync(_)), .. })
    }

    /// The value of `HOLDFAST_SIMULATED_DISK`.
    pub fn wish(&self) -> Option<String> {
        let Disk::Simulated { seed, sync_microseconds, fault } = self else { return None };
        let fault = match fault {
            Some(Fault::FailedSync(at)) => format!(",fail_sync_at={at}"),
            Some(Fault::Capacity(bytes)) => format!(",capacity_bytes={bytes}"),
            None => String::new(),
        };
        Some(format!("seed={seed},sync_microseconds={sync_microseconds}{fault}"))
    }
}
