//! Which segments may go. They are the audit trail: none goes before all three reasons to keep it are
//! gone (see ARCHITECTURE.md, "The data directory").

use super::segment::{self, Segment};
use super::{JournalError, Shared, lock};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Up to when segments are kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retention {
    pub(super) retain_days: u32,
    pub(super) retain_bytes: u64,
}

impl Retention {
    /// How many segments at the front of the journal may go. The last one never does.
    fn retired_count(self, segments: &[Segment], snapshot_seq: u64, now_ms: u64) -> usize {
        let mut bytes_left: u64 = segments.iter().map(|segment| segment.bytes).sum();
        let mut count = 0;
        for pair in segments.windows(2) {
            let (oldest, next) = (&pair[0], &pair[1]);
            bytes_left -= oldest.bytes;
            // The frame that ends at the snapshot's seq stays: recovery checks the chain against it.
            let is_covered = next.first_seq() <= snapshot_seq;
            let is_aged = oldest.modified_ms.saturating_add(u64::from(self.retain_days) * DAY_MS) <= now_ms;
            if !is_covered || !is_aged || bytes_left < self.retain_bytes {
                break;
            }
            count += 1;
        }
        count
    }
}

/// Whether any segment may go, were all of the journal covered by snapshots.
pub(super) fn may_retire(shared: &Shared, retention: Retention, now_ms: u64) -> Result<bool, JournalError> {
    Ok(retention.retired_count(&segment::list(&shared.directory)?, u64::MAX, now_ms) > 0)
}

/// Drops the segments that may go, oldest first, and returns how many.
pub(super) fn retire(
    shared: &Shared,
    retention: Retention,
    snapshot_seq: u64,
    now_ms: u64,
) -> Result<usize, JournalError> {
    let _one_at_a_time = lock(&shared.retiring);
    let segments = segment::list(&shared.directory)?;
    let count = retention.retired_count(&segments, snapshot_seq, now_ms);
    for segment in &segments[..count] {
        shared.forget_segments(segment.header.number);
        shared.directory.remove(&segment.name())?;
        // One at a time: of two removals, a power cut may leave the later one alone, and with it a gap.
        shared.directory.sync_directory()?;
    }
    Ok(count)
}
