//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::contender::Span;
use crate::postgres;

/// Measures Holdfast side by side with what a user would pick instead, in one run on one machine, and prints a table in
/// Markdown.
///
/// Everybody does the same work: one user holds one ticket of a hot event, then confirms it. Each round starts
/// everybody anew on a data directory under TMPDIR, and compares the data with what was acknowledged.
#[derive(Clone, Debug, Parser)]
#[command(name = "holdfast-peers", version)]
pub struct Arguments {
    /// How often each takes part.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub rounds: u32,
    /// How long each round is measured.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub seconds: u64,
    /// How long each round works before it is measured.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(0..=3_600))]
    pub warm_up_seconds: u64,
    /// Only those whose names begin so; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
    /// Without those whose names begin so; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub without: Vec<String>,
    /// Prints the names, and what is missing here, and measures nothing.
    #[arg(long)]
    pub list: bool,
    /// Only plays the rules through with Redis and PostgreSQL, and measures nothing.
    #[arg(long)]
    pub rehearse: bool,
    /// Where to write everything as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Holdfast's program.
    #[arg(long, value_name = "PATH", default_value = "target/release/holdfast")]
    pub program: PathBuf,
    /// Redis's server.
    #[arg(long, value_name = "PATH", default_value = "redis-server")]
    pub redis: PathBuf,
    /// The folder of PostgreSQL's initdb and postgres; otherwise the newest one that Debian's packages have put there.
    #[arg(long, value_name = "FOLDER", default_value_os_t = postgres::binaries())]
    pub postgres: PathBuf,
    /// TigerBeetle's program; without it, TigerBeetle does not take part.
    #[arg(long, value_name = "PATH")]
    pub tigerbeetle: Option<PathBuf>,
    /// A file system in memory, for Holdfast without a disk.
    #[arg(long, value_name = "FOLDER", default_value = "/dev/shm")]
    pub tmpfs: PathBuf,
    /// How many timers live; ten million take a few GB, and two minutes a round.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(2..=20_000_000))]
    pub timers: u32,
}

impl Arguments {
    /// How long each round is.
    pub fn span(&self) -> Span {
        let [warm_up, measured] = [self.warm_up_seconds, self.seconds].map(Duration::from_secs);
        Span { warm_up, measured }
    }

    /// Whether the contender `name` is to take part.
    pub fn is_wanted(&self, name: &str) -> bool {
        let is_in = |names: &[String]| names.iter().any(|start| name.starts_with(start));
        (self.only.is_empty() || is_in(&self.only)) && !is_in(&self.without)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::Arguments;

    #[test]
    fn who_takes_part_is_said_by_the_beginnings_of_names() {
        let wanted = |arguments: &[&str]| {
            let arguments = Arguments::parse_from(["holdfast-peers"].iter().chain(arguments));
            ["redis-always", "redis-everysec", "postgres-counter"].map(|name| arguments.is_wanted(name))
        };
        assert_eq!(wanted(&[]), [true, true, true]);
        assert_eq!(wanted(&["--only", "redis"]), [true, true, false]);
        assert_eq!(wanted(&["--without", "redis-e"]), [true, false, true]);
        assert_eq!(wanted(&["--only", "redis", "--only", "postgres", "--without", "redis-a"]), [false, true, true]);
    }
}
