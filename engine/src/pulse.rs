//! Signs of life of the thread that turns the wheels, for whoever ends a process that is stuck.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The pulse of the thread that turns the wheels. Safe to use from any thread.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    turns: AtomicU64,
    is_at_disk: AtomicBool,
}

/// A look at the thread that turns the wheels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WheelPulse {
    /// How often the wheels have turned since the start.
    pub turns: u64,
    /// Whether the thread writes to the disk at this moment: a slow one may keep it for long, and it is not stuck.
    pub is_at_disk: bool,
}

impl Pulse {
    /// The wheels have turned once more.
    pub(crate) fn turned(&self) {
        self.turns.fetch_add(1, Ordering::Relaxed);
    }

    /// Writes to the disk, or reads from it.
    pub(crate) fn at_disk<T>(&self, work: impl FnOnce() -> T) -> T {
        self.is_at_disk.store(true, Ordering::Relaxed);
        let done = work();
        self.is_at_disk.store(false, Ordering::Relaxed);
        done
    }

    /// What can be said now.
    pub(crate) fn look(&self) -> WheelPulse {
        let (turns, is_at_disk) = (self.turns.load(Ordering::Relaxed), self.is_at_disk.load(Ordering::Relaxed));
        WheelPulse { turns, is_at_disk }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_waits_for_the_disk_is_told_from_one_that_is_stuck() {
        let pulse = Pulse::default();
        assert_eq!(pulse.look(), WheelPulse { turns: 0, is_at_disk: false });
        pulse.turned();
        assert_eq!(pulse.at_disk(|| pulse.look()), WheelPulse { turns: 1, is_at_disk: true });
        assert_eq!(pulse.look(), WheelPulse { turns: 1, is_at_disk: false });
    }
}
