//! The store's id: drawn once, kept in `STORE`, carried by every segment and snapshot.

use std::fmt;
use std::path::Path;

use super::disk::Disk;
use super::{StorageError, StorageFile, header, random_bytes, sync_directory};

pub(super) const STORE_FILE: &str = "STORE";
pub(super) const STORE_FILE_UNFINISHED: &str = "STORE.tmp";

/// The newest format of `STORE` that this program reads, and the one it writes.
const FORMAT_VERSION: u32 = 1;
const MAGIC: [u8; 8] = *b"HOLDSTOR";

/// Layout, little-endian: magic 8, format version 4, store id 16, CRC32C of all before 4.
const STORE_BYTES: usize = 32;

/// Tells one store from every other, so that a file carried over from elsewhere is refused.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StoreId(pub [u8; 16]);

impl fmt::Display for StoreId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for StoreId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "StoreId({self})")
    }
}

/// The id of the store at `directory`; a directory without one gets one. Call it under the lock.
pub(super) fn read_or_create(disk: &dyn Disk, directory: &Path) -> Result<StoreId, StorageError> {
    let path = directory.join(STORE_FILE);
    if let Some(id) = read(disk, &path)? {
        return Ok(id);
    }
    let id = StoreId(random_bytes(disk)?);
    write(disk, directory, id)?;
    Ok(id)
}

/// Makes `id` the id of the store at `directory`, durably.
pub(super) fn write(disk: &dyn Disk, directory: &Path, id: StoreId) -> Result<(), StorageError> {
    let path = directory.join(STORE_FILE);
    let unfinished = directory.join(STORE_FILE_UNFINISHED);
    let file = StorageFile::create(disk, unfinished.clone())?;
    file.write_at(&encode(id), 0)?;
    file.sync_all()?;
    disk.rename(&unfinished, &path).map_err(|error| StorageError::io("rename", &unfinished, error))?;
    sync_directory(disk, directory)
}

/// The id in the `STORE` file at `path`; nothing where there is no such file.
pub(super) fn read(disk: &dyn Disk, path: &Path) -> Result<Option<StoreId>, StorageError> {
    let file = match StorageFile::open(disk, path.to_owned()) {
        Err(error) if error.is_not_found() => return Ok(None),
        file => file?,
    };
    let damaged = || StorageError::StoreIdDamaged { path: path.to_owned() };
    if file.len()? != STORE_BYTES as u64 {
        return Err(damaged());
    }
    let mut bytes = [0; STORE_BYTES];
    file.read_at(&mut bytes, 0)?;
    let (version, id) = decode(&bytes).ok_or_else(damaged)?;
    if version > FORMAT_VERSION {
        return Err(StorageError::NewerVersion { path: path.to_owned(), found: version, supported: FORMAT_VERSION });
    }
    Ok(Some(id))
}

fn encode(id: StoreId) -> [u8; STORE_BYTES] {
    header::encode(&[&MAGIC, &FORMAT_VERSION.to_le_bytes(), &id.0])
}

fn decode(bytes: &[u8; STORE_BYTES]) -> Option<(u32, StoreId)> {
    let mut fields = header::Fields::checked(bytes)?;
    if fields.take() != MAGIC {
        return None;
    }
    Some((fields.take_u32(), StoreId(fields.take())))
}
