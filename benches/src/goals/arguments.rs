//! The command line of `holdfast-goals`.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Measures every goal of the project on this machine, and prints a table of what is met. It starts the benches by cargo, so it is
/// run where the project is.
#[derive(Clone, Debug, Parser)]
#[command(name = "holdfast-goals", version)]
pub struct Arguments {
    /// How large everything is: a small run shows within minutes that all can be measured, and says nothing about goals.
    #[arg(long, value_enum, default_value_t = Size::Full)]
    pub size: Size,
    /// How often each is measured, in alternation; long runs, which have rounds of their own, once. Five, or one if small.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub rounds: Option<u32>,
    /// Only the goals of these levels, by the beginnings of their names.
    #[arg(long, value_delimiter = ',')]
    pub only: Vec<String>,
    /// What `make peers` has written about other systems on this machine.
    #[arg(long, value_name = "FILE")]
    pub peers: Option<PathBuf>,
}

/// How large everything is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Size {
    /// As the goals have it.
    Full,
    /// To try whether it works.
    Small,
}

impl Size {
    /// What it is at this size.
    pub fn choose<T>(self, full: T, small: T) -> T {
        match self {
            Size::Full => full,
            Size::Small => small,
        }
    }
}

impl Arguments {
    /// How often each is measured.
    pub fn rounds(&self) -> u32 {
        self.rounds.unwrap_or_else(|| self.size.choose(5, 1))
    }

    /// Whether a goal of this level is wanted.
    pub fn wants(&self, level: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| level.starts_with(wanted.as_str()))
    }
}
