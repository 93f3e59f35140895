//! What the journal tells about its work, for metrics and logs.

use std::time::Duration;

use super::frame::{ChainHash, FrameKind};

/// One frame that was made durable.
#[derive(Clone, Debug)]
pub struct BatchReport {
    /// What the frame was written for.
    pub kind: FrameKind,
    /// How many records are in it.
    pub record_count: u32,
    /// How many changes the records have together.
    pub change_count: u32,
    /// How long the frame is on disk, whole sectors.
    pub frame_bytes: usize,
    /// How long the disk took to sync it.
    pub sync_duration: Duration,
    /// All changes up to here are durable now.
    pub durable_seq: u64,
    /// How many bytes were appended meanwhile and wait for the next frame.
    pub backlog_bytes: usize,
}

/// What recovery found and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryReport {
    /// How many segments were read. Those that the snapshot covers wholly are not.
    pub segment_count: u64,
    /// How many records were applied.
    pub record_count: u64,
    /// How many changes these have together.
    pub change_count: u64,
    /// How many bytes of segments were read.
    pub bytes: u64,
    /// How long it took.
    pub duration: Duration,
    /// Whether the journal ended with the marker of a clean stop, or is new.
    pub clean: bool,
    /// How many bytes of an unfinished write were set aside.
    pub quarantined_bytes: u64,
    /// Where they are, within `quarantine/`.
    pub quarantined_file: Option<String>,
    /// The seq of the last change, 0 in a new journal.
    pub last_seq: u64,
    /// The hash of the last frame.
    pub chain_hash: ChainHash,
    /// The term of this process: one more than that of the one before.
    pub epoch: u64,
}
