//! Whether answers waited for a disk, and how often it was asked.

use std::path::{Path, PathBuf};

use crate::error::LoadError;

/// The `f_type` of a tmpfs (statfs(2)).
const TMPFS_MAGIC: i64 = 0x0102_1994;
/// How often the journal has synced: one observation each.
const SYNCS: &str = "holdfast_journal_sync_seconds_count";
/// How many changes it has made durable.
const CHANGES: &str = "holdfast_journal_batch_changes_sum";

/// Where the data is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// The directory that the data directory is in, or is.
    pub path: PathBuf,
    /// Whether it is a file system in memory, where a sync does nothing.
    pub is_tmpfs: bool,
}

impl Disk {
    /// The one that `path` is on.
    ///
    /// # Errors
    ///
    /// It cannot be told.
    pub fn of(path: &Path) -> Result<Disk, LoadError> {
        let told = rustix::fs::statfs(path).map_err(|error| LoadError::new(format!("{}: {error}", path.display())))?;
        Ok(Disk { path: path.to_owned(), is_tmpfs: told.f_type as i64 == TMPFS_MAGIC })
    }

    /// What is to be known of it, in a few words.
    pub fn described(&self) -> String {
        let path = self.path.display();
        if self.is_tmpfs {
            format!("{path} — not durable: tmpfs, where a sync does nothing")
        } else {
            path.to_string()
        }
    }
}

/// What the journal had done at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Meter {
    syncs: f64,
    changes: f64,
}

/// What the journal did in a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Durability {
    /// Syncs of the disk.
    pub syncs: u64,
    /// Changes that became durable.
    pub changes: u64,
}

impl Meter {
    /// Reads it off metrics in Prometheus' text format. What has not happened yet is not there.
    pub fn read(text: &str) -> Meter {
        let value = |name: &str| {
            let value = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.parse::<f64>().ok();
            text.lines().find_map(value).unwrap_or_default()
        };
        Meter { syncs: value(SYNCS), changes: value(CHANGES) }
    }

    /// What was done from this moment to a later one.
    pub fn until(&self, later: &Meter) -> Durability {
        Durability {
            syncs: (later.syncs - self.syncs).round() as u64,
            changes: (later.changes - self.changes).round() as u64,
        }
    }
}

impl Durability {
    /// How many changes shared a sync, in the mean.
    pub fn changes_a_sync(&self) -> f64 {
        if self.syncs == 0 { 0.0 } else { self.changes as f64 / self.syncs as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syncs_and_changes_are_read_off_the_metrics() {
        let before = Meter::read("# TYPE holdfast_journal_sync_seconds histogram\n");
        let later = Meter::read(
            "holdfast_journal_sync_seconds_bucket{le=\"1\"} 40\nholdfast_journal_sync_seconds_count 40\n\
             holdfast_journal_batch_changes_sum 1000\nholdfast_journal_batch_changes_count 40\n",
        );
        let done = before.until(&later);
        assert_eq!(done, Durability { syncs: 40, changes: 1_000 });
        assert_eq!(done.changes_a_sync(), 25.0);
        assert_eq!(before.until(&before).changes_a_sync(), 0.0);
    }
}
