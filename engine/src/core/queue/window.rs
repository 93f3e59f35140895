//! The entries of a line, by ordinal.

use std::collections::VecDeque;

use super::QueueEntry;
use crate::core::row_chunk::{CHUNK_ROWS, RowChunk};

/// Entries with ordinals that are counted up, of which mostly the oldest go first.
///
/// They stand sixteen to an allocation, and what grows with the line is a list of these: in one array, the entry that
/// makes a line of a million grow would have to wait until all others are moved.
#[derive(Debug, Default)]
pub struct Window {
    /// Chunk `i` has the ordinals `16 (first_chunk + i)` and the 15 after it; `None` where all of them have left. The first
    /// one is there while anybody waits.
    chunks: VecDeque<Option<Box<RowChunk<QueueEntry>>>>,
    /// Which chunk of all ordinals the first one is.
    first_chunk: u32,
    /// The ordinal of the next entry.
    next_ordinal: u32,
}

impl Window {
    /// The ordinal of the next entry: above those of all others.
    pub fn next_ordinal(&self) -> u32 {
        self.next_ordinal
    }

    /// No entry has an ordinal below this one.
    pub fn begin(&self) -> u32 {
        self.first_chunk * CHUNK_ROWS as u32
    }

    /// Puts `entry` at the end. Returns its ordinal.
    pub fn push(&mut self, entry: QueueEntry) -> u32 {
        let ordinal = self.next_ordinal;
        let (chunk, row) = self.place(ordinal).expect("the end is never before the window");
        if chunk == self.chunks.len() {
            self.chunks.push_back(None);
        }
        self.chunks[chunk].get_or_insert_default().insert(row, entry);
        self.next_ordinal = ordinal.checked_add(1).expect("fewer than 2^32 joins a queue");
        ordinal
    }

    /// The entry at `ordinal`, unless it has left.
    pub fn get(&self, ordinal: u32) -> Option<&QueueEntry> {
        let (chunk, row) = self.place(ordinal)?;
        self.chunks.get(chunk)?.as_ref()?.get(row)
    }

    /// Takes the entry at `ordinal` out, and gives back the memory of which nothing is needed any more.
    pub fn take(&mut self, ordinal: u32) -> Option<QueueEntry> {
        let (chunk, row) = self.place(ordinal)?;
        let place = self.chunks.get_mut(chunk)?;
        let rows = place.as_mut()?;
        let entry = rows.remove(row);
        if rows.is_empty() {
            *place = None;
            self.drop_vacated_front();
        }
        entry
    }

    fn drop_vacated_front(&mut self) {
        while let Some(None) = self.chunks.front() {
            self.chunks.pop_front();
            self.first_chunk += 1;
        }
        if self.chunks.is_empty() {
            // The next entry may be in the middle of the last chunk that was.
            self.chunks = VecDeque::new();
            self.first_chunk = self.next_ordinal / CHUNK_ROWS as u32;
        }
    }

    /// The chunk of an ordinal and its row there; `None` before the window.
    fn place(&self, ordinal: u32) -> Option<(usize, usize)> {
        let chunk = (ordinal / CHUNK_ROWS as u32).checked_sub(self.first_chunk)?;
        Some((chunk as usize, ordinal as usize % CHUNK_ROWS))
    }
}
