//! What takes part in a run, and what came of one of its rounds.

use std::time::Duration;

use async_trait::async_trait;

use crate::error::PeerError;

/// How callers reach it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By a protocol of its own over loopback, from another process.
    Network,
    /// By HTTP over loopback, from another process.
    Http,
    /// By a call in this process.
    InProcess,
}

/// What an answer promises about a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// What was answered is on the disk.
    EachAnswer,
    /// The answer does not wait: the last moments before the cut are gone, for so long.
    Behind(&'static str),
    /// Nothing is kept.
    Nothing,
    /// There is nothing to keep.
    NotAsked,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A user holds a ticket, and confirms it.
    Ticket,
    /// A request, with its answer.
    Request,
    /// The whole life of a timer.
    Timer,
}

/// What takes part.
#[derive(Clone, Debug)]
pub struct About {
    /// Its name in tables and on the command line.
    pub name: String,
    /// What it is, and how it is asked, in a few words.
    pub what: String,
    /// How callers reach it.
    pub way: Way,
    /// What its answers promise.
    pub durability: Durability,
    /// What is counted.
    pub unit: Unit,
    /// How it is set up, where that is not as it comes.
    pub settings: Vec<String>,
}

/// How long a round is.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// How long it works before it is measured.
    pub warm_up: Duration,
    /// How long it is measured.
    pub measured: Duration,
}

impl Span {
    /// Both together, in seconds, rounded up.
    pub fn seconds(&self) -> u64 {
        (self.warm_up + self.measured).as_secs_f64().ceil() as u64
    }
}

/// What came of a round.
#[derive(Clone, Debug)]
pub struct Round {
    /// Units a second.
    pub rate: f64,
    /// p50, p99, p99.9 and the longest of a call, in milliseconds, where calls were timed.
    pub call_ms: Option<[f64; 4]>,
    /// Answers that were given from the start to the end of the load, warm-up included: two for each ticket.
    pub answers: u64,
    /// Syncs meanwhile, as it counts them itself.
    pub syncs: Option<u64>,
    /// Flushes of the device beneath its data meanwhile, by whomever.
    pub device_flushes: Option<u64>,
    /// Answers besides which said that too much is under way: nothing was done, and the client asked again.
    pub refusals: u64,
    /// Processors that this process took for the load, 1.0 being one of them.
    pub own_processors: f64,
    /// What was compared after the load.
    pub checked: String,
    /// The version of what was measured.
    pub version: String,
}

/// Somebody who takes part. Each round is on a server and data of its own, which are gone after it, however it ends.
#[async_trait]
pub trait Contender: Send + Sync {
    /// What it is.
    fn about(&self) -> &About;

    /// What is missing here, and how to get it; `None` where all is there.
    fn missing(&self) -> Option<String> {
        None
    }

    /// Sees to it that the rules are kept that the round relies on.
    ///
    /// # Errors
    ///
    /// A rule is not kept.
    async fn rehearse(&self) -> Result<(), PeerError> {
        Ok(())
    }

    /// Starts it, loads it, compares its data with what was acknowledged, and stops it.
    ///
    /// # Errors
    ///
    /// It cannot be started, a call failed, or its data is not what was acknowledged.
    async fn round(&self, span: Span) -> Result<Round, PeerError>;
}
