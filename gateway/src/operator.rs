//! The operators' commands: what an organiser asks of a running server, by the admin API, in words or as JSON.
//!
//! Reading order: `server.rs` (which server, which token), `client.rs` (asking it, page by page), `failure.rs` (how a
//! command ends that was not done), `report.rs`, `table.rs` and `words.rs` (what is printed); then a file a subject.
//!
//! **Architecture invariant:** these commands know the HTTP contract and nothing else of the server; what the server
//! says reaches a terminal through `words.rs` only, which leaves it no control character.

mod client;
mod events;
mod failure;
mod holds;
mod ids;
mod report;
mod server;
mod sessions;
mod settings;
mod status;
mod table;
mod upkeep;
mod words;

use std::ffi::OsString;
use std::io::{BufRead, Write};

use clap::Subcommand;

pub use failure::OperatorError;
pub use server::ServerArguments;

use client::Client;
use events::EventsCommand;
use holds::HoldsCommand;
use report::Report;
use sessions::SessionsCommand;

/// What an operator asks of a running server.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum OperatorCommand {
    /// Say whether a running server is ready, and show it at a glance. Fit for probes: see the exit codes below.
    #[command(after_help = status::AFTER_HELP)]
    Status {
        /// Which server.
        #[command(flatten)]
        server: ServerArguments,
    },
    /// List, show, create and change the events of a running server, and take them through their lifecycle.
    #[command(after_help = events::AFTER_HELP)]
    Events {
        /// Which server.
        #[command(flatten)]
        server: ServerArguments,
        /// What is asked of them.
        #[command(subcommand)]
        command: EventsCommand,
    },
    /// List, release and extend the holds of a running server.
    #[command(after_help = holds::AFTER_HELP)]
    Holds {
        /// Which server.
        #[command(flatten)]
        server: ServerArguments,
        /// What is asked of them.
        #[command(subcommand)]
        command: HoldsCommand,
    },
    /// List and end the sessions of a running server.
    #[command(after_help = sessions::AFTER_HELP)]
    Sessions {
        /// Which server.
        #[command(flatten)]
        server: ServerArguments,
        /// What is asked of them.
        #[command(subcommand)]
        command: SessionsCommand,
    },
    /// Expire due holds and end the sessions whose time is over, now: what the running server does by itself anyway.
    #[command(after_help = upkeep::CLEANUP_AFTER_HELP)]
    Cleanup {
        /// Which server.
        #[command(flatten)]
        server: ServerArguments,
        /// Change nothing, and tell what would be cleaned up.
        #[arg(long)]
        dry_run: bool,
        /// Tell each hold, session and place in line, and not only how many: of each kind the first 1,000.
        #[arg(long, short)]
        verbose: bool,
    },
    /// Have a running server write a snapshot now.
    #[command(after_help = upkeep::SNAPSHOT_AFTER_HELP)]
    Snapshot {
        /// Which server.
        #[command(flatten)]
        server: ServerArguments,
    },
}

impl OperatorCommand {
    fn server(&self) -> &ServerArguments {
        match self {
            OperatorCommand::Status { server }
            | OperatorCommand::Events { server, .. }
            | OperatorCommand::Holds { server, .. }
            | OperatorCommand::Sessions { server, .. }
            | OperatorCommand::Cleanup { server, .. }
            | OperatorCommand::Snapshot { server } => server,
        }
    }
}

/// What a command reads and writes.
pub struct Streams<'streams> {
    /// Where `--file -` is read from.
    pub input: &'streams mut dyn BufRead,
    /// What was asked for.
    pub output: &'streams mut dyn Write,
    /// What else is to be said, a line each.
    pub notes: &'streams mut dyn Write,
    /// The token that the environment gives.
    pub token: Option<OsString>,
}

/// Does what an operator asks.
///
/// # Errors
///
/// [`OperatorError`]. An output that nobody reads any more is a quiet end.
pub fn run(command: &OperatorCommand, streams: Streams<'_>) -> Result<(), OperatorError> {
    let Streams { input, output, notes, token } = streams;
    let arguments = command.server();
    let client = Client::new(&arguments.resolve(token)?)?;
    let mut report = Report::new(output, notes, arguments.is_json());
    let done = match command {
        OperatorCommand::Status { .. } => status::run(&client, &mut report),
        OperatorCommand::Events { command, .. } => events::run(command, &client, input, &mut report),
        OperatorCommand::Holds { command, .. } => holds::run(command, &client, &mut report),
        OperatorCommand::Sessions { command, .. } => sessions::run(command, &client, &mut report),
        OperatorCommand::Cleanup { dry_run, verbose, .. } => upkeep::clean_up(*dry_run, *verbose, &client, &mut report),
        OperatorCommand::Snapshot { .. } => upkeep::take_snapshot(&client, &mut report),
    };
    match done {
        Err(OperatorError::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}
