//! What a server stands on: the machine's disk, or one in memory that forgets what was not synced.

use crate::random::Random;

/// How long a simulated disk may take for a sync, at least and at most. With none at all, hardly a kill would find
/// anything unsynced.
const SYNC_MICROSECONDS: (u64, u64) = (100, 2_000);

/// A disk. Each process gets a simulated one of its own, and another seed with it: the seed makes the salts of its files.
#[derive(Clone, Debug)]
pub enum Disk {
    Real,
    Simulated {
        seed: u64,
        sync_microseconds: u64,
        /// This sync fails, counted from 0.
        fail_sync_at: Option<u64>,
    },
}

impl Disk {
    /// A disk in memory: killing the process is cutting its power.
    pub fn simulated(random: &mut Random) -> Disk {
        let (least, most) = SYNC_MICROSECONDS;
        let (seed, sync_microseconds) = (random.between(0, u64::MAX - 1), random.between(least, most));
        Disk::Simulated { seed, sync_microseconds, fail_sync_at: None }
    }

    /// The same, and a sync on it fails.
    pub fn failing(random: &mut Random, at: u64) -> Disk {
        match Disk::simulated(random) {
            Disk::Simulated { seed, sync_microseconds, .. } => {
                Disk::Simulated { seed, sync_microseconds, fail_sync_at: Some(at) }
            }
            Disk::Real => unreachable!("a simulated disk is none of the machine"),
        }
    }

    pub fn is_failing(&self) -> bool {
        matches!(self, Disk::Simulated { fail_sync_at: Some(_), .. })
    }

    /// The value of `HOLDFAST_SIMULATED_DISK`.
    pub fn wish(&self) -> Option<String> {
        match self {
            Disk::Real => None,
            Disk::Simulated { seed, sync_microseconds, fail_sync_at } => {
                let fault = fail_sync_at.map_or(String::new(), |at| format!(",fail_sync_at={at}"));
                Some(format!("seed={seed},sync_microseconds={sync_microseconds}{fault}"))
            }
        }
    }
}
