//! `holdfast bench`, the load generator: what a server, or the engine alone, does under the load of a sale.
//!
//! ```text
//! BenchArguments ─▶ Target (a server, or an engine here) ─▶ Stage (events, users, what is there before)
//!                                                              │ one Worker a connection, each with a Door
//!                                                              ▼
//!                    scenarios/ ─────────── ask ──▶ Record (latencies) and Books (what was acknowledged)
//!                                                              │
//!                                                              ▼
//!                    Outcome ─▶ table, JSON, plots             └──▶ compared with the event's figures
//! ```
//!
//! Reading order: [`arguments`] (what is to be run), [`scenario`] (one run from beginning to end) and [`scenarios`] (what is asked),
//! [`stage`] (what is there before), [`worker`] (when each request begins), [`door`] with [`http_door`] and [`engine_door`] (how it
//! is asked), [`books`] and [`record`] (what came of it), [`target`] and its [`organiser`], [`durability`], [`progress`], [`machine`], [`report`].

pub mod arguments;
pub mod books;
pub mod door;
pub mod durability;
pub mod engine_door;
pub mod http_door;
pub mod machine;
pub mod organiser;
pub mod progress;
pub mod record;
pub mod report;
pub mod request;
pub mod scenario;
pub mod scenarios;
pub mod stage;
pub mod target;
pub mod worker;

use std::io::Write;
use std::process::ExitCode;

use tokio::runtime::{Builder, Runtime};

use crate::error::LoadError;
use arguments::BenchArguments;
use machine::Machine;
use report::Report;
use scenario::Surroundings;
use target::Target;

/// The environment variable with the admin token of a running server.
const ADMIN_TOKEN_VARIABLE: &str = "HOLDFAST_ADMIN_TOKEN";

/// Runs what the command line asks for, prints a table, and writes the reports. `version` is that of the program.
///
/// To be called while the process has one thread: it may keep itself to some processors.
pub fn main(arguments: &BenchArguments, version: &'static str) -> ExitCode {
    let surroundings = Surroundings {
        admin_token: std::env::var(ADMIN_TOKEN_VARIABLE).ok(),
        machine: Machine::of_this_process(version),
    };
    match run(arguments, &surroundings, &mut std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("holdfast: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &BenchArguments, surroundings: &Surroundings, output: &mut dyn Write) -> Result<(), LoadError> {
    arguments.check()?;
    let keep_to_processors = || crate::program::keep_to(&arguments.generator_processors);
    let open = || Target::open(arguments, surroundings.admin_token.as_deref());
    // A server of its own is started before, because it would inherit the processors; the threads of an engine shall do so.
    let target = if arguments.in_process { keep_to_processors().and_then(|()| open())? } else { open()? };
    if !arguments.in_process {
        keep_to_processors()?;
    }
    let runtime = runtime(arguments.in_process)?;
    let mut report = Report::new(arguments, &surroundings.machine, &target);
    write(output, &report.head())?;
    let mut run_all = || {
        for scenario in arguments.scenarios() {
            let outcome = runtime.block_on(scenario::run(scenario, arguments, &target));
            let outcome = outcome.map_err(|error| LoadError::new(format!("{}: {error}", scenario.name())))?;
            write(output, &report::table::of(&outcome))?;
            report.outcomes.push(outcome);
        }
        Ok(())
    };
    let ran = run_all();
    runtime.block_on(target.close());
    // Those that ran are told, also where a later one failed.
    ran.and(report.save(arguments))
}

/// A generator has one thread. Where the engine is in the same process, it is one that others wake only while it sleeps: the
/// simpler one is woken by a call of the system for each answer, at the cost of the engine's journal.
fn runtime(is_in_process: bool) -> std::io::Result<Runtime> {
    let mut builder = if is_in_process { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    builder.worker_threads(1).enable_all().build()
}

/// A reader who has gone is no reason to lose what was measured.
fn write(output: &mut dyn Write, text: &str) -> Result<(), LoadError> {
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(LoadError::new(format!("standard output cannot be written to: {error}")))
        }
        _ => Ok(()),
    }
}
