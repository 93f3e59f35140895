//! Where a broken invariant is noted: the process ends with it, and whoever looks after the sale must see it all the same.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use super::DataDirectory;

/// The file in the data directory.
const FILE: &str = "violations";

/// Notes broken invariants, a line each, and counts those that were noted before. The file stays until an operator takes
/// it away.
#[derive(Debug)]
pub struct Violations {
    path: PathBuf,
    count: AtomicU64,
}

impl Violations {
    /// Those of this store. A file that cannot be read is told in the log, and counts for nothing.
    pub fn open(directory: &DataDirectory) -> Violations {
        let path = directory.path().join(FILE);
        let count = match File::open(&path) {
            Ok(file) => BufReader::new(file).lines().count() as u64,
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            Err(error) => {
                tracing::warn!(%error, "the file of broken invariants cannot be read");
                0
            }
        };
        if count > 0 {
            let file = path.display().to_string();
            tracing::error!(
                count,
                file,
                "invariants were broken before; see docs/runbook.md, and then move the file away"
            );
        }
        Violations { path, count: AtomicU64::new(count) }
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Notes one, on disk when this returns. The process is about to end: what cannot be written is told in the log.
    pub fn note(&self, at_ms: u64, what: &str) {
        self.count.fetch_add(1, Ordering::Relaxed);
        let line = format!("{at_ms} {}\n", what.replace('\n', " "));
        let written = OpenOptions::new().create(true).append(true).open(&self.path).and_then(|mut file| {
            file.write_all(line.as_bytes())?;
            file.sync_all()
        });
        if let Err(error) = written {
            tracing::error!(%error, what, "a broken invariant could not be noted");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_counts_until_the_file_is_taken_away() {
        let folder = tempfile::tempdir().expect("a directory");
        let directory = DataDirectory::open(folder.path()).expect("a store");
        let violations = Violations::open(&directory);
        assert_eq!(violations.count(), 0);
        violations.note(1_700_000_000_000, "event gala: general is oversold");
        violations.note(1_700_000_000_001, "two\nlines");
        assert_eq!((violations.count(), Violations::open(&directory).count()), (2, 2));
        let text = std::fs::read_to_string(folder.path().join(FILE)).expect("the file");
        assert_eq!(text, "1700000000000 event gala: general is oversold\n1700000000001 two lines\n");
        directory.remove(FILE).expect("it goes");
        assert_eq!(Violations::open(&directory).count(), 0);
    }
}
