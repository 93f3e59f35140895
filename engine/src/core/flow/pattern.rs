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
        let begin_of = |(start, last): (usize, usize)| {
            let before = self.made[start] + steps - 1 - self.made[last];
            self.begins_ms[last] + self.length_of(last) * before / self.steps_of(last) - self.begins_ms[start]
        };
        rounds_ms.saturating_add(self.waits(steps).map(begin_of).min().unwrap_or(0))
    }

    /// How long they take where the wait begins worst: the last with the end of its part of the stretch, and the wait
    /// with the last step of the stretch before it.
    pub fn longest_ms(&self, steps: u64) -> u64 {
        let (rounds_ms, steps) = self.whole_rounds(steps);
        let end_of = |(start, last): (usize, usize)| {
            let within = self.made[start] + steps - self.made[last];
            let end_ms = self.begins_ms[last] + self.length_of(last) * within / self.steps_of(last);
            let before = (start + self.len - 1) % self.len;
            let since_last_ms = self.length_of(before).checked_div(self.steps_of(before)).unwrap_or(0);
            end_ms - self.begins_ms[start] + since_last_ms
        };
        rounds_ms.saturating_add(self.waits(steps).map(end_of).max().unwrap_or(0))
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
