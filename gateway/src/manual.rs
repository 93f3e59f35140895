//! What is made of the definition of the command line: completions for shells, and manual pages.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;
use holdfast_engine::storage::EXIT_IO;

use crate::command_line::CommandLine;
use crate::server::EXIT_USAGE;

/// What is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManualErrand {
    /// The completions for a shell, to standard output.
    Completions(Shell),
    /// The page of a command, to standard output: that of the program where none is named.
    Page(Vec<String>),
    /// All pages, into this directory.
    Pages(PathBuf),
}

/// Why it was not made.
#[derive(Debug, thiserror::Error)]
pub enum ManualError {
    /// There is no such command.
    #[error("there is no command {0}; holdfast --help lists those there are")]
    Unknown(String),
    /// The directory cannot be written to.
    #[error("the pages cannot be written to {}: {source}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Standard output cannot be written to.
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
}

impl ManualError {
    /// The exit code of a process that this error ends.
    pub fn exit_code(&self) -> u8 {
        match self {
            ManualError::Unknown(_) => EXIT_USAGE,
            ManualError::Directory { .. } | ManualError::Output(_) => EXIT_IO,
        }
    }
}

/// Makes what is asked for.
///
/// # Errors
///
/// [`ManualError`]. An output that nobody reads any more is a quiet end.
pub fn run(errand: &ManualErrand, output: &mut dyn Write) -> Result<(), ManualError> {
    let mut made = Vec::new();
    match errand {
        ManualErrand::Completions(shell) => {
            clap_complete::generate(*shell, &mut CommandLine::command(), "holdfast", &mut made);
        }
        ManualErrand::Page(path) => page(find(path)?).render(&mut made)?,
        ManualErrand::Pages(directory) => return write_all(directory),
    }
    match output.write_all(&made).and_then(|()| output.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => Ok(done?),
    }
}

/// The command of this path. Once built, it knows its whole name.
fn find(path: &[String]) -> Result<Command, ManualError> {
    let mut command = built();
    for name in path {
        let found = command.get_subcommands().find(|candidate| candidate.get_name() == name).cloned();
        command = found.ok_or_else(|| ManualError::Unknown(path.join(" ")))?;
    }
    Ok(command)
}

fn write_all(directory: &Path) -> Result<(), ManualError> {
    let failed = |source| ManualError::Directory { path: directory.to_owned(), source };
    std::fs::create_dir_all(directory).map_err(failed)?;
    write_pages(built(), directory).map_err(failed)
}

fn write_pages(command: Command, directory: &Path) -> io::Result<()> {
    command.get_subcommands().try_for_each(|command| write_pages(command.clone(), directory))?;
    page(command).generate_to(directory).map(drop)
}

fn built() -> Command {
    let mut command = CommandLine::command().disable_help_subcommand(true);
    command.build();
    command
}

fn page(command: Command) -> Man {
    Man::new(command).source(concat!("Holdfast ", env!("CARGO_PKG_VERSION"))).manual("Holdfast")
}
