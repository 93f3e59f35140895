//! TigerBeetle, by the benchmark that is part of it: transfers from one hot account, in batches.
//!
//! That benchmark makes plain transfers. A hold and its confirmation are two of them, a pending one and one that posts it, so
//! a unit counts as two transfers: what posting costs more than a plain transfer is to TigerBeetle's advantage here.

use std::path::PathBuf;

use async_trait::async_trait;
use rustix::process::Signal;

use crate::contender::{About, Contender, Durability, Round, Span, Unit, Way};
use crate::daemon::{Home, find};
use crate::disk::Disk;
use crate::error::PeerError;
use crate::processor;

/// The most transfers of a batch.
const BATCH: u64 = 8_189;
/// Transfers for each second that a round is to take, as the measured rate of a release on two processors suggests.
const TRANSFERS_A_SECOND: u64 = 180_000;
/// A unit of work: a pending transfer, and the one that posts it.
const TRANSFERS_A_UNIT: f64 = 2.0;

/// TigerBeetle, one replica.
pub struct TigerBeetle {
    about: About,
    program: PathBuf,
}

impl TigerBeetle {
    /// TigerBeetle, of the binary `program`.
    pub fn new(program: PathBuf) -> TigerBeetle {
        let about = About {
            name: "tigerbeetle".to_owned(),
            what: format!("its own benchmark: plain transfers from a hot account, {BATCH} a batch; two are a unit"),
            way: Way::Network,
            durability: Durability::EachAnswer,
            unit: Unit::Ticket,
            settings: vec!["one replica".to_owned()],
        };
        TigerBeetle { about, program }
    }

    /// Runs its benchmark; returns what it said.
    async fn benchmark(&self, home: Home, transfers: u64) -> Result<String, PeerError> {
        let mut command = home.command(&self.program)?;
        command.arg("benchmark").args(["--account-count=10000", "--account-count-hot=1", "--transfer-hot-percent=100"]);
        command.arg(format!("--transfer-count={transfers}")).arg(format!("--transfer-batch-size={BATCH}"));
        command.arg("--query-count=0");
        // It puts its data where it stands, and its server ends with it.
        home.start(command, Signal::KILL)?.end().await
    }

    async fn version(&self) -> Result<String, PeerError> {
        let home = Home::new()?;
        let mut command = home.command(&self.program)?;
        command.arg("version");
        let said = home.start(command, Signal::KILL)?.end().await?;
        Ok(said.lines().next().unwrap_or("TigerBeetle").to_owned())
    }
}

#[async_trait]
impl Contender for TigerBeetle {
    fn about(&self) -> &About {
        &self.about
    }

    fn missing(&self) -> Option<String> {
        let program = self.program.display();
        find(&self.program).is_none().then(|| format!("{program} (TigerBeetle: --tigerbeetle PATH)"))
    }

    async fn round(&self, span: Span) -> Result<Round, PeerError> {
        let home = Home::new()?;
        let disk = Disk::beneath(home.path());
        let (flushes_before, watch) = (disk.flushes(), processor::Watch::start());
        let transfers = (span.measured.as_secs_f64() * TRANSFERS_A_SECOND as f64) as u64;
        let said = self.benchmark(home, transfers.max(BATCH)).await?;
        let rate = number_in(&said, "load accepted = ")?;
        let latency = |percent: u32| number_in(&said, &format!("batch latency p{percent} = "));
        let (p50, p99, longest) = (latency(50)?, latency(99)?, latency(100)?);
        Ok(Round {
            rate: rate / TRANSFERS_A_UNIT,
            call_ms: Some([p50, p99, longest, longest]),
            answers: transfers.max(BATCH),
            syncs: None,
            refusals: 0,
            device_flushes: disk.flushes().zip(flushes_before).map(|(after, before)| after - before),
            own_processors: watch.processors(),
            checked: "not compared: its benchmark ends with an error where a transfer is refused".to_owned(),
            version: self.version().await?,
        })
    }
}

/// The number after `label` in what the benchmark said. Versions differ in how they align it: spaces count for nothing.
fn number_in(said: &str, label: &str) -> Result<f64, PeerError> {
    let packed = |text: &str| text.replace(' ', "");
    let label = packed(label);
    let rest = said.lines().find_map(|line| packed(line).strip_prefix(&label).map(str::to_owned));
    let number = rest.and_then(|rest| {
        let end = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
        rest[..end].parse().ok()
    });
    number.ok_or_else(|| PeerError::new(format!("tigerbeetle benchmark does not say {label:?}, but: {said}")))
}

#[cfg(test)]
mod tests {
    use super::number_in;

    #[test]
    fn figures_are_read_from_what_it_says() {
        let said = "65 batches in 2.89 s\nload accepted = 184022 tx/s\nbatch latency p50 = 35 ms\nbatch latency p  1 = 2 ms\nbatch latency p 99 = 610 ms\n";
        assert_eq!(number_in(said, "load accepted = ").expect("it is there"), 184_022.0);
        assert_eq!(number_in(said, "batch latency p99 = ").expect("it is there"), 610.0);
        assert!(number_in(said, "batch latency p100 = ").is_err());
    }
}
