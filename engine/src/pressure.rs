//! How much the engine is under: who waits for an answer, and since when the disk has been at one write.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A write to the disk that takes longer than this is slow, in milliseconds: a healthy one takes a few at the most.
pub const SLOW_WRITE_MS: u64 = 1_000;

/// What the engine is under. Safe to use from any thread.
#[derive(Debug, Default)]
pub struct Pressure {
    waiting: AtomicUsize,
    /// The frame that was in flight at the last look, 0 for none, and the time of the first look that saw it.
    frame: AtomicU64,
    frame_since_ms: AtomicU64,
}

/// Somebody waits for as long as this lives.
#[derive(Debug)]
pub struct Waits {
    pressure: Arc<Pressure>,
}

impl Pressure {
    /// One more waits for an answer, unless `most` do.
    pub fn wait(self: &Arc<Pressure>, most: usize) -> Option<Waits> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= most {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        Some(Waits { pressure: Arc::clone(self) })
    }

    /// How many wait for an answer.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Looks at the frame in flight. To be called at each turn of the wheels.
    pub fn look_at_disk(&self, frame: Option<u64>, now_ms: u64) {
        let frame = frame.unwrap_or(0);
        if self.frame.load(Ordering::Relaxed) != frame {
            // The time first: who reads the frame before the time never takes an old time for a new frame's.
            self.frame_since_ms.store(now_ms, Ordering::Release);
            self.frame.store(frame, Ordering::Release);
        }
    }

    /// For how long the disk has been at one write, in milliseconds, where that is slow.
    pub fn slow_write_ms(&self, now_ms: u64) -> Option<u64> {
        let is_writing = self.frame.load(Ordering::Acquire) != 0;
        let for_ms = now_ms.saturating_sub(self.frame_since_ms.load(Ordering::Acquire));
        (is_writing && for_ms > SLOW_WRITE_MS).then_some(for_ms)
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.pressure.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
