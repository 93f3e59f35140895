//! The command line of `holdfast-streams`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

/// Opens many live streams of one event at a server of its own, and prints a table of what they cost.
#[derive(Clone, Debug, Parser)]
#[command(name = "holdfast-streams", version)]
pub struct Arguments {
    /// The server's program; otherwise the one beside this one.
    #[arg(long)]
    pub program: Option<PathBuf>,
    /// What the streams are, each kind in a run of its own.
    #[arg(long = "kind", value_enum, value_delimiter = ',', default_value = "event,session,socket")]
    pub kinds: Vec<Kind>,
    /// How many streams there are.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=25_000))]
    pub streams: u32,
    /// How many public events there are. Only one changes; the streams of sessions tell of all.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub events: u32,
    /// Bookings a second while the event changes.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub rate: u64,
    /// How long nothing changes, and how long the event changes, each.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub seconds: u64,
    /// How long all is left to itself before something is measured.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(0..=600))]
    pub settle_seconds: u64,
    /// The processors of the server, as for taskset; an empty text means all.
    #[arg(long, default_value = "0")]
    pub server_processors: String,
    /// The processors of the readers and buyers.
    #[arg(long, default_value = "1")]
    pub reader_processors: String,
    /// Keys of the server's configuration, section.key=value.
    #[arg(long = "set")]
    pub settings: Vec<String>,
}

/// What a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// The public stream of one event.
    Event,
    /// A session's own stream, each of another session.
    Session,
    /// A WebSocket that tells of one event.
    Socket,
}

impl Kind {
    /// Its name in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Event => "event",
            Kind::Session => "session",
            Kind::Socket => "socket",
        }
    }
}

impl Arguments {
    /// How long nothing changes, and how long the event changes.
    pub fn phase(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// How long all is left to itself before something is measured.
    pub fn settling(&self) -> Duration {
        Duration::from_secs(self.settle_seconds)
    }
}
