//! The words of the offline commands, and the same as JSON.

use std::fmt::Write;
use std::path::Path;

use holdfast_engine::offline::{
    CopyReport, Finding, RepairPlan, SnapshotReport, SnapshotVerdict, VerifiedEnd, VerifyReport,
};
use serde_json::{Value, json};

/// What `verify` found, for people.
pub(super) fn verify(data: &Path, report: &VerifyReport) -> String {
    let VerifyReport { store_id, segment_count, frame_count, record_count, change_count, bytes, .. } = report;
    let VerifyReport { first_seq, last_seq, epoch, .. } = report;
    let mut text = format!("{}: store {store_id}\n", data.display());
    line(&mut text, format_args!("segments  {segment_count}, {bytes} bytes"));
    line(&mut text, format_args!("frames    {frame_count}, records {record_count}"));
    line(&mut text, format_args!("changes   {change_count}, seq {first_seq} to {last_seq}"));
    line(&mut text, format_args!("epoch     {epoch}"));
    line(&mut text, format_args!("end       {}", end_in_words(report.end)));
    for SnapshotReport { seq, bytes, verdict, file } in &report.snapshots {
        line(&mut text, format_args!("snapshot  seq {seq}, {bytes} bytes, {} ({file})", verdict_in_words(*verdict)));
    }
    for Finding { text: finding, .. } in &report.findings {
        line(&mut text, format_args!("DAMAGE    {finding}"));
    }
    let verdict = if report.findings.is_empty() { "All is well." } else { "Not all is well." };
    line(&mut text, format_args!("{verdict}"));
    text
}

fn line(text: &mut String, words: std::fmt::Arguments<'_>) {
    writeln!(text, "{words}").expect("writing to memory does not fail");
}

fn end_in_words(end: VerifiedEnd) -> String {
    match end {
        VerifiedEnd::New => "there is no journal yet".to_owned(),
        VerifiedEnd::Clean => "clean: the last process stopped in good order".to_owned(),
        VerifiedEnd::Unclean => "whole: the last process was stopped at once, and nothing was in flight".to_owned(),
        VerifiedEnd::Unfinished { bytes, .. } => format!(
            "whole, then {bytes} bytes of a write that was not finished: nobody was told of it, the next start sets it aside"
        ),
        VerifiedEnd::Refused => "refused: a start would not go on from here".to_owned(),
    }
}

fn verdict_in_words(verdict: SnapshotVerdict) -> &'static str {
    match verdict {
        SnapshotVerdict::Same => "whole, the journal leads to the same state",
        SnapshotVerdict::NotCompared => "whole, no journal to compare it with",
        SnapshotVerdict::Wrong => "WRONG",
    }
}

/// The same for programs.
pub(super) fn verify_json(report: &VerifyReport) -> Value {
    let snapshot = |snapshot: &SnapshotReport| {
        let SnapshotReport { file, seq, bytes, verdict } = snapshot;
        json!({ "file": file, "seq": seq, "bytes": bytes, "verdict": verdict_code(*verdict) })
    };
    let finding = |finding: &Finding| json!({ "text": finding.text, "exit_code": finding.exit_code });
    let unfinished_bytes = if let VerifiedEnd::Unfinished { bytes, .. } = report.end { bytes } else { 0 };
    json!({
        "ok": report.findings.is_empty(),
        "store": report.store_id.to_string(),
        "segments": report.segment_count,
        "bytes": report.bytes,
        "frames": report.frame_count,
        "records": report.record_count,
        "changes": report.change_count,
        "first_seq": report.first_seq,
        "last_seq": report.last_seq,
        "epoch": report.epoch,
        "end": end_code(report.end),
        "unfinished_bytes": unfinished_bytes,
        "snapshots": report.snapshots.iter().map(snapshot).collect::<Vec<_>>(),
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn end_code(end: VerifiedEnd) -> &'static str {
    match end {
        VerifiedEnd::New => "new",
        VerifiedEnd::Clean => "clean",
        VerifiedEnd::Unclean => "unclean",
        VerifiedEnd::Unfinished { .. } => "unfinished",
        VerifiedEnd::Refused => "refused",
    }
}

fn verdict_code(verdict: SnapshotVerdict) -> &'static str {
    match verdict {
        SnapshotVerdict::Same => "same",
        SnapshotVerdict::NotCompared => "not_compared",
        SnapshotVerdict::Wrong => "wrong",
    }
}

/// What a repair would cost, and how to agree to it. One sentence on one line.
pub(super) fn not_accepted(plan: &RepairPlan) -> String {
    let RepairPlan { refusal, file, offset, last_seq, known_seq, .. } = plan;
    let lost = match plan.loss() {
        0 => "what was behind that is not known, and no later change is".to_owned(),
        1 => format!("seq {known_seq} is known to have been there and would be lost"),
        _ => format!("seqs {} to {known_seq} are known to have been there and would be lost", last_seq + 1),
    };
    format!(
        "{refusal}; everything up to seq {last_seq} is whole, {lost}; to cut {file} at offset {offset} and keep the rest \
         in quarantine/, say --accept-loss {}",
        plan.loss()
    )
}

/// What a repair did, for people.
pub(super) fn repaired(plan: &RepairPlan) -> String {
    let RepairPlan { file, offset, last_seq, moved, .. } = plan;
    let mut text = format!("Cut {file} at offset {offset}; what was behind is in quarantine/.\n");
    for name in moved {
        line(&mut text, format_args!("Moved {name} to quarantine/."));
    }
    let loss = plan.loss();
    line(
        &mut text,
        format_args!("The store is whole up to seq {last_seq}; changes given up, as far as is known: {loss}."),
    );
    text
}

/// What was copied, for people.
pub(super) fn copy(what: &str, to: &Path, report: &CopyReport) -> String {
    let CopyReport { seq, file_count, bytes, passed_over, .. } = report;
    let mut text = String::new();
    for damage in passed_over {
        line(&mut text, format_args!("Passed over: {damage}"));
    }
    let to = to.display();
    line(&mut text, format_args!("{what} to {to}, verified: up to seq {seq}, {file_count} files, {bytes} bytes."));
    text
}

/// The same for programs.
pub(super) fn copy_json(report: &CopyReport) -> Value {
    json!({
        "seq": report.seq,
        "files": report.file_count,
        "bytes": report.bytes,
        "passed_over": report.passed_over,
        "verified": verify_json(&report.verified),
    })
}
