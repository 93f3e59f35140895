//! Reads off what metrics show as levels: from the durable views, and from what the engine's parts tell of themselves.

use std::sync::PoisonError;

use crate::census::Census;
use crate::metrics::levels::{JournalLevels, Levels, SnapshotLevels};
use crate::storage::disk_space;

use super::Engine;

impl Engine {
    /// Sets the metrics that are levels, and the sums of what happened. To be called when somebody looks. It asks neither an
    /// actor nor, but for the space on it, the disk.
    pub fn record_levels(&self) {
        self.services.metrics.set_levels(&self.levels());
    }

    fn levels(&self) -> Levels {
        let services = &self.services;
        let now_ms = self.now_ms();
        let logins_waiting = self.sessions.inbox_len();
        let mut levels = Levels {
            census: Census::of(&services.directory),
            sessions: services.sessions.len(),
            tally: services.tally.so_far(),
            requests_waiting: services.pressure.waiting(),
            inbox_commands: logins_waiting,
            inbox_longest: logins_waiting,
            journal: self.journal_levels(now_ms),
            disk_bytes: disk_space(&services.path),
            snapshot: self.snapshot_levels(now_ms),
            wheel_turn_age_ms: now_ms.saturating_sub(services.pulse.turned_ms()),
            clock_offset_ms: services.clock.wall_offset_ms(),
            violations: services.violations.count(),
        };
        for handle in services.directory.all() {
            let waiting = handle.inbox().len();
            levels.inbox_commands += waiting;
            levels.inbox_longest = levels.inbox_longest.max(waiting);
        }
        levels
    }

    fn journal_levels(&self, now_ms: u64) -> JournalLevels {
        let journal = &self.services.journal;
        JournalLevels {
            durable_seq: journal.durable_seq(),
            appended_seq: journal.appended_seq(),
            backlog_bytes: journal.backlog_bytes(),
            reserve_bytes: journal.reserve_bytes(),
            segments: journal.segment_count(),
            is_disk_full: journal.is_disk_full(),
            write_age_ms: self.services.pressure.slow_write_ms(now_ms).unwrap_or(0),
        }
    }

    fn snapshot_levels(&self, now_ms: u64) -> SnapshotLevels {
        let snapshots = self.services.snapshots.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = snapshots.newest.as_ref();
        let written = newest.and_then(|newest| newest.written.as_ref());
        let since_ms = written.map_or(self.opened_at_ms, |(at_ms, _)| *at_ms);
        SnapshotLevels {
            seq: newest.map_or(0, |newest| newest.seq),
            bytes: written.map_or(0, |(_, snapshot)| snapshot.info.bytes),
            age_ms: now_ms.saturating_sub(since_ms),
            interval_seconds: self.services.config.snapshot.interval_seconds,
            is_failing: snapshots.failure.is_some(),
        }
    }
}
