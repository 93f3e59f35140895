//! What can go wrong with a simulated disk, and what a power cut leaves.

use std::io;

use super::inode::SECTOR_BYTES;
use super::{EntryChange, SplitMix};

/// What a program asks of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Anything that changes nothing.
    Read,
    /// A file or directory is made.
    Create,
    /// Bytes or length of a file are changed.
    Write,
    /// A file is synced.
    Sync,
    /// A directory is synced.
    SyncDirectory,
    /// A file gets another name.
    Rename,
    /// A file is removed.
    Remove,
}

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// EIO, this once: the next operation of the kind succeeds, whatever became of this one.
    ErrorOnce,
    /// EIO, from then on.
    ErrorForEver,
    /// ENOSPC, this once.
    FullOnce,
    /// The power is cut: this operation and all after it fail.
    PowerCut,
}

/// A failure that is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// At which operation of those that are counted, from 0.
    pub at: u64,
    /// Which operations are counted and fail; `None` means all of them.
    pub only: Option<Operation>,
    /// How.
    pub kind: FaultKind,
}

/// Counts operations, and lets one fail when its time has come.
#[derive(Debug, Default)]
pub(super) struct Faults {
    operations: u64,
    /// Operations that count for the fault, since it was set.
    counted: u64,
    fault: Option<Fault>,
    has_failed: bool,
    is_power_cut: bool,
}

impl Faults {
    pub(super) fn operations(&self) -> u64 {
        self.operations
    }

    pub(super) fn has_failed(&self) -> bool {
        self.has_failed
    }

    pub(super) fn set(&mut self, fault: Option<Fault>) {
        self.fault = fault;
        self.counted = 0;
        self.has_failed = self.is_power_cut;
    }

    pub(super) fn is_power_cut(&self) -> bool {
        self.is_power_cut
    }

    pub(super) fn cut_power(&mut self) {
        self.is_power_cut = true;
    }

    pub(super) fn operation(&mut self, operation: Operation) -> io::Result<()> {
        if self.is_power_cut {
            return Err(io::Error::other("the power is cut"));
        }
        self.operations += 1;
        let Some(fault) = self.fault.filter(|fault| fault.only.is_none_or(|only| only == operation)) else {
            return Ok(());
        };
        let place = self.counted;
        self.counted += 1;
        let comes = match fault.kind {
            FaultKind::ErrorForEver => place >= fault.at,
            FaultKind::ErrorOnce | FaultKind::FullOnce | FaultKind::PowerCut => place == fault.at,
        };
        if !comes {
            return Ok(());
        }
        self.has_failed = true;
        tracing::warn!(?operation, ?fault, "the simulated disk fails");
        self.is_power_cut |= fault.kind == FaultKind::PowerCut;
        Err(match fault.kind {
            FaultKind::FullOnce => io::ErrorKind::StorageFull.into(),
            FaultKind::PowerCut => io::Error::other("the power is cut"),
            // EIO has no kind of its own.
            FaultKind::ErrorOnce | FaultKind::ErrorForEver => io::Error::from_raw_os_error(5),
        })
    }
}

/// What a power cut does to sectors and entries that were not synced: sixteen kinds, told apart in the tests' output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Nothing that was not synced is there.
    AllLost,
    /// Everything is there: the machine wrote it back in time.
    AllKept,
    /// All sectors are there, and none of the entries.
    SectorsKept,
    /// All entries are there, and none of the sectors.
    EntriesKept,
    /// Each sector by chance, entries lost.
    SomeSectors,
    /// Each sector by chance, entries kept.
    SomeSectorsEntriesKept,
    /// The first sectors of each file, entries kept.
    FirstSectors,
    /// The last sectors of each file, entries kept: they were reordered.
    LastSectors,
    /// All sectors but the first one.
    AllButFirst,
    /// All sectors but the last one.
    AllButLast,
    /// Every second sector.
    EverySecond,
    /// All sectors but one by chance.
    AllButOne,
    /// One sector by chance.
    OnlyOne,
    /// Everything, but one sector by chance was written in part.
    TornSector,
    /// The first entry changes up to one by chance, sectors by chance.
    FirstEntries,
    /// Each entry change and each sector by chance.
    Anything,
}

/// What becomes of a sector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sectors {
    Lost,
    Kept,
    /// So many bytes of it were written.
    Torn(usize),
}

impl Damage {
    /// All kinds.
    pub const ALL: [Damage; 16] = [
        Damage::AllLost,
        Damage::AllKept,
        Damage::SectorsKept,
        Damage::EntriesKept,
        Damage::SomeSectors,
        Damage::SomeSectorsEntriesKept,
        Damage::FirstSectors,
        Damage::LastSectors,
        Damage::AllButFirst,
        Damage::AllButLast,
        Damage::EverySecond,
        Damage::AllButOne,
        Damage::OnlyOne,
        Damage::TornSector,
        Damage::FirstEntries,
        Damage::Anything,
    ];

    pub(super) fn keeps_length(self, random: &mut SplitMix) -> bool {
        match self {
            Damage::AllLost | Damage::EntriesKept => false,
            Damage::SomeSectors | Damage::SomeSectorsEntriesKept | Damage::FirstEntries | Damage::Anything => {
                random.below(2) == 0
            }
            _ => true,
        }
    }

    /// What becomes of the unsynced sector `index` of `count`.
    pub(super) fn sector(self, index: usize, count: usize, random: &mut SplitMix) -> Sectors {
        // One place by chance, the same for all sectors of a file: it follows from the generator's state alone.
        let chosen = random.clone().below(count as u64) as usize;
        let is_kept = match self {
            Damage::AllLost | Damage::EntriesKept => false,
            Damage::AllKept | Damage::SectorsKept => true,
            Damage::FirstSectors => index < chosen,
            Damage::LastSectors => index > chosen,
            Damage::AllButFirst => index > 0,
            Damage::AllButLast => index + 1 < count,
            Damage::EverySecond => index % 2 == 1,
            Damage::AllButOne => index != chosen,
            Damage::OnlyOne => index == chosen,
            Damage::TornSector if index == chosen => return Sectors::Torn(1 + chosen * 97 % (SECTOR_BYTES - 1)),
            Damage::TornSector => true,
            Damage::SomeSectors | Damage::SomeSectorsEntriesKept | Damage::FirstEntries | Damage::Anything => {
                random.below(2) == 0
            }
        };
        if is_kept { Sectors::Kept } else { Sectors::Lost }
    }

    /// The entry changes that are there after the cut, in order.
    pub(super) fn entries_kept<'a>(self, changes: &'a [EntryChange], random: &mut SplitMix) -> Vec<&'a EntryChange> {
        match self {
            Damage::AllLost | Damage::SectorsKept | Damage::SomeSectors => Vec::new(),
            Damage::FirstEntries => {
                let count = random.below(changes.len() as u64 + 1) as usize;
                changes[..count].iter().collect()
            }
            Damage::Anything => changes.iter().filter(|_| random.below(2) == 0).collect(),
            _ => changes.iter().collect(),
        }
    }
}
