//! Chance that can be had again: SplitMix64.

use std::time::Duration;

/// A row of numbers that is another one for each seed.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The row of `seed`.
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// A number from 0 to below 1.
    pub fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// How long after one arrival the next one comes, where they come independently of each other, `rate` a second.
    pub fn gap(&mut self, rate: f64) -> Duration {
        Duration::from_secs_f64(-(1.0 - self.roll()).ln() / rate)
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn arrivals_come_at_their_rate_and_the_same_ones_for_a_seed() {
        let gaps = |seed| {
            let mut dice = Dice::new(seed);
            (0..10_000).map(|_| dice.gap(100.0).as_secs_f64()).sum::<f64>()
        };
        assert!((95.0..105.0).contains(&gaps(1)), "{}", gaps(1));
        assert!(gaps(1) == gaps(1) && gaps(1) != gaps(2));
    }
}
