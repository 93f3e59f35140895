//! A directory of the operating system that holds what a simulated disk has made durable.
//!
//! It is never synced: the process is killed here, not the machine.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::super::disk::{Disk, Lock};
use super::super::real::RealDisk;
use super::inode::{Inode, SECTOR_BYTES};
use super::{EntryChange, InodeNumber, State};

/// A file on its way to the platter. On a real disk a file that was synced is there whole as soon as its name is.
pub(super) const UNFINISHED_FILE: &str = ".platter-unfinished";

#[derive(Debug)]
pub(super) struct Platter {
    files: Vec<(PathBuf, Vec<u8>)>,
    directory: PathBuf,
}

impl Platter {
    /// The directory, made if it is missing, with the files that are in it.
    pub(super) fn open(directory: &Path) -> io::Result<Platter> {
        RealDisk.create_directory(directory)?;
        let unfinished = directory.join(UNFINISHED_FILE);
        if unfinished.exists() {
            std::fs::remove_file(unfinished)?;
        }
        let mut files = Vec::new();
        for listed in RealDisk.list(directory)?.into_iter().filter(|listed| listed.is_file) {
            let path = directory.join(listed.name);
            files.push((path.clone(), std::fs::read(path)?));
        }
        Ok(Platter { files, directory: directory.to_owned() })
    }

    pub(super) fn create_directory(&self, path: &Path) -> io::Result<()> {
        RealDisk.create_directory(path)
    }

    pub(super) fn lock(&self, path: &Path, holder: &str) -> io::Result<Lock> {
        RealDisk.lock(path, holder)
    }

    /// Puts a whole file in the place of what may be there.
    fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let unfinished = self.directory.join(UNFINISHED_FILE);
        std::fs::write(&unfinished, bytes)?;
        std::fs::rename(unfinished, path)
    }
}

impl State {
    pub(super) fn load(&mut self, mut platter: Platter) -> io::Result<()> {
        self.directories.insert(platter.directory.clone());
        for (path, bytes) in std::mem::take(&mut platter.files) {
            let inode = self.add_inode(Inode::durable(bytes));
            self.entries.insert(path.clone(), inode);
            self.durable_entries.insert(path, inode);
        }
        self.platter = Some(platter);
        Ok(())
    }

    /// Writes sectors to the file that has a durable entry; one without is not on the platter yet.
    pub(super) fn write_to_platter(&mut self, inode: InodeNumber, sectors: &[usize]) -> io::Result<()> {
        let Some(file) = self.platter_file(inode)? else { return Ok(()) };
        for run in sectors.chunk_by(|one, next| one + 1 == *next) {
            let bytes = self.inodes[&inode].platter_sectors(run[0]..run[0] + run.len());
            file.write_all_at(bytes, (run[0] * SECTOR_BYTES) as u64)?;
        }
        Ok(())
    }

    pub(super) fn sync_platter_length(&mut self, inode: InodeNumber) -> io::Result<()> {
        match self.platter_file(inode)? {
            Some(file) => file.set_len(self.inodes[&inode].on_platter().len() as u64),
            None => Ok(()),
        }
    }

    pub(super) fn change_platter(&mut self, change: &EntryChange) -> io::Result<()> {
        let Some(platter) = &self.platter else { return Ok(()) };
        match change {
            EntryChange::Set(path, inode) => platter.put(path, self.inodes[inode].on_platter()),
            EntryChange::Rename(from, to) => std::fs::rename(from, to),
            EntryChange::Remove(path) => std::fs::remove_file(path),
        }
    }

    fn platter_file(&self, inode: InodeNumber) -> io::Result<Option<File>> {
        let durable = self.durable_entries.iter().find(|(_, durable)| **durable == inode);
        match durable.filter(|_| self.platter.is_some()) {
            Some((path, _)) => OpenOptions::new().write(true).open(path).map(Some),
            None => Ok(None),
        }
    }
}
