//! What was measured, taken for a pattern that goes on and on.

use super::STRETCHES_MAX;

/// Steps by stretches of time, twice over, so that a wait may begin in any stretch of the first round.
#[derive(Debug)]
pub struct Pattern {
    /// How many stretches a round has.
    len: usize,
    /// How many steps come before stretch `i`.
    made: [u64; 2 * STRETCHES_MAX + 1],
    /// When stretch `i` begins, in milliseconds from the beginning.
    begins_ms: [u64; 2 * STRETCHES_MAX + 1],
}

impl Pattern {
    /// The pattern of these stretches: how many steps, in how many milliseconds. At most [`STRETCHES_MAX`].
    pub fn new(stretches: impl Iterator<Item = (u64, u64)>) -> Pattern {
        let mut pattern = Pattern { len: 0, made: [0; 2 * STRETCHES_MAX + 1], begins_ms: [0; 2 * STRETCHES_MAX + 1] };
        for (steps, length_ms) in stretches {
            let end = pattern.len + 1;
            pattern.made[end] = pattern.made[pattern.len] + steps;
            pattern.begins_ms[end] = pattern.begins_ms[pattern.len] + length_ms;
            pattern.len = end;
        }
        let (steps, length_ms) = (pattern.steps(), pattern.length_ms());
        for index in 1..=pattern.len {
            pattern.made[pattern.len + index] = pattern.made[index] + steps;
            pattern.begins_ms[pattern.len + index] = pattern.begins_ms[index] + length_ms;
        }
        pattern
    }

    /// How many stretches a round has.
    pub fn len(&self) -> usize {
        self.len
    }

    /// How many steps a round has.
    pub fn steps(&self) -> u64 {
        self.made[self.len]
    }

    /// How long `steps` steps take, at least 1, where the wait begins best, in milliseconds. Those within a stretch
    /// come evenly, the first with its beginning.
    pub fn shortest_ms(&self, steps: u64) -> u64 {
        let (rounds_ms, steps) = self.whole_rounds(steps);
        let mut shortest_ms = u64::MAX;
        for (start, last) in self.waits(steps) {
            let before = self.made[start] + steps - 1 - self.made[last];
            let last_begins_ms = self.begins_ms[last] - self.begins_ms[start];
            let (part_ms, of) = (self.length_of(last) * before, self.steps_of(last));
            // Whether it is shorter can be told without a division.
            if last_begins_ms < shortest_ms && part_ms < (shortest_ms - last_begins_ms).saturating_mul(of) {
                shortest_ms = last_begins_ms + part_ms / of;
            }
        }
        rounds_ms.saturating_add(shortest_ms)
    }

    /// How long they take where the wait begins worst: the last with the end of its part of the stretch, and the wait
    /// with the last step of the stretch before it.
    pub fn longest_ms(&self, steps: u64) -> u64 {
        let (rounds_ms, steps) = self.whole_rounds(steps);
        let mut longest_ms: u64 = 0;
        let mut before = self.len - 1;
        for (start, last) in self.waits(steps) {
            let within = self.made[start] + steps - self.made[last];
            let end_ms = self.begins_ms[last] + self.length_of(last) * within / self.steps_of(last);
            let since_start_ms = end_ms - self.begins_ms[start];
            let (before_ms, of) = (self.length_of(before), self.steps_of(before));
            // Whether it is longer can be told without a second division.
            let is_longer = |room_ms: u64| of > 0 && before_ms >= (room_ms + 1).saturating_mul(of);
            if longest_ms.checked_sub(since_start_ms).is_none_or(is_longer) {
                longest_ms = since_start_ms + before_ms.checked_div(of).unwrap_or(0);
            }
            before = start;
        }
        rounds_ms.saturating_add(longest_ms)
    }

    /// How long the whole rounds take in which all but the last 1 to [`Pattern::steps`] steps are made, and how many
    /// those are.
    fn whole_rounds(&self, steps: u64) -> (u64, u64) {
        let rounds = (steps - 1) / self.steps();
        (rounds.saturating_mul(self.length_ms()), steps - rounds * self.steps())
    }

    /// For each stretch in which a wait for `steps` steps may begin: which one, and in which the last step comes.
    fn waits(&self, steps: u64) -> impl Iterator<Item = (usize, usize)> {
        let mut last = 0;
        (0..self.len).map(move |start| {
            while self.made[last + 1] < self.made[start] + steps {
                last += 1;
            }
            (start, last)
        })
    }

    fn length_ms(&self) -> u64 {
        self.begins_ms[self.len]
    }

    fn length_of(&self, stretch: usize) -> u64 {
        self.begins_ms[stretch + 1] - self.begins_ms[stretch]
    }

    fn steps_of(&self, stretch: usize) -> u64 {
        self.made[stretch + 1] - self.made[stretch]
    }
}
