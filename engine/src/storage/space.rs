//! How much room there is on the disk: for those who watch. Nothing is decided by it.

use std::path::Path;

use rustix::fs::statvfs;

/// The size of the file system that has the directory at `path`, and what can still be written to it, in bytes; `None`
/// where it cannot be told.
pub(crate) fn disk_space(path: &Path) -> Option<(u64, u64)> {
    let space = statvfs(path).ok()?;
    Some((space.f_blocks.saturating_mul(space.f_frsize), space.f_bavail.saturating_mul(space.f_frsize)))
}

#[cfg(test)]
mod tests {
    use super::disk_space;

    #[test]
    fn a_file_system_has_no_more_room_than_it_is_large() {
        let folder = tempfile::tempdir().expect("a directory");
        let (bytes, available) = disk_space(folder.path()).expect("a file system");
        assert!(bytes > 0 && available <= bytes, "{available} of {bytes}");
    }
}
