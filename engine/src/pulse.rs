//! Signs of life of the thread that turns the wheels, for whoever ends a process that is stuck.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The pulse of the thread that turns the wheels. Safe to use from any thread.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    turns: AtomicU64,
    /// When they turned last, in milliseconds since the Unix epoch.
    turned_ms: AtomicU64,
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
    /// The wheels have just turned.
    pub(crate) fn new(now_ms: u64) -> Pulse {
        Pulse { turned_ms: AtomicU64::new(now_ms), ..Pulse::default() }
    }

    /// The wheels have turned once more.
    pub(crate) fn turned(&self, now_ms: u64) {
        self.turns.fetch_add(1, Ordering::Relaxed);
        self.turned_ms.store(now_ms, Ordering::Relaxed);
    }

    /// When they turned last, in milliseconds since the Unix epoch.
    pub(crate) fn turned_ms(&self) -> u64 {
        self.turned_ms.load(Ordering::Relaxed)
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
        let pulse = Pulse::new(7);
        assert_eq!(pulse.look(), WheelPulse { turns: 0, is_at_disk: false });
        pulse.turned(9);
        assert_eq!(pulse.at_disk(|| pulse.look()), WheelPulse { turns: 1, is_at_disk: true });
        assert_eq!(pulse.look(), WheelPulse { turns: 1, is_at_disk: false });
        assert_eq!(pulse.turned_ms(), 9);
    }
}
