//! What an operator wants to know of the engine as a whole.

use std::sync::PoisonError;

use crate::census::Census;
use crate::core::status::Status;
use crate::handle::Totals;
use crate::history::Sample;
use crate::snapshotter::SnapshotsSoFar;

use super::Engine;

/// The engine as a whole. Each figure is true by itself; those of two events may be of two moments.
#[derive(Clone, Debug)]
pub struct Overview {
    /// How many events are in each status, in the order of the lifecycle.
    pub events: [(Status, u64); Status::ALL.len()],
    /// The sums over all events, from their newest durable views.
    pub totals: Totals,
    /// How many sessions are live.
    pub sessions: u64,
    /// The journal.
    pub journal: JournalOverview,
    /// The snapshots.
    pub snapshots: SnapshotsSoFar,
    /// For how long the engine has been open, in milliseconds of its clock.
    pub uptime_ms: u64,
}

/// The journal at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalOverview {
    /// The number of the newest durable change.
    pub durable_seq: u64,
    /// How many segments are kept.
    pub segments: u64,
    /// Bytes that were appended and are not durable yet.
    pub backlog_bytes: u64,
    /// Bytes that can be written without new space on the disk.
    pub reserve_bytes: u64,
    /// Whether the next segment found no room on the disk.
    pub is_disk_full: bool,
}

impl Engine {
    /// What the totals were in the last 15 minutes, oldest first: a sample whenever the wheels turn and
    /// [`SAMPLE_INTERVAL_MS`](super::SAMPLE_INTERVAL_MS) have gone by. Empty after a start.
    pub fn history(&self) -> Vec<Sample> {
        self.services.history.samples()
    }

    /// The engine as a whole, from what is in memory: it asks neither an actor nor the disk.
    pub fn overview(&self) -> Overview {
        let Census { events, totals, .. } = Census::of(&self.services.directory);
        let journal = &self.services.journal;
        Overview {
            events: std::array::from_fn(|place| (Status::ALL[place], events[place])),
            totals,
            sessions: self.services.sessions.len() as u64,
            journal: JournalOverview {
                durable_seq: journal.durable_seq(),
                segments: journal.segment_count() as u64,
                backlog_bytes: journal.backlog_bytes() as u64,
                reserve_bytes: journal.reserve_bytes(),
                is_disk_full: journal.is_disk_full(),
            },
            snapshots: self.services.snapshots.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            uptime_ms: self.now_ms().saturating_sub(self.opened_at_ms),
        }
    }
}
