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

#[derive(Debug)]
pub(super) struct Platter {
    files: Vec<(PathBuf, Vec<u8>)>,
    directory: PathBuf,
}

impl Platter {
    /// The directory, made if it is missing, with the files that are in it.
    pub(super) fn open(directory: &Path) -> io::Result<Platter> {
        RealDisk.create_directory(directory)?;
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
        for sector in sectors {
            let bytes = self.inodes[&inode].platter_sector(*sector);
            file.write_all_at(bytes, (*sector * SECTOR_BYTES) as u64)?;
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
        if self.platter.is_none() {
            return Ok(());
        }
        match change {
            EntryChange::Set(path, inode) => std::fs::write(path, self.inodes[inode].on_platter()),
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
