//! The only door to the disk.
//!
//! Journal and snapshots reach files, directory entries, randomness for names and the duration of a
//! sync through [`DataDirectory`] and [`StorageFile`] and through nothing else, so that another disk
//! can be put behind these two types without a change to their callers.
//!
//! **Invariants.** One process owns a data directory: it holds `LOCK` for life. A directory that is
//! not ours is refused before anything in it is touched. An operation that fails is reported once,
//! with its path, and is never repeated here: whether to go on is for the caller to decide.
//!
//! ```text
//! data directory (0700)
//!   LOCK                          held for life, names its holder
//!   STORE                         the store's id, written once
//!   journal-….segment             the journal, see `journal`
//!   snapshot-….snapshot           the snapshots, see `snapshot`
//!   quarantine/                   bytes set aside by recovery, never read again by the engine
//!   *.tmp                         unfinished files, worthless after a crash
//! ```

mod file;
pub(crate) mod header;
mod store_id;

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use thiserror::Error;

pub use file::StorageFile;
pub(crate) use file::measured;
pub use store_id::StoreId;

#[cfg(test)]
mod tests;

/// Exit code of a process that was refused by what the files say: damage, a gap, a foreign store.
pub const EXIT_DATA: u8 = 65;
/// Exit code of a process whose disk failed.
pub const EXIT_IO: u8 = 74;
/// Exit code of a process that found its data directory held by another one.
pub const EXIT_LOCKED: u8 = 75;
/// Exit code of a process that found files of a newer format.
pub const EXIT_VERSION: u8 = 76;
/// Exit code of a process whose configuration cannot work.
pub const EXIT_CONFIGURATION: u8 = 78;

const DIRECTORY_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
const LOCK_FILE: &str = "LOCK";
const QUARANTINE_DIRECTORY: &str = "quarantine";
/// The holder's line in `LOCK` is read back up to this length.
const HOLDER_BYTES_MAX: u64 = 256;

/// What can go wrong at the door to the disk.
#[derive(Debug, Error)]
pub enum StorageError {
    /// The operating system refused or failed an operation.
    #[error("cannot {operation} {path}: {source}", path = path.display())]
    Io {
        /// What was tried, as a verb phrase: "write", "sync", "rename".
        operation: &'static str,
        /// The file or directory it was tried on.
        path: PathBuf,
        /// The operating system's own words.
        source: io::Error,
    },
    /// Another process holds the data directory.
    #[error("the data directory {path} is in use by {holder}", path = path.display())]
    Locked {
        /// The data directory.
        path: PathBuf,
        /// What the holder wrote into `LOCK`.
        holder: String,
    },
    /// The directory holds files but no `STORE`: it is not a data directory of ours.
    #[error("{path} is not a data directory of Holdfast: it holds {entry:?} but no STORE file", path = path.display())]
    Foreign {
        /// The directory that was refused.
        path: PathBuf,
        /// One entry that does not belong into a new data directory.
        entry: String,
    },
    /// `STORE` exists but its bytes are not what was written.
    #[error("the store id in {path} is damaged", path = path.display())]
    StoreIdDamaged {
        /// The `STORE` file.
        path: PathBuf,
    },
    /// `STORE` was written by a newer Holdfast.
    #[error("{path} has format {found}, this program reads up to {supported}", path = path.display())]
    NewerVersion {
        /// The `STORE` file.
        path: PathBuf,
        /// The format version found.
        found: u32,
        /// The newest format version this program reads.
        supported: u32,
    },
}

impl StorageError {
    pub(crate) fn io(operation: &'static str, path: &Path, source: io::Error) -> StorageError {
        StorageError::Io { operation, path: path.to_owned(), source }
    }

    /// The exit code a process ends with when this error ends it.
    pub fn exit_code(&self) -> u8 {
        match self {
            StorageError::Io { .. } => EXIT_IO,
            StorageError::Locked { .. } => EXIT_LOCKED,
            StorageError::Foreign { .. } | StorageError::StoreIdDamaged { .. } => EXIT_DATA,
            StorageError::NewerVersion { .. } => EXIT_VERSION,
        }
    }

    /// Whether the disk (or the quota) is full. Nothing is wrong with what was stored before.
    pub fn is_storage_full(&self) -> bool {
        use io::ErrorKind::{QuotaExceeded, StorageFull};
        matches!(self, StorageError::Io { source, .. } if matches!(source.kind(), StorageFull | QuotaExceeded))
    }
}

/// One file of the data directory, as [`DataDirectory::list`] saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryEntry {
    /// The file's name, without a path.
    pub name: String,
    /// The file's length.
    pub bytes: u64,
    /// When the file was last written to, in milliseconds since 1970.
    pub modified_ms: u64,
}

/// A data directory that this process owns. Clones share one lock, which is let go with the last.
#[derive(Clone, Debug)]
pub struct DataDirectory {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    store_id: StoreId,
    /// Held, not read: the lock lives as long as this handle.
    _lock: File,
}

impl DataDirectory {
    /// Opens the data directory at `path`, or makes one where there is nothing or an empty directory.
    ///
    /// # Errors
    ///
    /// [`StorageError::Foreign`] when the directory holds files that are not ours (nothing is touched
    /// then), [`StorageError::Locked`] when another process has it, [`StorageError::StoreIdDamaged`]
    /// and [`StorageError::NewerVersion`] by the `STORE` file, [`StorageError::Io`] by the disk.
    pub fn open(path: &Path) -> Result<DataDirectory, StorageError> {
        create_directory(path)?;
        refuse_foreign(path)?;
        let lock = take_lock(path)?;
        std::fs::set_permissions(path, Permissions::from_mode(DIRECTORY_MODE))
            .map_err(|error| StorageError::io("restrict", path, error))?;
        let store_id = store_id::read_or_create(path)?;
        let inner = Inner { path: path.to_owned(), store_id, _lock: lock };
        Ok(DataDirectory { inner: Arc::new(inner) })
    }

    /// Where the directory is.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// The id every file of this store carries.
    pub fn store_id(&self) -> StoreId {
        self.inner.store_id
    }

    /// The plain files of the directory by name, without those of `quarantine/`.
    pub fn list(&self) -> Result<Vec<DirectoryEntry>, StorageError> {
        let path = self.path();
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(path).map_err(|error| StorageError::io("list", path, error))? {
            let listed = entry.and_then(|entry| describe(&entry));
            entries.extend(listed.map_err(|error| StorageError::io("list", path, error))?);
        }
        entries.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(entries)
    }

    /// Makes the file `name`, empty, readable and writable, in place of one that may be there.
    ///
    /// The entry is durable after the next [`sync_directory`](DataDirectory::sync_directory).
    pub fn create(&self, name: &str) -> Result<StorageFile, StorageError> {
        StorageFile::create(self.file_path(name))
    }

    /// Opens the file `name` for reading.
    pub fn open_file(&self, name: &str) -> Result<StorageFile, StorageError> {
        StorageFile::open(self.file_path(name))
    }

    /// Gives the file `from` the name `to`, in place of one that may be there. Atomic; durable after
    /// the next [`sync_directory`](DataDirectory::sync_directory).
    pub fn rename(&self, from: &str, to: &str) -> Result<(), StorageError> {
        let source = self.file_path(from);
        std::fs::rename(&source, self.file_path(to)).map_err(|error| StorageError::io("rename", &source, error))
    }

    /// Removes the file `name`. One that is not there is no error.
    pub fn remove(&self, name: &str) -> Result<(), StorageError> {
        let path = self.file_path(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StorageError::io("remove", &path, error)),
            _ => Ok(()),
        }
    }

    /// Makes every create, rename and remove before it durable.
    pub fn sync_directory(&self) -> Result<(), StorageError> {
        sync_directory(self.path())
    }

    /// Keeps `bytes` as `quarantine/{name}`, durable when this returns. The same name again replaces
    /// what was there, so that a recovery which crashed can be repeated.
    pub fn quarantine(&self, name: &str, bytes: &[u8]) -> Result<(), StorageError> {
        assert_plain(name);
        let directory = self.file_path(QUARANTINE_DIRECTORY);
        create_directory(&directory)?;
        let file = StorageFile::create(directory.join(name))?;
        file.write_at(bytes, 0)?;
        file.sync_all()?;
        sync_directory(&directory)
    }

    /// Eight bytes nobody can foresee, for salts.
    pub fn random_salt(&self) -> Result<u64, StorageError> {
        random_bytes().map(u64::from_le_bytes)
    }

    fn file_path(&self, name: &str) -> PathBuf {
        assert_plain(name);
        self.inner.path.join(name)
    }
}

fn describe(entry: &std::fs::DirEntry) -> io::Result<Option<DirectoryEntry>> {
    let metadata = match entry.metadata() {
        // Another thread renamed or removed it since it was listed.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        metadata => metadata?,
    };
    let Ok(name) = entry.file_name().into_string() else { return Ok(None) };
    if !metadata.is_file() {
        return Ok(None);
    }
    // A file dated before 1970 counts as old as can be.
    let age = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    let modified_ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
    Ok(Some(DirectoryEntry { name, bytes: metadata.len(), modified_ms }))
}

fn assert_plain(name: &str) {
    assert!(!name.is_empty() && !name.contains('/'), "a file of the data directory has a plain name: {name:?}");
}

/// Makes the directory if it is missing, and its entry in the parent durable.
fn create_directory(path: &Path) -> Result<(), StorageError> {
    if path.is_dir() {
        return Ok(());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(DIRECTORY_MODE)
        .create(path)
        .map_err(|error| StorageError::io("create", path, error))?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    sync_directory(parent.unwrap_or(Path::new(".")))
}

fn sync_directory(path: &Path) -> Result<(), StorageError> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(|error| StorageError::io("sync", path, error))
}

/// A directory without `STORE` may hold only what a first start that crashed leaves behind, hidden
/// files and what a file system puts there itself.
fn refuse_foreign(path: &Path) -> Result<(), StorageError> {
    let failed = |error| StorageError::io("list", path, error);
    if path.join(store_id::STORE_FILE).try_exists().map_err(failed)? {
        return Ok(());
    }
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        let harmless = [LOCK_FILE, store_id::STORE_FILE_UNFINISHED, "lost+found"].contains(&name.as_str());
        if !harmless && !name.starts_with('.') {
            return Err(StorageError::Foreign { path: path.to_owned(), entry: name });
        }
    }
    Ok(())
}

/// Takes `LOCK` and writes into it who has it.
fn take_lock(directory: &Path) -> Result<File, StorageError> {
    let path = directory.join(LOCK_FILE);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE_MODE)
        .open(&path)
        .map_err(|error| StorageError::io("open", &path, error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(std::fs::TryLockError::WouldBlock) => {
            return Err(StorageError::Locked { path: directory.to_owned(), holder: holder(&mut file) });
        }
        Err(std::fs::TryLockError::Error(error)) => return Err(StorageError::io("lock", &path, error)),
    }
    file.set_len(0)
        .and_then(|()| writeln!(file, "process {}", std::process::id()))
        .map_err(|error| StorageError::io("write", &path, error))?;
    Ok(file)
}

fn holder(lock: &mut File) -> String {
    let mut text = String::new();
    match lock.take(HOLDER_BYTES_MAX).read_to_string(&mut text) {
        Ok(_) if !text.trim().is_empty() => text.trim().to_owned(),
        _ => "a process that left no name".to_owned(),
    }
}

fn random_bytes<const LENGTH: usize>() -> Result<[u8; LENGTH], StorageError> {
    let path = Path::new("/dev/urandom");
    let mut bytes = [0; LENGTH];
    File::open(path)
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(|error| StorageError::io("read", path, error))?;
    Ok(bytes)
}
