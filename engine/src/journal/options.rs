//! How a journal is to be run.

use std::fmt;

use super::buffer::RECORD_OVERHEAD_BYTES;
use super::frame::OVERHEAD_BYTES_MAX;
use super::report::BatchReport;
use super::segment::FRAMES_OFFSET;
use super::{JournalError, RECORD_BYTES_MAX};

/// How a journal is to be run. The defaults are those of the documentation.
pub struct JournalOptions {
    /// The length of a segment. Two exist ahead of use: the live one and the next. 64 MiB.
    pub segment_bytes: u64,
    /// The most that goes into one frame, records with 8 bytes each on top. What is appended beyond it
    /// while the disk is busy waits for the next frame. 1 MiB.
    pub batch_bytes_max: usize,
    /// How long the journal is idle before it writes a seal behind its last batch, in milliseconds. 30.
    pub seal_after_ms: u64,
    /// No segment is dropped before its last record is this old. 30 days.
    pub retain_days: u32,
    /// No segment is dropped unless this much is left after it. 10 GiB.
    pub retain_bytes: u64,
    /// Whether the journal writes on threads of its own. Without, its owner calls `catch_up`: for simulations.
    pub(crate) has_threads: bool,
    /// Called once a frame, on the writer's thread, after the sync and before anybody is answered.
    /// Keep it short: all answers wait for it.
    pub observe: Box<dyn Fn(&BatchReport) + Send>,
}

impl Default for JournalOptions {
    fn default() -> JournalOptions {
        JournalOptions {
            segment_bytes: 64 << 20,
            batch_bytes_max: 1 << 20,
            seal_after_ms: 30,
            retain_days: 30,
            retain_bytes: 10 << 30,
            has_threads: true,
            observe: Box::new(|_| ()),
        }
    }
}

impl fmt::Debug for JournalOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("JournalOptions")
            .field("segment_bytes", &self.segment_bytes)
            .field("batch_bytes_max", &self.batch_bytes_max)
            .field("seal_after_ms", &self.seal_after_ms)
            .field("retain_days", &self.retain_days)
            .field("retain_bytes", &self.retain_bytes)
            .finish_non_exhaustive()
    }
}

impl JournalOptions {
    /// The longest record this journal takes.
    pub(super) fn record_bytes_max(&self) -> usize {
        RECORD_BYTES_MAX.min(self.batch_bytes_max - RECORD_OVERHEAD_BYTES)
    }

    /// Refuses options under which a frame would not fit into a segment, or no record into a frame.
    pub(super) fn check(&self) -> Result<(), JournalError> {
        if self.batch_bytes_max <= RECORD_OVERHEAD_BYTES {
            return Err(JournalError::Options(format!("batch_bytes_max = {} is too small", self.batch_bytes_max)));
        }
        if u32::try_from(self.batch_bytes_max).is_err() {
            return Err(JournalError::Options(format!("batch_bytes_max = {} is over 4 GiB", self.batch_bytes_max)));
        }
        let needed = (FRAMES_OFFSET + OVERHEAD_BYTES_MAX + self.batch_bytes_max) as u64;
        if self.segment_bytes < needed {
            return Err(JournalError::Options(format!(
                "segment_bytes = {} is less than the {needed} that batch_bytes_max = {} needs",
                self.segment_bytes, self.batch_bytes_max
            )));
        }
        Ok(())
    }
}
