//! The command line of `holdfast-overload`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

/// Offers a server more than it can hold, and prints a table of what came of it.
#[derive(Clone, Debug, Parser)]
#[command(name = "holdfast-overload", version)]
pub struct Arguments {
    /// The server's program; otherwise the one beside this one.
    #[arg(long)]
    pub program: Option<PathBuf>,
    /// What the load is made of.
    #[arg(long, value_enum, default_value_t = Mode::Open)]
    pub mode: Mode,
    /// The processors of the server, as for taskset; an empty text means all.
    #[arg(long, default_value = "0")]
    pub server_processors: String,
    /// The processors of the generator.
    #[arg(long, default_value = "1")]
    pub generator_processors: String,
    /// The most connections. Who comes while all of them are taken is turned away before the server.
    #[arg(long, default_value_t = 2_048, value_parser = clap::value_parser!(u32).range(1..=16_000))]
    pub connections: u32,
    /// Users who are logged in before the clock starts.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(3_000..=1_000_000))]
    pub users: u32,
    /// What the machine holds, in visits a second, where that is known; otherwise it is found first.
    #[arg(long)]
    pub peak: Option<f64>,
    /// How many times of what the machine holds each overload offers.
    #[arg(long, value_delimiter = ',', default_value = "2,10")]
    pub factors: Vec<f64>,
    /// How long each step takes.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(2..=3_600))]
    pub seconds: u64,
    /// Keys of the server's configuration, section.key=value.
    #[arg(long = "set")]
    pub settings: Vec<String>,
    /// The seed of who comes when.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// What the load is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Buyers who hold a ticket and confirm it; a few look at the event, a few log in without a proof.
    Open,
    /// People who log in by password, and a few buyers.
    Accounts,
}

impl Arguments {
    /// How long each step takes.
    pub fn step(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}
