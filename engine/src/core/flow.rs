//! How fast a line moves, as measured on the line itself, and what that says of a wait.

mod pattern;

use std::collections::VecDeque;
use std::iter::repeat;

use super::outcome::WaitEstimate;
use pattern::Pattern;

/// The most stretches of time that are told apart.
const STRETCHES_MAX: usize = 64;
/// How far back it is measured, in lengths of a hold. Where holds run out, what comes free comes in waves, a hold's
/// length apart: two of them show the waves, and what is between.
const HOLDS_MEASURED: u64 = 2;
/// The shortest stretch, in milliseconds.
const STRETCH_MS_MIN: u32 = 1_000;
/// Fewer steps say nothing.
const STEPS_MIN: u64 = 5;
/// Nor does a shorter time, in stretches.
const STRETCHES_MIN: usize = 4;

/// What became of somebody in line, as far as those behind are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The first was served, passed over, or dropped: a step for everybody.
    Served,
    /// Somebody gave up, wherever they stood.
    Left,
}

/// Counts the steps of one line over the last while, by stretches of time. A step costs O(1), an estimate as much as
/// there are stretches, however long the line is.
///
/// It goes by a clock of its own, the sale clock less the time in which nobody waited: a pause, and a line that is
/// empty, say nothing about how fast it moves. It is in no snapshot: a line is measured anew after a restart.
#[derive(Debug)]
pub struct Flow {
    /// How long a stretch is, in milliseconds.
    stretch_ms: u32,
    /// The newest stretches with steps in them and what is between, the oldest first; at most [`STRETCHES_MAX`].
    stretches: VecDeque<Stretch>,
    /// The number of the newest of `stretches`, counted from the beginning of the measure.
    newest: u64,
    /// How long somebody had waited by `since_ms`, in milliseconds: where this line's clock stood then.
    waited_ms: u64,
    /// Whether somebody waits who can be served.
    is_waited_in: bool,
    /// Since when it is so, in milliseconds on the sale clock.
    since_ms: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Stretch {
    served: u32,
    left: u32,
}

impl Flow {
    /// An empty line in which holds last for `hold_seconds`.
    pub fn new(hold_seconds: u32) -> Flow {
        let measured_ms = HOLDS_MEASURED * u64::from(hold_seconds) * 1_000;
        Flow {
            stretch_ms: u32::try_from(measured_ms / STRETCHES_MAX as u64).unwrap_or(u32::MAX).max(STRETCH_MS_MIN),
            stretches: VecDeque::new(),
            newest: 0,
            waited_ms: 0,
            is_waited_in: false,
            since_ms: 0,
        }
    }

    /// Whether somebody waits from now on who can be served. `clock_ms` is the sale clock.
    pub fn set_waited_in(&mut self, clock_ms: u64, is_waited_in: bool) {
        if self.is_waited_in == is_waited_in {
            return;
        }
        let lasted_ms = clock_ms.saturating_sub(self.since_ms);
        if self.is_waited_in {
            self.waited_ms += lasted_ms;
        } else if lasted_ms > STRETCHES_MAX as u64 * self.stretch_ms() {
            // What was measured is no longer of this line.
            self.stretches.clear();
            (self.newest, self.waited_ms) = (0, 0);
        }
        (self.is_waited_in, self.since_ms) = (is_waited_in, clock_ms);
    }

    /// The sale clock was put back to `clock_ms`: nothing is later than that.
    pub fn clock_went_back(&mut self, clock_ms: u64) {
        self.since_ms = self.since_ms.min(clock_ms);
    }

    /// A step of the line; `clock_ms` is the sale clock.
    pub fn record(&mut self, clock_ms: u64, step: Step) {
        let stretch = self.present_stretch(clock_ms);
        match step {
            Step::Served => stretch.served = stretch.served.saturating_add(1),
            Step::Left => stretch.left = stretch.left.saturating_add(1),
        }
    }

    /// Somebody who was passed over is first again: a step back for everybody.
    pub fn record_return(&mut self, clock_ms: u64) {
        let stretch = self.present_stretch(clock_ms);
        stretch.served = stretch.served.saturating_sub(1);
    }

    /// How long somebody waits who has `ahead` others before them, where `waiting` wait in all; `None` where too little
    /// was measured. The more are ahead, the longer.
    ///
    /// What was measured is taken for a pattern that goes on and on, and the wait may begin anywhere in it: the range
    /// is from the best to the worst beginning. The earliest time counts on as many giving up as did, the latest on
    /// nobody. What a pattern cannot show, that as few steps could have been others by chance, widens both.
    pub fn estimate(&self, clock_ms: u64, ahead: u64, waiting: u64) -> Option<WaitEstimate> {
        let line_ms = self.line_ms(clock_ms);
        let stretch_ms = self.stretch_ms();
        let present = line_ms / stretch_ms;
        let oldest = (self.newest + 1).saturating_sub(self.stretches.len() as u64);
        let first = oldest.max((present + 1).saturating_sub(STRETCHES_MAX as u64));
        let known = ((first - oldest) as usize).min(self.stretches.len());
        let served = self.stretches.range(known..).map(|stretch| u64::from(stretch.served)).chain(repeat(0));
        let length_ms = |number| if number < present { stretch_ms } else { line_ms - present * stretch_ms };
        let pattern = Pattern::new((first..=present).zip(served).map(|(number, steps)| (steps, length_ms(number))));
        if pattern.len() < STRETCHES_MIN || pattern.steps() < STEPS_MIN {
            return None;
        }
        let left: u64 = self.stretches.iter().map(|stretch| u64::from(stretch.left)).sum();
        let share_left = left as f64 / (left + pattern.steps() + waiting) as f64;
        let (fewest, most) = steps_needed(ahead, pattern.steps(), share_left);
        Some(WaitEstimate::of_ms(pattern.shortest_ms(fewest), pattern.longest_ms(most)))
    }

    fn stretch_ms(&self) -> u64 {
        u64::from(self.stretch_ms)
    }

    /// Where this line's clock stands.
    fn line_ms(&self, clock_ms: u64) -> u64 {
        self.waited_ms + if self.is_waited_in { clock_ms.saturating_sub(self.since_ms) } else { 0 }
    }

    fn present_stretch(&mut self, clock_ms: u64) -> &mut Stretch {
        let present = self.line_ms(clock_ms) / self.stretch_ms();
        if self.stretches.is_empty() || present >= self.newest + STRETCHES_MAX as u64 {
            // The first stretch is where the measure begins, with or without a step in it.
            let first = (present + 1).saturating_sub(STRETCHES_MAX as u64);
            self.stretches = (first..=present).map(|_| Stretch::default()).collect();
            self.newest = present;
        }
        while self.newest < present {
            if self.stretches.len() == STRETCHES_MAX {
                self.stretches.pop_front();
            }
            self.stretches.push_back(Stretch::default());
            self.newest += 1;
        }
        self.stretches.back_mut().expect("it has just been filled")
    }
}

/// So many standard deviations are on either side: eight in ten cases, were it nothing but chance.
const DEVIATIONS: f64 = 1.3;

/// The fewest and the most steps of the line that come before the turn of who has `ahead` others before them, after
/// `measured` steps in which `share_left` of all gave up.
fn steps_needed(ahead: u64, measured: u64, share_left: f64) -> (u64, u64) {
    let measured = measured as f64;
    // Of those ahead, ever fewer are left to give up: the solution of d(ahead) = -(1 + ahead × share / measured)
    // d(step).
    let rate = share_left / measured;
    let served_before = if share_left > 0.0 { (ahead as f64 * rate).ln_1p() / rate } else { ahead as f64 };
    // The count measured has its own chance, and a wait longer than the measure one that no stretch of it shows.
    let deviation = |steps: f64| (steps * steps / measured + steps * (steps / measured).min(1.0)).sqrt();
    let (fewest, most) = (served_before.min(ahead as f64) + 1.0, ahead as f64 + 1.0);
    let low = (fewest - DEVIATIONS * deviation(fewest)).max(1.0);
    (low.floor() as u64, (most + DEVIATIONS * deviation(most)).ceil() as u64)
}

#[cfg(test)]
mod tests;
