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
//!   violations                    broken invariants, a line each, see `Violations`
//!   *.tmp                         unfinished files, worthless after a crash
//! ```

pub mod disk;
mod file;
pub(crate) mod header;
mod real;
#[cfg(any(test, feature = "simulated-disk"))]
pub mod simulated;
mod space;
mod store_id;
mod violations;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use disk::{Disk, Guard, Lock};

pub use file::StorageFile;
pub(crate) use file::measured;
pub use real::RealDisk;
pub(crate) use space::disk_space;
pub use store_id::StoreId;
pub use violations::Violations;

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

/// The file that a process locks for as long as it owns the directory.
pub(crate) const LOCK_FILE: &str = "LOCK";
const QUARANTINE_DIRECTORY: &str = "quarantine";

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
    /// The directory has no `STORE`: it is nobody's data directory, or a copy that was not finished.
    #[error("{path} is not a data directory of Holdfast: it has no STORE file", path = path.display())]
    NoStore {
        /// The directory that was refused.
        path: PathBuf,
    },
    /// The directory for a copy holds something already.
    #[error("{path} cannot take a copy: it must be empty or missing, but holds {entry:?}", path = path.display())]
    NotEmpty {
        /// The directory that was refused.
        path: PathBuf,
        /// One entry in it.
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
            StorageError::Foreign { .. }
            | StorageError::NoStore { .. }
            | StorageError::NotEmpty { .. }
            | StorageError::StoreIdDamaged { .. } => EXIT_DATA,
            StorageError::NewerVersion { .. } => EXIT_VERSION,
        }
    }

    /// Whether the file is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, StorageError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
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
    disk: Arc<dyn Disk>,
    path: PathBuf,
    store_id: StoreId,
    /// Held, not read: the lock lives as long as this handle.
    _lock: Box<dyn Guard>,
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
        DataDirectory::open_on(disk_of(path)?, path)
    }

    /// The same on another disk than the operating system's.
    ///
    /// # Errors
    ///
    /// Those of [`open`](DataDirectory::open).
    pub fn open_on(disk: Arc<dyn Disk>, path: &Path) -> Result<DataDirectory, StorageError> {
        disk.create_directory(path).map_err(|error| StorageError::io("create", path, error))?;
        if !has_store(&*disk, path)? {
            // A crash may have come between the making of the directory and this.
            sync_directory(&*disk, parent_of(path))?;
        }
        let lock = lock_for_life(&*disk, path)?;
        let store_id = store_id::read_or_create(&*disk, path)?;
        Ok(DataDirectory { inner: Arc::new(Inner { disk, path: path.to_owned(), store_id, _lock: lock }) })
    }

    /// Opens a data directory that is there, to look at it: no file is changed, the lock is held all the same.
    ///
    /// # Errors
    ///
    /// Those of [`open`](DataDirectory::open), and [`StorageError::NoStore`].
    pub fn open_unchanged(path: &Path) -> Result<DataDirectory, StorageError> {
        DataDirectory::open_unchanged_on(Arc::new(RealDisk), path)
    }

    /// The same on another disk than the operating system's.
    ///
    /// # Errors
    ///
    /// Those of [`open_unchanged`](DataDirectory::open_unchanged).
    pub fn open_unchanged_on(disk: Arc<dyn Disk>, path: &Path) -> Result<DataDirectory, StorageError> {
        let lock_path = path.join(LOCK_FILE);
        let lock = disk.lock_unchanged(&lock_path).map_err(|error| StorageError::io("lock", &lock_path, error))?;
        let lock = held(path, lock)?;
        DataDirectory::with_lock(disk, path, lock)
    }

    /// Opens a data directory that another process may be writing to, to read what cannot change any more: snapshots, and
    /// durable frames. For backups of a running server.
    ///
    /// # Errors
    ///
    /// Those of [`open_unchanged`](DataDirectory::open_unchanged), but for the lock.
    pub fn open_beside(path: &Path) -> Result<DataDirectory, StorageError> {
        DataDirectory::open_beside_on(Arc::new(RealDisk), path)
    }

    /// The same on another disk than the operating system's.
    ///
    /// # Errors
    ///
    /// Those of [`open_beside`](DataDirectory::open_beside).
    pub fn open_beside_on(disk: Arc<dyn Disk>, path: &Path) -> Result<DataDirectory, StorageError> {
        DataDirectory::with_lock(disk, path, Box::new(()))
    }

    /// Begins a directory at `path`, missing or empty, that is to become a copy of the store `store_id`. It is no data
    /// directory before [`finish_copy`](DataDirectory::finish_copy), so that half a copy is never opened.
    ///
    /// # Errors
    ///
    /// [`StorageError::NotEmpty`] when there is something in it already, but for hidden files;
    /// [`StorageError::Locked`], [`StorageError::Io`].
    pub fn begin_copy(path: &Path, store_id: StoreId) -> Result<DataDirectory, StorageError> {
        DataDirectory::begin_copy_on(Arc::new(RealDisk), path, store_id)
    }

    /// The same on another disk than the operating system's.
    ///
    /// # Errors
    ///
    /// Those of [`begin_copy`](DataDirectory::begin_copy).
    pub fn begin_copy_on(disk: Arc<dyn Disk>, path: &Path, store_id: StoreId) -> Result<DataDirectory, StorageError> {
        disk.create_directory(path).map_err(|error| StorageError::io("create", path, error))?;
        match has_store(&*disk, path) {
            Ok(false) => {}
            Ok(true) => {
                return Err(StorageError::NotEmpty { path: path.to_owned(), entry: store_id::STORE_FILE.to_owned() });
            }
            Err(StorageError::Foreign { path, entry }) => return Err(StorageError::NotEmpty { path, entry }),
            Err(error) => return Err(error),
        }
        sync_directory(&*disk, parent_of(path))?;
        let lock = lock_for_life(&*disk, path)?;
        Ok(DataDirectory { inner: Arc::new(Inner { disk, path: path.to_owned(), store_id, _lock: lock }) })
    }

    /// Makes the finished copy a data directory: everything in it must be durable by itself.
    pub fn finish_copy(&self) -> Result<(), StorageError> {
        self.sync_directory()?;
        store_id::write(self.disk(), self.path(), self.store_id())
    }

    fn with_lock(disk: Arc<dyn Disk>, path: &Path, lock: Box<dyn Guard>) -> Result<DataDirectory, StorageError> {
        let missing = || StorageError::NoStore { path: path.to_owned() };
        let store_id = store_id::read(&*disk, &path.join(store_id::STORE_FILE))?.ok_or_else(missing)?;
        Ok(DataDirectory { inner: Arc::new(Inner { disk, path: path.to_owned(), store_id, _lock: lock }) })
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
        let listed = self.disk().list(self.path()).map_err(|error| StorageError::io("list", self.path(), error))?;
        let mut entries: Vec<DirectoryEntry> = listed
            .into_iter()
            .filter(|listed| listed.is_file)
            .map(|listed| DirectoryEntry { name: listed.name, bytes: listed.bytes, modified_ms: listed.modified_ms })
            .collect();
        entries.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(entries)
    }

    /// Makes the file `name`, empty, readable and writable, in place of one that may be there. That one is
    /// removed, not cut: a rename of which a power cut has left both names must not cost the file its contents.
    ///
    /// The entry is durable after the next [`sync_directory`](DataDirectory::sync_directory).
    pub fn create(&self, name: &str) -> Result<StorageFile, StorageError> {
        self.remove(name)?;
        StorageFile::create(self.disk(), self.file_path(name))
    }

    /// Opens the file `name` for reading.
    pub fn open_file(&self, name: &str) -> Result<StorageFile, StorageError> {
        StorageFile::open(self.disk(), self.file_path(name))
    }

    /// Gives the file `from` the name `to`, in place of one that may be there. Atomic; durable after
    /// the next [`sync_directory`](DataDirectory::sync_directory).
    pub fn rename(&self, from: &str, to: &str) -> Result<(), StorageError> {
        let source = self.file_path(from);
        self.disk().rename(&source, &self.file_path(to)).map_err(|error| StorageError::io("rename", &source, error))
    }

    /// Removes the file `name`. One that is not there is no error.
    pub fn remove(&self, name: &str) -> Result<(), StorageError> {
        let path = self.file_path(name);
        match self.disk().remove(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StorageError::io("remove", &path, error)),
            _ => Ok(()),
        }
    }

    /// Makes every create, rename and remove before it durable.
    pub fn sync_directory(&self) -> Result<(), StorageError> {
        sync_directory(self.disk(), self.path())
    }

    /// Keeps `bytes` as `quarantine/{name}`, durable when this returns. The same name again replaces
    /// what was there, so that a recovery which crashed can be repeated.
    pub fn quarantine(&self, name: &str, bytes: &[u8]) -> Result<(), StorageError> {
        assert_plain(name);
        let directory = self.make_quarantine()?;
        let file = StorageFile::create(self.disk(), directory.join(name))?;
        file.write_at(bytes, 0)?;
        file.sync_all()?;
        sync_directory(self.disk(), &directory)?;
        self.sync_directory()
    }

    /// Moves the file `name` to `quarantine/{kept_as}`, its bytes durable before, the move when this returns.
    ///
    /// A crash in between leaves it in one of the two places.
    pub fn set_aside(&self, name: &str, kept_as: &str) -> Result<(), StorageError> {
        assert_plain(kept_as);
        self.open_file(name)?.sync_all()?;
        let directory = self.make_quarantine()?;
        self.sync_directory()?;
        let source = self.file_path(name);
        let moved = self.disk().rename(&source, &directory.join(kept_as));
        moved.map_err(|error| StorageError::io("rename", &source, error))?;
        sync_directory(self.disk(), &directory)?;
        self.sync_directory()
    }

    fn make_quarantine(&self) -> Result<PathBuf, StorageError> {
        let directory = self.file_path(QUARANTINE_DIRECTORY);
        self.disk().create_directory(&directory).map_err(|error| StorageError::io("create", &directory, error))?;
        Ok(directory)
    }

    /// Eight bytes nobody can foresee, for salts.
    pub fn random_salt(&self) -> Result<u64, StorageError> {
        random_bytes(self.disk()).map(u64::from_le_bytes)
    }

    fn disk(&self) -> &dyn Disk {
        &*self.inner.disk
    }

    fn file_path(&self, name: &str) -> PathBuf {
        assert_plain(name);
        self.inner.path.join(name)
    }
}

fn assert_plain(name: &str) {
    assert!(!name.is_empty() && !name.contains('/'), "a file of the data directory has a plain name: {name:?}");
}

/// The operating system's disk; in a build for tests, the one that the environment asks for.
fn disk_of(
    #[cfg_attr(not(feature = "simulated-disk"), expect(unused_variables))] path: &Path,
) -> Result<Arc<dyn Disk>, StorageError> {
    #[cfg(feature = "simulated-disk")]
    if let Some(disk) =
        simulated::environment::from_environment(path).map_err(|error| StorageError::io("simulate", path, error))?
    {
        return Ok(Arc::new(disk));
    }
    Ok(Arc::new(RealDisk))
}

fn parent_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn sync_directory(disk: &dyn Disk, path: &Path) -> Result<(), StorageError> {
    disk.sync_directory(path).map_err(|error| StorageError::io("sync", path, error))
}

/// Whether the directory has a `STORE`. One without may hold only what a first start that crashed leaves behind, hidden
/// files and what a file system puts there itself; with anything else in it, it is refused.
fn has_store(disk: &dyn Disk, path: &Path) -> Result<bool, StorageError> {
    let listed = disk.list(path).map_err(|error| StorageError::io("list", path, error))?;
    if listed.iter().any(|entry| entry.name == store_id::STORE_FILE) {
        return Ok(true);
    }
    let is_harmless = |name: &str| {
        [LOCK_FILE, store_id::STORE_FILE_UNFINISHED, "lost+found"].contains(&name) || name.starts_with('.')
    };
    match listed.into_iter().find(|entry| !is_harmless(&entry.name)) {
        Some(entry) => Err(StorageError::Foreign { path: path.to_owned(), entry: entry.name }),
        None => Ok(false),
    }
}

/// Locks the directory, and closes it to everybody but its owner.
fn lock_for_life(disk: &dyn Disk, path: &Path) -> Result<Box<dyn Guard>, StorageError> {
    let lock_path = path.join(LOCK_FILE);
    let lock = disk.lock(&lock_path, &format!("process {}", std::process::id()));
    let lock = held(path, lock.map_err(|error| StorageError::io("lock", &lock_path, error))?)?;
    disk.restrict_directory(path).map_err(|error| StorageError::io("restrict", path, error))?;
    Ok(lock)
}

fn held(directory: &Path, lock: Lock) -> Result<Box<dyn Guard>, StorageError> {
    match lock {
        Lock::Held(guard) => Ok(guard),
        Lock::Taken(holder) => Err(StorageError::Locked { path: directory.to_owned(), holder }),
    }
}

fn random_bytes<const LENGTH: usize>(disk: &dyn Disk) -> Result<[u8; LENGTH], StorageError> {
    let mut bytes = [0; LENGTH];
    disk.random_bytes(&mut bytes)
        .map_err(|error| StorageError::io("read random bytes for", Path::new("STORE"), error))?;
    Ok(bytes)
}
