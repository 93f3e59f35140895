//! Rows whose numbers are neighbours, together in one allocation.

/// How many rows share one allocation. Small, so that three holds take little, and so that what is left of many that
/// came together does not keep them all.
pub const CHUNK_ROWS: usize = 16;

/// The rows of sixteen numbers that follow each other; some may be vacant. Nothing else is in it: an allocator that
/// rounds up to its sizes has nothing to round.
#[derive(Debug)]
pub struct RowChunk<T>([Option<T>; CHUNK_ROWS]);

impl<T> Default for RowChunk<T> {
    fn default() -> RowChunk<T> {
        RowChunk([const { None }; CHUNK_ROWS])
    }
}

impl<T> RowChunk<T> {
    /// The row at `row`, counted from the chunk's first.
    pub fn get(&self, row: usize) -> Option<&T> {
        self.0[row].as_ref()
    }

    /// The row at `row`, to change it.
    pub fn get_mut(&mut self, row: usize) -> Option<&mut T> {
        self.0[row].as_mut()
    }

    /// Puts `value` at `row`. Returns the one that was there.
    pub fn insert(&mut self, row: usize, value: T) -> Option<T> {
        self.0[row].replace(value)
    }

    /// Takes the row at `row` out.
    pub fn remove(&mut self, row: usize) -> Option<T> {
        self.0[row].take()
    }

    /// Whether all rows are vacant.
    pub fn is_empty(&self) -> bool {
        // From the last one: what came first mostly goes first.
        self.0.iter().rev().all(Option::is_none)
    }

    /// All rows, with their places in the chunk.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        self.0.iter().enumerate().filter_map(|(row, value)| value.as_ref().map(|value| (row, value)))
    }
}
