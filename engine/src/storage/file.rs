//! One open file of the data directory.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::StorageError;
use super::disk::{Disk, DiskFile};

/// Large files are read in pieces of this size.
const PIECE_BYTES: usize = 1 << 20;

/// An open file of the data directory. All reads and writes name their place: there is no cursor.
#[derive(Debug)]
pub struct StorageFile {
    file: Box<dyn DiskFile>,
    /// For errors. A rename does not change it.
    path: PathBuf,
}

impl StorageFile {
    pub(super) fn create(disk: &dyn Disk, path: PathBuf) -> Result<StorageFile, StorageError> {
        match disk.create(&path) {
            Ok(file) => Ok(StorageFile { file, path }),
            Err(error) => Err(StorageError::io("create", &path, error)),
        }
    }

    pub(super) fn open(disk: &dyn Disk, path: PathBuf) -> Result<StorageFile, StorageError> {
        match disk.open(&path) {
            Ok(file) => Ok(StorageFile { file, path }),
            Err(error) => Err(StorageError::io("open", &path, error)),
        }
    }

    /// Where the file was when it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Fills `buffer` with the bytes from `offset` on. Fewer bytes than that in the file are an error.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<(), StorageError> {
        self.file.read_at(buffer, offset).map_err(|error| self.error("read", error))
    }

    /// The whole file, put into `buffer` in place of what it held.
    pub fn read_all(&self, buffer: &mut Vec<u8>) -> Result<(), StorageError> {
        let bytes = usize::try_from(self.len()?).expect("a file fits into the address space");
        buffer.resize(bytes, 0);
        self.read_at(buffer, 0)
    }

    /// Hands the whole file to `take` in order, a MiB at a time, each piece with its offset: it need not fit into memory.
    pub fn read_pieces(
        &self,
        mut take: impl FnMut(u64, &[u8]) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        let file_bytes = self.len()?;
        let mut piece = vec![0; PIECE_BYTES];
        let mut offset = 0;
        while offset < file_bytes {
            let length = PIECE_BYTES.min(usize::try_from(file_bytes - offset).unwrap_or(PIECE_BYTES));
            self.read_at(&mut piece[..length], offset)?;
            take(offset, &piece[..length])?;
            offset += length as u64;
        }
        Ok(())
    }

    /// Writes all of `bytes` at `offset`. They are durable after the next sync.
    pub fn write_at(&self, bytes: &[u8], offset: u64) -> Result<(), StorageError> {
        self.file.write_at(bytes, offset).map_err(|error| self.error("write", error))
    }

    /// Makes every write before it durable (`fdatasync`) and tells how long the disk took.
    ///
    /// After an error nobody knows which writes are on disk, and a second sync would not tell: the
    /// kernel marks the failed pages clean. Never repeat it.
    pub fn sync_data(&self) -> Result<Duration, StorageError> {
        let (result, duration) = measured(|| self.file.sync_data());
        result.map_err(|error| self.error("sync", error))?;
        Ok(duration)
    }

    /// Makes writes, length and times durable (`fsync`). The rule for errors is that of
    /// [`sync_data`](StorageFile::sync_data).
    pub fn sync_all(&self) -> Result<(), StorageError> {
        self.file.sync_all().map_err(|error| self.error("sync", error))
    }

    /// Makes the file `bytes` long and all of it zero, durably, in place of what it held. The zeros are written in pieces of
    /// `piece_bytes`, more than none, each of them synced: a sync of another file waits behind one, and not behind all.
    ///
    /// The zeros are really written: space that is only reserved changes its state at the first write,
    /// which doubles the cost of a sync (54 µs against about 110 µs for 4 KiB on ext4).
    pub fn set_zeroed_length(&self, bytes: u64, piece_bytes: usize) -> Result<(), StorageError> {
        self.truncate(0)?;
        let zeros = vec![0; piece_bytes.min(usize::try_from(bytes).unwrap_or(usize::MAX))];
        let mut offset = 0;
        while offset < bytes {
            let piece = zeros.len().min(usize::try_from(bytes - offset).unwrap_or(usize::MAX));
            self.write_at(&zeros[..piece], offset)?;
            self.sync_data()?;
            offset += piece as u64;
        }
        self.sync_all()
    }

    /// Cuts the file off at `bytes`. Durable after the next [`sync_all`](StorageFile::sync_all).
    pub fn truncate(&self, bytes: u64) -> Result<(), StorageError> {
        self.file.set_len(bytes).map_err(|error| self.error("set the length of", error))
    }

    /// The file's length in bytes.
    #[expect(clippy::len_without_is_empty, reason = "nobody asks a file whether it is empty")]
    pub fn len(&self) -> Result<u64, StorageError> {
        self.file.length().map_err(|error| self.error("look at", error))
    }

    /// Asks the kernel to forget its copy of the file, so that the next read comes from the disk.
    /// The file must be synced before; the kernel keeps what it has not written.
    pub fn drop_cached(&self) -> Result<(), StorageError> {
        self.file.drop_cached().map_err(|error| self.error("drop the cache of", error))
    }

    /// Asks the kernel to read the whole file in the background: the next read finds it in memory.
    pub fn read_ahead(&self) -> Result<(), StorageError> {
        self.file.read_ahead().map_err(|error| self.error("read ahead in", error))
    }

    fn error(&self, operation: &'static str, source: std::io::Error) -> StorageError {
        StorageError::io(operation, &self.path, source)
    }
}

/// Runs `work` and tells how long it took. The duration is for reports: nothing is decided by it.
#[expect(clippy::disallowed_methods, reason = "measures the disk, does not tell the time")]
pub(crate) fn measured<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let value = work();
    (value, start.elapsed())
}
