//! `verify`: is everything in this directory what was written, and does it agree with itself?

use std::cell::RefCell;
use std::path::Path;

use crate::error::EXIT_INVARIANT;
use crate::journal::{FrameSeen, JournalEnd, JournalError, JournalFiles, Proof, SnapshotPoint, Walked};
use crate::snapshot::{self, StateHash};
use crate::state::State;
use crate::storage::{DataDirectory, EXIT_DATA, StoreId};

use super::snapshots::{Loaded, base, hash_of, load};
use super::{OfflineError, snapshot_exit_code};

/// What was found in a data directory.
#[derive(Clone, Debug)]
pub struct VerifyReport {
    /// The store.
    pub store_id: StoreId,
    /// How many segments were read.
    pub segment_count: u64,
    /// How many frames hold.
    pub frame_count: u64,
    /// How many records are in them.
    pub record_count: u64,
    /// How many changes.
    pub change_count: u64,
    /// How many bytes of segments were read.
    pub bytes: u64,
    /// The first change there is, or the next one ever where there is none.
    pub first_seq: u64,
    /// The last change that holds, 0 where there is none.
    pub last_seq: u64,
    /// The term of the last process that wrote here.
    pub epoch: u64,
    /// How the journal ends.
    pub end: VerifiedEnd,
    /// The snapshots, oldest first.
    pub snapshots: Vec<SnapshotReport>,
    /// What is wrong, the journal's own first. Nothing, if all is well.
    pub findings: Vec<Finding>,
}

/// How a journal ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifiedEnd {
    /// There is none yet.
    New,
    /// With the marker of a clean stop.
    Clean,
    /// Right behind a frame, without a marker: nothing is missing, and nothing was in flight.
    Unclean,
    /// With a write that was not finished. Nothing of it was acknowledged; the next start sets it aside.
    Unfinished {
        /// How that is known.
        proof: Proof,
        /// How many bytes of it there are.
        bytes: u64,
    },
    /// With something that the next start refuses.
    Refused,
}

/// A snapshot, and what is to be said of it.
#[derive(Clone, Debug)]
pub struct SnapshotReport {
    /// The file.
    pub file: String,
    /// The last change that is in it, by its name.
    pub seq: u64,
    /// The length of the file.
    pub bytes: u64,
    /// What came of the check.
    pub verdict: SnapshotVerdict,
}

/// What came of the check of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotVerdict {
    /// It is whole, and the replayed journal leads to the same state.
    Same,
    /// It is whole, but there is no journal of its time left, or it could not be replayed so far.
    NotCompared,
    /// Something is wrong with it: see the findings.
    Wrong,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What, in one sentence that names the file.
    pub text: String,
    /// The exit code a process ends with over it.
    pub exit_code: u8,
}

/// Checks the directory at `path`, which nobody may be using, and changes nothing in it.
///
/// # Errors
///
/// [`OfflineError::Storage`] when the directory cannot be looked at; all else that is wrong is in the findings.
pub fn verify(path: &Path) -> Result<VerifyReport, OfflineError> {
    verify_in(&DataDirectory::open_unchanged(path)?)
}

/// The same in a directory that is open.
pub(super) fn verify_in(directory: &DataDirectory) -> Result<VerifyReport, OfflineError> {
    let mut findings = Vec::new();
    let mut snapshots = examine_snapshots(directory, &mut findings)?;
    let journal = JournalFiles::list(directory)?;
    let first_seq = journal.beginning().seq + 1;
    let (state, walked) = match base(directory, &journal) {
        Ok(base) => replay(directory, journal, base, &mut snapshots),
        Err(error) => {
            findings.push(Finding { text: error.to_string(), exit_code: error.exit_code() });
            let walked = walk_only(directory, journal);
            (None, walked)
        }
    };
    let mut of_journal = findings_of_journal(&walked, state.as_ref());
    of_journal.append(&mut findings);
    let mut findings = of_journal;
    let is_whole = walked.end.is_ok();
    let of_snapshots = |snapshot: &mut Examined| snapshot.conclude(first_seq, &walked.point, is_whole);
    findings.extend(snapshots.iter_mut().filter_map(of_snapshots));
    Ok(report(directory, first_seq, &walked, snapshots, findings))
}

/// An error where there are findings.
pub(super) fn require_sound(directory: &DataDirectory, report: &VerifyReport) -> Result<(), OfflineError> {
    let Some(Finding { text, exit_code }) = report.findings.first().cloned() else { return Ok(()) };
    let (path, count) = (directory.path().to_owned(), report.findings.len());
    Err(OfflineError::Unsound { path, first: text, count, exit_code })
}

fn report(
    directory: &DataDirectory,
    first_seq: u64,
    walked: &Walked,
    snapshots: Vec<Examined>,
    findings: Vec<Finding>,
) -> VerifyReport {
    VerifyReport {
        store_id: directory.store_id(),
        segment_count: walked.segment_count,
        frame_count: walked.frame_count,
        record_count: walked.record_count,
        change_count: walked.change_count,
        bytes: walked.bytes,
        first_seq,
        last_seq: walked.point.seq,
        epoch: walked.point.epoch,
        end: match walked.end {
            Ok(JournalEnd::New) => VerifiedEnd::New,
            Ok(JournalEnd::Clean) => VerifiedEnd::Clean,
            Ok(JournalEnd::Unclean) => VerifiedEnd::Unclean,
            Ok(JournalEnd::Unfinished { proof, bytes }) => VerifiedEnd::Unfinished { proof, bytes },
            Err(_) => VerifiedEnd::Refused,
        },
        snapshots: snapshots.into_iter().map(|examined| examined.report).collect(),
        findings,
    }
}

/// A snapshot, and what the replayed journal must come to.
struct Examined {
    report: SnapshotReport,
    /// Nothing where the snapshot does not hold.
    expected: Option<Expected>,
    /// Whether a frame led to its place in the chain.
    is_met: bool,
    /// Whether the journal has come to its seq, and the state there was the same.
    is_same: Option<bool>,
}

/// Where a snapshot stands, and the hash of the state in it.
struct Expected {
    point: SnapshotPoint,
    state_hash: StateHash,
}

fn examine_snapshots(directory: &DataDirectory, findings: &mut Vec<Finding>) -> Result<Vec<Examined>, OfflineError> {
    let mut snapshots = Vec::new();
    for seq in snapshot::seqs(directory)? {
        let file = snapshot::file_name(seq);
        let bytes = directory.open_file(&file)?.len()?;
        let expected = match load(directory, seq) {
            Ok(Loaded { state, point }) => {
                let broken = state.check_invariants().err();
                findings.extend(broken.map(|text| broken_state(format!("{file} breaks an invariant: {text}"))));
                Some(Expected { point, state_hash: hash_of(&state) })
            }
            Err(failure) => {
                findings.push(Finding { text: failure.to_string(), exit_code: snapshot_exit_code(&failure) });
                None
            }
        };
        let verdict = if expected.is_some() { SnapshotVerdict::NotCompared } else { SnapshotVerdict::Wrong };
        let report = SnapshotReport { file, seq, bytes, verdict };
        snapshots.push(Examined { report, expected, is_met: false, is_same: None });
    }
    Ok(snapshots)
}

impl Examined {
    /// Compares the snapshot with the journal at `point`, if it stands there.
    fn compare(&mut self, point: &SnapshotPoint, state_hash: &mut dyn FnMut() -> StateHash) {
        let Some(expected) = self.expected.as_ref().filter(|expected| expected.point.seq == point.seq) else { return };
        self.is_met |= expected.point.chain_hash == point.chain_hash;
        self.is_same.get_or_insert_with(|| expected.state_hash == state_hash());
    }

    /// What is to be said once the journal was read from `first_seq` up to `end`; all of it, if it `is_whole`.
    fn conclude(&mut self, first_seq: u64, end: &SnapshotPoint, is_whole: bool) -> Option<Finding> {
        let Expected { point, .. } = self.expected.as_ref()?;
        let (file, seq) = (&self.report.file, point.seq);
        let finding = match self.is_same {
            Some(true) if self.is_met => {
                self.report.verdict = SnapshotVerdict::Same;
                return None;
            }
            Some(false) => broken_state(format!("{file} holds another state than the journal leads to at seq {seq}")),
            None if is_whole && seq > end.seq => {
                damaged(format!("{file} stands at seq {seq}, but the journal ends at seq {}", end.seq))
            }
            None if !is_whole && seq > end.seq => return None,
            // The frame that led to it was dropped: there is nothing to compare it with.
            _ if seq < first_seq => return None,
            _ => damaged(format!("{file} tells of another history than the journal")),
        };
        self.report.verdict = SnapshotVerdict::Wrong;
        Some(finding)
    }
}

fn damaged(text: String) -> Finding {
    Finding { text, exit_code: EXIT_DATA }
}

fn broken_state(text: String) -> Finding {
    Finding { text, exit_code: EXIT_INVARIANT }
}

/// Replays the whole journal from `base` on and compares each snapshot on the way. Returns the state it led to, unless a
/// record could not be applied.
fn replay(
    directory: &DataDirectory,
    journal: JournalFiles,
    base: Loaded,
    snapshots: &mut [Examined],
) -> (Option<State>, Walked) {
    let beginning = journal.beginning();
    let base_seq = base.point.seq;
    let state = RefCell::new(base.state);
    let mut hashed: Option<(u64, StateHash)> = None;
    let mut compare = |point: &SnapshotPoint| {
        if point.seq < base_seq {
            return;
        }
        let mut state_hash = || match hashed {
            // A seal behind the last batch leads to the same state.
            Some((seq, hash)) if seq == point.seq => hash,
            _ => hashed.insert((point.seq, hash_of(&state.borrow()))).1,
        };
        snapshots.iter_mut().for_each(|snapshot| snapshot.compare(point, &mut state_hash));
    };
    compare(&beginning);
    let mut apply = |first_seq: u64, _: u32, bytes: &[u8]| {
        let is_new = first_seq > base_seq;
        if is_new { state.borrow_mut().apply_bytes(first_seq, bytes) } else { Ok(()) }
    };
    let walked = journal.walk(directory, beginning, &mut apply, &mut |frame: &FrameSeen| compare(&frame.point));
    let is_half_applied = matches!(walked.end, Err(JournalError::Apply { .. }));
    ((!is_half_applied).then(|| state.into_inner()), walked)
}

/// Checks the frames where there is no state to replay them on.
fn walk_only(directory: &DataDirectory, journal: JournalFiles) -> Walked {
    let beginning = journal.beginning();
    journal.walk(directory, beginning, &mut |_, _, _| Ok(()), &mut |_| ())
}

fn findings_of_journal(walked: &Walked, state: Option<&State>) -> Vec<Finding> {
    let refusal = walked.end.as_ref().err();
    let refused = refusal.map(|error| Finding { text: error.to_string(), exit_code: error.exit_code() });
    let broken = state.and_then(|state| state.check_invariants().err());
    let broken =
        broken.map(|text| broken_state(format!("the state at seq {} breaks an invariant: {text}", walked.point.seq)));
    refused.into_iter().chain(broken).collect()
}
