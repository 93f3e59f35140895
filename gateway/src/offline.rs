//! The offline commands: what the engine finds and does with a data directory, in words or as JSON.
//!
//! Reports go to standard output, and why a command did not do what it was asked, in one sentence, to standard error.

use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use holdfast_engine::core::id::Slug;
use holdfast_engine::offline::{
    self, CopyReport, DumpFilter, DumpedChange, OfflineError, RepairOutcome, RepairPlan, VerifyReport,
};
use holdfast_engine::storage::{EXIT_DATA, EXIT_IO};

use crate::objects::{self, Written};
use crate::tokens;

mod report;

/// The files that this layer keeps in the data directory, and that belong into a backup.
const OWN_FILES: &[&str] = &[tokens::FILE_NAME, tokens::FORMER_FILE_NAME];

/// What is to be done with a data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    /// Check everything.
    Verify {
        /// As JSON.
        json: bool,
    },
    /// Print the changes as JSON lines.
    Dump(DumpFilter),
    /// Cut off a damaged end of the journal.
    Repair {
        /// How many changes may be lost by it.
        accept_loss: Option<u64>,
    },
    /// Copy the store to another directory.
    Backup {
        /// Where to.
        to: PathBuf,
        /// As JSON.
        json: bool,
    },
    /// Bring a backup back.
    Restore {
        /// The backup.
        from: PathBuf,
        /// As JSON.
        json: bool,
    },
}

/// Why an errand was not done, or what it found.
#[derive(Debug, thiserror::Error)]
pub enum ErrandError {
    /// The engine says.
    #[error(transparent)]
    Offline(#[from] OfflineError),
    /// The check found something, which the report lists.
    #[error("{text}")]
    Found {
        /// The first finding.
        text: String,
        /// Its exit code.
        exit_code: u8,
    },
    /// The loss was not accepted.
    #[error("{}", report::not_accepted(.0))]
    LossNotAccepted(Box<RepairPlan>),
    /// Standard output cannot be written to.
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
}

impl ErrandError {
    /// The exit code of a process that this error ends.
    pub fn exit_code(&self) -> u8 {
        match self {
            ErrandError::Offline(error) => error.exit_code(),
            ErrandError::Found { exit_code, .. } => *exit_code,
            ErrandError::LossNotAccepted(_) => EXIT_DATA,
            ErrandError::Output(_) => EXIT_IO,
        }
    }
}

/// Does an errand in the data directory `data` and writes its report to `output`.
///
/// # Errors
///
/// [`ErrandError`]. An output that nobody reads any more is a quiet end.
pub fn run(errand: &Errand, data: &Path, output: &mut dyn Write) -> Result<(), ErrandError> {
    let done = match errand {
        Errand::Verify { json } => verify(data, *json, output),
        Errand::Dump(filter) => dump(data, filter, output),
        Errand::Repair { accept_loss } => repair(data, *accept_loss, output),
        Errand::Backup { to, json } => backup(data, to, *json, output),
        Errand::Restore { from, json } => restore(from, data, *json, output),
    };
    match done {
        Err(ErrandError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// The id of an event given on the command line.
pub fn parse_event(text: &str) -> Result<Slug, String> {
    Slug::new(text).ok_or_else(|| "an event's id has 1 to 64 of a-z, 0-9 and -, the first one no -".to_owned())
}

fn verify(data: &Path, json: bool, output: &mut dyn Write) -> Result<(), ErrandError> {
    let report = offline::verify(data)?;
    let text = if json { report::verify_json(&report).to_string() + "\n" } else { report::verify(data, &report) };
    say(output, &text)?;
    found(&report)
}

fn found(report: &VerifyReport) -> Result<(), ErrandError> {
    let Some(first) = report.findings.first() else { return Ok(()) };
    Err(ErrandError::Found { text: first.text.clone(), exit_code: first.exit_code })
}

fn dump(data: &Path, filter: &DumpFilter, output: &mut dyn Write) -> Result<(), ErrandError> {
    let mut output = BufWriter::new(output);
    let mut failure = None;
    let dumped = offline::dump(data, filter, &mut |change| match writeln!(output, "{}", line(change)) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            failure = Some(error);
            ControlFlow::Break(())
        }
    });
    // What is valid is printed before the refusal is told.
    let flushed = failure.map_or_else(|| output.flush(), Err);
    flushed.map_err(ErrandError::Output)?;
    Ok(dumped?)
}

/// A change, as the API has it.
fn line(change: &DumpedChange<'_>) -> Written {
    let types = change.event.map(|event| event.ticket_types());
    objects::change(
        change.entry,
        |index| types.and_then(|types| types.get(usize::from(index.0))).map(|ticket_type| ticket_type.id.as_str()),
        change.user_name,
    )
}

fn repair(data: &Path, accept_loss: Option<u64>, output: &mut dyn Write) -> Result<(), ErrandError> {
    match offline::repair(data, accept_loss)? {
        RepairOutcome::NothingToRepair { last_seq } => {
            say(output, &format!("Nothing to repair: a start accepts this journal, up to seq {last_seq}.\n"))
        }
        RepairOutcome::NotAccepted(plan) => Err(ErrandError::LossNotAccepted(Box::new(plan))),
        RepairOutcome::Repaired(plan) => say(output, &report::repaired(&plan)),
    }
}

fn backup(data: &Path, to: &Path, json: bool, output: &mut dyn Write) -> Result<(), ErrandError> {
    let copy = offline::backup(data, to, OWN_FILES)?;
    copied(to, &copy, "Backed up", json, output)
}

fn restore(from: &Path, data: &Path, json: bool, output: &mut dyn Write) -> Result<(), ErrandError> {
    let copy = offline::restore(from, data, OWN_FILES)?;
    copied(data, &copy, "Restored", json, output)
}

fn copied(to: &Path, copy: &CopyReport, what: &str, json: bool, output: &mut dyn Write) -> Result<(), ErrandError> {
    let text = if json { report::copy_json(copy).to_string() + "\n" } else { report::copy(what, to, copy) };
    say(output, &text)
}

fn say(output: &mut dyn Write, text: &str) -> Result<(), ErrandError> {
    output.write_all(text.as_bytes()).and_then(|()| output.flush()).map_err(ErrandError::Output)
}
