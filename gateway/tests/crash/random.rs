//! Choices that a seed repeats.

/// A small generator (splitmix64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// Another generator, for a task of its own.
    #[allow(dead_code, reason = "one of the two programs that use this has no tasks")]
    pub fn fork(&mut self) -> Random {
        Random(self.next())
    }

    /// A number from `least` to `most`.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % (most - least + 1)
    }

    /// True in `of` of `among` cases.
    pub fn chance(&mut self, of: u64, among: u64) -> bool {
        self.next() % among < of
    }

    /// One of `items`; `None` if there is none.
    #[allow(dead_code, reason = "see `fork`")]
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        if items.is_empty() { None } else { items.get(self.between(0, items.len() as u64 - 1) as usize) }
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
