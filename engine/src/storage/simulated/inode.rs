//! A file of a simulated disk: what programs see of it, and what the platter holds.

use std::ops::Range;

use super::SplitMix;
use super::faults::{Damage, Sectors};

/// The unit in which a disk keeps or loses what was written.
pub(super) const SECTOR_BYTES: usize = 512;

#[derive(Clone, Debug)]
pub(super) struct Inode {
    /// What programs see.
    seen: Vec<u8>,
    /// What is sure to be there after a power cut.
    durable: Vec<u8>,
    /// The sectors, in order, in which the two may differ.
    unsynced: Vec<usize>,
    /// Whether the length was changed and not synced.
    is_length_unsynced: bool,
}

impl Inode {
    pub(super) fn durable(bytes: Vec<u8>) -> Inode {
        Inode { seen: bytes.clone(), durable: bytes, unsynced: Vec::new(), is_length_unsynced: false }
    }

    pub(super) fn seen(&self) -> &[u8] {
        &self.seen
    }

    /// What the platter holds.
    pub(super) fn on_platter(&self) -> &[u8] {
        &self.durable
    }

    pub(super) fn write(&mut self, bytes: &[u8], start: usize) {
        let end = start + bytes.len();
        if end > self.seen.len() {
            self.set_len(end);
        }
        self.seen[start..end].copy_from_slice(bytes);
        if !bytes.is_empty() {
            self.unsynced.extend(start / SECTOR_BYTES..end.div_ceil(SECTOR_BYTES));
        }
    }

    /// Changes the length. What is added is zero, also where the platter still holds what was cut off before.
    pub(super) fn set_len(&mut self, length: usize) {
        let (least, most) = (length.min(self.seen.len()), length.max(self.seen.len()));
        if least < most {
            self.is_length_unsynced = true;
            self.unsynced.extend(least / SECTOR_BYTES..most.div_ceil(SECTOR_BYTES));
            self.seen.resize(length, 0);
        }
    }

    /// Makes everything durable. Returns the sectors that were not.
    pub(super) fn sync(&mut self) -> Vec<usize> {
        let sectors = self.take_unsynced();
        self.durable.resize(self.seen.len(), 0);
        self.is_length_unsynced = false;
        for sector in &sectors {
            self.settle(*sector);
        }
        sectors
    }

    /// Makes some of the sectors durable, as write-back does; the length stays, and with it what lies behind it.
    pub(super) fn write_back(&mut self, mut is_chosen: impl FnMut() -> bool) -> Vec<usize> {
        let sectors_in_place = self.seen.len().min(self.durable.len()) / SECTOR_BYTES;
        let is_written = |sector: &usize| *sector < sectors_in_place && is_chosen();
        let (chosen, rest): (Vec<_>, Vec<_>) = self.take_unsynced().into_iter().partition(is_written);
        self.unsynced = rest;
        for sector in &chosen {
            self.settle(*sector);
        }
        chosen
    }

    /// What was not synced counts as clean from now on, and is not durable.
    pub(super) fn forget_unsynced(&mut self) {
        self.unsynced.clear();
        self.is_length_unsynced = false;
    }

    /// What counts as clean is read from the platter again.
    pub(super) fn drop_cached(&mut self) {
        if self.unsynced.is_empty() && !self.is_length_unsynced {
            self.seen.clone_from(&self.durable);
        }
    }

    /// The file as it is found after the power was cut.
    pub(super) fn after_power_cut(&self, damage: Damage, random: &mut SplitMix) -> Inode {
        let mut survivor = self.clone();
        let sectors = survivor.take_unsynced();
        if self.is_length_unsynced && damage.keeps_length(random) {
            survivor.durable.resize(self.seen.len(), 0);
        }
        for (index, sector) in sectors.iter().enumerate() {
            match damage.sector(index, sectors.len(), random) {
                Sectors::Lost => {}
                Sectors::Kept => survivor.settle(*sector),
                Sectors::Torn(bytes) => survivor.settle_bytes(*sector, bytes),
            }
        }
        Inode::durable(survivor.durable)
    }

    /// What these sectors hold, as far as the file has them on the platter.
    pub(super) fn platter_sectors(&self, sectors: Range<usize>) -> &[u8] {
        let [start, end] = [sectors.start, sectors.end].map(|sector| (sector * SECTOR_BYTES).min(self.durable.len()));
        &self.durable[start..end]
    }

    fn settle(&mut self, sector: usize) {
        self.settle_bytes(sector, SECTOR_BYTES);
    }

    fn settle_bytes(&mut self, sector: usize, bytes: usize) {
        let start = sector * SECTOR_BYTES;
        let end = (start + bytes).min(self.seen.len()).min(self.durable.len());
        if start < end {
            self.durable[start..end].copy_from_slice(&self.seen[start..end]);
        }
    }

    fn take_unsynced(&mut self) -> Vec<usize> {
        let mut sectors = std::mem::take(&mut self.unsynced);
        sectors.sort_unstable();
        sectors.dedup();
        sectors
    }
}
