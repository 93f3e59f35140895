//! The disk beneath a directory: which it is, and how often it was flushed.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The field of `/sys/dev/block/…/stat` that counts flushes which were completed, from 0
/// (Documentation/ABI/stable/sysfs-block of the kernel).
const FLUSHES: usize = 15;

/// The disk beneath a directory.
#[derive(Clone, Debug)]
pub struct Disk {
    /// The type of its file system, as the kernel names it.
    pub file_system: String,
    device: u64,
}

impl Disk {
    /// The one beneath `directory`.
    pub fn beneath(directory: &Path) -> Disk {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let directory = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
        let file_system = file_system_of(&mounts, &directory).unwrap_or("unknown").to_owned();
        Disk { file_system, device: fs::metadata(&directory).map_or(0, |metadata| metadata.dev()) }
    }

    /// Whether a sync does nothing here.
    pub fn is_memory(&self) -> bool {
        matches!(self.file_system.as_str(), "tmpfs" | "ramfs")
    }

    /// How often it has been flushed since the machine was started, by whomever. `None` where the kernel does not say.
    pub fn flushes(&self) -> Option<u64> {
        let (major, minor) = (rustix::fs::major(self.device), rustix::fs::minor(self.device));
        let stat = fs::read_to_string(format!("/sys/dev/block/{major}:{minor}/stat")).ok()?;
        stat.split_whitespace().nth(FLUSHES)?.parse().ok()
    }
}

/// Writes all that the kernel still has to write, so that no round pays for the one before.
pub fn settle() {
    rustix::fs::sync();
}

/// The type of the file system mounted nearest above `directory`; of several at one place the newest one.
fn file_system_of<'a>(mounts: &'a str, directory: &Path) -> Option<&'a str> {
    let mount = |line: &'a str| {
        let mut fields = line.split(' ').skip(1);
        Some((Path::new(fields.next()?), fields.next()?))
    };
    let above = mounts.lines().filter_map(mount).filter(|(point, _)| directory.starts_with(point));
    above.max_by_key(|(point, _)| point.components().count()).map(|(_, file_system)| file_system)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::file_system_of;

    #[test]
    fn the_nearest_mount_counts() {
        let mounts = "/dev/vda / ext4 rw 0 0\ntmpfs /dev/shm tmpfs rw 0 0\n\
                      /dev/vdb /data ext4 rw 0 0\n/dev/vdb /data xfs rw 0 0\n";
        for (directory, expected) in [
            ("/tmp/a", "ext4"),
            ("/dev/shm", "tmpfs"),
            ("/dev/shm/a", "tmpfs"),
            ("/dev/shm2", "ext4"),
            ("/data/x", "xfs"),
        ] {
            assert_eq!(file_system_of(mounts, Path::new(directory)), Some(expected), "{directory}");
        }
    }
}
