//! Reads off what metrics show as levels: from the durable views, and from what the engine's parts tell of themselves.

use std::sync::PoisonError;

use crate::core::status::Status;
use crate::handle::EventView;
use crate::metrics::Levels;
use crate::metrics::levels::{JournalLevels, SnapshotLevels};

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
            sessions: services.sessions.len(),
            tally: services.tally.so_far(),
            requests_waiting: services.pressure.waiting(),
            inbox_commands: logins_waiting,
            inbox_longest: logins_waiting,
            journal: self.journal_levels(now_ms),
            disk_bytes: services.violations.disk_bytes(),
            snapshot: self.snapshot_levels(now_ms),
            wheel_turn_age_ms: now_ms.saturating_sub(services.pulse.turned_ms()),
            clock_offset_ms: services.clock.wall_offset_ms(),
            violations: services.violations.count(),
            ..Levels::default()
        };
        for handle in services.directory.all() {
            let waiting = handle.inbox().len();
            levels.inbox_commands += waiting;
            levels.inbox_longest = levels.inbox_longest.max(waiting);
            if let Some(view) = handle.view() {
                add(&mut levels, &view);
            }
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

fn add(levels: &mut Levels, view: &EventView) {
    let place = Status::ALL.iter().position(|status| *status == view.description.status);
    levels.events[place.expect("every status is in the list")] += 1;
    levels.totals.add(&view.totals());
    for figures in &view.figures {
        let committed = u64::from(figures.held) + u64::from(figures.booked);
        levels.oversold += committed.saturating_sub(u64::from(figures.capacity));
    }
    levels.passed_over += u64::from(view.standing.passed_over);
    levels.blocked_lines += u64::from(view.standing.blocked_lines);
    levels.live_holds += u64::from(view.standing.live_holds);
}
