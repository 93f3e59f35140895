//! A file that is read again when it has changed: certificates, keys and tokens are exchanged without a restart.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

/// The longest such file, in bytes.
const LENGTH_MAX: u64 = 1 << 20;

/// A file, and what it had at the last look.
#[derive(Debug)]
pub struct WatchedFile {
    path: PathBuf,
    /// SHA-256 of the content at the last look; `None` where it could not be read.
    seen: Mutex<Option<[u8; 32]>>,
}

impl WatchedFile {
    /// The file at `path`, not looked at yet.
    pub fn new(path: impl Into<PathBuf>) -> WatchedFile {
        WatchedFile { path: path.into(), seen: Mutex::new(None) }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The content, where it is another one than at the last look. Fails for what cannot be read, or is longer than 1 MiB;
    /// the next look then reports whatever is there.
    pub fn changed(&self) -> io::Result<Option<Vec<u8>>> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let content = read(&self.path);
        let digest = content.as_ref().ok().map(|content| <[u8; 32]>::from(Sha256::digest(content)));
        let is_changed = digest != *seen;
        *seen = digest;
        Ok(Some(content?).filter(|_| is_changed))
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    File::open(path)?.take(LENGTH_MAX + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LENGTH_MAX {
        return Err(io::Error::other(format!("the file is longer than {LENGTH_MAX} bytes")));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_another_content_is_reported() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("keys");
        let file = WatchedFile::new(&path);
        assert!(file.changed().is_err());
        std::fs::write(&path, "one").expect("a file");
        assert_eq!(file.changed().expect("readable"), Some(b"one".to_vec()));
        assert_eq!(file.changed().expect("readable"), None);
        std::fs::write(&path, "two").expect("a file");
        assert_eq!(file.changed().expect("readable"), Some(b"two".to_vec()));
        std::fs::remove_file(&path).expect("a file");
        assert!(file.changed().is_err());
        std::fs::write(&path, "two").expect("a file");
        assert_eq!(file.changed().expect("readable"), Some(b"two".to_vec()));
        std::fs::write(&path, vec![b'x'; (LENGTH_MAX + 1) as usize]).expect("a file");
        assert!(file.changed().is_err());
    }
}
