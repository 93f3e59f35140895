//! Numbers that look random, and are the same in every run.

/// A small generator (xorshift, Marsaglia 2003).
pub struct Random(u64);

impl Random {
    /// One that always gives the same numbers.
    pub fn new() -> Random {
        Random(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `bound`, which must not be 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        // The high bits of the product: below the bound, and without a division.
        ((u128::from(self.0) * u128::from(bound)) >> 64) as u64
    }
}

impl Default for Random {
    fn default() -> Random {
        Random::new()
    }
}
