//! A disk in memory whose power can be cut: only what was synced is sure to be there afterwards.
//!
//! ```text
//! write ──▶ what programs see ── sync_data ──▶ what the platter holds ── power cut ──▶ the next SimulatedDisk
//!            unsynced sectors and entries ────────── kept, lost, torn by the damage ──┘
//! ```
//!
//! Files are kept apart from their names, as file systems do: a file that was synced is gone all the same if its entry
//! was not (`sync_directory`). Each call is one operation with a number, at which a [`Fault`] or the power cut can come.
//! All choices follow from a seed.

pub mod environment;
mod faults;
mod file;
mod inode;
mod platter;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::disk::{Disk, DiskFile, Listed, Lock};

use faults::Faults;
pub use faults::{Damage, Fault, FaultKind, Operation};
use file::SimulatedFile;
use inode::Inode;
use platter::Platter;

#[cfg(test)]
mod platter_tests;
#[cfg(test)]
mod tests;

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug)]
pub struct SimulatedDisk {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Signalled when syncs are let go on.
    released: Condvar,
}

#[derive(Debug)]
struct State {
    inodes: BTreeMap<InodeNumber, Inode>,
    directories: BTreeSet<PathBuf>,
    /// What programs see.
    entries: BTreeMap<PathBuf, InodeNumber>,
    /// What is sure to be there after a power cut.
    durable_entries: BTreeMap<PathBuf, InodeNumber>,
    /// What was done to entries since their directory was synced, in order.
    unsynced_entries: Vec<EntryChange>,
    next_inode: InodeNumber,
    locks: BTreeMap<PathBuf, String>,
    random: SplitMix,
    faults: Faults,
    /// The most bytes all files may have together.
    capacity_bytes: u64,
    are_syncs_held: bool,
    /// How long a sync of a file takes, if not no time at all.
    sync_duration: Option<Duration>,
    /// A real directory that gets what is durable, and nothing else.
    platter: Option<Platter>,
}

type InodeNumber = u64;

#[derive(Clone, Debug)]
enum EntryChange {
    Set(PathBuf, InodeNumber),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
}

impl EntryChange {
    fn is_in(&self, directory: &Path) -> bool {
        let path = match self {
            EntryChange::Set(path, _) | EntryChange::Remove(path) | EntryChange::Rename(path, _) => path,
        };
        path.parent() == Some(directory)
    }

    fn apply(&self, entries: &mut BTreeMap<PathBuf, InodeNumber>) {
        match self {
            EntryChange::Set(path, inode) => drop(entries.insert(path.clone(), *inode)),
            EntryChange::Remove(path) => drop(entries.remove(path)),
            EntryChange::Rename(from, to) => {
                // A change before it may have been lost with the power.
                if let Some(inode) = entries.remove(from) {
                    entries.insert(to.clone(), inode);
                }
            }
        }
    }
}

impl SimulatedDisk {
    /// An empty disk. Everything random about it follows from `seed`.
    pub fn new(seed: u64) -> SimulatedDisk {
        SimulatedDisk::of(State {
            inodes: BTreeMap::new(),
            directories: BTreeSet::new(),
            entries: BTreeMap::new(),
            durable_entries: BTreeMap::new(),
            unsynced_entries: Vec::new(),
            next_inode: 1,
            locks: BTreeMap::new(),
            random: SplitMix(seed),
            faults: Faults::default(),
            capacity_bytes: u64::MAX,
            are_syncs_held: false,
            sync_duration: None,
            platter: None,
        })
    }

    /// A disk whose platter is a directory of the operating system: what is in it is there from the start, and what is
    /// synced goes there. A process that is killed has lost everything else, as if the power had been cut.
    pub fn mirrored(directory: &Path, seed: u64) -> io::Result<SimulatedDisk> {
        let disk = SimulatedDisk::new(seed);
        disk.lock_state().load(Platter::open(directory)?)?;
        Ok(disk)
    }

    fn of(state: State) -> SimulatedDisk {
        SimulatedDisk { shared: Arc::new(Shared { state: Mutex::new(state), released: Condvar::new() }) }
    }

    /// Cuts the power and gives the disk that is found afterwards. Whoever still has this one gets only errors from it.
    pub fn cut_power(&self, damage: Damage) -> SimulatedDisk {
        let mut state = self.lock_state();
        state.faults.cut_power();
        SimulatedDisk::of(state.after_power_cut(damage))
    }

    /// A copy of everything that programs see, on a disk of its own: what a kill of the process leaves.
    pub fn after_kill(&self) -> SimulatedDisk {
        let mut state = self.lock_state();
        state.faults.cut_power();
        SimulatedDisk::of(state.copy_seen())
    }

    /// How many operations there were so far.
    pub fn operations(&self) -> u64 {
        self.lock_state().faults.operations()
    }

    /// From now on, this fault is to come. It replaces the one before.
    pub fn set_fault(&self, fault: Option<Fault>) {
        self.lock_state().faults.set(fault);
    }

    /// Whether the fault that was set has come.
    pub fn has_failed(&self) -> bool {
        self.lock_state().faults.has_failed()
    }

    /// Lets all files together have at most so many bytes; a write beyond that fails for want of space.
    pub fn set_capacity_bytes(&self, bytes: u64) {
        self.lock_state().capacity_bytes = bytes;
    }

    /// How many bytes all files have together.
    pub fn used_bytes(&self) -> u64 {
        self.lock_state().used_bytes()
    }

    /// From now on, a sync of a file takes so long. Until then what it syncs is on its way to the platter: a part of it is
    /// there, and a power cut loses the rest.
    pub fn set_sync_duration(&self, duration: Duration) {
        self.lock_state().sync_duration = Some(duration);
    }

    /// From now on, syncs wait until [`release_syncs`](SimulatedDisk::release_syncs).
    pub fn hold_syncs(&self) {
        self.lock_state().are_syncs_held = true;
    }

    /// Lets the syncs go on that wait, and all later ones.
    pub fn release_syncs(&self) {
        self.lock_state().are_syncs_held = false;
        self.shared.released.notify_all();
    }

    /// What programs see in a file; nothing where there is none.
    pub fn contents(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.lock_state();
        state.entries.get(path).map(|inode| state.inodes[inode].seen().to_vec())
    }

    /// Puts a file there, as if it had always been there.
    pub fn put(&self, path: &Path, bytes: &[u8]) {
        let mut state = self.lock_state();
        let inode = state.add_inode(Inode::durable(bytes.to_vec()));
        state.entries.insert(path.to_owned(), inode);
        state.durable_entries.insert(path.to_owned(), inode);
    }

    /// The files there are.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.lock_state().entries.keys().cloned().collect()
    }

    fn lock_state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disk for SimulatedDisk {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock_state();
        state.faults.operation(Operation::Create)?;
        // The entries of directories are taken to be durable at once: there are two, made at the first start.
        state.directories.insert(path.to_owned());
        state.platter.as_ref().map_or(Ok(()), |platter| platter.create_directory(path))
    }

    fn restrict_directory(&self, _: &Path) -> io::Result<()> {
        self.lock_state().faults.operation(Operation::Create)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock_state();
        state.faults.operation(Operation::SyncDirectory)?;
        state.sync_directory(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Listed>> {
        let mut state = self.lock_state();
        state.faults.operation(Operation::Read)?;
        if !state.directories.contains(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let in_it = state.entries.iter().filter(|(entry, _)| entry.parent() == Some(path));
        let describe = |(entry, inode): (&PathBuf, &InodeNumber)| {
            let name = entry.file_name()?.to_string_lossy().into_owned();
            Some(Listed { name, is_file: true, bytes: state.inodes[inode].seen().len() as u64, modified_ms: 0 })
        };
        Ok(in_it.filter_map(describe).collect())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.lock_state();
        state.faults.operation(Operation::Create)?;
        let inode = match state.entries.get(path) {
            Some(inode) => *inode,
            None => {
                let inode = state.add_inode(Inode::durable(Vec::new()));
                state.change_entry(EntryChange::Set(path.to_owned(), inode))?;
                inode
            }
        };
        state.inode(inode).set_len(0);
        Ok(Box::new(SimulatedFile { disk: self.clone(), inode }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.lock_state();
        state.faults.operation(Operation::Read)?;
        let inode = *state.entries.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(SimulatedFile { disk: self.clone(), inode }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.lock_state();
        state.faults.operation(Operation::Rename)?;
        if !state.entries.contains_key(from) {
            return Err(io::ErrorKind::NotFound.into());
        }
        state.change_entry(EntryChange::Rename(from.to_owned(), to.to_owned()))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock_state();
        state.faults.operation(Operation::Remove)?;
        if !state.entries.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        state.change_entry(EntryChange::Remove(path.to_owned()))
    }

    fn lock(&self, path: &Path, holder: &str) -> io::Result<Lock> {
        let mut state = self.lock_state();
        state.faults.operation(Operation::Create)?;
        if let Some(platter) = &state.platter {
            return platter.lock(path, holder);
        }
        if let Some(holder) = state.locks.get(path) {
            return Ok(Lock::Taken(holder.clone()));
        }
        state.locks.insert(path.to_owned(), holder.to_owned());
        Ok(Lock::Held(Box::new(SimulatedLock { disk: self.clone(), path: path.to_owned() })))
    }

    fn lock_unchanged(&self, path: &Path) -> io::Result<Lock> {
        self.lock(path, "a reader")
    }

    fn random_bytes(&self, bytes: &mut [u8]) -> io::Result<()> {
        let mut state = self.lock_state();
        state.faults.operation(Operation::Read)?;
        bytes.fill_with(|| state.random.next() as u8);
        Ok(())
    }
}

/// Lets a lock go.
#[derive(Debug)]
struct SimulatedLock {
    disk: SimulatedDisk,
    path: PathBuf,
}

impl Drop for SimulatedLock {
    fn drop(&mut self) {
        self.disk.lock_state().locks.remove(&self.path);
    }
}

impl State {
    fn inode(&mut self, number: InodeNumber) -> &mut Inode {
        self.inodes.get_mut(&number).expect("an open file has an inode")
    }

    fn add_inode(&mut self, inode: Inode) -> InodeNumber {
        let number = self.next_inode;
        self.next_inode += 1;
        self.inodes.insert(number, inode);
        number
    }

    fn change_entry(&mut self, change: EntryChange) -> io::Result<()> {
        change.apply(&mut self.entries);
        self.unsynced_entries.push(change);
        self.write_back_some_entries()
    }

    /// The file system may write back names that nobody has synced, in their order.
    fn write_back_some_entries(&mut self) -> io::Result<()> {
        if self.platter.is_none() || self.random.below(4) > 0 {
            return Ok(());
        }
        let count = self.random.below(self.unsynced_entries.len() as u64 + 1) as usize;
        let changes = self.unsynced_entries.drain(..count).collect();
        self.make_entries_durable(changes)
    }

    fn used_bytes(&self) -> u64 {
        self.entries.values().map(|inode| self.inodes[inode].seen().len() as u64).sum()
    }

    fn write(&mut self, inode: InodeNumber, bytes: &[u8], start: usize) -> io::Result<()> {
        let grows_by = (start + bytes.len()).saturating_sub(self.inodes[&inode].seen().len()) as u64;
        if grows_by > 0 && self.used_bytes() + grows_by > self.capacity_bytes {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.inode(inode).write(bytes, start);
        if self.platter.is_some() && self.random.below(4) == 0 {
            self.write_back(inode)?;
        }
        Ok(())
    }

    /// The kernel may write back what nobody has synced, in any order: each sector by chance.
    fn write_back(&mut self, inode: InodeNumber) -> io::Result<()> {
        let random = &mut self.random;
        let sectors = self.inodes.get_mut(&inode).expect("an open file").write_back(|| random.below(2) == 0);
        self.write_to_platter(inode, &sectors)
    }

    fn sync(&mut self, inode: InodeNumber) -> io::Result<()> {
        let sectors = self.inode(inode).sync();
        self.write_to_platter(inode, &sectors)?;
        self.sync_platter_length(inode)
    }

    fn sync_directory(&mut self, directory: &Path) -> io::Result<()> {
        let (now, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.unsynced_entries).into_iter().partition(|change| change.is_in(directory));
        self.unsynced_entries = later;
        self.make_entries_durable(now)
    }

    fn make_entries_durable(&mut self, changes: Vec<EntryChange>) -> io::Result<()> {
        for change in changes {
            self.change_platter(&change)?;
            change.apply(&mut self.durable_entries);
        }
        Ok(())
    }

    /// The disk as it is found after the power was cut: what is durable, and of the rest what `damage` leaves.
    fn after_power_cut(&mut self, damage: Damage) -> State {
        let mut entries = self.durable_entries.clone();
        for change in damage.entries_kept(&self.unsynced_entries, &mut self.random) {
            change.apply(&mut entries);
        }
        let random = &mut self.random;
        let survives = |inode: &InodeNumber| (*inode, self.inodes[inode].after_power_cut(damage, random));
        let inodes = entries.values().copied().collect::<BTreeSet<_>>().iter().map(survives).collect();
        self.with(inodes, entries)
    }

    fn copy_seen(&mut self) -> State {
        let inodes = self.inodes.iter().map(|(number, inode)| (*number, inode.clone())).collect();
        let mut copy = self.with(inodes, self.durable_entries.clone());
        copy.entries = self.entries.clone();
        copy.unsynced_entries = self.unsynced_entries.clone();
        copy
    }

    fn with(&mut self, inodes: BTreeMap<InodeNumber, Inode>, entries: BTreeMap<PathBuf, InodeNumber>) -> State {
        State {
            inodes,
            directories: self.directories.clone(),
            entries: entries.clone(),
            durable_entries: entries,
            unsynced_entries: Vec::new(),
            next_inode: self.next_inode,
            locks: BTreeMap::new(),
            random: SplitMix(self.random.next()),
            faults: Faults::default(),
            capacity_bytes: self.capacity_bytes,
            are_syncs_held: false,
            sync_duration: None,
            platter: None,
        }
    }
}

/// A small generator of numbers that look random: the same seed, the same numbers (SplitMix64).
#[derive(Clone, Debug)]
pub struct SplitMix(pub u64);

impl SplitMix {
    /// The next number.
    #[expect(clippy::should_implement_trait, reason = "it has no end, and no use as an iterator")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
