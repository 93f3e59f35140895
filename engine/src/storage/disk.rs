//! What the door stands in: the few calls that journal and snapshots make of a disk.
//!
//! Two disks are behind these traits: [`RealDisk`](super::real::RealDisk), which is the operating system's, and the
//! simulated one, whose power can be cut at any call.

use std::any::Any;
use std::fmt::Debug;
use std::io;
use std::path::Path;

/// A disk. Paths are those of the operating system; every call is one operation that can fail by itself.
pub trait Disk: Debug + Send + Sync {
    /// Makes the directory with all its parents, private to its owner. One that is there is no error.
    fn create_directory(&self, path: &Path) -> io::Result<()>;

    /// Takes everybody's rights to the directory away but its owner's.
    fn restrict_directory(&self, path: &Path) -> io::Result<()>;

    /// Makes every create, rename and remove in the directory durable.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;

    /// Everything in the directory, in no particular order.
    fn list(&self, path: &Path) -> io::Result<Vec<Listed>>;

    /// Makes the file, empty, readable and writable, in place of one that may be there.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Opens the file for reading.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Gives the file another name, in place of one that may have it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes the file.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Locks the file, made where it is missing, for as long as the returned guard lives, and writes `holder` into it.
    fn lock(&self, path: &Path, holder: &str) -> io::Result<Lock>;

    /// Locks the file without writing to it. One that is missing cannot be locked, and need not be.
    fn lock_unchanged(&self, path: &Path) -> io::Result<Lock>;

    /// Bytes nobody can foresee.
    fn random_bytes(&self, bytes: &mut [u8]) -> io::Result<()>;
}

/// What came of the wish to lock a file.
#[derive(Debug)]
pub enum Lock {
    /// It is ours until the guard goes.
    Held(Box<dyn Guard>),
    /// Somebody else has it, and wrote this about themselves.
    Taken(String),
}

/// Holds a lock for as long as it lives.
pub trait Guard: Any + Debug + Send + Sync {}

impl<T: Any + Debug + Send + Sync> Guard for T {}

/// An open file of a disk.
pub trait DiskFile: Debug + Send + Sync {
    /// Fills `buffer` with the bytes from `offset` on; fewer in the file are an error.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;

    /// Writes all of `bytes` at `offset`.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Makes every write before it durable.
    fn sync_data(&self) -> io::Result<()>;

    /// Makes every write before it durable, and length and times.
    fn sync_all(&self) -> io::Result<()>;

    /// Cuts the file off at `bytes`, or lengthens it with zeros.
    fn set_len(&self, bytes: u64) -> io::Result<()>;

    /// The file's length in bytes.
    fn length(&self) -> io::Result<u64>;

    /// Forgets what is cached of the file, so that the next read comes from the disk.
    fn drop_cached(&self) -> io::Result<()>;

    /// Begins to read the whole file in the background.
    fn read_ahead(&self) -> io::Result<()>;
}

/// An entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The name, without a path.
    pub name: String,
    /// Whether it is a plain file.
    pub is_file: bool,
    /// The file's length.
    pub bytes: u64,
    /// When the file was last written to, in milliseconds since 1970.
    pub modified_ms: u64,
}
